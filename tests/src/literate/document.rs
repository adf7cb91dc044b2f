//! Trees of files, from Markdown or from a directory.

use std::io;
use std::path::{Path, PathBuf};

use speclens_analysis::is_configuration;
use speclens_environment::PythonVersion;

use super::expectation::{Expectation, expectations};

/// A Markdown file of tests.
#[derive(Debug)]
pub struct Document {
    /// Where it is.
    pub path: PathBuf,
    /// One tree under each heading that has fences.
    pub trees: Vec<Tree>,
}

/// One test: some files that belong together.
#[derive(Debug, Default)]
pub struct Tree {
    /// The heading.
    pub title: String,
    /// The heading as a directory's name.
    pub slug: String,
    /// The heading's line, from 1.
    pub line: usize,
    /// For which versions it holds.
    pub versions: Versions,
    /// Its files.
    pub files: Vec<SourceFile>,
}

/// One file of a tree.
#[derive(Debug)]
pub struct SourceFile {
    /// Relative to the tree's root, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// How it is run: `-m` and this name instead of as a script.
    pub module: Option<String>,
    /// What its comments expect, with the line, from 1.
    pub expectations: Vec<(usize, Expectation)>,
}

/// Which versions a test is for: `(python >= 3.9, < 3.12)` at the end of its heading.
#[derive(Debug, Clone, Copy, Default)]
pub struct Versions {
    /// The first.
    pub from: Option<PythonVersion>,
    below: Option<PythonVersion>,
}

impl Versions {
    /// Whether the test is for this version.
    pub fn contains(self, version: PythonVersion) -> bool {
        let version = PythonVersion::new(version.major, version.minor);
        self.from.is_none_or(|from| version >= from) && self.below.is_none_or(|below| version < below)
    }
}

impl SourceFile {
    /// A file with the expectations that its comments hold.
    pub fn new(path: String, text: String, module: Option<String>) -> Result<Self, String> {
        let mut found = Vec::new();
        if is_checked(&path) {
            for (index, line) in text.lines().enumerate() {
                let of_line = expectations(line).map_err(|error| format!("{path}:{}: {error}", index + 1))?;
                found.extend(of_line.into_iter().map(|expectation| (index + 1, expectation)));
            }
        }
        Ok(Self { path, text, module, expectations: found })
    }

    /// A file is run where its comments say what CPython does.
    pub fn is_run(&self) -> bool {
        let told = |expectation: &Expectation| {
            matches!(expectation, Expectation::Raises { .. } | Expectation::Is(_))
        };
        self.module.is_some() || self.expectations.iter().any(|(_, expectation)| told(expectation))
    }

    /// Whether it is Python source.
    pub fn is_python(&self) -> bool {
        is_python(&self.path)
    }

    /// Whether it is Python source, or a configuration file.
    pub fn is_checked(&self) -> bool {
        is_checked(&self.path)
    }
}

fn is_python(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "py")
}

fn is_checked(path: &str) -> bool {
    is_python(path) || is_configuration(Path::new(path))
}

impl Tree {
    /// The tree as a directory of the repository has it.
    pub fn of_directory(root: &Path) -> Result<Self, String> {
        let title = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut tree = Self { slug: slug(&title), title, ..Self::default() };
        let mut directories = vec![root.to_path_buf()];
        while let Some(directory) = directories.pop() {
            #[expect(clippy::disallowed_methods, reason = "the repository's own test data")]
            let members = std::fs::read_dir(&directory).map_err(|error| error.to_string())?;
            for path in members.flatten().map(|member| member.path()) {
                #[expect(clippy::disallowed_methods, reason = "the repository's own test data")]
                if path.is_dir() {
                    directories.push(path);
                } else if path.extension().is_some_and(|extension| extension == "py") {
                    let relative = path.strip_prefix(root).map_err(|error| error.to_string())?;
                    let relative = relative.to_string_lossy().replace('\\', "/");
                    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
                    tree.files.push(SourceFile::new(relative, text, None)?);
                }
            }
        }
        tree.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(tree)
    }

    /// Writes the files into a fresh directory.
    pub fn write_below(&self, root: &Path) -> io::Result<()> {
        match std::fs::remove_dir_all(root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => std::fs::create_dir_all(root)?,
        }
        for file in &self.files {
            let path = root.join(&file.path);
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            #[expect(clippy::disallowed_methods, reason = "a test's own directory")]
            std::fs::write(path, &file.text)?;
        }
        Ok(())
    }
}

impl Document {
    /// Reads a Markdown file: headings are tests, fences with `path=` in their info string are files.
    pub fn read(path: &Path) -> Result<Self, String> {
        #[expect(clippy::disallowed_methods, reason = "the repository's own test data")]
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut trees: Vec<Tree> = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let here = |message: &str| format!("{}:{}: {message}", path.display(), index + 1);
            if let Some(heading) = line.strip_prefix("## ") {
                let (title, versions) = title_and_versions(heading).ok_or_else(|| here("versions?"))?;
                let slug = slug(&title);
                if trees.iter().any(|tree| tree.slug == slug) {
                    return Err(here("this heading is there twice"));
                }
                trees.push(Tree { title, slug, line: index + 1, versions, files: Vec::new() });
            } else if let Some(info) = line.strip_prefix("```") {
                let (file, module) = file_and_module(info).ok_or_else(|| here("a fence needs path=..."))?;
                let tree = trees.last_mut().ok_or_else(|| here("a fence needs a heading"))?;
                let mut content = String::new();
                for (_, line) in lines.by_ref().take_while(|(_, line)| *line != "```") {
                    content.push_str(line);
                    content.push('\n');
                }
                tree.files.push(SourceFile::new(file, content, module).map_err(|error| here(&error))?);
            }
        }
        match trees.iter().find(|tree| tree.files.is_empty()) {
            Some(tree) => Err(format!("{}:{}: no file under this heading", path.display(), tree.line)),
            None => Ok(Self { path: path.to_path_buf(), trees }),
        }
    }
}

/// `python path=pkg/__init__.py run="-m pkg"`.
fn file_and_module(info: &str) -> Option<(String, Option<String>)> {
    let path = info.split_whitespace().find_map(|word| word.strip_prefix("path="))?;
    let module = match info.split_once("run=") {
        None => None,
        Some((_, run)) => Some(run.strip_prefix("\"-m ")?.strip_suffix('"')?.to_owned()),
    };
    Some((path.to_owned(), module))
}

/// `A title (python >= 3.9, < 3.12)`.
fn title_and_versions(heading: &str) -> Option<(String, Versions)> {
    let Some((title, limits)) = heading.split_once(" (python ") else {
        return Some((heading.to_owned(), Versions::default()));
    };
    let mut versions = Versions::default();
    for limit in limits.strip_suffix(')')?.split(", ") {
        let (operator, version) = limit.split_once(' ')?;
        let (major, minor) = version.split_once('.')?;
        let version = Some(PythonVersion::new(major.parse().ok()?, minor.parse().ok()?));
        match operator {
            ">=" => versions.from = version,
            "<" => versions.below = version,
            _ => return None,
        }
    }
    Some((title.to_owned(), versions))
}

fn slug(title: &str) -> String {
    let words = title.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").to_lowercase()
}
