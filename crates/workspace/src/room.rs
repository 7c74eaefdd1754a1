//! A repository with nothing in it, for runs that answer in words: they get a workspace of their own over it, as all runs.

use std::fs;
use std::path::Path;

use crate::git::{self, Git};
use crate::{Error, Workspaces, at};

impl Workspaces {
    /// A repository at `dir` with one commit and no file; made once, whoever comes first.
    pub fn room(&self, dir: &Path) -> Result<(), Error> {
        if dir.join(".git").exists() {
            return Ok(());
        }
        let scratch = self.scratch()?;
        let next = scratch.path().join("room");
        at(&next, fs::create_dir(&next))?;
        let made = git::init_bare(&next.join(".git"))?;
        let tree = Git::at(&made).arg("mktree").line()?;
        let commit = Git::at(&made).args(["commit-tree", "-m", "Nothing yet", &tree]).line()?;
        Git::at(&made).args(["update-ref", "refs/heads/main", &commit]).run()?;
        Git::at(&made).args(["symbolic-ref", "HEAD", "refs/heads/main"]).run()?;
        Git::at(&made).args(["config", "core.bare", "false"]).run()?;
        at(dir, fs::create_dir_all(dir.parent().unwrap_or(dir)))?;
        if let Err(error) = fs::rename(&next, dir)
            && !dir.join(".git").exists()
        {
            return Err(Error::File { path: dir.to_owned(), source: error });
        }
        Ok(())
    }
}
