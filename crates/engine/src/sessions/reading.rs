//! Reading logs on: found without following links, read from where they were read to, in bounded pieces.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use agents::logs::{Format, LogReading};
use domain::Timestamp;
use store::sessions::Log;

use super::SessionLogs;

/// Bytes read in one look, of all logs.
pub(super) const BUDGET: u64 = 256 << 20;
/// Logs looked at; the newest of more.
const MOST_LOGS: usize = 2000;
/// Directory entries looked at.
const MOST_ENTRIES: usize = 100_000;
/// The longest line that is read; a longer one is passed over.
const MOST_LINE: u64 = 8 << 20;
/// So much of the first line tells a log from another.
const HEAD: u64 = 4096;
/// The longest file beside a log that is read.
const MOST_ROOT: u64 = 4096;

/// A log as it was found.
pub(super) struct Found {
    path: PathBuf,
    /// Its path as text: its name in the store.
    pub(super) name: String,
    /// Bytes.
    pub(super) size: u64,
    changed_at: Timestamp,
}

/// The logs below a directory, newest first. What cannot be read is not there.
pub(super) fn find(logs: &SessionLogs) -> Vec<Found> {
    let (mut found, mut left) = (Vec::new(), MOST_ENTRIES);
    walk(logs, &logs.dir, &mut Vec::new(), &mut found, &mut left);
    found.sort_by_key(|file: &Found| std::cmp::Reverse(file.changed_at));
    found.truncate(MOST_LOGS);
    found
}

fn walk(logs: &SessionLogs, dir: &Path, parts: &mut Vec<String>, found: &mut Vec<Found>, left: &mut usize) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        // Of the entry itself: links are neither directories nor files here.
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
        parts.push(name);
        let words: Vec<&str> = parts.iter().map(String::as_str).collect();
        if kind.is_dir() && parts.len() < 4 {
            walk(logs, &entry.path(), parts, found, left);
        } else if kind.is_file()
            && logs.format.is_log(&words)
            && let (Ok(meta), Some(name)) = (entry.metadata(), entry.path().to_str())
        {
            let since =
                meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            let changed_at = Timestamp::from_millis(0).plus(since);
            found.push(Found { path: entry.path(), name: name.to_owned(), size: meta.len(), changed_at });
        }
        parts.pop();
    }
}

/// Reads a log on, at most `budget` bytes; what is known then, and how much was read. `None` when it cannot be read.
pub(super) fn read(format: Format, found: &Found, known: Option<Log>, budget: u64) -> Option<(Log, u64)> {
    let mut file = open(&found.path)?;
    let head = head(&mut file)?;
    // Shorter than before, or beginning otherwise: another log of that name.
    let known = known.filter(|known| known.read_to <= found.size && known.head == head);
    let mut reading: LogReading =
        known.as_ref().and_then(|known| serde_json::from_str(&known.reading).ok()).unwrap_or_default();
    let from = known.map_or(0, |known| known.read_to);
    let read_to = lines(&mut file, from, budget, |line| reading.line(format, line)).ok()?;
    if reading.directory.is_none() && format == Format::Gemini {
        reading.directory = root_beside(&found.path);
    }
    let log = Log {
        agent: format.agent().to_owned(),
        log: found.name.clone(),
        session: reading.session.clone(),
        updated_at: reading.updated_at.unwrap_or(found.changed_at),
        reading: serde_json::to_string(&reading).ok()?,
        read_to,
        head,
    };
    Some((log, read_to - from))
}

/// A regular file; never through a link, and without waiting for whoever is behind a pipe.
fn open(path: &Path) -> Option<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).ok()?;
    let file = File::options().read(true).custom_flags(flags).open(path).ok()?;
    file.metadata().ok()?.is_file().then_some(file)
}

/// A hash of the first line; nothing while it is not whole.
fn head(file: &mut File) -> Option<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(HEAD).read_to_end(&mut bytes).ok()?;
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    let whole = bytes[..end].ends_with(b"\n") || bytes.len() as u64 == HEAD;
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes[..end]);
    whole.then(|| format!("{:016x}", hasher.finish()))
}

/// Gives each whole line from `from` on; where the last one ended. A line that is too long is passed over, and a last
/// one without an end is left for the next time.
fn lines(file: &mut File, from: u64, budget: u64, mut take: impl FnMut(&[u8])) -> std::io::Result<u64> {
    file.seek(SeekFrom::Start(from))?;
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let (mut at, mut line) = (from, Vec::new());
    while at - from < budget {
        line.clear();
        let n = (&mut reader).take(MOST_LINE).read_until(b'\n', &mut line)? as u64;
        if line.ends_with(b"\n") {
            take(&line[..line.len() - 1]);
            at += n;
        } else if n == MOST_LINE {
            match pass_over(&mut reader, budget)? {
                Some(more) => at += n + more,
                None => return Ok(at),
            }
        } else {
            return Ok(at);
        }
    }
    Ok(at)
}

/// The rest of a line; `None` when its end is not there, or too far.
fn pass_over(reader: &mut impl BufRead, most: u64) -> std::io::Result<Option<u64>> {
    let mut passed = 0;
    while passed < most {
        let bytes = reader.fill_buf()?;
        let (n, ended) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (bytes.len(), false),
        };
        if n == 0 {
            return Ok(None);
        }
        reader.consume(n);
        passed += n as u64;
        if ended {
            return Ok(Some(passed));
        }
    }
    Ok(None)
}

/// Gemini CLI writes the directory into a file beside its chats, not into them.
fn root_beside(log: &Path) -> Option<String> {
    let mut text = String::new();
    let file = open(&log.parent()?.parent()?.join(".project_root"))?;
    file.take(MOST_ROOT).read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
