//! Who may come in: the token of the data directory, tokens of users, browsers that signed in, identities of a tailnet.
//!
//! The data directory's token is for programs of the same person (it lies in a file only they can read); whoever has it is
//! the *owner*, an admin. A browser gets a session: a one-time code in a link's fragment, or a name and a password, is
//! exchanged for a cookie that scripts cannot read. What is shown is looked up by a code over it in a picture of the
//! database in memory, which is made anew with every change. Not here: what a role may do (`domain::access`), what a route
//! needs ([`crate::permissions`]).

mod caller;
pub(crate) mod password;
pub(crate) mod people;
pub(crate) mod tailnet;
mod tries;

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::{Actor, Role, Timestamp};
use sha2::{Digest, Sha256};
use store::access::{Audited, Browser, Token, User};
use store::{Store, access};
use subtle::ConstantTimeEq;

pub(crate) use caller::{By, Caller, not_signed_in};
pub use tailnet::Tailnet;
use tries::Tries;

/// The cookie's name.
pub(crate) const COOKIE: &str = "sidekick_session";
/// Whoever holds the data directory.
pub(crate) const OWNER: &str = "owner";
/// One-time codes not yet used.
const MOST_CODES: usize = 20;
/// How long a browser stays signed in.
pub(crate) const SIGNED_IN: Duration = Duration::from_hours(24 * 90);
/// When something was used is noted no more often than this.
const NOTED: Duration = Duration::from_mins(1);

/// How people reach the daemon, other than by its own address.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// The address of a proxy before it that encrypts: `https://sidekick.example`.
    pub public_url: Option<String>,
    /// The tailnet whose identities are known.
    pub tailnet: Option<Tailnet>,
}

/// The secrets that open the door. Never printed.
pub struct Access {
    token: String,
    store: Store,
    ways: Ways,
    whois: tailnet::Whois,
    known: RwLock<Arc<Known>>,
    /// Held from a change to the picture that shows it.
    changing: tokio::sync::Mutex<()>,
    inner: Mutex<Inner>,
}

/// The picture of the database.
#[derive(Default)]
struct Known {
    users: HashMap<String, User>,
    tokens: HashMap<String, Token>,
    browsers: HashMap<String, Browser>,
}

impl Known {
    /// What a person may do; `None` for one who is kept out or not there.
    fn role_of(&self, person: &str) -> Option<Role> {
        if person == OWNER {
            return Some(Role::Admin);
        }
        self.users.get(person).filter(|user| !user.disabled).map(|user| user.role)
    }
}

struct Inner {
    /// One-time codes and whose they are.
    codes: VecDeque<(String, String)>,
    wrong: Tries,
    passwords: Tries,
    all_passwords: Tries,
    seen: HashMap<String, Timestamp>,
}

/// What a request showed.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// A token: its holder's own program.
    Token(Caller),
    /// A cookie, which a browser sends along by itself.
    Browser(Caller),
    /// Nothing.
    Nothing,
    /// Something wrong.
    Wrong,
    /// Something wrong, too often.
    TooOften,
}

impl Access {
    /// Reads the data directory's token, or makes one; and who else may come in.
    pub async fn open(data_dir: &Path, store: Store, ways: Ways) -> io::Result<Self> {
        let token_file = data_dir.join("token");
        let token = match std::fs::read_to_string(&token_file) {
            Ok(text) if text.trim().len() >= 32 => text.trim().to_owned(),
            _ => {
                let token = secret()?;
                write_private(&token_file, &token)?;
                token
            }
        };
        // Sessions were kept there, readable, before they came into the database.
        std::fs::remove_file(data_dir.join("sessions")).ok();
        let inner = Inner {
            codes: VecDeque::new(),
            wrong: Tries::new(20, Duration::from_mins(1)),
            passwords: Tries::new(10, Duration::from_mins(15)),
            all_passwords: Tries::new(60, Duration::from_mins(1)),
            seen: HashMap::new(),
        };
        let access = Self {
            token,
            store,
            whois: tailnet::Whois::default(),
            ways,
            known: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
            inner: Mutex::new(inner),
        };
        access.look_again().await.map_err(io::Error::other)?;
        Ok(access)
    }

    /// How people reach the daemon.
    pub(crate) fn ways(&self) -> &Ways {
        &self.ways
    }

    /// A new one-time code for the owner.
    pub fn code(&self) -> io::Result<String> {
        self.code_for(OWNER)
    }

    pub(crate) fn code_for(&self, person: &str) -> io::Result<String> {
        let code = secret()?;
        let mut inner = self.lock();
        inner.codes.push_back((code.clone(), person.to_owned()));
        while inner.codes.len() > MOST_CODES {
            inner.codes.pop_front();
        }
        Ok(code)
    }

