//! Files of directories that agents may write: opened without following any link, below their root only.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, openat, openat2};

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
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let Ok(fd) = openat2(root(dir)?, path, flags, Mode::empty(), beneath()) else { return Ok(None) };
    if FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) != FileType::RegularFile {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::from(fd).take(most).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
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
