//! The words about what is over.

use clap::Subcommand;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Hindsight {
    /// A task's id, or any unique beginning of it [default: what was found in all tasks, the latest first]
    pub(crate) id: Option<String>,
    /// What was found in the tasks of this project
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    pub(crate) project: Option<String>,
    /// At most so many tasks
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N", conflicts_with = "id")]
    pub(crate) limit: usize,
    #[command(subcommand)]
    pub(crate) action: Option<HindsightAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HindsightAction {
    /// Make a task of the lines that are proposed for AGENTS.md; it comes to review like any other
    Apply {
        /// The task that they were proposed on
        id: String,
    },
}
