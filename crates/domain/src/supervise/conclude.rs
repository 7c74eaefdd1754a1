//! The verdict, from all that was gathered of a run: risks, tier, confidence, decision, in that order. Pure; who gathers
//! is `engine::run::judge`, and the simulator, which draws what it gathers.

use super::breakpoint::Alarms;
use super::calibrate::{self, Pair};
use super::change::{Change, Changed};
use super::decide::{self, MOST_ESCALATIONS, Risk};
use super::policy::{Policy, Rung};
use super::spending::{Spent, Taken};
use super::trust::{self, Tier};
use super::verdict::{Finding, Opinion, Verdict};
use super::{Settled, confidence};
use crate::check::CheckStatus;
use crate::coverage::{self, Coverage};
use crate::pipeline;
use crate::run::Run;
use crate::task::Task;

/// What earlier work says.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// What people did with the agent's work in the project, newest first.
    pub record: Vec<Settled>,
    /// What the rules learned of false alarms.
    pub alarms: Alarms,
    /// Raw scores and what became of the work.
    pub pairs: Vec<Pair>,
    /// The largest share that the task took of a window, and the window's name; looked up where the policy asks for it.
    pub window: Option<(f64, String)>,
}

/// What was gathered of a run.
#[derive(Clone, Copy)]
pub struct Gathered<'a> {
    /// The project's policy.
    pub policy: &'a Policy,
    /// What earlier work says.
    pub past: &'a Past,
    /// The task, with the checks of this run.
    pub task: &'a Task,
    /// The run.
    pub run: &'a Run,
    /// The work.
    pub change: &'a Change,
    /// What validation found.
    pub findings: &'a [Finding],
    /// The second opinion.
    pub opinion: Option<&'a Opinion>,
    /// The agent's closing words.
    pub summary: &'a str,
    /// Who may be called next.
    pub rung: Option<&'a Rung>,
    /// Whether an expression of the policy holds for the facts.
    pub holds: &'a dyn Fn(&str, &Facts) -> bool,
}

/// What an expression of `approve` may speak of.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a name of the language")]
pub struct Facts {
    /// US dollars of all the task's runs.
    pub cost: f64,
    /// Lines added and removed.
    pub diff_lines: u32,
    /// Files changed.
    pub files: u32,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
    /// How many checks ran.
    pub checks: u32,
    /// There are checks, and all passed.
    pub checks_passed: bool,
    /// The share of the changed lines that ran in tests; 0 where it was not measured.
    pub coverage: f64,
    /// The confidence.
    pub confidence: f64,
    /// It touches a risky path.
    pub risky: bool,
    /// Tests came with it.
    pub tests_touched: bool,
    /// A second model gave an opinion that counts.
    pub reviewed: bool,
    /// Its score; 0 without.
    pub review_score: f64,
    /// How often it was sent back by itself.
    pub retries: u32,
    /// The task's priority: 1 is the most urgent.
    pub priority: u8,
    /// What sort of work: `documentation`, `testing` …
    pub kind: String,
    /// `low`, `medium`, `high`, `critical`.
    pub complexity: String,
    /// The agent.
    pub agent: String,
    /// `known` or `trusted`.
    pub tier: String,
}

/// The verdict.
pub fn conclude(gathered: &Gathered<'_>) -> Verdict {
    let Gathered { policy, past, task, change, findings, opinion, .. } = *gathered;
    let risks = decide::risks(policy, &past.alarms, change);
    let content = |wanted| past.record.iter().filter(|settled| settled.content() == Some(wanted)).count();
    let tier = trust::tier(past.record.iter().copied());
    let coverage = coverage::measured(&task.checks);
    let (raw, factors) = confidence::raw(&confidence::Evidence {
        checks: &task.checks,
        findings,
        change,
        coverage: coverage.as_ref(),
        risks: risks.len(),
        opinion,
        record: (number(content(true)), number(content(false))),
        retries: task.supervised.retries,
        summary: gathered.summary,
    });
    let (confidence, precedent) = calibrate::calibrated(&past.pairs, raw);
    let facts = Facts {
        coverage: coverage.as_ref().and_then(Coverage::share).unwrap_or(0.0),
        ..facts(gathered, &risks, confidence, tier)
    };
    let taken = Taken {
        cost_usd: task.usage.cost_usd,
        tokens: task.usage.input.saturating_add(task.usage.output),
        window: past.window.clone(),
    };
    let spent = Spent::of(policy, &taken);
    let before = task.supervised.verdict.as_ref();
    let (decision, reason) = decide::decide(&decide::Facts {
        policy,
        alarms: &past.alarms,
        findings,
        checks: &task.checks,
        opinion,
        change,
        risks: &risks,
        confidence,
        tier,
        retries: task.supervised.retries,
        nothing_before: before
            .is_some_and(|verdict| verdict.findings.iter().any(|finding| finding.name == "nothing_done")),
        rung: gathered.rung,
        spent: spent.as_ref(),
        splits: pipeline::may_split(task),
        allowed: policy.approve.as_ref().is_some_and(|expression| (gathered.holds)(expression, &facts)),
    });
    Verdict {
        commit: gathered.run.commit.clone(),
        findings: findings.to_vec(),
        opinion: opinion.cloned(),
        coverage,
        raw,
        confidence,
        factors,
        precedent,
        tier,
        decision,
        reason,
    }
}

fn facts(gathered: &Gathered<'_>, risks: &[Risk], confidence: f64, tier: Tier) -> Facts {
    let Gathered { task, change, .. } = *gathered;
    let sum = |of: fn(&Changed) -> u32| change.files.iter().map(of).fold(0, u32::saturating_add);
    let score = gathered.opinion.and_then(|opinion| opinion.score);
    Facts {
        cost: task.usage.cost_usd,
        diff_lines: change.size(),
        files: number(change.files.len()),
        insertions: sum(|file| file.insertions),
        deletions: sum(|file| file.deletions),
        checks: number(task.checks.len()),
        checks_passed: !task.checks.is_empty()
            && task.checks.iter().all(|check| check.status == CheckStatus::Passed),
        coverage: 0.0,
        confidence,
        risky: !risks.is_empty(),
        tests_touched: change.files.iter().any(Changed::is_test),
        reviewed: score.is_some(),
        review_score: score.unwrap_or(0.0),
        retries: task.supervised.retries,
        priority: task.asked.priority,
        kind: task.asked.nature.kind.as_str().into(),
        complexity: task.asked.nature.complexity.as_str().into(),
        agent: gathered.run.agent.clone(),
        tier: tier.as_str().into(),
    }
}

/// Who may be called next: the policy's ladder, else who may take over anyway; nobody who just did it or cannot.
pub fn rung(
    policy: &Policy,
    fallback: &[String],
    task: &Task,
    run: &Run,
    usable: impl Fn(&str) -> bool,
) -> Option<Rung> {
    let called = task.supervised.escalations;
    if called >= MOST_ESCALATIONS {
        return None;
    }
    let ladder = if policy.escalate.is_empty() {
        fallback.iter().map(|agent| Rung { agent: agent.clone(), model: None }).collect()
    } else {
        policy.escalate.clone()
    };
    let another = |rung: &Rung| rung.agent != run.agent || (rung.model.is_some() && rung.model != run.model);
    let ladder = ladder.into_iter().skip(usize::try_from(called).unwrap_or(usize::MAX));
    ladder.filter(another).find(|rung| usable(&rung.agent))
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
