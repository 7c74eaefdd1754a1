//! Changes of who may come in: users, tokens, browsers. Each is in the database before it is answered, and in force with it.

use std::time::Instant;

use api::Problem;
use domain::access::complaint;
use domain::{Refusal, Role, Timestamp};
use store::access::{self, Browser, MOST_TOKENS, MOST_USERS, Token, User};
use store::{Error, Tx};

use super::{Access, Caller, OWNER, SIGNED_IN, code_of, password, secret};
use crate::error::{Failure, invalid};

/// A change of a user; what is `None` stays.
#[derive(Default)]
pub(crate) struct UserChange {
    pub(crate) role: Option<Role>,
    pub(crate) password: Option<String>,
    pub(crate) disabled: Option<bool>,
}

impl Access {
    async fn change<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Failure> {
        let _changing = self.changing.lock().await;
        let done = self.store.write(work).await?;
        self.look_again().await?;
        Ok(done)
    }

    /// Every user, by name.
    pub(crate) fn users(&self) -> Vec<User> {
        let mut users: Vec<_> = self.known().users.values().cloned().collect();
        users.sort_by(|a, b| a.name.cmp(&b.name));
        users
    }

    pub(crate) fn user(&self, name: &str) -> Result<User, Failure> {
        Ok(self.known().users.get(name).cloned().ok_or_else(|| missing("user", name))?)
    }

    pub(crate) async fn create_user(
        &self,
        name: String,
        role: Role,
        password: Option<String>,
        now: Timestamp,
    ) -> Result<User, Failure> {
        if let Some(complaint) = complaint(&name) {
            return Err(invalid(complaint));
        }
        let password = hashed(password).await?;
        let user = User { name, role, password, disabled: false, created_at: now };
        self.change(move |tx| {
            let known = access::users(tx)?;
            if known.iter().any(|one| one.name == user.name) {
                return Err(Refusal::Invalid("there is a user of that name already").into());
            }
            if known.len() >= MOST_USERS {
                return Err(
                    Refusal::Invalid("there are 500 users, which is the most: remove one first").into()
                );
            }
            access::put_user(tx, &user)?;
            Ok(user)
        })
        .await
    }

    /// Changes a user. With a new password, or kept out, they are signed out everywhere.
    pub(crate) async fn change_user(&self, name: String, change: UserChange) -> Result<User, Failure> {
        let password = hashed(change.password).await?;
        self.change(move |tx| {
            let user = access::users(tx)?.into_iter().find(|user| user.name == name);
            let mut user = user.ok_or_else(|| missing("user", &name))?;
            user.role = change.role.unwrap_or(user.role);
            user.disabled = change.disabled.unwrap_or(user.disabled);
            if password.is_some() || user.disabled {
                access::sign_out(tx, &name)?;
            }
            user.password = password.or(user.password);
            access::put_user(tx, &user)?;
            Ok(user)
        })
        .await
    }

    pub(crate) async fn remove_user(&self, name: String) -> Result<(), Failure> {
        self.change(move |tx| {
            access::remove_user(tx, &name)?.then_some(()).ok_or_else(|| missing("user", &name))
        })
        .await
    }

