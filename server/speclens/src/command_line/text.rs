//! The few forms that text for people is made of.

use std::fmt::{Display, Write};

use anstyle::{AnsiColor, Style};

const HEADING: Style = Style::new().bold();
const KEY: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Yellow.on_default();

/// A page for people, with colours that the way out may take away.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// The first line, or one that begins a section.
    pub fn heading(&mut self, text: impl Display) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(format_args!("{}", styled(HEADING, text)));
    }

    /// A line as it is.
    pub fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.text, "{text}");
    }

    /// Names with their values, one below the other.
    pub fn table<V: Display>(&mut self, rows: &[(&str, V)]) {
        let width = rows.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
        for (key, value) in rows {
            let padding = " ".repeat(width - key.chars().count());
            self.line(format_args!("  {}{padding}  {value}", styled(KEY, key)));
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}

fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Less important than what stands beside it.
pub fn dim(text: impl Display) -> String {
    styled(DIM, text)
}

/// What was looked for.
pub fn good(text: impl Display) -> String {
    styled(GOOD, text)
}

/// What should be looked at.
pub fn bad(text: impl Display) -> String {
    styled(BAD, text)
}
