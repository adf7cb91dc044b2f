//! TOML text becomes settings and problems, each with its place. Nothing is fatal: what is wrong is left out.

use std::fmt::Display;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::declaration::{LAUNCHES, LEVELS, SETTINGS, Setting, Shape};
use super::{Glob, Levels, Settings};
use crate::rules::{RULES, rule};

/// What is wrong in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub span: Range<usize>,
    pub message: String,
    /// What was probably meant, as it would be written there.
    pub meant: Option<String>,
}

/// A path that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedPath {
    pub span: Range<usize>,
    pub path: String,
    /// A name on PATH would do.
    pub is_program: bool,
}

/// A configuration file, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// Whether there are settings at all: in a `pyproject.toml` the table may be missing.
    pub is_there: bool,
    pub settings: Settings,
    pub problems: Vec<Problem>,
    pub paths: Vec<NamedPath>,
}

/// Where in a file the settings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// The whole file is ours.
    Whole,
    /// `[tool.speclens]`.
    Tool,
}

/// Reads the settings of a text.
pub(super) fn read(text: &str, section: Section) -> Read {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut read = Read { is_there: true, ..Read::default() };
    match (section, tool_speclens(root.get_ref())) {
        (Section::Whole, _) => read.table(root.get_ref(), SETTINGS),
        (Section::Tool, Some(value)) => {
            if let Some(table) = read.as_table(value) {
                read.table(table, SETTINGS);
            }
        }
        (Section::Tool, None) => return Read::default(),
    }
    let mistakes = errors.iter().map(|error| Problem {
        span: error.span().unwrap_or(0..0),
        message: format!("this is no TOML: {}", error.message()),
        meant: None,
    });
    read.problems.extend(mistakes);
    read.problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    read
}

fn tool_speclens<'v, 'i>(root: &'v DeTable<'i>) -> Option<&'v Spanned<DeValue<'i>>> {
    match root.get("tool")?.get_ref() {
        DeValue::Table(tool) => tool.get("speclens"),
        _ => None,
    }
}

/// The members of a table in the order of the text: the last of several patterns wins.
fn in_order<'v, 'i>(
    table: &'v DeTable<'i>,
) -> impl Iterator<Item = (&'v str, Range<usize>, &'v Spanned<DeValue<'i>>)> {
    let mut members: Vec<_> =
        table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect();
    members.sort_by_key(|(_, span, _)| span.start);
    members.into_iter()
}

impl Read {
    fn table(&mut self, table: &DeTable<'_>, settings: &'static [Setting]) {
        for (name, span, value) in in_order(table) {
            match settings.iter().find(|setting| setting.name == name) {
                Some(setting) => self.setting(setting, value),
                None => self.unknown(span, "key", name, settings.iter().map(|setting| setting.name)),
            }
        }
    }

    fn setting(&mut self, setting: &Setting, value: &Spanned<DeValue<'_>>) {
        match setting.shape {
            Shape::Table(inner) => {
                if let Some(table) = self.as_table(value) {
                    self.table(table, inner);
                }
            }
            Shape::Program(set) => {
                if let Some(path) = self.text(value) {
                    self.paths.push(NamedPath { span: value.span(), path: path.clone(), is_program: true });
                    set(&mut self.settings, path);
                }
            }
            Shape::Version(set) => {
                let Some(version) = self.text(value) else { return };
                match version.parse() {
                    Ok(version) => set(&mut self.settings, version),
                    Err(problem) => self.wrong(value.span(), problem),
                }
            }
            Shape::Directories(set) => {
                let Some(paths) = self.texts(value) else { return };
                self.paths.extend(paths.iter().map(|(path, span)| NamedPath {
                    span: span.clone(),
                    path: path.clone(),
                    is_program: false,
                }));
                set(&mut self.settings, paths.into_iter().map(|(path, _)| path).collect());
            }
            Shape::Flag(set) => match value.get_ref() {
                DeValue::Boolean(flag) => set(&mut self.settings, *flag),
                other => self.expected("true or false", other, value.span()),
            },
            Shape::Globs(set) => {
                let Some(globs) = self.texts(value) else { return };
                let globs = globs.into_iter().filter_map(|(glob, span)| self.glob(&glob, span)).collect();
                set(&mut self.settings, globs);
            }
            Shape::Levels(set) => {
                let levels = self.levels(value);
                set(&mut self.settings, levels);
            }
            Shape::LevelsByGlob(set) => {
                for (glob, span, value) in self.as_table(value).into_iter().flat_map(in_order) {
                    let (glob, levels) = (self.glob(glob, span), self.levels(value));
                    if let Some(glob) = glob {
                        set(&mut self.settings, glob, levels);
                    }
                }
            }
            Shape::LaunchByGlob(set) => {
                for (glob, span, value) in self.as_table(value).into_iter().flat_map(in_order) {
                    if let (Some(glob), Some(launch)) = (self.glob(glob, span), self.one_of(value, LAUNCHES))
                    {
                        set(&mut self.settings, glob, launch);
                    }
                }
            }
        }
    }

