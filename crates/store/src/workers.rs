//! The threads that own the connections: one writer that commits in groups, a few readers.
//!
//! Callers hand over a closure and await its answer. The queues are bounded: who waits for room waits,
//! nothing grows. A caller has one closure in flight at a time, so a flood of events from one run takes
//! one place in each group and does not slow another.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::pg::Pg;
use crate::sql::{Engine, Left, Tx};
use crate::sqlite::Sqlite;
use crate::{Error, Location, migrate};

/// Writes waiting for the writer.
const MOST_WAITING: usize = 1024;
/// Writes in one commit.
const MOST_IN_GROUP: usize = 512;
/// Connections for reading, and how many reads may wait for one.
const READERS: usize = 3;
const MOST_READS: usize = 256;

type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
type Read = Box<dyn FnOnce(&mut dyn Engine) + Send>;

pub(crate) struct Workers {
    writes: Option<mpsc::Sender<Box<dyn Write>>>,
    reads: Arc<ReadQueue>,
    read_places: Semaphore,
    head: watch::Receiver<i64>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(crate) fn start(location: &Location) -> Result<Self, Error> {
        let mut engine = open(location)?;
        migrate::migrate(engine.as_mut(), location)?;
        let seq = Tx::new(engine.as_mut()).head()?;
        let (head_sender, head) = watch::channel(seq);
        let (writes, queue) = mpsc::channel(MOST_WAITING);
        let reads = Arc::new(ReadQueue::default());
        let mut threads = Vec::with_capacity(1 + READERS);
        threads.push(spawn("store-writer", move || write_loop(engine.as_mut(), queue, &head_sender))?);
        for _ in 0..READERS {
            let mut engine = open_reader(location)?;
            let reads = Arc::clone(&reads);
            threads.push(spawn("store-reader", move || {
                while let Some(read) = reads.next() {
                    read(engine.as_mut());
                }
            })?);
        }
        Ok(Self { writes: Some(writes), reads, read_places: Semaphore::new(MOST_READS), head, threads })
    }

    pub(crate) fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    pub(crate) async fn write<R, F>(&self, work: F) -> Result<R, Error>
    where
        R: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<R, Error> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let writes = self.writes.as_ref().ok_or_else(closed)?;
        writes.send(Box::new(Pending { work, sender })).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    pub(crate) async fn read<R, F>(&self, work: F) -> Result<R, Error>
    where
        R: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<R, Error> + Send + 'static,
    {
        let _place = self.read_places.acquire().await.map_err(|_| closed())?;
        let (sender, answer) = oneshot::channel();
        self.reads.push(Box::new(move |engine| drop(sender.send(snapshot(engine, work)))));
        answer.await.map_err(|_| closed())?
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.writes = None;
        self.reads.close();
        for thread in self.threads.drain(..) {
            // A store may be dropped from one of its own closures' threads only by a bug; then it must not hang.
            if thread.thread().id() != std::thread::current().id() {
                drop(thread.join());
            }
        }
    }
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".into())
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .map_err(|error| Error::Unavailable(format!("no thread for the store: {error}")))
}

fn open(location: &Location) -> Result<Box<dyn Engine>, Error> {
    Ok(match location {
        Location::Sqlite(path) => Box::new(Sqlite::open(path)?),
        Location::Postgres(url) => Box::new(Pg::open(url)?),
    })
}

fn open_reader(location: &Location) -> Result<Box<dyn Engine>, Error> {
    Ok(match location {
        Location::Sqlite(path) => Box::new(Sqlite::open_read_only(path)?),
        Location::Postgres(url) => Box::new(Pg::open(url)?),
    })
}

