//! How much a job's writable directories hold. Bounded work: a walk stops once the bound is passed.

use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};

/// Whether `roots` hold more than `most` bytes; walks without following links.
pub(crate) fn holds_more(roots: &[PathBuf], most: u64) -> bool {
    let mut left = most;
    roots.iter().any(|root| !take(root, &mut left))
}

/// Free bytes of the file system under `path`.
pub(crate) fn free(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Takes a tree's bytes off `left`; false when they do not fit.
fn take(dir: &Path, left: &mut u64) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(fd) = rustix::fs::openat(CWD, dir, flags, Mode::empty()) else { return true };
    let Ok(entries) = Dir::read_from(&fd) else { return true };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let Ok(stat) = rustix::fs::statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        let bytes = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512);
        let Some(rest) = left.checked_sub(bytes) else { return false };
        *left = rest;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            use std::os::unix::ffi::OsStrExt;
            if !take(&dir.join(std::ffi::OsStr::from_bytes(name.to_bytes())), left) {
                return false;
            }
        }
    }
    true
}
