//! Reading Claude Code's stream. Only records the vendor authors count for limits and ends: a message
//! quoted in a file or a tool's output is text like any other.

use std::collections::BTreeMap;

use domain::event::{LimitStatus, PlanItem, PlanStatus};
use domain::{Event, Timestamp, Usage};
use serde_json::Value;

use crate::blocks::{self, word};
use crate::heard::{Heard, aside, hear, plain};
use crate::prose;
use crate::text::{self, MOST_RAW, MOST_TEXT, bounded, lossy};
use crate::{Exit, Finish, Session, Stream, Verdict};

/// What it says when a session to be resumed is not there.
const NO_SESSION: &str = "No conversation found with session ID:";

/// Kinds of records that say nothing a person or the engine needs.
const SILENT: &[&str] =
    &["task_started", "task_notification", "status", "ui_invalidate", "command_lifecycle", "hook_started"];

pub(super) struct Reading {
    before: Usage,
    session: Option<String>,
    /// The plan as the agent's task tools build it, by id.
    plan: BTreeMap<String, PlanItem>,
    created: usize,
    resets_at: Option<Timestamp>,
    rejected: Option<String>,
    end: Option<Value>,
    last_text: Option<String>,
    last_error: Option<String>,
}

impl Reading {
    pub(super) fn new(before: Usage) -> Self {
        Self {
            before,
            session: None,
            plan: BTreeMap::new(),
            created: 0,
            resets_at: None,
            rejected: None,
            end: None,
            last_text: None,
            last_error: None,
        }
    }

