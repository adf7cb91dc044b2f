// The page of *Explain Module...*: the prediction, what decided it, what lost. No script, nothing from elsewhere.

import { diagram, isTaken, result, specOf } from "./diagram";
import type { Evidence, Explanation } from "./model";
import { escape, link } from "./text";

/** The page as HTML. `short` shows a path as the user knows it. */
export function page(it: Explanation, nonce: string, short: (path: string) => string): string {
  const at = (file: string, line: number | null): string =>
    `<a href="${link(file, line)}" title="${escape(file)}">${escape(short(file))}${line === null ? "" : `:${String(line)}`}</a>`;
  const lines = (evidence: Evidence[]): string =>
    table(evidence.map(({ file, line, what }) => [at(file, line), escape(what)]));
  const place = (path: string): string => at(path, null);
  const end = result(it);
  const losers = it.candidates.filter((candidate) => !isTaken(candidate));
  const parts = [
    section("What decides it", diagram(it, short)),
    section("Its __spec__", spec(it)),
    section("The module", it.module === null ? "" : table(Object.entries(it.module).map(([name, value]) => [code(name), code(value)]))),
    section(
      it.kind === "namespace package" ? "Portions, and the distributions that install into them" : "Where it is",
      table(it.portions.map(({ path, owners }) => [place(path), escape(owners.join(", "))])),
    ),
    section("What stands in sys.modules after the import", after(it, lines)),
    section("What its import changes beside sys.modules", lines(it.changes)),
    section("Passed over", table(losers.map(({ path, verdict }) => [place(path), escape(verdict)]))),
    section(it.error === null ? "" : "Searched", table(it.searched.map((path) => [place(path)]))),
  ];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}';">
<title>${escape(it.name)}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<h1><code>${escape(it.name)}</code> ${escape(headline(it))} <span class="badge ${it.certainty}">${it.certainty}</span></h1>
${it.imported.state === "as found" ? "" : `<p class="lead ${end.look}"><strong>${escape(end.title)}</strong>: ${escape(end.text)}.</p>`}
${it.uncertain === null ? "" : `<p>Not certain: ${escape(it.uncertain)}.</p>`}
${parts.join("\n")}
</body>
</html>
`;
}

function headline(it: Explanation): string {
  return it.error === null ? `is a ${it.kind}` : "is not found by the finders";
}

function spec({ spec, spec_before_import: before }: Explanation): string {
  const rows = Object.entries(spec ?? {}).map(([name, value]) => {
    const first = before?.[name];
    const note = first === undefined || first === value ? "" : ` <small>${code(first)} before the import</small>`;
    return [code(name), `${code(value)}${note}`];
  });
  return table(rows);
}

function after({ name, imported }: Explanation, lines: (evidence: Evidence[]) => string): string {
  switch (imported.state) {
    case "raises":
      return `<p>Nothing: <code>import ${escape(name)}</code> raises ${code(imported.exception)}.</p>${lines(imported.evidence)}`;
    case "another object":
      return `<p>Another object, of class ${code(imported.type)}: ${escape(specOf(name, imported))}.</p>${lines(imported.evidence)}`;
    default:
      return "";
  }
}

function section(title: string, content: string): string {
  return title === "" || content === "" ? "" : `<h2>${escape(title)}</h2>\n${content}`;
}

/** Cells are HTML. */
function table(rows: string[][]): string {
  const row = (cells: string[]): string => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  return rows.length === 0 ? "" : `<table>${rows.map(row).join("")}</table>`;
}

function code(text: string): string {
  return `<code>${escape(text)}</code>`;
}

const STYLE = `
body { padding: 0 2em 3em; max-width: 62em; line-height: 1.5; }
h1 { font-size: 1.6em; font-weight: 600; }
h2 { font-size: 1.1em; font-weight: 600; margin: 2em 0 .6em; border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-panel-border)); }
code { padding: 0; font-family: var(--vscode-editor-font-family); color: inherit; background: none; overflow-wrap: anywhere; }
h1 code { font-size: inherit; }
small { opacity: .75; }
a { color: var(--vscode-textLink-foreground); text-decoration: none; overflow-wrap: anywhere; }
a:hover { text-decoration: underline; }
a:focus { outline: 1px solid var(--vscode-focusBorder); }
table { border-collapse: collapse; }
td { padding: .15em 1.25em .15em 0; vertical-align: top; }
td:last-child { padding-right: 0; }
td:first-child code { white-space: nowrap; }
.lead { padding: .5em 1em; border-left: 4px solid var(--vscode-editorWarning-foreground); background: var(--vscode-textBlockQuote-background); }
.lead.bad { border-color: var(--vscode-editorError-foreground); }
.badge { font-size: .6em; font-weight: normal; padding: .2em .7em; border-radius: 1em; vertical-align: middle;
  color: var(--vscode-badge-foreground); background: var(--vscode-badge-background); }
.badge.possible { color: var(--vscode-editor-background); background: var(--vscode-editorWarning-foreground); }
svg { display: block; max-width: 100%; height: auto; font-family: var(--vscode-font-family); font-size: 13px; }
svg text { fill: var(--vscode-descriptionForeground); }
svg text.title { fill: var(--vscode-foreground); font-family: var(--vscode-editor-font-family); }
svg rect { fill: var(--vscode-editorWidget-background); stroke: var(--vscode-widget-border, var(--vscode-panel-border)); }
svg .start rect { stroke: var(--vscode-focusBorder); }
svg .code rect { stroke: var(--vscode-editorWarning-foreground); }
svg .doubt rect { stroke: var(--vscode-editorWarning-foreground); stroke-width: 2; }
svg .good rect { stroke: var(--vscode-testing-iconPassed, var(--vscode-charts-green)); stroke-width: 2; }
svg .bad rect { stroke: var(--vscode-editorError-foreground); stroke-width: 2; }
svg .loser rect { fill: none; stroke-dasharray: 4 3; }
svg .loser text { opacity: .85; }
svg .loser text.title { text-decoration: line-through; }
svg a:hover text.title { fill: var(--vscode-textLink-foreground); text-decoration: underline; }
svg .arrow, svg .passed { fill: none; stroke: var(--vscode-descriptionForeground); }
svg .passed { stroke-dasharray: 4 3; opacity: .6; }
svg .head { fill: var(--vscode-descriptionForeground); }
`;
