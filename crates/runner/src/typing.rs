//! Typing into the terminal of a job, over its shim's socket.

use std::io;
use std::path::Path;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::job;
use crate::shim::Request;

/// The longest answer of a shim.
const MOST_ANSWER: u64 = 16 * 1024;

/// A connection to a job's terminal. What the job shows is in its spool ([`crate::Follower`]).
#[derive(Debug)]
pub struct Typing(BufReader<UnixStream>);

impl Typing {
    /// Connects; an error while the job's shim does not listen yet, or any more.
    pub async fn connect(dir: &Path) -> io::Result<Self> {
        let mut typing = Self(BufReader::new(job::connect(dir).await?));
        // The greeting.
        typing.line().await?;
        Ok(typing)
    }

    /// Passes keys on; returns when the job's terminal has room for more.
    pub async fn keys(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.ask(&Request::Type { bytes: bytes.to_owned() }).await
    }

    /// Says how large the terminal is.
    pub async fn resize(&mut self, rows: u16, columns: u16) -> io::Result<()> {
        self.ask(&Request::Resize { rows, columns }).await
    }

    async fn ask(&mut self, request: &Request) -> io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.0.write_all(&line).await?;
        let answer = self.line().await?;
        if answer.contains("error") { Err(io::Error::other(answer)) } else { Ok(()) }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        let n = (&mut self.0).take(MOST_ANSWER).read_line(&mut line).await?;
        if n == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(line) }
    }
}
