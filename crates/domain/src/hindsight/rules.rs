//! The rules' part of hindsight: what cost time and credits, and what in the configuration would have helped. True without
//! any model. A snippet is a whole configuration that can be read as it is; a person merges it into theirs, or does not.

use std::collections::BTreeMap;
use std::time::Duration;

use super::facts::{Facts, RunFacts};
use super::{Advice, Cost, Hindsight, MOST_LINE, visible};
use crate::collision;
use crate::plan;
use crate::project::Project;
use crate::run::{Outcome, Stage};
use crate::task::WaitFor;

/// Waits and steps that are shorter cost nobody anything worth a sentence.
const LONG: Duration = Duration::from_mins(10);
/// Costs and pieces of advice of a task.
const MOST: usize = 8;

/// What the configuration says, as far as advice depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The project as it is configured.
    pub project: &'a Project,
    /// Agents that could be used now, besides the rehearsal.
    pub agents: &'a [String],
}

/// A span for people; what is short in seconds.
fn told(span: Duration) -> String {
    if span < Duration::from_mins(1) { format!("{} s", span.as_secs()) } else { plan::told(span) }
}

/// The rules' part.
pub fn look(facts: &Facts, setting: &Setting<'_>) -> Hindsight {
    let mut costs: Vec<Cost> = [runs(facts), sent_back(facts), returned(facts), stuck(facts), limits(facts)]
        .into_iter()
        .flatten()
        .collect();
    costs.extend(checks(facts));
    costs.extend(waits(facts));
    costs.extend(steps(facts));
    // What cost time goes before what cost none; the sort keeps the order of those that are alike.
    costs.sort_by_key(|cost| std::cmp::Reverse(cost.seconds));
    costs.truncate(MOST);
    let advice = [
        policy(facts, setting),
        check(facts, setting),
        route(facts, setting),
        fallback(facts, setting),
        timeout(facts, setting),
        patience(facts, setting),
        collisions(facts, setting),
    ];
    let advice = advice.into_iter().flatten().take(MOST).collect();
    Hindsight { costs, advice, ..Hindsight::default() }
}

fn runs(facts: &Facts) -> Option<Cost> {
    let vain: Vec<&RunFacts> = facts.runs.iter().filter(|run| run.in_vain).collect();
    if vain.is_empty() {
        return None;
    }
    let time: Duration = vain.iter().map(|run| run.took()).sum();
    let tokens = vain.iter().map(|run| run.usage.input + run.usage.output).sum::<u64>();
    let usd: f64 = vain.iter().map(|run| run.usage.cost_usd).sum();
    let mut how: BTreeMap<&str, usize> = BTreeMap::new();
    for run in &vain {
        let word = match run.outcome {
            Some(outcome) if outcome != Outcome::Succeeded => outcome.as_str(),
            _ => "not kept as it was",
        };
        *how.entry(word).or_default() += 1;
    }
    let how: Vec<_> = how.into_iter().map(|(word, n)| format!("{n} {}", word.replace('_', " "))).collect();
    let consumed = if tokens > 0 { format!(", {tokens} tokens, ${usd:.2}") } else { String::new() };
    let text = format!(
        "{} of {} in vain ({}): {}{consumed}",
        vain.len(),
        counted(facts.attempts as usize, "run"),
        how.join(", "),
        told(time)
    );
    Some(Cost { name: "runs".into(), text, seconds: time.as_secs(), tokens, usd })
}

fn sent_back(facts: &Facts) -> Option<Cost> {
    let by_you = (facts.sent_back > 0).then(|| format!("{} by you", times(facts.sent_back)));
    let by_itself =
        (facts.sent_back_by_itself > 0).then(|| format!("{} by itself", times(facts.sent_back_by_itself)));
    let parts: Vec<_> = [by_you, by_itself].into_iter().flatten().collect();
    let text = format!("it was sent back {}", parts.join(", "));
    (!parts.is_empty()).then(|| Cost { name: "sent_back".into(), text, ..Cost::default() })
}

fn returned(facts: &Facts) -> Option<Cost> {
    let text =
        format!("what you had approved could not land as it was and came back {}", times(facts.returned));
    (facts.returned > 0).then(|| Cost { name: "landing".into(), text, ..Cost::default() })
}

fn stuck(facts: &Facts) -> Option<Cost> {
    let (n, what) = &facts.stuck;
    let text = format!("it went in circles {}: {}", times(*n), visible(what, MOST_LINE));
    (*n > 0).then(|| Cost { name: "stuck".into(), text, ..Cost::default() })
}

