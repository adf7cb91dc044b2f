//! Zip archives on the path: `zipimport.zipimporter`, in C before 3.8 and in Python since.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::DeflateDecoder;
use speclens_environment::PythonVersion;
use speclens_files::{Db, Entry, PathKind};

use super::bytecode::{self, Head, State};
use super::entry::{Hit, Search, tail};
use crate::spec::{Loader, ModuleSpec};

/// The names in a zip archive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Archive {
    /// By the name as the archive has it: a directory's ends with a slash.
    members: BTreeMap<String, Member>,
}

/// What the choice among a module's files depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    /// Uncompressed.
    bytes: u64,
    /// The time of its last modification as the archive has it: date and time of DOS, in no time zone.
    modified: (u16, u16),
    data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Data {
    /// `zipimport` cannot read it.
    Broken,
    /// It is there; only the start of bytecode is of interest.
    Whole(Head),
}

/// `_zip_searchorder`: what follows the path of the module, and whether that is a package.
const ORDER: [(&str, bool); 4] =
    [("/__init__.pyc", true), ("/__init__.py", true), (".pyc", false), (".py", false)];

const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const END_64: &[u8] = b"PK\x06\x06";
const END_64_BYTES: usize = 56;
const LOCATOR_64_BYTES: usize = 20;
const MOST_COMMENT_BYTES: usize = 0xFFFF;
const MEMBER: &[u8] = b"PK\x01\x02";
const MEMBER_BYTES: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;

#[salsa::tracked(returns(ref))]
pub(super) fn read(db: &dyn Db, file: Entry, minor: u8) -> Option<Archive> {
    if !file.is_file(db) {
        return None;
    }
    Archive::read(&file.bytes(db).ok()?, PythonVersion::new(3, minor))
}

/// Where the list of members is.
struct Directory {
    /// Of the bytes at the end that tell the rest.
    end: u64,
    bytes: u64,
    /// As the archive says it; bytes put before the archive move it.
    start: u64,
    members: u64,
}

impl Archive {
    /// `zipimport._read_directory`; `None` where it raises.
    pub fn read(bytes: &[u8], version: PythonVersion) -> Option<Self> {
        let directory = Directory::find(bytes, version)?;
        let position = directory.end.checked_sub(directory.bytes)?;
        let before = position.checked_sub(directory.start)?;
        let mut at = usize::try_from(position).ok()?;
        let mut found = Self::default();
        let mut count = 0;
        while bytes.get(at..at + 4)? == MEMBER {
            let head = bytes.get(at..at + MEMBER_BYTES)?;
            let [name, extra, comment] = [28, 30, 32].map(|from| usize::from(number16(head, from)));
            let name_at = at + MEMBER_BYTES;
            let raw = bytes.get(name_at..name_at + name)?;
            let extra_data = bytes.get(name_at + name..name_at + name + extra + comment)?;
            let mut sizes = [24, 20, 42].map(|from| u64::from(number32(head, from)));
            if version.at_least(13) {
                read_large(extra_data, &mut sizes)?;
            }
            let [size, packed, offset] = sizes;
            if offset > directory.start {
                return None;
            }
            let is_utf8 = number16(head, 8) & 0x800 != 0;
            let name = if is_utf8 { String::from_utf8(raw.to_vec()).ok()? } else { of_code_page(raw) };
            let data = match read_head(bytes, offset + before, packed, number16(head, 10), &name) {
                Some(head) => Data::Whole(head),
                None => Data::Broken,
            };
            let modified = (number16(head, 14), number16(head, 12));
            found.members.insert(name, Member { bytes: size, modified, data });
            at = name_at + head_rest(head);
            count += 1;
        }
        (!version.at_least(13) || count == directory.members).then_some(found)
    }

    fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Whether `directory`, which ends with a slash, is there because a member is below it (`zipimport._read_directory`
    /// of 3.14: what is before a name's last slash, and so on upwards; slashes at its end do not count).
    fn holds(&self, directory: &str) -> bool {
        let members = self.members.range(directory.to_owned()..).map(|(name, _)| name.as_str());
        let above = |name: &str| name.trim_end_matches('/').rfind('/').map(|at| at + 1);
        members.take_while(|name| name.starts_with(directory)).any(|name| {
            std::iter::successors(above(name), |&end| above(&name[..end])).any(|end| end == directory.len())
        })
    }

    /// `_get_module_code`: the member whose code would run; `None` where that raises an `ImportError`.
    fn file(&self, module: &str, version: PythonVersion) -> Option<String> {
        for (suffix, _) in ORDER {
            let name = format!("{module}{suffix}");
            let Some(member) = self.members.get(&name) else { continue };
            let Data::Whole(head) = &member.data else { return None };
            let Some(source) = name.strip_suffix('c') else { return Some(name) };
            let source = self.members.get(source).map(|source| (source.modified, source.bytes));
            match bytecode::state(head, source, version) {
                State::Valid => return Some(name),
                State::Stale => {}
                State::Bad => return None,
            }
        }
        None
    }
}

impl Directory {
    fn find(bytes: &[u8], version: PythonVersion) -> Option<Self> {
        let last = bytes.len().checked_sub(END_BYTES);
        let at = match last.filter(|&last| bytes[last..].starts_with(END)) {
            Some(last) if !version.at_least(13) => last,
            // A comment, or anything else, may follow since 3.8.
            _ if version.at_least(8) => {
                let large = if version.at_least(13) { END_64_BYTES + LOCATOR_64_BYTES } else { 0 };
                let from = bytes.len().saturating_sub(MOST_COMMENT_BYTES + END_BYTES + large);
                from + last_of(&bytes[from..], END)?
            }
            _ => return None,
        };
        let end = bytes.get(at..at + END_BYTES)?;
        if let Some(large) = at.checked_sub(END_64_BYTES + LOCATOR_64_BYTES)
            && version.at_least(13)
            && bytes[large..].starts_with(END_64)
        {
            let end = &bytes[large..];
            let [members, bytes, start] = [24, 40, 48].map(|from| number64(end, from));
            return Some(Self { end: large as u64, bytes, start, members });
        }
        let [bytes, start] = [12, 16].map(|from| u64::from(number32(end, from)));
        Some(Self { end: at as u64, bytes, start, members: u64::from(number16(end, 8)) })
    }
}

/// The bytes of a member's name, extra field and comment.
fn head_rest(head: &[u8]) -> usize {
    [28, 30, 32].map(|from| usize::from(number16(head, from))).iter().sum()
}

/// The extra field of zip64 has what is too large for the fields: size, packed size, offset. `None` where it is broken.
fn read_large(mut extra: &[u8], sizes: &mut [u64; 3]) -> Option<()> {
    if !sizes.contains(&u64::from(u32::MAX)) {
        return Some(());
    }
    while !extra.is_empty() {
        if extra.len() < 4 {
            return None;
        }
        let size = usize::from(number16(extra, 2));
        if extra.len() < 4 + size {
            return None;
        }
        if number16(extra, 0) == 1 {
            // As there: all that follows counts, not `size` bytes.
            let values = &extra[4..];
            if !values.len().is_multiple_of(8) || values.len() > 24 {
                return None;
            }
            let mut values = values.chunks(8).map(|value| number64(value, 0));
            for size in sizes.iter_mut().filter(|size| **size == u64::from(u32::MAX)) {
                *size = values.next()?;
            }
            break;
        }
        extra = &extra[4 + size..];
    }
    Some(())
}

/// The first bytes of a member's data, as `_get_data` reads it; `None` where it raises.
fn read_head(bytes: &[u8], offset: u64, packed: u64, method: u16, name: &str) -> Option<Head> {
    let at = usize::try_from(offset).ok()?;
    let local = bytes.get(at..at.checked_add(LOCAL_BYTES)?)?;
    if !local.starts_with(LOCAL) {
        return None;
    }
    let from = at + LOCAL_BYTES + usize::from(number16(local, 26)) + usize::from(number16(local, 28));
    let data = bytes.get(from..from.checked_add(usize::try_from(packed).ok()?)?)?;
    let mut head = Head::default();
    if name.as_bytes().ends_with(b".pyc") {
        if method == 0 {
            head.fill(data);
        } else {
            let mut start = Vec::new();
            DeflateDecoder::new(data).take(Head::BYTES).read_to_end(&mut start).ok()?;
            head.fill(&start);
        }
    }
    Some(head)
}

fn last_of(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).rposition(|window| window == mark)
}

fn number16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_le_bytes)
}

fn number32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn number64(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Code page 437, in which names are that are not marked as UTF-8: `cp437_table`.
fn of_code_page(bytes: &[u8]) -> String {
    const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
                         αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
    let upper: Vec<char> = UPPER.chars().collect();
    let letter = |byte: &u8| match byte.checked_sub(0x80) {
        Some(above) => upper.get(usize::from(above)).copied().unwrap_or('?'),
        None => char::from(*byte),
    };
    bytes.iter().map(letter).collect()
}

impl Search<'_> {
    /// `zipimporter.find_spec`, and `find_loader` before 3.10: `entry` is an archive, or a directory in one.
    pub(super) fn look_in_archive(&self, entry: &str, name: &str) -> Option<Hit> {
        let file = self.first_existing(entry)?;
        let archive = self.directories.archive(file, self.version())?;
        let module = format!("{}{}", self.prefix(&entry[file.len()..]), tail(name));
        if let Some((_, is_package)) =
            ORDER.iter().find(|(suffix, _)| archive.has(&format!("{module}{suffix}")))
        {
            let found = archive.file(&module, self.version());
            let origin = found.map_or_else(|| "<unknown>".to_owned(), |found| format!("{file}/{found}"));
            let above = origin.rsplit_once('/').map_or("", |(above, _)| above);
            return Some(Hit::Module(ModuleSpec {
                name: name.to_owned(),
                loader: Some(Loader::Zip),
                submodule_search_locations: is_package.then(|| vec![above.to_owned()]),
                has_location: true,
                cached: self.suffixes.cached(&origin),
                origin: Some(origin),
            }));
        }
        // Directories that the archive does not list count since 3.14 (gh-59110).
        let directory = format!("{module}/");
        let is_portion =
            archive.has(&directory) || (self.version().at_least(14) && archive.holds(&directory));
        is_portion.then(|| Hit::Portions(vec![format!("{file}/{module}")]))
    }

    /// `zipimporter.__init__`: the first path upwards that is there must be a file.
    fn first_existing<'e>(&self, entry: &'e str) -> Option<&'e str> {
        let mut path = entry;
        loop {
            match self.directories.kind(path) {
                Some(PathKind::File) => return Some(path),
                Some(_) => return None,
                None => path = path.rsplit_once('/')?.0,
            }
        }
    }

    /// `zipimporter.prefix`, from what follows the archive in the path entry.
    fn prefix(&self, rest: &str) -> String {
        if self.version().at_least(8) {
            let mut prefix = String::new();
            for part in rest.split('/').filter(|part| !part.is_empty()) {
                prefix.extend([part, "/"]);
            }
            return prefix;
        }
        // In C it was cut off as it stands.
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        if rest.is_empty() || rest.ends_with('/') { rest.to_owned() } else { format!("{rest}/") }
    }
}
