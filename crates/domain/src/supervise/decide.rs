//! The decision, from everything that is known, with its reason in one sentence. Every way back to an agent has a bound
//! over the task's life; whatever is not clearly good ends with a person.

use super::breakpoint::{self, Alarms};
use super::change::Change;
use super::policy::{self, Policy, Rung};
use super::spending::{Ladder, Spent};
use super::trust::Tier;
use super::verdict::{Decision, Finding, Opinion, Severity};
use crate::check::{CheckResult, CheckStatus};
use crate::pipeline::Split;
use crate::work::OURS;

/// Sending back that no policy can go beyond.
pub const MOST_RETRIES: u32 = 20;
/// Escalations in a task's life.
pub const MOST_ESCALATIONS: u32 = 5;
/// How an agent is told that nobody but us looked.
const FROM_US: &str = "Your work was looked at before any person sees it, and it cannot be accepted yet:";
/// What an agent is told when much of what its task may take is gone.
const LESS: &str = "Much of what this task may take is used up. Do less: the smallest part of it that is right and stands by itself, \
                    with its checks green. Take the rest out, and say what you left out.";
/// Bytes of a failed check's output that the agent is told.
const MOST_OUTPUT: usize = 6000;
/// Characters of what it is told in all.
const MOST_FEEDBACK: usize = 16_000;

/// A path that is risky, and the rule that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// The path.
    pub path: String,
    /// In a word or two: the name of the risk, or the pattern of the configuration.
    pub why: String,
    /// The rule that asks, if it still does.
    pub rule: Option<String>,
}

/// What is known.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The project's policy.
    pub policy: &'a Policy,
    /// What its rules learned.
    pub alarms: &'a Alarms,
    /// What validation found.
    pub findings: &'a [Finding],
    /// The checks' results.
    pub checks: &'a [CheckResult],
    /// The second opinion.
    pub opinion: Option<&'a Opinion>,
    /// The work.
    pub change: &'a Change,
    /// The risky paths it touches.
    pub risks: &'a [Risk],
    /// How sure we are.
    pub confidence: f64,
    /// How far the agent is trusted here.
    pub tier: Tier,
    /// The task's runs that were sent back so far.
    pub retries: u32,
    /// Whether the run before did nothing, either.
    pub nothing_before: bool,
    /// Who may be called next.
    pub rung: Option<&'a Rung>,
    /// How much of what the task may take is gone.
    pub spent: Option<&'a Spent>,
    /// Whether it may be planned anew in parts: it was not, and is no part itself.
    pub splits: bool,
    /// Whether the policy's expression holds.
    pub allowed: bool,
}

/// The risky paths of a change.
pub fn risks(policy: &Policy, alarms: &Alarms, change: &Change) -> Vec<Risk> {
    let of = |path: &str| {
        let pattern = policy.risky_paths.iter().find(|pattern| policy::matches(pattern, path));
        if let Some(pattern) = pattern {
            return Some((pattern.clone(), Some(breakpoint::RISKY_PATH.to_owned())));
        }
        let risk = policy::builtin_risk(path)?;
        Some((risk.to_owned(), alarms.asks_about(risk).then(|| breakpoint::of_risk(risk))))
    };
    let paths =
        change.files.iter().flat_map(|file| [Some(&file.path), file.old_path.as_ref()].into_iter().flatten());
    paths.filter_map(|path| of(path).map(|(why, rule)| Risk { path: path.clone(), why, rule })).collect()
}

/// What follows, and why.
pub fn decide(facts: &Facts<'_>) -> (Decision, String) {
    let problems = problems(facts);
    if !facts.policy.acts {
        let reason = match problems.first() {
            Some(problem) => format!("a person looks at it: {}", problem.short),
            None => "a person looks at it: the project has no policy".into(),
        };
        return (Decision::Review {}, reason);
    }
    if !problems.is_empty() {
        return mend(facts, &problems);
    }
    let rules = rules(facts);
    if !rules.is_empty() {
        return ask(facts, &problems, rules);
    }
    accept(facts)
}

