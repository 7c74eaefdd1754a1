//! What a landing has begun in a working tree, noted before the first file changes: whoever comes after a kill takes it
//! back, or finishes it where the branch has moved. No half-merge stays.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::git::Git;
use crate::source::Local;
use crate::{Error, Workspaces, at, copy_index};

/// How long a git that outlived its daemon is waited for.
const ORPHAN: Duration = Duration::from_secs(10);

/// What becomes the index's lock, beside it.
pub(super) const ASIDE: &str = "index.lock.sidekick";

/// A working tree on its way from one commit to another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) repo: String,
    pub(super) branch: String,
    pub(super) tree: PathBuf,
    pub(super) git_dir: PathBuf,
    pub(super) common: PathBuf,
    pub(super) old: String,
    pub(super) new: String,
    /// The inode of the lock that is ours.
    pub(super) lock: u64,
}

impl Begun {
    pub(super) fn lock_path(&self) -> PathBuf {
        self.git_dir.join("index.lock")
    }

    fn holds_lock(&self) -> bool {
        fs::symlink_metadata(self.lock_path()).is_ok_and(|meta| meta.ino() == self.lock)
    }

    fn name(&self) -> String {
        let branch: String = self
            .branch
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char } else { '-' })
            .take(60)
            .collect();
        format!("{}-{branch}", self.repo)
    }
}

impl Workspaces {
    /// Takes back or finishes what a process that was killed left in working trees. How many there were; one that
    /// cannot be settled stays noted, and is told.
    pub fn recover_landings(&self) -> (usize, Vec<Error>) {
        let mut settled = 0;
        let mut errors = Vec::new();
        for entry in fs::read_dir(self.root.join("landings")).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            // Torn or empty: it was not written to its end, so nothing was begun.
            let begun: Option<Begun> =
                fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
            let done = match begun {
                Some(begun) => self.settle(&begun),
                None => at(&path, fs::remove_file(&path)),
            };
            match done {
                Ok(()) => settled += 1,
                Err(error) => errors.push(error),
            }
        }
        (settled, errors)
    }

    fn settle(&self, begun: &Begun) -> Result<(), Error> {
        // Its git may have outlived it, and holds this while it writes.
        let busy = self.index_of(begun).with_extension("index.lock");
        let deadline = Instant::now() + ORPHAN;
        while busy.exists() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        fs::remove_file(&busy).ok();
        fs::remove_file(begun.git_dir.join(ASIDE)).ok();
        let local = Local { git_dir: begun.git_dir.clone(), common: begun.common.clone(), tree: None };
        let tip = local.resolve(&format!("refs/heads/{}", begun.branch))?;
        if tip.as_deref() != Some(&begun.new) {
            return self.take_back(begun);
        }
        // The branch moves after the lock holds the new index, whole.
        if begun.holds_lock() {
            let known = begun.git_dir.join("index");
            at(&known, fs::rename(begun.lock_path(), &known))?;
        }
        self.forget(begun);
        Ok(())
    }

    /// Puts back those files that are as the new commit has them; what is neither old nor new is the person's.
    pub(super) fn take_back(&self, begun: &Begun) -> Result<(), Error> {
        let (ours, scratch) = (self.empty_git()?, self.scratch()?);
        let store = self.store(&begun.repo);
        let git = |index: &Path| {
            Git::at(&ours)
                .env("GIT_WORK_TREE", &begun.tree)
                .env("GIT_INDEX_FILE", index)
                .env("GIT_OBJECT_DIRECTORY", begun.common.join("objects"))
        };
        let touched = paths(
            &Git::at(&store)
                .args(["diff-tree", "-r", "--no-renames", "--name-only", "-z", &begun.old, &begun.new])
                .run()?,
        );
        let index = scratch.path().join("new");
        git(&index).args(["read-tree", &begun.new]).run()?;
        git(&index).args(["update-index", "-q", "--refresh", "--ignore-submodules"]).output()?;
        let differ =
            paths(&git(&index).args(["diff-files", "--name-only", "-z", "--ignore-submodules=all"]).run()?);
        let new = paths(&git(&index).args(["ls-files", "-z"]).run()?);
        let known = begun.git_dir.join("index");
        let index = scratch.path().join("known");
        if known.exists() {
            copy_index(&known, &index)?;
        }
        let tracked = paths(&git(&index).args(["ls-files", "-z"]).run()?);
        for path in touched {
            let there = begun.tree.join(&path);
            let missing = fs::symlink_metadata(&there).is_err();
            let as_new = if new.contains(&path) { !missing && !differ.contains(&path) } else { missing };
            if !as_new {
                continue;
            }
            if tracked.contains(&path) {
                git(&index).args(["checkout-index", "-f", "-q", "--", &path]).run()?;
            } else if !missing {
                at(&there, fs::remove_file(&there))?;
            }
        }
        if begun.holds_lock() {
            at(&begun.lock_path(), fs::remove_file(begun.lock_path()))?;
        }
        self.forget(begun);
        Ok(())
    }

    /// Notes it, on disk before anything else happens.
    pub(super) fn note(&self, begun: &Begun) -> Result<(), Error> {
        let path = self.noted(begun, "json");
        let text = serde_json::to_vec(begun).unwrap_or_default();
        let new = self.noted(begun, "json.new");
        at(&new, fs::write(&new, text).and_then(|()| fs::File::open(&new)?.sync_all()))?;
        at(&path, fs::rename(&new, &path))
    }

    pub(super) fn forget(&self, begun: &Begun) {
        fs::remove_file(self.index_of(begun)).ok();
        // What cannot be removed is settled once more, and found done.
        fs::remove_file(self.noted(begun, "json")).ok();
    }

    /// The index that git works on.
    pub(super) fn index_of(&self, begun: &Begun) -> PathBuf {
        self.noted(begun, "index")
    }

    fn noted(&self, begun: &Begun, ending: &str) -> PathBuf {
        self.root.join("landings").join(format!("{}.{ending}", begun.name()))
    }
}

fn paths(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    text.split('\0').filter(|path| !path.is_empty()).map(ToOwned::to_owned).collect()
}
