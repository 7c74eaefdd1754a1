//! Qwen Code, headless: `qwen --output-format stream-json`, the prompt on standard input, the model behind any
//! endpoint that speaks OpenAI Chat Completions: a provider, or a local server (Ollama, `vLLM`, llama.cpp).
//!
//! Its own approvals are off: it runs inside our sandbox. Hooks and MCP servers that the repository brings are
//! off by system settings, which go before the repository's. Format: Qwen Code 0.24 (`tests/transcripts/qwen`).

use std::collections::BTreeMap;

use domain::{Event, Timestamp, Usage};
use serde_json::{Value, json};

use crate::blocks::{self, word};
use crate::endpoint::Endpoint;
use crate::heard::{Heard, aside, hear, plain};
use crate::prose;
use crate::servers;
use crate::text::{MOST_RAW, MOST_TEXT, bounded, lossy};
use crate::{
    Abilities, Assignment, Driver, Error, Exit, Finish, Launch, MCP_NAME, Program, Provider, Readiness,
    Session, Speaks, Stream, Verdict,
};

const KEY: &str = "OPENAI_API_KEY";
const URL: &str = "OPENAI_BASE_URL";
const MODEL: &str = "OPENAI_MODEL";
/// What it says on standard error when a session to be resumed is not there.
const NO_SESSION: &str = "No saved session found with ID ";

/// The agent.
#[derive(Clone, Copy, Debug)]
pub struct Qwen;

impl Driver for Qwen {
    fn name(&self) -> &'static str {
        "qwen"
    }

    fn program(&self) -> Program {
        Program::Named("qwen".into())
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            resume: true,
            usage: true,
            tools: true,
            plan: true,
            thinking: true,
            mcp: true,
            ..Abilities::default()
        }
    }

    fn readiness(&self, account: &BTreeMap<String, String>) -> Readiness {
        let local = account.get(URL).is_some_and(|url| matches!(Endpoint::of(url), Endpoint::Loopback(_)));
        match (local, account.contains_key(URL) && account.contains_key(KEY)) {
            (true, _) => Readiness::Ready("local"),
            (false, true) => Readiness::Ready("key"),
            (false, false) => Readiness::LoggedOut(
                "in sidekick.yaml, under agents.qwen.env, set OPENAI_BASE_URL to an endpoint that speaks OpenAI \
                 (a local one, as http://127.0.0.1:11434/v1, needs no key), OPENAI_MODEL and OPENAI_API_KEY",
            ),
        }
    }

    /// None from the person's environment: those names mean another agent's account there.
    fn account_variables(&self) -> &'static [&'static str] {
        &[]
    }

    fn provider(&self, account: &BTreeMap<String, String>) -> Option<Provider> {
        Some(Provider {
            speaks: Speaks::Openai,
            url: account.get(URL)?.clone(),
            key: account.get(KEY).cloned(),
            url_variable: URL,
            key_variable: KEY,
        })
    }

    fn launch(&self, assignment: &Assignment) -> Result<Launch, Error> {
        let mut args = ["--output-format", "stream-json"].map(String::from).to_vec();
        args.extend(arguments(assignment));
        Ok(launched(assignment, args, assignment.prompt.clone().into_bytes()))
    }

    fn interactive(&self, assignment: &Assignment) -> Option<Launch> {
        Some(launched(assignment, arguments(assignment), Vec::new()))
    }

    fn session(&self, assignment: &Assignment) -> Box<dyn Session> {
        Box::new(Reading { before: assignment.before, ..Reading::default() })
    }
}

/// What it is told either way.
fn arguments(assignment: &Assignment) -> Vec<String> {
    let mut args: Vec<String> = ["--approval-mode", "yolo"].map(String::from).to_vec();
    if let Some(model) = &assignment.model {
        args.extend(["--model".into(), model.clone()]);
    }
    args.extend(assignment.mcp.iter().map(|_| servers::allowed()));
    // A new session names itself: it takes no id of a version as young as ours.
    if let Some(session) = &assignment.resume {
        args.extend(["--resume".into(), session.clone()]);
    }
    args
}

