//! Landing: the merge, made in the store, brought into the person's repository.
//!
//! First a [`Plan`] against the tip as it is, then the move from exactly that tip. Everything before the branch moves
//! may be repeated, and a second call finds that it is done; what a kill leaves in a working tree is taken back or
//! finished by [`Workspaces::recover_landings`] (`land/recover.rs`). The person's configuration is not used for any
//! step that could run something of it: objects go in through a git directory of ours, the working tree is updated
//! through one, and the branch moves by `update-ref` without hooks.

mod plan;
mod recover;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub use plan::{Came, Foreseen, Plan};
use recover::Begun;

use crate::git::Git;
use crate::source::{Local, is_local};
use crate::{Error, Workspaces, at, copy_index};

/// What is to be landed.
#[derive(Clone, Debug)]
pub struct Landing<'a> {
    /// The person's repository.
    pub source: &'a str,
    /// The store's name.
    pub repo: &'a str,
    /// The branch to move; none is an error that says where the work is.
    pub branch: Option<&'a str>,
    /// The work.
    pub commit: &'a str,
    /// The message of a merge commit.
    pub message: &'a str,
}

/// How it landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// Where the branch is now.
    pub commit: String,
    /// One sentence.
    pub how: String,
}

impl Workspaces {
    /// Merges work into a branch of the person's repository.
    pub fn land(&self, landing: &Landing<'_>) -> Result<Landed, Error> {
        match self.plan(landing, None)? {
            Plan::Has { commit, how } => Ok(Landed { commit, how }),
            Plan::Forward { onto } => self.land_onto(landing, &onto, landing.commit),
            Plan::Merge { onto, commit } => self.land_onto(landing, &onto, &commit),
            Plan::Conflict { paths, .. } => {
                Err(Error::Conflict { branch: landing.branch.unwrap_or_default().to_owned(), paths })
            }
        }
    }

    /// Moves the branch from the tip of a plan to the commit of that plan; refused when it is elsewhere by now.
    pub fn land_onto(&self, landing: &Landing<'_>, onto: &str, new: &str) -> Result<Landed, Error> {
        let branch = landing.branch.ok_or_else(|| Error::NoTarget { commit: landing.commit.to_owned() })?;
        let how = if new == landing.commit {
            format!("`{branch}` was moved forward to the work")
        } else {
            format!("the work was merged into `{branch}`")
        };
        let landed = Landed { commit: new.to_owned(), how };
        if !is_local(landing.source) {
            self.push(landing, branch, new)?;
            return Ok(landed);
        }
        let local = Local::find(landing.source)?;
        if local.resolve(&format!("refs/heads/{branch}"))?.as_deref() != Some(onto) {
            return Err(Error::BranchMoved(branch.to_owned()));
        }
        self.send_objects(landing.repo, &local, new, onto)?;
        match checked_out(&local, branch) {
            Some(tree) => self.move_with_tree(landing.repo, &local, &tree, branch, onto, new)?,
            None => move_branch(&local, branch, onto, new)?,
        }
        Ok(landed)
    }

    /// Puts the objects the person's repository lacks into it, through a git directory of ours.
    fn send_objects(&self, repo: &str, local: &Local, new: &str, old: &str) -> Result<(), Error> {
        let ours = self.empty_git()?;
        let pack = Git::at(&self.store(repo)).args([
            "pack-objects",
            "--quiet",
            "--revs",
            "--stdout",
            "--thin",
            "--delta-base-offset",
        ]);
        let unpack = Git::at(&ours).env("GIT_OBJECT_DIRECTORY", local.common.join("objects")).args([
            "index-pack",
            "--stdin",
            "--fix-thin",
        ]);
        pack.pipe_into(unpack, format!("{new}\n^{old}\n").as_bytes())
    }

    /// Moves a branch that is checked out, with its working tree: index locked as git locks it, tree and index brought
    /// from old to new unless uncommitted work is in the way, then the branch, then the index. What is begun is noted
    /// first, and taken back when it cannot be finished.
    fn move_with_tree(
        &self,
        repo: &str,
        local: &Local,
        tree: &Tree,
        branch: &str,
        old: &str,
        new: &str,
    ) -> Result<(), Error> {
        let in_the_way = |detail: String| Error::InTheWay {
            branch: branch.to_owned(),
            tree: tree.path.display().to_string(),
            detail,
        };
        // Known and noted before it is the lock, so that no kill leaves one that nobody knows.
        let aside = tree.git_dir.join(recover::ASIDE);
        fs::remove_file(&aside).ok();
        let lock = at(&aside, OpenOptions::new().write(true).create_new(true).open(&aside))?;
        let begun = Begun {
            repo: repo.to_owned(),
            branch: branch.to_owned(),
            tree: tree.path.clone(),
            git_dir: tree.git_dir.clone(),
            common: local.common.clone(),
            old: old.to_owned(),
            new: new.to_owned(),
            lock: at(&aside, lock.metadata())?.ino(),
        };
        self.note(&begun)?;
        let lock_path = begun.lock_path();
        let locked = fs::hard_link(&aside, &lock_path);
        fs::remove_file(&aside).ok();
        if locked.is_err() {
            self.forget(&begun);
            return Err(in_the_way(format!("another git holds {}", lock_path.display())));
        }
        let moved = self.bring(&begun, lock, &in_the_way);
        if moved.is_err() {
            self.take_back(&begun)?;
        }
        moved
    }

