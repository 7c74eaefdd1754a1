//! Conformance: every agent that can be installed, the real program, against the same scenarios. `make
//! conformance` keeps the table in `docs/agents.md`. Who they are is in `agents`, what is asked of them in
//! `scenarios`.

mod agents;
mod scenarios;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use agents::{Agent, fleet};
use scenarios::SCENARIOS;

use crate::sidekick::{has_agent, version_of};

/// Scenarios that are played at the same time.
const AT_ONCE: usize = 5;

#[test]
fn the_fleet_conforms() {
    let only = std::env::var("SIDEKICK_FLEET").ok();
    let wanted =
        |agent: &Agent| only.as_ref().is_none_or(|only| only.split(',').any(|name| name == agent.name));
    let fleet: Vec<_> =
        fleet().into_iter().filter(|agent| wanted(agent) && has_agent(agent.program)).collect();
    // Not all at once: what they may take is a bound for broken code, and they share a machine. Scenario by
    // scenario, because most of the time is waited for agents that try again by themselves.
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![vec![None; SCENARIOS.len()]; fleet.len()]);
    let work = || {
        while let n = next.fetch_add(1, Ordering::Relaxed)
            && let (scenario, agent) = (n / fleet.len(), n % fleet.len())
            && scenario < SCENARIOS.len()
        {
            let result = conform(&fleet[agent], scenario);
            results.lock().unwrap()[agent][scenario] = result;
        }
    };
    if !fleet.is_empty() {
        std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    }
    let results = results.into_inner().unwrap();
    let mut table = String::from("| |");
    for agent in &fleet {
        // A shell says no version of its own.
        let version = if agent.program == "sh" { String::new() } else { version_of(agent.program) };
        table += &format!(" {} |", format!("{} {version}", agent.name).trim_end());
    }
    table += &format!("\n|---|{}\n", "---|".repeat(fleet.len()));
    for (n, (name, _)) in SCENARIOS.iter().enumerate() {
        let cells: Vec<_> = results.iter().map(|result| cell(result[n])).collect();
        table += &format!("| {name} | {} |\n", cells.join(" | "));
    }
    eprintln!("{table}");
    if let Some(file) = std::env::var_os("SIDEKICK_CONFORMANCE") {
        std::fs::write(file, &table).unwrap();
    }
    assert!(results.iter().flatten().flatten().all(|passed| *passed), "see above");
}

/// A cell of the table; a scenario that asks for what an agent cannot do is none of its.
fn cell(result: Option<bool>) -> &'static str {
    match result {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "-",
    }
}

/// `SIDEKICK_SCENARIO` asks for those with these words only.
fn conform(agent: &Agent, scenario: usize) -> Option<bool> {
    let (name, play) = &SCENARIOS[scenario];
    let only = std::env::var("SIDEKICK_SCENARIO").ok();
    let asked = only.is_none_or(|only| name.contains(only.as_str()));
    if agent.cannot.contains(name) || !asked {
        return None;
    }
    let began = Instant::now();
    let passed = catch_unwind(AssertUnwindSafe(|| play(agent))).is_ok();
    let word = if passed { "yes" } else { "NO" };
    eprintln!("{}: {name}: {word}, {:.1} s", agent.name, began.elapsed().as_secs_f64());
    Some(passed)
}
