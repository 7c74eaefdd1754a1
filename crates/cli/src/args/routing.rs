//! The words about who does what.

use clap::ValueHint;

/// What sort of work it is; found from the text when left out.
#[derive(Debug, clap::Args)]
pub(crate) struct Nature {
    /// planning, research, implementation, testing, refactoring, documentation, debugging or review
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// low, medium, high or critical
    #[arg(long, value_name = "HOW HARD")]
    pub(crate) complexity: Option<String>,
    /// It needs a graphics processor
    #[arg(long)]
    pub(crate) gpu: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The task's id, or any unique beginning of it
    pub(crate) id: String,
    /// Why its agent was taken: everybody who was considered, each with the reason
    #[arg(long)]
    pub(crate) why: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Route {
    /// What would be done
    pub(crate) text: String,
    /// Path or URL of the repository [default: the repository you stand in]
    #[arg(long, value_name = "PATH|URL", value_hint = ValueHint::DirPath)]
    pub(crate) repo: Option<String>,
    /// A configured project
    #[arg(long, value_name = "NAME", conflicts_with = "repo")]
    pub(crate) project: Option<String>,
    /// As if this agent were named
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    #[command(flatten)]
    pub(crate) nature: Nature,
}
