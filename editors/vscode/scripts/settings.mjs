// Writes `contributes.configuration` of package.json from the schema of speclens.toml. With `--check` it only says whether
// that has been done. `node scripts/settings.mjs [--check] [SCHEMA]`

import { readFileSync, writeFileSync } from "node:fs";

const words = process.argv.slice(2);
const check = words.includes("--check");
const schemaFile = words.find((word) => !word.startsWith("--")) ?? new URL("../../../speclens.schema.json", import.meta.url);
const manifestFile = new URL("../package.json", import.meta.url);
const schema = JSON.parse(readFileSync(schemaFile, "utf8"));
const before = readFileSync(manifestFile, "utf8");
const manifest = JSON.parse(before);

/** What is no matter of speclens.toml. A folder of several may have its own settings where the scope is not `window`. */
const ofClient = {
  "speclens.path": {
    type: "string",
    default: "",
    scope: "machine-overridable",
    markdownDescription:
      "The `speclens` program: a path, or a name that is looked up on `PATH`. Empty: the one that came with the extension, else the one on `PATH`.",
  },
  "speclens.interpreter": {
    type: "string",
    default: "",
    scope: "machine-overridable",
    markdownDescription:
      "The interpreter that the code runs on, or the directory of an environment. Empty: the one that is chosen in the Python extension, where that is there; else the one that `speclens env` finds. It is never started.",
  },
  "speclens.inlayHints": {
    type: "boolean",
    default: false,
    scope: "window",
    markdownDescription: "Show at a read of `__spec__`, `__file__` and the like what it will give.",
  },
  "speclens.trace.server": {
    type: "string",
    enum: ["off", "messages", "verbose"],
    default: "off",
    scope: "window",
    markdownDescription: "Write what is said between VS Code and the server to the output.",
  },
};

/** VS Code's settings know no references. */
function resolved(value) {
  if (Array.isArray(value)) {
    return value.map(resolved);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const { allOf, $ref, ...rest } = value;
  const parts = [...(allOf ?? []), ...($ref ? [schema.definitions[$ref.split("/").at(-1)]] : [])].map(resolved);
  const own = Object.fromEntries(Object.entries(rest).map(([name, part]) => [name, resolved(part)]));
  return Object.assign({}, ...parts, own);
}

const fromSchema = Object.entries(schema.properties).map(([name, property]) => {
  const { description, type, ...rest } = resolved(property);
  const wins = `Wins over \`${name}\` in speclens.toml.`;
  const setting = type === "array" ? { type: [type, "null"], default: null } : { type, default: {} };
  return [`speclens.${name}`, { ...setting, ...rest, scope: "resource", markdownDescription: `${description} ${wins}` }];
});

manifest.contributes.configuration = {
  title: "Speclens",
  properties: { ...ofClient, ...Object.fromEntries(fromSchema) },
};
const after = `${JSON.stringify(manifest, null, 2)}\n`;
if (!check) {
  writeFileSync(manifestFile, after);
} else if (after !== before) {
  console.error("package.json does not say what speclens.schema.json does: npm run settings");
  process.exitCode = 1;
}
