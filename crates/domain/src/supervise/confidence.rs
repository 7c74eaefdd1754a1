//! How sure one can be that a person would merge the work without a change: a sum of evidence, as log-odds. Its weights
//! are a beginning; [`super::calibrate`] corrects them by what happened.

use super::change::Change;
use super::claims;
use super::verdict::{Factor, Finding, Opinion, Severity};
use crate::check::{CheckResult, CheckStatus};
use crate::coverage::Coverage;

/// What it is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The checks' results.
    pub checks: &'a [CheckResult],
    /// What the rules found.
    pub findings: &'a [Finding],
    /// The work.
    pub change: &'a Change,
    /// How much of it ran in tests, where that was measured.
    pub coverage: Option<&'a Coverage>,
    /// How many risky paths it touches.
    pub risks: usize,
    /// The second opinion.
    pub opinion: Option<&'a Opinion>,
    /// Of the agent's work in this project: what people approved, and what they did not.
    pub record: (u32, u32),
    /// How often this task was sent back.
    pub retries: u32,
    /// The agent's closing words.
    pub summary: &'a str,
}

/// Small plain work of an agent that nobody knows, in a project without checks, is a little more likely to be merged
/// than not.
const START: f64 = 0.8;
/// From none of the changed lines that ran in tests to all of them; half of them say nothing.
const COVERED: f64 = 1.4;

/// The confidence before calibration, and what it is made of.
pub fn raw(evidence: &Evidence<'_>) -> (f64, Vec<Factor>) {
    let mut factors = Vec::new();
    let mut add = |weight: f64, text: String| {
        if weight.abs() > 0.005 {
            factors.push(Factor { text, weight: (weight * 100.0).round() / 100.0 });
        }
    };
    checks(evidence.checks, &mut add);
    size(evidence.change, &mut add);
    match evidence.coverage.and_then(|coverage| Some((coverage, coverage.share()?))) {
        Some((coverage, share)) => add(COVERED * (share - 0.5), coverage.words()),
        None => tests(evidence.change, &mut add),
    }
    if evidence.risks > 0 {
        add(
            -0.5 * small(evidence.risks).min(3.0),
            plural(evidence.risks, "risky path is", "risky paths are") + " touched",
        );
    }
    for severity in [Severity::Serious, Severity::Warning] {
        let n = evidence.findings.iter().filter(|finding| finding.severity == severity).count();
        let each = if severity == Severity::Serious { -1.5 } else { -0.4 };
        add(
            each * small(n).min(4.0),
            format!("{} {}", plural(n, "finding is", "findings are"), severity.as_str()),
        );
    }
    opinion(evidence.opinion, &mut add);
    let (approved, not) = evidence.record;
    if approved + not > 0 {
        let share = (f64::from(approved) + 1.0) / (f64::from(approved) + f64::from(not) + 2.0);
        let text = format!(
            "{approved} of {} of this agent's works here were approved",
            approved.saturating_add(not)
        );
        add((share - 0.5) * 2.0, text);
    }
    add(
        -0.3 * f64::from(evidence.retries.min(4)),
        format!("it was sent back {} before", times(evidence.retries)),
    );
    let doubts = claims::hedging(evidence.summary);
    if let Some(first) = doubts.first() {
        add(-0.4 * small(doubts.len()).min(2.0), format!("the agent doubts it: \"{first}\""));
    }
    let sum: f64 = START + factors.iter().map(|factor| factor.weight).sum::<f64>();
    (1.0 / (1.0 + (-sum).exp()), factors)
}

fn checks(checks: &[CheckResult], add: &mut impl FnMut(f64, String)) {
    let failed = checks.iter().filter(|check| check.status != CheckStatus::Passed).count();
    match (checks.len(), failed) {
        (0, _) => add(-0.3, "the project has no checks".into()),
        (n, 0) => add(1.2, plural(n, "check passes", "checks pass")),
        (n, failed) => add(-2.5, format!("{failed} of {} did not pass", plural(n, "check", "checks"))),
    }
}

fn size(change: &Change, add: &mut impl FnMut(f64, String)) {
    let lines = change.size();
    // Twenty lines are read as they are; with every doubling there is more to overlook.
    let doublings = (f64::from(lines.max(1)) / 20.0).log2().max(0.0);
    add(-(0.2 * doublings).min(1.6), format!("{lines} lines are changed"));
}

/// Where it was not measured: whether tests came along.
fn tests(change: &Change, add: &mut impl FnMut(f64, String)) {
    let code = change.files.iter().any(super::change::Changed::is_code);
    let tests = change.files.iter().any(|file| file.is_test() && file.insertions > 0);
    match (code, tests) {
        (true, true) => add(0.4, "tests come with the code".into()),
        (true, false) => add(-0.3, "code changed and no test with it".into()),
        _ => {}
    }
}

/// Praise lifts little, blame weighs much: a reviewer may have been talked to.
fn opinion(opinion: Option<&Opinion>, add: &mut impl FnMut(f64, String)) {
    let Some(opinion) = opinion else { return };
    if let Some(score) = opinion.score.filter(|score| score.is_finite()) {
        let weight = if score >= 0.5 { (score - 0.5) * 1.6 } else { (score - 0.5) * 4.0 };
        add(weight, format!("{} scores it {score:.2}", opinion.agent));
    }
    if opinion.objects {
        add(-1.0, format!("{} wants it changed", opinion.agent));
    }
    let warnings = opinion.remarks.iter().filter(|remark| remark.severity >= Severity::Warning).count();
    add(-0.3 * small(warnings).min(4.0), plural(warnings, "remark warns", "remarks warn"));
}

