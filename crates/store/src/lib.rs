//! What we remember: tasks, runs, the event log, the outbox, in SQLite or PostgreSQL.
//!
//! Every statement is written once, in the dialect both engines share, and runs inside a [`Tx`]. There
//! are two doors: [`Store::write`], whose closures are committed in groups by one writer, and
//! [`Store::read`]. What `write` returned `Ok` for is on disk. The three invariants:
//!
//! 1. No change without its event, no event without its change: [`tasks`] is the only place that changes
//!    a task, and it appends what `domain::work` decided in the same transaction.
//! 2. The order of `seq` is the order of commits, without gaps, so whoever follows the log from a
//!    sequence number misses nothing.
//! 3. The database decides races: claims and outcomes are guarded, leases expire, no transaction is
//!    open while anything runs.
//!
//! Not here: decisions (crate `domain`), files (spools, repositories), the wire.

pub mod access;
pub mod accounts;
pub mod backlog;
pub mod board;
pub mod checkpoints;
pub mod conversations;
pub mod estimates;
pub mod events;
pub mod hindsights;
pub mod links;
pub mod memory;
mod migrate;
pub mod outbox;
mod pg;
pub mod records;
pub mod remarks;
pub mod runs;
pub mod sessions;
mod sql;
mod sqlite;
pub mod tasks;
pub mod verdicts;
mod workers;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

pub use sql::Tx;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file; made if missing.
    Sqlite(PathBuf),
    /// A PostgreSQL URL.
    Postgres(String),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            // The URL may hold a password.
            Self::Postgres(url) => {
                write!(f, "postgresql://{}", url.rsplit_once('@').map_or("…", |(_, host)| host))
            }
        }
    }
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The domain refused the command; nothing was changed.
    #[error(transparent)]
    Refused(#[from] domain::Refusal),
    /// There is no such thing.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// A shortened id fits several things.
    #[error("`{id}` fits {n} tasks; give more of its characters")]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// How many it fits.
        n: usize,
    },
    /// The database was made by a newer version.
    #[error(
        "the database {location} is at schema {found}, this sidekick knows up to {known}: \
         run the newer sidekick, or restore a backup made before the upgrade"
    )]
    Newer {
        /// Which database.
        location: String,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The disk is full; nothing was changed.
    #[error("the disk with the database is full: free some space; nothing that was accepted is lost")]
    DiskFull,
    /// The database cannot be reached or written now.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database answered something unexpected.
    #[error("the database reported an error: {0}")]
    Database(String),
    /// A stored value does not read back.
    #[error("a stored {what} cannot be read: {value}")]
    Corrupt {
        /// The kind of value.
        what: &'static str,
        /// What is stored.
        value: String,
    },
}

/// The database. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Store {
    workers: Arc<workers::Workers>,
}

impl Store {
    /// Opens the database, making and migrating it as needed. Blocks; call it before serving.
    pub fn open(location: &Location) -> Result<Self, Error> {
        Ok(Self { workers: Arc::new(workers::Workers::start(location)?) })
    }

    /// Runs `work` in a write transaction and returns once it is on disk. Closures of concurrent callers
    /// share one commit. A refusal touches nobody; a closure that fails after it changed something takes
    /// its commit with it, and those before it in that commit hear [`Error::Unavailable`]: so refuse first,
    /// write after.
    pub async fn write<R, F>(&self, work: F) -> Result<R, Error>
    where
        R: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<R, Error> + Send + 'static,
    {
        self.workers.write(work).await
    }

    /// Runs `work` on one snapshot of the database. Writing in it is an error.
    pub async fn read<R, F>(&self, work: F) -> Result<R, Error>
    where
        R: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<R, Error> + Send + 'static,
    {
        self.workers.read(work).await
    }

    /// The last committed sequence number; changes wake whoever waits on it. It only wakes: the log is
    /// the truth.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.workers.head()
    }
}
