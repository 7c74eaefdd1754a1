//! Files of directories that agents may write: opened without following any link, below their root only.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::path::{Component, Path};
use std::time::SystemTime;

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, ResolveFlags, openat, openat2};

fn root(dir: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(CWD, dir, flags, Mode::empty())?)
}

fn beneath() -> ResolveFlags {
    ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS
}

/// The content of the regular file `path` below `dir`, at most `most` bytes; `None` when there is no
/// such regular file, links included.
pub fn read(dir: &Path, path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open(dir, path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// A file with when it was written.
#[derive(Debug)]
pub struct Dated {
    /// Its content, at most what was asked for.
    pub bytes: Vec<u8>,
    /// Whether that is all of it.
    pub whole: bool,
    /// When it was written last.
    pub modified: SystemTime,
}

/// Like [`read`], with the file's date.
pub fn read_dated(dir: &Path, path: &Path, most: u64) -> io::Result<Option<Dated>> {
    let Some(file) = open(dir, path)? else { return Ok(None) };
    let modified = file.metadata()?.modified()?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    let whole = bytes.len() as u64 <= most;
    Ok(Some(Dated { bytes, whole, modified }))
}

fn open(dir: &Path, path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let Ok(fd) = openat2(root(dir)?, path, flags, Mode::empty(), beneath()) else { return Ok(None) };
    let regular = FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) == FileType::RegularFile;
    Ok(regular.then(|| File::from(fd)))
}

/// The last `most` bytes of the regular file `path` below `dir`; `None` when there is no such regular file.
pub fn read_end(dir: &Path, path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(mut file) = open(dir, path)? else { return Ok(None) };
    let from = file.metadata()?.len().saturating_sub(most);
    file.seek(io::SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The names in the directory `path` below `dir`, at most `most` of them; none when there is no such directory.
pub fn names(dir: &Path, path: &Path, most: usize) -> io::Result<Vec<String>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(fd) = openat2(root(dir)?, path, flags, Mode::empty(), beneath()) else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in Dir::read_from(fd)?.take(most) {
        if let Ok(name) = entry?.file_name().to_str()
            && name != "."
            && name != ".."
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Writes the file `path` below `dir`, making its directories. A link anywhere on the way is an error,
/// and an existing file is replaced, never written through.
pub fn write(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut parent = root(dir)?;
    let mut names = path.components().peekable();
    while let Some(Component::Normal(name)) = names.next() {
        if names.peek().is_none() {
            // Replaced, so that a hard link planted in its place does not carry the bytes elsewhere.
            rustix::fs::unlinkat(&parent, name, rustix::fs::AtFlags::empty()).ok();
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let fd = openat2(&parent, name, flags, Mode::from_raw_mode(0o600), beneath())?;
            return File::from(fd).write_all(bytes);
        }
        rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o700)).ok();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        parent = openat2(&parent, name, flags, Mode::empty(), beneath())?;
    }
    Err(io::ErrorKind::InvalidInput.into())
}
