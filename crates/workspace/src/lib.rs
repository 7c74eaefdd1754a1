//! The repository side of a run: the bare store the host owns, checkouts of bases, workspaces, and what
//! comes back from them. Blocking; the engine calls it on blocking threads.
//!
//! The agent's git is not our git. What must stay true:
//!
//! - The host's git runs only on directories the host owns ([`git`] always names one), never in a
//!   workspace and never under the configuration of one.
//! - Work comes back as a bundle made inside the sandbox and checked on its way into the store; diffs,
//!   checkpoints and merges are made from the store alone.
//! - In the person's repository exactly one branch moves, from an expected value, and their uncommitted
//!   work is never touched.
//!
//! Not here: sandboxes, processes of runs (crate `runner`), when anything happens (crate `engine`).

mod checkout;
mod collect;
mod diff;
pub mod files;
mod git;
mod glance;
mod land;
mod source;
mod tree;
mod upkeep;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use collect::{CollectJob, Imported};
pub use diff::{Diff, FileDiff, FileStatus};
pub use glance::{Glance, Seen};
pub use land::{Came, Foreseen, Landed, Landing, Plan};
pub use source::{Base, Held, Kept};
pub use tree::{Kind, Workspace};

/// Where the store's objects are inside a sandbox, read-only.
pub const OBJECTS: &str = "/run/sidekick/objects";
/// Where the workspace is inside a sandbox.
pub const AT: &str = "/workspace";

/// What can go wrong. The messages are for people.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such path.
    #[error("there is no {0}; check the path")]
    NotFound(String),
    /// Not a repository.
    #[error("{0} is not a git repository; run `git init` there, or name another with --repo")]
    NotARepository(String),
    /// A repository without a commit.
    #[error("{0} has no commit yet; commit something first, so that there is a state to start from")]
    Empty(String),
    /// No such branch or commit.
    #[error("{repo} has no branch or commit `{base}`")]
    UnknownBase {
        /// The repository.
        repo: String,
        /// What was asked for.
        base: String,
    },
    /// The merge conflicts.
    #[error("the work conflicts with `{branch}` in {}; send it back to be rebased, or merge by hand", list(.paths))]
    Conflict {
        /// The target.
        branch: String,
        /// Conflicting paths.
        paths: Vec<String>,
    },
    /// Uncommitted work is in the way.
    #[error(
        "`{branch}` is checked out in {tree} and uncommitted work there is in the way ({detail}); commit or stash it, then approve again"
    )]
    InTheWay {
        /// The target.
        branch: String,
        /// The working tree.
        tree: String,
        /// What git said.
        detail: String,
    },
    /// No branch to merge into.
    #[error(
        "the task started from a commit and not from a branch, so there is no branch to merge into; the work is at {commit}"
    )]
    NoTarget {
        /// The work.
        commit: String,
    },
    /// Somebody moved the branch meanwhile.
    #[error("`{0}` moved while the work was being merged; approve again")]
    BranchMoved(String),
    /// What came out of the workspace is not acceptable.
    #[error("the work could not be taken over: {0}")]
    Refused(String),
    /// Git failed.
    #[error("git {command}: {said}")]
    Git {
        /// What was run.
        command: String,
        /// What it said.
        said: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn list(paths: &[String]) -> String {
    let shown: Vec<_> = paths.iter().take(5).map(|path| format!("`{path}`")).collect();
    let more = paths.len().saturating_sub(5);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

pub(crate) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, Error> {
    result.map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Copies an index as of its time. Of a file's times git compares the seconds only; what may have changed in the second in
/// which it looked it looks into, and knows that by the index being no younger. In a copy that is younger a change of the
/// same length would not be seen, and be overwritten.
pub(crate) fn copy_index(from: &Path, to: &Path) -> Result<(), Error> {
    let written = at(from, std::fs::metadata(from).and_then(|known| known.modified()))?;
    at(from, std::fs::copy(from, to))?;
    let copy = at(to, std::fs::OpenOptions::new().write(true).open(to))?;
    at(to, copy.set_modified(written))
}

/// What of the person's environment fetching from a server needs.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// `HOME`, for git's configuration, keys and credential helpers.
    pub home: Option<PathBuf>,
    /// `SSH_AUTH_SOCK`.
    pub ssh_agent: Option<PathBuf>,
    /// `SSL_CERT_FILE`: the certificates to trust instead of the system's.
    pub certificates: Option<PathBuf>,
}

/// All stores, checkouts and workspaces of a data directory.
#[derive(Clone, Debug)]
pub struct Workspaces {
    root: PathBuf,
    person: Person,
}

impl Workspaces {
    /// Opens, making what is missing.
    pub fn open(data_dir: &Path, person: Person) -> Result<Self, Error> {
        for name in ["repos", "checkouts", "workspaces", "scratch", "landings"] {
            let dir = data_dir.join(name);
            at(&dir, fs::create_dir_all(&dir))?;
        }
        // Of a process that was killed: nobody else works in this directory.
        for left in at(data_dir, fs::read_dir(data_dir.join("scratch")))?.flatten() {
            tree::remove_tree(&left.path()).ok();
        }
        Ok(Self { root: data_dir.to_owned(), person })
    }

    /// The bare store of a repository.
    pub(crate) fn store(&self, key: &str) -> PathBuf {
        self.root.join("repos").join(format!("{key}.git"))
    }

    /// An empty git directory of ours, for looking at trees with nothing configured; made once.
    pub(crate) fn empty_git(&self) -> Result<PathBuf, Error> {
        let dir = self.root.join("repos/empty.git");
        if !dir.join("HEAD").exists() {
            let scratch = self.scratch()?;
            let made = git::init_bare(&scratch.path().join("git"))?;
            if let Err(error) = fs::rename(made, &dir)
                && !dir.join("HEAD").exists()
            {
                return Err(Error::File { path: dir, source: error });
            }
        }
        Ok(dir)
    }

    /// A new empty directory for one operation; removed when dropped.
    pub(crate) fn scratch(&self) -> Result<Scratch, Error> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = self.root.join("scratch").join(format!("{}-{n}", std::process::id()));
        fs::remove_dir_all(&dir).ok();
        at(&dir, fs::create_dir(&dir))?;
        Ok(Scratch(dir))
    }
}

/// See [`Workspaces::scratch`].
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is removed with the next process that uses the name.
        fs::remove_dir_all(&self.0).ok();
    }
}
