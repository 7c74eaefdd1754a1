//! What agents write down of their sessions: the logs in a person's home, a line at a time, sans I/O.
//!
//! Only what a list shows is taken: the session, its first prompt's first line, model, directory, tokens, times.
//! Reading is total: a line that is not understood says nothing. Formats: Claude Code 2.1, Codex 0.169, Gemini CLI
//! 0.61, Qwen Code 0.24 (`tests/sessions.rs` reads those of the real programs).

use domain::event::LimitStatus;
use domain::{Event, Timestamp, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::blocks::word;
use crate::text::bounded;

/// The longest of anything that is kept, in bytes.
const MOST: usize = 512;

/// Whose logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `projects/*/SESSION.jsonl` of Claude Code's directory.
    Claude,
    /// `sessions/YEAR/MONTH/DAY/rollout-*.jsonl` of Codex's home.
    Codex,
    /// `tmp/*/chats/*.jsonl` of Gemini CLI's directory.
    Gemini,
    /// `projects/*/chats/*.jsonl` of Qwen Code's directory.
    Qwen,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Claude, Self::Codex, Self::Gemini, Self::Qwen];

    /// The agent's name.
    pub fn agent(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Qwen => "qwen",
        }
    }

    /// Whether a file is a session's log, by its path below the directory of logs.
    pub fn is_log(self, parts: &[&str]) -> bool {
        let Some((name, dirs)) = parts.split_last() else { return false };
        let at_its_place = match self {
            Self::Claude => dirs.len() == 1,
            Self::Codex => dirs.len() == 3 && name.starts_with("rollout-"),
            Self::Gemini | Self::Qwen => dirs.len() == 2 && dirs[1] == "chats",
        };
        at_its_place && name.strip_suffix(".jsonl").is_some_and(|stem| !stem.is_empty())
    }
}

/// The windows of the account that the end of a log of Codex tells of last. Only its own records of that kind count,
/// whatever a message quotes.
pub fn limits(end: &[u8]) -> Vec<Event> {
    let told = end.split(|byte| *byte == b'\n').rev().find_map(|line| {
        let record: Value = serde_json::from_slice(line).ok()?;
        let payload = &record["payload"];
        let own = word(&record, "type") == "event_msg" && word(payload, "type") == "token_count";
        Some(payload["rate_limits"].clone()).filter(|limits| own && limits.is_object())
    });
    let told = told.unwrap_or_default();
    let window = |name: &&str| {
        let window = &told[*name];
        let percent = window["used_percent"].as_f64().filter(|percent| percent.is_finite())?;
        let name = domain::account::window_of(window["window_minutes"].as_u64()?);
        let rejected = percent >= 100.0;
        Some(Event::LimitSeen {
            window: name.into(),
            status: if rejected { LimitStatus::Rejected } else { LimitStatus::Allowed },
            utilization: Some(percent / 100.0),
            resets_at: window["resets_at"].as_i64().map(Timestamp::from_seconds),
            text: domain::account::window_label(name),
        })
    };
    ["primary", "secondary"].iter().filter_map(window).collect()
}

/// What a log told so far; serialisable, so that reading goes on where it stopped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogReading {
    /// The session.
    pub session: Option<String>,
    /// The first line of the first prompt.
    pub title: Option<String>,
    /// The latest model.
    pub model: Option<String>,
    /// The directory it was started in.
    pub directory: Option<String>,
    /// What it consumed; a cost only where the agent tells one.
    pub usage: Usage,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When something last happened.
    pub updated_at: Option<Timestamp>,
    /// The message whose tokens were counted last: it is told again with each of its parts.
    message: Option<(String, Usage)>,
}

impl LogReading {
    /// Takes a line.
    pub fn line(&mut self, format: Format, line: &[u8]) {
        let Ok(record) = serde_json::from_slice::<Value>(line) else { return };
        if !record.is_object() {
            return;
        }
        let at = ["timestamp", "startTime"].into_iter().find_map(|name| time(&record[name]));
        self.started_at = self.started_at.or(at);
        self.updated_at = self.updated_at.max(at);
        match format {
            Format::Claude => self.claude(&record),
            Format::Codex => self.codex(&record),
            Format::Gemini => self.gemini(&record),
            Format::Qwen => self.qwen(&record),
        }
    }

