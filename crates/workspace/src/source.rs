//! The person's repository: finding it, reading where it stands, bringing its commits into the store.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::git::{self, Git};
use crate::{Error, Workspaces, copy_index};

/// Where work starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The store's name.
    pub repo: String,
    /// The branch, when it is one.
    pub branch: Option<String>,
    /// The commit.
    pub commit: String,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// What a commit has at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing.
    Missing,
    /// A regular file of text.
    Text(String),
    /// A link, a directory, bytes that are no text, or more than was asked for.
    Other,
}

/// What a commit has at a path, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Missing,
    /// A regular file.
    Bytes(Vec<u8>),
    /// A link, a directory, or more than was asked for.
    Other,
}

/// The directories of a local repository.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// Of this working tree: `HEAD`, `index`.
    pub(crate) git_dir: PathBuf,
    /// Of the repository: refs, objects.
    pub(crate) common: PathBuf,
    /// The working tree, unless it is bare.
    pub(crate) tree: Option<PathBuf>,
}

/// Whether a source is a path of this machine.
pub(crate) fn is_local(source: &str) -> bool {
    source.starts_with(['/', '.']) || !source.contains(':')
}

impl Local {
    /// Finds the repository at or above `path`, by looking only.
    pub(crate) fn find(path: &str) -> Result<Self, Error> {
        let start = fs::canonicalize(path).map_err(|_| Error::NotFound(path.to_owned()))?;
        for dir in start.ancestors() {
            if let Some(found) = Self::look(dir) {
                return Ok(found);
            }
        }
        Err(Error::NotARepository(path.to_owned()))
    }

    fn look(dir: &Path) -> Option<Self> {
        let dot = dir.join(".git");
        if dot.is_dir() && dot.join("HEAD").exists() {
            return Some(Self { common: common_of(&dot), git_dir: dot, tree: Some(dir.to_owned()) });
        }
        if dot.is_file() {
            let text = fs::read_to_string(&dot).ok()?;
            let named = dir.join(text.strip_prefix("gitdir:")?.trim());
            let git_dir = fs::canonicalize(named).ok()?;
            return Some(Self { common: common_of(&git_dir), git_dir, tree: Some(dir.to_owned()) });
        }
        let bare = dir.join("HEAD").is_file() && dir.join("objects").is_dir() && dir.join("refs").is_dir();
        bare.then(|| Self { git_dir: dir.to_owned(), common: dir.to_owned(), tree: None })
    }

    /// The branch that is checked out, if one is.
    pub(crate) fn head_branch(&self) -> Option<String> {
        let head = fs::read_to_string(self.git_dir.join("HEAD")).ok()?;
        head.strip_prefix("ref: refs/heads/").map(|name| name.trim().to_owned())
    }

    /// The commit a name stands for.
    pub(crate) fn resolve(&self, name: &str) -> Result<Option<String>, Error> {
        let output = Git::at(&self.git_dir)
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .arg(format!("{name}^{{commit}}"))
            .output()?;
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(output.status.success().then_some(line))
    }
}

/// The directory with refs and objects, for a linked working tree another than its own.
fn common_of(git_dir: &Path) -> PathBuf {
    let Ok(text) = fs::read_to_string(git_dir.join("commondir")) else { return git_dir.to_owned() };
    fs::canonicalize(git_dir.join(text.trim())).unwrap_or_else(|_| git_dir.to_owned())
}

impl Workspaces {
    /// The store's name for a source: readable, and different for different sources.
    pub(crate) fn key(source: &str) -> String {
        let canonical = fs::canonicalize(source).ok().filter(|_| is_local(source));
        let text = canonical.map_or_else(|| source.to_owned(), |path| path.display().to_string());
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let last = text.trim_end_matches(['/', '\\']).rsplit(['/', ':']).next().unwrap_or_default();
        let name: String = last
            .trim_end_matches(".git")
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' })
            .take(32)
            .collect();
        format!("{name}-{:016x}", hasher.finish())
    }

    /// The name of a source's store: the same for every way to name the same working tree.
    pub fn repo_of(&self, source: &str) -> Result<String, Error> {
        if !is_local(source) {
            return Ok(Self::key(source));
        }
        let local = Local::find(source)?;
        Ok(Self::key(&local.tree.unwrap_or(local.common).display().to_string()))
    }

    /// The paths of a commit's files in the store.
    pub fn paths(&self, repo: &str, commit: &str) -> Result<Vec<String>, Error> {
        let listed = Git::at(&self.store(repo)).args(["ls-tree", "-r", "-z", "--name-only", commit]).run()?;
        let listed = String::from_utf8_lossy(&listed);
        Ok(listed.split('\0').filter(|path| !path.is_empty()).map(ToOwned::to_owned).collect())
    }

    /// A file of a commit in the store, as text.
    pub fn file_at(&self, repo: &str, commit: &str, path: &str, most: u64) -> Result<Kept, Error> {
        Ok(match self.bytes_at(repo, commit, path, most)? {
            Held::Missing => Kept::Missing,
            Held::Other => Kept::Other,
            Held::Bytes(bytes) => String::from_utf8(bytes).map_or(Kept::Other, Kept::Text),
        })
    }

    /// A file of a commit in the store. A path is only looked up in that commit's tree: no link is followed, and nothing
    /// of this machine's files is read.
    pub fn bytes_at(&self, repo: &str, commit: &str, path: &str, most: u64) -> Result<Held, Error> {
        let store = self.store(repo);
        let listed = Git::at(&store).args(["ls-tree", "-z", "--full-tree", commit, "--", path]).run()?;
        let listed = String::from_utf8_lossy(&listed);
        let Some((about, _)) = listed.split_once('\t') else { return Ok(Held::Missing) };
        let mut words = about.split(' ');
        let (Some("100644" | "100755"), Some(_), Some(id)) = (words.next(), words.next(), words.next())
        else {
            return Ok(Held::Other);
        };
        let size = Git::at(&store).args(["cat-file", "-s", id]).line()?;
        if size.parse::<u64>().map_or(true, |size| size > most) {
            return Ok(Held::Other);
        }
        Ok(Held::Bytes(Git::at(&store).args(["cat-file", "blob", id]).run()?))
    }

