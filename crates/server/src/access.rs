//! Who may come in: the token of the data directory, sessions made from one-time links.
//!
//! The token is for programs of the same person (it lies in a file only they can read). A browser gets a
//! session: a one-time code in the link's fragment is exchanged for a cookie that scripts cannot read.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::{Actor, Role};
use subtle::ConstantTimeEq;

use crate::error::Failure;

/// The cookie's name.
pub(crate) const COOKIE: &str = "sidekick_session";
/// Sessions kept; the oldest goes first.
const MOST_SESSIONS: usize = 50;
/// One-time codes not yet used.
const MOST_CODES: usize = 20;
/// Wrong tries in [`WINDOW`] after which wrong tries are not even looked at.
const MOST_WRONG: usize = 20;
const WINDOW: Duration = Duration::from_mins(1);

/// Who makes a request, as the guard found it: handlers take it and sign with it. What its headers claim plays no part.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) role: Role,
}

impl Caller {
    /// Whoever holds the data directory's token.
    pub(crate) fn owner() -> Self {
        Self { actor: Actor::owner(), role: Role::Admin }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get().cloned().ok_or_else(not_signed_in)
    }
}

/// No credentials, or wrong ones.
pub(crate) fn not_signed_in() -> Failure {
    let detail = "the request carries no valid token or session";
    Failure::from(
        Problem::new(401, "unauthorized", "Not signed in", detail).hint(
            "Open the access link that `sidekick serve` printed, or run `sidekick link` for a new one.",
        ),
    )
}

/// The secrets that open the door. Never printed.
pub struct Access {
    token: String,
    sessions_file: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    sessions: VecDeque<String>,
    codes: VecDeque<String>,
    wrong: VecDeque<Instant>,
}

impl Inner {
    /// Notes a wrong try; whether there were too many lately.
    fn is_too_much(&mut self) -> bool {
        let now = Instant::now();
        self.wrong.retain(|at| now.duration_since(*at) < WINDOW);
        if self.wrong.len() >= MOST_WRONG {
            return true;
        }
        self.wrong.push_back(now);
        false
    }
}

/// What a request showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The token.
    Token,
    /// A session's cookie.
    Session,
    /// Nothing, or something wrong.
    Nothing,
    /// Something wrong, too often.
    TooOften,
}

impl Access {
    /// Reads the data directory's token, or makes one.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let token_file = data_dir.join("token");
        let token = match std::fs::read_to_string(&token_file) {
            Ok(text) if text.trim().len() >= 32 => text.trim().to_owned(),
            _ => {
                let token = secret()?;
                write_private(&token_file, &token)?;
                token
            }
        };
        let sessions_file = data_dir.join("sessions");
        let known = std::fs::read_to_string(&sessions_file).unwrap_or_default();
        let sessions = known.lines().filter(|line| line.len() >= 32).map(String::from).collect();
        let inner = Mutex::new(Inner { sessions, ..Inner::default() });
        Ok(Self { token, sessions_file, inner })
    }

    /// A new one-time code.
    pub fn code(&self) -> io::Result<String> {
        let code = secret()?;
        let mut inner = self.lock();
        inner.codes.push_back(code.clone());
        while inner.codes.len() > MOST_CODES {
            inner.codes.pop_front();
        }
        Ok(code)
    }

    /// Exchanges a code, or the token itself, for a session.
    pub(crate) fn session(&self, code: &str) -> io::Result<Option<String>> {
        let mut inner = self.lock();
        let known = inner.codes.iter().position(|known| same(known, code));
        match known {
            Some(place) => drop(inner.codes.remove(place)),
            None if same(&self.token, code) => {}
            None => {
                inner.wrong.push_back(Instant::now());
                return Ok(None);
            }
        }
        let session = secret()?;
        inner.sessions.push_back(session.clone());
        while inner.sessions.len() > MOST_SESSIONS {
            inner.sessions.pop_front();
        }
        let text: Vec<_> = inner.sessions.iter().map(String::as_str).collect();
        write_private(&self.sessions_file, &text.join("\n"))?;
        Ok(Some(session))
    }

    pub(crate) fn shown(&self, bearer: Option<&str>, cookie: Option<&str>) -> Shown {
        if bearer.is_some_and(|token| same(&self.token, token)) {
            return Shown::Token;
        }
        let mut inner = self.lock();
        if cookie.is_some_and(|cookie| inner.sessions.iter().any(|known| same(known, cookie))) {
            return Shown::Session;
        }
        if bearer.is_none() {
            return Shown::Nothing;
        }
        if inner.is_too_much() { Shown::TooOften } else { Shown::Nothing }
    }

    /// Notes that something wrong was tried; whether that was too often lately.
    pub(crate) fn wrong_try(&self) -> bool {
        self.lock().is_too_much()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn same(known: &str, shown: &str) -> bool {
    known.as_bytes().ct_eq(shown.as_bytes()).into()
}

/// 256 random bits, as hexadecimal.
fn secret() -> io::Result<String> {
    let mut bytes = [0u8; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let next = path.with_extension("new");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(next, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_work_once_and_sessions_survive_a_restart() {
        let dir = std::env::temp_dir().join(format!("sidekick-access-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let access = Access::open(&dir).unwrap();
        let code = access.code().unwrap();
        let session = access.session(&code).unwrap().unwrap();
        assert_eq!(access.session(&code).unwrap(), None, "used up");
        let again = Access::open(&dir).unwrap();
        assert_eq!(again.shown(None, Some(&session)), Shown::Session);
        assert_eq!(again.shown(Some(&access.token), None), Shown::Token);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn guessing_is_not_looked_at_after_a_while_but_the_token_still_works() {
        let dir = std::env::temp_dir().join(format!("sidekick-guess-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let access = Access::open(&dir).unwrap();
        let answers: Vec<_> = (0..25).map(|n| access.shown(Some(&format!("guess{n}")), None)).collect();
        assert_eq!(answers[19], Shown::Nothing);
        assert_eq!(answers[20], Shown::TooOften);
        assert_eq!(access.shown(Some(&access.token), None), Shown::Token);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