fn limits(facts: &Facts) -> Option<Cost> {
    let n = facts.runs.iter().filter(|run| run.outcome == Some(Outcome::Limited)).count();
    let text = format!("{} met an account's limit", counted(n, "run"));
    (n > 0).then(|| Cost { name: "limit".into(), text, ..Cost::default() })
}

/// Checks that did not pass in a run: each with the time of those runs.
fn checks(facts: &Facts) -> Vec<Cost> {
    let mut failed: BTreeMap<&str, (usize, Duration)> = BTreeMap::new();
    for run in &facts.runs {
        for (name, ..) in run.failed_checks() {
            let known = failed.entry(name.as_str()).or_default();
            *known = (known.0 + 1, known.1 + run.took());
        }
    }
    let cost = |(name, (n, time)): (&str, (usize, Duration))| Cost {
        name: "check".into(),
        text: format!("the check `{name}` failed in {n} of {}", counted(facts.attempts as usize, "run")),
        seconds: time.as_secs(),
        ..Cost::default()
    };
    failed.into_iter().map(cost).collect()
}

fn waits(facts: &Facts) -> Vec<Cost> {
    let cost = |name: &str, what: &str, time: Duration| Cost {
        name: name.into(),
        text: format!("it {what} for {}", told(time)),
        seconds: time.as_secs(),
        ..Cost::default()
    };
    let mut costs = Vec::new();
    for (on, time) in facts.waited.iter().filter(|(_, time)| **time >= LONG) {
        let what = match *on {
            "breakpoint" => "waited for your answer".to_owned(),
            "dependency" => "waited for the tasks before it".into(),
            "retry" => "waited to be tried again".into(),
            on => format!("waited for {on}"),
        };
        costs.push(cost("waited", &what, *time));
    }
    if facts.reviewed >= LONG {
        costs.push(cost("review", "lay in review", facts.reviewed));
    }
    costs
}

/// A step besides the agent's own work that took a good part of the time.
fn steps(facts: &Facts) -> Vec<Cost> {
    let mut steps: BTreeMap<Stage, Duration> = BTreeMap::new();
    for (stage, time) in facts.runs.iter().flat_map(|run| &run.steps) {
        *steps.entry(*stage).or_default() += *time;
    }
    let all: Duration = steps.values().sum();
    let is_much =
        |stage: &Stage, time: &Duration| *stage != Stage::Agent && *time >= LONG && *time * 4 >= all;
    let cost = |(stage, time): (Stage, Duration)| Cost {
        name: "step".into(),
        text: format!("{} took {} of {}", stage.as_str(), told(time), told(all)),
        seconds: time.as_secs(),
        ..Cost::default()
    };
    steps.into_iter().filter(|(stage, time)| is_much(stage, time)).map(cost).collect()
}

/// A run came to a person with a check that failed, and nothing would have sent it back before.
fn policy(facts: &Facts, setting: &Setting<'_>) -> Option<Advice> {
    let failed =
        |run: &RunFacts| run.outcome == Some(Outcome::Succeeded) && run.failed_checks().next().is_some();
    let run = facts.runs.iter().find(|run| failed(run)).filter(|_| !setting.project.policy.acts)?;
    let name = &run.failed_checks().next()?.0;
    Some(Advice {
        name: "policy".into(),
        why: format!(
            "the work came to you although the check `{name}` failed; with a policy it goes back by itself"
        ),
        snippet: of_project(setting, "policy: {retries: 2}"),
    })
}

/// A person found what no check looks for.
fn check(facts: &Facts, setting: &Setting<'_>) -> Option<Advice> {
    let nobody_looks = setting.project.checks.is_empty() && facts.sent_back > 0;
    nobody_looks.then(|| Advice {
        name: "check".into(),
        why: format!(
            "you sent it back {}, and the project has no check that could have",
            times(facts.sent_back)
        ),
        snippet: of_project(setting, "checks: {test: \"the command that runs your tests\"}"),
    })
}

/// Another agent than the first brought it.
fn route(facts: &Facts, setting: &Setting<'_>) -> Option<Advice> {
    let last = facts.runs.last().filter(|run| facts.completed && !run.in_vain)?;
    let before: Vec<_> = facts.runs.iter().filter(|run| run.agent != last.agent).collect();
    let first = before.first().filter(|_| before.iter().all(|run| run.in_vain))?;
    let (kind, project) = (facts.kind.as_str(), quoted(&setting.project.name));
    Some(Advice {
        name: "route".into(),
        why: format!(
            "{} brought it after {} of {} in vain",
            last.agent,
            counted(before.len(), "run"),
            first.agent
        ),
        snippet: format!(
            "routes:\n  - when: {{kind: [{kind}], project: {project}}}\n    use: [{}, {}]\nprojects:\n  {project}:\n    repo: {}\n",
            quoted(&last.agent),
            quoted(&first.agent),
            quoted(&setting.project.repo)
        ),
    })
}

