// The view **Python imports**: the environment, what each part of it gives, and which lines made it so.

import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Environment, Evidence, PathEntry, Portion } from "./model";
import { OPEN } from "./words";
import { pythonFile } from "./open";
import type { Server } from "./server";

export const VIEW = "speclens.imports";
/** For the view's welcome: `starting`, `none` where there is no Python, or `found`. */
const STATE = "speclens.environmentState";

/** A line of the view. Its children are made when it is opened. */
interface Node {
  /** Where it is among the others, so that it stays open when the view is filled again. */
  id: string;
  label: string;
  description?: string;
  tooltip?: string;
  icon?: string;
  /** Of the theme, for an icon that warns. */
  color?: string;
  /** What a click opens. */
  file?: string;
  line?: number | null;
  /** What can be explained; by a click, where that does not open the line. */
  module?: string;
  open?: boolean;
  children?: () => Node[] | Promise<Node[]>;
}

export function register(server: Server): vscode.Disposable {
  const provider = new Imports(server);
  const view = vscode.window.createTreeView(VIEW, { treeDataProvider: provider, showCollapseAll: true });
  const refresh = (): void => {
    // What nobody looks at is asked for when somebody does.
    if (view.visible) {
      provider.refresh();
    }
  };
  void vscode.commands.executeCommand("setContext", STATE, "starting");
  return vscode.Disposable.from(
    provider,
    view,
    server.onDidUpdate(refresh),
    view.onDidChangeVisibility(refresh),
    vscode.window.onDidChangeActiveTextEditor(refresh),
    vscode.workspace.onDidSaveTextDocument(refresh),
    vscode.workspace.onDidChangeWorkspaceFolders(refresh),
    vscode.commands.registerCommand("speclens.refresh", () => { provider.refresh(); }),
  );
}

class Imports implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly server: Server) {}

  refresh(): void {
    this.changed.fire(undefined);
  }

  dispose(): void {
    this.changed.dispose();
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const { None, Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(node.label, node.children === undefined ? None : node.open ? Expanded : Collapsed);
    item.id = node.id;
    item.description = node.description;
    item.tooltip = node.tooltip ?? node.file;
    const color = node.color === undefined ? undefined : new vscode.ThemeColor(node.color);
    item.iconPath = node.icon === undefined ? undefined : new vscode.ThemeIcon(node.icon, color);
    item.contextValue = node.module === undefined ? undefined : "module";
    if (node.file !== undefined) {
      item.command = { command: OPEN, title: "Open", arguments: [node.file, node.line] };
    } else if (node.module !== undefined && node.children === undefined) {
      item.command = { command: "speclens.explainModule", title: "Explain", arguments: [node.module] };
    }
    return item;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    return node === undefined ? this.roots() : ((await node.children?.()) ?? []);
  }

  private async roots(): Promise<Node[]> {
    const file = pythonFile();
    const uri = (file ?? vscode.workspace.workspaceFolders?.[0]?.uri)?.toString();
    const environment = await this.server.ask<Environment>("speclens/environment", { uri });
    const state = environment === undefined ? "starting" : environment.interpreter.executable === null ? "none" : "found";
    await vscode.commands.executeCommand("setContext", STATE, state);
    if (environment === undefined || state !== "found") {
      return [];
    }
    return [
      interpreter(environment),
      searchPath(environment),
      namespaces(environment),
      startup(environment),
      ...(file === undefined ? [] : [byImport(path.basename(file.path), environment.import_hooks ?? [])]),
      problems(environment),
    ];
  }
}

function interpreter({ interpreter: it }: Environment): Node {
  const row = (label: string, value: string, icon: string, file?: string): Node => ({
    id: `interpreter/${label}`,
    label,
    description: short(value),
    tooltip: value,
    icon,
    file,
  });
  const configuration = path.join(it.prefix, "pyvenv.cfg");
  return {
    id: "interpreter",
    label: `${it.implementation} ${it.version}`,
    description: short(it.executable ?? it.prefix),
    tooltip: `${it.executable ?? "no program"}\n${it.found}`,
    icon: "snake",
    children: () => [
      row("Program", it.executable ?? "none", "terminal"),
      row("Found", it.found, "search"),
      it.virtual_environment
        ? row("Virtual environment", it.prefix, "package", configuration)
        : row("Installation", it.prefix, "package"),
      ...(it.virtual_environment ? [row("Made from", it.base_prefix, "home")] : []),
      ...(it.standard_library === null ? [] : [row("Standard library", it.standard_library, "library")]),
    ],
  };
}

function searchPath({ search_path }: Environment): Node {
  return {
    id: "path",
    label: "Search path",
    description: "sys.path",
    icon: "list-ordered",
    open: true,
    children: () => search_path.map(entry),
  };
}

function entry(entry: PathEntry, at: number): Node {
  const id = `path/${String(at)} ${entry.path}`;
  const gives = `${count(entry.modules.length, "name")}${entry.distributions.length > 0 ? `, ${count(entry.distributions.length, "distribution")}` : ""}`;
  const distributions: Node = {
    id: `${id}/distributions`,
    label: "Distributions",
    description: String(entry.distributions.length),
    icon: "archive",
    children: () => entry.distributions.map((one) => ({ id: `${id}/distributions/${one}`, label: one, icon: "package" })),
  };
  const line = entry.line === undefined ? "" : `:${String(entry.line)}`;
  const because = entry.file === undefined ? entry.origin : `${path.basename(entry.file)}${line}`;
  return {
    id,
    label: name(entry.path),
    description: `${gives} · ${because}`,
    tooltip: `${entry.path}\n${entry.origin}${entry.file === undefined ? "" : `: ${entry.file}${line}`}\n${gives}`,
    icon: entry.path.endsWith(".zip") ? "file-zip" : "folder",
    file: entry.file,
    line: entry.line,
    children: some(entry.modules, (modules) => [
      ...(entry.distributions.length > 0 ? [distributions] : []),
      ...modules.map((name) => ({ id: `${id}/${name}`, label: name, icon: "symbol-module", module: name })),
    ]),
  };
}

