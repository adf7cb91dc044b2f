// What clicks cannot tell well, asked of VS Code itself: this runs in its extension host, with the packaged extension beside.

const assert = require("node:assert/strict");
const { basename, join } = require("node:path");
const vscode = require("vscode");
const { until } = require("./until.cjs");

const second = process.env.SPECLENS_TEST_SECOND_FOLDER;
const root = () => vscode.workspace.workspaceFolders[0].uri.fsPath;
const open = async (name, folder = root()) =>
  vscode.window.showTextDocument(await vscode.workspace.openTextDocument(join(folder, name)), { preview: false });
const findings = (uri, source) => vscode.languages.getDiagnostics(uri).filter((one) => one.source === source);
const ours = (uri, rule) => findings(uri, "speclens").find(({ code }) => (code?.value ?? code) === rule);
const set = (name, value) =>
  vscode.workspace.getConfiguration("speclens").update(name, value, vscode.ConfigurationTarget.Workspace);

exports.run = async () => {
  // The file that names them is read only when VS Code's server is reached. `drive.mjs` knows this text.
  await until("the folders of the workspace", () => vscode.workspace.workspaceFolders?.length === 2, 5000);
  const editor = await open("available.py");
  const { uri } = editor.document;
  await findingsOfBoth(uri);
  await answers(uri);
  await settings(uri);
  await notebook();
  await folders();
  await interpreters();
  await commands(uri);
};

async function findingsOfBoth(uri) {
  const finding = await until("the finding", () => ours(uri, "find-spec-raises"));
  assert.equal(finding.severity, vscode.DiagnosticSeverity.Error);
  const places = finding.relatedInformation.map(({ location }) => `${basename(location.uri.fsPath)}:${location.range.start.line + 1}`);
  assert(places.includes("settings.py:15"), places.join(", "));
  await until("a finding of ty", () => findings(uri, "ty").length > 0);
}

async function answers(uri) {
  const at = new vscode.Position(3, 9);
  assert.match(await hover(uri, at), /__spec__/);
  const targets = await vscode.commands.executeCommand("vscode.executeDefinitionProvider", uri, at);
  const files = targets.map((target) => basename((target.targetUri ?? target.uri).fsPath));
  assert(files.includes("settings.py"), files.join(", "));
  const where = new vscode.Range(7, 5, 7, 5);
  const actions = await vscode.commands.executeCommand("vscode.executeCodeActionProvider", uri, where);
  assert(actions.some(({ title }) => title.includes("find-spec-raises")), actions.map(({ title }) => title).join(", "));
}

async function hover(uri, at) {
  const hovers = await vscode.commands.executeCommand("vscode.executeHoverProvider", uri, at);
  return hovers.flatMap(({ contents }) => contents.map(({ value }) => value)).join("\n");
}

async function settings(uri) {
  await set("rules", { "find-spec-raises": "hint" });
  await until("the severity that is set", () => ours(uri, "find-spec-raises")?.severity === vscode.DiagnosticSeverity.Hint);
  await set("rules", undefined);
  await until("the severity as before", () => ours(uri, "find-spec-raises")?.severity === vscode.DiagnosticSeverity.Error);

  const reads = (await open("namespace_package.py")).document.uri;
  const whole = new vscode.Range(0, 0, 99, 0);
  const hints = async () => {
    const shown = await vscode.commands.executeCommand("vscode.executeInlayHintProvider", reads, whole);
    const labels = shown.map(({ label }) => (typeof label === "string" ? label : label.map(({ value }) => value).join("")));
    return labels.some((label) => label.startsWith("= "));
  };
  assert(!(await hints()));
  await set("inlayHints", true);
  await until("inlay hints", hints);
  await set("inlayHints", undefined);
}

/** What is in a cell depends on the cells before it. */
async function notebook() {
  const file = vscode.Uri.file(join(root(), "cells.ipynb"));
  await vscode.window.showNotebookDocument(await vscode.workspace.openNotebookDocument(file));
  const cells = vscode.window.activeNotebookEditor.notebook.getCells().map(({ document }) => document);
  await until("the finding in a cell", () => ours(cells[2].uri, "module-without-spec"));
  assert.match(await hover(cells[2].uri, new vscode.Position(0, 12)), /__spec__/);
  const edit = new vscode.WorkspaceEdit();
  edit.insert(cells[0].uri, new vscode.Position(1, 0), "# ");
  await vscode.workspace.applyEdit(edit);
  await until("no finding in the cell", () => ours(cells[2].uri, "module-without-spec") === undefined);
  await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
}

/** Each folder has its own environment: what is installed in one is not in the other. */
async function folders() {
  const there = (await open("templates.py", second)).document.uri;
  await until("the finding in the second folder", () => ours(there, "namespace-without-file"));
  const here = (await open("templates.py")).document.uri;
  const read = new vscode.Position(4, 30);
  await until("what is installed in the first", async () => /acme.__init__\.py/.test(await hover(here, read)));
  assert.equal(ours(here, "namespace-without-file"), undefined);
}

/** The Python extension's choice counts where the settings say nothing. */
async function interpreters() {
  const other = join(second, ".venv/bin/python");
  const own = join(root(), ".venv");
  assert(!(await environment()).includes(other));
  await vscode.extensions.getExtension("ms-python.python").activate();
  await vscode.commands.executeCommand("python.choose", other);
  await until("the interpreter that the Python extension has", async () => (await environment()).includes(other));
  await set("interpreter", own);
  await until("the interpreter that is set", async () => !(await environment()).includes(other));
  await set("interpreter", undefined);
  await until("the Python extension's again", async () => (await environment()).includes(other));
  await vscode.commands.executeCommand("python.choose", "python");
  await until("the one of the workspace", async () => !(await environment()).includes(other));
}

/** What *Show Environment* shows. */
async function environment() {
  await vscode.commands.executeCommand("speclens.showEnvironment");
  const shown = vscode.window.activeTextEditor?.document;
  return shown?.uri.scheme === "speclens" ? shown.getText() : "";
}

async function commands(uri) {
  const known = await vscode.commands.getCommands(true);
  const { packageJSON } = vscode.extensions.getExtension("speclens.speclens");
  for (const { command } of packageJSON.contributes.commands) {
    assert(known.includes(command), `${command} is not there`);
  }
  await open(basename(uri.fsPath));
  await vscode.commands.executeCommand("speclens.restart");
  await until("the finding of the new server", () => ours(uri, "find-spec-raises"));
}
