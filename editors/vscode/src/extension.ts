// Starts `speclens server` for Python files, and again when its path changes.

import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions, State } from "vscode-languageclient/node";
import * as answers from "./answers";
import { program } from "./program";

const FILES = [
  { scheme: "file", language: "python" },
  { scheme: "file", pattern: "**/{speclens,pyproject}.toml" },
];

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("Speclens");
  const status = vscode.languages.createLanguageStatusItem("speclens", FILES);
  status.name = "Speclens";
  status.command = { command: "speclens.output", title: "Show Output" };
  const restart = async (): Promise<void> => {
    await stop();
    await start(program(context), output, status);
  };
  context.subscriptions.push(
    output,
    status,
    vscode.commands.registerCommand("speclens.restart", restart),
    vscode.commands.registerCommand("speclens.output", () => output.show()),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("speclens.path")) {
        await restart();
      }
    }),
    // The path that an untrusted workspace sets counts only now.
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  answers.register(context);
  await start(program(context), output, status);
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function start(
  command: string,
  outputChannel: vscode.OutputChannel,
  status: vscode.LanguageStatusItem,
): Promise<void> {
  const server: ServerOptions = { command, args: ["server"] };
  const options: LanguageClientOptions = {
    documentSelector: FILES,
    diagnosticCollectionName: "speclens",
    outputChannel,
  };
  const started = new LanguageClient("speclens", "Speclens", server, options);
  client = started;
  started.onDidChangeState(({ newState }) => {
    // The end of a server whose successor has begun is no news.
    if (client === started) {
      show(status, newState, started.initializeResult?.serverInfo?.version);
    }
  });
  try {
    await started.start();
  } catch (error) {
    show(status, State.Stopped);
    const answer = await vscode.window.showErrorMessage(
      `Speclens could not start "${command} server": ${error instanceof Error ? error.message : String(error)}`,
      "Open Settings",
    );
    if (answer !== undefined) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "speclens.path");
    }
  }
}

function show(status: vscode.LanguageStatusItem, state: State, version?: string): void {
  const running = state === State.Running;
  status.busy = state === State.Starting;
  status.text = version ? `Speclens ${version}` : "Speclens";
  status.detail = running ? "running" : status.busy ? "starting" : "stopped";
  status.severity =
    running || status.busy ? vscode.LanguageStatusSeverity.Information : vscode.LanguageStatusSeverity.Error;
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  // A server that never came up cannot be stopped.
  if (running?.state === State.Running) {
    await running.stop();
  }
}
