//! The arguments of `sidekick simulate`.

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};

#[derive(Debug, clap::Args)]
pub(crate) struct Simulate {
    /// The week, as examples/week.yaml
    #[arg(value_name = "WEEK.yaml", value_hint = ValueHint::FilePath)]
    pub(crate) week: PathBuf,
    /// Which luck the week has: how large tasks turn out, whose work is good
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Another week to be told beside it, with the same luck
    #[arg(long, value_name = "OTHER.yaml", value_hint = ValueHint::FilePath)]
    pub(crate) against: Option<PathBuf>,
    /// How it is told
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table
    Text,
    /// One JSON document
    Json,
}
