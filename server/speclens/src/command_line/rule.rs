//! `speclens rule`: the rules, or one rule's page.

use std::fmt::Write;

use serde_json::{Value, json};
use speclens_analysis::{RULES, Rule as Documented, rule};

use super::arguments::{Format, Rule};
use super::output::name;
use super::session::Session;
use super::{Failure, Verdict};

pub fn run(session: &Session, arguments: &Rule) -> Result<Verdict, Failure> {
    let json = arguments.format.format == Format::Json;
    let text = match &arguments.name {
        Some(name) => {
            let documented = rule(name).ok_or_else(|| unknown(name))?;
            if json { format!("{:#}\n", value(documented)) } else { documented.page.to_owned() }
        }
        None if json => format!("{:#}\n", RULES.iter().map(value).collect::<Value>()),
        None => list(),
    };
    session.print(&text)?;
    Ok(Verdict::Clean)
}

fn list() -> String {
    let width = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in RULES {
        let _ = writeln!(text, "{:width$}  {:8} {}", rule.name, name(rule.severity), rule.summary);
    }
    text.push_str("\nspeclens rule NAME shows what one means, with an example that can be run.\n");
    text
}

fn value(rule: &Documented) -> Value {
    json!({"name": rule.name, "severity": name(rule.severity), "summary": rule.summary, "page": rule.page})
}

fn unknown(name: &str) -> Failure {
    let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    Failure::Request(format!("there is no rule {name:?}; the rules are {}", names.join(", ")))
}