fn launched(assignment: &Assignment, args: Vec<String>, stdin: Vec<u8>) -> Launch {
    let mut env: BTreeMap<String, String> = [
        ("QWEN_CODE_SYSTEM_SETTINGS_PATH", format!("{}/.qwen/system.json", assignment.home)),
        ("QWEN_CODE_SUPPRESS_YOLO_WARNING", "1".into()),
        // A local server asks for none; the program insists on one.
        (KEY, "none".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    env.extend(assignment.account.clone());
    if let Some(model) = &assignment.model {
        env.insert(MODEL.into(), model.clone());
    }
    let settings = json!({
        "disableAllHooks": true,
        "mcp": {"allowed": assignment.mcp.iter().map(|_| MCP_NAME).collect::<Vec<_>>()},
        "mcpServers": assignment.mcp.as_ref().map_or_else(|| json!({}), servers::entry),
        // AGENTS.md is put before it by the engine.
        "context": {"fileName": ["QWEN.md"]},
        // Otherwise it asks the model once more, after the answer, what to remember.
        "memory": {"enableManagedAutoMemory": false},
        // One round of its own tries, of a minute and a quarter: by default it waits ten times a minute more.
        "model": {"generationConfig": {
            "maxRetries": 0, "retryInitialDelayMs": 1000, "retryMaxDelayMs": 5000, "timeout": 600_000,
        }},
        "general": {"enableAutoUpdate": false, "disableAutoUpdate": true},
        "privacy": {"usageStatisticsEnabled": false},
    });
    let (forwards, hosts) = Endpoint::network(assignment.account.get(URL), &[]);
    Launch {
        program: Qwen.program(),
        args,
        env,
        stdin,
        files: vec![(".qwen/system.json".into(), settings.to_string().into_bytes())],
        hosts,
        forwards,
    }
}

#[derive(Default)]
struct Reading {
    before: Usage,
    session: Option<String>,
    end: Option<Value>,
    last_text: Option<String>,
    last_error: Option<String>,
}

impl Reading {
    fn record(&mut self, record: &Value, line: &[u8]) -> Vec<Event> {
        match (word(record, "type"), word(record, "subtype")) {
            ("system", "init") => self.init(record),
            ("system", "retry") => {
                let data = &record["data"];
                let number = |name: &str| data[name].as_u64().unwrap_or(0);
                let attempt = u32::try_from(number("attempt")).unwrap_or(u32::MAX);
                vec![Event::AgentRetry {
                    attempt,
                    delay_ms: number("delayMs"),
                    error: word(data, "reason").into(),
                }]
            }
            ("assistant", _) => self.assistant(record),
            ("user", _) => blocks::tool_results(record),
            ("result", _) => self.result(record),
            ("stream_event", _) => Vec::new(),
            _ => vec![Event::AgentRaw { line: lossy(line, MOST_RAW) }],
        }
    }

    fn init(&mut self, record: &Value) -> Vec<Event> {
        let session = word(record, "session_id").to_owned();
        if self.session.as_ref() == Some(&session) {
            return Vec::new();
        }
        self.session = Some(session.clone());
        let model = Some(word(record, "model").to_owned()).filter(|model| !model.is_empty());
        vec![Event::RunSession { session, model }]
    }

    fn assistant(&mut self, record: &Value) -> Vec<Event> {
        let mut events = Vec::new();
        for block in record["message"]["content"].as_array().into_iter().flatten() {
            match word(block, "type") {
                "text" => {
                    let text = bounded(word(block, "text"), MOST_TEXT);
                    self.last_text = Some(text.clone());
                    events.push(Event::AgentText { text });
                }
                "thinking" => {
                    events.push(Event::AgentThinking { text: bounded(word(block, "thinking"), MOST_TEXT) });
                }
                "tool_use" => {
                    events.push(blocks::tool_started(block));
                    if word(block, "name") == "todo_write" {
                        events
                            .extend(blocks::todos(&block["input"]).map(|items| Event::PlanUpdated { items }));
                    }
                }
                _ => {}
            }
        }
        events
    }

    fn result(&mut self, record: &Value) -> Vec<Event> {
        self.end = Some(record.clone());
        let usage = &record["usage"];
        let count = |name: &str| usage[name].as_u64().unwrap_or(0);
        let cached = count("cache_read_input_tokens");
        let total = Usage {
            input: count("input_tokens").saturating_sub(cached),
            output: count("output_tokens"),
            cached,
            cost_usd: 0.0,
        };
        let Usage { input, output, cached, cost_usd } = total.since(self.before);
        if input + output + cached == 0 {
            return Vec::new();
        }
        vec![Event::UsageRecorded { input, output, cached, cost_usd }]
    }

    fn aside(&mut self, text: String) -> Vec<Event> {
        let lost = text.strip_prefix(NO_SESSION).and_then(|rest| rest.split_whitespace().next());
        let lost = lost.map(|session| session.trim_end_matches('.').to_owned());
        self.last_error = Some(bounded(&text, 500));
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

    fn finish(&mut self, exit: &Exit, _: Timestamp) -> Finish {
        let Some(end) = self.end.take() else {
            return Finish {
                verdict: Verdict::Failed { retryable: exit.code != Some(53) && exit.code != Some(55) },
                reason: Some(prose::without_result("qwen", exit, self.last_error.as_deref())),
                summary: self.last_text.take(),
            };
        };
        if end["is_error"] == true || word(&end, "subtype").starts_with("error") {
            let said = bounded(word(&end["error"], "message"), 500);
            let said = said.trim_start_matches("[API Error: ").trim_end_matches(']');
            // The provider's status comes first in its words.
            let hint = match said.split_whitespace().next() {
                Some("401" | "403") => "; check OPENAI_API_KEY of agents.qwen.env",
                Some("400" | "404") => "; check OPENAI_MODEL and OPENAI_BASE_URL of agents.qwen.env",
                _ => "",
            };
            return Finish {
                verdict: Verdict::Failed { retryable: hint.is_empty() },
                reason: Some(format!("qwen: {said}{hint}")),
                summary: None,
            };
        }
        let summary = end["result"].as_str().filter(|said| !said.is_empty());
        let summary = summary.map(|said| bounded(said, MOST_TEXT)).or_else(|| self.last_text.take());
        Finish { verdict: Verdict::Succeeded, reason: None, summary }
    }
}
