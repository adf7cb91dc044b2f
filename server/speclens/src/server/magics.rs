//! A notebook's cell as Python: what IPython alone understands is taken out, and nothing that is open in one cell
//! reaches into the next. No line moves, and no column of what stays.

/// The magics of a cell whose rest is Python in the notebook's own namespace.
const PYTHON_CELLS: [&str; 5] = ["%%capture", "%%debug", "%%prun", "%%time", "%%timeit"];
/// What stands for a line that is a command.
const NOTHING: &str = "0";
/// What stands for the result of a command: nobody knows it.
const UNKNOWN: &str = "input()";

/// The cell's program, which ends with its last line's end.
pub(super) fn plain(cell: &str) -> String {
    let mut program = String::with_capacity(cell.len() + 1);
    let first = cell.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let magic = first.starts_with("%%").then(|| first.split_whitespace().next().unwrap_or_default());
    let is_python = magic.is_none_or(|magic| PYTHON_CELLS.contains(&magic));
    let (mut open, mut in_command, mut in_magic) = (Open::default(), false, magic.is_some());
    for line in cell.split_inclusive('\n') {
        let text = line.trim_end_matches(['\n', '\r']);
        let end = &line[text.len()..];
        let is_first = std::mem::take(&mut in_magic);
        if !is_python || is_first {
            in_magic = is_first && text.trim().is_empty();
        } else if in_command {
            in_command = text.ends_with('\\');
        } else if open.is_nothing()
            && let Some((kept, instead)) = command(text)
        {
            in_command = text.ends_with('\\');
            program.push_str(kept);
            program.push_str(instead);
        } else {
            open.take(text);
            program.push_str(text);
        }
        program.push_str(end);
    }
    if !program.is_empty() && !program.ends_with('\n') {
        program.push('\n');
    }
    open.close(&mut program);
    program
}

/// What is kept of a line that IPython runs itself, and what stands for the rest.
fn command(line: &str) -> Option<(&str, &'static str)> {
    let code = line.trim_start();
    let indent = &line[..line.len() - code.len()];
    if code.starts_with(['%', '!', '?', ',', ';', '/']) || is_question(code.trim_end()) {
        return Some((indent, NOTHING));
    }
    // `files = !ls`
    let (target, value) = line.split_once('=')?;
    let is_name = |part: &str| {
        let part = part.trim();
        !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || "_.[]*".contains(letter))
    };
    let is_command = value.trim_start().starts_with(['!', '%']) && target.split(',').all(is_name);
    is_command.then(|| (&line[..=target.len()], UNKNOWN))
}

/// `name?`, `name??`, `module.*load*?`
fn is_question(code: &str) -> bool {
    code.strip_suffix('?').is_some_and(|asked| {
        let asked = asked.trim_end_matches('?');
        asked.chars().all(|letter| letter.is_alphanumeric() || "_.%*[]".contains(letter))
    })
}

/// What has begun and not ended.
#[derive(Debug, Default)]
struct Open {
    /// The closers wanted, the next last.
    brackets: Vec<char>,
    /// The quotes that end the string.
    string: Option<&'static str>,
    /// The last line goes on.
    continues: bool,
}

impl Open {
    fn is_nothing(&self) -> bool {
        self.brackets.is_empty() && self.string.is_none() && !self.continues
    }

    fn take(&mut self, line: &str) {
        let mut rest = line;
        self.continues = false;
        while let Some(next) = rest.chars().next() {
            let mut taken = next.len_utf8();
            if next == '\\' {
                self.continues = rest.len() == taken;
                taken += rest[taken..].chars().next().map_or(0, char::len_utf8);
            } else if let Some(quotes) = self.string {
                if rest.starts_with(quotes) {
                    (self.string, taken) = (None, quotes.len());
                }
            } else {
                match next {
                    '#' => break,
                    '\'' | '"' => {
                        let quotes = ["'''", "\"\"\"", "'", "\""];
                        self.string = quotes.into_iter().find(|quotes| rest.starts_with(quotes));
                        taken = self.string.map_or(taken, str::len);
                    }
                    '(' => self.brackets.push(')'),
                    '[' => self.brackets.push(']'),
                    '{' => self.brackets.push('}'),
                    ')' | ']' | '}' => drop(self.brackets.pop()),
                    _ => {}
                }
            }
            rest = &rest[taken..];
        }
        // A string of one line that does not end there is a mistake of that line.
        if self.string.is_some_and(|quotes| quotes.len() == 1) && !self.continues {
            self.string = None;
        }
    }

    /// Ends it behind the last line.
    fn close(mut self, program: &mut String) {
        if self.is_nothing() {
            return;
        }
        program.extend(self.string);
        while let Some(closer) = self.brackets.pop() {
            program.push(closer);
        }
        program.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_out() {
        for (cell, program) in [
            ("", ""),
            ("import a", "import a\n"),
            ("%pip install a\nimport a\n", "0\nimport a\n"),
            ("!ls \\\n  -l\nimport a", "0\n\nimport a\n"),
            ("if x:\n    %time f()\n    !ls\n", "if x:\n    0\n    0\n"),
            ("a?\nb.c??\n?d\nx = 'why?'\n", "0\n0\n0\nx = 'why?'\n"),
            ("files = !ls\na, b = %env\r\nc = 3 % 2\n", "files =input()\na, b =input()\r\nc = 3 % 2\n"),
            ("x = (1\n  % 2)\n", "x = (1\n  % 2)\n"),
            ("x = 1 \\\n  % 2\n", "x = 1 \\\n  % 2\n"),
            ("s = '''\n%pip\n!ls'''\n!ls\n", "s = '''\n%pip\n!ls'''\n0\n"),
            ("x = '%s' # (\n!é\ny = \"\\\"(\"\n%a", "x = '%s' # (\n0\ny = \"\\\"(\"\n0\n"),
            ("x != y\nx == z\nx[1] = !ls", "x != y\nx == z\nx[1] =input()\n"),
        ] {
            assert_eq!(plain(cell), program, "{cell}");
        }
    }

    #[test]
    fn a_cell_of_another_language_is_empty() {
        assert_eq!(plain("%%bash\nfor i in 1; do ls; done\n"), "\n\n");
        assert_eq!(plain("\n%%time\nimport a\n%b\n"), "\n\nimport a\n0\n");
        assert_eq!(plain("import a\n%%bash\nb"), "import a\n0\nb\n");
    }

    #[test]
    fn what_is_open_ends_with_the_cell() {
        assert_eq!(plain("f(["), "f([\n])\n");
        assert_eq!(plain("s = (\"\"\"a"), "s = (\"\"\"a\n\"\"\")\n");
        assert_eq!(plain("x = 1 + \\"), "x = 1 + \\\n\n");
        assert_eq!(plain("s = 'a"), "s = 'a\n");
        assert_eq!(plain("f( # ]"), "f( # ]\n)\n");
    }
}
