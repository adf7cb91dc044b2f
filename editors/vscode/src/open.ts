// Going to a file, a line of it, or a directory.

import * as vscode from "vscode";

import { PYTHON } from "./server";
import { OPEN } from "./words";

/** Not in the palette: the view and the pages call it. */
export function register(): vscode.Disposable {
  return vscode.commands.registerCommand(OPEN, open);
}

async function open(path: unknown, line: unknown): Promise<void> {
  if (typeof path !== "string") {
    return;
  }
  const uri = vscode.Uri.file(path);
  try {
    const { type } = await vscode.workspace.fs.stat(uri);
    if ((type & vscode.FileType.Directory) !== 0) {
      const within = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
      await vscode.commands.executeCommand(within ? "revealInExplorer" : "revealFileInOS", uri);
      return;
    }
    const at = typeof line === "number" ? new vscode.Position(Math.max(0, line - 1), 0) : undefined;
    // `vscode.open` shows what is no text too, in the editor for it.
    await vscode.commands.executeCommand("vscode.open", uri, {
      ...(at && { selection: new vscode.Range(at, at) }),
      viewColumn: besideOfPage(),
    });
  } catch (error) {
    await vscode.window.showErrorMessage(`Speclens: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The Python file at hand: the one that is edited, else one beside what is looked at. */
export function pythonFile(): vscode.Uri | undefined {
  const isPython = (editor: vscode.TextEditor): boolean => vscode.languages.match(PYTHON, editor.document) > 0;
  const { activeTextEditor, visibleTextEditors } = vscode.window;
  const editors = activeTextEditor === undefined ? visibleTextEditors : [activeTextEditor];
  return editors.find(isPython)?.document.uri;
}

/** A page stays in view: what it leads to opens where the code is. */
function besideOfPage(): vscode.ViewColumn {
  const isPage = vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputWebview;
  const editor = vscode.window.visibleTextEditors.find(({ viewColumn }) => viewColumn !== undefined);
  return (isPage ? editor?.viewColumn : undefined) ?? vscode.ViewColumn.Active;
}