    fn levels(&mut self, value: &Spanned<DeValue<'_>>) -> Levels {
        let mut levels = Levels::default();
        for (name, span, value) in self.as_table(value).into_iter().flat_map(in_order) {
            let level = self.one_of(value, LEVELS);
            match (rule(name), level) {
                (Some(rule), Some(level)) => drop(levels.insert(rule.name, level)),
                (Some(_), None) => {}
                (None, _) => self.unknown(span, "rule", name, RULES.iter().map(|rule| rule.name)),
            }
        }
        levels
    }

    fn one_of<T: Copy>(&mut self, value: &Spanned<DeValue<'_>>, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(value)?;
        let found = choices.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            self.problems.push(Problem {
                span: value.span(),
                message: format!("expected one of {}", names.join(", ")),
                meant: nearest(&text, choices.iter().map(|(name, _)| *name))
                    .map(|meant| format!("\"{meant}\"")),
            });
        }
        found.map(|(_, value)| *value)
    }

    fn glob(&mut self, written: &str, span: Range<usize>) -> Option<Glob> {
        Glob::new(written).map_err(|problem| self.wrong(span, format!("not a pattern: {problem}"))).ok()
    }

    fn text(&mut self, value: &Spanned<DeValue<'_>>) -> Option<String> {
        if let DeValue::String(text) = value.get_ref() {
            return Some(text.clone().into_owned());
        }
        self.expected("a string", value.get_ref(), value.span());
        None
    }

    fn texts(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Vec<(String, Range<usize>)>> {
        let DeValue::Array(array) = value.get_ref() else {
            self.expected("a list of strings", value.get_ref(), value.span());
            return None;
        };
        let array: &DeArray<'_> = array;
        Some(array.iter().filter_map(|value| Some((self.text(value)?, value.span()))).collect())
    }

    fn as_table<'v, 'i>(&mut self, value: &'v Spanned<DeValue<'i>>) -> Option<&'v DeTable<'i>> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(table);
        }
        self.expected("a table", value.get_ref(), value.span());
        None
    }

    fn expected(&mut self, what: &str, found: &DeValue<'_>, span: Range<usize>) {
        let found = match found {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.wrong(span, format!("expected {what}, found {found}"));
    }

    fn unknown<'n>(
        &mut self,
        span: Range<usize>,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str>,
    ) {
        let message = format!("there is no {what} `{name}`");
        self.problems.push(Problem { span, message, meant: nearest(name, known).map(str::to_owned) });
    }

    fn wrong(&mut self, span: Range<usize>, message: impl Display) {
        self.problems.push(Problem { span, message: message.to_string(), meant: None });
    }
}

/// The known name that a misspelt one is nearest to.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = known.map(|known| (known, strsim::jaro_winkler(name, known)));
    let (known, likeness) = near.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    (likeness >= 0.85).then_some(known)
}
