// Uses VS Code as a person does, with clicks and keys; then runs `api.cjs` in its extension host. Ends with 0 where all was
// seen. What it needs is in the environment; `tests/tests/vscode.rs` says it.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LIMIT, until } from "./until.cjs";
import { address, startBrowser, startServer } from "./workbench.mjs";

const given = (name) => {
  const value = process.env[`SPECLENS_TEST_${name}`];
  assert(value, `SPECLENS_TEST_${name} is not set`);
  return value;
};
const workspace = given("WORKSPACE");
const sitePackages = given("SITE_PACKAGES");
const pictures = given("PICTURES");
const sources = given("SOURCES");
mkdirSync(pictures, { recursive: true });

const started = Date.now();
const step = (what) => console.log(`${((Date.now() - started) / 1000).toFixed(1)} s: ${what}`);

const server = await startServer({
  program: given("CODE_SERVER"),
  directory: given("DIRECTORY"),
  extensions: JSON.parse(given("EXTENSIONS")),
  settings: {
    "workbench.startupEditor": "none",
    "workbench.editor.enablePreview": false,
    "editor.minimap.enabled": false,
    "editor.inlayHints.enabled": "off",
    "editor.hover.delay": 100,
    "editor.autoClosingBrackets": "never",
    "editor.autoSurround": "never",
    "editor.occurrencesHighlight": "off",
  },
  environment: { SPECLENS_TEST_TY: given("TY"), SPECLENS_TEST_SECOND_FOLDER: given("SECOND_FOLDER") },
});
const browser = await startBrowser(given("CHROMIUM"));
process.on("exit", server.close);
try {
  const view = { viewport: { width: 1280, height: 800 } };
  const page = await browser.newPage(view);
  try {
    await asAUser(page);
  } catch (error) {
    await page.screenshot({ path: join(pictures, "failure.png") });
    throw error;
  }
  await page.close();
  await throughTheApi(await browser.newPage(view));
} finally {
  await browser.close();
  server.close();
}

async function asAUser(page) {
  page.setDefaultTimeout(LIMIT);
  await page.goto(address(server.origin, "folder", workspace, { openFile: join(workspace, "available.py") }));
  await page.locator(".squiggly-error").nth(1).waitFor();
  step("the finding is in the editor");
  await run(page, "Notifications: Clear All Notifications");

  const shown = await hover(page, 'find_spec("settings")', /settings\.__spec__/);
  assert.match(shown, /find-spec-raises/);
  await picture(page, "finding");
  step("the hover shows the finding");

  await run(page, "Problems: Focus on Problems View");
  const panel = page.locator(".markers-panel");
  const ours = panel.locator(".monaco-list-row", { hasText: "find-spec-raises" });
  await ours.first().waitFor();
  await panel.locator(".monaco-list-row", { hasText: "invalid-assignment" }).first().waitFor();
  await ours.first().click();
  await page.keyboard.press("ArrowRight");
  // The line that took the spec away is related to it.
  await panel.locator(".monaco-list-row", { hasText: "settings.py" }).first().waitFor();
  step("Problems has both servers' findings, and ours with what it is related to");
  await picture(page, "problems");
  await run(page, "View: Hide Panel");

  await imports(page);
  await explanation(page);
  await fix(page);
  await install(page);
  await nowhere(page);
  await walkthrough(page);
}

/** The view in the side bar. */
async function imports(page) {
  await run(page, "Speclens: Focus on Python imports View");
  const tree = page.locator(".pane-body .monaco-list").filter({ hasText: "Search path" });
  const row = (text) => tree.locator(".monaco-list-row", { hasText: text });
  await row("CPython").first().waitFor();
  await widen(page, 130);
  for (const parent of ["Namespace packages", "Import hooks at startup"]) {
    await row(parent).first().click();
    await page.keyboard.press("ArrowRight");
  }
  await row("google").first().click();
  await page.keyboard.press("ArrowRight");
  await row("google-auth 2.30.0").first().waitFor();
  await row("workspace.pth:1").first().waitFor();
  await picture(page, "view", ".part.sidebar", 420);
  step("the view shows the search path, a namespace package, hooks");
  await row("tracing.pth:1").first().click();
  await page.locator(".tab.active", { hasText: "tracing.pth" }).waitFor();
  await page.locator(".view-line", { hasText: "import startup_tracing" }).waitFor();
  step("a click goes to the line of a .pth file");

  await until("the hook that hooked.py's import installs", async () => {
    // Opening the .pth file may end later than it looks, and then be on top again.
    if (!(await page.locator(".tab.active", { hasText: "hooked.py" }).isVisible())) {
      await open(page, "hooked.py");
    }
    const parent = row("Import hooks by import").first();
    if (!(await parent.isVisible())) {
      return false;
    }
    await parent.click({ timeout: 1000 }).catch(() => undefined);
    await page.keyboard.press("ArrowRight");
    return row("lazyimports/__init__.py:10").first().isVisible();
  });
  await picture(page, "view-hooks");
  await widen(page, -130);
  step("the view shows what the open file's imports install");
}