/// It waited for credits, and another agent could have gone on.
fn fallback(facts: &Facts, setting: &Setting<'_>) -> Option<Advice> {
    let waited = facts.waited.get(WaitFor::Credits.as_str()).copied().unwrap_or_default();
    let took_part = |name: &String| facts.runs.iter().any(|run| run.agent == *name);
    let other = setting.agents.iter().find(|name| !took_part(name))?;
    let would_help = waited >= LONG && setting.project.fallback.is_empty();
    would_help.then(|| Advice {
        name: "fallback".into(),
        why: format!("it waited for credits for {}; {other} could have gone on", told(waited)),
        snippet: of_project(setting, &format!("fallback: [{}]", quoted(other))),
    })
}

/// The agent was still at work when its time was up.
fn timeout(facts: &Facts, setting: &Setting<'_>) -> Option<Advice> {
    let most = setting.project.timeout;
    let at_work = |run: &RunFacts| run.steps.get(&Stage::Agent).copied().unwrap_or_default() * 10 >= most * 9;
    let cut = |run: &&RunFacts| run.outcome == Some(Outcome::TimedOut) && at_work(run);
    let n = facts.runs.iter().filter(cut).count();
    (n > 0).then(|| Advice {
        name: "timeout".into(),
        why: format!("{} ended because the time of {} was up", counted(n, "run"), told(most)),
        snippet: of_project(setting, &format!("timeout_minutes: {}", most.as_secs().div_ceil(60) * 2)),
    })
}

/// The policy asked, and nobody answered.
fn patience(facts: &Facts, setting: &Setting<'_>) -> Option<Advice> {
    let policy = &setting.project.policy;
    let waited = facts.waited.get(WaitFor::Breakpoint.as_str()).copied().unwrap_or_default();
    let in_vain = facts.unanswered > 0 && waited >= Duration::from_hours(1) && policy.answer_minutes > 60;
    in_vain.then(|| Advice {
        name: "answer_minutes".into(),
        why: format!(
            "nobody answered the policy {}, and the work lay for {}",
            times(facts.unanswered),
            told(waited)
        ),
        snippet: of_project(setting, "policy: {answer_minutes: 60}"),
    })
}

/// It did not land because another task had changed the same lines, which was seen while both worked.
fn collisions(facts: &Facts, setting: &Setting<'_>) -> Option<Advice> {
    let only_shown = setting.project.collisions == collision::Policy::Warn;
    (facts.returned > 0 && facts.collided > 0 && only_shown).then(|| Advice {
        name: "collisions".into(),
        why: format!(
            "it came back because {} changed the same lines meanwhile",
            counted(facts.collided as usize, "task")
        ),
        snippet: of_project(setting, "collisions: serialise"),
    })
}

fn of_project(setting: &Setting<'_>, line: &str) -> String {
    let (name, repo) = (quoted(&setting.project.name), quoted(&setting.project.repo));
    format!("projects:\n  {name}:\n    repo: {repo}\n    {line}\n")
}

/// A word of the configuration; in quotes when it could be read as anything else.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
    let reads_as_itself = word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && word.bytes().all(plain)
        && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
            .contains(&word.to_ascii_lowercase().as_str());
    if reads_as_itself { word.to_owned() } else { serde_json::to_string(word).unwrap_or_default() }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn times(n: u32) -> String {
    match n {
        1 => "once".into(),
        2 => "twice".into(),
        n => format!("{n} times"),
    }
}

/// The same of several tasks as one: what was found how often, the most often first; with an example each.
pub fn together<'a>(all: impl IntoIterator<Item = &'a Hindsight>) -> Vec<(String, usize, u64)> {
    let mut found: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for hindsight in all {
        let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
        for cost in &hindsight.costs {
            *seen.entry(cost.name.as_str()).or_default() += cost.seconds;
        }
        for (name, seconds) in seen {
            let known = found.entry(name).or_default();
            *known = (known.0 + 1, known.1.saturating_add(seconds));
        }
    }
    let mut found: Vec<_> =
        found.into_iter().map(|(name, (n, seconds))| (name.to_owned(), n, seconds)).collect();
    found.sort_by_key(|(_, n, seconds)| std::cmp::Reverse((*n, *seconds)));
    found
}
