//! Tasks and events as people read them.

mod events;

use api::TaskView;

use crate::ui::{Tone, Ui, plain};

pub(crate) use events::event;

/// A state's colour.
pub(crate) fn tone_of(state: &str) -> Tone {
    match state {
        "completed" | "passed" => Tone::Good,
        "failed" | "cancelled" | "error" => Tone::Bad,
        "review" => Tone::Strong,
        "running" => Tone::Busy,
        _ => Tone::Dim,
    }
}

/// How long ago a time was, in one unit.
pub(crate) fn ago(at: &str, now: jiff::Timestamp) -> String {
    let Ok(at) = at.parse::<jiff::Timestamp>() else { return at.to_owned() };
    let seconds = now.as_second() - at.as_second();
    let (n, unit) = match seconds.abs() {
        0..=59 => (seconds.abs(), "s"),
        60..=3599 => (seconds.abs() / 60, "min"),
        3600..=86_399 => (seconds.abs() / 3600, "h"),
        _ => (seconds.abs() / 86_400, "d"),
    };
    if seconds < 0 { format!("in {n} {unit}") } else { format!("{n} {unit} ago") }
}

/// A time on the person's clock.
pub(crate) fn local(at: &str) -> String {
    let Ok(at) = at.parse::<jiff::Timestamp>() else { return at.to_owned() };
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%a %-d %b %H:%M %Z").to_string()
}

/// What a state needs besides its name, in a few words.
pub(crate) fn detail(task: &TaskView, now: jiff::Timestamp) -> String {
    if let Some(waiting) = &task.waiting {
        let until = waiting.until.as_deref().map(|at| format!(", {}", ago(at, now))).unwrap_or_default();
        if waiting.on == "dependency" {
            return plain(&waiting.reason);
        }
        let place = task.queue.as_ref().map(|place| {
            let branch = plain(place.branch.as_deref().unwrap_or("no branch"));
            format!(", {} of {} in the queue of {branch}", place.position, place.of)
        });
        let place = place.unwrap_or_default();
        return format!("for {}{place}{until}: {}", waiting.on, plain(&waiting.reason));
    }
    match (&task.stage, &task.reason, &task.diff) {
        (Some(_), ..) if task.stopping => "stopping".into(),
        (Some(stage), ..) => stage.clone(),
        (None, Some(reason), _) => plain(reason),
        (None, None, Some(diff)) => size(diff),
        _ => String::new(),
    }
}

/// A change's size.
pub(crate) fn size(diff: &api::StatView) -> String {
    match diff.files {
        0 => "nothing changed".into(),
        1 => format!("1 file, +{} -{}", diff.insertions, diff.deletions),
        n => format!("{n} files, +{} -{}", diff.insertions, diff.deletions),
    }
}

/// A task in full.
pub(crate) fn task(ui: &Ui, task: &TaskView) {
    let now = jiff::Timestamp::now();
    ui.out(ui.tone(Tone::Strong, plain(&task.title)));
    let mut rows = vec![
        ("task", format!("{} ({})", task.short, task.id)),
        ("state", format!("{} {}", task.state, detail(task, now)).trim_end().to_owned()),
        ("project", format!("{} at {}", task.project, task.repo)),
        ("agent", with(&task.agent, task.model.as_deref())),
        ("work", sort(task)),
        ("branch", format!("{} from {}", task.branch, task.base.as_deref().unwrap_or("its commit"))),
        ("created", ago(&task.created_at, now)),
    ];
    if let Some(receipt) = &task.receipt {
        rows.push(("why", plain(receipt)));
    }
    if !task.steps.is_empty() {
        rows.push(("steps", steps(&task.steps)));
    }
    if task.race.is_some() {
        rows.push(("race", format!("`sidekick race {}` shows who else does it", task.short)));
    }
    if let Some(found) = &task.found {
        rows.push(("found", plain(found)));
    }
    if let Some(deadline) = &task.deadline {
        rows.push(("deadline", format!("{} ({})", local(deadline), ago(deadline, now))));
    }
    if !task.after.is_empty() {
        rows.push(("after", task.after.join(", ")));
    }
    if task.agent == "rehearsal" {
        rows.push(("note", "the rehearsal agent calls no model".into()));
    }
    if task.isolation == "none" {
        rows.push(("isolation", "NONE: the agent can do all that you can".into()));
    }
    if let Some(diff) = &task.diff {
        rows.push(("change", size(diff)));
    }
    if task.tokens.input + task.tokens.output > 0 {
        rows.push((
            "used",
            format!("{} tokens in, {} out, ${:.4}", task.tokens.input, task.tokens.output, task.cost_usd),
        ));
    }
    for check in &task.checks {
        rows.push(("check", format!("{} {} in {} ms", check.name, check.status, check.duration_ms)));
    }
    if let Some(verdict) = &task.verdict {
        rows.extend(judged(verdict));
    }
    for question in &task.questions {
        rows.push(("asks", asked(question)));
    }
    for collision in &task.collisions {
        rows.push(("collision", collides(collision)));
    }
    for warning in &task.warnings {
        rows.push(("warning", plain(warning)));
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, value)| {
            vec![
                (Tone::Dim, name.to_owned()),
                (if name == "state" { tone_of(&task.state) } else { Tone::Dim }, value),
            ]
        })
        .collect();
    ui.table(&rows);
    if let Some(summary) = &task.summary {
        ui.out(format!("\n{}", plain(summary)));
    }
}

