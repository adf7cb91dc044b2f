// Names that several files need, without `vscode`, which tests do not have.

/** The command that goes to a file: for the view and the pages, not in the palette. */
export const OPEN = "speclens.open";
