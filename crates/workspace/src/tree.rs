//! Workspaces: the directory a run works in.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checkout::write;
use crate::source::{Local, is_local};
use crate::{Base, Error, Workspaces, at};

/// How a workspace's files are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A layer of its own over the cached checkout: made in milliseconds, whatever the size.
    Overlay,
    /// Files of its own, sharing blocks with the checkout where the file system can.
    Copy,
}

/// A workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Workspace {
    /// Its name: the id of the run that made it.
    pub id: String,
    /// The store's name.
    pub repo: String,
    /// The commit it was made from.
    pub base: String,
    /// How its files are there.
    pub kind: Kind,
    /// Its directory.
    pub dir: PathBuf,
    /// The checkout below it.
    pub lower: PathBuf,
    /// The store's objects, to be mounted at [`OBJECTS`](crate::OBJECTS).
    pub objects: PathBuf,
    /// What a person should know: files asked to be copied that were not.
    pub warnings: Vec<String>,
}

impl Workspace {
    /// The run's own layer, or its whole tree for a copy.
    pub fn upper(&self) -> PathBuf {
        self.dir.join("upper")
    }
    /// The overlay's scratch directory.
    pub fn work(&self) -> PathBuf {
        self.dir.join("work")
    }
    /// The agent's home.
    pub fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    /// What differs from the base, by looking at the run's own layer only.
    pub(crate) fn changed(&self) -> Result<Changed, Error> {
        let mut changed = Changed::default();
        walk(&self.upper(), Path::new(""), &mut changed)?;
        Ok(changed)
    }

    /// Whether the run changed anything at all, its git included.
    pub fn is_untouched(&self) -> Result<bool, Error> {
        if self.kind == Kind::Copy {
            return Ok(false);
        }
        let changed = self.changed()?;
        // What was put there at the start does not count.
        let given = |path: &Path| self.given().any(|name| Path::new(&name) == path);
        let files = changed.files.iter().all(|path| given(path));
        let head = fs::read_to_string(self.upper().join(".git/HEAD")).unwrap_or_default();
        let branch = head.strip_prefix("ref: ").map(|name| self.upper().join(".git").join(name.trim()));
        let tip = branch.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        Ok(files && changed.gone.is_empty() && tip.trim() == self.base)
    }

