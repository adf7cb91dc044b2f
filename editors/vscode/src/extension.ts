// Starts `speclens server` for Python files, and again when its path changes.

import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions, State } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("speclens.restart", restart),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("speclens.path")) {
        await restart();
      }
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function restart(): Promise<void> {
  await stop();
  await start();
}

async function start(): Promise<void> {
  const command = vscode.workspace.getConfiguration("speclens").get("path", "speclens");
  const server: ServerOptions = { command, args: ["server"] };
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "python" },
      { scheme: "file", pattern: "**/{speclens,pyproject}.toml" },
    ],
    diagnosticCollectionName: "speclens",
  };
  client = new LanguageClient("speclens", "Speclens", server, options);
  try {
    await client.start();
  } catch (error) {
    const answer = await vscode.window.showErrorMessage(
      `Speclens could not start "${command} server": ${error instanceof Error ? error.message : String(error)}`,
      "Open Settings",
    );
    if (answer !== undefined) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "speclens.path");
    }
  }
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  // A server that never came up cannot be stopped.
  if (running?.state === State.Running) {
    await running.stop();
  }
}
