//! A file's bytes as text, as CPython's tokenizer reads them (PEP 263).

use encoding_rs::Encoding;

/// Why bytes are no Python text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// The encoding cookie names an encoding that is not known here.
    UnknownEncoding(String),
    /// The bytes are not valid in the file's encoding.
    Invalid(String),
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownEncoding(name) => write!(formatter, "unknown encoding: {name}"),
            Self::Invalid(name) => write!(formatter, "the bytes are not valid {name}"),
        }
    }
}

/// Decodes a source file: a byte order mark, else the cookie in line 1 or 2, else UTF-8. Where bytes are invalid the
/// text still comes back, with U+FFFD for them, beside the error.
pub fn decode(bytes: &[u8]) -> (String, Option<DecodeError>) {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return with(encoding_rs::UTF_8, rest);
    }
    let Some(label) = cookie(bytes) else {
        return with(encoding_rs::UTF_8, bytes);
    };
    match named(&label) {
        Some(encoding) => with(encoding, bytes),
        None => (String::from_utf8_lossy(bytes).into_owned(), Some(DecodeError::UnknownEncoding(label))),
    }
}

fn with(encoding: &'static Encoding, bytes: &[u8]) -> (String, Option<DecodeError>) {
    let (text, invalid) = encoding.decode_without_bom_handling(bytes);
    (text.into_owned(), invalid.then(|| DecodeError::Invalid(encoding.name().to_lowercase())))
}

/// Python's names for encodings that the web's table spells otherwise.
fn named(label: &str) -> Option<&'static Encoding> {
    let label = label.to_ascii_lowercase().replace('_', "-");
    match label.as_str() {
        label if label.starts_with("utf-8") => Some(encoding_rs::UTF_8),
        "latin-1" | "iso-8859-1" | "iso-latin-1" => Some(encoding_rs::WINDOWS_1252),
        label if label.starts_with("latin-1-") || label.starts_with("iso-8859-1-") => {
            Some(encoding_rs::WINDOWS_1252)
        }
        label => Encoding::for_label(label.as_bytes())
            .or_else(|| Encoding::for_label(label.replacen("cp", "windows-", 1).as_bytes())),
    }
}

/// The encoding that a comment in one of the first two lines names: `^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)`.
fn cookie(bytes: &[u8]) -> Option<String> {
    for (number, line) in bytes.split(|&byte| byte == b'\n' || byte == b'\r').take(2).enumerate() {
        let code = line.trim_ascii_start();
        if !code.starts_with(b"#") {
            // The second line counts only after a blank or comment line.
            if number == 0 && code.is_empty() {
                continue;
            }
            return None;
        }
        if let Some(label) = cookie_of(code) {
            return Some(label);
        }
    }
    None
}

fn cookie_of(comment: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(comment);
    let mut rest: &str = &text;
    while let Some(at) = rest.find("coding") {
        rest = &rest[at + "coding".len()..];
        if let Some(after) = rest.strip_prefix([':', '=']) {
            let label: String = after
                .trim_start_matches([' ', '\t'])
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                .collect();
            if !label.is_empty() {
                return Some(label);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_marks_and_their_absence() {
        assert_eq!(decode("\u{feff}x = 'é'".as_bytes()), ("x = 'é'".into(), None));
        assert_eq!(decode(b"# -*- coding: latin-1 -*-\nx = '\xe9'").0, "# -*- coding: latin-1 -*-\nx = 'é'");
        assert_eq!(
            decode(b"#!/usr/bin/python\n# vim: set fileencoding=cp1251 :\n'\xe9'").0.chars().last(),
            Some('\'')
        );
        assert_eq!(decode(b"x = 1\n# coding: latin-1\n'\xe9'").1, Some(DecodeError::Invalid("utf-8".into())));
        assert_eq!(decode(b"# coding: klingon").1, Some(DecodeError::UnknownEncoding("klingon".into())));
    }
}
