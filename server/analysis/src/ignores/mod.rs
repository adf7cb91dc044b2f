//! The last step of a check: what the user does not want to hear is left out, and how to say so is added.

mod comment;
mod lines;

use std::ops::Range;

use rustc_hash::FxHashMap;
use speclens_environment::Project;
use speclens_files::{Db, Entry};
use speclens_source::{module_facts, text};

use crate::finding::{Certainty, Edit, Finding, Fix, Place, Severity};
use crate::rules::{RULES, rule};
use crate::settings::{nearest, settings_of, turn_off};
use comment::{Ignore, ignores};
use lines::{Line, lines};

/// The rule of an ignore that ignores nothing.
const UNUSED: &str = "unused-ignore";

/// The findings of a file as the user wants them: without those that a comment or a setting silences, with those of
/// comments that silence nothing, as grave as is set, and each with the ways to silence it.
pub(crate) fn apply(db: &dyn Db, project: Project, file: Entry, findings: Vec<Finding>) -> Vec<Finding> {
    let Ok((text, _)) = text(db, file) else { return findings };
    if findings.is_empty() && !text.contains("speclens:") {
        return findings;
    }
    let page = Page::of(&text);
    // Code that is half typed hides what an ignore is for.
    let is_whole = module_facts(db, file).as_ref().is_ok_and(|facts| facts.errors.is_empty());
    let mut findings = page.silence(file, db, findings, is_whole);
    let (layers, path, root) = (settings_of(db, project), file.path(db), project.root(db));
    findings.retain_mut(|finding| match layers.level(path, finding.rule) {
        None => true,
        Some(None) => false,
        Some(Some(severity)) => {
            // What is only possible is never an error.
            let most = if finding.certainty == Certainty::Possible { Severity::Warning } else { severity };
            finding.severity = severity.min(most);
            true
        }
    });
    let mut by_configuration: FxHashMap<&str, Option<Fix>> = FxHashMap::default();
    for finding in &mut findings {
        finding.fixes.extend(page.ignore_here(finding));
        let turned_off = by_configuration.entry(finding.rule);
        finding.fixes.extend(turned_off.or_insert_with(|| turn_off(db, root, layers, finding.rule)).clone());
    }
    findings.sort_by_key(|finding| (finding.place.start, finding.place.end, finding.rule));
    findings
}

/// A text with its lines and ignores.
struct Page<'t> {
    text: &'t str,
    lines: Vec<Line>,
    ignores: Vec<Ignore>,
}

impl<'t> Page<'t> {
    fn of(text: &'t str) -> Self {
        let lines = lines(text);
        let ignores = ignores(text, &lines);
        Self { text, lines, ignores }
    }

    /// The index of the line that an offset is in.
    fn line(&self, offset: u32) -> usize {
        self.lines.partition_point(|line| line.text.start <= offset as usize).saturating_sub(1)
    }

    /// The ignores at the end of the first and of the last line of a place.
    fn ignores_at(&self, place: &Place) -> impl Iterator<Item = (usize, &Ignore)> {
        let (first, last) = (self.line(place.start), self.line(place.end));
        self.ignores.iter().enumerate().filter(move |(_, ignore)| ignore.line == first || ignore.line == last)
    }

