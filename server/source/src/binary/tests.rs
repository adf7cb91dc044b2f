use std::io::Cursor;
use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;

use super::cython::StringTable;
use super::*;

/// The text strings of a module as Cython 3.3 sorts them, and its bytes strings.
const SORTED: [&str; 17] = [
    "",
    "\n    Whether the time zone is one of dateutil's, \u{201c}as it were\u{201d}.\n    Whether the time zone is UTC.\n    ",
    "Note that Cython is deliberately stricter than PEP-484 and rejects subclasses of builtin types.",
    "pandas/_libs/tslibs/timezones.pyx",
    "__main__",
    "__module__",
    "__name__",
    "__qualname__",
    "__test__",
    "_dateutil_tzlocal",
    "dateutil.tz",
    "dateutil.tz.tz",
    "dateutil_gettz",
    "f[ndarray[float64_t,ndim=1]]",
    "get_timezone.<locals>.is_utc",
    "pandas._libs.tslibs.timezones",
    "tzutc",
];
const BYTES: [&[u8]; 2] =
    [b"\x80\x01\xf0\x0c\x00\x05\x11\x90\x01\x90\x11\x90(\x98!\xe0\x04\x05", b"\xd0\x04 \xa0A"];

fn text(strings: &[&str]) -> Vec<u8> {
    strings.iter().map(|string| string.as_bytes()).chain(BYTES).collect::<Vec<_>>().concat()
}

fn words<'a>(strings: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    strings.into_iter().flat_map(|string| u32::try_from(string.len()).unwrap().to_le_bytes()).collect()
}

