//! The terminal of a job that a person works in: a pair of ends, one the job's, one the shim's; and what is typed.

use std::io;
use std::os::fd::OwnedFd;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;

/// What comes from the person's side.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Keys.
    Bytes(Vec<u8>),
    /// Their terminal's size.
    Size { rows: u16, columns: u16 },
}

/// A new terminal: our end, and the job's.
pub(super) fn open() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let theirs = ioctl_tiocgptpeer(&ours, flags)?;
    size(&ours, 24, 80)?;
    Ok((ours, theirs))
}

fn size(terminal: &OwnedFd, rows: u16, columns: u16) -> io::Result<()> {
    Ok(tcsetwinsize(terminal, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })?)
}

/// Passes on what is typed until nobody can type any more. A job that does not read holds back who types to it,
/// and nobody else.
pub(super) async fn serve(terminal: OwnedFd, mut typed: mpsc::Receiver<Typed>) -> io::Result<()> {
    rustix::io::ioctl_fionbio(&terminal, true)?;
    let mut keys = pipe::Sender::from_owned_fd_unchecked(terminal.try_clone()?)?;
    while let Some(typed) = typed.recv().await {
        match typed {
            Typed::Bytes(bytes) => keys.write_all(&bytes).await?,
            Typed::Size { rows, columns } => size(&terminal, rows, columns)?,
        }
    }
    Ok(())
}
