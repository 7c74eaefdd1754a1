//! Gemini CLI, headless: `gemini -o stream-json`, the prompt on standard input.
//!
//! Its own approvals are off: it runs inside our sandbox. Hooks, extensions and MCP servers that the repository
//! brings do not run: a folder that is trusted for one session only brings none (`tests/fleet.rs` looks). Its exit
//! codes lie (0 after a signal), so only its own result counts. Format: Gemini CLI 0.61 (`tests/transcripts/gemini`).

use std::collections::BTreeMap;

use domain::{Event, Timestamp, Usage};
use serde_json::{Value, json};

use crate::blocks::{self, word};
use crate::endpoint::Endpoint;
use crate::heard::{Heard, aside, hear, plain};
use crate::prose;
use crate::servers;
use crate::text::{self, MOST_RAW, MOST_TEXT, bounded, lossy};
use crate::{
    Abilities, Assignment, Driver, Error, Exit, Finish, Launch, Login, Program, Provider, Readiness, Session,
    Speaks, Stream, Verdict,
};

const KEY: &str = "GEMINI_API_KEY";
const URL: &str = "GOOGLE_GEMINI_BASE_URL";

/// The agent.
#[derive(Clone, Copy, Debug)]
pub struct Gemini;

impl Driver for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn program(&self) -> Program {
        Program::Named("gemini".into())
    }

    fn abilities(&self) -> Abilities {
        Abilities { resume: true, usage: true, limits: true, tools: true, mcp: true, ..Abilities::default() }
    }

    fn readiness(&self, account: &BTreeMap<String, String>) -> Readiness {
        if account.contains_key(KEY) {
            Readiness::Ready("key")
        } else {
            Readiness::LoggedOut(
                "run `sidekick accounts login gemini`, or set GEMINI_API_KEY (metered, or the free tier's), in the environment of `sidekick serve` or in \
                 sidekick.yaml",
            )
        }
    }

    fn account_variables(&self) -> &'static [&'static str] {
        &[KEY, URL]
    }

    fn login(&self) -> Option<Login> {
        Some(Login {
            // It asks how to log in at its first start; leaving it afterwards is enough.
            args: &[],
            status: &[],
            metered: &[],
            dirs: &[],
            file: ".gemini/oauth_creds.json",
        })
    }

    fn provider(&self, account: &BTreeMap<String, String>) -> Option<Provider> {
        account.get(KEY)?;
        Some(Provider {
            speaks: Speaks::Gemini,
            url: account
                .get(URL)
                .cloned()
                .unwrap_or_else(|| "https://generativelanguage.googleapis.com".into()),
            key: account.get(KEY).cloned(),
            url_variable: URL,
            key_variable: KEY,
        })
    }

    fn launch(&self, assignment: &Assignment) -> Result<Launch, Error> {
        let mut args = ["-o", "stream-json"].map(String::from).to_vec();
        args.extend(arguments(assignment));
        Ok(launched(assignment, args, assignment.prompt.clone().into_bytes()))
    }

    fn interactive(&self, assignment: &Assignment) -> Option<Launch> {
        Some(launched(assignment, arguments(assignment), Vec::new()))
    }

    fn session(&self, _: &Assignment) -> Box<dyn Session> {
        Box::new(Reading::default())
    }
}

/// What it is told either way.
fn arguments(assignment: &Assignment) -> Vec<String> {
    let mut args: Vec<String> = ["--approval-mode", "yolo", "--skip-trust"].map(String::from).to_vec();
    if let Some(model) = &assignment.model {
        args.extend(["-m".into(), model.clone()]);
    }
    match &assignment.resume {
        Some(session) => args.extend(["--resume".into(), session.clone()]),
        None => args.extend(["--session-id".into(), assignment.new_session.clone()]),
    }
    args.extend(assignment.mcp.iter().map(|_| servers::allowed()));
    args
}

fn launched(assignment: &Assignment, args: Vec<String>, stdin: Vec<u8>) -> Launch {
    let mut env: BTreeMap<String, String> = [("GEMINI_CLI_NO_RELAUNCH".to_owned(), "true".to_owned())].into();
    env.extend(assignment.account.clone());
    let settings = json!({
        // An endpoint of the person's own would otherwise mean a login that headless runs refuse.
        "security": {"auth": {
            "selectedType": if assignment.logged_in { "oauth-personal" } else { "gemini-api-key" },
        }},
        "admin": {"extensions": {"enabled": false}, "mcp": {"enabled": assignment.mcp.is_some()}},
        "mcpServers": assignment.mcp.as_ref().map_or_else(|| json!({}), servers::entry),
        "hooksConfig": {"enabled": false},
        // Few tries of its own: what to do about a provider that does not answer is for the engine.
        "general": {"maxAttempts": 3, "enableAutoUpdate": false, "enableAutoUpdateNotification": false},
        "privacy": {"usageStatisticsEnabled": false},
    });
    let hosts: &[&str] = if assignment.logged_in {
        &["cloudcode-pa.googleapis.com", "oauth2.googleapis.com"]
    } else {
        &["generativelanguage.googleapis.com"]
    };
    let (forwards, hosts) = Endpoint::network(assignment.account.get(URL), hosts);
    Launch {
        program: Gemini.program(),
        args,
        env,
        stdin,
        files: vec![(".gemini/settings.json".into(), settings.to_string().into_bytes())],
        hosts,
        forwards,
    }
}