    /// Brings the base into the store. `base` is a branch or commit; the current branch when `None`.
    pub fn sync(&self, source: &str, base: Option<&str>) -> Result<Base, Error> {
        let key = self.repo_of(source)?;
        let store = self.ensure_store(&key)?;
        if is_local(source) {
            self.sync_local(source, base, key, &store)
        } else {
            self.sync_remote(source, base, key, &store)
        }
    }

    fn ensure_store(&self, key: &str) -> Result<PathBuf, Error> {
        let store = self.store(key);
        if !store.join("HEAD").exists() {
            // Made aside and moved, so that a store is there whole or not at all.
            let scratch = self.scratch()?;
            let made = git::init_bare(&scratch.path().join("store"))?;
            if let Err(error) = fs::rename(&made, &store)
                && !store.join("HEAD").exists()
            {
                return Err(Error::File { path: store, source: error });
            }
        }
        Ok(store)
    }

    fn sync_local(&self, source: &str, base: Option<&str>, key: String, store: &Path) -> Result<Base, Error> {
        let local = Local::find(source)?;
        let commit = local.resolve(base.unwrap_or("HEAD"))?;
        let commit = match (commit, base) {
            (Some(commit), _) => commit,
            (None, Some(base)) => return Err(Error::UnknownBase { repo: source.into(), base: base.into() }),
            (None, None) => return Err(Error::Empty(source.into())),
        };
        let branch = match base {
            None => local.head_branch(),
            Some(base) => local.resolve(&format!("refs/heads/{base}"))?.map(|_| base.to_owned()),
        };
        let mut warnings = Vec::new();
        if branch.is_none() && base.is_none() {
            warnings
                .push("the repository is at a commit and not on a branch; approving will need one".into());
        }
        if let Some(n) =
            local.tree.as_ref().map(|tree| self.uncommitted(&local, tree)).transpose()?.filter(|n| *n > 0)
        {
            warnings.push(format!("{n} uncommitted files of the working tree are not part of the run"));
        }
        keep_base(&local, store, &commit)?;
        Ok(Base { repo: key, branch, commit, warnings })
    }

    fn sync_remote(
        &self,
        source: &str,
        base: Option<&str>,
        key: String,
        store: &Path,
    ) -> Result<Base, Error> {
        if source.starts_with('-') {
            return Err(Error::NotFound(source.into()));
        }
        let wanted = base.map_or_else(|| "HEAD".to_owned(), ToOwned::to_owned);
        let git = || Git::at(store).with_person(&self.person);
        let branch = match base {
            Some(base) => Some(base.to_owned()),
            None => {
                String::from_utf8_lossy(&git().args(["ls-remote", "--symref", "--", source, "HEAD"]).run()?)
                    .lines()
                    .find_map(|line| {
                        line.strip_prefix("ref: refs/heads/")?.split('\t').next().map(ToOwned::to_owned)
                    })
            }
        };
        git()
            .args([
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-auto-maintenance",
                "--",
                source,
            ])
            .arg(format!("+{wanted}:refs/sidekick/remote/{wanted}"))
            .run()?;
        let commit = Git::at(store)
            .args(["rev-parse", "--verify", &format!("refs/sidekick/remote/{wanted}^{{commit}}")])
            .line()?;
        Git::at(store).args(["update-ref", &format!("refs/sidekick/base/{commit}"), &commit]).run()?;
        Ok(Base { repo: key, branch, commit, warnings: Vec::new() })
    }

    /// How many files of the person's working tree differ from its HEAD, seen with a git directory of
    /// ours, so that nothing that the repository configures runs.
    fn uncommitted(&self, local: &Local, tree: &Path) -> Result<usize, Error> {
        let index = local.git_dir.join("index");
        if !index.exists() {
            return Ok(0);
        }
        let scratch = self.scratch()?;
        let git_dir = self.empty_git()?;
        let copy = scratch.path().join("index");
        copy_index(&index, &copy)?;
        let output = Git::at(&git_dir)
            .env("GIT_WORK_TREE", tree)
            .env("GIT_INDEX_FILE", &copy)
            .env("GIT_OBJECT_DIRECTORY", local.common.join("objects"))
            .args(["diff-files", "--name-only", "-z", "--ignore-submodules=all"])
            .output()?;
        // A warning is no reason to fail: an index of a kind we cannot read is not counted.
        Ok(output.stdout.split(|byte| *byte == 0).count() - 1)
    }
}

pub(crate) fn has_commit(store: &Path, commit: &str) -> Result<bool, Error> {
    let output = Git::at(store).args(["cat-file", "-e", &format!("{commit}^{{commit}}")]).output()?;
    Ok(output.status.success())
}

/// Brings a commit into the store under a name that keeps it for as long as the store lives.
/// Checkpoints need no other: they are bases, or commits that an import named.
pub(crate) fn keep_base(local: &Local, store: &Path, commit: &str) -> Result<(), Error> {
    let name = format!("refs/sidekick/base/{commit}");
    if store.join(&name).exists() {
        return Ok(());
    }
    if has_commit(store, commit)? {
        return Git::at(store).args(["update-ref", &name, commit]).run().map(drop);
    }
    Git::at(store)
        .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"])
        .arg(&local.common)
        .arg(format!("+{commit}:{name}"))
        .run()
        .map(drop)
}