/// A section with what compilers put around the array of lengths and the text.
fn section(index: &[u8], data: &[u8]) -> Vec<u8> {
    let mut section =
        b"\0cython_runtime\0__pyx_capi__\0import numpy failed\0o|w7g\0\x05\0\0\0\x07\0\0\0".to_vec();
    for part in [index, data] {
        section.resize(section.len().next_multiple_of(32), 0);
        section.extend(part);
    }
    section.extend([0, 0, 0xff, 0xff, 0x7f, 3, 1, 2]);
    section
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Encodes with the nearest longest repetition.
fn lzss(text: &[u8]) -> Vec<u8> {
    let (mut output, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let flags_at = output.len();
        output.push(0);
        for bit in 0..8 {
            if at == text.len() {
                break;
            }
            let repeated = |start: usize| {
                let limit = (at - start).min(258);
                text[at..].iter().zip(&text[start..start + limit]).take_while(|(a, b)| a == b).count()
            };
            let start = (0..at).rev().take(16000).max_by_key(|&start| repeated(start)).unwrap_or_default();
            let length = if at == 0 { 0 } else { repeated(start) };
            let distance = at - start - length;
            let byte = |value: usize| u8::try_from(value).unwrap();
            match distance.checked_sub(0x80) {
                _ if length < 4 => {
                    output[flags_at] |= 1 << bit;
                    output.push(text[at]);
                    at += 1;
                    continue;
                }
                None => output.extend([byte(distance), byte(length - 3)]),
                Some(far) if far < 1 << 9 && length - 3 < 1 << 5 => {
                    output.extend([byte(far & 0x7f | 0x80), byte((far & 0x180) >> 2 | (length - 3))]);
                }
                Some(far) => {
                    output.extend([byte(far & 0x7f | 0x80), byte(far >> 7 & 0x7f | 0x80), byte(length - 3)]);
                }
            }
            at += length;
        }
    }
    output
}

fn strings(section: &[u8]) -> Vec<Vec<u8>> {
    let table = StringTable::find(&[&[], section]);
    table.iter().flat_map(StringTable::strings).map(<[u8]>::to_vec).collect()
}

fn bytes_of(strings: &[&str]) -> Vec<Vec<u8>> {
    strings.iter().map(|string| string.as_bytes().to_vec()).collect()
}

#[test]
fn lzss_with_the_lengths_of_text() {
    let index = words(SORTED.map(str::as_bytes));
    assert_eq!(strings(&section(&index, &lzss(&text(&SORTED)))), bytes_of(&SORTED));
}

#[test]
fn lzss_of_long_distances() {
    let numbered: Vec<String> = (1000..3000).map(|number| format!("name_{number}_of_a_function")).collect();
    let mut all: Vec<&str> = SORTED.into_iter().chain(numbered.iter().map(String::as_str)).collect();
    all[4..].sort_unstable();
    let index = words(all.iter().map(|string| string.as_bytes()));
    assert_eq!(strings(&section(&index, &lzss(&text(&all)))), bytes_of(&all));
}

#[test]
fn zlib_with_the_lengths_of_all() {
    let mut by_c_name = SORTED;
    by_c_name.swap(0, 2);
    by_c_name.swap(14, 16);
    let index = words(by_c_name.iter().map(|string| string.as_bytes()).chain(BYTES));
    let all: Vec<_> = bytes_of(&by_c_name).into_iter().chain(BYTES.map(<[u8]>::to_vec)).collect();
    assert_eq!(strings(&section(&index, &zlib(&text(&by_c_name)))), all);
}

#[test]
fn zlib_with_the_lengths_of_text() {
    let index = words(SORTED.map(str::as_bytes));
    assert_eq!(strings(&section(&index, &zlib(&text(&SORTED)))), bytes_of(&SORTED));
}

#[test]
fn text_that_is_not_compressed() {
    let index = words(SORTED.map(str::as_bytes));
    assert_eq!(strings(&section(&index, &text(&SORTED))), bytes_of(&SORTED));
}

#[test]
fn nothing_without_the_lengths() {
    let other = words(SORTED.map(|string| &string.as_bytes()[..string.len() / 2]));
    for data in [lzss(&text(&SORTED)), zlib(&text(&SORTED)), text(&SORTED)] {
        assert_eq!(strings(&section(&other, &data)), Vec::<Vec<u8>>::new());
    }
}

#[test]
fn names_of_the_table() {
    let section = section(&words(SORTED.map(str::as_bytes)), &lzss(&text(&SORTED)));
    let facts = BinaryFacts::of_sections(&[&section]);
    let dotted = ["dateutil.tz", "dateutil.tz.tz", "pandas._libs.tslibs.timezones"];
    assert_eq!(facts.dotted_names.iter().map(Name::as_str).collect::<Vec<_>>(), dotted);
    assert!(["tzutc", "dateutil_gettz", "__pyx_capi__"].iter().all(|name| facts.mentions(name)));
    let other = section.iter().map(|&byte| if byte == b'y' { b'_' } else { byte }).collect::<Vec<_>>();
    assert!(BinaryFacts::of_sections(&[&other]).dotted_names.is_empty());
}

/// A library of macOS for one processor: a segment with a section of strings, and one without sections.
fn mach_o(strings: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut words = |words: &[u32]| file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    let name = |name: &[u8; 16]| -> Vec<u32> {
        name.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
    };
    let size = u32::try_from(strings.len()).unwrap();
    let data = 32 + 72 + 80 + 72;
    words(&[0xfeed_facf, 0x0100_000c, 0, 8, 2, 72 + 80 + 72, 0, 0]);
    words(&[0x19, 72 + 80]);
    words(&name(b"__TEXT\0\0\0\0\0\0\0\0\0\0"));
    words(&[0, 0, size, 0, data, 0, size, 0, 5, 5, 1, 0]);
    words(&name(b"__cstring\0\0\0\0\0\0\0"));
    words(&name(b"__TEXT\0\0\0\0\0\0\0\0\0\0"));
    words(&[0, 0, size, 0, data, 0, 0, 0, 2, 0, 0, 0]);
    words(&[0x19, 72]);
    words(&name(b"__LINKEDIT\0\0\0\0\0\0"));
    words(&[0; 12]);
    file.extend(strings);
    file
}

#[test]
fn libraries_of_mac_os() {
    let thin = mach_o(b"\0numpy.core\0");
    let size = u32::try_from(thin.len()).unwrap();
    let fat = [0xcafe_babe, 1, 0x0100_000c, 0, 28, size, 0_u32];
    let fat = [&fat.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>()[..], &thin].concat();
    for file in [thin, fat] {
        // A file in memory may begin anywhere.
        for start in 0..8 {
            let moved = [&vec![0; start][..], &file].concat();
            let facts = BinaryFacts::of_data(&moved[start..]);
            assert_eq!(BinaryFacts::of_file(Box::new(Cursor::new(moved[start..].to_vec()))), facts);
            assert_eq!(facts.dotted_names.iter().map(Name::as_str).collect::<Vec<_>>(), ["numpy.core"]);
        }
    }
}

/// What each place of would be tried for long, were there no limit.
#[test]
fn slow_files_end() {
    let start = Instant::now();
    let text = text(&SORTED);
    let stored = [&[0x78, 0x01][..], &[0, 0, 0, 0xff, 0xff].repeat(3)].concat();
    let bomb = zlib(&[&text[..], &vec![b'a'; 64 << 20]].concat());
    let alike = zlib(&[&vec![b'a'; 2 << 20][..], b"__main____name__"].concat());
    let long_strings = [&alike[..], &[0x20, 0xa1, 7, 0, 0x21, 0xa1, 7, 0].repeat(10_000)].concat();
    let bombs = [&zlib(&vec![b'a'; 64 << 20])[..], &bomb].concat();
    for pattern in [
        &b"\xffaaaaaaaa"[..],
        b"\xff__main____name__",
        &lzss(&text),
        &[&words(SORTED.map(str::as_bytes))[..20], &lzss(&text)].concat(),
        &[&zlib(&text)[..], &[1, 0, 0, 0].repeat(9)].concat(),
        &stored,
        &bombs,
        &long_strings,
        &[1, 0, 0, 0],
        &[0xff],
        &[0],
    ] {
        let section = pattern.repeat((4 << 20) / pattern.len());
        StringTable::find(&[&section, &section]);
    }
    assert!(start.elapsed() < Duration::from_mins(2), "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        let facts = BinaryFacts::of_data(bytes.as_slice());
        prop_assert_eq!(BinaryFacts::of_file(Box::new(Cursor::new(bytes.clone()))), facts);
        BinaryFacts::of_sections(&[b"\0cython_runtime\0", &bytes]);
    }

    #[test]
    fn any_damage(at in 0_usize..1500, byte in any::<u8>(), cut in 0_usize..1500, compressed in any::<bool>()) {
        let text = text(&SORTED);
        let data = if compressed { zlib(&text) } else { lzss(&text) };
        let mut section = section(&words(SORTED.map(str::as_bytes)), &data);
        section.truncate(section.len() - cut.min(section.len()));
        if let Some(damaged) = section.get_mut(at) {
            *damaged = byte;
        }
        BinaryFacts::of_sections(&[&section]);
    }
}
