//! The client of an agent that speaks the Agent Client Protocol: a process beside the agent, inside whatever
//! contains the run. It carries out one order (`agents::acp::Order`) and tells what it hears as lines of
//! `agents::acp::Said`. What those mean is read by the daemon; nothing is decided here but what is answered to
//! the agent's own requests.
//!
//! One request is under way at a time, so one thread suffices. Stopping it is ending the job.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Duration;

use agents::acp::{Order, Said};
use serde_json::{Value, json};

/// The longest message of an agent.
const MOST_MESSAGE: u64 = 16 << 20;
/// The longest order.
const MOST_ORDER: u64 = 64 << 20;
/// How long an agent may take to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// The version of the protocol.
const VERSION: u64 = 1;
/// The protocol's word for a request nobody knows.
const NO_SUCH_METHOD: i64 = -32601;

/// The role `sidekick acp-client PROGRAM ARGS`.
pub(crate) fn main(words: impl Iterator<Item = OsString>) -> ExitCode {
    let said = match carry_out(&words.collect::<Vec<_>>()) {
        Ok(result) => Said::End { result },
        Err(Stop::Refused { method, error }) => Said::Refused { method, error },
        Err(Stop::Broken(reason)) => Said::Broken { reason },
    };
    let ended = matches!(said, Said::End { .. });
    if tell(&said).is_ok() && ended { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Why the conversation ended before its end.
enum Stop {
    Refused { method: String, error: Value },
    Broken(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Broken(format!("the pipe to the agent broke: {error}"))
    }
}

fn carry_out(words: &[OsString]) -> Result<Value, Stop> {
    let mut text = Vec::new();
    io::stdin().take(MOST_ORDER).read_to_end(&mut text)?;
    let order: Order =
        serde_json::from_slice(&text).map_err(|error| Stop::Broken(format!("the order: {error}")))?;
    let mut agent = Agent::start(words)?;
    let hello = agent.request("initialize", &initialize())?;
    if hello["protocolVersion"].as_u64() != Some(VERSION) {
        let version = &hello["protocolVersion"];
        return Err(Stop::Broken(format!(
            "it speaks version {version} of the protocol; version 1 is needed"
        )));
    }
    let session = agent.session(&order, &hello)?;
    let prompt = json!({"sessionId": session, "prompt": [{"type": "text", "text": order.prompt}]});
    let result = agent.request("session/prompt", &prompt)?;
    agent.leave();
    Ok(result)
}

/// What we are: a client without files or terminals of its own.
fn initialize() -> Value {
    json!({
        "protocolVersion": VERSION,
        "clientCapabilities": {"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false},
        "clientInfo": {"name": "sidekick", "version": env!("CARGO_PKG_VERSION")},
    })
}

/// A started agent. One that fails is left to the end of the job, which ends all there is.
struct Agent {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: u64,
    /// What the agent tells of its past is not told again.
    replaying: bool,
}

impl Agent {
    #[expect(clippy::disallowed_methods, reason = "an agent's process: it starts the agent")]
    fn start(words: &[OsString]) -> Result<Self, Stop> {
        let (program, args) =
            words.split_first().ok_or_else(|| Stop::Broken("no program is configured".into()))?;
        let failed = |error| Stop::Broken(format!("{} cannot be started: {error}", program.display()));
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Stop::Broken("the agent has no pipes".into()));
        };
        Ok(Self { child, to, from: BufReader::new(from), next: 0, replaying: false })
    }

    /// Closes its input and lets it end, for a while: some write their session down last.
    fn leave(self) {
        let Self { mut child, to, mut from, .. } = self;
        drop(to);
        let (ended, wait) = std::sync::mpsc::channel();
        let drain = move || {
            io::copy(&mut from, &mut io::sink()).ok();
            ended.send(()).ok();
        };
        std::thread::spawn(drain);
        wait.recv_timeout(PATIENCE).ok();
        child.kill().ok();
        child.wait().ok();
    }

    /// The session to work in, with the model chosen.
    fn session(&mut self, order: &Order, hello: &Value) -> Result<String, Stop> {
        let cwd = std::env::current_dir()?.display().to_string();
        let (session, state) = if let Some(session) = &order.resume {
            (session.clone(), self.load(session, &cwd, hello)?)
        } else {
            let state = self.request("session/new", &json!({"cwd": cwd, "mcpServers": []}))?;
            (state["sessionId"].as_str().unwrap_or_default().to_owned(), state)
        };
        tell(&Said::Session { session: session.clone() })?;
        if let Some(model) = &order.model {
            self.choose(&session, model, &state)?;
        }
        Ok(session)
    }

    fn load(&mut self, session: &str, cwd: &str, hello: &Value) -> Result<Value, Stop> {
        let lost = || tell(&Said::Lost { session: session.to_owned() });
        if hello["agentCapabilities"]["loadSession"] != true {
            lost()?;
            return Err(Stop::Broken("it cannot go on in a session; the next run starts a new one".into()));
        }
        self.replaying = true;
        let asked = json!({"sessionId": session, "cwd": cwd, "mcpServers": []});
        let state = self.request("session/load", &asked);
        self.replaying = false;
        if let Err(Stop::Refused { .. }) = &state {
            lost()?;
        }
        state
    }

    /// Chooses a model in the form the agent offers; one that offers none is told so, not ignored.
    fn choose(&mut self, session: &str, model: &str, state: &Value) -> Result<(), Stop> {
        let options = state["configOptions"].as_array().into_iter().flatten();
        let mut options = options.filter(|option| option["category"] == "model");
        if let Some(id) = options.find_map(|option| option["id"].as_str()) {
            let asked = json!({"sessionId": session, "configId": id, "value": model});
            return self.request("session/set_config_option", &asked).map(drop);
        }
        if state["models"].is_object() {
            let asked = json!({"sessionId": session, "modelId": model});
            return self.request("session/set_model", &asked).map(drop);
        }
        Err(Stop::Broken("it lets no model be chosen: leave --model out, or name it in its arguments".into()))
    }

    /// Asks, and answers what the agent asks until it has answered.
    fn request(&mut self, method: &str, params: &Value) -> Result<Value, Stop> {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        loop {
            let mut message = self.receive(method)?;
            if message["method"].is_string() {
                self.heard(&mut message)?;
            } else if message["id"].as_u64() == Some(id) {
                if !message["error"].is_null() {
                    return Err(Stop::Refused { method: method.to_owned(), error: message["error"].take() });
                }
                return Ok(message["result"].take());
            }
        }
    }

    fn send(&mut self, message: &Value) -> io::Result<()> {
        let mut line = message.to_string();
        line.push('\n');
        self.to.write_all(line.as_bytes())?;
        self.to.flush()
    }

    /// The next message; what is none is passed on as the agent's output.
    fn receive(&mut self, during: &str) -> Result<Value, Stop> {
        loop {
            let mut line = Vec::new();
            (&mut self.from).take(MOST_MESSAGE).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return Err(Stop::Broken(format!("it ended during {during}")));
            }
            if line.last() != Some(&b'\n') && line.len() as u64 >= MOST_MESSAGE {
                return Err(Stop::Broken("it sent a message longer than 16 MB".into()));
            }
            match serde_json::from_slice::<Value>(&line) {
                Ok(message) if message.is_object() => return Ok(message),
                _ => io::stderr().write_all(&line)?,
            }
        }
    }

    /// A notification, or a request of the agent.
    fn heard(&mut self, message: &mut Value) -> io::Result<()> {
        let id = message["id"].take();
        match (message["method"].as_str(), id.is_null()) {
            (Some("session/update"), true) if !self.replaying => {
                tell(&Said::Update { update: message["params"]["update"].take() })
            }
            (Some("session/request_permission"), false) => {
                let outcome = permit(&message["params"]["options"]);
                self.send(&json!({"jsonrpc": "2.0", "id": id, "result": {"outcome": outcome}}))
            }
            (_, true) => Ok(()),
            (_, false) => {
                let error = json!({"code": NO_SUCH_METHOD, "message": "Method not found"});
                self.send(&json!({"jsonrpc": "2.0", "id": id, "error": error}))
            }
        }
    }
}

/// Allows once rather than always, which some write into the repository's settings; by kind, never by place.
fn permit(options: &Value) -> Value {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |kind: &str| options.iter().find(|option| option["kind"] == kind);
    match of("allow_once").or_else(|| of("allow_always")) {
        Some(option) => json!({"outcome": "selected", "optionId": option["optionId"]}),
        None => json!({"outcome": "cancelled"}),
    }
}

fn tell(said: &Said) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permission_goes_by_kind() {
        let option = |id: &str, kind: &str| json!({"optionId": id, "kind": kind, "name": "Yes"});
        let asked =
            json!([option("a", "reject_once"), option("b", "allow_always"), option("c", "allow_once")]);
        assert_eq!(permit(&asked)["optionId"], "c");
        assert_eq!(
            permit(&json!([option("a", "reject_once"), option("b", "allow_always")]))["optionId"],
            "b"
        );
        assert_eq!(permit(&json!([option("a", "reject_once")]))["outcome"], "cancelled");
        assert_eq!(permit(&json!("nonsense"))["outcome"], "cancelled");
    }
}
