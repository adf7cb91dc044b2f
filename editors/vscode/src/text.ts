// Text for pages.

import { OPEN } from "./words";

const SPECIAL: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => SPECIAL[letter] ?? letter);
}

/** A link that opens a file: a page runs no script, it may only ask for this command. */
export function link(file: string, line?: number | null): string {
  return `command:${OPEN}?${encodeURIComponent(JSON.stringify(line == null ? [file] : [file, line]))}`;
}

/** A path loses its middle, since its end tells most; a sentence its end. */
export function shorten(text: string, letters: number, lose: "middle" | "end" = "middle"): string {
  if (text.length <= letters) {
    return text;
  }
  const start = lose === "end" ? letters - 1 : Math.floor((letters - 1) / 4);
  const end = letters - 1 - start;
  return `${text.slice(0, start)}…${end > 0 ? text.slice(-end) : ""}`;
}
