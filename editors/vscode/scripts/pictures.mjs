// Copies the README's pictures from where the tests have left them (`cargo test -p speclens-tests --test vscode`).
// `node scripts/pictures.mjs [DIRECTORY]`

import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [from = fileURLToPath(new URL("../../../target/pictures/vscode", import.meta.url))] = process.argv.slice(2);
for (const name of ["finding", "view", "explanation"]) {
  copyFileSync(`${from}/${name}.png`, fileURLToPath(new URL(`../images/${name}.png`, import.meta.url)));
}
