//! The Python strings of a module that Cython compiled, 3.2 or newer.
//!
//! Older versions write each string by itself. These write one text of all strings, compressed where that saves enough
//! (3.2 with zlib, 3.3 with an LZSS of its own), and an array of the strings' lengths: the text strings that are not
//! interned, those that are, and the bytes strings, which 3.3 counts in another array. Nothing in the file says where
//! they are. So each place that may begin a compressed text is tried, and each that may begin the array for it; that a
//! text and an array belong together shows in the strings.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};

/// A longer text is not looked at. Bytes.
const MAX_TEXT: usize = 4 << 20;

/// A text begins with so many bytes of UTF-8: less says nothing, and what follows the text strings is no UTF-8.
const PROBE: usize = 64;

/// So many bytes of a stream hold its first `PROBE` bytes.
const PROBE_INPUT: usize = 1024;

/// Steps of work beside one look at each byte: what files made to be slow may cost.
const WORK: usize = 64 << 20;

/// Strings that Cython gives to each module: its tables have at least `ANCHORS_NEEDED` of them.
const ANCHORS: [&[u8]; 5] = [b"__main__", b"__name__", b"__test__", b"__module__", b"__qualname__"];
const ANCHORS_NEEDED: usize = 2;

/// The strings of a module, in one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StringTable {
    text: Vec<u8>,
    lengths: Vec<usize>,
}

impl StringTable {
    /// The table in the sections of a file that hold data.
    pub(super) fn find(sections: &[&[u8]]) -> Option<Self> {
        let mut search = Search { sections, work: WORK, probe: Vec::new() };
        let compressed = sections.iter().find_map(|section| search.compressed(section));
        compressed.or_else(|| sections.iter().find_map(|section| search.plain(section)))
    }

    /// The strings, text and bytes.
    pub(super) fn strings(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.text.as_slice();
        self.lengths.iter().map_while(move |&length| {
            let (string, behind) = rest.split_at_checked(length)?;
            rest = behind;
            Some(string)
        })
    }
}

/// A text as it was found.
struct Text<'a> {
    bytes: Cow<'a, [u8]>,
    /// Whether the text ends where the bytes do.
    whole: bool,
}

struct Search<'a> {
    sections: &'a [&'a [u8]],
    work: usize,
    probe: Vec<u8>,
}

impl Search<'_> {
    /// None, from here on, when so much work is not left.
    fn spend(&mut self, steps: usize) -> Option<()> {
        let left = self.work.checked_sub(steps);
        self.work = left.unwrap_or_default();
        left.map(drop)
    }

    fn compressed(&mut self, section: &[u8]) -> Option<StringTable> {
        for (at, start) in section.windows(4).enumerate() {
            let found = match *start {
                // RFC 1950: deflate with a window of 32 kB, no dictionary, and a checksum.
                [0x78, flags, ..] if (0x7800 + u16::from(flags)) % 31 == 0 && flags & 0x20 == 0 => {
                    self.zlib(section.get(at..)?)
                }
                // Nothing can repeat before three bytes stand there.
                [flags, first, ..] if flags & 7 == 7 && first < 0x80 => self.lzss(section.get(at..)?),
                _ => None,
            };
            if let Some(text) = found
                && let Some(table) = self.table(&text)
            {
                return Some(table);
            }
            if self.work == 0 {
                break;
            }
        }
        None
    }

    fn zlib(&mut self, input: &[u8]) -> Option<Text<'static>> {
        self.spend(PROBE_INPUT)?;
        let mut probe = [0; PROBE];
        let mut stream = Decompress::new(true);
        stream
            .decompress(input.get(..PROBE_INPUT).unwrap_or(input), &mut probe, FlushDecompress::None)
            .ok()?;
        let length = usize::try_from(stream.total_out()).ok()?;
        is_start_of_text(probe.get(..length)?).then_some(())?;
        let (mut stream, mut text) = (Decompress::new(true), Vec::with_capacity(PROBE_INPUT));
        loop {
            let (read, written) = (usize::try_from(stream.total_in()).ok()?, text.len());
            let status = stream.decompress_vec(input.get(read..)?, &mut text, FlushDecompress::None).ok()?;
            let read_now = usize::try_from(stream.total_in()).ok()? - read;
            self.spend(read_now + text.len() - written + 1)?;
            if status == Status::StreamEnd {
                return has_anchors(&text).then_some(Text { bytes: text.into(), whole: true });
            }
            if text.len() < text.capacity() || text.len() >= MAX_TEXT {
                return None;
            }
            text.reserve(text.len());
        }
    }

    fn lzss(&mut self, input: &[u8]) -> Option<Text<'static>> {
        self.probe.clear();
        lzss(input, PROBE, &mut self.probe);
        self.spend(1 + self.probe.len())?;
        is_start_of_text(&self.probe).then_some(())?;
        let mut text = Vec::new();
        lzss(input, MAX_TEXT, &mut text);
        self.spend(text.len())?;
        has_anchors(&text).then_some(Text { bytes: text.into(), whole: false })
    }

    /// A text that is not compressed is a string longer than the names in it.
    fn plain(&mut self, section: &[u8]) -> Option<StringTable> {
        let mut start = 0;
        for string in section.split(|&byte| byte == 0) {
            if string.len() >= PROBE && has_anchors(string) {
                let bytes = section.get(start..(start + MAX_TEXT).min(section.len()))?;
                let found = self.table(&Text { bytes: bytes.into(), whole: false });
                if found.is_some() || self.work == 0 {
                    return found;
                }
            }
            start += string.len() + 1;
        }
        None
    }

    /// The text with the lengths that cut it into strings, where some section has them.
    fn table(&mut self, text: &Text) -> Option<StringTable> {
        self.spend(self.sections.iter().map(|section| section.len() / 4).sum())?;
        let sections = self.sections;
        // The lengths of 3.2 may be sorted for a while.
        let whole = if text.whole { sections } else { &[] };
        let lengths = whole.iter().find_map(|section| self.index_by_sum(section, &text.bytes));
        let lengths = lengths
            .or_else(|| sections.iter().find_map(|section| self.index_by_order(section, &text.bytes)))?;
        let length = lengths.iter().sum();
        Some(StringTable { text: text.bytes.get(..length)?.to_vec(), lengths })
    }

    /// As 3.3 writes it: the array of the text strings alone, either kind of them sorted.
    fn index_by_order(&mut self, section: &[u8], text: &[u8]) -> Option<Vec<usize>> {
        for first in 0..section.len() / 4 {
            let words = Words(section.get(first * 4..)?);
            let mut strings = SortedStrings { words, next: 0, rest: text, ordered: None };
            let anchors = strings.by_ref().filter(|string| ANCHORS.contains(string)).count();
            if anchors >= ANCHORS_NEEDED {
                return (0..strings.next).map(|at| words.get(at)).collect();
            }
            // Most places hold no two strings that are sorted, and cost nothing more.
            self.spend(strings.next / 4 + (text.len() - strings.rest.len()) / 16)?;
        }
        None
    }

    /// As 3.2 writes it: one array for all, the strings in the order of their names in C.
    fn index_by_sum(&mut self, section: &[u8], text: &[u8]) -> Option<Vec<usize>> {
        let words = Words(section);
        let (mut first, mut sum) = (0, 0);
        for next in 0..section.len() / 4 {
            let length = words.get(next)?;
            if length > text.len() || length == 0 && sum == 0 {
                (first, sum) = (next + 1, 0);
                continue;
            }
            sum += length;
            while sum > text.len() {
                sum -= words.get(first)?;
                first += 1;
            }
            if sum < text.len() || length == 0 {
                continue;
            }
            let lengths = (first..=next).map(|at| words.get(at)).collect::<Option<Vec<_>>>()?;
            self.spend(lengths.len())?;
            let mut start = 0;
            let anchors = lengths.iter().filter(|&&length| {
                start += length;
                text.get(start - length..start).is_some_and(|string| ANCHORS.contains(&string))
            });
            if anchors.count() >= ANCHORS_NEEDED {
                return Some(lengths);
            }
        }
        None
    }
}