    pub(crate) fn given(&self) -> impl Iterator<Item = String> {
        let text = fs::read_to_string(self.dir.join("given")).unwrap_or_default();
        text.split('\0')
            .filter(|name| !name.is_empty())
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// Paths of a workspace that differ from its base.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Files and links that are new or different.
    pub(crate) files: Vec<PathBuf>,
    /// Files and directories that are gone, and directories that were replaced.
    pub(crate) gone: Vec<PathBuf>,
}

fn walk(upper: &Path, inside: &Path, changed: &mut Changed) -> Result<(), Error> {
    let dir = upper.join(inside);
    for entry in at(&dir, fs::read_dir(&dir))? {
        let entry = at(&dir, entry)?;
        let path = inside.join(entry.file_name());
        // Not files of the work: the agent's git, and repositories inside the tree.
        if entry.file_name() == ".git" {
            continue;
        }
        let meta = at(&entry.path(), entry.metadata())?;
        if meta.is_dir() {
            if has_mark(&entry.path(), "user.overlay.opaque") {
                changed.gone.push(path.clone());
            }
            walk(upper, &path, changed)?;
        } else if (meta.file_type().is_char_device() && meta.rdev() == 0)
            || has_mark(&entry.path(), "user.overlay.whiteout")
        {
            changed.gone.push(path);
        } else {
            changed.files.push(path);
        }
    }
    Ok(())
}

pub(crate) fn has_mark(path: &Path, name: &str) -> bool {
    let mut value = [0u8; 8];
    rustix::fs::lgetxattr(path, name, &mut value[..]).is_ok()
}

impl Workspaces {
    /// Makes a workspace at a commit of the base's repository, on `branch`. Making it again gives it anew.
    pub fn create(
        &self,
        id: &str,
        base: &Base,
        branch: &str,
        kind: Kind,
        source: &str,
        copies: &[String],
    ) -> Result<Workspace, Error> {
        let dir = self.root.join("workspaces").join(id);
        remove_tree(&dir)?;
        let lower = self.checkout(&base.repo, &base.commit)?;
        let mut workspace = Workspace {
            id: id.to_owned(),
            repo: base.repo.clone(),
            base: base.commit.clone(),
            kind,
            objects: self.store(&base.repo).join("objects"),
            dir: dir.clone(),
            lower,
            warnings: Vec::new(),
        };
        for dir in [workspace.upper(), workspace.work(), workspace.home()] {
            at(&dir, fs::create_dir_all(&dir))?;
        }
        at(&dir, fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)))?;
        if kind == Kind::Copy {
            copy_tree(&workspace.lower, &workspace.upper())?;
        }
        let dot = workspace.upper().join(".git");
        let name = dot.join("refs/heads").join(branch);
        let refs = name.parent().unwrap_or(&dot);
        at(refs, fs::create_dir_all(refs))?;
        write(&name, &format!("{}\n", base.commit))?;
        if let Some(base_branch) = &base.branch {
            write(&dot.join("packed-refs"), &format!("{} refs/heads/{base_branch}\n", base.commit))?;
        }
        write(&dot.join("HEAD"), &format!("ref: refs/heads/{branch}\n"))?;
        let given = copy_given(source, copies, &workspace, &mut workspace.warnings.clone())?;
        workspace.warnings = given.1;
        write(&dir.join("given"), &given.0.join("\0"))?;
        let text = serde_json::to_string(&workspace).unwrap_or_default();
        // Last: a workspace without it was not finished and is made anew.
        write(&dir.join("meta.json.new"), &text)?;
        at(&dir, fs::rename(dir.join("meta.json.new"), dir.join("meta.json")))?;
        Ok(workspace)
    }

    /// A workspace that is there whole.
    pub fn get(&self, id: &str) -> Option<Workspace> {
        let text = fs::read(self.root.join("workspaces").join(id).join("meta.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Makes a copied workspace's git find the store's objects where they are on the host, for runs
    /// without a sandbox.
    pub fn use_host_objects(&self, workspace: &Workspace) -> Result<(), Error> {
        let file = workspace.upper().join(".git/objects/info/alternates");
        write(&file, &format!("{}\n", workspace.objects.display()))
    }

    /// Removes a workspace. The caller has seen that it is finished; its work is in the store or is not
    /// wanted.
    pub fn remove(&self, id: &str) -> Result<(), Error> {
        remove_tree(&self.root.join("workspaces").join(id))
    }

    /// The workspaces there are.
    pub fn list(&self) -> Result<Vec<String>, Error> {
        let dir = self.root.join("workspaces");
        let entries = at(&dir, fs::read_dir(&dir))?;
        Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }
}

/// Removes a tree, also directories that the kernel or an agent made unreadable.
pub(crate) fn remove_tree(dir: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(dir).is_err() {
        return Ok(());
    }
    if fs::remove_dir_all(dir).is_ok() {
        return Ok(());
    }
    open_up(dir);
    at(dir, fs::remove_dir_all(dir))
}

fn open_up(dir: &Path) {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).ok();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// Copies the person's uncommitted files that the rules name. Returns their paths and what was not done.
fn copy_given(
    source: &str,
    rules: &[String],
    workspace: &Workspace,
    warnings: &mut Vec<String>,
) -> Result<(Vec<String>, Vec<String>), Error> {
    let mut given = Vec::new();
    let tree = if is_local(source) { Local::find(source).ok().and_then(|local| local.tree) } else { None };
    let Some(tree) = tree else { return Ok((given, std::mem::take(warnings))) };
    for rule in rules {
        let optional = rule.starts_with(".env");
        let mut found = false;
        for name in matching(&tree, rule) {
            found = true;
            let path = Path::new(&name);
            match crate::files::read(&tree, path, 5 << 20) {
                Ok(Some(bytes)) => {
                    if workspace.lower.join(path).exists() {
                        continue;
                    }
                    at(path, crate::files::write(&workspace.upper(), path, &bytes))?;
                    given.push(name.to_string_lossy().into_owned());
                }
                _ => warnings.push(format!("`{}` was not copied: it is no regular file", path.display())),
            }
        }
        if !found && !optional {
            warnings.push(format!("nothing was copied for `{rule}`: no such file in {}", tree.display()));
        }
    }
    Ok((given, std::mem::take(warnings)))
}

/// Paths below `tree` that a rule names: plain paths, with `*` in the last part.
fn matching(tree: &Path, rule: &str) -> Vec<OsString> {
    let rule = Path::new(rule);
    let (Some(name), parent) = (rule.file_name(), rule.parent().unwrap_or(Path::new(""))) else {
        return Vec::new();
    };
    let pattern = name.as_bytes();
    let entries = fs::read_dir(tree.join(parent)).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter(|entry| fits(pattern, entry.file_name().as_bytes()))
        .map(|entry| parent.join(entry.file_name()).into_os_string())
        .collect();
    found.sort();
    found
}

fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skip| fits(rest, &name[skip..])),
        Some((byte, rest)) => {
            name.split_first().is_some_and(|(first, left)| first == byte && fits(rest, left))
        }
    }
}

/// Copies a tree; blocks are shared where the file system can, hard links never made.
fn copy_tree(from: &Path, to: &Path) -> Result<(), Error> {
    for entry in at(from, fs::read_dir(from))? {
        let entry = at(from, entry)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = at(&source, entry.file_type())?;
        if kind.is_dir() {
            at(&target, fs::create_dir_all(&target))?;
            copy_tree(&source, &target)?;
        } else if kind.is_symlink() {
            let link = at(&source, fs::read_link(&source))?;
            at(&target, std::os::unix::fs::symlink(link, &target))?;
        } else {
            // Uses copy_file_range, which shares blocks on file systems that can.
            at(&target, fs::copy(&source, &target))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            (".env", ".env", true),
            (".env", ".envrc", false),
            (".env.*", ".env.local", true),
            ("*.pem", "key.pem", true),
            ("*.pem", "key.pem.txt", false),
            ("*", "anything", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
