//! What an agent says: drivers, sans I/O. A driver turns an assignment into a command to start, and a
//! session turns the lines that come back into events. Nothing here spawns, reads a file or waits.
//!
//! A session is deterministic over its lines from the first one: after a restart the daemon feeds the
//! spool into a fresh session and goes on. Parsing is total: what is not known is kept as it came.
//!
//! A new agent is one module here, one line in [`builtin`], and its transcripts in `tests`.

pub mod acp;
pub mod aider;
mod blocks;
pub mod claude;
pub mod codex;
pub mod command;
pub mod direct;
mod endpoint;
pub mod gemini;
mod heard;
pub mod lines;
pub mod logs;
pub mod opencode;
mod prose;
pub mod qwen;
pub mod rehearsal;
mod servers;
mod text;

use std::collections::BTreeMap;

use domain::{Event, Timestamp, Usage};

pub use lines::LineSplitter;

/// The version of this interface.
pub const INTERFACE: u32 = 1;

/// What a driver needs to know of a run.
#[derive(Clone, Debug, Default)]
pub struct Assignment {
    /// The whole prompt: memory, continuation, task, comment.
    pub prompt: String,
    /// The task's text alone, for templates.
    pub task: String,
    /// The person's comment alone, for templates.
    pub feedback: String,
    /// The model asked for.
    pub model: Option<String>,
    /// The session to go on with.
    pub resume: Option<String>,
    /// The id a new session gets.
    pub new_session: String,
    /// What the resumed session had consumed before, for agents whose totals grow.
    pub before: Usage,
    /// All it says are its closing words, where nothing marks them: a plan is no single line.
    pub whole: bool,
    /// The rehearsal agent's script.
    pub scenario: Option<String>,
    /// The agent's home, as it sees it.
    pub home: String,
    /// The vendor's own login is in its home; then the account's variables hold no credential.
    pub logged_in: bool,
    /// The account's variables; everything else the agent gets is chosen by the driver.
    pub account: BTreeMap<String, String>,
    /// Our own tools, for agents that take some.
    pub mcp: Option<McpServer>,
}

/// A server of tools, spoken to in the Model Context Protocol over HTTP.
#[derive(Clone, PartialEq, Eq)]
pub struct McpServer {
    /// Where, as the agent sees it.
    pub url: String,
    /// What it shows there: in its environment and in files of its home, never in its arguments.
    pub token: String,
}

/// The name that server has for agents.
pub const MCP_NAME: &str = "sidekick";
/// The variable its token is in.
pub const MCP_TOKEN: &str = "SIDEKICK_MCP_TOKEN";

impl std::fmt::Debug for McpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McpServer").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A program to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// Looked up on `PATH`.
    Named(String),
    /// Our own binary.
    Own,
    /// Our own binary in a role, which starts the program of that name, looked up on `PATH`.
    Through {
        /// The role.
        role: &'static str,
        /// The program.
        program: String,
    },
}

/// How to start an agent.
#[derive(Clone, Debug)]
pub struct Launch {
    /// What.
    pub program: Program,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its variables, besides `PATH`, `HOME` and the like.
    pub env: BTreeMap<String, String>,
    /// What it reads: prompts go here, where no process list shows them.
    pub stdin: Vec<u8>,
    /// Files below its home, written before it starts.
    pub files: Vec<(String, Vec<u8>)>,
    /// Hosts it needs to reach, for the allowlist.
    pub hosts: Vec<String>,
    /// Ports of the host's loopback it needs to reach.
    pub forwards: Vec<u16>,
}

/// Whether an agent can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can, billed so: `subscription`, `key`, `local`, `none`.
    Ready(&'static str),
    /// It lacks a login; what to do.
    LoggedOut(&'static str),
}

/// How the vendor's own login is started in a directory that stands for the home, and what it leaves there. What
/// that file says is the agent's affair: it is given to runs whole, and never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// The arguments that log in.
    pub args: &'static [&'static str],
    /// The arguments that tell how one is logged in; words in `metered` mean a key that is charged by use.
    pub status: &'static [&'static str],
    /// See above.
    pub metered: &'static [&'static str],
    /// Variables whose values are directories below the home.
    pub dirs: &'static [(&'static str, &'static str)],
    /// The file with the credentials, below the home.
    pub file: &'static str,
}

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI Responses or Chat Completions.
    Openai,
    /// Gemini API.
    Gemini,
}

