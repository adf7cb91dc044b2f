// Stands in for ms-python.python, which no registry has: the part of its API that gives the chosen interpreter.

const vscode = require("vscode");

exports.activate = () => {
  const changed = new vscode.EventEmitter();
  let chosen = "python";
  const at = (path) => ({ id: path, path });
  // The choice is for the first folder.
  const isFirst = (uri) => uri?.toString() === vscode.workspace.workspaceFolders?.[0]?.uri.toString();
  vscode.commands.registerCommand("python.choose", (path) => {
    chosen = path;
    changed.fire({ ...at(path), resource: undefined });
  });
  return {
    environments: {
      getActiveEnvironmentPath: (folder) => at(isFirst(folder) ? chosen : "python"),
      resolveEnvironment: async (path) =>
        path === "python" ? undefined : { ...at(path), executable: { uri: vscode.Uri.file(path) } },
      onDidChangeActiveEnvironmentPath: changed.event,
    },
  };
};