    /// The steps of it; the lock is the index in the end.
    fn bring(&self, begun: &Begun, lock: File, in_the_way: &dyn Fn(String) -> Error) -> Result<(), Error> {
        let ours = self.empty_git()?;
        let index = self.index_of(begun);
        let known = begun.git_dir.join("index");
        if known.exists() {
            copy_index(&known, &index)?;
        }
        let git = || {
            Git::at(&ours)
                .env("GIT_WORK_TREE", &begun.tree)
                .env("GIT_INDEX_FILE", &index)
                .env("GIT_OBJECT_DIRECTORY", begun.common.join("objects"))
        };
        git().args(["update-index", "-q", "--refresh", "--ignore-submodules"]).output()?;
        let (old, new) = (begun.old.as_str(), begun.new.as_str());
        let moved =
            git().args(["read-tree", "-m", "-u", "--exclude-per-directory=.gitignore", old, new]).output()?;
        if !moved.status.success() {
            let said = String::from_utf8_lossy(&moved.stderr);
            let line = said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            return Err(in_the_way(line));
        }
        let lock_path = begun.lock_path();
        write_locked(lock, &lock_path, &index)?;
        let local = Local { git_dir: begun.git_dir.clone(), common: begun.common.clone(), tree: None };
        move_branch(&local, &begun.branch, old, new)?;
        at(&known, fs::rename(&lock_path, &known))?;
        self.forget(begun);
        Ok(())
    }

    /// Lands on a server's branch by pushing; the server refuses what is no fast-forward.
    fn push(&self, landing: &Landing<'_>, branch: &str, new: &str) -> Result<(), Error> {
        let pushed = Git::at(&self.store(landing.repo))
            .with_person(&self.person)
            .args(["push", "--quiet", "--", landing.source, &format!("{new}:refs/heads/{branch}")])
            .run();
        match pushed {
            Err(Error::Git { said, .. })
                if said.contains("(fetch first)") || said.contains("(non-fast-forward)") =>
            {
                Err(Error::BranchMoved(branch.to_owned()))
            }
            other => other.map(drop),
        }
    }
}

/// A working tree of the person's.
struct Tree {
    path: PathBuf,
    git_dir: PathBuf,
}

/// Where a branch is checked out, in the main working tree or a linked one.
fn checked_out(local: &Local, branch: &str) -> Option<Tree> {
    let wanted = format!("ref: refs/heads/{branch}");
    let is_at =
        |git_dir: &Path| fs::read_to_string(git_dir.join("HEAD")).is_ok_and(|head| head.trim() == wanted);
    if local.common.file_name().is_some_and(|name| name == ".git") && is_at(&local.common) {
        let path = local.common.parent()?.to_owned();
        return Some(Tree { path, git_dir: local.common.clone() });
    }
    for entry in fs::read_dir(local.common.join("worktrees")).into_iter().flatten().flatten() {
        let git_dir = entry.path();
        if is_at(&git_dir)
            && let Ok(text) = fs::read_to_string(git_dir.join("gitdir"))
            && let Some(path) = Path::new(text.trim()).parent()
        {
            return Some(Tree { path: path.to_owned(), git_dir });
        }
    }
    None
}

fn move_branch(local: &Local, branch: &str, old: &str, new: &str) -> Result<(), Error> {
    let name = format!("refs/heads/{branch}");
    let moved = Git::at(&local.common)
        .args(["update-ref", "-m", "sidekick: approved work", &name, new, old])
        .output()?;
    if moved.status.success() { Ok(()) } else { Err(Error::BranchMoved(branch.to_owned())) }
}

fn write_locked(mut lock: File, path: &Path, index: &Path) -> Result<(), Error> {
    let bytes = at(index, fs::read(index))?;
    // As of its time, see `copy_index`.
    let written = at(index, fs::metadata(index).and_then(|known| known.modified()))?;
    at(path, lock.write_all(&bytes).and_then(|()| lock.set_modified(written)).and_then(|()| lock.sync_all()))
}