    fn named<'p>(&'p self, ignore: &'p Ignore) -> impl Iterator<Item = (usize, &'t str)> {
        let names = ignore.names.iter().flatten().enumerate();
        names.map(|(index, name)| (index, &self.text[name.clone()]))
    }

    fn silence(&self, file: Entry, db: &dyn Db, findings: Vec<Finding>, is_whole: bool) -> Vec<Finding> {
        // Which ignore, and which of its names; a bare ignore has none.
        let mut used: Vec<(usize, Option<usize>)> = Vec::new();
        let mut heard = Vec::with_capacity(findings.len());
        for finding in findings {
            let before = used.len();
            for (index, ignore) in self.ignores_at(&finding.place) {
                match &ignore.names {
                    None => used.push((index, None)),
                    Some(_) => used.extend(
                        self.named(ignore)
                            .filter(|(_, name)| *name == finding.rule)
                            .map(|(name, _)| (index, Some(name))),
                    ),
                }
            }
            if used.len() == before {
                heard.push(finding);
            }
        }
        for (index, ignore) in self.ignores.iter().enumerate() {
            // An ignore may ask for silence about itself.
            if is_whole && self.named(ignore).all(|(_, name)| name != UNUSED) {
                let is_used = |name| used.contains(&(index, name));
                heard.extend(self.unused(file.path(db), ignore, is_used));
            }
        }
        heard
    }

    /// The findings of one ignore: names that no rule has, and what silences nothing.
    fn unused(
        &self,
        file: &std::path::Path,
        ignore: &Ignore,
        is_used: impl Fn(Option<usize>) -> bool,
    ) -> Vec<Finding> {
        let place = |range: &Range<usize>| Place {
            file: file.to_path_buf(),
            start: narrow(range.start),
            end: narrow(range.end),
        };
        let finding = |range: &Range<usize>, message: String, fixes: Vec<Fix>| Finding {
            rule: UNUSED,
            severity: rule(UNUSED).map_or(Severity::Warning, |rule| rule.severity),
            certainty: Certainty::Certain,
            message,
            place: place(range),
            related: Vec::new(),
            help: Vec::new(),
            fixes,
        };
        let edit = |(range, text): (Range<usize>, String)| Edit { place: place(&range), text };
        let remove = |names: &[usize]| Fix {
            title: "Remove what ignores nothing".to_owned(),
            edits: vec![edit(self.without(ignore, names))],
            safe: true,
        };
        let nothing = "nothing on this line is to be ignored".to_owned();
        let Some(ranges) = ignore.names.as_ref().filter(|names| !names.is_empty()) else {
            let is_used = ignore.names.is_none() && is_used(None);
            return if is_used { vec![] } else { vec![finding(&ignore.place, nothing, vec![remove(&[])])] };
        };
        let mut findings = Vec::new();
        let mut unused = Vec::new();
        for (index, name) in self.named(ignore) {
            if rule(name).is_some() {
                if !is_used(Some(index)) {
                    unused.push(index);
                }
                continue;
            }
            let message = format!("there is no rule `{name}`");
            let range = &ranges[index];
            findings.push(match nearest(name, RULES.iter().map(|rule| rule.name)) {
                None => finding(range, message, vec![remove(&[index])]),
                Some(meant) => {
                    let write = Fix {
                        title: format!("Write `{meant}`"),
                        edits: vec![edit((range.clone(), meant.to_owned()))],
                        safe: false,
                    };
                    // What was meant is worth more than what was written, so removing it is no safe fix.
                    let remove = Fix { safe: false, ..remove(&[index]) };
                    finding(range, format!("{message}; did you mean `{meant}`?"), vec![write, remove])
                }
            });
        }
        if unused.len() == ranges.len() {
            findings.push(finding(&ignore.place, nothing, vec![remove(&unused)]));
        } else if let (Some(first), Some(last)) = (unused.first(), unused.last()) {
            let names: Vec<&str> = unused.iter().map(|&index| &self.text[ranges[index].clone()]).collect();
            let message = format!("no finding of `{}` is on this line", names.join("` or `"));
            findings.push(finding(
                &(ranges[*first].start..ranges[*last].end),
                message,
                vec![remove(&unused)],
            ));
        }
        findings
    }

    /// The edit that takes some names out of an ignore, and all of it where no name is left.
    fn without(&self, ignore: &Ignore, gone: &[usize]) -> (Range<usize>, String) {
        let left: Vec<&str> =
            self.named(ignore).filter(|(index, _)| !gone.contains(index)).map(|(_, name)| name).collect();
        if !left.is_empty() {
            return (ignore.place.clone(), format!("# speclens: ignore[{}]", left.join(", ")));
        }
        let line = &self.lines[ignore.line];
        let before = &self.text[line.text.start..ignore.place.start];
        let behind = &self.text[ignore.place.end..line.text.end];
        // An explanation goes with the ignore; another tool's comment stays.
        if let Some(other) = behind.find('#') {
            return (ignore.place.start..ignore.place.end + other, String::new());
        }
        let start = line.text.start + before.trim_end().len();
        if start > line.text.start {
            return (start..line.text.end, String::new());
        }
        // Nothing else is on the line.
        let next = self.lines.get(ignore.line + 1).map_or(self.text.len(), |next| next.text.start);
        (line.text.start..next, String::new())
    }

    /// Adds an ignore to the finding's first line, or to its last where a string goes on at the end of the first.
    fn ignore_here(&self, finding: &Finding) -> Option<Fix> {
        let (first, last) = (self.line(finding.place.start), self.line(finding.place.end));
        let rule = finding.rule;
        let (at, text) = if let Some((_, ignore)) = self.ignores_at(&finding.place).next() {
            // A bare one would have silenced it: only of itself it says nothing.
            let names = ignore.names.as_ref()?;
            match names.last() {
                Some(name) => (name.end, format!(", {rule}")),
                None => (ignore.place.end.checked_sub(1)?, rule.to_owned()),
            }
        } else {
            let mut lines = [first, last].into_iter().filter_map(|line| self.lines.get(line));
            let line = lines.find(|line| line.is_open_to_comments)?;
            let end = line.text.start + self.text[line.text.clone()].trim_end().len();
            (end, format!("  # speclens: ignore[{rule}]"))
        };
        let place = Place { file: finding.place.file.clone(), start: narrow(at), end: narrow(at) };
        Some(Fix {
            title: format!("Ignore `{rule}` on this line"),
            edits: vec![Edit { place, text }],
            safe: false,
        })
    }
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
