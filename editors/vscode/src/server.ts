// The server's life: started, restarted, stopped, and what it is told and asked.

import * as vscode from "vscode";
import {
  DidChangeConfigurationNotification,
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  State,
} from "vscode-languageclient/node";
import type { Interpreters } from "./python";

const CELL = "vscode-notebook-cell";
export const PYTHON = [
  { scheme: "file", language: "python" },
  { scheme: CELL, language: "python" },
];
const FILES = [...PYTHON, { scheme: "file", pattern: "**/{speclens,pyproject}.toml" }];
/** As long as edits or installs follow each other this closely, they are one. */
const PAUSE = 300;

/** What of the section `speclens` is looked at here. */
interface Settings {
  interpreter?: string;
  environment?: { python?: string };
}

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private readonly status = vscode.languages.createLanguageStatusItem("speclens", FILES);
  private readonly updated = new vscode.EventEmitter<void>();
  private pause: NodeJS.Timeout | undefined;

  /** The answers may be others now: it started or ended, or files changed. */
  readonly onDidUpdate = this.updated.event;

  constructor(
    private readonly program: () => string,
    private readonly output: vscode.OutputChannel,
    private readonly interpreters: Interpreters,
  ) {
    this.status.name = "Speclens";
    this.status.command = { command: "speclens.output", title: "Show Output" };
    interpreters.onDidChange(() => this.tellSettings());
  }

  get isRunning(): boolean {
    return this.client?.state === State.Running;
  }

  /** `undefined` where no server runs, or it stops meanwhile. */
  async ask<Answer>(method: string, parameters: object): Promise<Answer | undefined> {
    const asked = this.client;
    if (asked?.state !== State.Running) {
      return undefined;
    }
    try {
      return await asked.sendRequest<Answer>(method, parameters);
    } catch (error) {
      if (asked !== this.client || !asked.isRunning()) {
        return undefined;
      }
      throw error;
    }
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async start(): Promise<void> {
    const command = this.program();
    const started = new LanguageClient("speclens", "Speclens", { command, args: ["server"] }, this.options());
    this.client = started;
    started.onDidChangeState(({ newState }) => {
      // The end of a server whose successor has begun is no news.
      if (this.client === started) {
        this.show(newState, started.initializeResult?.serverInfo?.version);
      }
    });
    try {
      await started.start();
    } catch (error) {
      this.show(State.Stopped);
      const problem = error instanceof Error ? error.message : String(error);
      // Not awaited: who waits for the server need not wait until somebody has read this.
      void vscode.window
        .showErrorMessage(`Speclens could not start "${command} server": ${problem}`, "Open Settings")
        .then(async (answer) => {
          if (answer !== undefined) {
            await vscode.commands.executeCommand("workbench.action.openSettings", "speclens.path");
          }
        });
    }
  }

  async stop(): Promise<void> {
    const running = this.client;
    this.client = undefined;
    // A server that never came up cannot be stopped.
    if (running?.state === State.Running) {
      await running.stop();
    }
  }

  dispose(): void {
    clearTimeout(this.pause);
    this.status.dispose();
    this.updated.dispose();
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: FILES,
      diagnosticCollectionName: "speclens",
      outputChannel: this.output,
      initializationOptions: { inlayHints: vscode.workspace.getConfiguration("speclens").get<boolean>("inlayHints") },
      middleware: this.middleware(),
    };
  }

  private middleware(): Middleware {
    return {
      provideDiagnostics: (document, previous, token, next) => {
        const { scheme } = "uri" in document ? document.uri : document;
        // The findings of cells come unasked.
        if (scheme === CELL) {
          return undefined;
        }
        this.soon();
        return next(document, previous, token);
      },
      handleDiagnostics: (uri, diagnostics, next) => {
        this.soon();
        next(uri, diagnostics);
      },
      workspace: {
        configuration: async (parameters, token, next) => {
          const values = (await next(parameters, token)) as unknown[];
          return Promise.all(
            parameters.items.map(({ section, scopeUri }, at) =>
              section === "speclens" ? this.settings(values[at] as Settings | null, scopeUri) : values[at],
            ),
          );
        },
        // It asks then, and gets the interpreter too.
        didChangeConfiguration: () => this.tellSettings(),
      },
    };
  }

  private async tellSettings(): Promise<void> {
    if (this.isRunning) {
      await this.client?.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
      this.soon();
    }
  }

  /** What the user has set, and the interpreter from the Python extension where none is. */
  private async settings(set: Settings | null, scope: string | undefined): Promise<Settings> {
    const { interpreter, ...others } = set ?? {};
    const folder = scope === undefined ? vscode.workspace.workspaceFolders?.[0]?.uri : vscode.Uri.parse(scope);
    const python = interpreter || others.environment?.python || (await this.interpreters.of(folder));
    return python ? { ...others, environment: { ...others.environment, python } } : others;
  }

  private soon(): void {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => { this.updated.fire(); }, PAUSE);
  }

  private show(state: State, version?: string): void {
    const running = state === State.Running;
    this.status.busy = state === State.Starting;
    this.status.text = version === undefined ? "Speclens" : `Speclens ${version}`;
    this.status.detail = running ? "running" : this.status.busy ? "starting" : "stopped";
    this.status.severity =
      running || this.status.busy ? vscode.LanguageStatusSeverity.Information : vscode.LanguageStatusSeverity.Error;
    this.updated.fire();
  }
}
