//! The lines of a Python text, with the comment that each ends with.

use std::ops::Range;

/// One line, in byte offsets of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Without the end of line.
    pub text: Range<usize>,
    /// Where its comment starts.
    pub comment: Option<usize>,
    /// A comment can stand at its end: no string and no backslash goes on to the next line.
    pub is_open_to_comments: bool,
}

/// The string that the text is in.
#[derive(Clone, Copy)]
struct Quotes {
    mark: u8,
    is_triple: bool,
}

/// All lines of a text.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut quotes: Option<Quotes> = None;
    let mut start = 0;
    while start < text.len() {
        let length = text[start..].find(['\n', '\r']).unwrap_or(text.len() - start);
        let end = start + length;
        let (comment, goes_on) = scan(&text.as_bytes()[start..end], &mut quotes);
        lines.push(Line {
            text: start..end,
            comment: comment.map(|at| start + at),
            is_open_to_comments: !goes_on,
        });
        start = end + if text[end..].starts_with("\r\n") { 2 } else { 1 };
    }
    lines
}

/// Where the line's comment starts, and whether a string or a backslash goes on behind its end.
fn scan(line: &[u8], quotes: &mut Option<Quotes>) -> (Option<usize>, bool) {
    let mut at = 0;
    while at < line.len() {
        let byte = line[at];
        let is_triple = line[at..].starts_with(&[byte; 3]);
        match *quotes {
            Some(_) if byte == b'\\' => at += 1,
            Some(Quotes { mark, is_triple: true }) if byte == mark && is_triple => {
                *quotes = None;
                at += 2;
            }
            Some(Quotes { mark, is_triple: false }) if byte == mark => *quotes = None,
            Some(_) => {}
            None if byte == b'#' => return (Some(at), false),
            None if matches!(byte, b'"' | b'\'') => {
                *quotes = Some(Quotes { mark: byte, is_triple });
                at += if is_triple { 2 } else { 0 };
            }
            None => {}
        }
        at += 1;
    }
    let continues = line.last() == Some(&b'\\');
    // A string with single quotes ends with its line, unless the line is continued.
    if quotes.is_some_and(|quotes| !quotes.is_triple) && !continues {
        *quotes = None;
    }
    (None, continues || quotes.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_told_from_strings() {
        let text = "a = '#'  # one\nb = \"\"\"#\n# no\n\"\"\" # two\nc = 'it\\'s # no' \\\n  + d\r\ne = r'\\' # three'\nf = 'broken # no\n# four";
        let found: Vec<Option<&str>> =
            lines(text).iter().map(|line| line.comment.map(|at| &text[at..line.text.end])).collect();
        let expected = [Some("# one"), None, None, Some("# two"), None, None, None, None, Some("# four")];
        assert_eq!(found, expected);
        let open: Vec<bool> = lines(text).iter().map(|line| line.is_open_to_comments).collect();
        assert_eq!(open, [true, false, false, true, false, true, true, true, true]);
    }
}
