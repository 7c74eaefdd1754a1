//! The spool: everything a job said, in the order it came, as frames appended to one file.
//!
//! A frame is a header of 16 bytes (length u32, kind u8, three zero bytes, Unix milliseconds i64, all
//! little endian) and its payload. Reading is total: a torn tail is the end for now, anything that is no
//! frame is an error value.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

const HEADER: usize = 16;

/// The longest payload.
pub const MOST_PAYLOAD: usize = 64 * 1024;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A note of the shim itself, as JSON.
    Note,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
            Self::Note => 3,
        }
    }

    fn parse(code: u8) -> Option<Self> {
        [Self::Stdout, Self::Stderr, Self::Note].into_iter().find(|kind| kind.code() == code)
    }
}

/// A piece of what a job said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// When it came, in Unix milliseconds.
    pub at_ms: i64,
    /// The bytes, exactly.
    pub payload: Vec<u8>,
}

/// Appends frames.
#[derive(Debug)]
pub(crate) struct Writer {
    file: File,
    /// Where the next frame goes.
    pub(crate) end: u64,
}

impl Writer {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        let end = file.metadata()?.len();
        Ok(Self { file, end })
    }

    /// Appends `bytes` as one frame or several.
    pub(crate) fn append(&mut self, kind: Kind, at_ms: i64, bytes: &[u8]) -> io::Result<()> {
        for payload in bytes.chunks(MOST_PAYLOAD) {
            let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
            let mut frame = Vec::with_capacity(HEADER + payload.len());
            frame.extend_from_slice(&length.to_le_bytes());
            frame.extend_from_slice(&[kind.code(), 0, 0, 0]);
            frame.extend_from_slice(&at_ms.to_le_bytes());
            frame.extend_from_slice(payload);
            self.file.write_all(&frame)?;
            self.end += frame.len() as u64;
        }
        Ok(())
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Reads whole frames from `offset`, about `most` bytes of them. Returns them and where to go on; no
/// frames means that there is no whole one yet.
pub fn read(path: &Path, offset: u64, most: usize) -> io::Result<(Vec<Frame>, u64)> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), offset)),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    // Room for one whole frame beyond the bound, so that a frame is never too long to be read.
    file.take((most + HEADER + MOST_PAYLOAD) as u64).read_to_end(&mut bytes)?;
    let (frames, used) = parse(&bytes, most)?;
    Ok((frames, offset + used as u64))
}

/// The whole frames at the beginning of `bytes`, and how many bytes they take.
fn parse(bytes: &[u8], most: usize) -> io::Result<(Vec<Frame>, usize)> {
    let mut frames = Vec::new();
    let mut used = 0;
    while used < most
        && let Some((header, rest)) = bytes[used..].split_first_chunk::<HEADER>()
    {
        let [l0, l1, l2, l3, code, _, _, _, t0, t1, t2, t3, t4, t5, t6, t7] = *header;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        // Zeroes are what a power failure leaves where data was not yet on disk: the end.
        if length == 0 && code == 0 {
            break;
        }
        let kind = Kind::parse(code).filter(|_| length <= MOST_PAYLOAD);
        let kind =
            kind.ok_or_else(|| io::Error::other(format!("the spool is damaged at byte {used} of a page")))?;
        let Some(payload) = rest.get(..length) else { break };
        let at_ms = i64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]);
        frames.push(Frame { kind, at_ms, payload: payload.to_vec() });
        used += HEADER + length;
    }
    Ok((frames, used))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_in_pages_of_any_size(
            pieces in proptest::collection::vec((0u8..3, proptest::collection::vec(any::<u8>(), 1..300)), 0..30),
            most in 1usize..2000,
            torn in 0usize..50,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("spool");
            let mut writer = Writer::open(&path).unwrap();
            let kinds = [Kind::Stdout, Kind::Stderr, Kind::Note];
            for (kind, bytes) in &pieces {
                writer.append(kinds[usize::from(*kind)], 7, bytes).unwrap();
            }
            // A writer that dies in the middle of a frame leaves a torn tail.
            let mut torn_frame = vec![200, 0, 0, 0, 1, 0, 0, 0];
            torn_frame.resize(torn, 9);
            torn_frame.truncate(torn);
            std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&torn_frame).unwrap();
            let (mut read_back, mut offset) = (Vec::new(), 0);
            loop {
                let (frames, next) = read(&path, offset, most).unwrap();
                if frames.is_empty() {
                    break;
                }
                offset = next;
                read_back.extend(frames.into_iter().map(|frame| (frame.kind, frame.payload)));
            }
            let expected: Vec<_> =
                pieces.into_iter().map(|(kind, bytes)| (kinds[usize::from(kind)], bytes)).collect();
            prop_assert_eq!(read_back, expected);
        }

        #[test]
        fn any_bytes_are_an_answer_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            drop(parse(&bytes, 1000));
        }
    }
}
