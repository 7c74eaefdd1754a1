//! Reading what the client tells of an agent.

use std::collections::BTreeMap;

use domain::event::PlanItem;
use domain::{Event, Timestamp, Usage};
use serde_json::Value;

use super::Said;
use crate::blocks::{self, word};
use crate::heard::{Heard, aside, hear, plain};
use crate::prose;
use crate::text::{self, MOST_RAW, MOST_TEXT, bounded, lossy};
use crate::{Exit, Finish, Session, Stream, Verdict};

/// So many tools at a time are remembered; agents call a few.
const MOST_TOOLS: usize = 1000;
/// The request was refused because nobody is logged in.
const AUTH_REQUIRED: i64 = -32000;

pub(super) struct Reading {
    name: String,
    /// What the session had cost before this run.
    before_usd: f64,
    cost_usd: f64,
    tokens: Usage,
    saying: Saying,
    /// Tools that have not ended, with whether their start was told.
    tools: BTreeMap<String, Tool>,
    end: Option<Said>,
    last_text: Option<String>,
    last_aside: Option<String>,
}

/// The pieces of what is being said.
enum Saying {
    Nothing,
    Text(String),
    Thought(String),
}

#[derive(Default)]
struct Tool {
    name: String,
    input: Value,
    told: bool,
}

impl Reading {
    pub(super) fn new(name: &str, before_usd: f64) -> Self {
        Self {
            name: name.to_owned(),
            before_usd,
            cost_usd: 0.0,
            tokens: Usage::default(),
            saying: Saying::Nothing,
            tools: BTreeMap::new(),
            end: None,
            last_text: None,
            last_aside: None,
        }
    }

    fn told(&mut self, said: Said, line: &[u8]) -> Vec<Event> {
        match said {
            Said::Session { session } => vec![Event::RunSession { session, model: None }],
            Said::Lost { session } => vec![Event::RunSessionLost { session }],
            Said::Update { update } => self.update(&update, line),
            end => {
                let mut events = self.flush();
                if let Said::End { result } = &end {
                    events.extend(self.used(result));
                } else {
                    events.extend(self.used(&Value::Null));
                }
                self.end = Some(end);
                events
            }
        }
    }

    fn update(&mut self, update: &Value, line: &[u8]) -> Vec<Event> {
        match word(update, "sessionUpdate") {
            "agent_message_chunk" => {
                // Some tell here what the turn consumed.
                self.note(&update["_meta"]["usage"]);
                self.say(word(&update["content"], "text"))
            }
            "agent_thought_chunk" => self.think(word(&update["content"], "text")),
            "tool_call" | "tool_call_update" => {
                let mut events = self.flush();
                events.extend(self.tool(update));
                events
            }
            "plan" => {
                let mut events = self.flush();
                events.push(Event::PlanUpdated { items: plan(update) });
                events
            }
            "usage_update" => {
                if word(&update["cost"], "currency") == "USD" {
                    self.cost_usd = update["cost"]["amount"].as_f64().unwrap_or(0.0);
                }
                Vec::new()
            }
            // What the agent offers, and what was said by us.
            "user_message_chunk"
            | "available_commands_update"
            | "current_mode_update"
            | "config_option_update"
            | "session_info_update" => Vec::new(),
            _ => vec![Event::AgentRaw { line: lossy(line, MOST_RAW) }],
        }
    }

    fn say(&mut self, piece: &str) -> Vec<Event> {
        if let Saying::Text(text) = &mut self.saying {
            if text.len() < MOST_TEXT {
                text.push_str(piece);
            }
            return Vec::new();
        }
        let events = self.flush();
        self.saying = Saying::Text(piece.to_owned());
        events
    }

    fn think(&mut self, piece: &str) -> Vec<Event> {
        if let Saying::Thought(text) = &mut self.saying {
            if text.len() < MOST_TEXT {
                text.push_str(piece);
            }
            return Vec::new();
        }
        let events = self.flush();
        self.saying = Saying::Thought(piece.to_owned());
        events
    }