fn snapshot<R>(
    engine: &mut dyn Engine,
    work: impl FnOnce(&mut Tx<'_>) -> Result<R, Error>,
) -> Result<R, Error> {
    engine.reconnect()?;
    engine.begin_read()?;
    let done = work(&mut Tx::new(engine));
    engine.batch("ROLLBACK")?;
    done
}

/// A write that waits for its group.
trait Write: Send {
    /// Runs in the group's transaction; the answer is called after the commit, with how that went.
    fn run(self: Box<Self>, tx: &mut Tx<'_>) -> (Answer, Left);
    /// It could not even run.
    fn refuse(self: Box<Self>, error: Error);
}

struct Pending<F, R> {
    work: F,
    sender: oneshot::Sender<Result<R, Error>>,
}

impl<R, F> Write for Pending<F, R>
where
    R: Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<R, Error> + Send,
{
    fn run(self: Box<Self>, tx: &mut Tx<'_>) -> (Answer, Left) {
        let Self { work, sender } = *self;
        let (done, left) = tx.one(work);
        let answer = Box::new(move |committed: Result<(), Error>| {
            let answer = match (done, committed) {
                // Its own error says more than that the group was undone for it.
                (Err(error), _) | (Ok(_), Err(error)) => Err(error),
                (Ok(done), Ok(())) => Ok(done),
            };
            // The caller may have gone away; its change stands all the same.
            drop(sender.send(answer));
        });
        (answer, left)
    }

    fn refuse(self: Box<Self>, error: Error) {
        drop(self.sender.send(Err(error)));
    }
}

fn write_loop(engine: &mut dyn Engine, mut queue: mpsc::Receiver<Box<dyn Write>>, head: &watch::Sender<i64>) {
    let mut group = Vec::with_capacity(MOST_IN_GROUP);
    loop {
        if group.is_empty() {
            let Some(first) = queue.blocking_recv() else { return };
            group.push(first);
        }
        while group.len() < MOST_IN_GROUP
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        commit_group(engine, &mut group, head);
    }
}

/// Runs the group in one transaction and answers each of its callers once it is on disk.
fn commit_group(engine: &mut dyn Engine, group: &mut Vec<Box<dyn Write>>, head: &watch::Sender<i64>) {
    let mut answers: Vec<Answer> = Vec::with_capacity(group.len());
    let mut run = || -> Result<Option<i64>, Error> {
        engine.reconnect()?;
        engine.begin_write()?;
        let mut tx = Tx::new(engine);
        // Taken from the end, which after the turn is the order they came in.
        group.reverse();
        while let Some(write) = group.pop() {
            let (answer, left) = write.run(&mut tx);
            answers.push(answer);
            if left == Left::Spoiled {
                return Err(Error::Unavailable(
                    "a write of the same commit failed, so none of it was stored".into(),
                ));
            }
        }
        let seq = tx.save_head()?;
        engine.batch("COMMIT")?;
        Ok(seq)
    };
    match run() {
        Ok(seq) => {
            if let Some(seq) = seq {
                head.send_if_modified(|known| std::mem::replace(known, seq) != seq);
            }
            for answer in answers {
                answer(Ok(()));
            }
        }
        Err(error) => {
            tracing::error!(%error, writes = answers.len(), "a group of writes was not committed");
            // Already rolled back where the failure itself ended the transaction.
            drop(engine.batch("ROLLBACK"));
            let answers_were_none = answers.is_empty();
            for answer in answers {
                answer(Err(again(&error)));
            }
            if answers_were_none {
                // The database is not there: nobody is kept waiting for it.
                for write in group.drain(..) {
                    write.refuse(again(&error));
                }
            } else {
                // Those behind the one that failed have not run; they are the next group.
                group.reverse();
            }
        }
    }
}

/// The same error for each caller of a group.
fn again(error: &Error) -> Error {
    match error {
        Error::DiskFull => Error::DiskFull,
        Error::Unavailable(text) => Error::Unavailable(text.clone()),
        other => Error::Database(other.to_string()),
    }
}

/// Reads waiting for a connection; bounded by the semaphore in front of it.
#[derive(Default)]
struct ReadQueue {
    waiting: Mutex<(VecDeque<Read>, bool)>,
    more: Condvar,
}

impl ReadQueue {
    fn push(&self, read: Read) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).0.push_back(read);
        self.more.notify_one();
    }

    fn close(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.more.notify_all();
    }

    fn next(&self) -> Option<Read> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(read) = waiting.0.pop_front() {
                return Some(read);
            }
            if waiting.1 {
                return None;
            }
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