function namespaces({ namespace_packages }: Environment): Node {
  return {
    id: "namespaces",
    label: "Namespace packages",
    description: String(namespace_packages.length),
    icon: "symbol-namespace",
    children: some(namespace_packages, (packages) =>
      packages.map(({ name, portions }) => ({
        id: `namespaces/${name}`,
        label: name,
        description: count(portions.length, "portion"),
        icon: "symbol-namespace",
        module: name,
        children: () => portions.map((one) => portion(`namespaces/${name}`, one)),
      })),
    ),
  };
}

function portion(above: string, { path: directory, owners }: Portion): Node {
  const id = `${above}/${directory}`;
  return {
    id,
    label: path.join(path.basename(path.dirname(directory)), path.basename(directory)),
    description: owners.join(", "),
    tooltip: [directory, ...owners].join("\n"),
    icon: "folder",
    children: () => members(id, directory),
  };
}

/** What lies in a directory, directories first. */
async function members(above: string, directory: string): Promise<Node[]> {
  const found = await vscode.workspace.fs.readDirectory(vscode.Uri.file(directory));
  const isDirectory = (type: vscode.FileType): boolean => (type & vscode.FileType.Directory) !== 0;
  return found
    .filter(([name]) => name !== "__pycache__")
    .sort(([a, one], [b, other]) => Number(isDirectory(other)) - Number(isDirectory(one)) || a.localeCompare(b))
    .map(([name, type]) => {
      const [id, file] = [`${above}/${name}`, path.join(directory, name)];
      return isDirectory(type)
        ? { id, label: name, icon: "folder", children: () => members(id, file) }
        : { id, label: name, icon: "file", file };
    });
}

function startup({ startup_hooks, meta_path }: Environment): Node {
  const finders = meta_path.filter(({ file }) => file !== undefined);
  return {
    id: "startup",
    label: "Import hooks at startup",
    description: String(startup_hooks.length + finders.length),
    icon: "plug",
    children: some([...finders, ...startup_hooks], () => [
      ...finders.map(({ finder, file, line }, at) => ({
        id: `startup/finder ${String(at)}`,
        label: finder,
        description: place(file, line),
        tooltip: `On sys.meta_path: ${finder}\n${file ?? ""}`,
        icon: "search",
        file,
        line,
      })),
      ...startup_hooks.map(({ file, line, text, effect }, at) => ({
        id: `startup/${String(at)}`,
        label: place(file, line),
        description: effect,
        tooltip: `${file}\n${text}\n${effect}`,
        icon: "play",
        file,
        line,
      })),
    ]),
  };
}

function byImport(name: string, hooks: Evidence[]): Node {
  return {
    id: "hooks",
    label: "Import hooks by import",
    description: `${String(hooks.length)} · ${name}`,
    tooltip: `What ${name}, and what it imports, changes in sys.meta_path, sys.path_hooks and sys.path`,
    icon: "debug-disconnect",
    children: some(hooks, () =>
      hooks.map(({ file, line, what }, at) => ({
        id: `hooks/${String(at)} ${place(file, line)}`,
        label: place(file, line),
        description: what,
        tooltip: `${file}\n${what}`,
        icon: "symbol-event",
        file,
        line,
      })),
    ),
  };
}

function problems({ problems: found }: Environment): Node {
  return {
    id: "problems",
    label: "Problems",
    description: String(found.length),
    icon: found.length > 0 ? "warning" : "pass",
    color: found.length > 0 ? "problemsWarningIcon.foreground" : undefined,
    children: some(found, () =>
      found.map(({ message, file, line }, at) => ({
        id: `problems/${String(at)} ${message}`,
        label: message,
        description: place(file, line),
        icon: "warning",
        color: "problemsWarningIcon.foreground",
        file,
        line,
      })),
    ),
  };
}

/** What is empty cannot be opened. */
function some<Item>(items: Item[], nodes: (items: Item[]) => Node[]): (() => Node[]) | undefined {
  return items.length > 0 ? () => nodes(items) : undefined;
}

/** A file and its line, as short as one may be told from another. */
function place(file: string | undefined, line: number | null | undefined): string {
  const base = path.basename(file ?? "");
  const shown = base.startsWith("__") ? path.join(path.basename(path.dirname(file ?? "")), base) : base;
  return `${shown}${typeof line === "number" ? `:${String(line)}` : ""}`;
}

/** What is below the workspace's top is named by its end, as is all else: a line is short, and the tooltip has the whole. */
function name(directory: string): string {
  const shown = short(directory);
  return shown.split(path.sep).length <= 2 ? shown : path.basename(directory);
}

/** A path as it is seen from the workspace, or from home. */
function short(directory: string): string {
  const folder = path.isAbsolute(directory) ? vscode.workspace.getWorkspaceFolder(vscode.Uri.file(directory)) : undefined;
  if (folder !== undefined) {
    return path.relative(folder.uri.fsPath, directory) || folder.name;
  }
  const home = homedir() + path.sep;
  return directory.startsWith(home) ? `~${path.sep}${directory.slice(home.length)}` : directory;
}

function count(number: number, of: string): string {
  return `${String(number)} ${of}${number === 1 ? "" : "s"}`;
}
