//! From the start of a server to its first right diagnostics, and what it has taken by then.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use speclens_tests::child::{Client, DEADLINE};
use speclens_tests::clients::installed;

use crate::Bench;
use crate::figures::{Figure, Goal, Unit};
use crate::peers::{Kept, Peer};
use crate::places::{Place, has_ours, program};

/// How long a server is watched to see that it does nothing.
const IDLE: Duration = Duration::from_secs(1);
/// What an environment is called large for, and what a file uses of it: others look into what is used only.
const LIBRARIES: &[(&str, &str)] =
    &[("transformers", "AutoModel"), ("pytorch_lightning", "Trainer"), ("diffusers", "DiffusionPipeline")];

/// Two of them, without what is too large to be had for this; where no other environment is given.
const ENVIRONMENT: &str = "transformers==5.23.0 diffusers==0.42.1";

/// A small file, and larger ones, in a small environment.
pub fn small(bench: &Bench) -> Vec<Figure> {
    let mut first = Figure::new("First right diagnostics", Unit::Milliseconds, Goal::Times(1.0, "ruff"));
    let place = Place::new("small", 10);
    // The goal is that of the small one, so it comes last.
    let texts = [5000, 500, 10].map(|lines| program("import distribution_1", lines));
    let files = texts.iter().map(|text| place.write(&format!("opened_{}.py", text.len()), text));
    let files: Vec<PathBuf> = files.collect();
    place.settle();
    for (text, file) in texts.iter().zip(&files) {
        let size = format!("{} lines", text.lines().count());
        for round in 0..=bench.rounds {
            for peer in &bench.peers {
                let (mut client, took) = opened(peer, file, text);
                if round > 0 {
                    first.add_time(&size, peer.name, took);
                } else {
                    quiet(&client);
                }
                client.finish();
            }
        }
    }
    vec![first]
}

/// A file that imports one, two, three large libraries, with all that these import.
pub fn large(bench: &Bench) -> Vec<Figure> {
    let mut figures = [
        Figure::new("First right diagnostics, our answers kept", Unit::Milliseconds, Goal::Times(0.25, "ty")),
        Figure::new("First right diagnostics, nothing kept", Unit::Milliseconds, Goal::Times(1.0, "ty")),
        Figure::new("Peak memory", Unit::Mebibytes, Goal::Times(0.15, "ty")),
        Figure::new("Work while nothing happens, of a second", Unit::Milliseconds, Goal::Median(0.5)),
    ];
    let python = match &bench.python {
        Some(python) => python.clone(),
        None => match installed(ENVIRONMENT, "python") {
            Ok(python) => python,
            Err(reason) => {
                println!("skipped: large: {reason}");
                return Vec::new();
            }
        },
    };
    let place = Place::with_python("large", &python);
    let texts = [1, 2, 3].map(|count| {
        let libraries = &LIBRARIES[..count];
        let imports = libraries.iter().map(|(name, _)| format!("import {name}\n"));
        let uses = libraries.iter().map(|(name, used)| format!("print({name}.{used})\n"));
        program(&imports.chain(uses).collect::<String>(), 10)
    });
    let files = texts.iter().map(|text| place.write(&format!("opened_{}.py", text.len()), text));
    let files: Vec<PathBuf> = files.collect();
    place.settle();
    for (count, (text, file)) in texts.iter().zip(&files).enumerate() {
        let size: Vec<&str> = LIBRARIES[..=count].iter().map(|(name, _)| *name).collect();
        let size = size.join(", ");
        for round in 0..=bench.rounds {
            for peer in bench.only(&["ty", "zuban", "pyrefly", "basedpyright"]) {
                // One that takes so long need not be asked often.
                if peer.name == "basedpyright" && round > 2 {
                    continue;
                }
                let (mut client, took) = opened(peer, file, text);
                if round == 0 {
                    quiet(&client);
                    client.finish();
                    continue;
                }
                match peer.kept {
                    Kept::Warm => figures[0].add_time(&size, peer.name, took),
                    Kept::Cold => figures[1].add_time(&size, peer.name, took),
                    Kept::Theirs => {
                        figures[0].add_time(&size, peer.name, took);
                        figures[1].add_time(&size, peer.name, took);
                    }
                }
                if round <= 3 {
                    quiet(&client);
                    #[expect(clippy::cast_precision_loss, reason = "a size to read")]
                    figures[2].add(&size, peer.name, client.peak_memory() as f64 / 1024.0 / 1024.0);
                    let before = client.worked();
                    thread::sleep(IDLE);
                    figures[3].add_time(&size, peer.name, Some(client.worked().saturating_sub(before)));
                }
                client.finish();
            }
        }
    }
    figures.into()
}

/// A server that has told what is in a file beside the environment, and how long it took from its start.
pub fn opened(peer: &Peer, file: &Path, text: &str) -> (Client, Option<Duration>) {
    let mut client = peer.start(file.parent().expect("a directory"));
    client.initialize();
    client.open(file, text);
    let ours = peer.is_ours();
    let published = client
        .published(file, None, DEADLINE, |found| if ours { has_ours(found, 1) } else { !found.is_empty() });
    let took = published.map(|(at, _)| at - client.started);
    (client, took)
}

/// Waits until a server has nothing more to do.
pub fn quiet(client: &Client) {
    let mut before = client.worked();
    for _ in 0..100 {
        thread::sleep(Duration::from_millis(300));
        let now = client.worked();
        if now.saturating_sub(before) < Duration::from_millis(2) {
            return;
        }
        before = now;
    }
}
