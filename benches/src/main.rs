//! What is fast, measured beside the machine's own floor in the same minute: `make bench`.
//!
//! Each figure is a median (and a p99 where there are enough samples) and a ratio. Needs
//! `target/release/sidekick`. Nothing here decides pass or fail: machines differ, ratios less.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a program for people who measure: it prints, starts processes, and stops when something breaks"
)]

mod daemon;
mod floor;
mod gateway;
mod plan;
mod records;
mod simulate;

use std::time::Duration;

/// Sorted samples.
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn take(n: usize, mut one: impl FnMut() -> Duration) -> Self {
        let mut samples: Vec<_> = (0..n).map(|_| one()).collect();
        samples.sort_unstable();
        Self(samples)
    }

    pub(crate) fn p(&self, percent: usize) -> Duration {
        self.0[(self.0.len() - 1) * percent / 100]
    }

    pub(crate) fn ms(&self, percent: usize) -> f64 {
        self.p(percent).as_secs_f64() * 1000.0
    }
}

/// One line of the report.
pub(crate) fn tell(name: &str, value: &str, beside: &str) {
    println!("{name:<58} {value:<34} {beside}");
}

fn main() {
    let only = std::env::args().nth(1);
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let floor = floor::measure();
    if wanted("records") {
        records::measure(&floor);
    }
    if wanted("postgres") {
        records::measure_postgres(&floor);
    }
    if wanted("plan") {
        plan::measure();
    }
    if wanted("simulate") {
        simulate::measure();
    }
    if wanted("gateway") {
        gateway::measure();
    }
    if wanted("daemon") {
        daemon::measure(&floor);
    }
}
