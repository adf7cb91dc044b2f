//! Findings as text: the forms of `check`'s output.

mod concise;
mod full;
mod github;
mod json;
mod sarif;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use speclens_analysis::{Finding, Place, Severity};
use speclens_files::Db;
use speclens_source::{Encoding, LineIndex, decode};

use super::arguments::OutputFormat;
use super::session::shown;

/// All that is written at the end of a check.
pub struct Report<'a> {
    /// The findings, in the order they are written.
    pub findings: &'a [Finding],
    /// The texts that they point into.
    pub sources: &'a Sources,
    /// Paths below it are shown relative to it.
    pub directory: &'a Path,
    /// The closing line, for people; empty where it is not wanted.
    pub summary: &'a str,
}

impl Report<'_> {
    /// The report in one of the forms.
    pub fn render(&self, format: OutputFormat) -> String {
        match format {
            OutputFormat::Full => full::render(self),
            OutputFormat::Concise => concise::render(self),
            OutputFormat::Json => json::render(self),
            OutputFormat::Sarif => sarif::render(self),
            OutputFormat::Github => github::render(self),
        }
    }

    fn shown(&self, path: &Path) -> String {
        shown(self.directory, path)
    }
}

/// A place in a text as people count: lines and columns from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    start: (u32, u32),
    end: (u32, u32),
}

/// The texts of the files that findings point into.
#[derive(Debug, Default)]
pub struct Sources(BTreeMap<PathBuf, LineIndex>);

impl Sources {
    /// Reads every file that a finding names. One that cannot be read is shown without its text.
    pub fn of(db: &dyn Db, findings: &[Finding]) -> Self {
        let places = findings.iter().flat_map(|finding| {
            let related = finding.related.iter().map(|related| &related.place);
            let edits = finding.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| &edit.place);
            std::iter::once(&finding.place).chain(related).chain(edits)
        });
        let mut sources = BTreeMap::new();
        for place in places {
            if !sources.contains_key(&place.file)
                && let Ok(bytes) = db.entry(&place.file).bytes(db)
            {
                sources.insert(place.file.clone(), LineIndex::new(decode(&bytes).0.into()));
            }
        }
        Self(sources)
    }

    fn range(&self, place: &Place) -> Range {
        let position = |offset| {
            self.0.get(&place.file).map_or((1, 1), |lines| {
                let position = lines.position(offset, Encoding::Utf32);
                (position.line + 1, position.column + 1)
            })
        };
        Range { start: position(place.start), end: position(place.end) }
    }

    fn lines(&self, place: &Place) -> Option<&LineIndex> {
        self.0.get(&place.file)
    }
}

/// The severity's name.
pub fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "information",
        Severity::Hint => "hint",
    }
}

/// "2 errors, 1 warning", or nothing.
pub fn counts(findings: &[Finding]) -> String {
    let of = |severity, one: &str, many: &str| {
        let count = findings.iter().filter(|finding| finding.severity == severity).count();
        (count > 0).then(|| format!("{count} {}", if count == 1 { one } else { many }))
    };
    let parts = [
        of(Severity::Error, "error", "errors"),
        of(Severity::Warning, "warning", "warnings"),
        of(Severity::Information, "note", "notes"),
        of(Severity::Hint, "hint", "hints"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod example {
    //! One finding with everything and one with as little as can be, as every form is tested on.

    use speclens_analysis::{Certainty, Edit, Fix, Related};

    use super::*;

    const APP: &str = "import transformers\nimport lightning; é = '𝄞'; é.x\n";
    const LAZY: &str = "import sys\nsys.modules[__name__] = Lazy(__name__)\n";

    fn place(file: &str, text: &str, part: &str) -> Place {
        let start = text.find(part).expect("part of the text");
        let end = start + part.len();
        let narrow = |number| u32::try_from(number).expect("a short text");
        Place { file: file.into(), start: narrow(start), end: narrow(end) }
    }

    pub fn sources() -> Sources {
        let texts = [("/my code/app.py", APP), ("/lib/lazy/__init__.py", LAZY)];
        Sources(texts.map(|(path, text)| (path.into(), LineIndex::new(text.into()))).into())
    }

    pub fn findings() -> Vec<Finding> {
        vec![
            Finding {
                rule: "import-raises",
                severity: Severity::Error,
                certainty: Certainty::Certain,
                message: "this import will raise ValueError: transformers.__spec__ is None".into(),
                place: place("/my code/app.py", APP, "import lightning"),
                related: vec![Related {
                    message: "puts another object in sys.modules".into(),
                    place: place("/lib/lazy/__init__.py", LAZY, "sys.modules[__name__]"),
                }],
                help: vec!["import lightning before transformers".into()],
                fixes: vec![Fix {
                    title: "Swap the imports".into(),
                    edits: vec![Edit {
                        place: place("/my code/app.py", APP, "import transformers"),
                        text: "import lightning".into(),
                    }],
                    safe: false,
                }],
            },
            Finding {
                rule: "module-without-spec",
                severity: Severity::Warning,
                certainty: Certainty::Possible,
                message: "é.x may be 100% None".into(),
                place: place("/my code/app.py", APP, "é.x"),
                related: vec![],
                help: vec![],
                fixes: vec![],
            },
        ]
    }

    pub fn rendered(format: OutputFormat) -> String {
        let (findings, sources) = (findings(), sources());
        let directory = Path::new("/my code");
        Report { findings: &findings, sources: &sources, directory, summary: "1 error, 1 warning" }
            .render(format)
    }
}
