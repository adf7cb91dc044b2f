//! What the commands share: the database, the request, the way out.

use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use speclens_analysis::request;
use speclens_environment::{Environment, Project, Request, Variables, environment};
use speclens_files::{Cache, Database, PathKind, cache_directory};

use super::Failure;
use super::arguments::{Color, Common};

/// One run of the program.
pub struct Session {
    pub database: Database,
    /// What the command line asks for; what it leaves open, the project's settings say.
    pub request: Request,
    /// The current directory: relative paths start here.
    pub directory: PathBuf,
    /// Where answers are kept between runs.
    pub cache: Option<Cache>,
    pub quiet: bool,
    /// How often `-v` was given.
    pub verbose: u8,
    color: Color,
}

impl Session {
    pub fn new(common: Common, variables: Variables, directory: PathBuf) -> Result<Self, Failure> {
        let cache = (!common.no_cache).then(|| cache(&variables, &directory)).flatten();
        let database = Database::on_disk();
        let python =
            common.python.map(|path| find_python(&database, &variables, &directory, &path)).transpose()?;
        let extra_paths: Vec<PathBuf> =
            common.extra_paths.iter().map(|path| absolute(&directory, path)).collect();
        for (given, path) in common.extra_paths.iter().zip(&extra_paths) {
            if database.db().system().metadata(path).is_err() && !common.quiet {
                anstream::eprintln!("speclens: --extra-path {}: there is no such directory", given.display());
            }
        }
        let request = Request {
            python,
            python_version: common.python_version,
            extra_paths,
            isolated: common.isolated,
            variables,
            ..Request::default()
        };
        Ok(Self {
            database,
            request,
            directory,
            cache,
            quiet: common.quiet,
            verbose: common.verbose,
            color: common.color,
        })
    }

    /// The project at `root`. To be asked once for each root: it makes a new input every time.
    pub fn project(&self, root: PathBuf) -> Project {
        let request = request(self.database.db(), &root, &self.request);
        Project::new(self.database.db(), root, request)
    }

    /// The project of commands that are about an environment and not about files.
    pub fn current_project(&self) -> Result<Project, Failure> {
        let project = self.project(self.directory.clone());
        self.tell_if_no_python(environment(self.database.db(), project))?;
        Ok(project)
    }

    /// Says that there is no Python here, once per environment; where one was asked for by name, that is an end.
    pub fn tell_if_no_python(&self, environment: &Environment) -> Result<(), Failure> {
        if let Some(sentence) = self.no_python(environment)? {
            self.warn(&sentence);
        }
        Ok(())
    }

    /// That there is no Python here, and what stands in for it, as a sentence.
    pub fn no_python(&self, environment: &Environment) -> Result<Option<String>, Failure> {
        let interpreter = &environment.interpreter;
        if interpreter.standard_library.is_some() {
            return Ok(None);
        }
        if let Some(asked) = &self.request.python
            && interpreter.executable.is_none()
            && !interpreter.is_virtual_environment
        {
            let place = self.shown(asked);
            return Err(Failure::Request(format!("--python {place}: there is no Python interpreter")));
        }
        let broken = environment.problems.iter().find(|problem| problem.file.ends_with("pyvenv.cfg"));
        let reason = match (broken, self.request.python_version) {
            (Some(problem), _) => format!("{}: {}", self.shown(&problem.file), problem.message),
            (None, Some(version)) => format!("no Python {version} was found"),
            (None, None) => "no Python was found".to_owned(),
        };
        let version = interpreter.version;
        Ok(Some(format!("{reason}; using the built-in account of Python {version}'s standard library")))
    }

    /// Says a sentence on stderr.
    pub fn warn(&self, sentence: &str) {
        if !self.quiet {
            anstream::eprintln!("speclens: {sentence}");
        }
    }

    /// Writes an answer to stdout, without its colours where they are not wanted.
    pub fn print(&self, text: &str) -> io::Result<()> {
        let stdout = io::stdout().lock();
        let choice = match self.color {
            Color::Auto => AutoStream::choice(&stdout),
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
        };
        write(AutoStream::new(stdout, choice), text.as_bytes())
    }

    /// Writes an answer for programs to stdout, which has no colours.
    pub fn print_plain(text: &(impl AsRef<[u8]> + ?Sized)) -> io::Result<()> {
        write(io::stdout().lock(), text.as_ref())
    }

    /// A path as people read it: relative where it is below the current directory, with `/`.
    pub fn shown(&self, path: &Path) -> String {
        shown(&self.directory, path)
    }
}

/// A reader that has gone away is no error: it has read what it wanted.
fn write(mut out: impl Write, text: &[u8]) -> io::Result<()> {
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// `path` as people read it: relative where it is below `directory`, with `/`.
pub fn shown(directory: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(directory).unwrap_or(path);
    if relative.as_os_str().is_empty() { ".".to_owned() } else { slashed(relative) }
}

/// `path` with `/`.
pub fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

/// `os.path.abspath(path)` as seen from `directory`: by the text alone, links are kept.
pub fn absolute(directory: &Path, path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in directory.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

/// The answers of former runs.
fn cache(variables: &Variables, directory: &Path) -> Option<Cache> {
    let asked = variables.get("SPECLENS_CACHE_DIR").map(|path| absolute(directory, Path::new(path)));
    asked.or_else(|| cache_directory(|name| variables.get(name))).map(Cache::new)
}

/// What `--python` names: a path, or a program on `PATH`.
fn find_python(
    database: &Database,
    variables: &Variables,
    directory: &Path,
    given: &Path,
) -> Result<PathBuf, Failure> {
    let system = database.db().system();
    let path = absolute(directory, given);
    // The program of an environment may be a link to a Python that is gone.
    if system.metadata(&path).is_ok() || system.read_link(&path).is_ok() {
        return Ok(path);
    }
    let is_bare_name = given.components().count() == 1;
    let on_path = variables.get("PATH").filter(|_| is_bare_name).into_iter().flat_map(std::env::split_paths);
    on_path
        .map(|entry| directory.join(entry).join(given))
        .flat_map(|program| [program.with_added_extension("exe"), program])
        .find(|program| system.metadata(program).is_ok_and(|found| found.kind == PathKind::File))
        .ok_or_else(|| {
            Failure::Request(format!("--python {}: there is no such file or directory", given.display()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_absolute_and_shown_relative() {
        let here = Path::new("/home/me");
        assert_eq!(absolute(here, Path::new("../you/./x.py")), Path::new("/home/you/x.py"));
        assert_eq!(shown(here, Path::new("/home/me/a/b.py")), "a/b.py");
        assert_eq!(shown(here, Path::new("/home/mean/b.py")), "/home/mean/b.py");
        assert_eq!(shown(here, here), ".");
    }
}
