//! What a keystroke and a hover cost.

use std::time::Instant;

use serde_json::json;
use speclens_tests::child::{Client, DEADLINE};

use crate::Bench;
use crate::figures::{Figure, Goal, Unit};
use crate::first::opened;
use crate::peers::{Kept, Peer};
use crate::places::{Place, has_ours, program};

/// Edits of one session.
const EDITS: usize = 40;

/// Files of three lengths in a small environment.
pub fn typing(bench: &Bench) -> Vec<Figure> {
    let mut edit = Figure::new("Edit to diagnostics", Unit::Milliseconds, Goal::Times(1.0, "ruff"));
    let mut slowest = Figure::new("The same, for the slowest", Unit::Milliseconds, Goal::P95(5.0));
    let mut hover = Figure::new("Hover", Unit::Milliseconds, Goal::P95(1.0));
    let mut memory = Figure::new("Peak memory", Unit::Mebibytes, Goal::None);
    let place = Place::new("typing", 10);
    place.settle();
    // The goal is that of 2,000 lines, so these come last.
    for lines in [200, 20_000, 2000] {
        let text = program("import distribution_1", lines);
        let size = format!("{lines} lines");
        for _ in 0..bench.rounds.div_ceil(3) {
            for peer in bench.peers.iter().filter(|peer| peer.kept != Kept::Cold) {
                let (mut client, _) = opened(peer, &place.root.join("opened.py"), &text);
                for took in type_on(&mut client, peer, &place, &text) {
                    edit.add_time(&size, peer.name, took);
                    if peer.is_ours() {
                        slowest.add_time(&size, peer.name, took);
                    }
                }
                for _ in 0..EDITS {
                    let asked = Instant::now();
                    let last = u32::try_from(text.lines().count() - 1).unwrap_or(0);
                    let answer = client.hover(&place.root.join("opened.py"), last, 22);
                    let took = asked.elapsed();
                    assert!(!peer.is_ours() || answer.is_object(), "our hover says something");
                    hover.add_time(&size, peer.name, Some(took));
                }
                #[expect(clippy::cast_precision_loss, reason = "a size to read")]
                memory.add(&size, peer.name, client.peak_memory() as f64 / 1024.0 / 1024.0);
                client.finish();
            }
        }
    }
    vec![edit, slowest, hover, memory]
}

/// One file in environments of three sizes.
pub fn growth(bench: &Bench) -> Vec<Figure> {
    let mut edit =
        Figure::new("Edit to diagnostics by what is installed", Unit::Milliseconds, Goal::Growth(1.1));
    let sizes = [10, 100, 1000];
    let places = sizes.map(|size| Place::new(&format!("growth-{size}"), size));
    let text = program("import distribution_1, distribution_2, distribution_3", 200);
    // All sizes in each round: what else the machine does is the same for them.
    for round in 0..=bench.rounds {
        for (size, place) in sizes.iter().zip(&places) {
            for peer in bench.only(&["ty", "ruff"]).filter(|peer| peer.kept != Kept::Cold) {
                let (mut client, _) = opened(peer, &place.root.join("opened.py"), &text);
                let took = type_on(&mut client, peer, place, &text);
                if round > 0 {
                    let size = format!("{size} distributions");
                    for took in took {
                        edit.add_time(&size, peer.name, took);
                    }
                }
                client.finish();
            }
        }
    }
    vec![edit]
}

/// Makes a comment of the last line, and code again, one edit after the other; how long each takes to be told.
fn type_on(client: &mut Client, peer: &Peer, place: &Place, text: &str) -> Vec<Option<std::time::Duration>> {
    let file = place.root.join("opened.py");
    let last = text.lines().count() - 1;
    let mut times = Vec::new();
    for number in 0..EDITS {
        let hides = number % 2 == 0;
        let start = json!({ "line": last, "character": 0 });
        let end = json!({ "line": last, "character": if hides { 0 } else { 2 } });
        let change =
            json!({ "range": { "start": start, "end": end }, "text": if hides { "# " } else { "" } });
        let version = i64::try_from(number).unwrap_or(0) + 2;
        let typed = Instant::now();
        client.change(&file, version, json!([change]));
        let ours = peer.is_ours();
        let published = client
            .published(&file, Some(version), DEADLINE, |found| !ours || has_ours(found, usize::from(!hides)));
        times.push(published.map(|(at, _)| at - typed));
    }
    // The first meets what is not warm yet.
    times.split_off(2)
}