fn small(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn times(n: u32) -> String {
    match n {
        1 => "once".into(),
        n => format!("{n} times"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::change::tests::change;
    use super::super::validate::finding;
    use super::*;

    fn check(status: CheckStatus) -> CheckResult {
        CheckResult {
            name: "test".into(),
            command: "true".into(),
            status,
            duration_ms: 1,
            output: String::new(),
            coverage: None,
        }
    }

    fn spoken(score: f64) -> Opinion {
        Opinion {
            agent: "gemini".into(),
            model: None,
            score: Some(score),
            objects: false,
            remarks: Vec::new(),
            without: None,
        }
    }

    fn evidence(change: &Change) -> Evidence<'_> {
        Evidence {
            checks: &[],
            findings: &[],
            change,
            coverage: None,
            risks: 0,
            opinion: None,
            record: (0, 0),
            retries: 0,
            summary: "Done.",
        }
    }

    #[test]
    fn each_piece_of_evidence_is_said() {
        let change = change(&[("src/a.rs", &"+x\n".repeat(80))]);
        let praise = spoken(0.9);
        let evidence = Evidence {
            checks: &[check(CheckStatus::Passed)],
            risks: 1,
            opinion: Some(&praise),
            record: (3, 1),
            retries: 1,
            summary: "It should work.",
            ..evidence(&change)
        };
        let (raw, factors) = raw(&evidence);
        let said: Vec<_> =
            factors.iter().map(|factor| format!("{:+.2} {}", factor.weight, factor.text)).collect();
        insta::assert_snapshot!(format!("{raw:.2}\n{}", said.join("\n")), @r#"
        0.74
        +1.20 1 check passes
        -0.40 80 lines are changed
        -0.30 code changed and no test with it
        -0.50 1 risky path is touched
        +0.64 gemini scores it 0.90
        +0.33 3 of 4 of this agent's works here were approved
        -0.30 it was sent back once before
        -0.40 the agent doubts it: "should work"
        "#);
    }

    fn covered(ran: u32, of: u32) -> Coverage {
        Coverage { ran, of, files: Vec::new(), unnamed: Vec::new() }
    }

    #[test]
    fn what_ran_in_tests_goes_before_whether_tests_came_along() {
        let change = change(&[("src/a.rs", "+x"), ("tests/a.rs", "+x")]);
        let said = |coverage: Option<&Coverage>| {
            let (_, factors) = raw(&Evidence { coverage, ..evidence(&change) });
            factors.last().map(|factor| format!("{:+.2} {}", factor.weight, factor.text)).unwrap()
        };
        assert_eq!(said(None), "+0.40 tests come with the code");
        assert_eq!(said(Some(&covered(41, 48))), "+0.50 41 of 48 changed lines ran in tests");
        assert_eq!(said(Some(&covered(0, 48))), "-0.70 0 of 48 changed lines ran in tests");
        assert_eq!(said(Some(&covered(0, 0))), "+0.40 tests come with the code");
    }

    proptest! {
        #[test]
        fn fewer_lines_that_ran_never_lift_it(of in 1u32..300, ran in 0u32..300, less in 0u32..300) {
            let change = change(&[("src/a.rs", "+x")]);
            let with = |ran| raw(&Evidence { coverage: Some(&covered(ran, of)), ..evidence(&change) }).0;
            let ran = ran.min(of);
            prop_assert!(with(ran.saturating_sub(less)) <= with(ran) + 1e-9);
        }

        #[test]
        fn worse_evidence_never_lifts_it(
            lines in 1usize..400, risks in 0usize..5, retries in 0u32..5, passed in 0usize..4,
            approved in 0u32..30, not in 0u32..30, score in 0.0..=1.0f64,
        ) {
            let change = change(&[("src/a.rs", &"+x\n".repeat(lines))]);
            let passing = vec![check(CheckStatus::Passed); passed];
            let praise = spoken(score);
            let base = Evidence {
                checks: &passing, risks, retries, record: (approved, not), opinion: Some(&praise), ..evidence(&change)
            };
            let (now, _) = raw(&base);
            prop_assert!(now > 0.0 && now < 1.0);
            let mut failing = passing.clone();
            failing.push(check(CheckStatus::Failed));
            let serious = [finding("x", Severity::Serious, "x")];
            let larger = super::super::change::tests::change(&[("src/a.rs", &"+x\n".repeat(lines * 2))]);
            let objecting = Opinion { objects: true, ..praise.clone() };
            for worse in [
                Evidence { checks: &failing, ..base },
                Evidence { findings: &serious, ..base },
                Evidence { change: &larger, ..base },
                Evidence { risks: risks + 1, ..base },
                Evidence { retries: retries + 1, ..base },
                Evidence { record: (approved, not + 1), ..base },
                Evidence { opinion: Some(&objecting), ..base },
                Evidence { summary: "Hopefully.", ..base },
            ] {
                // A first outcome, even a bad one, is compared with none; all else only lowers it.
                if worse.record == base.record || approved + not > 0 {
                    prop_assert!(raw(&worse).0 <= now + 1e-9, "{worse:?}");
                }
            }
        }

        /// The most that a reviewer's praise can do.
        #[test]
        fn praise_is_bounded(score in 0.0..=1.0f64) {
            let change = change(&[("src/a.rs", "+x")]);
            let failing = [check(CheckStatus::Failed)];
            let praise = spoken(score);
            let evidence = Evidence { checks: &failing, opinion: Some(&praise), ..evidence(&change) };
            prop_assert!(raw(&evidence).0 < 0.25, "a failed check is a failed check");
        }
    }
}
