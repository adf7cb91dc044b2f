//! Programs of Debian releases, unpacked below the target directory: the machine's own packages stay as they are.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use super::{command, finished, once, repository};

/// A release's programs, installed once.
type Installed = LazyLock<Result<PathBuf, String>>;

static BOOKWORM: Installed = LazyLock::new(|| install("bookworm", &["neovim"]));
static TRIXIE: Installed =
    LazyLock::new(|| install("trixie", &["emacs-nox", "hx", "kakoune", "neovim", "tmux"]));

static FORKY: Installed = LazyLock::new(|| install("forky", &["hx"]));

/// A program of Debian 12: `nvim` (0.7.2).
pub fn bookworm(program: &str) -> Result<PathBuf, String> {
    BOOKWORM.clone().map(|directory| directory.join("run").join(program))
}

/// A program of Debian 13: `emacs` (30.1), `hx` (25.01), `kak` (2024.05.18), `nvim` (0.10.4), `tmux`.
pub fn trixie(program: &str) -> Result<PathBuf, String> {
    TRIXIE.clone().map(|directory| directory.join("run").join(program))
}

/// A program of Debian's next release, which moves: `hx` (25.07 or later).
pub fn forky(program: &str) -> Result<PathBuf, String> {
    FORKY.clone().map(|directory| directory.join("run").join(program))
}

fn install(release: &str, packages: &[&str]) -> Result<PathBuf, String> {
    once(&format!("{release}-{}", packages.join("-")), |beside| {
        let mut install = command(repository().join("tests/editors/debian/install"));
        install.arg(release).arg(beside).args(packages);
        finished(&mut install, Duration::from_mins(8)).map(drop)
    })
}
