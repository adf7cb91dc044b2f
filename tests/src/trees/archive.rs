//! Zip files, whole and broken.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::interpreter::Facts;
use super::tree::{SUFFIXES, stem};

/// A member of a zip file.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name; with a slash at its end it is a directory.
    pub name: String,
    /// Its bytes.
    pub content: Content,
}

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// Nothing, which is a module of source, and no bytecode.
    Empty,
    /// Fewer bytes than the head of bytecode has.
    Short,
    /// Bytecode of another version.
    OtherMagic,
    /// Bytecode with the time and size of the source beside it.
    Fresh,
    /// Bytecode with another time.
    Stale,
    /// Bytecode that names no source's time, and is not checked (PEP 552).
    Unchecked,
    /// Bytecode with flags that no version knows.
    OddFlags,
}

/// How the file as a whole is.
#[derive(Debug, Clone)]
pub enum Shape {
    /// As it should be.
    Plain,
    /// With bytes before it, as an executable archive has them.
    Before(usize),
    /// With bytes behind it.
    After(usize),
    /// With a comment.
    Comment,
    /// Each member with the fields of zip64.
    Large,
    /// Cut off.
    Cut(usize),
    /// One byte of the directory at the end is another.
    Changed(usize, u8),
    /// The number of members is wrong.
    Miscounted,
    /// Names are not marked as UTF-8.
    CodePage,
}

/// A zip file.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Its members, of which the last of one name counts.
    pub members: Vec<Member>,
    /// Whether they are compressed.
    pub deflated: bool,
    /// How the file is.
    pub shape: Shape,
}

/// 1 March 2020, 12:00:00 UTC, which is the time of all members.
const TIME: u32 = 1_583_064_000;

impl Archive {
    /// The file.
    pub fn bytes(&self, facts: &Facts) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let method = if self.deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let time = DateTime::from_date_and_time(2020, 3, 1, 12, 0, 0).expect("a time");
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(time)
            .large_file(matches!(self.shape, Shape::Large));
        for member in &self.members {
            // The writer takes no name twice.
            if writer.start_file(member.name.as_str(), options).is_ok() {
                writer.write_all(&member.content.bytes(facts)).expect("memory");
            }
        }
        if matches!(self.shape, Shape::Comment) {
            writer.set_comment("a comment");
        }
        let mut bytes = writer.finish().expect("memory").into_inner();
        let directory = position(&bytes, b"PK\x01\x02").unwrap_or(0);
        let end = bytes.len().saturating_sub(22);
        match self.shape {
            Shape::Plain | Shape::Comment | Shape::Large => {}
            Shape::Before(count) => bytes = [vec![b'#'; count], bytes].concat(),
            Shape::After(count) => bytes.extend(vec![b'#'; count]),
            Shape::Cut(count) => bytes.truncate(bytes.len().saturating_sub(count)),
            Shape::Changed(at, by) => {
                let at = directory + at % (bytes.len() - directory);
                // Another time could be that of another time zone, which the model cannot tell.
                let head = bytes[..at].windows(4).rposition(|window| window == b"PK\x01\x02");
                if head.is_none_or(|head| !(12..16).contains(&(at - head))) {
                    bytes[at] = bytes[at].wrapping_add(by);
                }
            }
            Shape::Miscounted => bytes[end + 8] = bytes[end + 8].wrapping_add(1),
            Shape::CodePage => {
                let mut from = 0;
                while let Some(at) = position(&bytes[from..], b"PK\x01\x02") {
                    bytes[from + at + 9] &= !8;
                    from += at + 4;
                }
            }
        }
        bytes
    }
}

fn position(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

impl Content {
    fn bytes(self, facts: &Facts) -> Vec<u8> {
        // Before 3.7 the head has no flags.
        let old = facts.tag == "cpython-36";
        let head = |flags: u32, time: u32| {
            let flags = if old { Vec::new() } else { flags.to_le_bytes().to_vec() };
            [facts.magic.as_slice(), &flags, &time.to_le_bytes(), &0u32.to_le_bytes(), &facts.code].concat()
        };
        match self {
            Self::Empty => Vec::new(),
            Self::Short => facts.magic[..3].to_vec(),
            Self::OtherMagic => [&[1, 2, 13, 10], &head(0, TIME)[4..]].concat(),
            Self::Fresh => head(0, TIME),
            Self::Stale => head(0, TIME + 100),
            Self::Unchecked => head(1, 7),
            Self::OddFlags => head(8, TIME),
        }
    }
}

pub(super) fn archives() -> impl Strategy<Value = Archive> {
    let content = prop_oneof![
        1 => Just(Content::Empty),
        1 => Just(Content::Short),
        1 => Just(Content::OtherMagic),
        3 => Just(Content::Fresh),
        1 => Just(Content::Stale),
        1 => Just(Content::Unchecked),
        1 => Just(Content::OddFlags),
    ];
    let leaf = prop_oneof![
        4 => (stem(), prop::sample::select(SUFFIXES)).prop_map(|(stem, suffix)| format!("{stem}{suffix}")),
        2 => prop::sample::select(vec!["__init__.py", "__init__.pyc"]).prop_map(str::to_owned),
        2 => stem().prop_map(|stem| format!("{stem}/")),
        1 => prop::sample::select(vec!["../a.py", "/a.py", "./a.py", "pkg\\a.py", "/"]).prop_map(str::to_owned),
    ];
    let name = (prop::collection::vec(stem(), 0..3), leaf)
        .prop_map(|(above, leaf)| above.into_iter().chain([leaf]).collect::<Vec<_>>().join("/"));
    let member = (name, content).prop_map(|(name, content)| {
        // Only empty source is a module whatever is in it.
        let content = if name.as_bytes().ends_with(b".pyc") { content } else { Content::Empty };
        Member { name, content }
    });
    let shape = prop_oneof![
        6 => Just(Shape::Plain),
        1 => (1..200usize).prop_map(Shape::Before),
        1 => prop_oneof![1..200usize, 65_000..66_000usize].prop_map(Shape::After),
        1 => Just(Shape::Comment),
        1 => Just(Shape::Large),
        1 => (1..60usize).prop_map(Shape::Cut),
        3 => (0..500usize, 1..=255u8).prop_map(|(at, by)| Shape::Changed(at, by)),
        1 => Just(Shape::Miscounted),
        1 => Just(Shape::CodePage),
    ];
    (prop::collection::vec(member, 0..8), any::<bool>(), shape)
        .prop_map(|(members, deflated, shape)| Archive { members, deflated, shape })
}
