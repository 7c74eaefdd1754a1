//! A glance at a workspace while its run is at work: which files differ from the base, and whether the tree is one that
//! was there before. By the run's own layer alone: no git runs, no link is followed, and what cannot be told cheaply is
//! not told.
//!
//! What tools leave behind (`target`, `node_modules`, what the base's `.gitignore` names plainly) is not work and is not
//! looked at, unless the base has it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::tree::has_mark;
use crate::{Kind, Workspace, files};

/// Entries looked at; a layer with more is not told of.
const MOST_ENTRIES: usize = 20_000;
/// Bytes of a file that are read; of a larger one its time and size count.
const MOST_BYTES: u64 = 1 << 20;
/// Names of directories that tools make.
const LEFT_BEHIND: [&str; 14] = [
    "target",
    "node_modules",
    "__pycache__",
    ".venv",
    "venv",
    "dist",
    "build",
    ".cache",
    ".pytest_cache",
    ".mypy_cache",
    ".tox",
    ".gradle",
    ".next",
    "coverage",
];

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The same for the same content.
    pub tree: u64,
    /// Files that are new or differ, relative to the tree.
    pub files: Vec<PathBuf>,
    /// What is gone.
    pub gone: Vec<PathBuf>,
}

/// Looks at one workspace again and again; only what changed since is read.
#[derive(Debug, Default)]
pub struct Glance {
    known: HashMap<PathBuf, (Stamp, u64)>,
}

/// By which a file that was written is told from one that was not.
type Stamp = (i64, i64, u64, u64);

/// What the base says is no work.
#[derive(Default)]
struct Ignored {
    names: Vec<String>,
    endings: Vec<String>,
    paths: Vec<PathBuf>,
}

impl Glance {
    /// Looks; `None` when it cannot be told.
    pub fn look(&mut self, workspace: &Workspace) -> Option<Seen> {
        let mut ignored = Ignored::of(&workspace.lower);
        // What was put there at the start.
        ignored.paths = workspace.given().map(PathBuf::from).collect();
        let mut seen = Seen::default();
        let mut hashes = BTreeMap::new();
        let mut left = MOST_ENTRIES;
        self.walk(workspace, Path::new(""), &ignored, &mut left, &mut seen, &mut hashes)?;
        self.known.retain(|path, _| hashes.contains_key(path));
        let mut hasher = DefaultHasher::new();
        (&hashes, &seen.gone).hash(&mut hasher);
        seen.tree = hasher.finish();
        Some(seen)
    }

    fn walk(
        &mut self,
        workspace: &Workspace,
        inside: &Path,
        ignored: &Ignored,
        left: &mut usize,
        seen: &mut Seen,
        hashes: &mut BTreeMap<PathBuf, u64>,
    ) -> Option<()> {
        let upper = workspace.upper();
        // A directory that vanishes meanwhile has nothing in it.
        let Ok(entries) = fs::read_dir(upper.join(inside)) else { return Some(()) };
        for entry in entries.flatten() {
            *left = left.checked_sub(1)?;
            let name = entry.file_name();
            let path = inside.join(&name);
            let Ok(meta) = entry.metadata() else { continue };
            let word = name.to_string_lossy();
            if ignored.paths.contains(&path) {
                continue;
            }
            if word == ".git" || (ignored.has(&word) && !workspace.lower.join(&path).exists()) {
                continue;
            }
            if meta.is_dir() {
                self.walk(workspace, &path, ignored, left, seen, hashes)?;
            } else if (meta.file_type().is_char_device() && meta.rdev() == 0)
                || has_mark(&entry.path(), "user.overlay.whiteout")
            {
                seen.gone.push(path);
            } else {
                let stamp = (meta.mtime(), meta.mtime_nsec(), meta.size(), meta.ino());
                let known = self.known.get(&path).filter(|(known, _)| *known == stamp).map(|(_, hash)| *hash);
                let hash = known.unwrap_or_else(|| content(&upper, &path, stamp));
                self.known.insert(path.clone(), (stamp, hash));
                hashes.insert(path.clone(), hash);
                // A copy has all files of the base.
                if workspace.kind == Kind::Overlay {
                    seen.files.push(path);
                }
            }
        }
        Some(())
    }
}

fn content(upper: &Path, path: &Path, stamp: Stamp) -> u64 {
    let mut hasher = DefaultHasher::new();
    match files::read(upper, path, MOST_BYTES) {
        Ok(Some(bytes)) if stamp.2 <= MOST_BYTES => bytes.hash(&mut hasher),
        _ => stamp.hash(&mut hasher),
    }
    hasher.finish()
}

impl Ignored {
    fn of(lower: &Path) -> Self {
        let text = files::read(lower, Path::new(".gitignore"), 64 << 10).ok().flatten().unwrap_or_default();
        let mut ignored = Self { names: LEFT_BEHIND.map(String::from).to_vec(), ..Self::default() };
        for line in String::from_utf8_lossy(&text).lines().map(str::trim).take(1000) {
            let name = line.trim_start_matches('/').trim_end_matches('/');
            if line.starts_with(['#', '!']) || name.is_empty() || name.contains('/') {
                continue;
            }
            match name.strip_prefix('*') {
                Some(ending) if !ending.is_empty() && !ending.contains(['*', '?', '[']) => {
                    ignored.endings.push(ending.to_owned());
                }
                None if !name.contains(['*', '?', '[']) => ignored.names.push(name.to_owned()),
                _ => {}
            }
        }
        ignored
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
            || self.endings.iter().any(|ending| name.ends_with(ending.as_str()))
    }
}

impl Workspace {
    /// A file before and after, as texts; nothing for what is no text, or too large.
    pub fn both(&self, path: &Path) -> Option<(String, String)> {
        let read = |dir: &Path| match files::read(dir, path, MOST_BYTES + 1) {
            Ok(Some(bytes)) if bytes.len() as u64 <= MOST_BYTES => String::from_utf8(bytes).ok(),
            Ok(None) => Some(String::new()),
            _ => None,
        };
        Some((read(&self.lower)?, read(&self.upper())?))
    }
}
