//! Tasks and events as people read them.

use api::{EventView, TaskView};
use serde_json::Value;

use crate::ui::{Tone, Ui, plain};

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

fn with(agent: &str, model: Option<&str>) -> String {
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

/// An event as a line, or nothing where there is nothing for people in it.
pub(crate) fn event(ui: &Ui, event: &EventView) -> Option<String> {
    let data = &event.data;
    let text = |name: &str| plain(data[name].as_str().unwrap_or_default());
    let line = match event.kind.as_str() {
        "agent.text" => text("text"),
        "agent.thinking" => ui.tone(Tone::Dim, format!("(thinking) {}", first_line(&text("text")))),
        "tool.started" => {
            format!("{} {}", ui.tone(Tone::Busy, format!("[{}]", text("name"))), text("summary"))
        }
        "tool.finished" if data["ok"] == false => {
            ui.tone(Tone::Bad, format!("  failed: {}", first_line(&text("output"))))
        }
        "plan.updated" => plan(data),
        "task.output" => ui.tone(Tone::Dim, text("text")),
        "progress.reported" => ui.tone(Tone::Busy, format!("progress: {}", text("text"))),
        "question.asked" => ui.tone(Tone::Strong, format!("asks: {}", text("text"))),
        "question.answered" => format!("answered: {}", text("text")),
        "memory.written" => ui.tone(Tone::Dim, format!("noted for later runs: {}", text("name"))),
        "task.delegated" => format!("delegated: {}", text("title")),
        "agent.error" => ui.tone(Tone::Bad, format!("error: {}", text("text"))),
        "agent.retry" => ui.tone(Tone::Dim, format!("the agent tries its provider again: {}", text("error"))),
        "limit.seen" if data["status"] != "allowed" => {
            format!("limit: {} is {}", text("text"), text("status"))
        }
        "account.low" => ui.tone(Tone::Busy, text("text")),
        "run.warning" => format!("warning: {}", text("text")),
        "run.session_lost" => "its session is gone; the next run starts a new one".into(),
        "run.started" => {
            let why = data["receipt"]["sentence"].as_str().map(|why| format!(" ({})", plain(why)));
            let why = why.unwrap_or_default();
            ui.tone(Tone::Dim, format!("run {} by {} starts{why}", event.attempt.unwrap_or(0), text("agent")))
        }
        "task.classified" => {
            let by = text("by");
            ui.tone(
                Tone::Dim,
                format!("it is {}, {} ({by}: {})", text("kind"), text("complexity"), text("reason")),
            )
        }
        "diff.captured" => ui.tone(Tone::Dim, format!("collected: {}", size(&stat(data)))),
        "check.finished" => {
            let status = text("status");
            format!("check {}: {}", text("name"), ui.tone(tone_of(&status), &status))
        }
        "task.adjusted" => ui.tone(Tone::Dim, format!("priority {}", data["priority"])),
        "landing.checking" => format!("its checks run on the merge with {}", short(&text("onto"))),
        "landing.checked" => {
            let status = text("status");
            format!("check {} of the merge: {}", text("name"), ui.tone(tone_of(&status), &status))
        }
        "landing.returned" => format!("back to its agent: {}", text("reason")),
        "landing.resolved" => format!("brought onto {}", short(&text("onto"))),
        "landing.unresolved" => "the conflict is not resolved".into(),
        "landing.withdrawn" => "to be taken out of the merge queue".into(),
        "collision.seen" => {
            let files: Vec<_> =
                data["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let line =
                format!("{} collision with {}: {}", text("kind"), text("title"), plain(&files.join(", ")));
            ui.tone(Tone::Busy, line)
        }
        "run.stuck" if data["seen"] == "silent" => ui.tone(Tone::Dim, text("what")),
        "run.stuck" => ui.tone(Tone::Busy, format!("seems stuck: {}", text("what"))),
        "task.taken_over" => "taken over by a person".into(),
        "task.waiting" if data["for"] == "dependency" => text("reason"),
        "task.waiting" => format!("waits for {}: {}", text("for"), text("reason")),
        "task.failed" => ui.tone(Tone::Bad, format!("failed: {}", text("reason"))),
        "task.cancelled" => format!("cancelled: {}", text("reason")),
        "task.completed" => ui.tone(Tone::Good, format!("completed: {}", text("how"))),
        "task.judged" => format!("judged: {}", text("reason")),
        "task.reverted" => format!("taken back: {}", text("reason")),
        "task.sent_back" => format!("sent back: {}", text("comment")),
        "task.review" => ui.tone(Tone::Strong, "ready for review"),
        _ => return None,
    };
    (!line.trim().is_empty()).then_some(line)
}

fn stat(data: &Value) -> api::StatView {
    let number = |name: &str| data[name].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    api::StatView { files: number("files"), insertions: number("insertions"), deletions: number("deletions") }
}

fn plan(data: &Value) -> String {
    let items = data["items"].as_array().into_iter().flatten().map(|item| {
        let mark = match item["status"].as_str() {
            Some("completed") => "x",
            Some("in_progress") => ">",
            _ => " ",
        };
        format!("  [{mark}] {}", plain(item["text"].as_str().unwrap_or_default()))
    });
    let items: Vec<_> = items.collect();
    format!("plan:\n{}", items.join("\n"))
}

fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
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
