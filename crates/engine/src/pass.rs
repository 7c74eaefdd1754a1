//! Passes: what a run shows when it asks something of the daemon. A pass is the run's id with a code over it, made
//! with a secret of the data directory, so that a daemon that restarts knows those of runs that live on.
//!
//! A pass says who asks, not that it may: whoever takes one looks whether the run lives.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use domain::RunId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The file of the secret, in the data directory.
const FILE: &str = "passes.key";
/// Its length in bytes: a block of the hash.
const LENGTH: usize = 64;

/// Makes and reads passes. The secret is never printed.
pub(crate) struct Passes {
    secret: [u8; LENGTH],
}

impl Passes {
    /// With the data directory's secret, which is made if there is none.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        let file = data_dir.join(FILE);
        match std::fs::read(&file) {
            Ok(bytes) => {
                let secret = <[u8; LENGTH]>::try_from(bytes.as_slice());
                let secret = secret.map_err(|_| {
                    io::Error::other(format!("{} is not ours; remove it, then start again", file.display()))
                })?;
                Ok(Self { secret })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut secret = [0; LENGTH];
                std::fs::File::open("/dev/urandom")?.read_exact(&mut secret)?;
                let next = file.with_extension("new");
                let mut open = OpenOptions::new();
                let mut whole = open.write(true).create(true).truncate(true).mode(0o600).open(&next)?;
                whole.write_all(&secret)?;
                whole.sync_all()?;
                std::fs::rename(next, file)?;
                Ok(Self { secret })
            }
            Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
        }
    }

    /// The pass of a run.
    pub(crate) fn of(&self, run: RunId) -> String {
        let code = self.code(run).finalize().into_bytes();
        code.iter().fold(format!("{run}."), |text, byte| text + &format!("{byte:02x}"))
    }

    /// The run whose pass this is; compared in constant time.
    pub(crate) fn run_of(&self, pass: &str) -> Option<RunId> {
        let (run, code) = pass.split_once('.')?;
        let run: RunId = run.parse().ok()?;
        self.code(run).verify_slice(&bytes(code)?).ok()?;
        Some(run)
    }

    fn code(&self, run: RunId) -> Hmac<Sha256> {
        let mut code = Hmac::new(&self.secret.into());
        code.update(b"run ");
        code.update(run.to_string().as_bytes());
        code
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_pass_is_one_runs_and_outlives_the_daemon() {
        let dir = tempfile::tempdir().unwrap();
        let passes = Passes::open(dir.path()).unwrap();
        let (run, other) = (RunId::new(crate::clock::now()), RunId::new(crate::clock::now()));
        let pass = passes.of(run);
        assert_eq!(passes.run_of(&pass), Some(run));
        assert_eq!(Passes::open(dir.path()).unwrap().run_of(&pass), Some(run), "after a restart");
        let code = pass.split_once('.').unwrap().1;
        for forged in [
            format!("{other}.{code}"),
            format!("{run}.{}", "0".repeat(64)),
            format!("{run}."),
            format!("{run}.{}", &code[..62]),
            run.to_string(),
            String::new(),
        ] {
            assert_eq!(passes.run_of(&forged), None, "{forged}");
        }
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let elsewhere = tempfile::tempdir().unwrap();
        assert_eq!(Passes::open(elsewhere.path()).unwrap().run_of(&pass), None, "another secret");
        std::fs::write(dir.path().join(FILE), "short").unwrap();
        assert!(Passes::open(dir.path()).is_err(), "never with half a secret");
    }
}
