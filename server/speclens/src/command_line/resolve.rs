//! `speclens resolve`: specs as JSON lines, for scripts that compare them with an interpreter's.

use std::io::{self, BufRead};

use serde::Serialize;
use speclens_analysis::Resolver;
use speclens_environment::PythonVersion;
use speclens_imports::spec::ModuleSpec;

use super::arguments::Resolve;
use super::session::Session;
use super::{Failure, Verdict};

/// One line. Its shape is stable.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    found: bool,
    loader: Option<&'a str>,
    origin: Option<&'a str>,
    has_location: bool,
    cached: Option<&'a str>,
    locations: Option<&'a [String]>,
}

pub fn run(session: &Session, arguments: &Resolve) -> Result<Verdict, Failure> {
    let project = session.current_project()?;
    let resolver = Resolver::new(session.database.db(), project);
    let version = resolver.environment().interpreter.version;
    let one = |name: &str| line(name, resolver.resolve(name).resolution.spec.as_ref(), version);

    let mut text: String = arguments.modules.iter().map(|name| one(name)).collect();
    if arguments.all {
        text.extend(resolver.all().iter().map(|spec| line(&spec.name, Some(spec), version)));
    }
    session.print(&text)?;
    if arguments.stdin {
        let mut input = io::stdin().lock();
        let mut bytes = Vec::new();
        while input.read_until(b'\n', &mut bytes)? > 0 {
            let name = String::from_utf8_lossy(&bytes);
            if !name.trim().is_empty() {
                // Answered at once: the other side may wait for it before it asks again.
                session.print(&one(name.trim()))?;
            }
            bytes.clear();
        }
    }
    Ok(Verdict::Clean)
}

fn line(name: &str, spec: Option<&ModuleSpec>, version: PythonVersion) -> String {
    let line = Line {
        name,
        found: spec.is_some(),
        loader: spec.and_then(|spec| spec.loader.as_ref()).map(|loader| loader.class_name(version)),
        origin: spec.and_then(|spec| spec.origin.as_deref()),
        has_location: spec.is_some_and(|spec| spec.has_location),
        cached: spec.and_then(|spec| spec.cached.as_deref()),
        locations: spec.and_then(|spec| spec.submodule_search_locations.as_deref()),
    };
    // Only a map with keys that are no strings could fail.
    let mut text = serde_json::to_string(&line).unwrap_or_default();
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
