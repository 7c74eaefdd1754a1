//! Changes between two commits of a store.

use crate::git::Git;
use crate::{Error, Workspaces};

/// The most text of patches one diff has; beyond it files come without.
const MOST_PATCH: usize = 4 << 20;
/// The most text one file's patch has.
const MOST_FILE: usize = 1 << 20;

/// A change.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// Its files.
    pub files: Vec<FileDiff>,
    /// Whether patches were left out.
    pub truncated: bool,
}

/// A changed file.
#[derive(Clone, Debug)]
pub struct FileDiff {
    /// Its path.
    pub path: String,
    /// Its path before, when it was renamed.
    pub old_path: Option<String>,
    /// What happened to it.
    pub status: FileStatus,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
    /// Whether it is not text.
    pub binary: bool,
    /// The id of its content now: the same for the same content, zeroes where there is none.
    pub id: String,
    /// Its unified diff.
    pub patch: String,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileStatus {
    /// It is new.
    Added,
    /// It differs.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another path.
    Renamed,
}

impl FileStatus {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Renamed => "renamed",
        }
    }
}

impl Diff {
    /// Files, lines added, lines removed.
    pub fn size(&self) -> (u32, u32, u32) {
        let files = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let sum =
            |of: fn(&FileDiff) -> u32| self.files.iter().fold(0u32, |sum, file| sum.saturating_add(of(file)));
        (files, sum(|file| file.insertions), sum(|file| file.deletions))
    }

    /// All patches as one text.
    pub fn patch(&self) -> String {
        self.files.iter().map(|file| file.patch.as_str()).collect()
    }
}

impl Workspaces {
    /// What leads from one commit to another.
    pub fn diff(&self, repo: &str, from: &str, to: &str) -> Result<Diff, Error> {
        let mut files = self.changes(repo, from, to, &[])?;
        if files.is_empty() {
            return Ok(Diff::default());
        }
        let text = self.diff_tree(repo, &["-p", "--no-color"], (from, to), &[]).run()?;
        let text = String::from_utf8_lossy(&text);
        let mut left = MOST_PATCH;
        let mut truncated = false;
        for (file, patch) in files.iter_mut().zip(split(&text)) {
            if patch.len() > MOST_FILE || patch.len() > left {
                truncated = true;
                continue;
            }
            left -= patch.len();
            patch.clone_into(&mut file.patch);
        }
        Ok(Diff { files, truncated })
    }

    /// The files that differ between two commits, without their patches; only `paths`, when there are any.
    pub fn changes(&self, repo: &str, from: &str, to: &str, paths: &[&str]) -> Result<Vec<FileDiff>, Error> {
        if from == to {
            return Ok(Vec::new());
        }
        let mut files =
            parse_raw(&self.diff_tree(repo, &["--raw", "--no-abbrev", "-z"], (from, to), paths).run()?);
        if !files.is_empty() {
            count(&self.diff_tree(repo, &["--numstat", "-z"], (from, to), paths).run()?, &mut files);
        }
        Ok(files)
    }

    /// One file's change, with its patch unless that is longer than `most` bytes; `old` is its path before, when it was
    /// renamed. Nothing when it does not differ.
    pub fn change(
        &self,
        repo: &str,
        (from, to): (&str, &str),
        (path, old): (&str, Option<&str>),
        most: usize,
    ) -> Result<Option<FileDiff>, Error> {
        let paths: Vec<&str> = [path].into_iter().chain(old).collect();
        let mut files = self.changes(repo, from, to, &paths)?;
        let Some(at) = files.iter().position(|file| file.path == path) else { return Ok(None) };
        let text = self.diff_tree(repo, &["-p", "--no-color"], (from, to), &paths).run()?;
        let text = String::from_utf8_lossy(&text);
        let mut file = files.swap_remove(at);
        if let Some(patch) = split(&text).nth(at).filter(|patch| patch.len() <= most) {
            patch.clone_into(&mut file.patch);
        }
        Ok(Some(file))
    }

    fn diff_tree(&self, repo: &str, how: &[&str], (from, to): (&str, &str), paths: &[&str]) -> Git {
        Git::at(&self.store(repo))
            .args(["diff-tree", "-r", "-M", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all"])
            .args(how)
            .args([from, to, "--"])
            .args(paths)
    }
}

/// `:mode mode id id STATUS\0path\0[new path\0]` for each file.
fn parse_raw(bytes: &[u8]) -> Vec<FileDiff> {
    let text = String::from_utf8_lossy(bytes);
    let mut words = text.split('\0');
    let mut files = Vec::new();
    while let Some(head) = words.next().filter(|head| head.starts_with(':')) {
        let id = head.rsplit(' ').nth(1).unwrap_or_default().to_owned();
        let letter = head.rsplit(' ').next().and_then(|word| word.chars().next()).unwrap_or('M');
        let first = words.next().unwrap_or_default().to_owned();
        let (path, old_path, status) = match letter {
            'R' | 'C' => (words.next().unwrap_or_default().to_owned(), Some(first), FileStatus::Renamed),
            'A' => (first, None, FileStatus::Added),
            'D' => (first, None, FileStatus::Deleted),
            _ => (first, None, FileStatus::Modified),
        };
        files.push(FileDiff {
            path,
            old_path,
            status,
            insertions: 0,
            deletions: 0,
            binary: false,
            id,
            patch: String::new(),
        });
    }
    files
}

/// `added\tremoved\tpath\0`, or for renames `added\tremoved\t\0old\0new\0`, in the same order.
fn count(bytes: &[u8], files: &mut [FileDiff]) {
    let text = String::from_utf8_lossy(bytes);
    let mut words = text.split('\0');
    for file in files {
        let Some(line) = words.next() else { return };
        let mut fields = line.splitn(3, '\t');
        let (added, removed) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        file.binary = added == "-";
        file.insertions = added.parse().unwrap_or(0);
        file.deletions = removed.parse().unwrap_or(0);
        if fields.next().unwrap_or_default().is_empty() {
            words.next();
            words.next();
        }
    }
}

/// One patch for each file, in the same order.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = text
        .match_indices("diff --git ")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n')
        .collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| &text[start..end])
}
