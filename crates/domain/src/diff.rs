//! The size of a change.

use serde::{Deserialize, Serialize};

/// How much a run changed against its base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffStat {
    /// Files touched.
    pub files: u32,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
}

impl DiffStat {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.files == 0
    }
}
