//! Where things are: the data directory, its lock, and the daemon that holds it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How to reach the daemon of a data directory.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Daemon {
    /// Its process.
    pub(crate) pid: u32,
    /// Its address.
    pub(crate) url: String,
}

impl Daemon {
    /// Whether its process is there.
    pub(crate) fn is_alive(&self) -> bool {
        Path::new(&format!("/proc/{}", self.pid)).exists()
    }
}

/// A data directory.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Absolute.
    pub(crate) data: PathBuf,
}

/// The right to be the only one that works on a data directory; held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    daemon: PathBuf,
}

impl Places {
    /// The data directory asked for, else the usual one; made if missing, readable by its owner only.
    pub(crate) fn open(asked: Option<&Path>) -> Result<Self> {
        let data = match asked {
            Some(path) => std::path::absolute(path)
                .map_err(|error| Error::usage(format!("{}: {error}", path.display())))?,
            None => usual()?,
        };
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&data);
        made.and_then(|()| fs::set_permissions(&data, fs::Permissions::from_mode(0o700))).map_err(
            |error| {
                Error::usage(format!("the data directory {} cannot be used: {error}", data.display()))
                    .hint("Give another one with --data-dir, or mend its permissions.")
            },
        )?;
        Ok(Self { data })
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.data.join("sidekick.db")
    }

    /// What the holder of the lock said of itself; `None` while it starts.
    pub(crate) fn read_daemon(&self) -> Option<Daemon> {
        serde_json::from_slice(&fs::read(self.data.join("daemon.json")).ok()?).ok()
    }

    /// The access token.
    pub(crate) fn token(&self) -> Result<String> {
        let file = self.data.join("token");
        fs::read_to_string(&file).map(|text| text.trim().to_owned()).map_err(|error| {
            Error::failed(format!("the access token {} cannot be read: {error}", file.display()))
        })
    }

    /// Takes the directory, or `None` when another process holds it.
    pub(crate) fn try_lock(&self) -> Result<Option<Lock>> {
        let path = self.data.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|error| {
            Error::usage(format!("the data directory {} cannot be written: {error}", self.data.display()))
                .hint("Give another one with --data-dir, or mend its permissions.")
        })?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock { _file: file, daemon: self.data.join("daemon.json") })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(Error::failed(format!("{} cannot be locked: {error}", path.display()))),
        }
    }
}

impl Lock {
    /// Says how to reach the holder.
    pub(crate) fn announce(&self, daemon: &Daemon) -> Result<()> {
        let failed = |error: std::io::Error| Error::failed(format!("{}: {error}", self.daemon.display()));
        let next = self.daemon.with_extension("new");
        let mut file = File::create(&next).map_err(failed)?;
        file.write_all(&serde_json::to_vec(daemon).unwrap_or_default()).map_err(failed)?;
        fs::rename(next, &self.daemon).map_err(failed)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The lock itself goes with the file; what is left would only be out of date.
        fs::remove_file(&self.daemon).ok();
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn usual() -> Result<PathBuf> {
    if let Some(base) = std::env::var_os("XDG_DATA_HOME").filter(|base| !base.is_empty()) {
        return Ok(PathBuf::from(base).join("sidekick"));
    }
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    home.map(|home| PathBuf::from(home).join(".local/share/sidekick"))
        .ok_or_else(|| Error::usage("HOME is not set; say where to keep things with --data-dir DIR"))
}
