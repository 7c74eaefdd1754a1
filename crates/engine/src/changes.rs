//! What a person looks at of a task's work: the files that changed between two of its commits, one patch at a time, lines
//! around it, the bytes of an image; what a live run has changed so far; where it stands; what its agent said, raw.
//!
//! Commits are read from the store that the host owns, and only those of the task itself: its base, its runs' and its
//! checkpoints'. Not here: what is decided about it.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{RunId, TaskId, Work};
use store::{checkpoints, runs, tasks};
use workspace::{FileDiff, Glance, Held};

use crate::{Context, Diff, Engine, Error, blocking};

/// Bytes of one file's patch.
pub const MOST_PATCH: usize = 8 << 20;
/// Bytes of a file whose lines, or whose image, are shown.
pub const MOST_FILE: u64 = 4 << 20;
/// Lines that are handed out at once.
pub const MOST_LINES: usize = 2_000;
/// Files of a live run that are named.
const MOST_CHANGING: usize = 500;
/// Files of a live run whose lines are counted.
const MOST_COUNTED: usize = 100;
/// Bytes of a continuation that are shown.
const MOST_CONTINUATION: u64 = 256 << 10;

/// What lies between two commits of a task.
#[derive(Clone, Debug)]
pub struct Changes {
    /// From this commit.
    pub base: String,
    /// To this one.
    pub commit: String,
    /// The files, without patches.
    pub files: Vec<FileDiff>,
}

/// Which two commits: the task's base and its work, where they are not said.
#[derive(Clone, Debug, Default)]
pub struct Between {
    /// From this commit.
    pub from: Option<String>,
    /// To this one.
    pub to: Option<String>,
}

/// A file that a live run has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changing {
    /// Its path.
    pub path: String,
    /// Whether it is gone.
    pub gone: bool,
    /// Lines added and removed, where that was counted.
    pub lines: Option<(u32, u32)>,
}

impl Engine {
    /// The change a task's work makes: base, commit, and what lies between.
    pub async fn diff(&self, id: TaskId) -> Result<(String, String, Diff), Error> {
        let (work, between) = self.between(id, Between::default()).await?;
        let (base, commit) = between.clone();
        let context = Arc::clone(&self.context);
        let diff = blocking(move || {
            let repo = context.repo_of(&work.task.asked.repo)?;
            context.workspaces.diff(&repo, &between.0, &between.1)
        });
        Ok((base, commit, diff.await?))
    }

    /// The files that differ between two commits of a task.
    pub async fn changes(&self, id: TaskId, between: Between) -> Result<Changes, Error> {
        let (work, (base, commit)) = self.between(id, between).await?;
        let (context, from, to) = (Arc::clone(&self.context), base.clone(), commit.clone());
        let files = blocking(move || {
            let repo = context.repo_of(&work.task.asked.repo)?;
            context.workspaces.changes(&repo, &from, &to, &[])
        });
        Ok(Changes { base, commit, files: files.await? })
    }

    /// One file's change between two commits of a task; nothing when it does not differ.
    pub async fn change(
        &self,
        id: TaskId,
        between: Between,
        path: String,
        old: Option<String>,
    ) -> Result<Option<FileDiff>, Error> {
        let (work, (from, to)) = self.between(id, between).await?;
        let context = Arc::clone(&self.context);
        let change = blocking(move || {
            let repo = context.repo_of(&work.task.asked.repo)?;
            context.workspaces.change(&repo, (&from, &to), (&path, old.as_deref()), MOST_PATCH)
        });
        change.await
    }

    /// A file of a commit of a task.
    pub async fn file(&self, id: TaskId, commit: String, path: String) -> Result<Held, Error> {
        let work = self.work(id).await?;
        self.expect_own(&work, &commit).await?;
        let context = Arc::clone(&self.context);
        let file = blocking(move || {
            let repo = context.repo_of(&work.task.asked.repo)?;
            context.workspaces.bytes_at(&repo, &commit, &path, MOST_FILE)
        });
        file.await
    }

    /// What a live run has changed in its workspace by now.
    pub async fn changing(&self, id: TaskId) -> Result<Vec<Changing>, Error> {
        let work = self.work(id).await?;
        let Some(run) = work.run.filter(domain::Run::is_live) else { return Ok(Vec::new()) };
        let context = Arc::clone(&self.context);
        blocking(move || Ok(changing(&context, run.workspace))).await
    }

    /// Where a task stands, as the next agent reads it; nothing before its first run ended.
    pub async fn continuation(&self, id: TaskId) -> Result<Option<String>, Error> {
        let work = self.work(id).await?;
        let file = self.context.continuation_file(work.task.id);
        blocking(move || {
            let (Some(dir), Some(name)) = (file.parent(), file.file_name()) else { return Ok(None) };
            let bytes = workspace::files::read(dir, name.as_ref(), MOST_CONTINUATION).ok().flatten();
            Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
        })
        .await
    }

