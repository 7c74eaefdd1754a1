//! Errors at the edge: whose fault it is decides the exit code; a hint says what to do.

use std::process::ExitCode;

/// The exit codes that tests and scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The work failed.
    Failed = 1,
    /// Bad usage, configuration or input.
    Usage = 2,
    /// There is no such thing.
    NotFound = 4,
}

/// Something a command ends with.
#[derive(Debug)]
pub(crate) struct Error {
    /// Whose fault.
    pub(crate) exit: Exit,
    /// One sentence.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

/// A command's result.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Wrong usage, configuration or input.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hint: None }
    }

    /// It was tried and did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), hint: None }
    }

    /// With what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl From<api::ClientError> for Error {
    fn from(error: api::ClientError) -> Self {
        match error {
            api::ClientError::Problem(problem) => Self {
                exit: match problem.status {
                    404 => Exit::NotFound,
                    500.. => Exit::Failed,
                    _ => Exit::Usage,
                },
                message: problem.detail,
                hint: problem.hint,
            },
            unreachable @ api::ClientError::Unreachable { .. } => Self::failed(unreachable.to_string())
                .hint("Look at the daemon's terminal or log; `sidekick doctor` checks this machine."),
        }
    }
}

impl From<engine::Error> for Error {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Unclear(unclear) => Self::usage(unclear.to_string()),
            other => Self::failed(other.to_string()),
        }
    }
}
