//! Landing: the merge, made in the store, brought into the person's repository.
//!
//! Everything before the branch moves may be repeated, and a second call finds that it is done. The
//! person's configuration is not used for any step that could run something of it: objects go in through
//! a git directory of ours, the working tree is updated through one, and the branch moves by `update-ref`
//! without hooks.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::git::Git;
use crate::source::{Local, is_local, keep_base};
use crate::{Error, Workspaces, at};

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
        let branch = landing.branch.ok_or_else(|| Error::NoTarget { commit: landing.commit.to_owned() })?;
        if !is_local(landing.source) {
            return self.push(landing, branch);
        }
        let local = Local::find(landing.source)?;
        let unknown = || Error::UnknownBase { repo: landing.source.into(), base: branch.into() };
        let old = local.resolve(&format!("refs/heads/{branch}"))?.ok_or_else(unknown)?;
        keep_base(&local, &self.store(landing.repo), &old)?;
        let (new, how) = self.merged(landing, branch, &old)?;
        if new == old {
            return Ok(Landed { commit: new, how });
        }
        self.send_objects(landing.repo, &local, &new, &old)?;
        match checked_out(&local, branch) {
            Some(tree) => self.move_with_tree(&local, &tree, branch, &old, &new)?,
            None => move_branch(&local, branch, &old, &new)?,
        }
        Ok(Landed { commit: new, how })
    }

    /// The commit the branch is to be at, made in the store.
    fn merged(&self, landing: &Landing<'_>, branch: &str, old: &str) -> Result<(String, String), Error> {
        let store = self.store(landing.repo);
        let commit = landing.commit;
        let is_ancestor =
            |a: &str, b: &str| Git::at(&store).args(["merge-base", "--is-ancestor", a, b]).holds();
        if is_ancestor(commit, old)? {
            return Ok((old.to_owned(), format!("`{branch}` has the work already")));
        }
        if is_ancestor(old, commit)? {
            return Ok((commit.to_owned(), format!("`{branch}` was moved forward to the work")));
        }
        let output = Git::at(&store)
            .args(["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", old, commit])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut words = text.split('\0').filter(|word| !word.is_empty());
        let tree = words.next().unwrap_or_default().to_owned();
        match output.status.code() {
            Some(0) => {}
            Some(1) => {
                let mut paths: Vec<String> = words.map(String::from).collect();
                paths.dedup();
                return Err(Error::Conflict { branch: branch.to_owned(), paths });
            }
            _ => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                return Err(Error::Git { command: "merge-tree".into(), said });
            }
        }
        let new = Git::at(&store)
            .args(["commit-tree", &tree, "-p", old, "-p", commit, "-m", landing.message])
            .line()?;
        Git::at(&store).args(["update-ref", &format!("refs/sidekick/landing/{new}"), &new]).run()?;
        Ok((new, format!("the work was merged into `{branch}`")))
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

    /// Moves a branch that is checked out, with its working tree: index locked as git locks it, tree and
    /// index brought from old to new unless uncommitted work is in the way, then the branch, then the index.
    fn move_with_tree(
        &self,
        local: &Local,
        tree: &Tree,
        branch: &str,
        old: &str,
        new: &str,
    ) -> Result<(), Error> {
        let lock_path = tree.git_dir.join("index.lock");
        let in_the_way = |detail: String| Error::InTheWay {
            branch: branch.to_owned(),
            tree: tree.path.display().to_string(),
            detail,
        };
        let lock = OpenOptions::new().write(true).create_new(true).open(&lock_path);
        let lock = lock.map_err(|_| in_the_way(format!("another git holds {}", lock_path.display())))?;
        let mut guard = LockGuard { path: Some(lock_path.clone()) };
        let scratch = self.scratch()?;
        let ours = self.empty_git()?;
        let index = scratch.path().join("index");
        let known = tree.git_dir.join("index");
        if known.exists() {
            at(&known, fs::copy(&known, &index))?;
        }
        let git = || {
            Git::at(&ours)
                .env("GIT_WORK_TREE", &tree.path)
                .env("GIT_INDEX_FILE", &index)
                .env("GIT_OBJECT_DIRECTORY", local.common.join("objects"))
        };
        git().args(["update-index", "-q", "--refresh", "--ignore-submodules"]).output()?;
        let moved =
            git().args(["read-tree", "-m", "-u", "--exclude-per-directory=.gitignore", old, new]).output()?;
        if !moved.status.success() {
            let said = String::from_utf8_lossy(&moved.stderr);
            let line = said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            return Err(in_the_way(line));
        }
        write_locked(lock, &lock_path, &index)?;
        move_branch(local, branch, old, new)?;
        guard.path = None;
        at(&known, fs::rename(&lock_path, &known))
    }

    /// Lands on a server's branch by pushing; the server refuses what is no fast-forward.
    fn push(&self, landing: &Landing<'_>, branch: &str) -> Result<Landed, Error> {
        let store = self.store(landing.repo);
        let base = self.sync(landing.source, Some(branch))?;
        let (new, how) = self.merged(landing, branch, &base.commit)?;
        if new != base.commit {
            Git::at(&store)
                .with_person(&self.person)
                .args(["push", "--quiet", "--", landing.source, &format!("{new}:refs/heads/{branch}")])
                .run()?;
        }
        Ok(Landed { commit: new, how })
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
    at(path, lock.write_all(&bytes).and_then(|()| lock.sync_all()))
}

/// Gives the index back when the move does not happen.
struct LockGuard {
    path: Option<PathBuf>,
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            fs::remove_file(path).ok();
        }
    }
}
