//! `speclens resolve`: specs as JSON lines, for scripts that compare them with an interpreter's.

use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};
use speclens_analysis::{Resolver, all_modules};
use speclens_environment::PythonVersion;
use speclens_imports::spec::ModuleSpec;

use super::arguments::Resolve;
use super::session::Session;
use super::{Failure, Verdict};

/// One line: what the finders give for a name before it is imported. Its shape is stable.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    found: bool,
    /// The class's name.
    loader: Option<String>,
    origin: Option<String>,
    has_location: bool,
    cached: Option<String>,
    locations: Option<Vec<String>>,
}

impl Row {
    /// The row of an answer.
    pub fn new(name: &str, spec: Option<&ModuleSpec>, version: PythonVersion) -> Self {
        let loader = spec.and_then(|spec| spec.loader.as_ref());
        Self {
            name: name.to_owned(),
            found: spec.is_some(),
            loader: loader.map(|loader| loader.class_name(version).to_owned()),
            origin: spec.and_then(|spec| spec.origin.clone()),
            has_location: spec.is_some_and(|spec| spec.has_location),
            cached: spec.and_then(|spec| spec.cached.clone()),
            locations: spec.and_then(|spec| spec.submodule_search_locations.clone()),
        }
    }
}

pub fn run(session: &Session, arguments: &Resolve) -> Result<Verdict, Failure> {
    let project = session.current_project()?;
    let resolver = Resolver::new(session.database.db(), project);
    let version = resolver.environment().interpreter.version;
    let one = |name: &str| line(name, resolver.resolve(name).resolution.spec.as_ref(), version);

    let mut text: String = arguments.modules.iter().map(|name| one(name)).collect();
    if arguments.all {
        text.extend(all_modules(&resolver).iter().map(|spec| line(&spec.name, Some(spec), version)));
    }
    Session::print_plain(&text)?;
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

fn line(name: &str, spec: Option<&ModuleSpec>, version: PythonVersion) -> String {
    // Only a map with keys that are no strings could fail.
    let mut text = serde_json::to_string(&Row::new(name, spec, version)).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use speclens_imports::spec::Loader;

    use super::*;

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
