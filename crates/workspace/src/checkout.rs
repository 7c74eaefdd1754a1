//! Cached checkouts of bases: made once from the store, read-only ever after, shared by all runs on them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git::Git;
use crate::upkeep::used;
use crate::{Error, OBJECTS, Workspaces, at};

/// The agent's own git configuration. Nothing of ours is in it.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\
    \tlogallrefupdates = true\n[user]\n\tname = Sidekick agent\n\temail = agent@sidekick.invalid\n\
    [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";

impl Workspaces {
    pub(crate) fn checkout_dir(&self, repo: &str, commit: &str) -> PathBuf {
        self.root.join("checkouts").join(repo).join(commit)
    }

    /// The checkout of a commit of a store.
    pub(crate) fn checkout(&self, repo: &str, commit: &str) -> Result<PathBuf, Error> {
        let made = self.checkout_dir(repo, commit);
        let parent = self.root.join("checkouts").join(repo);
        at(&parent, fs::create_dir_all(&parent))?;
        write(&used(&made), "\n")?;
        if made.join(".git/HEAD").exists() {
            return Ok(made);
        }
        let scratch = self.scratch()?;
        let tree = scratch.path().join("tree");
        fill(&self.store(repo), commit, &tree)?;
        // Whoever is first wins; the other's is the same and is thrown away.
        if let Err(error) = fs::rename(&tree, &made)
            && !made.join(".git/HEAD").exists()
        {
            return Err(Error::File { path: made, source: error });
        }
        Ok(made)
    }
}

/// Files and a ready `.git` for the agent. The index is written with the files, so that what it
/// says of them still holds when they are seen through an overlay and the first status is cheap.
fn fill(store: &Path, commit: &str, tree: &Path) -> Result<(), Error> {
    let dot = tree.join(".git");
    for dir in ["objects/info", "objects/pack", "refs/heads", "info"] {
        at(&dot, fs::create_dir_all(dot.join(dir)))?;
    }
    let git = || Git::at(store).env("GIT_WORK_TREE", tree).env("GIT_INDEX_FILE", dot.join("index"));
    git().args(["read-tree", commit]).run()?;
    git().args(["-c", "checkout.workers=2", "checkout-index", "--all", "--force", "-u"]).run()?;
    write(&dot.join("HEAD"), &format!("{commit}\n"))?;
    write(&dot.join("config"), CONFIG)?;
    write(&dot.join("objects/info/alternates"), &format!("{OBJECTS}\n"))
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    at(path, fs::write(path, text))
}
