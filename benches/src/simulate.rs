//! Simulation: weeks a second, of the week that ships.

use std::time::Instant;

use simulator::Week;

use crate::{Samples, tell};

/// What the week's policy approves by; its language is the engine's, which is measured elsewhere.
fn approves(_: &str, facts: &domain::supervise::conclude::Facts) -> bool {
    facts.checks_passed && !facts.risky && facts.confidence > 0.85
}

pub(crate) fn measure() {
    let text = std::fs::read_to_string("examples/week.yaml").unwrap();
    let week = Week::read(&text, |_| Ok(())).unwrap();
    let mut seed = 0;
    let weeks = Samples::take(40, || {
        seed += 1;
        let began = Instant::now();
        std::hint::black_box(simulator::simulate(&week, seed, &approves));
        began.elapsed()
    });
    let a_second = 1.0 / weeks.p(50).as_secs_f64();
    tell(
        "examples/week.yaml, simulated",
        &format!("{:.0} ms, p99 {:.0}", weeks.ms(50), weeks.ms(99)),
        &format!("{a_second:.1} weeks a second"),
    );
}