#[derive(Default)]
struct Reading {
    session: Option<String>,
    /// The pieces of a message that is being said.
    saying: String,
    end: Option<Value>,
    last_text: Option<String>,
    last_error: Option<String>,
}

impl Reading {
    fn record(&mut self, record: &Value, line: &[u8]) -> Vec<Event> {
        if word(record, "type") == "message" {
            // What we asked comes back as the user's.
            if word(record, "role") == "assistant" && self.saying.len() < MOST_TEXT {
                self.saying += word(record, "content");
            }
            return Vec::new();
        }
        let mut events = self.said();
        match word(record, "type") {
            "init" => {
                let session = word(record, "session_id").to_owned();
                self.session = Some(session.clone());
                let model = Some(word(record, "model").to_owned()).filter(|model| !model.is_empty());
                events.push(Event::RunSession { session, model });
            }
            "tool_use" => events.push(Event::ToolStarted {
                id: word(record, "tool_id").to_owned(),
                name: word(record, "tool_name").to_owned(),
                summary: blocks::summary(&record["parameters"]),
                input: text::input(&record["parameters"]),
            }),
            "tool_result" => {
                let ok = word(record, "status") == "success";
                let said = if ok { word(record, "output") } else { word(&record["error"], "message") };
                let output = bounded(if said.is_empty() { word(record, "output") } else { said }, MOST_TEXT);
                events.push(Event::ToolFinished { id: word(record, "tool_id").to_owned(), ok, output });
            }
            "error" => {
                let text = bounded(word(record, "message"), MOST_TEXT);
                self.last_error = Some(bounded(&text, 500));
                events.push(Event::AgentError { text });
            }
            "result" => {
                self.end = Some(record.clone());
                events.extend(used(&record["stats"]));
            }
            _ => events.push(Event::AgentRaw { line: lossy(line, MOST_RAW) }),
        }
        events
    }

    /// The message that was being said, whole.
    fn said(&mut self) -> Vec<Event> {
        let text = std::mem::take(&mut self.saying);
        if text.trim().is_empty() {
            return Vec::new();
        }
        let text = bounded(&text, MOST_TEXT);
        self.last_text = Some(text.clone());
        vec![Event::AgentText { text }]
    }

    fn aside(&mut self, text: String) -> Vec<Event> {
        self.last_error = Some(bounded(&text, 500));
        // Named in quotes, in words that vary.
        let lost = text.strip_prefix("Error resuming session: ");
        let lost = lost.map(|rest| rest.split('"').nth(1).unwrap_or(rest).to_owned());
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
            let retryable = !matches!(exit.code, Some(41 | 55));
            return Finish {
                verdict: Verdict::Failed { retryable },
                reason: Some(prose::without_result("gemini", exit, self.last_error.as_deref())),
                summary: self.last_text.take(),
            };
        };
        if word(&end, "status") == "success" {
            return Finish { verdict: Verdict::Succeeded, reason: None, summary: self.last_text.take() };
        }
        let (verdict, reason) = failed(word(&end["error"], "message"), exit);
        Finish { verdict, reason: Some(reason), summary: None }
    }
}

/// What an error means: the provider's own record is quoted in it.
fn failed(said: &str, exit: &Exit) -> (Verdict, String) {
    let text = said.trim_start_matches("[API Error: ").trim_end_matches(']');
    let record: Value = serde_json::from_str(text).unwrap_or_default();
    let message = record["error"]["message"].as_str().unwrap_or(text);
    let reason = |hint: &str| format!("gemini: {}{hint}", bounded(message, 500));
    if said.contains("exhausted your daily quota") {
        // Until when is not told; the engine looks again after a while.
        return (Verdict::Limited { until: None }, reason(": the account's daily quota is used up"));
    }
    // Where the message has lost it, the provider's status is in the exit code, less 256.
    let told =
        exit.code.filter(|code| (144..256).contains(code)).map(|code| u64::from(code.unsigned_abs()) + 256);
    match record["error"]["code"].as_u64().or(told) {
        Some(400) if message.contains("API key") => {
            (Verdict::Failed { retryable: false }, reason(" Check GEMINI_API_KEY."))
        }
        Some(401 | 403) => (Verdict::Failed { retryable: false }, reason(" Check GEMINI_API_KEY.")),
        None if message.ends_with(" is not found") || message.contains(" is not found for ") => {
            (Verdict::Failed { retryable: false }, reason(": no such model"))
        }
        Some(400 | 404) => (Verdict::Failed { retryable: false }, reason("")),
        _ => (Verdict::Failed { retryable: true }, reason("")),
    }
}

/// What the run consumed; counted anew for each run, and no cost is told.
fn used(stats: &Value) -> Option<Event> {
    let count = |name: &str| stats[name].as_u64().unwrap_or(0);
    let Usage { input, output, cached, cost_usd } = Usage {
        input: count("input"),
        output: count("output_tokens"),
        cached: count("cached"),
        cost_usd: 0.0,
    };
    (input + output + cached > 0).then_some(Event::UsageRecorded { input, output, cached, cost_usd })
}
