//! What is told of work that cannot land: its own side, and whose work is on the branch already.

use std::collections::HashMap;
use std::sync::Arc;

use domain::landing::{Other, conflict_comment, conflict_reason, red_comment, red_reason};
use domain::work::Command;
use domain::{CheckResult, Task, Work};
use store::tasks;

use super::returned;
use crate::{Context, Error, blocking};

/// Both changed the same lines.
pub(super) async fn conflict(
    context: &Arc<Context>,
    work: &Work,
    onto: String,
    paths: &[String],
    hunks: &str,
) -> Result<Command, Error> {
    let mut others = others(context, work, &onto, paths).await?;
    if others.is_empty() {
        others = self::others(context, work, &onto, &[]).await?;
    }
    let branch = branch(work);
    let reason = conflict_reason(branch, paths, &others);
    let own = own_side(&work.task);
    let comment = conflict_comment(branch, &onto, paths, hunks, &others, &own);
    Ok(returned(context, work, onto, reason, comment))
}

/// It passes alone and fails together.
pub(super) async fn red(
    context: &Arc<Context>,
    work: &Work,
    onto: String,
    red: &[&CheckResult],
) -> Result<Command, Error> {
    let others = others(context, work, &onto, &[]).await?;
    let branch = branch(work);
    let reason = red_reason(branch, red, &others);
    let comment = red_comment(branch, &onto, red, &others);
    Ok(returned(context, work, onto, reason, comment))
}

fn branch(work: &Work) -> &str {
    work.task.base_branch.as_deref().unwrap_or("the branch")
}

fn own_side(task: &Task) -> String {
    let summary = task.summary.as_deref().map(|words| format!(": {}", words.trim())).unwrap_or_default();
    format!("`{}`{summary}", task.title)
}

/// Whose work came to the branch since this work began: tasks by their titles and summaries, other commits by their
/// messages. The commits of a task's own work and its merge count once.
async fn others(
    context: &Arc<Context>,
    work: &Work,
    onto: &str,
    paths: &[String],
) -> Result<Vec<Other>, Error> {
    let (engine, task, onto, paths) =
        (Arc::clone(context), work.task.clone(), onto.to_owned(), paths.to_vec());
    let came = blocking(move || {
        let repo = engine.repo_of(&task.asked.repo)?;
        engine.workspaces.came_since(&repo, task.commit.as_deref().unwrap_or_default(), &onto, &paths)
    })
    .await?;
    let commits: Vec<_> = came.iter().map(|came| came.commit.clone()).collect();
    let tasks = context.store.read(move |tx| tasks::landed_by(tx, &commits)).await?;
    let tasks: HashMap<String, Task> = tasks.into_iter().collect();
    let mut others: Vec<Other> = Vec::new();
    let mut told = Vec::new();
    for came in came {
        match tasks.get(&came.commit) {
            Some(task) if told.contains(&task.id) => {}
            Some(task) => {
                told.push(task.id);
                others.push(Other {
                    commit: came.commit,
                    title: task.title.clone(),
                    summary: task.summary.clone().unwrap_or_default(),
                    is_task: true,
                });
            }
            None => {
                others.push(Other {
                    commit: came.commit,
                    title: came.subject,
                    summary: came.body,
                    is_task: false,
                });
            }
        }
    }
    // Tasks first: their words say most.
    others.sort_by_key(|other| !other.is_task);
    Ok(others)
}