/** The page about a module. */
async function explanation(page) {
  await open(page, "available.py");
  const { frame, drawn } = await explained(page, "settings");
  assert.match(await frame.locator("h1").innerText(), /settings is a module/);
  assert(drawn.includes("settings.py:15"), drawn.join(", "));
  await picture(page, "explanation");
  await frame.locator("svg a", { hasText: "settings.py:15" }).first().click();
  await page.locator(".tab.active", { hasText: "settings.py" }).first().waitFor();
  await page.locator(".statusbar-item", { hasText: /Ln 15/ }).waitFor();
  step("the page about a module leads to the line that decides");
  await run(page, "View: Close All Editors");
}

/** Explains a module, and gives the page with the titles of its drawing. */
async function explained(page, name) {
  await run(page, "Speclens: Explain Module...");
  const input = page.locator(".quick-input-widget:visible input");
  await input.fill(name);
  await input.press("Enter");
  const frame = page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  await frame.locator("h1").waitFor();
  // A page that is filled again has another frame.
  const titles = () => frame.locator("svg text.title").allTextContents().catch(() => []);
  const drawn = await until("the drawing", async () => {
    const seen = await titles();
    return seen.length > 0 && seen;
  });
  return { frame, drawn };
}

/** A quick fix, and what is undone again. */
async function fix(page) {
  await open(page, "script.py");
  await page.locator(".squiggly-warning").first().waitFor();
  await run(page, "Go to Next Problem in Files (Error, Warning, Info)");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+.");
  const offered = page.locator(".action-widget .monaco-list-row");
  await offered.filter({ hasText: "Ask whether" }).waitFor();
  await picture(page, "fixes");
  // Whose fixes come first is left to chance.
  await until("ours is the one that is chosen", async () => {
    const chosen = await offered.and(page.locator(".focused")).allInnerTexts();
    return chosen.some((title) => title.includes("Ask whether")) || page.keyboard.press("ArrowDown").then(() => false);
  });
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+s");
  await until("the file on the disk is mended", () => readFileSync(join(workspace, "script.py"), "utf8").includes("if __spec__"));
  step("a fix is applied");

  await run(page, "Problems: Focus on Problems View");
  await open(page, "available.py");
  const ours = page.locator(".markers-panel .monaco-list-row", { hasText: "find-spec-raises" });
  await ours.first().waitFor();
  await page.locator(".view-line", { hasText: "import settings" }).click();
  await page.keyboard.press("Control+/");
  await ours.first().waitFor({ state: "detached" });
  await page.keyboard.press("Control+z");
  await ours.first().waitFor();
  step("an edit takes the finding away, and its undoing brings it back");
}

/** Another distribution in the environment: `acme` is a regular package now. */
async function install(page) {
  await run(page, "View: Close All Editors");
  await open(page, "templates.py");
  const ours = page.locator(".squiggly-error");
  await ours.first().waitFor();
  cpSync(join(sources, "later"), sitePackages, { recursive: true });
  await run(page, "Problems: Focus on Problems View");
  const panel = page.locator(".markers-panel");
  await panel.locator(".monaco-list-row", { hasText: "namespace-without-file" }).first().waitFor({ state: "detached" });
  await run(page, "Speclens: Focus on Python imports View");
  const tree = page.locator(".pane-body .monaco-list").filter({ hasText: "Search path" });
  await tree.locator(".monaco-list-row", { hasText: "5 distributions" }).first().waitFor();
  await picture(page, "installed");
  step("a package that is installed changes the finding and the view");

  await run(page, "View: Hide Panel");
  const { frame, drawn } = await explained(page, "acme");
  assert(drawn.some((title) => title.endsWith("acme/__init__.py")), drawn.join(", "));
  assert.equal(await frame.locator("svg .loser").count(), 1);
  await picture(page, "losers");
  step("the page shows what was passed over");
}

/** What the view says where there is no Python. */
async function nowhere(page) {
  await run(page, "View: Close All Editors");
  await run(page, "Preferences: Open Workspace Settings (JSON)");
  await page.locator(".tab.active", { hasText: "settings.json" }).waitFor();
  await page.locator(".monaco-editor .view-lines").click();
  const write = async (text) => {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.insertText(text);
    await page.keyboard.press("Control+s");
  };
  await write('{ "speclens.interpreter": "/nowhere" }');
  const welcome = page.locator(".welcome-view:visible");
  await welcome.filter({ hasText: "No Python was found" }).waitFor();
  await picture(page, "welcome");
  await write("{}");
  await page.locator(".pane-body .monaco-list-row", { hasText: "CPython" }).first().waitFor();
  step("the view says that there is no Python, and how to name one");
}

