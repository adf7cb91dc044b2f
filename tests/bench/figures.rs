//! Samples, and the tables that they become.

use std::collections::BTreeMap;
use std::time::Duration;

/// What is measured, of each server at each size.
pub struct Figure {
    title: &'static str,
    unit: Unit,
    goal: Goal,
    /// The sizes as they came.
    sizes: Vec<String>,
    /// The servers as they came.
    servers: Vec<&'static str>,
    samples: BTreeMap<(usize, usize), Vec<f64>>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Unit {
    Milliseconds,
    Mebibytes,
}

/// What our own figure at the largest size may be.
#[derive(Clone, Copy)]
pub enum Goal {
    /// So many times another's median.
    Times(f64, &'static str),
    /// A median no larger than this.
    Median(f64),
    /// A 95th percentile no larger than this.
    P95(f64),
    /// So many times what it is at the smallest size.
    Growth(f64),
    /// It is shown, and has no goal.
    None,
}

impl Figure {
    pub fn new(title: &'static str, unit: Unit, goal: Goal) -> Self {
        let (sizes, servers, samples) = Default::default();
        Self { title, unit, goal, sizes, servers, samples }
    }

    pub fn add(&mut self, size: &str, server: &'static str, value: f64) {
        let size = position(&mut self.sizes, size.to_owned());
        let server = position(&mut self.servers, server);
        self.samples.entry((size, server)).or_default().push(value);
    }

    pub fn add_time(&mut self, size: &str, server: &'static str, time: Option<Duration>) {
        self.add(size, server, time.map_or(f64::INFINITY, |time| time.as_secs_f64() * 1e3));
    }

    /// The table, as Markdown.
    pub fn print(&self) {
        if self.samples.is_empty() {
            return;
        }
        let what = match self.unit {
            Unit::Milliseconds => "ms, median / 95th percentile",
            Unit::Mebibytes => "MiB, median",
        };
        println!("\n{} ({what})\n", self.title);
        println!("| | {} |", self.servers.join(" | "));
        println!("| --- |{}", " --- |".repeat(self.servers.len()));
        for (at, size) in self.sizes.iter().enumerate() {
            let cells: Vec<String> = (0..self.servers.len()).map(|server| self.cell((at, server))).collect();
            println!("| {size} | {} |", cells.join(" | "));
        }
        self.print_goal();
    }

    fn cell(&self, key: (usize, usize)) -> String {
        let Some(samples) = self.samples.get(&key) else { return "-".into() };
        let median = shown(quantile(samples, 0.5));
        if self.unit == Unit::Mebibytes || samples.len() < 5 {
            return median;
        }
        format!("{median} / {}", shown(quantile(samples, 0.95)))
    }

    /// How our own figures at the largest size stand to the goal.
    fn print_goal(&self) {
        let Some(last) = self.sizes.len().checked_sub(1) else { return };
        let at = |size: usize, server: &str, part: f64| {
            let server = self.servers.iter().position(|name| *name == server)?;
            Some(quantile(self.samples.get(&(size, server))?, part))
        };
        for ours in self.servers.iter().filter(|name| name.starts_with("speclens")) {
            let (figure, limit, goal) = match self.goal {
                Goal::Times(times, other) => {
                    let figure = at(last, ours, 0.5).zip(at(last, other, 0.5));
                    (figure.map(|(ours, theirs)| ours / theirs), times, format!("{times}x of {other}"))
                }
                Goal::Median(limit) => (at(last, ours, 0.5), limit, format!("{limit}")),
                Goal::P95(limit) => (at(last, ours, 0.95), limit, format!("{limit} at the 95th percentile")),
                Goal::Growth(times) => {
                    let figure = at(last, ours, 0.5).zip(at(0, ours, 0.5));
                    (figure.map(|(large, small)| large / small), times, format!("{times}x of the smallest"))
                }
                Goal::None => continue,
            };
            if let Some(figure) = figure {
                let verdict = if figure <= limit { "reached" } else { "missed" };
                println!("\n{ours}: {}, goal {goal}: {verdict}", shown(figure));
            }
        }
    }
}

fn position<T: PartialEq>(known: &mut Vec<T>, wanted: T) -> usize {
    known.iter().position(|it| *it == wanted).unwrap_or_else(|| {
        known.push(wanted);
        known.len() - 1
    })
}

fn quantile(samples: &[f64], part: f64) -> f64 {
    let mut samples = samples.to_vec();
    samples.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let at = (samples.len() as f64 * part) as usize;
    samples[at.min(samples.len() - 1)]
}

fn shown(value: f64) -> String {
    match value {
        _ if value.is_infinite() => "never".into(),
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
