//! How much of a change ran in tests, by the reports that the project's checks write. Only lines that came with the change
//! and that a report knows as executable count; lines of tests themselves do not. Whatever is missing, broken, stale or
//! names nothing of the repository covers nothing. Here: what a report says of a change, and what follows. In
//! [`reading`]: the formats. Not here: how a report leaves the workspace (`engine::run::coverage`).

pub mod reading;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::check::CheckResult;
use crate::supervise::{Finding, Severity};

/// Files of which a finding tells what did not run.
const MOST_TOLD: usize = 10;
/// Spans that a finding names.
const MOST_SPANS_TOLD: usize = 6;

/// Lines in a row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first.
    pub from: u32,
    /// The last.
    pub to: u32,
}

/// What a check's report says of the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum Reported {
    /// It was read.
    Read {
        /// The changed files that it names, without tests.
        files: Vec<Seen>,
        /// Changed code of the languages it speaks of that it does not name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unnamed: Vec<Unnamed>,
    },
    /// There is none to go by.
    Without {
        /// Why, as the end of a sentence about the report.
        reason: String,
    },
}

/// The lines of a changed file, of those that came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The file.
    pub path: String,
    /// What ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ran: Vec<Span>,
    /// What did not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Span>,
}

/// A changed file that no test loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unnamed {
    /// The file.
    pub path: String,
    /// How many lines came in it.
    pub lines: u32,
}

/// How much of a change ran in tests, by all reports together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Changed lines that ran.
    pub ran: u32,
    /// Changed lines that could have run.
    pub of: u32,
    /// The changed files that the reports name.
    pub files: Vec<FileCoverage>,
    /// Changed code that no report names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unnamed: Vec<Unnamed>,
}

/// How much of a changed file ran in tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCoverage {
    /// The file.
    pub path: String,
    /// Changed lines that ran.
    pub ran: u32,
    /// Changed lines that could have run.
    pub of: u32,
    /// What did not run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Span>,
}

impl Span {
    /// How many lines.
    pub fn lines(self) -> u32 {
        (self.to - self.from.min(self.to)).saturating_add(1)
    }

    fn words(self) -> String {
        if self.from == self.to { self.from.to_string() } else { format!("{}–{}", self.from, self.to) }
    }
}

/// Lines as spans.
pub fn spans(lines: &BTreeSet<u32>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for line in lines.iter().copied() {
        match spans.last_mut() {
            Some(last) if last.to.checked_add(1) == Some(line) => last.to = line,
            _ => spans.push(Span { from: line, to: line }),
        }
    }
    spans
}

/// What all checks' reports say together: a line ran when it ran in one of them. Nothing when no report was read, or none
/// of the changed lines could have run.
pub fn measured(checks: &[CheckResult]) -> Option<Coverage> {
    let mut lines: BTreeMap<&str, (BTreeSet<u32>, BTreeSet<u32>)> = BTreeMap::new();
    let mut unnamed: BTreeMap<&str, u32> = BTreeMap::new();
    for check in checks {
        let Some(Reported::Read { files, unnamed: not }) = &check.coverage else { continue };
        for file in files {
            let (ran, missed) = lines.entry(&file.path).or_default();
            ran.extend(file.ran.iter().flat_map(|span| span.from..=span.to));
            missed.extend(file.missed.iter().flat_map(|span| span.from..=span.to));
        }
        unnamed.extend(not.iter().map(|file| (file.path.as_str(), file.lines)));
    }
    let files: Vec<_> = lines
        .iter()
        .map(|(path, (ran, missed))| {
            let missed: BTreeSet<u32> = missed.difference(ran).copied().collect();
            FileCoverage {
                path: (*path).to_owned(),
                ran: count(ran.len()),
                of: count(ran.len() + missed.len()),
                missed: spans(&missed),
            }
        })
        .collect();
    let unnamed: Vec<_> = unnamed
        .into_iter()
        .filter(|(path, _)| !lines.contains_key(path))
        .map(|(path, lines)| Unnamed { path: path.to_owned(), lines })
        .collect();
    let sum = |of: fn(&FileCoverage) -> u32| files.iter().map(of).fold(0, u32::saturating_add);
    let found = Coverage { ran: sum(|file| file.ran), of: sum(|file| file.of), files, unnamed };
    found.share().is_some().then_some(found)
}

impl Coverage {
    /// The share that ran, 0 to 1. Code that no report names did not run.
    pub fn share(&self) -> Option<f64> {
        let of = self.unnamed.iter().map(|file| file.lines).fold(self.of, u32::saturating_add);
        (of > 0).then(|| f64::from(self.ran) / f64::from(of))
    }

    /// In a few words.
    pub fn words(&self) -> String {
        let lines = if self.of == 1 { "line" } else { "lines" };
        let measured = format!("{} of {} changed {lines} ran in tests", self.ran, self.of);
        match (self.of, self.unnamed.len()) {
            (_, 0) => measured,
            (0, 1) => format!("tests never loaded {}", self.unnamed[0].path),
            (0, n) => format!("tests never loaded {n} changed files"),
            (_, 1) => format!("{measured}, and {} was never loaded", self.unnamed[0].path),
            (_, n) => format!("{measured}, and {n} changed files were never loaded"),
        }
    }
}

