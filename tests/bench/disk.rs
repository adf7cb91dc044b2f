//! What comes on the disk while a file is open: from its last write to right diagnostics.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Bench;
use crate::figures::{Figure, Goal, Unit};
use crate::first::quiet;
use crate::peers::{Kept, Peer};
use crate::places::{Place, install};

/// Who has said nothing by then never will.
const PATIENCE: Duration = Duration::from_secs(8);
/// So long a client is silent, which some servers never end.
const SILENCE: Duration = Duration::from_secs(3);

/// One thing that comes: what it is called, and what writes it.
type Arrival = (&'static str, fn(&Place) -> Vec<PathBuf>);
const ARRIVALS: &[Arrival] = &[
    ("a `.pth` file", path_file),
    ("an editable install", editable),
    ("a portion", portion),
    ("a package", |place| package(place, 3)),
];
const LARGE: &[Arrival] = &[
    ("30 files", |place| package(place, 26)),
    ("300 files", |place| package(place, 296)),
    ("3,000 files", |place| package(place, 2996)),
];

pub fn disk(bench: &Bench) -> Vec<Figure> {
    let mut silent =
        Figure::new("What comes is seen; the client is silent", Unit::Milliseconds, Goal::Median(50.0));
    let mut told =
        Figure::new("What comes is seen; the client tells", Unit::Milliseconds, Goal::Median(50.0));
    let mut large =
        Figure::new("A distribution is seen; the client is silent", Unit::Milliseconds, Goal::Median(150.0));
    for round in 0..bench.rounds {
        // Most of the time others are waited for in vain.
        let peers = || {
            let all = bench.only(&["ty", "zuban", "pyrefly", "basedpyright"]);
            all.filter(|peer| peer.kept != Kept::Cold && (peer.is_ours() || round < 2))
        };
        for (name, arrival) in ARRIVALS {
            for peer in peers() {
                silent.add_time(name, peer.name, seen(peer, *arrival, false));
                told.add_time(name, peer.name, seen(peer, *arrival, true));
            }
        }
        for (name, arrival) in LARGE {
            for peer in bench.only(&[]).filter(|peer| peer.kept != Kept::Cold) {
                large.add_time(name, peer.name, seen(peer, *arrival, false));
            }
        }
    }
    vec![silent, told, large]
}

/// How long it takes from the last write until something else is said of `fresh`: others miss it before, and ours, which
/// leaves that to them, has found a directory of that name.
fn seen(peer: &Peer, arrival: fn(&Place) -> Vec<PathBuf>, tells: bool) -> Option<Duration> {
    let place = Place::new("disk", 10);
    place.write("elsewhere/fresh/__init__.py", "");
    install(&place.site(), "shared", 3);
    fs::remove_file(place.site().join("shared/__init__.py")).expect("a file");
    let is_portion = std::ptr::fn_addr_eq(arrival, portion as fn(&Place) -> Vec<PathBuf>);
    let name = if is_portion { "shared.fresh" } else { "fresh" };
    if peer.is_ours() {
        place.write(&format!("{}/inner.py", name.replace('.', "/")), "");
    }
    let text = format!("import {name}\nprint(open({name}.__file__))\n");
    let file = place.write("opened.py", &text);
    let mut client = peer.start(&place.root);
    client.initialize();
    client.open(&file, &text);
    let speaks = |found: &[serde_json::Value]| {
        found.iter().any(|it| it["message"].as_str().is_some_and(|it| it.contains("fresh")))
    };
    let (_, before) = client.published(&file, None, PATIENCE, speaks)?;
    quiet(&client);
    client.forget_messages();
    let written = arrival(&place);
    let done = Instant::now();
    if tells {
        let files: Vec<(&Path, u8)> = written.iter().map(|path| (path.as_path(), 1)).collect();
        client.tell_changed(&files);
    }
    let limit = if tells || peer.is_ours() { PATIENCE } else { SILENCE };
    let is_seen = |found: &[serde_json::Value]| if peer.is_ours() { found != before } else { !speaks(found) };
    let published = client.published(&file, None, limit, is_seen);
    client.finish();
    published.map(|(at, _)| at.saturating_duration_since(done))
}

fn package(place: &Place, modules: usize) -> Vec<PathBuf> {
    install(&place.site(), "fresh", modules);
    vec![place.site().join("fresh"), place.site().join("fresh/__init__.py")]
}

fn portion(place: &Place) -> Vec<PathBuf> {
    let written = place.site().join("shared/fresh.py");
    fs::write(&written, "").expect("a file");
    vec![written]
}

fn path_file(place: &Place) -> Vec<PathBuf> {
    let written = place.site().join("fresh.pth");
    fs::write(&written, place.root.join("elsewhere").display().to_string() + "\n").expect("a file");
    vec![written]
}

/// As setuptools makes it.
fn editable(place: &Place) -> Vec<PathBuf> {
    let finder = place.site().join("__editable___fresh_1_0_finder.py");
    let mapping = place.root.join("elsewhere/fresh");
    let text = include_str!("editable_finder.py").replace("{mapping}", &mapping.display().to_string());
    fs::write(&finder, text).expect("a file");
    let written = place.site().join("__editable__.fresh-1.0.pth");
    let line = "import __editable___fresh_1_0_finder; __editable___fresh_1_0_finder.install()";
    fs::write(&written, line).expect("a file");
    vec![finder, written]
}
