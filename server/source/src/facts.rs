//! What a file's text says, without regard to any other file.

use std::hash::BuildHasher;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;
use speclens_files::{Db, Entry, ReadError, Status};

use crate::decode::{DecodeError, decode};
use crate::lines::LineStarts;
use crate::parser::{self, Bodies};
use crate::program::{Block, ExpressionKind, Function, Name, StatementKind, SyntaxError};

/// The facts of one module's text.
#[derive(Debug)]
pub struct ModuleFacts {
    /// What the module does when it runs.
    pub program: Block,
    /// Where its lines start. The text itself is read again by those few who need it.
    lines: LineStarts,
    /// What tells texts from each other: their hash and their length.
    fingerprint: (u64, usize),
    /// What could not be parsed; the statements around it are in the program.
    pub errors: Vec<SyntaxError>,
    /// What could not be decoded.
    pub undecodable: Option<DecodeError>,
    /// Whether the file is meant to be run: a `#!` line, or a test of `__name__` against `"__main__"`.
    pub is_script: bool,
    /// The most dots that a relative import starts with; 0 where there is none.
    pub relative_levels: u32,
    /// Whether a function of the file names `globals`, and so may bind names of the module that the text does not show.
    pub rewrites_globals: bool,
    /// The names that a function of the file declares `global`, and so may bind anew.
    pub global_names: Box<[Name]>,
}

// Facts are a function of the text.
impl PartialEq for ModuleFacts {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint && self.undecodable == other.undecodable
    }
}

impl Eq for ModuleFacts {}

impl ModuleFacts {
    /// The facts of a text, with the bodies of all its functions. Never fails: what cannot be parsed is left out and told
    /// in `errors`.
    pub fn of_text(text: &str) -> Self {
        Self::new(text, None, Bodies::All)
    }

    fn new(text: &str, undecodable: Option<DecodeError>, bodies: Bodies) -> Self {
        let parsed = parser::parse(text, bodies);
        Self {
            program: parsed.program,
            lines: LineStarts::new(text),
            fingerprint: (FxBuildHasher.hash_one(text), text.len()),
            errors: parsed.errors,
            undecodable,
            relative_levels: parsed.relative_levels,
            global_names: parsed.global_names,
            rewrites_globals: parsed.rewrites_globals,
            is_script: parsed.tests_main || text.starts_with("#!"),
        }
    }

    /// The names that the module's statements bind, as far as no condition stands around them.
    pub fn defined_names(&self) -> impl Iterator<Item = Name> {
        self.program.iter().flat_map(|statement| -> Vec<Name> {
            match &statement.kind {
                StatementKind::Function { function, .. } => vec![function.name.clone()],
                StatementKind::Class { class, .. } => vec![class.name.clone()],
                StatementKind::Assign { targets, .. } => {
                    let names = targets.iter().filter_map(|target| match &target.kind {
                        ExpressionKind::Name(name) => Some(name.clone()),
                        _ => None,
                    });
                    names.collect()
                }
                StatementKind::ImportFrom { names, .. } => {
                    names.iter().map(|alias| alias.asname.as_ref().unwrap_or(&alias.name).clone()).collect()
                }
                _ => Vec::new(),
            }
        })
    }

    /// The line of an offset, counted from 1.
    pub fn line(&self, offset: u32) -> u32 {
        self.lines.line(offset) + 1
    }
}

/// The facts of a file, or why it has none.
#[salsa::tracked(returns(ref))]
pub fn module_facts(db: &dyn Db, file: Entry) -> Result<Arc<ModuleFacts>, ReadError> {
    let facts = |text: &str, undecodable| Arc::new(ModuleFacts::new(text, undecodable, Bodies::Followed));
    if let Status::Open(document) = file.status(db) {
        return Ok(facts(&document.text, None));
    }
    let (text, undecodable) = decode(&file.bytes(db)?);
    Ok(facts(&text, undecodable))
}

/// The functions of a file whose bodies its [`module_facts`] leave out, with these: most of the code that a library has,
/// and none of what its import runs.
#[salsa::tracked(returns(ref), no_eq)]
pub fn left_out(db: &dyn Db, file: Entry) -> Result<Box<[Arc<Function>]>, ReadError> {
    let (text, _) = text(db, file)?;
    Ok(parser::parse(&text, Bodies::All).not_followed)
}

/// The text of a file: what the editor has, as it is, or the bytes on disk, decoded.
pub fn text(db: &dyn Db, file: Entry) -> Result<(Arc<str>, Option<DecodeError>), ReadError> {
    if let Status::Open(document) = file.status(db) {
        return Ok((Arc::clone(&document.text), None));
    }
    let (text, undecodable) = decode(&file.bytes(db)?);
    Ok((Arc::from(text), undecodable))
}
