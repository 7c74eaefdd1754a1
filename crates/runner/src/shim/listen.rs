//! The shim's socket: JSON lines. Words: `stop`, `follow`, and for a job with a terminal `type`, `resize`. A line the shim does not know is answered
//! with an error and changes nothing.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};

use super::Places;
use super::terminal::Typed;
use crate::spec::PROTOCOL;

/// What somebody asks of a shim.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Request {
    /// End the job: ask, and after the grace end it.
    Stop { grace_ms: u64, reason: String },
    /// Tell whenever the spool has grown.
    Follow,
    /// Keys for the job's terminal.
    Type { bytes: Vec<u8> },
    /// The size of the terminal that shows the job's.
    Resize { rows: u16, columns: u16 },
}

/// What a shim says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// First thing on every connection.
    Hello { protocol: u32 },
    /// The spool ends here now.
    Grown(u64),
    /// As asked.
    Ok,
    /// Not understood.
    Error(String),
}

/// A wish to stop the job.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) grace: Duration,
    pub(super) reason: String,
}

/// Binds the job's socket. A path too long for a socket's name is reached through a descriptor.
pub(super) fn bind(places: &Places) -> io::Result<UnixListener> {
    std::fs::remove_file(places.socket()).ok();
    let dir = std::fs::File::open(&places.0)?;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/sock", dir.as_raw_fd()))?;
    Ok(listener)
}

/// Answers until the shim ends.
pub(super) async fn serve(
    listener: UnixListener,
    stops: mpsc::Sender<Stop>,
    grown: watch::Receiver<u64>,
    typing: Option<mpsc::Sender<Typed>>,
) {
    // Followers are one or two; more than this is somebody's mistake.
    let places = Arc::new(tokio::sync::Semaphore::new(32));
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (stops, grown, typing) = (stops.clone(), grown.clone(), typing.clone());
        tokio::task::spawn_local(async move {
            // Whoever asked may leave at any time; that is no event for the job.
            answer(stream, stops, grown, typing).await.ok();
            drop(place);
        });
    }
}

async fn answer(
    stream: UnixStream,
    stops: mpsc::Sender<Stop>,
    mut grown: watch::Receiver<u64>,
    typing: Option<mpsc::Sender<Typed>>,
) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    send(&mut write, &Answer::Hello { protocol: PROTOCOL }).await?;
    let mut lines = BufReader::with_capacity(4096, read).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line) {
            Ok(Request::Stop { grace_ms, reason }) => {
                let stop = Stop { grace: Duration::from_millis(grace_ms), reason };
                stops.send(stop).await.ok();
                send(&mut write, &Answer::Ok).await?;
            }
            Ok(Request::Follow) => loop {
                let end = *grown.borrow_and_update();
                send(&mut write, &Answer::Grown(end)).await?;
                if grown.changed().await.is_err() {
                    return Ok(());
                }
            },
            Ok(Request::Type { bytes }) => {
                let answer = pass(typing.as_ref(), Typed::Bytes(bytes)).await;
                send(&mut write, &answer).await?;
            }
            Ok(Request::Resize { rows, columns }) => {
                let answer = pass(typing.as_ref(), Typed::Size { rows, columns }).await;
                send(&mut write, &answer).await?;
            }
            Err(error) => send(&mut write, &Answer::Error(error.to_string())).await?,
        }
    }
    Ok(())
}

/// To the job's terminal, as soon as there is room.
async fn pass(typing: Option<&mpsc::Sender<Typed>>, typed: Typed) -> Answer {
    match typing {
        Some(typing) if typing.send(typed).await.is_ok() => Answer::Ok,
        Some(_) => Answer::Error("the terminal is gone".into()),
        None => Answer::Error("this job has no terminal".into()),
    }
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    write.write_all(&line).await
}
