// The chain of evidence as a drawing: from the import at the top, by what decided it, to what it gives; to its right what
// was passed over.

import type { Evidence, Explanation } from "./model";
import { escape, link, shorten } from "./text";

/** A box of the drawing. */
export interface Box {
  title: string;
  text: string;
  /** The class of its colours. */
  look: "start" | "step" | "code" | "good" | "bad" | "doubt" | "loser";
  file?: string;
  line?: number | null;
  /** What was seen before this was taken, and was not. */
  losers?: Box[];
}

const WIDTH = 520;
/** Where the arrows go; what was passed over stands to their right. */
const TRUNK = 26;
const INDENT = 56;
const GAP = 28;
const BETWEEN = 10;
const PADDING = 12;
const LINE = 18;
/** How wide a character of each text is, at the size that the style sheet gives it. */
const LETTER = { title: 7.9, text: 6.9 };
/** More are in the table below the drawing. */
const MOST_LOSERS = 5;

/** An SVG element; its colours come from the page's style sheet. */
export function diagram(explanation: Explanation, short: (path: string) => string): string {
  const drawn: string[] = [];
  let top = 1;
  for (const [at, box] of chain(explanation, short).entries()) {
    const from = top;
    for (const loser of box.losers ?? []) {
      const middle = top + BETWEEN + height(loser, INDENT) / 2;
      drawn.push(
        `<path class="passed" d="M ${String(TRUNK)} ${String(middle)} H ${String(INDENT)}"/>`,
        draw(loser, INDENT, top + BETWEEN),
      );
      top += BETWEEN + height(loser, INDENT);
    }
    if (at > 0) {
      top += GAP;
      drawn.push(arrow(TRUNK, from, top));
    }
    drawn.push(draw(box, 1, top));
    top += height(box, 1);
  }
  const [width, bottom] = [String(WIDTH + 2), String(top + 1)];
  return `<svg viewBox="0 0 ${width} ${bottom}" width="${width}" role="img" aria-label="What decides ${escape(explanation.name)}">
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M 0 0 L 10 5 L 0 10 z"/></marker></defs>
${drawn.join("\n")}
</svg>`;
}

function chain(it: Explanation, short: (path: string) => string): Box[] {
  const at = ({ file, line, what }: Evidence, look: Box["look"]): Box => {
    const title = `${short(file)}${line === null ? "" : `:${String(line)}`}`;
    return { title, text: what, look, file, line };
  };
  const taken = it.candidates.filter(isTaken);
  const passed = it.candidates.filter((candidate) => !isTaken(candidate));
  const losers = passed
    .slice(0, MOST_LOSERS)
    .map(({ path, verdict }): Box => ({ title: short(path), text: verdict, look: "loser", file: path }));
  if (passed.length > MOST_LOSERS) {
    losers.push({ title: `and ${String(passed.length - MOST_LOSERS)} more`, text: "listed below", look: "loser" });
  }
  const start: Box = { title: `import ${it.name}`, text: "the finders on sys.meta_path are asked", look: "start" };
  const found = taken.map(({ path, verdict }): Box => ({
    title: short(path),
    text: verdict === "chosen" ? `chosen: a ${it.kind}` : verdict,
    look: "step",
    file: path,
  }));
  const ways = it.evidence.map((evidence) => at(evidence, "step"));
  const code = "evidence" in it.imported ? it.imported.evidence.map((evidence) => at(evidence, "code")) : [];
  const end = result(it);
  // They stand above what won against them; where nothing did, above the end.
  (found[0] ?? end).losers = losers;
  return [start, ...ways, ...found, ...code, end];
}

export function isTaken({ verdict }: Explanation["candidates"][number]): boolean {
  return verdict === "chosen" || verdict === "a portion of the namespace package";
}

/** What it all comes to. */
export function result(it: Explanation): Box {
  const { imported } = it;
  switch (imported.state) {
    case "raises":
      return { title: "the import raises", text: imported.exception, look: "bad" };
    case "another object":
      return { title: `sys.modules["${it.name}"] is a ${imported.type} object`, text: specOf(it.name, imported), look: "bad" };
    case "unknown":
      return { title: it.name, text: "what its import does could not be followed", look: "doubt" };
    case "as found":
      return it.error === null
        ? { title: `${it.name} is a ${it.kind}`, text: it.uncertain ?? "imported as found", look: it.uncertain === null ? "good" : "doubt" }
        : { title: "the import raises", text: it.error, look: "bad" };
  }
}

export function specOf(name: string, { spec, spec_name }: { spec: string; spec_name: string | null }): string {
  const then = `find_spec("${name}") then raises ValueError`;
  switch (spec) {
    case "none":
      return `its __spec__ is None: ${then}`;
    case "missing":
      return `it has no __spec__: ${then}`;
    case "spec":
      return spec_name === name ? "it has the module's own spec" : `its __spec__ is that of ${spec_name ?? "another module"}`;
    default:
      return "its __spec__ could not be followed";
  }
}

function height(box: Box, left: number): number {
  return 2 * PADDING + LINE * (1 + wrap(box.text, letters(left, LETTER.text)).length) - 4;
}

/** How many letters there is room for in a box that begins there. */
function letters(left: number, letter: number): number {
  return Math.floor((WIDTH - left - 2 * PADDING) / letter);
}

function draw(box: Box, left: number, top: number): string {
  const x = String(left + PADDING);
  const row = (at: number): string => String(top + PADDING + 10 + at * LINE);
  const text = wrap(box.text, letters(left, LETTER.text));
  const size = `width="${String(WIDTH - left)}" height="${String(height(box, left))}"`;
  const inside = [
    `<rect x="${String(left)}" y="${String(top)}" ${size} rx="6"/>`,
    `<text class="title" x="${x}" y="${row(0)}">${escape(shorten(box.title, letters(left, LETTER.title)))}</text>`,
    ...text.map((line, at) => `<text x="${x}" y="${row(at + 1)}">${escape(line)}</text>`),
    `<title>${escape(`${box.file ?? box.title}\n${box.text}`)}</title>`,
  ].join("");
  const group = `<g class="${box.look}">${inside}</g>`;
  return box.file === undefined ? group : `<a href="${link(box.file, box.line)}">${group}</a>`;
}

function arrow(x: number, from: number, to: number): string {
  return `<path class="arrow" marker-end="url(#head)" d="M ${String(x)} ${String(from)} V ${String(to)}"/>`;
}

/** At most three lines. */
function wrap(text: string, letters: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < letters) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(shorten(word, letters));
    }
  }
  return lines.length <= 3 ? lines : [...lines.slice(0, 2), shorten(lines.slice(2).join(" "), letters, "end")];
}
