// Where the program `speclens` is.

import * as fs from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";

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
