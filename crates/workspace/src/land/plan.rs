//! What a landing would do, found out in the store alone: nothing of the person's repository is written here.

use std::collections::BTreeSet;
use std::path::Path;

use super::Landing;
use crate::git::Git;
use crate::source::{Local, is_local, keep_base};
use crate::{Error, Workspaces};

/// Files of a conflict whose lines are shown, and bytes of one that are looked at.
const MOST_FILES: usize = 8;
const MOST_FILE: usize = 1 << 20;
/// Lines shown of one place of a conflict, and characters of all.
const MOST_LINES: usize = 60;
const MOST_TEXT: usize = 12_000;
/// Commits of the other side that are named.
const MOST_COMMITS: &str = "-20";

/// How work gets into a branch as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It is there.
    Has {
        /// Where the branch is.
        commit: String,
        /// One sentence.
        how: String,
    },
    /// The branch did not go on: it moves to the work.
    Forward {
        /// The tip.
        onto: String,
    },
    /// Both went on.
    Merge {
        /// The tip.
        onto: String,
        /// The merge commit, in the store.
        commit: String,
    },
    /// They cannot be merged without somebody who decides.
    Conflict {
        /// The tip.
        onto: String,
        /// Files in conflict.
        paths: Vec<String>,
        /// Where both changed the same lines, with conflict markers; bounded.
        hunks: String,
    },
}

/// A commit that came to a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// The commit.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// The rest of it.
    pub body: String,
}

/// What would become of one of several pieces of work, landed in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Files in conflict; it lands when there are none.
    pub conflicts: Vec<String>,
}

/// Two commits, merged.
enum Merged {
    Tree(String),
    Conflict { tree: String, paths: Vec<String> },
}

impl Workspaces {
    /// How the work gets into the branch as it is now. `known` is a merge that was made before, with its tip: it is
    /// used again while the tip is the same.
    pub fn plan(&self, landing: &Landing<'_>, known: Option<(&str, &str)>) -> Result<Plan, Error> {
        let branch = landing.branch.ok_or_else(|| Error::NoTarget { commit: landing.commit.to_owned() })?;
        let onto = self.tip(landing, branch)?;
        let store = self.store(landing.repo);
        let is_ancestor = |a: &str, b: &str| is_ancestor(&store, a, b);
        if is_ancestor(landing.commit, &onto)? {
            return Ok(Plan::Has { commit: onto, how: format!("`{branch}` has the work already") });
        }
        if is_ancestor(&onto, landing.commit)? {
            return Ok(Plan::Forward { onto });
        }
        if let Some((_, commit)) = known.filter(|(tip, _)| *tip == onto)
            && is_ancestor(landing.commit, commit)?
        {
            return Ok(Plan::Merge { onto, commit: commit.to_owned() });
        }
        match merge_tree(&store, &onto, landing.commit)? {
            Merged::Tree(tree) => {
                let commit = Git::at(&store)
                    .args(["commit-tree", &tree, "-p", &onto, "-p", landing.commit, "-m", landing.message])
                    .line()?;
                let name = format!("refs/sidekick/landing/{commit}");
                Git::at(&store).args(["update-ref", &name, &commit]).run()?;
                Ok(Plan::Merge { onto, commit })
            }
            Merged::Conflict { tree, paths } => {
                let hunks = hunks(&store, &tree, &paths);
                Ok(Plan::Conflict { onto, paths, hunks })
            }
        }
    }

    /// Where the branch is, with its commit in the store.
    fn tip(&self, landing: &Landing<'_>, branch: &str) -> Result<String, Error> {
        if !is_local(landing.source) {
            return Ok(self.sync(landing.source, Some(branch))?.commit);
        }
        let local = Local::find(landing.source)?;
        let unknown = || Error::UnknownBase { repo: landing.source.into(), base: branch.into() };
        let tip = local.resolve(&format!("refs/heads/{branch}"))?.ok_or_else(unknown)?;
        keep_base(&local, &self.store(landing.repo), &tip)?;
        Ok(tip)
    }

