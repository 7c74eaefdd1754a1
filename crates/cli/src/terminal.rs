//! A person's terminal before a job's: keys go there, what it shows comes here, sizes follow.
//!
//! The agent's UI writes to the terminal as it would by itself; when it is left, the terminal is put back.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::time::Duration;

use runner::spool::{Frame, Kind};
use runner::{Follower, Piece, Typing};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result};

/// How long a job that was just started may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);
/// So much of what was shown before is shown again to whoever comes back.
const MOST_AGAIN: usize = 64 * 1024;
/// What a UI that was ended may have left on: other screen, mouse, pastes in brackets, hidden cursor, colours.
const PUT_BACK: &[u8] =
    b"\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[<u\x1b[>4m\x1b[?25h\x1b[0m\r\n";

/// Why nobody is before the job any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// It ended.
    Ended,
    /// The person's terminal is gone, or we were asked to end; the job goes on.
    Detached,
}

/// Says what to do where there is no terminal.
pub(crate) fn needed() -> Result<()> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Error::usage("a person takes over at a terminal, and this is none")
        .hint("Run it in a terminal, or send the task back with a comment: `sidekick reject ID -m TEXT`."))
}

/// Puts this terminal before the job's until one of them ends.
pub(crate) fn attach(dir: &Path) -> Result<Left> {
    let failed = |error: std::io::Error| Error::failed(format!("the agent's terminal: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let raw = Raw::enter().map_err(failed)?;
    let left = runtime.block_on(relay(dir));
    drop(raw);
    left.map_err(|error| Error::failed(format!("the agent's terminal: {error}")))
}

async fn relay(dir: &Path) -> std::io::Result<Left> {
    let typing = connect(dir).await?;
    let (mut winch, mut hang, mut term) = (
        signal(SignalKind::window_change())?,
        signal(SignalKind::hangup())?,
        signal(SignalKind::terminate())?,
    );
    let (mut follower, before) = Follower::after_the_last(dir, MOST_AGAIN).map_err(std::io::Error::other)?;
    show(&before)?;
    let (inputs, received) = mpsc::channel(64);
    let (gone, mut went) = oneshot::channel::<()>();
    read_keys(inputs.clone(), gone)?;
    // Apart from what is shown: a job that does not read is still seen.
    tokio::spawn(pass_on(typing, received));
    resized(&inputs, !before.is_empty());
    loop {
        tokio::select! {
            piece = follower.next() => match piece.map_err(std::io::Error::other)? {
                Piece::Frames(frames, _) => show(&frames)?,
                Piece::Ended(_) | Piece::Lost => return Ok(Left::Ended),
            },
            _ = winch.recv() => resized(&inputs, false),
            _ = &mut went => return Ok(Left::Detached),
            _ = hang.recv() => return Ok(Left::Detached),
            _ = term.recv() => return Ok(Left::Detached),
        }
    }
}

/// What goes to the job.
enum Input {
    Keys(Vec<u8>),
    Size(u16, u16),
}

async fn connect(dir: &Path) -> std::io::Result<Typing> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match Typing::connect(dir).await {
            Err(error) if tokio::time::Instant::now() > deadline => return Err(error),
            // Its shim is starting.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            connected => return connected,
        }
    }
}

/// Passes on in order; an error is the job's end, which is told elsewhere.
async fn pass_on(mut typing: Typing, mut inputs: mpsc::Receiver<Input>) -> std::io::Result<()> {
    while let Some(input) = inputs.recv().await {
        match input {
            Input::Keys(bytes) => typing.keys(&bytes).await?,
            Input::Size(rows, columns) => typing.resize(rows, columns).await?,
        }
    }
    Ok(())
}

/// Tells our size; with a change that makes the job draw anew for who comes back to it.
fn resized(inputs: &mpsc::Sender<Input>, anew: bool) {
    let Ok(size) = tcgetwinsize(rustix::stdio::stdout()) else { return };
    let (rows, columns) = (size.ws_row.max(2), size.ws_col.max(2));
    if anew {
        inputs.try_send(Input::Size(rows, columns - 1)).ok();
    }
    // With the way full of keys, the next change tells it.
    inputs.try_send(Input::Size(rows, columns)).ok();
}

/// Reads keys on a thread of its own, which stays in its last read when the job ends before the person types.
fn read_keys(inputs: mpsc::Sender<Input>, gone: oneshot::Sender<()>) -> std::io::Result<()> {
    let read = move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = std::io::stdin().lock().read(&mut buffer) {
            if inputs.blocking_send(Input::Keys(buffer[..n].to_vec())).is_err() {
                return;
            }
        }
        gone.send(()).ok();
    };
    std::thread::Builder::new().name("keys".into()).spawn(read).map(drop)
}

fn show(frames: &[Frame]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for frame in frames.iter().filter(|frame| frame.kind == Kind::Stdout) {
        stdout.write_all(&frame.payload)?;
    }
    stdout.flush()
}

/// The person's terminal without its own handling of keys; put back when dropped.
struct Raw(Termios);

impl Raw {
    fn enter() -> std::io::Result<Self> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Nobody is left to complain to if the terminal is gone.
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.0).ok();
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(PUT_BACK).and_then(|()| stdout.flush()).ok();
    }
}
