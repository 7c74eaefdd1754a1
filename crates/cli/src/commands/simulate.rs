//! `sidekick simulate`: what a week would be like with a configuration; nothing is started, no model is called.

use std::path::Path;
use std::process::ExitCode;

use simulator::{Report, Week};

use crate::args::{Simulate, SimulateFormat};
use crate::error::{Error, Result};
use crate::ui::{Tone, Ui};

pub(crate) fn simulate(wanted: &Simulate, ui: &Ui) -> Result<ExitCode> {
    let report = of(&wanted.week, wanted.seed)?;
    let other = wanted.against.as_deref().map(|path| of(path, wanted.seed)).transpose()?;
    if ui.json || wanted.format == SimulateFormat::Json {
        match &other {
            None => ui.json(&report),
            Some(other) => ui.json(&serde_json::json!({ "week": report, "against": other })),
        }
        return Ok(ExitCode::SUCCESS);
    }
    for line in table(&report, other.as_ref()) {
        ui.out(line);
    }
    ui.say(ui.tone(
        Tone::Dim,
        "Simulated: agents were drawn, none was started. Another seed has other luck: --seed N",
    ));
    Ok(ExitCode::SUCCESS)
}

fn of(path: &Path, seed: u64) -> Result<Report> {
    let wrong = |why: &dyn std::fmt::Display| Error::usage(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let week = Week::read(&text, engine::approval::check).map_err(|error| wrong(&error))?;
    Ok(simulator::simulate(&week, seed, &engine::approval::holds))
}

/// The rows of one week, or of two beside each other.
fn table(report: &Report, other: Option<&Report>) -> Vec<String> {
    let rows = report.rows();
    let others = other.map(Report::rows).unwrap_or_default();
    let wide = |text: &String| text.chars().count();
    let first = rows.iter().chain(&others).map(|row| wide(&row.0)).max().unwrap_or(0);
    let second = rows.iter().map(|row| wide(&row.1)).max().unwrap_or(0);
    let pad = |text: &str, width: usize| {
        format!("{text}{}", " ".repeat(width.saturating_sub(text.chars().count())))
    };
    let beside = |name: &str| others.iter().find(|row| row.0 == name).map(|row| row.1.as_str());
    let line = |row: &(String, String)| {
        let line = format!(
            "{}  {}  {}",
            pad(&row.0, first),
            pad(&row.1, second),
            beside(&row.0).unwrap_or_default()
        );
        line.trim_end().to_owned()
    };
    let only = others.iter().filter(|row| !rows.iter().any(|own| own.0 == row.0));
    let only = only.map(|row| format!("{}  {}  {}", pad(&row.0, first), pad("-", second), row.1));
    rows.iter().map(line).chain(only).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: &str = include_str!("../../../../examples/week.yaml");

    fn week(text: &str) -> Week {
        Week::read(text, engine::approval::check).unwrap()
    }

    fn simulated(week: &Week, seed: u64) -> Report {
        simulator::simulate(week, seed, &engine::approval::holds)
    }

    /// What is asked of the planner, the router and supervision with the week that ships, whatever its luck.
    #[test]
    fn the_week_that_ships_comes_out_as_it_should() {
        let week = week(WEEK);
        for seed in 1..=20 {
            let report = simulated(&week, seed);
            let told: Vec<_> = report.rows().iter().map(|(name, said)| format!("{name}: {said}")).collect();
            let told = told.join("\n");
            assert_eq!(report.refused, 0, "seed {seed}: the simulator does what the rules allow\n{told}");
            assert!(report.missed.is_empty() && report.deadlines >= 40, "seed {seed}: deadlines\n{told}");
            assert_eq!(report.inversions, 0, "seed {seed}: starts out of turn\n{told}");
            assert!(report.asked_a_day < 5.0, "seed {seed}: questions\n{told}");
            assert!(report.local >= 0.6, "seed {seed}: local models\n{told}");
            let claude = || report.windows.iter().filter(|window| window.account == "claude/pro");
            assert_eq!(claude().count(), 2);
            for window in claude() {
                assert!(window.wasted < 0.05, "seed {seed}: credits expired while work waited\n{told}");
            }
            let weekly = claude().find(|window| window.window == "seven_day").unwrap();
            assert!(
                weekly.closed_hours < 42.0,
                "seed {seed}: credits lasted three quarters of the week\n{told}"
            );
        }
    }

    const SMALL: &str = r"
projects: {shop: {}}
agents:
  claude: {tokens_per_second: 60, good: {critical: 0.9}, accounts: {pro: {windows: {five_hour: 300000}}}}
  qwen: {tokens_per_second: 13, local: true, good: {critical: 0.7}}
tasks:
  - {name: plan, project: shop, kind: planning, deadline: 2d}
  - {project: shop, kind: implementation, count: 3, after: [plan]}
  - {name: at once, project: shop, deadline: 1m}
";

    #[test]
    fn two_weeks_are_told_beside_each_other() {
        let one = simulated(&week(SMALL), 3);
        let other = simulated(&week(&SMALL.replace("tokens_per_second: 13", "tokens_per_second: 40")), 3);
        insta::assert_snapshot!(table(&one, Some(&other)).join("\n"), @r"
        tasks done                              5 of 5                                          5 of 5
        tasks that failed                       0                                               0
        deadlines met                           1 of 1                                          1 of 1
        deadlines nobody could meet             1                                               1
        priority inversions                     0                                               0
        half of the tasks done within           17 h 24 min                                     16 h 13 min
        runs                                    9                                               9
        runs that met a limit                   2                                               2
        another agent called                    0                                               0
        questions a day                         0.0, 0 on the worst                             0.0, 0 on the worst
        looked at a day, questions included     0.9                                             0.9
        approved by the policy                  0                                               0
        bad work merged                         0                                               0
        implementation by local models          50%                                             50%
        cost                                    $0.00                                           $0.00
        confidence: Brier score                 0.14                                            0.14
        confidence: correlation with the truth  0.57                                            0.57
        claude/pro, 5-hour window               89% used, 0% wasted at most, used up for 5.0 h  67% used, 0% wasted at most, used up for 5.0 h
        ");
    }

    #[test]
    fn the_same_seed_draws_the_same_week() {
        assert_eq!(simulated(&week(SMALL), 5), simulated(&week(SMALL), 5));
        assert_ne!(simulated(&week(SMALL), 5), simulated(&week(SMALL), 6));
    }
}