/// What stands against accepting it.
struct Problem {
    short: String,
    told: String,
}

fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    for finding in facts.findings.iter().filter(|finding| finding.severity == Severity::Serious) {
        found.push(Problem { short: finding.sentence(), told: format!("- {}", finding.sentence()) });
    }
    for check in facts.checks.iter().filter(|check| check.status != CheckStatus::Passed) {
        let output = check.output.trim();
        let start = output.len().saturating_sub(MOST_OUTPUT);
        let start = (start..=output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or(0);
        found.push(Problem {
            short: format!("the check {} did not pass", check.name),
            told: format!(
                "- the check `{}` ({}) did not pass. It printed:\n\n{}\n",
                check.name,
                check.command,
                quoted(&output[start..])
            ),
        });
    }
    if let Some(opinion) = facts.opinion.filter(|opinion| opinion.objects) {
        let remarks = opinion.remarks.iter().fold(String::new(), |text, remark| {
            text + &format!(
                "\n  - {}:{} ({}): {}",
                remark.file,
                remark.line,
                remark.severity.as_str(),
                one_line(&remark.text)
            )
        });
        found.push(Problem {
            short: format!("{} wants it changed", opinion.agent),
            told: format!("- a reviewer ({}) wants it changed{remarks}", opinion.agent),
        });
    }
    found
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As data: what a check prints, the agent itself may have written.
fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn feedback(problems: &[Problem]) -> String {
    let told: Vec<_> = problems.iter().map(|problem| problem.told.as_str()).collect();
    let told: String = told.join("\n").chars().take(MOST_FEEDBACK).collect();
    format!(
        "{OURS}{FROM_US}\n\n{told}\n\nMend that, and say at the end what you did. If it cannot be done, change nothing more and say why."
    )
}

/// Work that cannot be accepted as it is: the same session, then another agent, then a person.
fn mend(facts: &Facts<'_>, problems: &[Problem]) -> (Decision, String) {
    let what = problems.first().map_or_else(String::new, |problem| problem.short.clone());
    let nothing = facts.findings.iter().any(|finding| finding.name == "nothing_done");
    if nothing && facts.nothing_before {
        let why = "nothing was done in two runs".to_owned();
        return ask(facts, problems, vec![(breakpoint::REPEATED_FAILURE.into(), why)]);
    }
    let gone = facts.spent.map_or_else(String::new, |spent| format!("; it has taken {}", spent.words));
    let ladder = facts.spent.map_or(Ladder::Whole, Spent::ladder);
    if ladder == Ladder::Ask {
        return ask(
            facts,
            problems,
            vec![(breakpoint::BUDGET.into(), format!("{what}{gone}, which is all it may"))],
        );
    }
    let another = ladder == Ladder::Another && facts.rung.is_some();
    if facts.retries < facts.policy.retries.min(MOST_RETRIES) && !another {
        let (n, of) = (facts.retries + 1, facts.policy.retries);
        if ladder == Ladder::Whole {
            return (
                Decision::Retry { feedback: feedback(problems) },
                format!("sent back by itself ({n} of {of}): {what}"),
            );
        }
        let told = format!("{}\n\n{LESS}", feedback(problems));
        return (
            Decision::Retry { feedback: told },
            format!("sent back by itself, to do less ({n} of {of}): {what}{gone}"),
        );
    }
    if let Some(rung) = facts.rung {
        let reason = format!("{rung} goes on with it: {what}{}", if another { gone.as_str() } else { "" });
        return (Decision::Escalate { to: rung.clone(), feedback: feedback(problems) }, reason);
    }
    if facts.splits && facts.policy.split != Split::Never {
        let told: Vec<_> = problems.iter().map(|problem| problem.told.as_str()).collect();
        let told: String = told.join("\n").chars().take(MOST_FEEDBACK).collect();
        let feedback = format!(
            "{OURS}It was tried as one task and not finished. What stood against it at the end:\n\n{told}"
        );
        let reason = format!("it is planned anew, in parts: {what}");
        return (Decision::Split { how: facts.policy.split, feedback }, reason);
    }
    let tried = match facts.retries {
        0 => "it is not sent back by itself here".to_owned(),
        1 => "it was sent back once".to_owned(),
        n => format!("it was sent back {n} times"),
    };
    ask(facts, problems, vec![(breakpoint::REPEATED_FAILURE.into(), format!("{what}, and {tried}"))])
}

/// The rules that want a person to decide about work without a fault.
fn rules(facts: &Facts<'_>) -> Vec<(String, String)> {
    let mut rules: Vec<(String, String)> = Vec::new();
    for risk in facts.risks {
        let Some(rule) = &risk.rule else { continue };
        if !rules.iter().any(|(known, _)| known == rule) {
            rules.push((rule.clone(), format!("it touches {} ({})", risk.path, risk.why)));
        }
    }
    let only = &facts.policy.only_paths;
    let allowed = |path: &str| only.iter().any(|pattern| policy::matches(pattern, path));
    // A file that was moved has left its old place, too.
    let changed = facts.change.files.iter().flat_map(|file| file.old_path.iter().chain([&file.path]));
    if let Some(outside) = changed.filter(|_| !only.is_empty()).find(|path| !allowed(path)) {
        let why = format!("it changes {outside}, and the policy allows {} only", only.join(", "));
        rules.push((breakpoint::OUTSIDE.into(), why));
    }
    let (files, lines) = (facts.change.files.len(), facts.change.size());
    let (most_files, most_lines) = facts.alarms.scope(facts.policy);
    if u32::try_from(files).unwrap_or(u32::MAX) > most_files || lines > most_lines {
        rules.push((
            breakpoint::SCOPE.into(),
            format!("it changes {files} files and {lines} lines, more than the policy expects"),
        ));
    }
    let threshold = facts.alarms.threshold(facts.policy);
    if facts.confidence < threshold {
        let why = format!("the confidence is {:.2}, below {threshold:.2}", facts.confidence);
        rules.push((breakpoint::CONFIDENCE.into(), why));
    }
    rules
}

fn ask(facts: &Facts<'_>, problems: &[Problem], rules: Vec<(String, String)>) -> (Decision, String) {
    let (rules, why): (Vec<_>, Vec<_>) = rules.into_iter().unzip();
    let why = why.join("; ");
    let feedback = if problems.is_empty() {
        format!("A person wants it done otherwise, because {why}. Look at it again.")
    } else {
        feedback(problems)
    };
    let minutes = facts.policy.answer_minutes;
    let text = format!("What should become of this work: {why}?");
    (Decision::Ask { rules, text, feedback, minutes }, format!("a person decides: {why}"))
}

fn accept(facts: &Facts<'_>) -> (Decision, String) {
    let Some(expression) = &facts.policy.approve else {
        return (Decision::Review {}, "nothing speaks against it; a person looks at it".into());
    };
    // Whatever the expression says: not for whom nobody knows, and not for what the rules warn of.
    let least = facts.policy.trust.max(Tier::Known);
    if facts.tier < least {
        let reason = format!(
            "a person looks at it: the agent is {} here, and approval without a person needs {}",
            facts.tier.as_str(),
            least.as_str()
        );
        return (Decision::Review {}, reason);
    }
    if let Some(warning) = facts.findings.iter().find(|finding| finding.severity == Severity::Warning) {
        return (Decision::Review {}, format!("a person looks at it: {}", warning.sentence()));
    }
    if facts.change.files.is_empty() || !facts.allowed {
        return (Decision::Review {}, format!("a person looks at it: `{expression}` does not hold"));
    }
    (Decision::Approve { by: expression.clone() }, format!("approved by the policy: `{expression}` holds"))
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
