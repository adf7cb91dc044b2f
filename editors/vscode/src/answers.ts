// What the program says of a module or of the environment, as documents that nobody edits.

import * as vscode from "vscode";
import { ask, program } from "./program";

const SCHEME = "speclens";

export function register(context: vscode.ExtensionContext): void {
  const texts = new Map<string, string>();
  const changed = new vscode.EventEmitter<vscode.Uri>();

  async function show(words: string[]): Promise<void> {
    const file = vscode.window.activeTextEditor?.document.uri;
    const folder = (file && vscode.workspace.getWorkspaceFolder(file)) ?? vscode.workspace.workspaceFolders?.[0];
    const uri = vscode.Uri.from({ scheme: SCHEME, path: words.join(" "), query: folder?.name });
    try {
      texts.set(uri.toString(), await ask(program(context), folder, words));
    } catch (error) {
      await vscode.window.showErrorMessage(`Speclens: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), {
      preview: true,
      viewColumn: vscode.ViewColumn.Beside,
    });
  }

  async function explain(): Promise<void> {
    const name = await vscode.window.showInputBox({
      title: "Explain Module",
      prompt: "What its __spec__ will be, why, and what was passed over",
      value: nameUnderCursor(),
      validateInput: (text) => (/^[^\s.-][^\s.]*(\.[^\s.]+)*$/.test(text) ? undefined : "The absolute name of a module"),
    });
    if (name !== undefined) {
      await show(["explain", name]);
    }
  }

  context.subscriptions.push(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) => texts.get(uri.toString()),
    }),
    vscode.workspace.onDidCloseTextDocument((document) => texts.delete(document.uri.toString())),
    vscode.commands.registerCommand("speclens.explain", explain),
    vscode.commands.registerCommand("speclens.environment", () => show(["env"])),
  );
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
