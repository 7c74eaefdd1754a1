//! Secrets of the data directory: random bytes in a file that only their owner can read, made when there is none; and codes
//! that only who has them can make. Never printed.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret's length in bytes: a block of the hash.
const LENGTH: usize = 64;

/// A secret.
pub(crate) struct Secret([u8; LENGTH]);

impl Secret {
    /// The one in `file` of the data directory.
    pub(crate) fn open(data_dir: &Path, file: &str) -> io::Result<Self> {
        let file = data_dir.join(file);
        match std::fs::read(&file) {
            Ok(bytes) => {
                let secret = <[u8; LENGTH]>::try_from(bytes.as_slice());
                let secret = secret.map_err(|_| {
                    io::Error::other(format!("{} is not ours; remove it, then start again", file.display()))
                })?;
                Ok(Self(secret))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = random()?;
                let next = file.with_extension("new");
                let mut open = OpenOptions::new();
                let mut whole = open.write(true).create(true).truncate(true).mode(0o600).open(&next)?;
                whole.write_all(&secret)?;
                whole.sync_all()?;
                std::fs::rename(next, file)?;
                Ok(Self(secret))
            }
            Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
        }
    }

    /// The code over words for a purpose, as hexadecimal.
    pub(crate) fn code(&self, purpose: &str, words: &str) -> String {
        hexadecimal(&self.over(purpose, words).finalize().into_bytes())
    }

    /// Whether that is the code; compared in constant time.
    pub(crate) fn is_code(&self, purpose: &str, words: &str, code: &str) -> bool {
        bytes(code).is_some_and(|code| self.over(purpose, words).verify_slice(&code).is_ok())
    }

    fn over(&self, purpose: &str, words: &str) -> Hmac<Sha256> {
        let mut code = Hmac::new(&self.0.into());
        code.update(purpose.as_bytes());
        code.update(b" ");
        code.update(words.as_bytes());
        code
    }
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
