// The interpreter that is chosen in the Python extension, where that is there.

import * as path from "node:path";
import * as vscode from "vscode";

/** As much of its API as is needed here; `@vscode/python-extension` has all of it. */
interface PythonApi {
  environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { id: string; path: string };
    resolveEnvironment(environment: string): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<{ path: string }>;
  };
}

export interface Interpreters {
  /** The interpreter of a folder; `undefined` where the server is to look for one. */
  of(folder: vscode.Uri | undefined): Promise<string | undefined>;
  readonly onDidChange: vscode.Event<void>;
  dispose(): void;
}

export function interpreters(log: vscode.OutputChannel): Interpreters {
  const changed = new vscode.EventEmitter<void>();
  const listening: { dispose(): void }[] = [changed];
  let api: Promise<PythonApi | undefined> | undefined;

  async function start(): Promise<PythonApi | undefined> {
    const extension = vscode.extensions.getExtension<PythonApi | undefined>("ms-python.python");
    if (extension === undefined) {
      return undefined;
    }
    try {
      const found = await extension.activate();
      // A release from before the API has none.
      const event = found?.environments.onDidChangeActiveEnvironmentPath;
      if (event !== undefined) {
        listening.push(event(() => { changed.fire(); }));
      }
      return found;
    } catch (error) {
      log.appendLine(`The Python extension did not start: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  listening.push(
    vscode.extensions.onDidChange(() => {
      // It may have been installed, or enabled, only now.
      if (api !== undefined && vscode.extensions.getExtension("ms-python.python")?.isActive === false) {
        api = undefined;
        changed.fire();
      }
    }),
  );

  return {
    onDidChange: changed.event,
    async of(folder) {
      const environments = (await (api ??= start()))?.environments;
      if (environments === undefined) {
        return undefined;
      }
      const active = environments.getActiveEnvironmentPath(folder).path;
      const resolved = await environments.resolveEnvironment(active);
      const program = resolved?.executable.uri?.fsPath ?? active;
      // A bare `python` is no choice.
      return path.isAbsolute(program) ? program : undefined;
    },
    dispose() {
      listening.forEach((one) => { one.dispose(); });
    },
  };
}
