//! Reading Codex's stream. How a turn ended is told in prose only; the wordings are those of the vendor's own
//! records, never of a message or a tool's output.

use domain::event::{PlanItem, PlanStatus};
use domain::{Event, Timestamp, Usage};
use serde_json::{Value, json};

use crate::blocks::{self, word};
use crate::heard::{Heard, aside, hear, plain};
use crate::prose;
use crate::text::{self, MOST_RAW, MOST_TEXT, bounded, lossy, one_line};
use crate::{Exit, Finish, Session, Stream, Verdict};

/// What it says on standard error when a session to be resumed is not there.
const NO_SESSION: &str = "no rollout found for thread id ";

pub(super) struct Reading {
    before: Usage,
    end: Option<Result<(), String>>,
    last_text: Option<String>,
    last_error: Option<String>,
}

impl Reading {
    pub(super) fn new(before: Usage) -> Self {
        Self { before, end: None, last_text: None, last_error: None }
    }

    fn record(&mut self, record: &Value, line: &[u8]) -> Vec<Event> {
        match word(record, "type") {
            "thread.started" => {
                vec![Event::RunSession { session: word(record, "thread_id").to_owned(), model: None }]
            }
            "turn.started" | "item.updated" => Vec::new(),
            "item.started" => started(&record["item"]).into_iter().collect(),
            "item.completed" => self.completed(&record["item"], line),
            "error" => self.error(word(record, "message")),
            "turn.completed" => {
                self.end = Some(Ok(()));
                let used = total(&record["usage"]).since(self.before);
                let Usage { input, output, cached, cost_usd } = used;
                if used == Usage::default() {
                    return Vec::new();
                }
                vec![Event::UsageRecorded { input, output, cached, cost_usd }]
            }
            "turn.failed" => {
                self.end = Some(Err(bounded(word(&record["error"], "message"), 500)));
                Vec::new()
            }
            _ => vec![Event::AgentRaw { line: lossy(line, MOST_RAW) }],
        }
    }

    fn completed(&mut self, item: &Value, line: &[u8]) -> Vec<Event> {
        let text = |name: &str| bounded(word(item, name), MOST_TEXT);
        match word(item, "type") {
            "agent_message" => {
                self.last_text = Some(text("text"));
                vec![Event::AgentText { text: text("text") }]
            }
            "reasoning" => vec![Event::AgentThinking { text: text("text") }],
            "error" => vec![Event::RunWarning { text: one_line(word(item, "message")) }],
            "todo_list" => vec![plan(item)],
            "command_execution" => vec![finished(item, item["exit_code"] == 0, text("aggregated_output"))],
            "mcp_tool_call" => {
                let output =
                    if item["error"].is_null() { &item["result"]["content"] } else { &item["error"] };
                vec![finished(item, item["error"].is_null(), bounded(&blocks::flat(output), MOST_TEXT))]
            }
            // Told only when they are over.
            "file_change" | "web_search" => {
                let ok = word(item, "status") != "failed";
                started(item).into_iter().chain([finished(item, ok, String::new())]).collect()
            }
            _ => vec![Event::AgentRaw { line: lossy(line, MOST_RAW) }],
        }
    }

    fn error(&mut self, message: &str) -> Vec<Event> {
        // "Reconnecting... 1/2 (why)"
        let retry = message.strip_prefix("Reconnecting... ").and_then(|rest| {
            let (count, why) = rest.split_once(' ')?;
            Some((count.split('/').next()?.parse().ok()?, why.trim_matches(['(', ')'])))
        });
        if let Some((attempt, why)) = retry {
            return vec![Event::AgentRetry { attempt, delay_ms: 0, error: one_line(why) }];
        }
        let text = bounded(message, 500);
        if self.last_error.as_ref() == Some(&text) {
            return Vec::new();
        }
        self.last_error = Some(text.clone());
        vec![Event::AgentError { text }]
    }

