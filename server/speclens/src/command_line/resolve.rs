//! `speclens resolve`: specs as JSON lines, for scripts that compare them with an interpreter's.

use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};
use speclens_analysis::{Resolver, top_levels};
use speclens_environment::PythonVersion;
use speclens_imports::spec::ModuleSpec;

use super::arguments::Resolve;
use super::session::Session;
use super::workers::{Panic, run_all};
use super::{Failure, Verdict};

/// Of a line.
const USUAL_BYTES: usize = 400;

/// One line: what the finders give for a name before it is imported. Its shape is stable.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row<Text = String> {
    pub name: Text,
    found: bool,
    /// The class's name.
    loader: Option<Text>,
    origin: Option<Text>,
    has_location: bool,
    cached: Option<Text>,
    locations: Option<Vec<Text>>,
}

impl<'a> Row<&'a str> {
    /// The row of an answer.
    pub fn new(name: &'a str, spec: Option<&'a ModuleSpec>, version: PythonVersion) -> Self {
        let loader = spec.and_then(|spec| spec.loader.as_ref());
        let locations = spec.and_then(|spec| spec.submodule_search_locations.as_ref());
        Self {
            name,
            found: spec.is_some(),
            loader: loader.map(|loader| loader.class_name(version)),
            origin: spec.and_then(|spec| spec.origin.as_deref()),
            has_location: spec.is_some_and(|spec| spec.has_location),
            cached: spec.and_then(|spec| spec.cached.as_deref()),
            locations: locations.map(|locations| locations.iter().map(String::as_str).collect()),
        }
    }
}

pub fn run(session: &Session, arguments: &Resolve) -> Result<Verdict, Failure> {
    let project = session.current_project()?;
    let resolver = Resolver::new(session.database.db(), project);
    let version = resolver.environment().interpreter.version;
    let one = |name: &str| {
        let mut text = Vec::new();
        add_line(&mut text, name, resolver.resolve(name).resolution.spec.as_ref(), version);
        text
    };

    for name in &arguments.modules {
        Session::print_plain(&one(name))?;
    }
    if arguments.all {
        let parts = run_all(&session.database, &top_levels(&resolver), |db, top_level| {
            let specs = top_level.modules(&Resolver::new(db, project));
            let mut text = Vec::with_capacity(specs.len() * USUAL_BYTES);
            for spec in specs {
                add_line(&mut text, &spec.name, Some(&spec), version);
            }
            text
        });
        for part in parts.map_err(Failure::Request)? {
            Session::print_plain(&part.map_err(|Panic { message }| Failure::Request(message))?)?;
        }
    }
    if arguments.stdin {
        let mut input = io::stdin().lock();
        let mut bytes = Vec::new();
        while input.read_until(b'\n', &mut bytes)? > 0 {
            let name = String::from_utf8_lossy(&bytes);
            if !name.trim().is_empty() {
                // Answered at once: the other side may wait for it before it asks again.
                Session::print_plain(&one(name.trim()))?;
            }
            bytes.clear();
        }
    }
    Ok(Verdict::Clean)
}

fn add_line(text: &mut Vec<u8>, name: &str, spec: Option<&ModuleSpec>, version: PythonVersion) {
    // Only a map with keys that are no strings could fail.
    let _ = serde_json::to_writer(&mut *text, &Row::new(name, spec, version));
    text.push(b'\n');
}

#[cfg(test)]
mod tests {
    use speclens_imports::spec::Loader;

    use super::*;

    fn line(name: &str, spec: Option<&ModuleSpec>, version: PythonVersion) -> String {
        let mut text = Vec::new();
        add_line(&mut text, name, spec, version);
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn the_stable_shape() {
        let version = PythonVersion::new(3, 12);
        assert_eq!(
            line("no", None, version),
            "{\"name\":\"no\",\"found\":false,\"loader\":null,\"origin\":null,\"has_location\":false,\
             \"cached\":null,\"locations\":null}\n"
        );
        let spec = ModuleSpec {
            name: "pkg".into(),
            loader: Some(Loader::Source),
            origin: Some("/a/pkg/__init__.py".into()),
            submodule_search_locations: Some(vec!["/a/pkg".into()]),
            has_location: true,
            cached: Some("/a/pkg/__pycache__/__init__.cpython-312.pyc".into()),
        };
        assert_eq!(
            line("pkg", Some(&spec), version),
            "{\"name\":\"pkg\",\"found\":true,\"loader\":\"SourceFileLoader\",\"origin\":\"/a/pkg/__init__.py\",\
             \"has_location\":true,\"cached\":\"/a/pkg/__pycache__/__init__.cpython-312.pyc\",\
             \"locations\":[\"/a/pkg\"]}\n"
        );
    }
}