/// What is to be said of it, the gravest first.
pub fn findings(checks: &[CheckResult]) -> Vec<Finding> {
    let said = |name: &str, severity, text: String, place: Option<(&str, Option<u32>)>| Finding {
        name: name.into(),
        severity,
        text,
        file: place.map(|(file, _)| file.to_owned()),
        line: place.and_then(|(_, line)| line),
    };
    let mut found = Vec::new();
    for check in checks {
        if let Some(Reported::Without { reason }) = &check.coverage {
            let text = format!("the coverage report of the check {} {reason}", check.name);
            found.push(said("coverage_missing", Severity::Warning, text, None));
        }
    }
    let Some(coverage) = measured(checks) else { return found };
    if coverage.share().is_some_and(|share| share < 0.5) {
        found.push(said("coverage_low", Severity::Warning, coverage.words(), None));
    }
    for file in coverage.files.iter().filter(|file| !file.missed.is_empty()).take(MOST_TOLD) {
        let first = file.missed.first().map(|span| span.from);
        found.push(said("not_covered", Severity::Note, not_run(&file.missed), Some((&file.path, first))));
    }
    for file in coverage.unnamed.iter().take(MOST_TOLD) {
        let text = "no test loads it: the coverage report does not name it".to_owned();
        found.push(said("not_loaded", Severity::Note, text, Some((&file.path, None))));
    }
    found
}

fn not_run(missed: &[Span]) -> String {
    let named: Vec<_> = missed.iter().take(MOST_SPANS_TOLD).map(|span| span.words()).collect();
    let one = missed.len() == 1 && missed[0].lines() == 1;
    let more = missed.len().saturating_sub(MOST_SPANS_TOLD);
    let more = if more > 0 { format!(" and {more} more places") } else { String::new() };
    format!("{} {}{more} did not run in tests", if one { "line" } else { "lines" }, named.join(", "))
}

pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CheckStatus;

    pub(super) fn check(coverage: Option<Reported>) -> CheckResult {
        CheckResult {
            name: "test".into(),
            command: "npm test".into(),
            status: CheckStatus::Passed,
            duration_ms: 1,
            output: String::new(),
            coverage,
        }
    }

    fn seen(path: &str, ran: &[(u32, u32)], missed: &[(u32, u32)]) -> Seen {
        let spans = |of: &[(u32, u32)]| of.iter().map(|(from, to)| Span { from: *from, to: *to }).collect();
        Seen { path: path.into(), ran: spans(ran), missed: spans(missed) }
    }

    #[test]
    fn what_ran_in_one_report_ran() {
        let unit = Reported::Read {
            files: vec![seen("a.js", &[(1, 3)], &[(4, 9)])],
            unnamed: vec![Unnamed { path: "b.js".into(), lines: 5 }],
        };
        let browser = Reported::Read {
            files: vec![seen("a.js", &[(7, 8)], &[(1, 6)]), seen("b.js", &[], &[(2, 2)])],
            unnamed: Vec::new(),
        };
        let found = measured(&[check(Some(unit)), check(Some(browser)), check(None)]).unwrap();
        assert_eq!((found.ran, found.of, found.unnamed.len()), (5, 10, 0));
        assert_eq!(found.words(), "5 of 10 changed lines ran in tests");
        assert_eq!(found.files[0].missed, [Span { from: 4, to: 6 }, Span { from: 9, to: 9 }]);
    }

    #[test]
    fn what_is_said() {
        let read = Reported::Read {
            files: vec![seen("src/a.js", &[(1, 1)], &[(3, 9), (12, 12)])],
            unnamed: vec![Unnamed { path: "src/b.js".into(), lines: 40 }],
        };
        let without = Reported::Without { reason: "was not written".into() };
        let told = findings(&[check(Some(read)), check(Some(without))]);
        let told: Vec<_> = told
            .iter()
            .map(|finding| format!("{} {}: {}", finding.severity.as_str(), finding.name, finding.sentence()))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        warning coverage_missing: the coverage report of the check test was not written
        warning coverage_low: 1 of 9 changed lines ran in tests, and src/b.js was never loaded
        note not_covered: lines 3–9, 12 did not run in tests (src/a.js:3)
        note not_loaded: no test loads it: the coverage report does not name it (src/b.js)
        ");
    }

    #[test]
    fn nothing_to_run_is_not_all_of_it() {
        let read = Reported::Read { files: vec![seen("a.js", &[], &[])], unnamed: Vec::new() };
        assert_eq!(measured(&[check(Some(read))]), None);
        assert_eq!(measured(&[check(Some(Reported::Without { reason: "x".into() }))]), None);
        assert_eq!(measured(&[]), None);
    }
}
