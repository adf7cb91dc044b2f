// What the server answers to `speclens/environment` and `speclens/explain`.

/** A line of a file, or the whole of it, and what it does. */
export interface Evidence {
  file: string;
  line: number | null;
  what: string;
}

export interface Environment {
  interpreter: {
    executable: string | null;
    implementation: string;
    version: string;
    prefix: string;
    base_prefix: string;
    standard_library: string | null;
    virtual_environment: boolean;
    found: string;
  };
  search_path: PathEntry[];
  startup_hooks: { file: string; line: number; text: string; effect: string }[];
  meta_path: { finder: string; file?: string; line?: number }[];
  /** What the imports of the file that was asked about change; only where a file was. */
  import_hooks?: Evidence[];
  namespace_packages: { name: string; portions: Portion[] }[];
  problems: { message: string; file: string; line: number | null }[];
}

export interface PathEntry {
  path: string;
  /** Which rule put it there. */
  origin: string;
  /** The line of the `.pth` file that did. */
  file?: string;
  line?: number;
  modules: string[];
  distributions: string[];
}

export interface Portion {
  path: string;
  owners: string[];
}

/** Values are as Python's `repr` shows them. */
type Attributes = Record<string, string>;

export interface Explanation {
  name: string;
  kind: string;
  spec: Attributes | null;
  spec_before_import: Attributes | null;
  module: Attributes | null;
  portions: Portion[];
  error: string | null;
  imported:
    | { state: "as found" | "unknown" }
    | { state: "raises"; exception: string; evidence: Evidence[] }
    | { state: "another object"; type: string; spec: string; spec_name: string | null; evidence: Evidence[] };
  changes: Evidence[];
  candidates: { path: string; verdict: string }[];
  searched: string[];
  evidence: Evidence[];
  certainty: "certain" | "possible";
  uncertain: string | null;
}
