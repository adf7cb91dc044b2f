//! `speclens check --fix`: safe fixes, written into the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use speclens_analysis::{Edit, Finding, Fix};
use speclens_files::{Database, DiskSystem};
use speclens_source::decode;

/// The edits of one file, none of which touch each other.
type Edits<'f> = BTreeMap<PathBuf, Vec<&'f Edit>>;

/// Applies the first safe fix of each finding, where it does not touch one before it, and says how many that were.
pub fn apply(database: &mut Database, findings: &[Finding]) -> usize {
    let mut texts: BTreeMap<PathBuf, Option<Text>> = BTreeMap::new();
    let mut edits = Edits::new();
    let mut fixed = 0;
    for fix in findings.iter().filter_map(|finding| finding.fixes.iter().find(|fix| fix.safe)) {
        for edit in &fix.edits {
            let file = &edit.place.file;
            texts.entry(file.clone()).or_insert_with(|| Text::read(database, file));
        }
        let can_be_written = |edit: &Edit| texts.get(&edit.place.file).is_some_and(Option::is_some);
        if fix.edits.iter().all(can_be_written) && !touches(&edits, fix) {
            for edit in &fix.edits {
                edits.entry(edit.place.file.clone()).or_default().push(edit);
            }
            fixed += 1;
        }
    }
    for (file, edits) in &edits {
        let Some(Some(text)) = texts.get(file) else { continue };
        if let Err(error) = DiskSystem.write(file, &text.with(edits)) {
            anstream::eprintln!("speclens: {}: not written: {error}", file.display());
            return 0;
        }
    }
    database.refresh(edits.keys().map(PathBuf::as_path));
    fixed
}

fn touches(edits: &Edits<'_>, fix: &Fix) -> bool {
    let overlap =
        |one: &Edit, other: &Edit| one.place.start <= other.place.end && other.place.start <= one.place.end;
    let known =
        |edit: &Edit| edits.get(&edit.place.file).into_iter().flatten().any(|other| overlap(edit, other));
    fix.edits.iter().any(known)
}

/// A file whose bytes are its text: one in another encoding is left alone.
struct Text {
    mark: &'static [u8],
    text: String,
}

impl Text {
    fn read(database: &Database, file: &Path) -> Option<Self> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let db = database.db();
        let entry = db.entry(file);
        if entry.kind(db).is_none() {
            return Some(Self { mark: b"", text: String::new() });
        }
        let bytes = entry.bytes(db).ok()?;
        let mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { b"" };
        let (text, problem) = decode(&bytes);
        (problem.is_none() && bytes[mark.len()..] == *text.as_bytes()).then_some(Self { mark, text })
    }

    fn with(&self, edits: &[&Edit]) -> Vec<u8> {
        let mut text = self.text.clone();
        let mut edits = edits.to_vec();
        edits.sort_by_key(|edit| edit.place.start);
        for edit in edits.iter().rev() {
            let range = edit.place.start as usize..edit.place.end as usize;
            if text.get(range.clone()).is_some() {
                text.replace_range(range, &edit.text);
            }
        }
        [self.mark, text.as_bytes()].concat()
    }
}
