//! From a workspace to the store: a script that commits and bundles inside the sandbox, and the checked
//! import of what comes out.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::git::Git;
use crate::tree::{Kind, Workspace};
use crate::{Error, Workspaces, at};

/// The largest bundle taken over.
const MOST_BUNDLE: u64 = 2 << 30;

/// What is to be run inside the sandbox, on the workspace, without a network.
#[derive(Clone, Debug)]
pub struct CollectJob {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What it reads: the paths that changed.
    pub stdin: Vec<u8>,
}

/// What was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The commit with the work; the base when nothing changed.
    pub commit: String,
}

/// See the script's own words.
const SCRIPT: &str = include_str!("collect.sh");
const MERGE: &str = include_str!("merge.sh");

impl Workspaces {
    /// How the work of a workspace is brought onto a tip, before its agent goes on with the merge. `tree` is where it is
    /// for the job; both commits are in the store.
    pub fn merge_job(&self, tree: &Path, work: &str, onto: &str) -> CollectJob {
        let words = ["/bin/sh", "-c", MERGE, "merge", &tree.display().to_string(), work, onto];
        CollectJob { argv: words.map(String::from).to_vec(), stdin: Vec::new() }
    }

    /// How a workspace's work is brought out. `tree` and `objects` are where these are for the job; `onto` is the tip
    /// that it was to be merged with.
    pub fn collect_job(
        &self,
        workspace: &Workspace,
        tree: &Path,
        objects: &Path,
        message: &str,
        onto: Option<&str>,
    ) -> Result<CollectJob, Error> {
        let mut stdin = Vec::new();
        let how = match workspace.kind {
            Kind::Overlay => {
                let changed = workspace.changed()?;
                for path in changed.files {
                    stdin.extend_from_slice(path.as_os_str().as_bytes());
                    stdin.push(0);
                }
                stdin.push(0);
                for path in changed.gone {
                    stdin.extend_from_slice(path.as_os_str().as_bytes());
                    stdin.push(0);
                }
                "list"
            }
            Kind::Copy => "all",
        };
        let words = [
            "/bin/sh",
            "-c",
            SCRIPT,
            "collect",
            &tree.display().to_string(),
            &workspace.base,
            &objects.display().to_string(),
            message,
            how,
            onto.unwrap_or_default(),
        ];
        Ok(CollectJob { argv: words.map(String::from).to_vec(), stdin })
    }

    /// Takes a bundle over into the store, under a private name that keeps its commit from then on. An
    /// empty one means that nothing changed.
    pub fn import(&self, workspace: &Workspace, bundle: &Path, name: &str) -> Result<Imported, Error> {
        let size = at(bundle, fs::metadata(bundle))?.len();
        if size == 0 {
            return Ok(Imported { commit: workspace.base.clone() });
        }
        if size > MOST_BUNDLE {
            return Err(Error::Refused(format!("it is larger than {} MB", MOST_BUNDLE >> 20)));
        }
        let store = self.store(&workspace.repo);
        let incoming = format!("refs/sidekick/{name}");
        let fetched = Git::at(&store)
            .args(["-c", "transfer.fsckObjects=true", "-c", "fetch.fsckObjects=true", "fetch", "--quiet"])
            .args(["--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"])
            .arg(bundle)
            .arg(format!("+refs/heads/result:{incoming}"))
            .run();
        fetched.map_err(|error| Error::Refused(error.to_string()))?;
        let commit =
            Git::at(&store).args(["rev-parse", "--verify", &format!("{incoming}^{{commit}}")]).line()?;
        if !Git::at(&store).args(["merge-base", "--is-ancestor", &workspace.base, &commit]).holds()? {
            return Err(Error::Refused("it does not descend from the base".into()));
        }
        Ok(Imported { commit })
    }
}
