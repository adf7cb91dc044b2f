//! All that can be set, declared once: what is read, the messages, and the JSON schema follow from here.

use speclens_environment::PythonVersion;

use super::{Glob, Launch, Levels, Settings};
use crate::finding::Severity;

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// As it is written.
    pub name: &'static str,
    /// What it is for, in a sentence or two.
    pub summary: &'static str,
    /// What may stand there, and where it goes.
    pub shape: Shape,
}

/// What may stand behind a key. The functions take the value over.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Keys of its own.
    Table(&'static [Setting]),
    /// A path, or the name of a program.
    Program(fn(&mut Settings, String)),
    /// A version of Python 3.
    Version(fn(&mut Settings, PythonVersion)),
    /// Directories.
    Directories(fn(&mut Settings, Vec<String>)),
    /// True or false.
    Flag(fn(&mut Settings, bool)),
    /// Patterns of paths.
    Globs(fn(&mut Settings, Vec<Glob>)),
    /// A level for each of some rules.
    Levels(fn(&mut Settings, Levels)),
    /// The same for the files that a pattern matches.
    LevelsByGlob(fn(&mut Settings, Glob, Levels)),
    /// How the files that a pattern matches are run.
    LaunchByGlob(fn(&mut Settings, Glob, Launch)),
}

/// All keys of `speclens.toml`.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "rules",
        summary: "How grave the findings of a rule are, or that they are not reported.",
        shape: Shape::Levels(|settings, levels| settings.rules = levels),
    },
    Setting {
        name: "per-file",
        summary: "The same for the files that a pattern matches. Of several that match, the last wins.",
        shape: Shape::LevelsByGlob(|settings, glob, levels| settings.per_file.push((glob, levels))),
    },
    Setting {
        name: "environment",
        summary: "The Python that the code runs on.",
        shape: Shape::Table(ENVIRONMENT),
    },
    Setting {
        name: "launch",
        summary: "How the files that a pattern matches are run. Of several that match, the last wins. A file that \
                  none matches is a script where it tests `__name__ == \"__main__\"` or starts with `#!`.",
        shape: Shape::LaunchByGlob(|settings, glob, launch| settings.launch.push((glob, launch))),
    },
    Setting {
        name: "exclude",
        summary: "Files and directories that are not looked at, unless a command names them.",
        shape: Shape::Globs(|settings, globs| settings.exclude = Some(globs)),
    },
];

const ENVIRONMENT: &[Setting] = &[
    Setting {
        name: "python",
        summary: "The interpreter, or the directory of an environment.",
        shape: Shape::Program(|settings, python| settings.python = Some(python)),
    },
    Setting {
        name: "python-version",
        summary: "The version to assume, instead of the interpreter's own.",
        shape: Shape::Version(|settings, version| settings.python_version = Some(version)),
    },
    Setting {
        name: "extra-paths",
        summary: "Directories that are put first on `sys.path`, like those of `PYTHONPATH`.",
        shape: Shape::Directories(|settings, paths| settings.extra_paths = Some(paths)),
    },
    Setting {
        name: "isolated",
        summary: "As `python -I`: no script directory, no `PYTHONPATH`, no user site.",
        shape: Shape::Flag(|settings, isolated| settings.isolated = Some(isolated)),
    },
];

/// How grave a rule's findings can be made; `None` turns it off.
pub const LEVELS: &[(&str, Option<Severity>)] = &[
    ("error", Some(Severity::Error)),
    ("warning", Some(Severity::Warning)),
    ("information", Some(Severity::Information)),
    ("hint", Some(Severity::Hint)),
    ("ignore", None),
];

/// The ways to run a file.
pub const LAUNCHES: &[(&str, Launch)] = &[("script", Launch::Script), ("module", Launch::Module)];
