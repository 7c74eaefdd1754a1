//! The settings file on the disk: read, replaced whole, followed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Editors write in several steps.
const SETTLED: Duration = Duration::from_millis(100);

/// The text; one that is not there is empty.
pub(super) fn read(file: &Path) -> io::Result<String> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Replaces the text: it is the one or the other at any time, also after a loss of power. The one before is kept beside it.
pub(super) fn replace(file: &Path, before: &str, after: &str) -> io::Result<()> {
    // Behind a link it is the file that is replaced, not the link.
    let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mode = std::fs::metadata(&file).map_or(0o600, |data| data.mode() & 0o777);
    if file.exists() {
        write(&super::kept_before(&file), before, mode)?;
    }
    write(&file, after, mode)
}

fn write(file: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let next = PathBuf::from(name);
    // What was left of a try before may have another mode.
    std::fs::remove_file(&next).ok();
    let mut written = OpenOptions::new().write(true).create_new(true).mode(mode).open(&next)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    std::fs::rename(&next, file)?;
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Calls back whenever the file was written, made, replaced or removed. Only an error ends it.
pub(super) async fn follow<F: Future<Output = ()>>(file: &Path, changed: impl Fn() -> F) -> io::Result<()> {
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
    // The directories, because editors replace files; not every write in them, because the database is there.
    let flags = inotify::WatchFlags::CLOSE_WRITE
        | inotify::WatchFlags::MOVED_TO
        | inotify::WatchFlags::DELETE
        | inotify::WatchFlags::ONLYDIR;
    let mut names = Vec::new();
    for path in [Some(file.to_owned()), std::fs::canonicalize(file).ok()].into_iter().flatten() {
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            inotify::add_watch(&watch, parent, flags)?;
            names.push(name.as_bytes().to_owned());
        }
    }
    #[expect(
        deprecated,
        reason = "its successor is unsafe for the sake of types that lend their descriptor; this one is owned"
    )]
    let watch = AsyncFd::with_interest(watch, Interest::READABLE)?;
    // What happened before we listened.
    changed().await;
    loop {
        let mut ready = watch.readable().await?;
        let ours = read_names(watch.get_ref(), &names)?;
        ready.clear_ready();
        drop(ready);
        if ours {
            tokio::time::sleep(SETTLED).await;
            changed().await;
        }
    }
}

/// Reads all that happened; whether any of it was with one of these names.
fn read_names(watch: &std::os::fd::OwnedFd, names: &[Vec<u8>]) -> io::Result<bool> {
    let mut buffer = [const { MaybeUninit::uninit() }; 4096];
    let mut reader = inotify::Reader::new(watch, &mut buffer);
    let mut ours = false;
    loop {
        match reader.next() {
            Ok(event) => {
                let known = |name: &std::ffi::CStr| names.iter().any(|known| known == name.to_bytes());
                // More happened than there was room to tell.
                let lost = event.events().contains(inotify::ReadFlags::QUEUE_OVERFLOW);
                ours |= lost || event.file_name().is_some_and(known);
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(ours),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_with_its_mode_and_the_one_before_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sidekick.yaml");
        replace(&file, "", "a: 1\n").unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        let link = dir.path().join("link.yaml");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, "a: 1\n", "a: 2\n").unwrap();
        assert!(link.is_symlink());
        assert_eq!(read(&file).unwrap(), "a: 2\n");
        assert_eq!(read(&super::super::kept_before(&file)).unwrap(), "a: 1\n");
        assert_eq!(read(&dir.path().join("none")).unwrap(), "");
    }

    #[tokio::test]
    async fn changes_are_noticed_however_they_are_made() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sidekick.yaml");
        let seen = Arc::new(tokio::sync::Semaphore::new(0));
        let (told, watched) = (Arc::clone(&seen), file.clone());
        let following = tokio::spawn(async move {
            follow(&watched, || {
                let told = Arc::clone(&told);
                async move { told.add_permits(1) }
            })
            .await
        });
        let next = || async {
            let seen = tokio::time::timeout(Duration::from_secs(10), seen.acquire()).await;
            seen.unwrap().unwrap().forget();
        };
        next().await;
        std::fs::write(&file, "a").unwrap();
        next().await;
        replace(&file, "a", "b").unwrap();
        next().await;
        std::fs::remove_file(&file).unwrap();
        next().await;
        following.abort();
    }
}
