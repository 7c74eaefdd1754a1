//! What of a task's work is looked at, piece by piece.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What lies between two commits of a task.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangesView {
    /// From this commit.
    pub base: String,
    /// To this one.
    pub commit: String,
    /// The files, without patches: `GET /api/tasks/{id}/changes/file` has each.
    pub files: Vec<ChangedFileView>,
}

/// A changed file, without its patch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangedFileView {
    /// Its path.
    pub path: String,
    /// Its path before, when renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// `added`, `modified`, `deleted` or `renamed`.
    pub status: String,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
    /// Whether it is not text.
    pub binary: bool,
    /// The same for the same content; zeroes where the file is gone.
    pub content: String,
}

/// Lines of a file at a commit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LinesView {
    /// The number of the first one, from 1.
    pub first: usize,
    /// The lines.
    pub lines: Vec<String>,
    /// How many the file has.
    pub total: usize,
}

/// A file that a live run has changed by now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangingView {
    /// Its path.
    pub path: String,
    /// Whether it is gone.
    pub gone: bool,
    /// Lines added, roughly; not where that was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insertions: Option<u32>,
    /// Lines removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletions: Option<u32>,
}

/// Where a task stands, for whoever goes on with it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContinuationView {
    /// Markdown; nothing before the first run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