/// Where an agent's model calls go with an account. With it a gateway can stand in front of the provider: the
/// agent is then given the gateway's address and no key.
#[derive(Clone, PartialEq, Eq)]
pub struct Provider {
    /// What it speaks.
    pub speaks: Speaks,
    /// Its base URL.
    pub url: String,
    /// The key, if it asks for one. A secret.
    pub key: Option<String>,
    /// The account's variable that holds the URL.
    pub url_variable: &'static str,
    /// The account's variable that holds the key.
    pub key_variable: &'static str,
}

/// What an agent can, as its driver drives it. What is not here is not faked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a list of what there is and what there is not")]
pub struct Abilities {
    /// Goes on in the session of an earlier run.
    pub resume: bool,
    /// Tells what it cost.
    pub cost: bool,
    /// Tells tokens.
    pub usage: bool,
    /// Tells that a limit of the account is reached.
    pub limits: bool,
    /// Shows its tools.
    pub tools: bool,
    /// Shows its plan.
    pub plan: bool,
    /// Takes the tools of [`Assignment::mcp`].
    pub mcp: bool,
    /// Shows its thinking.
    pub thinking: bool,
}

impl Abilities {
    /// The words for those it has.
    pub fn words(self) -> Vec<&'static str> {
        let all = [
            ("resume", self.resume),
            ("tokens", self.usage),
            ("cost", self.cost),
            ("limits", self.limits),
            ("tools", self.tools),
            ("plan", self.plan),
            ("thinking", self.thinking),
            ("mcp", self.mcp),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(word, _)| word).collect()
    }
}

/// An agent backend.
pub trait Driver: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;
    /// What it starts.
    fn program(&self) -> Program;
    /// What it can.
    fn abilities(&self) -> Abilities;
    /// Whether the account's variables let it work.
    fn readiness(&self, account: &BTreeMap<String, String>) -> Readiness;
    /// The account's variables it understands.
    fn account_variables(&self) -> &'static [&'static str];
    /// The vendor's own login, if runs can use one.
    fn login(&self) -> Option<Login> {
        None
    }
    /// Where its model calls go, when a gateway may stand in front: not for subscriptions, whose logins are the
    /// agent's own affair.
    fn provider(&self, _account: &BTreeMap<String, String>) -> Option<Provider> {
        None
    }
    /// The directory below its home with its sessions' logs, when it tells the windows of its account there
    /// ([`logs::limits`]) and not in its stream.
    fn limits_log(&self) -> Option<&'static str> {
        None
    }
    /// How to start it.
    fn launch(&self, assignment: &Assignment) -> Result<Launch, Error>;
    /// How to start its own interactive UI on a terminal, in the assignment's session if there is one, else in a
    /// new one; `None` where it has none. The prompt is a person's affair then.
    fn interactive(&self, _: &Assignment) -> Option<Launch> {
        None
    }
    /// The reading of what it says.
    fn session(&self, assignment: &Assignment) -> Box<dyn Session>;
}

/// A reading of what one run of an agent says.
pub trait Session: Send {
    /// Takes a line, without its end.
    fn line(&mut self, stream: Stream, line: &[u8], now: Timestamp) -> Vec<Event>;
    /// Whether the agent has told its result: all that may follow is its process's end.
    fn is_over(&self) -> bool {
        false
    }
    /// It ended.
    fn finish(&mut self, exit: &Exit, now: Timestamp) -> Finish;
}

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How an agent's process ended. A hint only: exit codes lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// The exit code.
    pub code: Option<i32>,
    /// The signal.
    pub signal: Option<i32>,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// In short.
    pub verdict: Verdict,
    /// Why, in one sentence for people.
    pub reason: Option<String>,
    /// The agent's closing words.
    pub summary: Option<String>,
}

/// What a run came to, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The agent says it is done.
    Succeeded,
    /// It failed; whether trying again may help.
    Failed {
        /// See above.
        retryable: bool,
    },
    /// The account's limit is reached, until then if that is known.
    Limited {
        /// See above.
        until: Option<Timestamp>,
    },
}

/// Why an agent cannot be started so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The scenario is wrong.
    #[error("the scenario cannot be read: {0}")]
    Scenario(String),
    /// The account lacks something; what to do.
    #[error("{0}")]
    Account(String),
}

/// The drivers that ship.
pub fn builtin() -> Vec<Box<dyn Driver>> {
    vec![
        Box::new(claude::Claude),
        Box::new(codex::Codex),
        Box::new(gemini::Gemini),
        Box::new(qwen::Qwen),
        Box::new(opencode::Opencode),
        Box::new(aider::Aider),
        Box::new(rehearsal::Rehearsal),
    ]
}
