//! `# speclens: ignore[rule, other]`.

use std::ops::Range;

use super::lines::Line;

/// A comment that silences findings, in byte offsets of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ignore {
    /// The line's index.
    pub line: usize,
    /// From the `#` to the last character that belongs to it.
    pub place: Range<usize>,
    /// The rules that it names; `None` where it silences all.
    pub names: Option<Vec<Range<usize>>>,
}

/// The ignores of a text, at most one on a line.
pub(super) fn ignores(text: &str, lines: &[Line]) -> Vec<Ignore> {
    let in_line = |(index, line): (usize, &Line)| {
        let comment = line.comment?;
        let marks = text[comment..line.text.end].match_indices('#');
        marks
            .filter_map(|(at, _)| parse(text, comment + at..line.text.end))
            .next()
            .map(|(place, names)| Ignore { line: index, place, names })
    };
    lines.iter().enumerate().filter_map(in_line).collect()
}

type Parsed = (Range<usize>, Option<Vec<Range<usize>>>);

/// An ignore at the start of a piece of a comment.
fn parse(text: &str, piece: Range<usize>) -> Option<Parsed> {
    let comment = &text[piece.clone()];
    let rest = comment.strip_prefix('#')?.trim_start().strip_prefix("speclens:")?.trim_start();
    let rest = rest.strip_prefix("ignore")?;
    let end = piece.end - rest.len();
    let Some(list) = rest.strip_prefix('[') else {
        let is_whole = rest.chars().next().is_none_or(|next| next.is_whitespace() || next == '#');
        return is_whole.then_some((piece.start..end, None));
    };
    // What is not closed silences nothing: the rest of the comment is taken for names.
    let (list, close) = list.split_once(']').map_or((list, 0), |(list, _)| (list, 1));
    let mut names = Vec::new();
    let mut at = end + 1;
    for name in list.split(',') {
        let start = at + (name.len() - name.trim_start().len());
        if !name.trim().is_empty() {
            names.push(start..start + name.trim().len());
        }
        at += name.len() + 1;
    }
    Some((piece.start..end + 1 + list.len() + close, Some(names)))
}

#[cfg(test)]
mod tests {
    use super::super::lines::lines;
    use super::*;

    fn parsed(text: &str) -> Option<(&str, Option<Vec<&str>>)> {
        let found = ignores(text, &lines(text));
        let ignore = found.first()?;
        let names = ignore.names.as_ref();
        Some((
            &text[ignore.place.clone()],
            names.map(|names| names.iter().map(|name| &text[name.clone()]).collect()),
        ))
    }

    #[test]
    fn forms() {
        assert_eq!(parsed("x # speclens: ignore"), Some(("# speclens: ignore", None)));
        assert_eq!(parsed("x #speclens:ignore  # noqa"), Some(("#speclens:ignore", None)));
        assert_eq!(
            parsed("x  # noqa  # speclens: ignore[a, b ] because"),
            Some(("# speclens: ignore[a, b ]", Some(vec!["a", "b"])))
        );
        assert_eq!(parsed("x # speclens: ignore[]"), Some(("# speclens: ignore[]", Some(vec![]))));
        assert_eq!(parsed("x # speclens: ignore[a"), Some(("# speclens: ignore[a", Some(vec!["a"]))));
        for other in
            ["x # speclens: ignored", "x # see speclens: ignore", "'# speclens: ignore'", "x # speclens"]
        {
            assert_eq!(parsed(other), None, "{other}");
        }
    }
}