    /// What was being said, whole.
    fn flush(&mut self) -> Vec<Event> {
        match std::mem::replace(&mut self.saying, Saying::Nothing) {
            Saying::Text(text) if !text.trim().is_empty() => {
                let text = bounded(&text, MOST_TEXT);
                self.last_text = Some(text.clone());
                vec![Event::AgentText { text }]
            }
            Saying::Thought(text) if !text.trim().is_empty() => {
                vec![Event::AgentThinking { text: bounded(&text, MOST_TEXT) }]
            }
            _ => Vec::new(),
        }
    }

    /// A call comes in pieces: first its title, then its input, then how it ended.
    fn tool(&mut self, update: &Value) -> Vec<Event> {
        let id = bounded(word(update, "toolCallId"), 200);
        if !self.tools.contains_key(&id) && self.tools.len() >= MOST_TOOLS {
            self.tools.pop_first();
        }
        let tool = self.tools.entry(id.clone()).or_default();
        let title = [word(update, "name"), word(update, "title"), word(update, "kind")];
        if let Some(title) = title.into_iter().find(|title| !title.is_empty())
            && !tool.told
        {
            tool.name = text::one_line(title);
        }
        if update["rawInput"].as_object().is_some_and(|input| !input.is_empty()) {
            tool.input = update["rawInput"].clone();
        }
        let status = word(update, "status");
        let ended = matches!(status, "completed" | "failed");
        let mut events = Vec::new();
        if !tool.told && (tool.input.is_object() || ended || status == "in_progress") {
            tool.told = true;
            events.push(Event::ToolStarted {
                id: id.clone(),
                name: tool.name.clone(),
                summary: blocks::summary(&tool.input),
                input: text::input(&tool.input),
            });
        }
        if ended {
            self.tools.remove(&id);
            events.push(Event::ToolFinished { id, ok: status == "completed", output: output(update) });
        }
        events
    }

    /// Tokens as one of several forms tells them; the last word counts.
    fn note(&mut self, usage: &Value) {
        let count = |names: [&str; 2]| names.iter().find_map(|name| usage[*name].as_u64()).unwrap_or(0);
        let cached = count(["cachedReadTokens", "cached_input_tokens"]);
        let (input, output) =
            (count(["inputTokens", "input_tokens"]), count(["outputTokens", "output_tokens"]));
        // Some count what was cached as input, some apart from it: the total tells.
        let total = count(["totalTokens", "total_tokens"]);
        let apart = total >= input.saturating_add(output).saturating_add(cached);
        let input = if apart { input } else { input.saturating_sub(cached) };
        let tokens = Usage { input, output, cached, cost_usd: 0.0 };
        if tokens != Usage::default() {
            self.tokens = tokens;
        }
    }

    /// What the turn consumed; the cost is the session's and grows.
    fn used(&mut self, result: &Value) -> Option<Event> {
        self.note(&result["_meta"]["quota"]["token_count"]);
        self.note(&result["usage"]);
        let cost = (self.cost_usd - self.before_usd).max(0.0);
        let cost_usd = if cost.is_finite() { cost } else { 0.0 };
        let Usage { input, output, cached, .. } = std::mem::take(&mut self.tokens);
        self.cost_usd = 0.0;
        (input + output + cached > 0 || cost_usd > 0.0).then_some(Event::UsageRecorded {
            input,
            output,
            cached,
            cost_usd,
        })
    }

