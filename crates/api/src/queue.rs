//! The merge queue and collisions on the wire.

use domain::collision::Collision;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a task's work stands in the merge queue of its branch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlaceView {
    /// 1 lands next.
    pub position: usize,
    /// How many there are.
    pub of: usize,
    /// The branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// The merge queue of one branch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct QueueView {
    /// Path or URL of the repository.
    pub repo: String,
    /// The branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Where the branch is; only in a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<String>,
    /// Approved work, in the order in which it lands; in a preview also work to be reviewed, behind it.
    pub items: Vec<QueueItemView>,
}

/// Work in a merge queue.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct QueueItemView {
    /// The task.
    pub task: String,
    /// The short form of it.
    pub short: String,
    /// Its title.
    pub title: String,
    /// 1 lands next; none for work that is not approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// One sentence.
    pub reason: String,
    /// In a preview: whether it would land with those before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lands: Option<bool>,
    /// In a preview: the files it would conflict in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
}

/// Another task at work that changes the same files.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CollisionView {
    /// The other task.
    pub task: String,
    /// Its title.
    pub title: String,
    /// `hot`: the same lines; `soft`: the same file.
    pub kind: String,
    /// The files.
    pub files: Vec<String>,
}

impl From<&Collision> for CollisionView {
    fn from(collision: &Collision) -> Self {
        Self {
            task: collision.task.to_string(),
            title: collision.title.clone(),
            kind: collision.kind.as_str().into(),
            files: collision.files.clone(),
        }
    }
}

/// The worst of each other task, without what is over.
pub fn current_collisions(collisions: &[Collision]) -> Vec<CollisionView> {
    let worse = |one: &Collision| {
        collisions.iter().any(|other| other.task == one.task && other.kind > one.kind && !other.over)
    };
    collisions.iter().filter(|one| !one.over && !worse(one)).map(CollisionView::from).collect()
}
