//! The board and the inbox on the wire.

use domain::inbox::Item;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::TaskView;
use crate::queue::CollisionView;

/// As much of a task as a card of the board shows.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CardView {
    /// The task's id.
    pub id: String,
    /// The short form of it.
    pub short: String,
    /// Its title.
    pub title: String,
    /// The project's name.
    pub project: String,
    /// Its state.
    pub state: String,
    /// What it waits for: `dependency`, `credits` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why it is where it is, where that needs a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// 1 (most urgent) to 9.
    pub priority: u8,
    /// The agent.
    pub agent: String,
    /// The stage of its live run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What sort of work it is.
    pub kind: String,
    /// When it is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// The tasks it comes after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// How many tasks come after it, directly.
    #[serde(default, skip_serializing_if = "is_none")]
    pub behind: u32,
    /// Tasks at work that change the same files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collisions: Vec<CollisionView>,
    /// Whether it asks something that is not answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// How many runs it had.
    pub attempt: u32,
    /// When it last changed.
    pub updated_at: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_none(n: &u32) -> bool {
    *n == 0
}

/// A page of one column of the board.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ColumnView {
    /// Its cards: at an end newest first, else most urgent first.
    pub items: Vec<CardView>,
    /// How many there are on all pages.
    pub total: u64,
    /// Give this as `cursor` for the next page; none on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Something that waits for a person.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct InboxItemView {
    /// `question`, `review`, `budget` or `failure`.
    pub need: String,
    /// How many tasks cannot start before it is decided.
    pub unblocks: usize,
    /// When it is decided without anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The task, with its evidence.
    pub task: TaskView,
}

/// What waits for a person, most valuable first.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct InboxView {
    /// The first of it.
    pub items: Vec<InboxItemView>,
    /// How much more there is.
    pub left_out: usize,
}

impl InboxItemView {
    /// A task with what decides its place.
    pub fn new(item: &Item, task: TaskView) -> Self {
        Self {
            need: item.need.as_str().into(),
            unblocks: item.unblocks,
            until: item.until.map(|at| at.to_string()),
            task,
        }
    }
}