    fn claude(&mut self, record: &Value) {
        keep(&mut self.session, word(record, "sessionId"));
        keep(&mut self.directory, word(record, "cwd"));
        match word(record, "type") {
            "user" if record["isMeta"] != true => self.prompt(text_of(&record["message"]["content"])),
            "assistant" => {
                let message = &record["message"];
                self.model(word(message, "model"));
                let count = |name: &str| message["usage"][name].as_u64().unwrap_or(0);
                let usage = Usage {
                    input: count("input_tokens").saturating_add(count("cache_creation_input_tokens")),
                    output: count("output_tokens"),
                    cached: count("cache_read_input_tokens"),
                    cost_usd: 0.0,
                };
                self.count(word(message, "id"), usage);
            }
            // The session's whole cost so far.
            "cost-state" => {
                let cost = record["totalCostUSD"].as_f64().filter(|cost| cost.is_finite() && *cost >= 0.0);
                self.usage.cost_usd = cost.unwrap_or(self.usage.cost_usd);
            }
            _ => {}
        }
    }

    fn codex(&mut self, record: &Value) {
        let payload = &record["payload"];
        match (word(record, "type"), word(payload, "type")) {
            ("session_meta", _) => {
                keep(&mut self.session, word(payload, "id"));
                keep(&mut self.directory, word(payload, "cwd"));
            }
            ("turn_context", _) => self.model(word(payload, "model")),
            ("event_msg", "user_message") => self.prompt(word(payload, "message")),
            ("event_msg", "item_completed") if payload["item"]["type"] == "UserMessage" => {
                self.prompt(text_of(&payload["item"]["content"]));
            }
            ("event_msg", "token_count") => {
                // The session's totals so far.
                let total = &payload["info"]["total_token_usage"];
                let count = |name: &str| total[name].as_u64().unwrap_or(0);
                if total.is_object() {
                    let cached = count("cached_input_tokens");
                    self.usage.input = count("input_tokens").saturating_sub(cached);
                    self.usage.output = count("output_tokens");
                    self.usage.cached = cached;
                }
            }
            _ => {}
        }
    }

    fn gemini(&mut self, record: &Value) {
        keep(&mut self.session, word(record, "sessionId"));
        match word(record, "type") {
            "user" => self.prompt(text_of(&record["content"])),
            "gemini" => {
                self.model(word(record, "model"));
                let count = |name: &str| record["tokens"][name].as_u64().unwrap_or(0);
                let cached = count("cached");
                let usage = Usage {
                    input: count("input").saturating_sub(cached),
                    output: count("output").saturating_add(count("thoughts")),
                    cached,
                    cost_usd: 0.0,
                };
                self.count(word(record, "id"), usage);
            }
            _ => {}
        }
    }

    fn qwen(&mut self, record: &Value) {
        keep(&mut self.session, word(record, "sessionId"));
        keep(&mut self.directory, word(record, "cwd"));
        match word(record, "type") {
            "user" => self.prompt(text_of(&record["message"]["parts"])),
            "assistant" => {
                self.model(word(record, "model"));
                let count = |name: &str| record["usageMetadata"][name].as_u64().unwrap_or(0);
                let cached = count("cachedContentTokenCount");
                let usage = Usage {
                    input: count("promptTokenCount").saturating_sub(cached),
                    output: count("candidatesTokenCount"),
                    cached,
                    cost_usd: 0.0,
                };
                self.count(word(record, "uuid"), usage);
            }
            _ => {}
        }
    }

    /// The first prompt's first line; what a program put before it is none.
    fn prompt(&mut self, text: &str) {
        if self.title.is_none() && !text.trim().is_empty() && !text.trim_start().starts_with('<') {
            self.title = Some(domain::task::title_of(text));
        }
    }

    fn model(&mut self, model: &str) {
        // In angle brackets it is the agent itself that speaks.
        if !model.is_empty() && !model.starts_with('<') {
            self.model = Some(bounded(model, MOST));
        }
    }

    /// Adds a message's tokens; one that is told again replaces what it told before.
    fn count(&mut self, id: &str, usage: Usage) {
        let before = match self.message.take() {
            Some((known, before)) if known == id => before,
            _ => Usage::default(),
        };
        let cost = self.usage.cost_usd;
        self.usage = self.usage.since(before).plus(usage);
        self.usage.cost_usd = cost;
        self.message = Some((bounded(id, MOST), usage));
    }
}

