//! A `._pth` file: the whole of `sys.path`, given beside the program ("DETECT _pth FILE" in `Modules/getpath.py`).

use std::path::{Path, PathBuf};

use crate::disk::{Disk, normal};
use crate::layout::{Installation, Platform};
use crate::model::Problem;

/// What the file says.
pub(crate) struct PathFile {
    pub(crate) file: PathBuf,
    /// Each path with its line, counted from 1.
    pub(crate) paths: Vec<(u32, PathBuf)>,
    /// `site` is not run otherwise.
    pub(crate) imports_site: bool,
    pub(crate) problems: Vec<Problem>,
}

/// The file beside the DLL, the program, or what the program is a link to. POSIX knows it since 3.11.
pub(crate) fn find(disk: Disk<'_>, at: &Installation, program: &Path, real: &Path) -> Option<PathFile> {
    let is_windows = at.layout.platform == Platform::Windows;
    if !is_windows && !at.version.at_least(11) {
        return None;
    }
    let mut places = Vec::new();
    if is_windows {
        let (thread, debug) = (at.layout.abi_thread(), if at.layout.debug { "_d" } else { "" });
        let library = format!("python{}{}{thread}{debug}._pth", at.version.major, at.version.minor);
        places.push(at.prefix.join(library));
        places.extend([program, real].map(|program| program.with_extension("_pth")));
    } else {
        places.extend([program, real].iter().filter_map(|program| {
            Some(program.with_file_name(format!("{}._pth", program.file_name()?.to_str()?)))
        }));
    }
    places.into_iter().find_map(|file| Some(parse(&disk.text(&file)?, &file)))
}

/// "SET pythonpath FROM _PTH FILE".
fn parse(text: &str, file: &Path) -> PathFile {
    let directory = file.parent().unwrap_or(file);
    let mut found =
        PathFile { file: file.to_path_buf(), paths: Vec::new(), imports_site: false, problems: Vec::new() };
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line == "import site" {
            found.imports_site = true;
        } else if line.starts_with("import ") {
            let message = format!("a ._pth file may import site and nothing else: `{line}` is not run");
            found.problems.push(Problem { message, file: file.to_path_buf(), line: Some(number) });
        } else if !line.is_empty() {
            found.paths.push((number, normal(&directory.join(line))));
        }
    }
    found
}