/// Bytes as an array of C's `unsigned int`, on machines that put the low byte first.
#[derive(Clone, Copy)]
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn get(self, index: usize) -> Option<usize> {
        let (word, _) = self.0.get(index.checked_mul(4)?..)?.split_first_chunk()?;
        usize::try_from(u32::from_le_bytes(*word)).ok()
    }
}

/// The strings that lengths cut off a text, as long as they are sorted: first any, then those that are interned.
struct SortedStrings<'t, 'w> {
    words: Words<'w>,
    next: usize,
    rest: &'t [u8],
    /// The string before, and whether it is interned for certain.
    ordered: Option<(&'t [u8], bool)>,
}

impl<'t> Iterator for SortedStrings<'t, '_> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        let length = self.words.get(self.next)?;
        let (string, rest) = self.rest.split_at_checked(length)?;
        let interned = match self.ordered {
            None => false,
            Some((before, interned)) if before < string => interned,
            Some((_, false)) => true,
            Some((_, true)) => return None,
        };
        // Signatures of C begin with a NUL: bytes strings.
        if interned && string.contains(&0) || std::str::from_utf8(string).is_err() {
            return None;
        }
        (self.next, self.rest, self.ordered) = (self.next + 1, rest, Some((string, interned)));
        Some(string)
    }
}

fn is_start_of_text(bytes: &[u8]) -> bool {
    let is_cut = |error: std::str::Utf8Error| error.error_len().is_none() && error.valid_up_to() > 0;
    // An array of small numbers has more.
    let has_few_nuls = bytes.split(|&byte| byte == 0).count() <= PROBE / 8;
    bytes.len() >= PROBE && has_few_nuls && std::str::from_utf8(bytes).map_or_else(is_cut, |_| true)
}

fn has_anchors(text: &[u8]) -> bool {
    let mut starts = text.windows(8).filter(|start| start.starts_with(b"__"));
    starts.any(|start| ANCHORS.contains(&start))
}

/// What the bytes decode to until they end, refer to what is not there, or `limit` is reached: a stream does not say
/// where it ends.
///
/// Eight flags, the lowest first, and what they tell of: a byte as it is (1), or a copy of bytes before (0). A copy is two
/// or three bytes, by the highest bits of the first two: the distance from the end of what is copied, and the length.
fn lzss(input: &[u8], limit: usize, output: &mut Vec<u8>) {
    let mut input = input.iter().map(|&byte| usize::from(byte));
    let mut decode = || {
        while output.len() < limit {
            let flags = input.next()?;
            for bit in 0..8 {
                let low = input.next()?;
                if flags >> bit & 1 == 1 {
                    output.push(u8::try_from(low).ok()?);
                    continue;
                }
                let high = input.next()?;
                let (distance, length) = match (low >> 7, high >> 7) {
                    (0, _) => (low, high),
                    (_, 0) => (0x80 + (high << 2 & 0x180 | low & 0x7f), high & 0x1f),
                    _ => (0x80 + ((high & 0x7f) << 7 | low & 0x7f), input.next()?),
                };
                let end = output.len().checked_sub(distance)?;
                output.extend_from_within(end.checked_sub(length + 3)?..end);
            }
        }
        Some(())
    };
    // An end in the middle of a copy is an end.
    let _: Option<()> = decode();
    output.truncate(limit);
}