/** What shows a beginner around. */
async function walkthrough(page) {
  await run(page, "View: Close All Editors");
  await run(page, "Welcome: Open Walkthrough...");
  await page.locator(".quick-input-widget:visible input").fill("Speclens");
  await page.locator(".quick-input-list .monaco-list-row.focused", { hasText: "Get Started with Speclens" }).first().waitFor();
  await page.keyboard.press("Enter");
  const steps = page.locator(".gettingStartedContainer .getting-started-step");
  await steps.filter({ hasText: "See what an import will do" }).first().waitFor();
  await steps.filter({ hasText: "Ask about a module" }).first().click();
  await page.locator(".gettingStartedContainer img[alt='The page that explains a module']").waitFor();
  await picture(page, "walkthrough");
  step("the walkthrough shows the steps, with their pictures");
}

async function throughTheApi(page) {
  let told = [];
  let code;
  await page.exposeFunction("codeAutomationLog", (type, args) => told.push(`${type}: ${args.join(" ")}`));
  await page.exposeFunction("codeAutomationExit", (ended) => (code = ended));
  const both = join(given("DIRECTORY"), "both.code-workspace");
  writeFileSync(both, JSON.stringify({ folders: [{ path: workspace }, { path: given("SECOND_FOLDER") }] }));
  const test = {
    extensionDevelopmentPath: join(sources, "extensions/python"),
    extensionTestsPath: join(sources, "api.cjs"),
  };
  try {
    await until("the workspace of two folders", async () => {
      [told, code] = [[], undefined];
      await page.goto(address(server.origin, "workspace", both, test));
      await until("the tests in the extension host", () => code !== undefined, 2 * LIMIT);
      // Now and then VS Code misses the file that names them, and takes the workspace for empty.
      return code === 0 || !told.at(-1).includes("the folders of the workspace");
    });
  } finally {
    // It begins with complaints of modules that are not compiled here.
    writeFileSync(join(given("DIRECTORY"), "extension-host.log"), told.join("\n"));
  }
  assert.equal(code, 0, told.slice(-2).join("\n"));
  step("the tests in the extension host");
}

/** Runs a command by its name, from the palette. */
async function run(page, name) {
  await page.keyboard.press("F1");
  const input = page.locator(".quick-input-widget:visible input");
  await input.fill(`>${name}`);
  await page.locator(".quick-input-list .monaco-list-row.focused", { hasText: name }).first().waitFor();
  await input.press("Enter");
}

/** Opens a file by its name, and goes to it. */
async function open(page, name) {
  await page.keyboard.press("Control+p");
  const input = page.locator(".quick-input-widget:visible input");
  // By its path: there is no program here that searches.
  await input.fill(join(workspace, name));
  await page.locator(".quick-input-list .monaco-list-row.focused", { hasText: name }).first().waitFor();
  await input.press("Enter");
  await page.locator(".tab.active", { hasText: name }).first().waitFor();
}

/** Rests the pointer on the end of a text in the editor until something is shown, and gives all that is shown then. */
async function hover(page, text, wanted) {
  const line = page.locator(".view-line", { hasText: text }).first();
  const word = text.split(/\W+/).findLast((part) => part !== "");
  const end = line.locator("span span", { hasText: word }).last();
  const shown = page.locator(".monaco-hover:visible").first();
  return until(`a hover with ${wanted}`, async () => {
    // The pointer that rests while the text is laid out anew meets nothing.
    await page.mouse.move(640, 600);
    await end.hover();
    const seen = async () => ((await shown.isVisible()) ? shown.innerText() : "");
    return until("what is shown", async () => wanted.test(await seen()) && seen(), 3000).catch(() => undefined);
  });
}

/** Drags the edge of the side bar. */
async function widen(page, by) {
  const edge = await page.locator(".part.sidebar").boundingBox();
  const x = edge.x + edge.width;
  await page.mouse.move(x, 600);
  await page.mouse.down();
  await page.mouse.move(x + by, 600, { steps: 5 });
  await page.mouse.up();
  await page.mouse.move(x + by + 200, 600);
}

/** A picture of the window, or of a part of it from its top. */
async function picture(page, name, part, height) {
  const path = join(pictures, `${name}.png`);
  if (part === undefined) {
    await page.screenshot({ path, animations: "disabled" });
    return;
  }
  const clip = await page.locator(part).first().boundingBox();
  await page.screenshot({ path, clip: { ...clip, height }, animations: "disabled" });
}