    /// Whose a code is, which is used up with that; or the holder of a token.
    pub(crate) fn redeem(&self, code: &str) -> Option<String> {
        let mut inner = self.lock();
        if let Some(place) = inner.codes.iter().position(|(known, _)| same(known, code)) {
            return inner.codes.remove(place).map(|(_, person)| person);
        }
        same(&self.token, code).then(|| OWNER.to_owned())
    }

    /// Who showed a bearer token or a cookie.
    pub(crate) fn shown(&self, bearer: Option<&str>, cookie: Option<&str>, now: Timestamp) -> Shown {
        if bearer.is_some_and(|token| same(&self.token, token)) {
            return Shown::Token(Caller::owner());
        }
        let known = self.known();
        let token = bearer.and_then(|token| known.tokens.get(&code_of(token)));
        if let Some(token) = token.filter(|token| token.expires_at.is_none_or(|at| now < at))
            && let Some(role) = known.role_of(&token.person)
        {
            self.note_seen(&token.id, token.used_at, now);
            return Shown::Token(Caller::new(
                &token.person,
                role.min(token.role),
                By::Token(token.id.clone()),
            ));
        }
        let browser = cookie.and_then(|cookie| known.browsers.get(&code_of(cookie)));
        if let Some(browser) = browser.filter(|browser| now < browser.expires_at)
            && let Some(role) = known.role_of(&browser.person)
        {
            self.note_seen(&browser.id, Some(browser.seen_at), now);
            return Shown::Browser(Caller::new(&browser.person, role, By::Browser(browser.id.clone())));
        }
        match bearer {
            None => Shown::Nothing,
            Some(_) if self.wrong_try() => Shown::TooOften,
            Some(_) => Shown::Wrong,
        }
    }

    /// Who a peer is in the tailnet, if identities of one are known here and the peer has a role.
    pub(crate) async fn of_network(&self, peer: std::net::SocketAddr) -> Option<Caller> {
        let (name, role) = self.whois.role_of(self.ways.tailnet.as_ref()?, peer).await?;
        Some(Caller::new(&name, role, By::Network))
    }

    /// Notes that something wrong was tried; whether that was too often lately.
    pub(crate) fn wrong_try(&self) -> bool {
        !self.lock().wrong.count("", Instant::now())
    }

    /// Writes what somebody did into the audit.
    pub(crate) async fn audit(&self, actor: &Actor, action: &str, subject: &str, status: u16) {
        let short = |text: &str| text.chars().take(200).collect::<String>();
        let entry = Audited {
            number: 0,
            at: engine::clock::now(),
            actor: actor.to_string(),
            action: short(action),
            subject: short(subject),
            status,
        };
        if let Err(error) = self.store.write(move |tx| access::audit(tx, &entry)).await {
            tracing::error!(%error, "what somebody did could not be written into the audit");
        }
    }

    fn note_seen(&self, id: &str, before: Option<Timestamp>, now: Timestamp) {
        let mut inner = self.lock();
        let before = inner.seen.get(id).copied().or(before);
        if before.is_some_and(|before| now < before.plus(NOTED)) {
            return;
        }
        inner.seen.insert(id.to_owned(), now);
        let (store, id) = (self.store.clone(), id.to_owned());
        tokio::spawn(async move {
            // When something was used last is a comfort; the request itself does not wait for it.
            store.write(move |tx| access::seen(tx, &id, now)).await.ok();
        });
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the picture anew.
    async fn look_again(&self) -> Result<(), store::Error> {
        let read = self.store.read(|tx| Ok((access::users(tx)?, access::tokens(tx)?, access::browsers(tx)?)));
        let (users, tokens, browsers) = read.await?;
        let known = Known {
            users: users.into_iter().map(|user| (user.name.clone(), user)).collect(),
            tokens: tokens.into_iter().map(|token| (token.code.clone(), token)).collect(),
            browsers: browsers.into_iter().map(|browser| (browser.code.clone(), browser)).collect(),
        };
        let ids = known.tokens.values().map(|one| &one.id).chain(known.browsers.values().map(|one| &one.id));
        let ids: std::collections::HashSet<_> = ids.cloned().collect();
        self.lock().seen.retain(|id, _| ids.contains(id));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn same(known: &str, shown: &str) -> bool {
    known.as_bytes().ct_eq(shown.as_bytes()).into()
}

/// What is kept of a secret, and looked up. The secrets are 256 random bits: no salt would add to them.
fn code_of(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
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
