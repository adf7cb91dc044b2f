//! Parsing around a mistake.
//!
//! The parser gives a tree for any text, but an open bracket or quote swallows the statements behind it. So the line that
//! the mistake starts on is blanked out and the rest parsed again, as long as that brings statements back.

use rustpython_ruff_python_ast::{ModModule, Stmt};
use rustpython_ruff_text_size::Ranged;

use super::nesting::Room;
use super::{SyntaxError, parse_again, parse_once, span};

/// A text with more mistakes than this is taken as the parser gave it.
const MAX_ATTEMPTS: usize = 12;

/// The tree of `text` with as many of its statements as can be had, and the errors of `text` as it stands.
pub(super) fn parse(text: &str, room: Room) -> (ModModule, Vec<SyntaxError>) {
    let (mut best, errors) = parse_once(text, room.too_deep);
    let mut remaining = errors.clone();
    let mut blanked = text.to_owned();
    let mut lost: Vec<Stmt> = Vec::new();
    for _ in 0..MAX_ATTEMPTS {
        let Some(error) = remaining.first() else { break };
        let culprit = culprit(&best, error.span.start);
        let (start, end) = line_around(&blanked, culprit);
        if blanked[start..end].trim().is_empty() {
            break;
        }
        let line = blanked[start..end].to_owned();
        blanked.replace_range(start..end, &" ".repeat(end - start));
        let (tree, errors) = parse_again(&blanked, room.levels);
        if tree.body.len() < best.body.len() && errors.len() >= remaining.len() {
            break;
        }
        lost.extend(statements_of_line(&line, start, room.levels));
        best = tree;
        remaining = errors;
    }
    merge(&mut best, lost);
    (best, errors)
}

/// The offset where the statement begins that the first mistake is in: an open bracket is reported far behind it.
fn culprit(tree: &ModModule, error: u32) -> usize {
    let around = tree.body.iter().rev().find(|statement| span(statement).start <= error);
    let simple = around.filter(|statement| !is_compound(statement));
    simple.map_or(error, |statement| span(statement).start) as usize
}

fn is_compound(statement: &Stmt) -> bool {
    matches!(
        statement,
        Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::If(_)
            | Stmt::For(_)
            | Stmt::While(_)
            | Stmt::With(_)
            | Stmt::Try(_)
            | Stmt::Match(_)
    )
}

/// The line that holds `offset`, without its end; where that is blank, the one before it.
fn line_around(text: &str, offset: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut at = offset.min(bytes.len());
    loop {
        let start = bytes[..at].iter().rposition(|&b| b == b'\n' || b == b'\r').map_or(0, |found| found + 1);
        let end = bytes[start..]
            .iter()
            .position(|&b| b == b'\n' || b == b'\r')
            .map_or(bytes.len(), |found| start + found);
        if start == 0 || !text[start..end].trim().is_empty() {
            return (start, end);
        }
        at = start - 1;
    }
}

/// What the broken line itself still says, read alone; only an unindented line stands for itself.
fn statements_of_line(line: &str, start: usize, levels: usize) -> Vec<Stmt> {
    if line.starts_with([' ', '\t']) {
        return Vec::new();
    }
    // Spaces in front give the statements their places in the file. The parser sees them as one indented block.
    let text = format!("if 1:\n{}{line}", " ".repeat(start.saturating_sub(6)));
    if start < 7 {
        return parse_again(line, levels).0.body;
    }
    match parse_again(&text, levels).0.body.into_iter().next() {
        Some(Stmt::If(block)) => block.body,
        _ => Vec::new(),
    }
}

fn merge(tree: &mut ModModule, lost: Vec<Stmt>) {
    if lost.is_empty() {
        return;
    }
    tree.body.extend(lost);
    tree.body.sort_by_key(Ranged::start);
}
