//! What the analysis finds.

use std::path::Path;

use speclens_analysis::{Certainty, Finding, check_file, request};
use speclens_environment::{Project, Request};
use speclens_files::Database;

use super::document::{SourceFile, Tree};
use super::expectation::{Expectation, FoundBy};

/// The differences between the findings that the comments of `tree` expect and those that are made.
pub fn compare(root: &Path, tree: &Tree, asked: Request) -> Vec<String> {
    let database = Database::on_disk();
    let db = database.db();
    let request = request(db, root, &asked);
    let project = Project::new(db, root.to_path_buf(), request);
    let mut differences = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_checked()) {
        let path = root.join(&file.path);
        let report = check_file(db, project, db.entry(&path));
        differences.extend(differences_in(file, &report.findings));
    }
    differences
}

fn differences_in(file: &SourceFile, findings: &[Finding]) -> Vec<String> {
    let mut unmatched: Vec<(usize, &Finding)> =
        findings.iter().map(|finding| (line_of(&file.text, finding.place.start), finding)).collect();
    let mut differences = Vec::new();
    for (line, expectation) in &file.expectations {
        let Expectation::Finding(wanted) = expectation else { continue };
        match unmatched.iter().position(|(at, finding)| at == line && is_found(wanted, finding)) {
            Some(position) => drop(unmatched.remove(position)),
            None => differences.push(format!("{}:{line}: missing {wanted}", file.path)),
        }
    }
    for (line, finding) in unmatched {
        let certainty = certainty(finding);
        let (rule, message) = (finding.rule, &finding.message);
        differences.push(format!("{}:{line}: unexpected {certainty} finding: {rule} {message:?}", file.path));
    }
    differences
}

fn is_found(wanted: &FoundBy, finding: &Finding) -> bool {
    wanted.rule == finding.rule
        && wanted.certainty.is_none_or(|wanted| wanted == certainty(finding))
        && wanted.message.as_ref().is_none_or(|part| finding.message.contains(part))
}

fn certainty(finding: &Finding) -> &'static str {
    match finding.certainty {
        Certainty::Possible => "possible",
        Certainty::Certain => "certain",
    }
}

fn line_of(text: &str, offset: u32) -> usize {
    let before = text.bytes().take(offset as usize);
    before.filter(|byte| *byte == b'\n').count() + 1
}
