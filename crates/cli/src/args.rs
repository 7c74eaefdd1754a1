//! The command line as people type it.

mod access;
mod chat;
mod hands_on;
mod hindsight;
mod routing;
mod simulate;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueHint};

pub(crate) use access::{Link, Tokens, TokensAction, Users, UsersAction};
pub(crate) use chat::Chat;
pub(crate) use hands_on::{AgentRun, Attach, ListSessions, Takeover};
pub(crate) use hindsight::{Hindsight, HindsightAction};
pub(crate) use routing::{Nature, Route, Show};
pub(crate) use simulate::{Format as SimulateFormat, Simulate};

/// Delegate work to coding agents. Walk away. Get told. Review.
#[derive(Debug, Parser)]
#[command(name = "sidekick", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    /// Where everything is kept [default: $`XDG_DATA_HOME`/sidekick or ~/.local/share/sidekick]
    #[arg(long, global = true, env = "SIDEKICK_DATA_DIR", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data_dir: Option<PathBuf>,
    /// The configuration file [default: sidekick.yaml in the data directory]
    #[arg(long, global = true, env = "SIDEKICK_CONFIG", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// One JSON document on standard output (JSON lines where it streams); messages go to standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the daemon with its dashboard
    Serve(Serve),
    /// Give a task to an agent, and watch it
    Run(Box<Run>),
    /// Ask an agent once and print its answer; for scripts
    AgentRun(AgentRun),
    /// List tasks
    #[command(visible_alias = "ls")]
    List(List),
    /// What will be done when, by whom, what misses its deadline, and why each task waits
    Plan(Plan),
    /// Talk with the brain: ask, and say what should change; what you did not plainly ask for is confirmed first
    Chat(Chat),
    /// Watch everything in the terminal: what waits for you, what runs, what comes, what is left
    Top(Top),
    /// Say what a week would be like: deadlines, credits, questions. No agent is started, no daemon needed
    Simulate(Simulate),
    /// List sessions of agents: Sidekick's own and, when configured, those you start by hand
    Sessions(ListSessions),
    /// Show a task
    Show(Show),
    /// Say who would do a task, and why, without giving it
    Route(Route),
    /// Print what a task's agent said and did
    Logs(Logs),
    /// Show the change a task's work makes
    Diff(Diff),
    /// Watch a task until it ends
    Attach(Attach),
    /// Go on with a task by hand, in its agent's own UI; on leaving it, the work is collected
    Takeover(Takeover),
    /// Approve a task's work: it is merged into the branch it started from
    Approve(Id),
    /// Send a task's work back with a comment (-m), or discard it (without)
    Reject(Reject),
    /// List what waits for your answer, alike questions together; with links that answer, if wanted
    Questions(Questions),
    /// Answer what a task's agent asked; it goes on in the same session
    Answer(Answer),
    /// Try a finished task afresh, or a waiting one now
    Retry(Retry),
    /// Go on from a task's work in a new task, with other words or another agent
    Fork(Fork),
    /// Change a task's place in the plan: priority, deadline, what it comes after
    Set(Set),
    /// Stop a task; all its processes are gone when this returns
    Stop(Id),
    /// Say that a task's landed work was taken back: its agent is trusted less. The repository is not touched
    Reverted(Reverted),
    /// Go back to a checkpoint of a task, or list its checkpoints
    Rollback(Rollback),
    /// What lands next in each branch: approved work in the order of approval
    Queue(Queue),
    /// Show all that race with a task, side by side
    Race(Id),
    /// List, show or add projects
    #[command(alias = "projects")]
    Project(Project),
    /// The agents found on this machine
    Agents,
    /// What is left of each account, and when it renews
    Credits,
    /// List accounts, or switch them off and on
    #[command(alias = "account")]
    Accounts(Accounts),
    /// How good the confidence of verdicts was, on what you did with the work
    Calibration(Calibration),
    /// Check this machine: sandbox, agents, git, database
    Doctor,
    /// See the whole main job on a small sample repository, without a model
    Demo(Demo),
    /// Show what was noted in a project for later runs, or forget some of it
    Memory(Memory),
    /// What tasks that are over cost, what would have helped, and what is proposed to be remembered
    Hindsight(Hindsight),
    /// Serve Sidekick's tools to an agent of your own, over MCP on standard input and output
    Mcp(Mcp),
    /// Print a new one-time access link to the dashboard
    Link(Link),
    /// Who may come in, and what they may do
    #[command(alias = "user")]
    Users(Users),
    /// Tokens for programs
    #[command(alias = "token")]
    Tokens(Tokens),
    /// Print the completions of a shell
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the `OpenAPI` document of the API
    #[command(hide = true)]
    Openapi,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Address and port; port 0 picks a free one
    #[arg(long, env = "SIDEKICK_LISTEN", default_value = "127.0.0.1:4517", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Top {
    /// Print one frame and end; for scripts
    #[arg(long)]
    pub(crate) once: bool,
    /// How wide that frame is
    #[arg(long, value_name = "N", default_value_t = 100, requires = "once", value_parser = clap::value_parser!(u16).range(40..=500))]
    pub(crate) columns: u16,
    /// How high
    #[arg(long, value_name = "N", default_value_t = 40, requires = "once", value_parser = clap::value_parser!(u16).range(12..=500))]
    pub(crate) rows: u16,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// What is to be done
    pub(crate) text: String,
    /// Path or URL of the repository [default: the repository you stand in]
    #[arg(long, value_name = "PATH|URL", value_hint = ValueHint::DirPath)]
    pub(crate) repo: Option<String>,
    /// A configured project
    #[arg(long, value_name = "NAME", conflicts_with = "repo")]
    pub(crate) project: Option<String>,
    /// The agent [default: the project's, else who suits it: `sidekick route` says who and why]
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// The model
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// The branch or commit to start from [default: the repository's current branch]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) base: Option<String>,
    /// 1 (most urgent) to 9
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=9), value_name = "1-9")]
    pub(crate) priority: Option<u8>,
    /// When it is to be done: `friday`, `fri 18:00`, `tomorrow 9:00`, `in 3h`, `2026-11-23 18:00`, RFC 3339
    #[arg(long, value_name = "WHEN")]
    pub(crate) deadline: Option<String>,
    /// A task whose work has to have landed before; can be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) after: Vec<String>,
    /// Do it in the steps of this pipeline: `default` plans, works and reviews; `none` is one run [default: the project's]
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// Let these agents do it all at once, and take the best work: `claude,qwen`, `codex/gpt-5`
    #[arg(long, value_name = "AGENTS", value_delimiter = ',', conflicts_with_all = ["agent", "model", "scenario"])]
    pub(crate) race: Vec<String>,
    /// A script for the rehearsal agent
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) scenario: Option<PathBuf>,
    /// How the run is contained: `sandbox`, or `none` (the agent can then do all you can)
    #[arg(long, value_parser = ["sandbox", "none"], value_name = "KIND")]
    pub(crate) isolation: Option<String>,
    #[command(flatten)]
    pub(crate) nature: Nature,
    /// Repeating a command with the same key gives the same task
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Return as soon as the task is accepted
    #[arg(long)]
    pub(crate) detach: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only these states, separated by commas
    #[arg(long, value_name = "STATES")]
    pub(crate) state: Option<String>,
    /// Only this project
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// At most this many
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
    pub(crate) limit: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    /// Only this project
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// At most this many tasks
    #[arg(long, short = 'n', default_value_t = 50, value_name = "N")]
    pub(crate) limit: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Id {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Logs {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// Go on as more comes
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// Only the files and their sizes
    #[arg(long)]
    pub(crate) stat: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Reject {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// What should change; the agent goes on with it in the same session
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Discard the work even with a message, which is then the reason
    #[arg(long, requires = "message")]
    pub(crate) discard: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Fork {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// What is to be done in the new task
    pub(crate) text: String,
    /// Another agent
    #[arg(long)]
    pub(crate) agent: Option<String>,
    /// Its model
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// The checkpoint to go on from, as `sidekick rollback ID` lists them [default: the latest work]
    #[arg(long, value_name = "NAME")]
    pub(crate) checkpoint: Option<String>,
    /// A script for the rehearsal agent
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) scenario: Option<std::path::PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Answer {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// The answer, or the number of a choice
    pub(crate) text: String,
    /// Which question, as `sidekick show` names them [default: the oldest open one]
    #[arg(long, value_name = "NAME")]
    pub(crate) question: Option<String>,
    /// The policy was wrong to ask: its rule learns from it in this project
    #[arg(long)]
    pub(crate) false_alarm: bool,
    /// Answer every task that asks the same, too: with the code that `sidekick questions` shows; without one, says which
    #[arg(long, value_name = "CODE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) alike: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Questions {
    /// Only this project
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// With a link for each choice, that answers it once without any login: whoever has it may
    #[arg(long)]
    pub(crate) links: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Retry {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// With another agent
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Reverted {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// Why
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) message: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Calibration {
    /// A configured project [default: all work]
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(id = "changes", required = true, multiple = true, args = ["priority", "deadline", "no_deadline", "after", "no_after"])]
pub(crate) struct Set {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// 1 (most urgent) to 9
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=9), value_name = "1-9")]
    pub(crate) priority: Option<u8>,
    /// When it is to be done: `friday`, `fri 18:00`, `tomorrow 9:00`, `in 3h`, `2026-11-23 18:00`, RFC 3339
    #[arg(long, value_name = "WHEN")]
    pub(crate) deadline: Option<String>,
    /// It has no deadline any more
    #[arg(long, conflicts_with = "deadline")]
    pub(crate) no_deadline: bool,
    /// A task whose work has to have landed before, in place of those named so far; can be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) after: Vec<String>,
    /// It comes after nothing any more
    #[arg(long, conflicts_with = "after")]
    pub(crate) no_after: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// The checkpoint's name; they are listed when it is left out
    pub(crate) checkpoint: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Queue {
    /// Try out what would conflict if all of it, and then all that is to be reviewed, landed in this order
    #[arg(long)]
    pub(crate) preview: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Project {
    #[command(subcommand)]
    pub(crate) action: Option<ProjectAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectAction {
    /// List the configured projects
    List,
    /// Show one
    Show {
        /// Its name
        name: String,
    },
    /// Add one to the configuration file
    Add(AddProject),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Accounts {
    #[command(subcommand)]
    pub(crate) action: Option<AccountAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountAction {
    /// List the accounts, as `sidekick credits` does
    List,
    /// Log in with the vendor's own login, as an account of Sidekick's; your own login of it stays as it is
    Login(Login),
    /// Nothing starts any more on an account, or on any
    Off {
        /// Its name; all when left out
        account: Option<String>,
    },
    /// An account, or all, may be used again
    On {
        /// Its name; all when left out
        account: Option<String>,
    },
    /// Forget that an account rests: you know that it is open again
    Wake {
        /// Its name; all when left out
        account: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    /// The agent: claude, codex or gemini
    pub(crate) agent: String,
    /// The account's name; runs use `AGENT/NAME`
    #[arg(long, default_value = "login", value_name = "NAME")]
    pub(crate) name: String,
    /// Words for the vendor's login, after `--`
    #[arg(last = true, value_name = "WORDS")]
    pub(crate) words: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AddProject {
    /// Its name
    pub(crate) name: String,
    /// Path or URL of its repository [default: the repository you stand in]
    #[arg(long, value_name = "PATH|URL", value_hint = ValueHint::DirPath)]
    pub(crate) repo: Option<String>,
    /// The branch work starts from [default: the repository's current branch]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) base: Option<String>,
    /// The agent of tasks that name none
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// A command that must end well before an agent starts
    #[arg(long, value_name = "COMMAND")]
    pub(crate) setup: Option<String>,
    /// A command that must pass on the finished work; can be given several times
    #[arg(long = "check", value_name = "NAME=COMMAND")]
    pub(crate) checks: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Memory {
    /// One entry [default: all of them]
    pub(crate) name: Option<String>,
    /// Forget it: later runs are not told it any more
    #[arg(long, requires = "name")]
    pub(crate) forget: bool,
    /// Path or URL of the repository [default: the repository you stand in]
    #[arg(long, value_name = "PATH|URL", value_hint = ValueHint::DirPath)]
    pub(crate) repo: Option<String>,
    /// A configured project
    #[arg(long, value_name = "NAME", conflicts_with = "repo")]
    pub(crate) project: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Mcp {
    /// Path or URL of the repository [default: the repository you stand in]
    #[arg(long, value_name = "PATH|URL", value_hint = ValueHint::DirPath)]
    pub(crate) repo: Option<String>,
    /// A configured project
    #[arg(long, value_name = "NAME", conflicts_with = "repo")]
    pub(crate) project: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Where the sample repository is made [default: a new directory in the data directory]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,
}
