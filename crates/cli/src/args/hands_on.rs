//! What the commands for scripts and for hands-on work take.

use std::path::PathBuf;

use clap::ValueHint;

#[derive(Debug, clap::Args)]
pub(crate) struct Attach {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// In a window of the tmux session `sidekick`
    #[arg(long)]
    pub(crate) tmux: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Takeover {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// In a window of the tmux session `sidekick` [default: when `attach: tmux` is configured]
    #[arg(long)]
    pub(crate) tmux: bool,
    /// In this terminal, whatever is configured
    #[arg(long, conflicts_with = "tmux")]
    pub(crate) here: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListSessions {
    /// At most this many
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
    pub(crate) limit: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AgentRun {
    /// The agent and, if wanted, its model [with --resume: those of the session]
    #[arg(
        long,
        short = 'm',
        value_name = "AGENT[/MODEL]",
        required_unless_present = "resume",
        conflicts_with = "resume"
    )]
    pub(crate) model: Option<String>,
    /// What the agent is asked; `-`, or nothing where standard input is no terminal, reads it from there
    pub(crate) prompt: Option<String>,
    /// Go on with the session of an earlier agent-run
    #[arg(long, value_name = "SESSION", conflicts_with_all = ["repo", "isolation", "scenario"])]
    pub(crate) resume: Option<String>,
    /// Stop it after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: Option<u64>,
    /// Path or URL of the repository [default: the one you stand in, else an empty one]
    #[arg(long, value_name = "PATH|URL", value_hint = ValueHint::DirPath)]
    pub(crate) repo: Option<String>,
    /// How the run is contained: `sandbox`, or `none` (the agent can then do all you can)
    #[arg(long, value_parser = ["sandbox", "none"], value_name = "KIND")]
    pub(crate) isolation: Option<String>,
    /// A script for the rehearsal agent
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) scenario: Option<PathBuf>,
}
