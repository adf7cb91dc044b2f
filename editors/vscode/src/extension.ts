// Starts `speclens server` for Python files, and puts what it knows into views and pages.

import * as vscode from "vscode";
import * as explain from "./explain";
import * as imports from "./imports";
import * as open from "./open";
import { program } from "./program";
import { interpreters } from "./python";
import { Server } from "./server";

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("Speclens");
  const chosen = interpreters(output);
  const started = new Server(() => program(context), output, chosen);
  server = started;
  const restart = (): Promise<void> => started.restart();
  context.subscriptions.push(
    output,
    chosen,
    started,
    open.register(),
    explain.register(started, vscode.Uri.joinPath(context.extensionUri, "images", "icon.svg")),
    imports.register(started),
    vscode.commands.registerCommand("speclens.restart", restart),
    vscode.commands.registerCommand("speclens.output", () => { output.show(); }),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      // Whether there are hints is agreed upon at the start.
      if (change.affectsConfiguration("speclens.path") || change.affectsConfiguration("speclens.inlayHints")) {
        await restart();
      }
    }),
    // The path that an untrusted workspace sets counts only now.
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  await started.start();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