    /// The tokens that somebody may see: their own, or all.
    pub(crate) fn tokens(&self, caller: &Caller) -> Vec<Token> {
        let known = self.known();
        let mut tokens: Vec<_> =
            known.tokens.values().filter(|one| caller.may_change_of(&one.person)).cloned().collect();
        tokens.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(a.id.cmp(&b.id)));
        tokens
    }

    /// Makes a token of the caller's own; its id and secret.
    pub(crate) async fn create_token(
        &self,
        caller: &Caller,
        name: String,
        role: Role,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(String, String), Failure> {
        if !(1..=64).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(invalid("a token's name says what it is for, in 1 to 64 characters"));
        }
        if role > caller.role {
            let text = format!("a token may at most what you may: you are {}", caller.role);
            return Err(Failure::from(Problem::new(403, "forbidden", "Not allowed", text)));
        }
        let (secret, id) = fresh()?;
        let token = Token {
            id: id.clone(),
            code: code_of(&secret),
            name,
            person: caller.name.clone(),
            role,
            created_at: now,
            expires_at,
            used_at: None,
        };
        self.change(move |tx| {
            if access::tokens(tx)?.iter().filter(|one| one.person == token.person).count() >= MOST_TOKENS {
                let full = "you have 50 tokens, which is the most: revoke one first";
                return Err(Refusal::Invalid(full).into());
            }
            access::add_token(tx, &token)
        })
        .await?;
        Ok((id, secret))
    }

    pub(crate) async fn revoke_token(&self, caller: &Caller, id: String) -> Result<(), Failure> {
        if !self.tokens(caller).iter().any(|token| token.id == id) {
            return Err(missing("token", &id).into());
        }
        self.change(move |tx| access::remove_token(tx, &id).map(drop)).await
    }

    /// The browsers that somebody may see: their own, or all; the one seen last first.
    pub(crate) fn browsers(&self, caller: &Caller) -> Vec<Browser> {
        let known = self.known();
        let mut browsers: Vec<_> =
            known.browsers.values().filter(|one| caller.may_change_of(&one.person)).cloned().collect();
        let inner = self.lock();
        for one in &mut browsers {
            one.seen_at = inner.seen.get(&one.id).copied().unwrap_or(one.seen_at);
        }
        browsers.sort_by(|a, b| b.seen_at.cmp(&a.seen_at).then(a.id.cmp(&b.id)));
        browsers
    }

    pub(crate) async fn sign_out(&self, caller: &Caller, id: String) -> Result<(), Failure> {
        if !self.browsers(caller).iter().any(|browser| browser.id == id) {
            return Err(missing("browser", &id).into());
        }
        self.change(move |tx| access::remove_browser(tx, &id).map(drop)).await
    }

    /// Signs a browser in; its cookie's value.
    pub(crate) async fn sign_in(
        &self,
        person: &str,
        program: &str,
        now: Timestamp,
    ) -> Result<Option<String>, Failure> {
        if self.known().role_of(person).is_none() {
            return Ok(None);
        }
        let (secret, id) = fresh()?;
        let browser = Browser {
            id,
            code: code_of(&secret),
            person: person.to_owned(),
            program: program.chars().filter(|c| !c.is_control()).take(200).collect(),
            created_at: now,
            seen_at: now,
            expires_at: now.plus(SIGNED_IN),
        };
        self.change(move |tx| access::add_browser(tx, &browser)).await?;
        Ok(Some(secret))
    }

    /// Whether it is a user's password; refused without a look after too many wrong ones.
    pub(crate) async fn is_password_of(&self, name: &str, password: String) -> Result<bool, Failure> {
        let now = Instant::now();
        let name: String = name.chars().take(64).collect();
        {
            let mut inner = self.lock();
            if inner.passwords.are_too_many(&name, now) || !inner.all_passwords.count("", now) {
                return Err(too_often());
            }
            // Counted before it is known to be wrong, so that many at once are no way around it.
            inner.passwords.count(&name, now);
        }
        let user = self.known().users.get(&name).filter(|user| !user.disabled).cloned();
        let right = password::is_right(password, user.and_then(|user| user.password)).await;
        if right {
            self.lock().passwords.forget(&name);
        }
        Ok(right)
    }

    /// Whether there is such a person to make a link for.
    pub(crate) fn expect_person(&self, name: &str) -> Result<(), Failure> {
        if name == OWNER { Ok(()) } else { self.user(name).map(drop) }
    }
}

async fn hashed(new: Option<String>) -> Result<Option<String>, Failure> {
    let Some(new) = new else { return Ok(None) };
    if let Some(complaint) = password::complaint(&new) {
        return Err(invalid(complaint));
    }
    let broken = || Problem::new(500, "internal", "Internal error", "the password could not be hashed");
    Ok(Some(password::hash(new).await.ok_or_else(broken)?))
}

fn fresh() -> Result<(String, String), Failure> {
    let made = secret().and_then(|secret| Ok((secret, self::secret()?[..12].to_owned())));
    made.map_err(|error| {
        tracing::error!(%error, "no secret could be made");
        Failure::from(Problem::new(500, "internal", "Internal error", "no secret could be made"))
    })
}

fn missing(what: &'static str, id: &str) -> Error {
    Error::NotFound { what, id: id.to_owned() }
}

/// Too many wrong tries.
pub(crate) fn too_often() -> Failure {
    let detail = "too many wrong tries; wait a few minutes, or use an access link";
    Failure::from(Problem::new(429, "too_many_tries", "Too many wrong tries", detail))
}