    fn aside(&mut self, text: String) -> Vec<Event> {
        let lost = text.split_once(NO_SESSION).filter(|_| text.starts_with("Error: "));
        let lost = lost.and_then(|(_, rest)| rest.split_whitespace().next()).map(ToOwned::to_owned);
        if lost.is_some() {
            self.last_error = Some(text.clone());
        }
        let lost = lost.map(|session| Event::RunSessionLost { session });
        std::iter::once(aside(text)).chain(lost).collect()
    }
}

impl Session for Reading {
    fn line(&mut self, stream: Stream, line: &[u8], _: Timestamp) -> Vec<Event> {
        match hear(stream, line) {
            Heard::Nothing => Vec::new(),
            Heard::Aside(text) => self.aside(text),
            Heard::Record(record) => self.record(&record, line),
            Heard::Plain(text) => vec![plain(text)],
        }
    }

    fn is_over(&self) -> bool {
        self.end.is_some()
    }

    fn finish(&mut self, exit: &Exit, now: Timestamp) -> Finish {
        match self.end.take() {
            Some(Ok(())) => {
                Finish { verdict: Verdict::Succeeded, reason: None, summary: self.last_text.take() }
            }
            Some(Err(said)) => {
                let (verdict, reason) = failed(&said, now);
                Finish { verdict, reason: Some(reason), summary: None }
            }
            None => Finish {
                verdict: Verdict::Failed { retryable: true },
                reason: Some(prose::without_result("codex", exit, self.last_error.as_deref())),
                summary: self.last_text.take(),
            },
        }
    }
}

/// What a failed turn means, by the words the vendor uses for it.
fn failed(said: &str, now: Timestamp) -> (Verdict, String) {
    let fatal = |hint: &str| (Verdict::Failed { retryable: false }, format!("codex: {said}{hint}"));
    if said.contains("hit your usage limit") {
        let until = prose::try_again_at(said, now);
        return (
            Verdict::Limited { until },
            format!("codex: the usage limit of the account is reached: {said}"),
        );
    }
    if said.contains("Quota exceeded") || said.contains("does not exist") {
        return fatal("");
    }
    if said.contains("context window") {
        return fatal(" The task's context does not fit the model: split the task.");
    }
    if said.contains("401 Unauthorized") || said.contains("403 Forbidden") {
        return fatal("; check the login: OPENAI_API_KEY");
    }
    (Verdict::Failed { retryable: true }, format!("codex: {said}"))
}

fn started(item: &Value) -> Option<Event> {
    let (name, summary, input) = match word(item, "type") {
        "command_execution" => {
            ("Shell", word(item, "command").to_owned(), json!({ "command": item["command"] }))
        }
        "mcp_tool_call" => (word(item, "tool"), word(item, "server").to_owned(), item["arguments"].clone()),
        "file_change" => {
            let changes = item["changes"].as_array().into_iter().flatten();
            let paths: Vec<_> = changes.filter_map(|change| change["path"].as_str()).collect();
            ("Edit", paths.join(", "), json!({ "changes": item["changes"] }))
        }
        "web_search" => ("WebSearch", word(item, "query").to_owned(), json!({ "query": item["query"] })),
        _ => return None,
    };
    Some(Event::ToolStarted {
        id: word(item, "id").to_owned(),
        name: name.to_owned(),
        summary: one_line(&summary),
        input: text::input(&input),
    })
}

fn finished(item: &Value, ok: bool, output: String) -> Event {
    Event::ToolFinished { id: word(item, "id").to_owned(), ok, output }
}

fn plan(item: &Value) -> Event {
    let items = item["items"].as_array().into_iter().flatten().map(|step| PlanItem {
        text: bounded(word(step, "text"), 500),
        status: if step["completed"] == true { PlanStatus::Completed } else { PlanStatus::Pending },
    });
    Event::PlanUpdated { items: items.take(100).collect() }
}

/// The thread's totals: they go on growing over resumes. No cost is told.
fn total(usage: &Value) -> Usage {
    let count = |name: &str| usage[name].as_u64().unwrap_or(0);
    let cached = count("cached_input_tokens");
    Usage {
        input: count("input_tokens").saturating_sub(cached),
        output: count("output_tokens"),
        cached,
        cost_usd: 0.0,
    }
}