    fn record(&mut self, record: &Value, line: &[u8]) -> Vec<Event> {
        let kind = word(record, "type");
        match (kind, word(record, "subtype")) {
            ("system", "init") => self.init(record),
            ("system", "api_retry") => vec![Event::AgentRetry {
                attempt: record["attempt"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
                delay_ms: record["retry_delay_ms"].as_u64().unwrap_or(0),
                error: match record["error_status"].as_u64() {
                    Some(status) => format!("{} (HTTP {status})", word(record, "error")),
                    None => word(record, "error").to_owned(),
                },
            }],
            ("system", "permission_denied") => {
                let text = format!(
                    "{} was denied: {}",
                    word(record, "tool_name"),
                    text::one_line(word(record, "message"))
                );
                vec![Event::RunWarning { text }]
            }
            ("system", "model_fallback") => {
                let text = format!(
                    "the model fell back from {} to {}",
                    word(record, "original_model"),
                    word(record, "fallback_model")
                );
                vec![Event::RunWarning { text }]
            }
            ("system", subtype) if SILENT.contains(&subtype) => Vec::new(),
            ("assistant", _) => self.assistant(record),
            ("user", _) => blocks::tool_results(record),
            ("rate_limit_event", _) => self.limits(&record["rate_limit_info"]),
            ("result", _) => self.result(record),
            ("stream_event", _) => Vec::new(),
            _ => vec![Event::AgentRaw { line: lossy(line, MOST_RAW) }],
        }
    }

    fn init(&mut self, record: &Value) -> Vec<Event> {
        let session = word(record, "session_id").to_owned();
        let model = Some(word(record, "model").to_owned()).filter(|model| !model.is_empty());
        if self.session.as_deref() == Some(&session) {
            return Vec::new();
        }
        self.session = Some(session.clone());
        vec![Event::RunSession { session, model }]
    }

    fn assistant(&mut self, record: &Value) -> Vec<Event> {
        let synthetic = record["is_api_error_message"] == true;
        let mut events = Vec::new();
        for block in record["message"]["content"].as_array().into_iter().flatten() {
            match word(block, "type") {
                "text" if synthetic => {
                    let text = bounded(word(block, "text"), MOST_TEXT);
                    self.last_error = Some(text.clone());
                    events.push(Event::AgentError { text });
                }
                "text" => {
                    let text = bounded(word(block, "text"), MOST_TEXT);
                    self.last_text = Some(text.clone());
                    events.push(Event::AgentText { text });
                }
                "thinking" => {
                    events.push(Event::AgentThinking { text: bounded(word(block, "thinking"), MOST_TEXT) });
                }
                "tool_use" => events.extend(self.tool(block)),
                _ => {}
            }
        }
        events
    }

    fn tool(&mut self, block: &Value) -> Vec<Event> {
        let (name, input) = (word(block, "name"), &block["input"]);
        let plan = self.planned(name, input);
        std::iter::once(blocks::tool_started(block))
            .chain(plan.map(|items| Event::PlanUpdated { items }))
            .collect()
    }

    /// The plan after a call of one of the agent's planning tools.
    fn planned(&mut self, name: &str, input: &Value) -> Option<Vec<PlanItem>> {
        match name {
            "TodoWrite" => {
                let todos = blocks::todos(input)?.into_iter().enumerate();
                self.plan = todos.map(|(n, item)| (format!("{n:06}"), item)).collect();
            }
            "TaskCreate" => {
                self.created += 1;
                let text = bounded(word(input, "subject"), 500);
                self.plan
                    .insert(format!("{:06}", self.created), PlanItem { text, status: PlanStatus::Pending });
            }
            "TaskUpdate" => {
                let id = word(input, "taskId").parse::<usize>().ok()?;
                let item = self.plan.get_mut(&format!("{id:06}"))?;
                item.status = blocks::plan_status(word(input, "status"));
                if let Some(subject) = input["subject"].as_str() {
                    item.text = bounded(subject, 500);
                }
            }
            _ => return None,
        }
        Some(self.plan.values().cloned().collect())
    }

    fn limits(&mut self, info: &Value) -> Vec<Event> {
        let overall = limit_status(word(info, "status"));
        let kind = word(info, "rateLimitType");
        if overall == LimitStatus::Rejected {
            self.rejected = Some(kind.to_owned());
            self.resets_at = at(&info["resetsAt"]);
        }
        let event = |window: &str, of: &Value| Event::LimitSeen {
            window: window.to_owned(),
            status: of["status"].as_str().map_or(overall, limit_status),
            utilization: of["utilization"].as_f64(),
            resets_at: at(&of["resetsAt"]),
            text: format!("{} window", window_name(window)),
        };
        match info["unifiedWindows"].as_object() {
            Some(windows) => windows.iter().map(|(window, of)| event(window, of)).collect(),
            // Without windows and with nothing refused it says nothing.
            None if overall == LimitStatus::Allowed => Vec::new(),
            None => vec![event(kind, info)],
        }
    }

    fn result(&mut self, record: &Value) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(session) =
            record["session_id"].as_str().filter(|session| self.session.as_deref() != Some(session))
        {
            self.session = Some(session.to_owned());
            events.push(Event::RunSession { session: session.to_owned(), model: None });
        }
        let used = total(record).since(self.before);
        if used != Usage::default() {
            events.push(Event::UsageRecorded {
                input: used.input,
                output: used.output,
                cached: used.cached,
                cost_usd: used.cost_usd,
            });
        }
        let errors = record["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for session in errors.filter_map(|error| error.strip_prefix(NO_SESSION)) {
            events.push(Event::RunSessionLost { session: session.trim().to_owned() });
        }
        self.end = Some(record.clone());
        events
    }

