//! Reading opencode's stream.

use domain::{Event, Timestamp, Usage};
use serde_json::Value;

use crate::blocks::{self, word};
use crate::heard::{Heard, aside, hear, plain};
use crate::prose;
use crate::text::{self, MOST_RAW, MOST_TEXT, bounded, lossy};
use crate::{Exit, Finish, Session, Stream, Verdict};

/// What it says on standard error when a session to be resumed is not there; coloured.
const NO_SESSION: &str = "Session not found";

#[derive(Default)]
pub(super) struct Reading {
    /// The session to be resumed.
    asked: Option<String>,
    session: Option<String>,
    /// Whether the last step ended by itself.
    stopped: bool,
    /// Its last record of an error.
    error: Option<Value>,
    /// When it told that.
    told_at: Option<Timestamp>,
    last_text: Option<String>,
    last_aside: Option<String>,
}

impl Reading {
    pub(super) fn new(asked: Option<String>) -> Self {
        Self { asked, ..Self::default() }
    }

    fn record(&mut self, record: &Value, line: &[u8], now: Timestamp) -> Vec<Event> {
        let mut events = self.named(record);
        let part = &record["part"];
        match word(record, "type") {
            "step_start" => self.stopped = false,
            "text" => {
                let text = bounded(word(part, "text"), MOST_TEXT);
                self.last_text = Some(text.clone());
                events.push(Event::AgentText { text });
            }
            "reasoning" => events.push(Event::AgentThinking { text: bounded(word(part, "text"), MOST_TEXT) }),
            "tool_use" => events.extend(tool(part)),
            "step_finish" => {
                self.stopped = word(part, "reason") == "stop";
                events.extend(used(part));
            }
            "error" => {
                let error = &record["error"];
                self.error = Some(error.clone());
                self.told_at = Some(now);
                events.push(Event::AgentError { text: bounded(message(error), MOST_TEXT) });
            }
            _ => events.push(Event::AgentRaw { line: lossy(line, MOST_RAW) }),
        }
        events
    }

    /// Every record names the session; told once.
    fn named(&mut self, record: &Value) -> Vec<Event> {
        let session = word(record, "sessionID");
        if session.is_empty() || self.session.as_deref() == Some(session) {
            return Vec::new();
        }
        self.session = Some(session.to_owned());
        vec![Event::RunSession { session: session.to_owned(), model: None }]
    }
}

/// A tool with its answer: it is told once, when it has ended.
fn tool(part: &Value) -> Vec<Event> {
    let (id, name, state) = (word(part, "callID"), word(part, "tool"), &part["state"]);
    let ok = word(state, "status") == "completed";
    let output = bounded(word(state, if ok { "output" } else { "error" }), MOST_TEXT);
    let input = &state["input"];
    let summary = blocks::summary(input);
    let mut events = vec![
        Event::ToolStarted { id: id.into(), name: name.into(), summary, input: text::input(input) },
        Event::ToolFinished { id: id.into(), ok, output },
    ];
    if name == "todowrite" {
        events.extend(blocks::todos(input).map(|items| Event::PlanUpdated { items }));
    }
    events
}

/// What a step consumed.
fn used(part: &Value) -> Option<Event> {
    let tokens = &part["tokens"];
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let used = Usage {
        input: count(&tokens["input"]).saturating_add(count(&tokens["cache"]["write"])),
        output: count(&tokens["output"]).saturating_add(count(&tokens["reasoning"])),
        cached: count(&tokens["cache"]["read"]),
        cost_usd: part["cost"].as_f64().filter(|cost| cost.is_finite() && *cost > 0.0).unwrap_or(0.0),
    };
    let Usage { input, output, cached, cost_usd } = used;
    (used != Usage::default()).then_some(Event::UsageRecorded { input, output, cached, cost_usd })
}

fn message(error: &Value) -> &str {
    match word(&error["data"], "message") {
        "" => word(error, "name"),
        said => said,
    }
}

/// What an error means; the provider's status and headers are in it.
fn failed(error: &Value, told_at: Timestamp) -> (Verdict, String) {
    let data = &error["data"];
    let reason = |hint: &str| format!("opencode: {}{hint}", bounded(message(error), 500));
    let never = Verdict::Failed { retryable: false };
    match data["statusCode"].as_u64() {
        Some(401 | 403) => (never, reason("; check OPENAI_API_KEY of agents.opencode.env")),
        Some(400 | 404) => (never, reason("; check OPENAI_MODEL and OPENAI_BASE_URL of agents.opencode.env")),
        Some(402) => (never, reason("; the account has nothing left to spend")),
        // What renews within a minute is no limit of an account.
        Some(429) => match prose::retry_after(&data["responseHeaders"], told_at) {
            Some(at) => (Verdict::Limited { until: Some(at) }, reason("")),
            None => (Verdict::Failed { retryable: true }, reason("")),
        },
        // Told without a status: of its own, as a model it does not know.
        None if matches!(word(error, "name"), "ProviderModelNotFoundError" | "ProviderAuthError") => {
            (never, reason("; check agents.opencode.env"))
        }
        _ => (Verdict::Failed { retryable: true }, reason("")),
    }
}

impl Session for Reading {
    fn line(&mut self, stream: Stream, line: &[u8], now: Timestamp) -> Vec<Event> {
        match hear(stream, line) {
            Heard::Nothing => Vec::new(),
            Heard::Aside(text) => {
                self.last_aside = Some(bounded(&text, 500));
                // Which one it does not say: the one that was asked for.
                let lost = text.contains(NO_SESSION) && self.session.is_none();
                let lost = self.asked.clone().filter(|_| lost);
                let lost = lost.map(|session| Event::RunSessionLost { session });
                std::iter::once(aside(text)).chain(lost).collect()
            }
            Heard::Record(record) => self.record(&record, line, now),
            Heard::Plain(text) => vec![plain(text)],
        }
    }

    fn finish(&mut self, exit: &Exit, now: Timestamp) -> Finish {
        if let Some(error) = self.error.take() {
            let (verdict, reason) = failed(&error, self.told_at.unwrap_or(now));
            return Finish { verdict, reason: Some(reason), summary: self.last_text.take() };
        }
        if self.stopped && exit.signal.is_none() {
            return Finish { verdict: Verdict::Succeeded, reason: None, summary: self.last_text.take() };
        }
        Finish {
            verdict: Verdict::Failed { retryable: true },
            reason: Some(prose::without_result("opencode", exit, self.last_aside.as_deref())),
            summary: self.last_text.take(),
        }
    }
}
