//! The command line over workspaces of three sizes.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use wait_timeout::ChildExt;

use crate::Bench;
use crate::figures::{Figure, Goal, Unit};
use crate::peers::{Kept, Peer};
use crate::places::Place;

const LIMIT: Duration = Duration::from_mins(5);

pub fn check(bench: &Bench) -> Vec<Figure> {
    let mut warm = Figure::new("`check`, answers kept", Unit::Milliseconds, Goal::Times(1.5, "ruff"));
    let mut cold = Figure::new("`check`, nothing kept", Unit::Milliseconds, Goal::Times(1.5, "ruff"));
    let sizes = [100, 1000, 10_000];
    let places = sizes.map(|files| workspace(&format!("check-{files}"), files));
    for place in &places {
        place.settle();
    }
    for round in 0..=bench.rounds {
        for (size, place) in sizes.iter().zip(&places) {
            // One round of the largest takes as long as all of the others.
            if *size == 10_000 && round > 3 {
                continue;
            }
            let size = format!("{size} files");
            for peer in bench.only(&["ruff"]) {
                let arguments: &[&str] = if peer.is_ours() {
                    &["check", "--quiet", "--exit-zero", "."]
                } else {
                    &["check", "--quiet", "--exit-zero", "--select", "F", "."]
                };
                let kept = (peer.kept != Kept::Cold).then(|| run(peer, place, arguments));
                let empty = (peer.kept != Kept::Warm).then(|| {
                    let arguments = [arguments, if peer.is_ours() { &[] } else { &["--no-cache"] }].concat();
                    run(peer, place, &arguments)
                });
                if round > 0 {
                    if let Some(took) = kept {
                        warm.add_time(&size, peer.name, Some(took));
                    }
                    if let Some(took) = empty {
                        cold.add_time(&size, peer.name, Some(took));
                    }
                }
            }
        }
    }
    vec![warm, cold]
}

fn run(peer: &Peer, place: &Place, arguments: &[&str]) -> Duration {
    let mut command = peer.command(&place.root, arguments);
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("a process");
    let status = child.wait_timeout(LIMIT).expect("a status");
    if status.is_none() {
        let _ = child.kill();
    }
    assert!(status.is_some_and(|status| status.success()), "{command:?}: {status:?}");
    started.elapsed()
}

/// Packages of twenty modules, which import each other, the standard library and what is installed. Five packages belong
/// together: nothing grows for ever with the number of files.
fn workspace(name: &str, files: usize) -> Place {
    let place = Place::new(name, 10);
    for number in 0..files {
        let (package, module) = (number / 20, number % 20);
        let mut text = "import json\nimport os\nfrom pathlib import Path\n\n".to_owned();
        if module > 0 {
            let _ = writeln!(text, "from . import module_{}", module - 1);
        }
        if package % 5 > 0 {
            let _ = writeln!(text, "import package_{}.module_{module} as other", package - 1);
        }
        let _ = writeln!(text, "import distribution_{}", number % 10);
        for function in 0..5 {
            let _ = write!(
                text,
                "\n\ndef function_{function}(path: Path, name: str) -> str:\n    \"\"\"What lies there.\"\"\"\n    \
                 found = path / name\n    if not found.is_file():\n        return os.sep\n    \
                 lines = [line.strip() for line in found.read_text().splitlines()]\n    \
                 return json.dumps({{\"lines\": lines, \"of\": __spec__.name}})\n"
            );
        }
        place.write(&format!("package_{package}/module_{module}.py"), &text);
        if module == 0 {
            place.write(&format!("package_{package}/__init__.py"), "");
        }
    }
    place
}