    /// The commits of `onto` that `commit` does not have, latest first; of these files only, when any are named.
    pub fn came_since(
        &self,
        repo: &str,
        commit: &str,
        onto: &str,
        paths: &[String],
    ) -> Result<Vec<Came>, Error> {
        let mut git = Git::at(&self.store(repo)).args(["log", "-z", "--format=%H%n%s%n%b", MOST_COMMITS]);
        git = git.args([&format!("{commit}..{onto}"), "--"]).args(paths.iter().take(100));
        let text = git.run()?;
        let read = |entry: &str| {
            let mut lines = entry.splitn(3, '\n');
            let mut next = || lines.next().unwrap_or_default().trim().to_owned();
            Came { commit: next(), subject: next(), body: next() }
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(text.split('\0').filter(|entry| !entry.trim().is_empty()).map(read).collect())
    }

    /// Whether `commit` has all of `onto`.
    pub fn is_onto(&self, repo: &str, onto: &str, commit: &str) -> Result<bool, Error> {
        is_ancestor(&self.store(repo), onto, commit)
    }

    /// Files in which `commit` has conflict markers that `onto` does not have.
    pub fn markers(&self, repo: &str, onto: &str, commit: &str) -> Result<Vec<String>, Error> {
        let diff = self.diff(repo, onto, commit)?;
        let marked = |patch: &str| {
            let adds = |mark: &str| {
                patch.lines().any(|line| line.strip_prefix('+').is_some_and(|line| line.starts_with(mark)))
            };
            adds("<<<<<<< ") && adds(">>>>>>> ")
        };
        Ok(diff.files.into_iter().filter(|file| marked(&file.patch)).map(|file| file.path).collect())
    }

    /// Files in which `repaired` differs from the plain merge of `before` with `onto`, without those in conflict.
    pub fn beyond(&self, repo: &str, onto: &str, before: &str, repaired: &str) -> Result<Vec<String>, Error> {
        let store = self.store(repo);
        let (tree, paths) = match merge_tree(&store, onto, before)? {
            Merged::Tree(tree) => (tree, Vec::new()),
            Merged::Conflict { tree, paths } => (tree, paths),
        };
        let conflicts: BTreeSet<_> = paths.into_iter().collect();
        let text = Git::at(&store)
            .args([
                "diff-tree",
                "-r",
                "--no-renames",
                "--name-only",
                "-z",
                &tree,
                &format!("{repaired}^{{tree}}"),
            ])
            .run()?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let paths = text.split('\0').filter(|path| !path.is_empty() && !conflicts.contains(*path));
        Ok(paths.map(ToOwned::to_owned).collect())
    }

    /// What would become of each of these pieces of work, landed one after the other on the branch as it is. One that
    /// conflicts is left out for those behind it.
    pub fn foresee(
        &self,
        source: &str,
        branch: &str,
        commits: &[String],
    ) -> Result<(String, Vec<Foreseen>), Error> {
        let repo = self.repo_of(source)?;
        let landing = Landing { source, repo: &repo, branch: Some(branch), commit: "", message: "" };
        let tip = self.tip(&landing, branch)?;
        let store = self.store(&repo);
        let mut now = tip.clone();
        let mut foreseen = Vec::new();
        for commit in commits {
            let conflicts = match merge_tree(&store, &now, commit)? {
                Merged::Tree(tree) => {
                    let args = ["commit-tree", &tree, "-p", &now, "-p", commit, "-m", "foreseen"];
                    now = Git::at(&store).args(args).line()?;
                    Vec::new()
                }
                Merged::Conflict { paths, .. } => paths,
            };
            foreseen.push(Foreseen { conflicts });
        }
        Ok((tip, foreseen))
    }
}

fn is_ancestor(store: &Path, a: &str, b: &str) -> Result<bool, Error> {
    Git::at(store).args(["merge-base", "--is-ancestor", a, b]).holds()
}

fn merge_tree(store: &Path, ours: &str, theirs: &str) -> Result<Merged, Error> {
    let output = Git::at(store)
        .args(["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split('\0').filter(|word| !word.is_empty());
    let tree = words.next().unwrap_or_default().to_owned();
    match output.status.code() {
        Some(0) => Ok(Merged::Tree(tree)),
        Some(1) => {
            let mut paths: Vec<String> = words.map(String::from).collect();
            paths.dedup();
            Ok(Merged::Conflict { tree, paths })
        }
        _ => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(Error::Git { command: "merge-tree".into(), said })
        }
    }
}

/// The places with conflict markers; what cannot be shown is left out.
fn hunks(store: &Path, tree: &str, paths: &[String]) -> String {
    let mut text = String::new();
    for path in paths.iter().take(MOST_FILES) {
        let name = format!("{tree}:{path}");
        let size = Git::at(store).args(["cat-file", "-s", &name]).line().ok();
        if size.and_then(|size| size.parse::<usize>().ok()).is_none_or(|size| size > MOST_FILE) {
            continue;
        }
        let Ok(bytes) = Git::at(store).args(["cat-file", "blob", &name]).run() else { continue };
        let mut left = None;
        for (line, n) in String::from_utf8_lossy(&bytes).lines().zip(1..) {
            if line.starts_with("<<<<<<< ") {
                text += &format!("{path}, line {n}:\n");
                left = Some(MOST_LINES);
            }
            match left.as_mut() {
                Some(0) | None => {}
                Some(lines) => {
                    *lines -= 1;
                    text += &format!("{line}\n");
                }
            }
            if line.starts_with(">>>>>>> ") {
                left = None;
            }
            if text.len() > MOST_TEXT {
                return text;
            }
        }
    }
    text
}
