//! What the file of an extension module tells of the modules that it imports: the strings of its data sections.
//!
//! C code imports by name (`PyImport_ImportModule("copy")`), and so does what Cython makes of an `import` statement: the
//! name stands in the file as a string of its own, or (Cython 3.2 and newer) in a table of strings. So does every attribute
//! that the code takes by name. A string is thus a hint, and no more.

mod cython;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use object::read::macho::{FatArch, MachOFatFile32};
use object::{FileKind, Object, ObjectSection, ReadCache, ReadRef, SectionKind};
use rustc_hash::FxBuildHasher;
use speclens_files::{Db, Entry, Parts, ReadError};

use self::cython::StringTable;
use crate::program::Name;

/// Longer strings are no names. Bytes.
const MAX_NAME: usize = 120;

/// The names in an extension module's file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BinaryFacts {
    /// The strings that look like `package.module`, sorted.
    pub dotted_names: Box<[Name]>,
    /// The names of the modules by which Cython's modules share their types: `_cython_3_0_11`.
    pub cython_abi: Box<[Name]>,
    /// The name that a module which Cython made has for itself. It puts itself under that name.
    pub cython_name: Option<Name>,
    /// The names of the C files that the compiler has left in the file, without `.c`, sorted.
    pub c_sources: Box<[Name]>,
    /// The hashes of the strings that are identifiers, sorted.
    identifiers: Box<[u64]>,
}

impl BinaryFacts {
    /// The facts of a file in a format of shared libraries: ELF, Mach-O or PE. None in any other. Most of such a file is
    /// code, which is not read.
    pub fn of_file(file: Box<dyn Parts>) -> Self {
        Self::of_data(&ReadCache::new(file))
    }

    fn of_data<'data>(data: impl ReadRef<'data>) -> Self {
        // A file for several processors: they mention the same.
        if FileKind::parse(data) == Ok(FileKind::MachOFat32) {
            let first =
                MachOFatFile32::parse(data).ok().and_then(|file| file.arches().first()?.data(data).ok());
            return first.map_or_else(Self::default, Self::of_architecture);
        }
        Self::of_architecture(data)
    }

    fn of_architecture<'data>(data: impl ReadRef<'data>) -> Self {
        let (Ok(file), Ok(mut room)) = (object::File::parse(data), data.len()) else {
            return Self::default();
        };
        let is_data = |kind| {
            matches!(kind, SectionKind::ReadOnlyData | SectionKind::ReadOnlyString | SectionKind::Data)
        };
        // Together they are smaller than the file, unless it lies.
        let fits = |section: &object::Section<'data, '_, _>| {
            room = room.saturating_sub(section.size());
            room > 0
        };
        let sections = file.sections().filter(|section| is_data(section.kind())).take_while(fits);
        Self::of_sections(&sections.filter_map(|section| section.data().ok()).collect::<Vec<_>>())
    }

    fn of_sections(sections: &[&[u8]]) -> Self {
        let (mut dotted, mut abi, mut identifiers) = (Vec::new(), Vec::new(), Vec::new());
        let mut add = |name: &str| {
            if is_cython_abi(name) {
                abi.push(Name::from(name));
            } else if name.contains('.') {
                dotted.push(Name::from(name));
            } else {
                identifiers.push(hash(name));
            }
        };
        let (mut is_cython, mut cython_name, mut c_sources) = (false, None, Vec::new());
        for string in sections.iter().flat_map(|section| section.split(|&byte| byte == 0)) {
            if let Some(name) = as_name(string) {
                is_cython |= name == "cython_runtime";
                add(name);
            }
            c_sources.extend(c_source(string));
            cython_name = cython_name.or_else(|| name_in_message(string));
        }
        if is_cython && let Some(table) = StringTable::find(sections) {
            table.strings().filter_map(as_name).for_each(add);
        }
        let sorted = |mut names: Vec<Name>| -> Box<[Name]> {
            names.sort_unstable();
            names.dedup();
            names.into()
        };
        identifiers.sort_unstable();
        identifiers.dedup();
        Self {
            dotted_names: sorted(dotted),
            cython_abi: sorted(abi),
            cython_name: cython_name.filter(|_| is_cython),
            c_sources: sorted(c_sources),
            identifiers: identifiers.into(),
        }
    }

    /// Whether an identifier stands in the file as a string.
    pub fn mentions(&self, identifier: &str) -> bool {
        self.identifiers.binary_search(&hash(identifier)).is_ok()
    }
}

/// The facts of an extension module's file.
#[salsa::tracked(returns(ref))]
pub fn binary_facts(db: &dyn Db, file: Entry) -> Result<Arc<BinaryFacts>, ReadError> {
    Ok(Arc::new(BinaryFacts::of_file(file.parts(db)?)))
}

fn hash(identifier: &str) -> u64 {
    let mut hasher = FxBuildHasher.build_hasher();
    identifier.hash(&mut hasher);
    std::hash::Hasher::finish(&hasher)
}

/// The string as a name of modules or attributes, where it can be one.
fn as_name(bytes: &[u8]) -> Option<&str> {
    if bytes.len() < 2 || bytes.len() > MAX_NAME {
        return None;
    }
    let is_identifier = |part: &[u8]| {
        part.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    bytes.split(|&byte| byte == b'.').all(is_identifier).then(|| std::str::from_utf8(bytes).ok())?
}

/// `_x` of `build/_x.c`.
fn c_source(string: &[u8]) -> Option<Name> {
    let path = string.strip_suffix(b".c")?;
    let start = path.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
    as_name(&path[start..]).map(Name::from)
}

/// The name in the message by which a module that Cython made refuses to be loaded twice.
fn name_in_message(string: &[u8]) -> Option<Name> {
    let rest = string.strip_prefix(b"Module '")?;
    let end = rest.iter().position(|&byte| byte == b'\'')?;
    rest[end..].starts_with(b"' has already been imported").then(|| as_name(&rest[..end]).map(Name::from))?
}

fn is_cython_abi(name: &str) -> bool {
    let version = name.strip_prefix("_cython_").filter(|version| !version.contains('.'));
    version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}