    fn failed(&self, end: &Value) -> (Verdict, String) {
        let said = end["result"].as_str().filter(|said| !said.is_empty()).map(|said| bounded(said, 500));
        let errors = end["errors"].as_array().and_then(|errors| errors.first()?.as_str());
        let said =
            said.or_else(|| errors.map(|error| bounded(error, 500))).or_else(|| self.last_error.clone());
        let said = said.unwrap_or_else(|| "no reason given".into());
        let status = end["api_error_status"].as_u64();
        if let Some(window) = self.rejected.as_ref().filter(|_| status == Some(429)) {
            let reason =
                format!("claude: the {} limit of the account is reached: {said}", window_name(window));
            return (Verdict::Limited { until: self.resets_at }, reason);
        }
        let fatal = |hint: &str| (Verdict::Failed { retryable: false }, format!("claude: {said}{hint}"));
        match (word(end, "terminal_reason"), word(end, "subtype"), status) {
            ("prompt_too_long", ..) => fatal("; the task's context does not fit the model, split the task"),
            ("max_turns", ..) | (_, "error_max_turns", _) => fatal("; it used all the turns it may"),
            ("budget_exhausted", ..) | (_, "error_max_budget_usd", _) => {
                fatal("; the run's budget is used up")
            }
            (_, _, Some(401 | 403)) => {
                fatal("; check the login: CLAUDE_CODE_OAUTH_TOKEN or ANTHROPIC_API_KEY")
            }
            (_, _, Some(400 | 404)) => fatal(""),
            _ if said.contains("/login") => {
                fatal("; check the login: CLAUDE_CODE_OAUTH_TOKEN or ANTHROPIC_API_KEY")
            }
            (_, _, Some(429)) => (
                Verdict::Failed { retryable: true },
                format!("claude: the provider asked to slow down: {said}"),
            ),
            (_, _, Some(529)) => {
                (Verdict::Failed { retryable: true }, format!("claude: the provider is overloaded: {said}"))
            }
            _ => (Verdict::Failed { retryable: true }, format!("claude: {said}")),
        }
    }
}

impl Session for Reading {
    fn line(&mut self, stream: Stream, line: &[u8], _: Timestamp) -> Vec<Event> {
        match hear(stream, line) {
            Heard::Nothing => Vec::new(),
            Heard::Aside(text) => vec![aside(text)],
            Heard::Record(record) => self.record(&record, line),
            Heard::Plain(text) => vec![plain(text)],
        }
    }

    fn is_over(&self) -> bool {
        self.end.is_some()
    }

    fn finish(&mut self, exit: &Exit, _: Timestamp) -> Finish {
        let Some(end) = self.end.take() else {
            return Finish {
                verdict: Verdict::Failed { retryable: true },
                reason: Some(prose::without_result("claude", exit, self.last_error.as_deref())),
                summary: self.last_text.take(),
            };
        };
        // `subtype` says "success" also when the provider refused; `is_error` does not.
        if end["is_error"] == true || word(&end, "subtype").starts_with("error") {
            let (verdict, reason) = self.failed(&end);
            return Finish { verdict, reason: Some(reason), summary: None };
        }
        let summary =
            end["result"].as_str().map(|said| bounded(said, MOST_TEXT)).filter(|said| !said.is_empty());
        Finish {
            verdict: Verdict::Succeeded,
            reason: None,
            summary: summary.or_else(|| self.last_text.take()),
        }
    }
}

/// The session's totals: they go on growing over resumes.
fn total(record: &Value) -> Usage {
    let models = record["modelUsage"].as_object();
    let sum = |name: &str| {
        models.map_or(0, |models| models.values().filter_map(|model| model[name].as_u64()).sum())
    };
    Usage {
        input: sum("inputTokens") + sum("cacheCreationInputTokens"),
        output: sum("outputTokens"),
        cached: sum("cacheReadInputTokens"),
        cost_usd: record["total_cost_usd"].as_f64().unwrap_or(0.0),
    }
}

fn at(seconds: &Value) -> Option<Timestamp> {
    seconds.as_i64().map(Timestamp::from_seconds)
}

fn limit_status(word: &str) -> LimitStatus {
    match word {
        "rejected" => LimitStatus::Rejected,
        "allowed_warning" => LimitStatus::Warning,
        _ => LimitStatus::Allowed,
    }
}

fn window_name(window: &str) -> &str {
    match window {
        "five_hour" => "5-hour",
        "seven_day" => "weekly",
        other => other,
    }
}
