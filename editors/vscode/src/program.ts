// The program `speclens`: where it is, and what it says when it is asked something other than to serve.

import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";

/** The keys of `[environment]`, as the user has set them. */
interface Environment {
  python?: string;
  "python-version"?: string;
  "extra-paths"?: string[];
  isolated?: boolean;
}

/** `speclens.path`, where it is set; else the program that came with the extension; else the one on `PATH`. */
export function program(context: vscode.ExtensionContext): string {
  const set = vscode.workspace.getConfiguration("speclens").get<string>("path");
  if (set) {
    return set;
  }
  const name = process.platform === "win32" ? "speclens.exe" : "speclens";
  const bundled = context.asAbsolutePath(path.join("bin", name));
  return fs.existsSync(bundled) ? bundled : "speclens";
}

/** What the program writes, with the interpreter that the settings of the folder name. */
export async function ask(command: string, folder: vscode.WorkspaceFolder | undefined, words: string[]): Promise<string> {
  const environment = vscode.workspace.getConfiguration("speclens", folder).get<Environment>("environment") ?? {};
  const options = [
    ...(environment.python ? ["--python", environment.python] : []),
    ...(environment["python-version"] ? ["--python-version", environment["python-version"]] : []),
    ...(environment["extra-paths"] ?? []).flatMap((directory) => ["--extra-path", directory]),
    ...(environment.isolated === true ? ["--isolated"] : []),
  ];
  return new Promise((resolve, reject) => {
    // No shell: what the user typed stays one word.
    const how = { cwd: folder?.uri.fsPath, timeout: 60_000, maxBuffer: 1 << 26 };
    execFile(command, [...words, ...options], how, (error, out, err) => {
      // Exit code 1 is an answer: there is no such module.
      if (out !== "") {
        resolve(out);
      } else {
        reject(new Error(err.trim() || error?.message || "no answer"));
      }
    });
  });
}
