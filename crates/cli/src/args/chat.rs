//! `sidekick chat` as people type it.

use std::path::PathBuf;

use clap::ValueHint;

#[derive(Debug, clap::Args)]
pub(crate) struct Chat {
    /// What to say; without it a person at a terminal goes on talking, and a script says what is on standard input
    #[arg(value_name = "WORDS")]
    pub(crate) words: Vec<String>,
    /// Go on with this conversation: its id, or any unique beginning of it
    #[arg(long, value_name = "ID")]
    pub(crate) conversation: Option<String>,
    /// Go on with the latest conversation
    #[arg(long = "continue", short = 'c', conflicts_with = "conversation")]
    pub(crate) last: bool,
    /// Say what is heard in a recording (webm, ogg, wav, mp4, mp3); what it would change is always confirmed first
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "words")]
    pub(crate) audio: Option<PathBuf>,
}
