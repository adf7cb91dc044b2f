//! Simple statements of one line, as text: what an edit can take hold of.

use speclens_source::Span;

/// A simple statement that has its lines to itself.
pub(super) struct Statement<'t> {
    /// The white space before it.
    pub indent: &'t str,
    /// Its text, without a comment behind it.
    pub code: &'t str,
    /// The offset of its first character.
    pub start: usize,
}

/// Words that a statement begins with that is no expression and no assignment.
const KEYWORDS: &[&str] = &[
    "assert", "async", "await", "break", "case", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "match", "nonlocal", "pass", "raise", "return",
    "try", "type", "while", "with", "yield",
];

impl<'t> Statement<'t> {
    /// The statement on whose line the whole span stands; `None` where the line is no simple statement of its own.
    pub fn around(text: &'t str, span: Span) -> Option<Self> {
        let from = text.get(..span.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(from..)?.lines().next()?;
        if span.end as usize > from + line.len() {
            return None;
        }
        let (code, is_whole) = without_comment(line);
        let indent = &code[..code.len() - code.trim_start().len()];
        let trimmed = code.trim();
        let is_simple = is_whole && !trimmed.ends_with([':', '\\', ',']) && !trimmed.contains(';');
        (is_simple && !trimmed.is_empty()).then(|| Self { indent, code: trimmed, start: from + indent.len() })
    }

    /// The offset behind its last character.
    pub fn end(&self) -> usize {
        self.start + self.code.len()
    }

    pub fn covers(&self, span: Span) -> bool {
        self.start <= span.start as usize && span.end as usize <= self.end()
    }

    /// Its lines, with the line break.
    pub fn whole_lines(&self, text: &str) -> (usize, usize) {
        let end = text[self.end()..].find('\n').map_or(text.len(), |at| self.end() + at + 1);
        (self.start - self.indent.len(), end)
    }

    /// `name = value`.
    pub fn assignment(&self) -> Option<(&'t str, &'t str)> {
        let (name, value) = self.code.split_once(" = ")?;
        let is_name =
            name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(char::is_numeric);
        (is_name && !value.contains(" = ")).then_some((name, value))
    }

    /// Whether it is an expression and nothing more.
    pub fn is_expression(&self) -> bool {
        let word = self.code.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        !KEYWORDS.contains(&word) && !has_assignment(self.code)
    }
}

/// The text before a comment, and whether all brackets and strings in it are closed.
fn without_comment(line: &str) -> (&str, bool) {
    let (mut quote, mut depth, mut escaped) = (None, 0i32, false);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, '#') => return (&line[..at], depth == 0),
            (None, _) => {}
        }
    }
    (line, depth == 0 && quote.is_none())
}

/// Whether there is a `=` outside of brackets that is no comparison.
fn has_assignment(code: &str) -> bool {
    let mut depth = 0i32;
    let bytes = code.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or_default();
        let after = bytes.get(at + 1).copied().unwrap_or_default();
        *byte == b'=' && depth == 0 && after != b'=' && !matches!(before, b'=' | b'!' | b'<' | b'>')
    })
}

/// `os.path.join(…, "a", "b")` around an expression that is its first argument: the place of the call, and the names.
pub(super) fn join_around(text: &str, start: usize, end: usize) -> Option<(usize, usize, Vec<String>)> {
    const CALL: &str = "os.path.join(";
    let call = text.get(..start)?.strip_suffix(CALL)?.len();
    let rest = text.get(end..)?.strip_prefix(", ")?;
    let close = rest.find(')')?;
    let names = rest[..close].split(", ").map(|name| {
        let inner = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let inner = inner.or_else(|| name.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')))?;
        (!inner.is_empty() && !inner.contains(['"', '\'', '\\'])).then(|| inner.to_owned())
    });
    let names: Option<Vec<String>> = names.collect();
    Some((call, end + ", ".len() + close + 1, names?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(text: &str, part: &str) -> Option<(String, String)> {
        let start = u32::try_from(text.find(part)?).ok()?;
        let end = start + u32::try_from(part.len()).ok()?;
        let statement = Statement::around(text, Span { start, end })?;
        Some((statement.indent.to_owned(), statement.code.to_owned()))
    }

    #[test]
    fn a_statement_has_its_line_to_itself() {
        let found = around("x = 1\n    y = f('#')  # why\n", "f(");
        assert_eq!(found, Some(("    ".to_owned(), "y = f('#')".to_owned())));
        assert_eq!(around("if f():\n", "f("), None);
        assert_eq!(around("g(f(),\n  1)\n", "f("), None);
        assert_eq!(around("a; f()\n", "f("), None);
    }

    #[test]
    fn an_expression_is_no_assignment() {
        let is_expression = |code| Statement { indent: "", code, start: 0 }.is_expression();
        assert!(is_expression("f(a=1) == 2"));
        assert!(!is_expression("x[0] = f()"));
        assert!(!is_expression("x += f()"));
        assert!(!is_expression("return f()"));
    }

    #[test]
    fn joined_names_are_literals() {
        let text = "open(os.path.join(D, \"a\", 'b'))";
        let at = text.find('D').unwrap_or_default();
        assert_eq!(join_around(text, at, at + 1), Some((5, 30, vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(join_around("os.path.join(D, x)", 13, 14), None);
    }
}
