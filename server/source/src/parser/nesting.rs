//! How deep the parser will recurse, known before it starts: its tree is built, walked and dropped by recursion, and a
//! stack is finite.

/// What one level of a tree takes of the stack, with room to spare. Bytes.
const LEVEL_BYTES: usize = 3 << 10;
/// Every thread has this much left where a text is parsed. Bytes.
const USUAL_BYTES: usize = 1 << 20;
/// A text that needs more levels is not parsed: no one wrote it, and its stack would be larger than its worth.
const MAX_LEVELS: usize = 150_000;

/// The stack that there is to parse a text.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// How many levels of a tree it is enough for.
    pub levels: usize,
    /// The offset of the place where the text is deepest, if it is deeper than that.
    pub too_deep: Option<usize>,
}

/// Runs `work`, which parses `text` or what is left of it, with enough stack.
pub(super) fn with_stack<T>(text: &str, work: impl FnOnce(Room) -> T) -> T {
    let (depth, place) = deepest(text);
    let levels = (2 * depth).clamp(1_000, MAX_LEVELS);
    let bytes = USUAL_BYTES + levels * LEVEL_BYTES;
    let room = Room { levels, too_deep: (depth > levels).then_some(place) };
    stacker::maybe_grow(bytes, bytes, || work(room))
}

/// The offset of the place where a text is deepest, if it is deeper than `levels`.
pub(super) fn too_deep(text: &str, levels: usize) -> Option<usize> {
    let (depth, place) = deepest(text);
    (depth > levels).then_some(place)
}

/// An upper bound of the depth of the tree, and where it is reached. Brackets nest, and so does whatever may stand in a
/// chain (`not not x`, `a.b.c`, `1 + 1 + 1`), which a comma or the end of the line cuts.
fn deepest(text: &str) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut scan = Scan::default();
    let (mut at, mut in_word) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let is_word = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        match byte {
            b'#' => at += bytes[at..].iter().position(|&byte| is_end(byte)).unwrap_or(bytes.len() - at) - 1,
            b'"' | b'\'' => {
                let end = end_of_string(bytes, at);
                // The expressions in an f-string: its marks are counted, whatever they stand for.
                let prefix = &bytes[at.saturating_sub(2)..at];
                if in_word && prefix.iter().any(|byte| matches!(byte, b'f' | b'F' | b't' | b'T')) {
                    let marks = bytes[at..end].iter().filter(|byte| !byte.is_ascii_alphanumeric()).count();
                    scan.reach(marks, at);
                }
                scan.item(at);
                at = end - 1;
            }
            b'(' | b'[' | b'{' => scan.open(at),
            b')' | b']' | b'}' => scan.close(),
            b',' => scan.comma(),
            b'\n' | b'\r' => {
                let indent = bytes[at + 1..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                scan.line(indent);
            }
            b' ' | b'\t' | b'\\' | b'\x0c' => {}
            b'l' if !in_word && bytes[at..].starts_with(b"lambda") => scan.lambda(at),
            _ if is_word && in_word => {}
            _ => scan.item(at),
        }
        in_word = is_word;
        at += 1;
    }
    (scan.deepest, scan.place)
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// The offset behind the string whose first quote is at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let is_long = bytes[start..].starts_with(&[quote; 3]);
    let mut at = start + if is_long { 3 } else { 1 };
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            _ if is_long && bytes[at..].starts_with(&[quote; 3]) => return at + 3,
            _ if !is_long && byte == quote => return at + 1,
            _ if !is_long && is_end(byte) => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[derive(Default)]
struct Scan {
    /// The chains of the brackets around, the innermost last, and that of the statement itself.
    chains: Vec<usize>,
    chain: usize,
    /// The sum of `chains`.
    around: usize,
    /// The parameters of a lambda have commas that cut nothing.
    lambdas: usize,
    indent: usize,
    deepest: usize,
    place: usize,
}

impl Scan {
    fn reach(&mut self, more: usize, at: usize) {
        let depth = self.indent + self.around + self.chains.len() + self.chain + self.lambdas + more;
        if depth > self.deepest {
            (self.deepest, self.place) = (depth, at);
        }
    }

    fn item(&mut self, at: usize) {
        self.chain += 1;
        self.reach(0, at);
    }

    fn lambda(&mut self, at: usize) {
        self.lambdas += 1;
        self.item(at);
    }

    fn open(&mut self, at: usize) {
        self.item(at);
        self.around += self.chain;
        self.chains.push(std::mem::take(&mut self.chain));
    }

    fn close(&mut self) {
        if let Some(chain) = self.chains.pop() {
            self.around -= chain;
            self.chain = chain;
        }
    }

    fn comma(&mut self) {
        self.chain = 0;
    }

    fn line(&mut self, indent: usize) {
        if self.chains.is_empty() {
            (self.chain, self.lambdas, self.indent) = (0, 0, indent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upper_bound_that_is_not_far_off() {
        let bound = |text: &str| deepest(text).0;
        for (text, depth) in
            [("(((1)))", 3), ("- - -x", 4), ("a.b.c", 5), ("not not x", 3), ("f(1)(2)(3)", 4)]
        {
            assert!((depth..=2 * depth + 2).contains(&bound(text)), "{text}: {}", bound(text));
        }
        for flat in [
            "x = [1, 2, 3, 4, 5, 6, 7, 8, 9]",
            "'(((((((((('",
            "# ((((((((((",
            "'''\n((((((((\n'''",
            "a\n-\nb\n",
        ] {
            assert!(bound(flat) <= 6, "{flat}: {}", bound(flat));
        }
        assert!(bound("f'{(((((((1)))))))}'") > 7);
        assert!(bound("lambda a, b: lambda a, b: lambda a, b: 1") >= 3);
    }
}