/// Keeps the first that is told.
fn keep(known: &mut Option<String>, told: &str) {
    if known.is_none() && !told.is_empty() {
        *known = Some(bounded(told, MOST));
    }
}

/// A text, or the first one of a list of parts.
fn text_of(content: &Value) -> &str {
    let first = |parts: &'_ Vec<Value>| parts.iter().position(|part| part["text"].is_string());
    match content {
        Value::String(text) => text,
        Value::Array(parts) => first(parts).map_or("", |n| word(&parts[n], "text")),
        _ => "",
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    serde_json::from_value(value.clone()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(format: Format, lines: &[&str]) -> LogReading {
        let mut reading = LogReading::default();
        for line in lines {
            reading.line(format, line.as_bytes());
        }
        reading
    }

    #[test]
    fn a_message_told_in_parts_is_counted_once() {
        let part = r#"{"type":"assistant","sessionId":"s","message":{"id":"m1","model":"opus","usage":{"input_tokens":10,"output_tokens":5}}}"#;
        let next = part.replace("m1", "m2");
        let reading = read(Format::Claude, &[part, part, &next]);
        assert_eq!((reading.usage.input, reading.usage.output), (20, 10));
    }

    #[test]
    fn totals_replace_what_was_known() {
        let total = |n: u64| {
            format!(
                r#"{{"type":"event_msg","payload":{{"type":"token_count","info":{{"total_token_usage":{{"input_tokens":{n},"cached_input_tokens":5,"output_tokens":1}}}}}}}}"#
            )
        };
        let reading = read(
            Format::Codex,
            &[&total(10), &total(30), r#"{"type":"event_msg","payload":{"type":"token_count","info":null}}"#],
        );
        assert_eq!((reading.usage.input, reading.usage.cached), (25, 5));
    }

    #[test]
    fn only_logs_at_their_place_are_logs() {
        for (format, path, expected) in [
            (Format::Claude, "-srv-shop/1.jsonl", true),
            (Format::Claude, "-srv-shop/1/subagents/2.jsonl", false),
            (Format::Claude, "-srv-shop/.jsonl", false),
            (Format::Codex, "2026/11/21/rollout-1.jsonl", true),
            (Format::Codex, "2026/11/21/auth.jsonl", false),
            (Format::Gemini, "shop/chats/session-1.jsonl", true),
            (Format::Gemini, "shop/logs/1.jsonl", false),
            (Format::Qwen, "-srv-shop/chats/1.jsonl", true),
        ] {
            assert_eq!(format.is_log(&path.split('/').collect::<Vec<_>>()), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_line_breaks_it_and_a_break_in_between_changes_nothing(
            lines in proptest::collection::vec(any_line(), 0..12),
            cut in 0usize..12,
        ) {
            for format in Format::ALL {
                let mut whole = LogReading::default();
                let mut resumed = LogReading::default();
                for (n, line) in lines.iter().enumerate() {
                    whole.line(format, line.as_bytes());
                    if n == cut {
                        let text = serde_json::to_string(&resumed).unwrap();
                        resumed = serde_json::from_str(&text).unwrap();
                    }
                    resumed.line(format, line.as_bytes());
                }
                prop_assert_eq!(&whole, &resumed);
            }
        }
    }

    fn any_line() -> impl Strategy<Value = String> {
        let words = ["user", "assistant", "gemini", "event_msg", "session_meta", "cost-state", "x"];
        prop_oneof![
            ".{0,60}",
            (0..words.len(), any::<u64>(), ".{0,10}").prop_map(move |(n, count, text)| {
                serde_json::json!({
                    "type": words[n], "sessionId": text, "cwd": [text], "timestamp": text, "id": text,
                    "content": [{"text": text}], "message": {"id": text, "content": text,
                        "usage": {"input_tokens": count, "cache_creation_input_tokens": count}},
                    "tokens": {"input": count, "thoughts": count, "output": count},
                    "totalCostUSD": -1.0, "payload": {"type": "token_count", "id": text},
                })
                .to_string()
            }),
        ]
    }
}
