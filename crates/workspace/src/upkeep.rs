//! What stores and checkouts need over months: checkouts that nobody uses go, and the many small packs
//! that runs bring become few. Nothing that a ref names or a workspace lies over is touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::git::Git;
use crate::tree::remove_tree;
use crate::{Error, Workspaces, at};

/// So many files in one of the 256 directories of loose objects mean thousands in all, as git estimates.
const MANY_LOOSE: usize = 27;

impl Workspaces {
    /// Removes checkouts that no workspace lies over and that were not used for `unused` before `now`. How
    /// many.
    pub fn prune_checkouts(&self, unused: Duration, now: SystemTime) -> Result<usize, Error> {
        let below: BTreeSet<PathBuf> =
            self.list()?.iter().filter_map(|id| Some(self.get(id)?.lower)).collect();
        let mut removed = 0;
        for repo in entries(&self.root.join("checkouts"))? {
            for checkout in entries(&repo)?.into_iter().filter(|path| path.is_dir()) {
                let stamp = used(&checkout);
                // Without a stamp it is being made, or was by a version that left none.
                let last = fs::metadata(&stamp).or_else(|_| fs::metadata(&checkout));
                let last = at(&checkout, last.and_then(|meta| meta.modified()))?;
                if below.contains(&checkout) || now.duration_since(last).is_ok_and(|since| since < unused) {
                    continue;
                }
                remove_tree(&checkout)?;
                fs::remove_file(&stamp).ok();
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Puts the packs of stores together that have so many, or thousands of loose objects. How many stores.
    pub fn pack_stores(&self, many: usize) -> Result<usize, Error> {
        let mut packed = 0;
        for store in entries(&self.root.join("repos"))? {
            let objects = store.join("objects");
            let count = |dir: &str| fs::read_dir(objects.join(dir)).map_or(0, Iterator::count);
            // A pack is three files: objects, index, reverse index.
            if count("pack") / 3 < many && count("17") < MANY_LOOSE {
                continue;
            }
            // Without `-a`: objects that are not reachable any more stay, because runs may use them.
            Git::at(&store).args(["repack", "-d", "-q", "--geometric=2"]).run()?;
            packed += 1;
        }
        Ok(packed)
    }
}

/// What is touched whenever a checkout is used.
pub(crate) fn used(checkout: &Path) -> PathBuf {
    checkout.with_extension("used")
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    Ok(at(dir, fs::read_dir(dir))?.flatten().map(|entry| entry.path()).collect())
}