    /// What an error of the agent means. Codes say little: its words do.
    fn refused(&self, method: &str, error: &Value, now: Timestamp) -> (Verdict, String) {
        let data = &error["data"];
        let details = ["details", "message"].iter().find_map(|name| data[*name].as_str());
        let said = bounded(details.unwrap_or(word(error, "message")), 500);
        let reason = |hint: &str| format!("{}: {method}: {said}{hint}", self.name);
        let kind = [word(data, "errorKind"), word(data, "codexErrorInfo")];
        if kind.contains(&"rate_limit") || kind.contains(&"usageLimitExceeded") {
            return (Verdict::Limited { until: prose::try_again_at(&said, now) }, reason(""));
        }
        let never = Verdict::Failed { retryable: false };
        let lower = said.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let unheard = error["code"].as_i64() == Some(AUTH_REQUIRED);
        if unheard || has(&["401", "403", "api key", "unauthorized", "authentication"]) {
            (never, reason(&format!("; check the login in agents.{}.env", self.name)))
        } else if has(&["404", "no such model", "model_not_found", "does not exist", "is not found"]) {
            (never, reason("; check the model"))
        } else {
            (Verdict::Failed { retryable: true }, reason(""))
        }
    }

    fn ended(&self, result: &Value) -> (Verdict, Option<String>) {
        let failed = |retryable, why: &str| {
            (Verdict::Failed { retryable }, Some(format!("{} stopped: {why}", self.name)))
        };
        match word(result, "stopReason") {
            "end_turn" => (Verdict::Succeeded, None),
            "max_tokens" => failed(false, "its answer reached the most tokens it may have"),
            "max_turn_requests" => failed(false, "it reached the most requests it may make"),
            "refusal" => failed(false, "the model refused"),
            "cancelled" => failed(true, "its turn was cancelled"),
            other => failed(true, &format!("for the reason `{}`", bounded(other, 100))),
        }
    }
}

fn plan(update: &Value) -> Vec<PlanItem> {
    let entries = update["entries"].as_array().into_iter().flatten().take(100);
    let item = |entry: &Value| PlanItem {
        text: bounded(word(entry, "content"), 500),
        status: blocks::plan_status(word(entry, "status")),
    };
    entries.map(item).collect()
}

/// What a tool answered: the texts of its content, else its raw output.
fn output(update: &Value) -> String {
    let blocks = update["content"].as_array().into_iter().flatten();
    let texts: Vec<_> = blocks.filter_map(|block| block["content"]["text"].as_str()).collect();
    let raw = &update["rawOutput"];
    let said = if texts.is_empty() {
        raw["output"].as_str().or(raw.as_str()).unwrap_or_default().to_owned()
    } else {
        texts.join("\n")
    };
    bounded(&said, MOST_TEXT)
}

impl Session for Reading {
    fn line(&mut self, stream: Stream, line: &[u8], _: Timestamp) -> Vec<Event> {
        match hear(stream, line) {
            Heard::Nothing => Vec::new(),
            Heard::Aside(text) => {
                self.last_aside = Some(bounded(&text, 500));
                vec![aside(text)]
            }
            Heard::Record(record) => match serde_json::from_value(record) {
                Ok(said) => self.told(said, line),
                Err(_) => vec![Event::AgentRaw { line: lossy(line, MOST_RAW) }],
            },
            Heard::Plain(text) => vec![plain(text)],
        }
    }

    fn is_over(&self) -> bool {
        self.end.is_some()
    }

    fn finish(&mut self, exit: &Exit, now: Timestamp) -> Finish {
        let (verdict, reason) = match self.end.take() {
            Some(Said::End { result }) => self.ended(&result),
            Some(Said::Refused { method, error }) => {
                let (verdict, reason) = self.refused(&method, &error, now);
                (verdict, Some(reason))
            }
            Some(Said::Broken { reason }) => {
                let reason = format!("{}: {}", self.name, bounded(&reason, 500));
                (Verdict::Failed { retryable: true }, Some(reason))
            }
            _ => {
                let reason = prose::without_result(&self.name, exit, self.last_aside.as_deref());
                (Verdict::Failed { retryable: true }, Some(reason))
            }
        };
        Finish { verdict, reason, summary: self.last_text.take() }
    }
}
