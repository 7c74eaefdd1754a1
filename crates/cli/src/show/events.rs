//! Events as lines for people.

use api::EventView;
use serde_json::Value;

use super::{first_line, size, tone_of};
use crate::ui::{Tone, Ui, plain};

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
        "task.taken_over" => "taken over by a person".into(),
        "task.waiting" if data["for"] == "dependency" => text("reason"),
        "task.waiting" => format!("waits for {}: {}", text("for"), text("reason")),
        "task.failed" => ui.tone(Tone::Bad, format!("failed: {}", text("reason"))),
        "task.cancelled" => format!("cancelled: {}", text("reason")),
        "task.completed" => ui.tone(Tone::Good, format!("completed: {}", text("how"))),
        "task.hindsight" => {
            let found = data["costs"].as_array().map_or(0, Vec::len);
            ui.tone(Tone::Dim, format!("looked back on: {found} things cost time or credits"))
        }
        "task.judged" => format!("judged: {}", text("reason")),
        "task.reverted" => format!("taken back: {}", text("reason")),
        "task.sent_back" => format!("sent back: {}", text("comment")),
        "task.review" => ui.tone(Tone::Strong, "ready for review"),
        _ => return beside(ui, data, &event.kind),
    };
    (!line.trim().is_empty()).then_some(line)
}

/// Of what is beside the run itself: steps, races, the merge queue, collisions.
fn beside(ui: &Ui, data: &Value, kind: &str) -> Option<String> {
    let text = |name: &str| plain(data[name].as_str().unwrap_or_default());
    Some(match kind {
        "step.done" => ui.tone(Tone::Strong, format!("step `{}` is done by {}", text("step"), text("agent"))),
        "step.again" => format!("to be done again: {}", text("comment")),
        "task.split" => {
            format!("split into {} tasks", data["parts"].as_array().map_or(0, Vec::len))
        }
        "remark.written" => remark(data),
        "remark.changed" => format!("a remark now reads: {}", first_line(&text("text"))),
        "remark.removed" => ui.tone(Tone::Dim, "a remark was taken back"),
        "remarks.sent" => {
            let many = data["ids"].as_array().map_or(0, Vec::len);
            format!("{many} {} sent along", if many == 1 { "remark is" } else { "remarks are" })
        }
        "task.forked" => format!("goes on from {} of another task", short(&text("commit"))),
        "race.won" => ui.tone(Tone::Good, "won its race"),
        "race.lost" => ui.tone(Tone::Dim, text("reason")),
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
        _ => return None,
    })
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

/// Where, and the beginning of what.
fn remark(data: &Value) -> String {
    let text = |name: &str| plain(data[name].as_str().unwrap_or_default());
    let place = if data["side"] == "plan" { "the plan".to_owned() } else { text("file") };
    format!("remark on {place}:{}: {}", data["line"], first_line(&text("text")))
}

fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}