    /// What the agent of a run said, from a place on: bytes as they came, and where to go on. No bytes: that was all, for
    /// now. `None` when it is not kept any more.
    pub async fn raw_log(&self, run: RunId, offset: u64) -> Result<Option<(Vec<u8>, u64)>, Error> {
        /// Bytes that are in memory at once.
        const PIECE: usize = 256 << 10;
        let spool = self.context.run_dir(run).join("agent/spool");
        blocking(move || {
            if !spool.exists() {
                return Ok(None);
            }
            let read = runner::spool::read(&spool, offset, PIECE);
            let (frames, next) = read.map_err(|source| workspace::Error::File { path: spool, source })?;
            let said = frames.into_iter().filter(|frame| frame.kind != runner::spool::Kind::Note);
            Ok(Some((said.flat_map(|frame| frame.payload).collect(), next)))
        })
        .await
    }

    pub(crate) async fn work(&self, id: TaskId) -> Result<Work, Error> {
        let work = self.context.store.read(move |tx| tasks::load(tx, id)).await?;
        Ok(work.ok_or(store::Error::NotFound { what: "task", id: id.to_string() })?)
    }

    /// The commits that are compared, each one of the task's own.
    async fn between(&self, id: TaskId, asked: Between) -> Result<(Work, (String, String)), Error> {
        let work = self.work(id).await?;
        let none = || Error::Repository("there is no collected work yet".into());
        let from = match asked.from {
            Some(from) => {
                self.expect_own(&work, &from).await?;
                from
            }
            None => work.task.base_commit.clone().ok_or_else(none)?,
        };
        let to = match asked.to {
            Some(to) => {
                self.expect_own(&work, &to).await?;
                to
            }
            None => latest(&work).ok_or_else(none)?,
        };
        Ok((work, (from, to)))
    }

    /// Refuses commits that are none of the task's: the store holds those of every task of the repository.
    pub(crate) async fn expect_own(&self, work: &Work, commit: &str) -> Result<(), Error> {
        let task = &work.task;
        if [&task.base_commit, &task.commit].into_iter().flatten().any(|own| own == commit) {
            return Ok(());
        }
        let id = task.id;
        let (runs, points) = self
            .context
            .store
            .read(move |tx| Ok((runs::of_task(tx, id, 500)?, checkpoints::of_task(tx, id)?)))
            .await?;
        let of_runs = runs.iter().flat_map(|run| [&run.base_commit, &run.commit]).flatten();
        if of_runs.chain(points.iter().map(|point| &point.commit)).any(|own| own == commit) {
            return Ok(());
        }
        Err(store::Error::NotFound { what: "commit of this task", id: commit.to_owned() }.into())
    }
}

/// The commit of a task's work as it is looked at: of what landed where the work ended, and not the merge.
pub(crate) fn latest(work: &Work) -> Option<String> {
    let ended = work.run.as_ref().and_then(|run| run.commit.clone());
    let landed = work.task.state == domain::TaskState::Completed;
    ended.filter(|_| landed).or_else(|| work.task.commit.clone())
}

impl Context {
    pub(crate) fn continuation_file(&self, task: TaskId) -> PathBuf {
        self.options().data_dir.join("continuations").join(format!("{task}.md"))
    }
}

fn changing(context: &Context, workspace: RunId) -> Vec<Changing> {
    let Some(workspace) = context.workspaces.get(&workspace.to_string()) else { return Vec::new() };
    let Some(seen) = Glance::default().look(&workspace) else { return Vec::new() };
    let written = seen.files.iter().take(MOST_CHANGING).enumerate().filter_map(|(n, path)| {
        let both = if n < MOST_COUNTED { workspace.both(path) } else { None };
        if both.as_ref().is_some_and(|(before, after)| before == after) {
            return None;
        }
        let lines = both.map(|(before, after)| counted(&before, &after));
        Some(Changing { path: path.display().to_string(), gone: false, lines })
    });
    let gone = seen.gone.iter().take(MOST_CHANGING);
    let gone = gone.map(|path| Changing { path: path.display().to_string(), gone: true, lines: None });
    let mut all: Vec<_> = written.chain(gone).collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

/// Lines that only one of two texts has, as a quick estimate: where lines only moved, they do not count.
fn counted(before: &str, after: &str) -> (u32, u32) {
    let mut times = std::collections::HashMap::<&str, i64>::new();
    for line in after.lines() {
        *times.entry(line).or_default() += 1;
    }
    for line in before.lines() {
        *times.entry(line).or_default() -= 1;
    }
    let sum = |of: fn(i64) -> i64| times.values().map(|n| of(*n).max(0)).sum::<i64>();
    let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    (number(sum(|n| n)), number(sum(|n| -n)))
}