/// A task's steps in a line: what is done, what is now, what comes.
fn steps(steps: &[api::TaskStepView]) -> String {
    let one = |step: &api::TaskStepView| {
        let by = step.agent.as_ref().map(|agent| format!(" by {}", plain(agent))).unwrap_or_default();
        let review =
            step.reviewer.as_ref().map(|by| format!(", reviewed by {}", plain(by))).unwrap_or_default();
        let state = if step.state == "later" { String::new() } else { format!(" ({})", step.state) };
        format!("{}{by}{review}{state}", plain(&step.name))
    };
    steps.iter().map(one).collect::<Vec<_>>().join(", then ")
}

/// What sort of work it is, and who says so.
fn sort(task: &TaskView) -> String {
    let gpu = if task.gpu { ", needs a graphics processor" } else { "" };
    let why = match task.classified_why.as_str() {
        "" => String::new(),
        why => format!(" ({}: {})", task.classified_by, plain(why)),
    };
    format!("{}, {}{gpu}{why}", task.kind, task.complexity)
}

/// A verdict, each of its parts in a row.
fn judged(verdict: &api::VerdictView) -> Vec<(&'static str, String)> {
    let place = |finding: &api::FindingView| match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!(" ({}:{line})", plain(file)),
        (Some(file), None) => format!(" ({})", plain(file)),
        _ => String::new(),
    };
    let row = |finding: &api::FindingView| {
        format!("{}: {}{}", finding.severity, plain(&finding.text), place(finding))
    };
    let mut rows = vec![("verdict", format!("{}: {}", verdict.decision, plain(&verdict.reason)))];
    rows.push(("confidence", format!("{}; the agent is {} here", verdict.confidence_words, verdict.tier)));
    rows.extend(verdict.coverage.iter().map(|coverage| ("coverage", plain(&coverage.words))));
    rows.extend(verdict.findings.iter().map(|finding| ("finding", row(finding))));
    if let Some(opinion) = &verdict.opinion {
        let score = opinion.score.map_or_else(String::new, |score| format!(" {score:.2}"));
        let word = match (&opinion.without, opinion.objects) {
            (Some(why), _) => format!(": no opinion that counts: {}", plain(why)),
            (None, true) => format!("{score}: wants it changed"),
            (None, false) => format!("{score}: would merge it"),
        };
        rows.push(("review", format!("{}{word}", opinion.agent)));
        rows.extend(opinion.remarks.iter().map(|remark| ("remark", row(remark))));
    }
    rows
}

/// A question with its name, its choices, and what was answered.
fn asked(question: &api::QuestionView) -> String {
    let choices: Vec<_> =
        question.choices.iter().zip(1..).map(|(choice, n)| format!("{n} {}", plain(choice))).collect();
    let choices = if choices.is_empty() { String::new() } else { format!(" ({})", choices.join(", ")) };
    let answer = question.answer.as_ref().map(|answer| format!(": {}", plain(answer))).unwrap_or_default();
    let default =
        question.default.as_ref().filter(|_| question.answer.is_none()).map(|default| {
            format!("; `{default}` by itself {}", question.until.as_deref().unwrap_or("in time"))
        });
    format!("{} {}{choices}{answer}{}", question.id, plain(&question.text), default.unwrap_or_default())
}

/// Who else is at the same files.
fn collides(collision: &api::CollisionView) -> String {
    let what = if collision.kind == "hot" { "the same lines" } else { "the same files" };
    let files: Vec<_> = collision.files.iter().take(5).map(|file| plain(file)).collect();
    let short = &collision.task[collision.task.len().saturating_sub(8)..];
    format!("{}: {short} ({}) changes {what}: {}", collision.kind, plain(&collision.title), files.join(", "))
}

pub(crate) fn with(agent: &str, model: Option<&str>) -> String {
    model
        .filter(|model| *model != agent)
        .map_or_else(|| agent.to_owned(), |model| format!("{agent} ({model})"))
}

/// What a person may do with a task in this state.
pub(crate) fn next_steps(task: &TaskView) -> Option<String> {
    let id = &task.short;
    match task.state.as_str() {
        "review" => Some(format!(
            "Look:      sidekick diff {id}\nApprove:   sidekick approve {id}\nSend back: sidekick reject {id} -m \"what should change\"\nDiscard:   sidekick reject {id}"
        )),
        "waiting" if task.questions.iter().any(|question| question.answer.is_none()) => Some(format!(
            "Answer:  sidekick answer {id} \"your answer, or the number of a choice\"\nDiscard: sidekick reject {id}"
        )),
        "failed" => Some(format!("Look: sidekick logs {id}\nTry again: sidekick retry {id}")),
        _ => None,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_one_unit() {
        let now: jiff::Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        for (at, said) in [
            ("2026-11-20T11:59:57Z", "3 s ago"),
            ("2026-11-20T11:15:00Z", "45 min ago"),
            ("2026-11-20T17:10:00Z", "in 5 h"),
            ("2026-11-10T12:00:00Z", "10 d ago"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(ago(at, now), said);
        }
    }
}
