//! Passes: what a run shows when it asks something of the daemon. A pass is the run's id with a code over it, made
//! with a secret of the data directory, so that a daemon that restarts knows those of runs that live on.
//!
//! A pass says who asks, not that it may: whoever takes one looks whether the run lives.

use std::io;
use std::path::Path;

use domain::RunId;

use crate::secret::Secret;

/// The file of the secret, in the data directory.
const FILE: &str = "passes.key";
/// What its codes are for.
const PURPOSE: &str = "run";

/// Makes and reads passes.
pub(crate) struct Passes {
    secret: Secret,
}

impl Passes {
    /// With the data directory's secret, which is made if there is none.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        Ok(Self { secret: Secret::open(data_dir, FILE)? })
    }

    /// The pass of a run.
    pub(crate) fn of(&self, run: RunId) -> String {
        format!("{run}.{}", self.secret.code(PURPOSE, &run.to_string()))
    }

    /// The run whose pass this is; compared in constant time.
    pub(crate) fn run_of(&self, pass: &str) -> Option<RunId> {
        let (run, code) = pass.split_once('.')?;
        let run: RunId = run.parse().ok()?;
        self.secret.is_code(PURPOSE, &run.to_string(), code).then_some(run)
    }
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
