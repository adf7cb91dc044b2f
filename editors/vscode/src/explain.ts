// *Explain Module...*: asks for a name and shows the page. *Show Environment*: the environment as text.

import { randomBytes } from "node:crypto";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Explanation } from "./model";
import { pythonFile } from "./open";
import { page } from "./page";
import type { Server } from "./server";
import { OPEN } from "./words";

const SCHEME = "speclens";
const NAME = /^[^\s.-][^\s.]*(\.[^\s.]+)*$/u;

/** A page about a module. */
interface Page {
  panel: vscode.WebviewPanel;
  name: string;
  /** Says which environment is meant. */
  uri: string | undefined;
  answer?: string;
}

export function register(server: Server, icon: vscode.Uri): vscode.Disposable {
  const pages = new Map<string, Page>();
  const texts = new Map<string, string>();
  const changed = new vscode.EventEmitter<vscode.Uri>();

  async function fill(about: Page): Promise<void> {
    const answer = await server.ask<Explanation>("speclens/explain", { module: about.name, uri: about.uri });
    const text = JSON.stringify(answer);
    // A page that is made anew begins at its top.
    if (answer !== undefined && text !== about.answer) {
      about.answer = text;
      about.panel.webview.html = page(answer, randomBytes(16).toString("base64"), short);
    }
  }

  async function explain(given: unknown): Promise<void> {
    const name = nameOf(given) ?? (await askName());
    if (name === undefined) {
      return;
    }
    const uri = place();
    const known = pages.get(name);
    if (known !== undefined) {
      known.panel.reveal();
      known.uri = uri;
      await fill(known);
      return;
    }
    const panel = vscode.window.createWebviewPanel("speclens.explanation", name, vscode.ViewColumn.Beside, {
      // It runs no script, and may call no command but the one that opens a file.
      enableScripts: false,
      enableCommandUris: [OPEN],
      localResourceRoots: [],
      enableFindWidget: true,
    });
    panel.iconPath = icon;
    const made: Page = { panel, name, uri };
    pages.set(name, made);
    const follow = server.onDidUpdate(() => fill(made));
    panel.onDidDispose(() => {
      pages.delete(name);
      follow.dispose();
    });
    await fill(made);
  }

  async function environment(): Promise<void> {
    const text = await server.ask<string>("workspace/executeCommand", {
      command: "speclens.environment",
      arguments: [place()],
    });
    if (text === undefined) {
      return;
    }
    const uri = vscode.Uri.from({ scheme: SCHEME, path: "environment" });
    texts.set(uri.toString(), text);
    changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  return vscode.Disposable.from(
    changed,
    { dispose: () => { pages.forEach(({ panel }) => { panel.dispose(); }); } },
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) => texts.get(uri.toString()),
    }),
    vscode.commands.registerCommand("speclens.explainModule", explain),
    vscode.commands.registerCommand("speclens.showEnvironment", environment),
  );
}

/** The file at hand, else the first folder: they say which environment is meant. */
function place(): string | undefined {
  return (pythonFile() ?? vscode.workspace.workspaceFolders?.[0]?.uri)?.toString();
}

/** A name, or a line of the view. */
function nameOf(given: unknown): string | undefined {
  const name = typeof given === "object" && given !== null && "module" in given ? given.module : given;
  return typeof name === "string" && NAME.test(name) ? name : undefined;
}

function askName(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: "Explain Module",
    prompt: "What its __spec__ will be, why, and what was passed over",
    value: nameUnderCursor(),
    validateInput: (text) => (NAME.test(text) ? undefined : "The absolute name of a module"),
  });
}

/** The dotted name at the cursor. */
function nameUnderCursor(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "python") {
    return undefined;
  }
  const range = editor.document.getWordRangeAtPosition(editor.selection.active, /[\p{L}_][\p{L}\p{N}_.]*/u);
  return range && editor.document.getText(range).replace(/\.+$/, "");
}

function short(file: string): string {
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file));
  return folder === undefined ? file : path.relative(folder.uri.fsPath, file) || folder.name;
}
