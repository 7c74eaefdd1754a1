//! What came out: numbers, and how they are told. Two weeks can be told beside each other.

use std::time::Duration;

use domain::Timestamp;
use domain::account::window_label;
use domain::supervise::calibrate::{Pair, reliability};
use serde::Serialize;

use crate::Week;

/// What was counted on the way.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) tasks: u32,
    pub(crate) runs: u32,
    pub(crate) limited: u32,
    pub(crate) escalated: u32,
    pub(crate) by_policy: u32,
    pub(crate) bad_merged: u32,
    /// When the person was asked something.
    pub(crate) asked: Vec<Timestamp>,
    pub(crate) looked: u32,
    pub(crate) inversions: u32,
    pub(crate) cost_usd: f64,
    /// Commands that were refused: a mistake of the simulator's.
    pub(crate) refused: u32,
    /// Confidences, and whether the work was good.
    pub(crate) judged: Vec<Pair>,
}

/// What was found at the end.
pub(crate) struct Found {
    pub(crate) took: Vec<Duration>,
    pub(crate) failed: usize,
    pub(crate) due: usize,
    pub(crate) impossible: usize,
    pub(crate) missed: Vec<Missed>,
    /// Implementations by local models, and all.
    pub(crate) built: (u32, u32),
    pub(crate) windows: Vec<WindowUse>,
}

/// A deadline that was missed and could have been met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// The task.
    pub task: String,
    /// When it was to be done.
    pub deadline: String,
    /// When it was.
    pub done: Option<String>,
}

/// What was used of a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowUse {
    /// The account.
    pub account: String,
    /// The window.
    pub window: String,
    /// Its periods that ended in the week.
    pub periods: u32,
    /// The share that was used, on average of them.
    pub used: f64,
    /// The largest share that was left at an end while work waited that could have used it.
    pub wasted: f64,
    /// Hours in which nothing was left of it but what is kept for the person.
    pub closed_hours: f64,
}

/// What came of a week.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Tasks that came.
    pub tasks: u32,
    /// Tasks that are done.
    pub done: u32,
    /// Tasks that ended without.
    pub failed: u32,
    /// Deadlines within the week that could be met at all.
    pub deadlines: u32,
    /// Of them, those that were met.
    pub met: u32,
    /// Those that were not.
    pub missed: Vec<Missed>,
    /// Deadlines that are missed even when nothing else is to be done.
    pub impossible: u32,
    /// Starts where a much more urgent task could have started instead.
    pub inversions: u32,
    /// Runs.
    pub runs: u32,
    /// Runs that met a limit.
    pub limited: u32,
    /// Times that another agent was called.
    pub escalated: u32,
    /// Tasks approved by the policy.
    pub by_policy: u32,
    /// Tasks whose work was merged and was bad.
    pub bad_merged: u32,
    /// Questions to the person, a day.
    pub asked_a_day: f64,
    /// Questions of the day with the most.
    pub asked_most: u32,
    /// Things the person looked at, a day, questions included.
    pub looked_a_day: f64,
    /// The share of implementation that models of this machine did.
    pub local: f64,
    /// US dollars.
    pub cost_usd: f64,
    /// Half of the tasks were done within so many minutes.
    pub median_minutes: u64,
    /// The accounts' windows.
    pub windows: Vec<WindowUse>,
    /// How far the confidence was off: 0 is perfect, 0.25 a coin's.
    pub brier: Option<f64>,
    /// The correlation of confidence and truth.
    pub correlation: Option<f64>,
    /// Commands of the simulator that the rules refused: always 0.
    pub refused: u32,
}

pub(crate) fn of(week: &Week, counts: &Counts, mut found: Found) -> Report {
    let days = week.length.as_secs_f64() / 86_400.0;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut by_day = std::collections::BTreeMap::<u64, u32>::new();
    for at in &counts.asked {
        *by_day.entry(at.since(week.begins).as_secs() / 86_400).or_default() += 1;
    }
    found.took.sort_unstable();
    let told = reliability(&counts.judged);
    Report {
        tasks: counts.tasks,
        done: number(found.took.len()),
        failed: number(found.failed),
        deadlines: number(found.due - found.impossible),
        met: number(found.due - found.impossible - found.missed.len()),
        missed: found.missed,
        impossible: number(found.impossible),
        inversions: counts.inversions,
        runs: counts.runs,
        limited: counts.limited,
        escalated: counts.escalated,
        by_policy: counts.by_policy,
        bad_merged: counts.bad_merged,
        asked_a_day: f64::from(number(counts.asked.len())) / days,
        asked_most: by_day.into_values().max().unwrap_or(0),
        looked_a_day: f64::from(counts.looked) / days,
        local: f64::from(found.built.0) / f64::from(found.built.1.max(1)),
        cost_usd: counts.cost_usd,
        median_minutes: found.took.get(found.took.len() / 2).map_or(0, |took| took.as_secs() / 60),
        windows: found.windows,
        brier: told.brier,
        correlation: told.correlation,
        refused: counts.refused,
    }
}

impl Report {
    /// The lines people read: what, and how it came out.
    pub fn rows(&self) -> Vec<(String, String)> {
        let percent = |share: f64| format!("{:.0}%", share * 100.0);
        let maybe = |number: Option<f64>| number.map_or_else(|| "-".into(), |number| format!("{number:.2}"));
        let mut rows: Vec<(&str, String)> = vec![
            ("tasks done", format!("{} of {}", self.done, self.tasks)),
            ("tasks that failed", self.failed.to_string()),
            ("deadlines met", format!("{} of {}", self.met, self.deadlines)),
            ("deadlines nobody could meet", self.impossible.to_string()),
            ("priority inversions", self.inversions.to_string()),
            (
                "half of the tasks done within",
                domain::plan::told(Duration::from_secs(self.median_minutes * 60)),
            ),
            ("runs", self.runs.to_string()),
            ("runs that met a limit", self.limited.to_string()),
            ("another agent called", self.escalated.to_string()),
            ("questions a day", format!("{:.1}, {} on the worst", self.asked_a_day, self.asked_most)),
            ("looked at a day, questions included", format!("{:.1}", self.looked_a_day)),
            ("approved by the policy", self.by_policy.to_string()),
            ("bad work merged", self.bad_merged.to_string()),
            ("implementation by local models", percent(self.local)),
            ("cost", format!("${:.2}", self.cost_usd)),
            ("confidence: Brier score", maybe(self.brier)),
            ("confidence: correlation with the truth", maybe(self.correlation)),
        ];
        let missed: Vec<_> = self.missed.iter().map(Missed::sentence).collect();
        rows.splice(3..3, missed.into_iter().map(|said| ("  missed", said)));
        let mut rows: Vec<_> = rows.into_iter().map(|(name, said)| (name.to_owned(), said)).collect();
        for window in &self.windows {
            let name = format!("{}, {}", window.account, window_label(&window.window));
            let closed = match window.closed_hours {
                hours if hours < 0.05 => String::new(),
                hours => format!(", used up for {hours:.1} h"),
            };
            let used = format!("{} used, {} wasted at most", percent(window.used), percent(window.wasted));
            rows.push((name, used + &closed));
        }
        rows
    }
}

impl Missed {
    fn sentence(&self) -> String {
        let done = self.done.as_ref().map_or_else(|| "not done".into(), |at| format!("done {at}"));
        format!("{}: due {}, {done}", self.task, self.deadline)
    }
}
