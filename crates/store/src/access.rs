//! Who may come in and with what: users, tokens, sessions of browsers; and the audit of what they did. Secrets are not here:
//! of a password its hash, of a token and a session a code over it.

use domain::{Role, Timestamp};

use crate::Error;
use crate::sql::{Row, Tx};

/// Users there may be.
pub const MOST_USERS: usize = 500;
/// Tokens there may be of one user.
pub const MOST_TOKENS: usize = 50;
/// Sessions of browsers kept of one user; the one seen longest ago goes first.
pub const MOST_BROWSERS: usize = 50;
/// Entries of the audit; the oldest go first.
pub const MOST_AUDIT: i64 = 100_000;
/// Entries of one page of it.
pub const AUDIT_PAGE: usize = 500;

/// A person who may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The password's hash; none when they come in by links or an identity of their network alone.
    pub password: Option<String>,
    /// Whether they are kept out for now.
    pub disabled: bool,
    /// Since when.
    pub created_at: Timestamp,
}

/// A token of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is called in lists; no secret.
    pub id: String,
    /// The code over the secret.
    pub code: String,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub person: String,
    /// What it may do, if its user may, too.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Browser {
    /// What it is called in lists; no secret.
    pub id: String,
    /// The code over the secret.
    pub code: String,
    /// Whose it is.
    pub person: String,
    /// What the browser says that it is.
    pub program: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last seen, to the minute.
    pub seen_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Something that somebody did, or tried to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Its place in the audit; set when it is written.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Who, as the log signs.
    pub actor: String,
    /// What: `POST /api/tasks/{id}/stop`, `sign in`.
    pub action: String,
    /// On what.
    pub subject: String,
    /// What came of it, as HTTP says it.
    pub status: u16,
}

/// Every user, by name.
pub fn users(tx: &mut Tx<'_>) -> Result<Vec<User>, Error> {
    let rows = tx.query(
        "SELECT name, role, password, disabled, created_at FROM users ORDER BY name LIMIT $1",
        &[MOST_USERS.into()],
    )?;
    rows.iter().map(user).collect()
}

/// Adds a user, or changes the one of that name.
pub fn put_user(tx: &mut Tx<'_>, user: &User) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO users (name, role, password, disabled, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) DO UPDATE SET role = excluded.role, password = excluded.password,
           disabled = excluded.disabled",
        &[
            (&user.name).into(),
            user.role.as_str().into(),
            user.password.as_deref().into(),
            user.disabled.into(),
            user.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Removes a user with their tokens and sessions; whether there was one.
pub fn remove_user(tx: &mut Tx<'_>, name: &str) -> Result<bool, Error> {
    sign_out(tx, name)?;
    tx.execute("DELETE FROM tokens WHERE person = $1", &[name.into()])?;
    Ok(tx.execute("DELETE FROM users WHERE name = $1", &[name.into()])? > 0)
}

/// Every token, the latest first.
pub fn tokens(tx: &mut Tx<'_>) -> Result<Vec<Token>, Error> {
    let rows = tx.query(
        "SELECT id, code, name, person, role, created_at, expires_at, used_at FROM tokens
         ORDER BY created_at DESC, id",
        &[],
    )?;
    rows.iter().map(token).collect()
}

/// Adds a token.
pub fn add_token(tx: &mut Tx<'_>, token: &Token) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO tokens (id, code, name, person, role, created_at, expires_at, used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            (&token.id).into(),
            (&token.code).into(),
            (&token.name).into(),
            (&token.person).into(),
            token.role.as_str().into(),
            token.created_at.into(),
            token.expires_at.into(),
            token.used_at.into(),
        ],
    )?;
    Ok(())
}

/// Revokes a token; whether there was one.
pub fn remove_token(tx: &mut Tx<'_>, id: &str) -> Result<bool, Error> {
    Ok(tx.execute("DELETE FROM tokens WHERE id = $1", &[id.into()])? > 0)
}

/// Every session of a browser, the latest first.
pub fn browsers(tx: &mut Tx<'_>) -> Result<Vec<Browser>, Error> {
    let rows = tx.query(
        "SELECT id, code, person, program, created_at, seen_at, expires_at FROM browsers
         ORDER BY seen_at DESC, id",
        &[],
    )?;
    rows.iter().map(browser).collect()
}

/// Adds a session. What expired goes, and of too many of a user's those seen longest ago.
pub fn add_browser(tx: &mut Tx<'_>, browser: &Browser) -> Result<(), Error> {
    tx.execute("DELETE FROM browsers WHERE expires_at <= $1", &[browser.created_at.into()])?;
    tx.execute(
        "INSERT INTO browsers (id, code, person, program, created_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&browser.id).into(),
            (&browser.code).into(),
            (&browser.person).into(),
            (&browser.program).into(),
            browser.created_at.into(),
            browser.seen_at.into(),
            browser.expires_at.into(),
        ],
    )?;
    tx.execute(
        "DELETE FROM browsers WHERE person = $1 AND id NOT IN
           (SELECT id FROM browsers WHERE person = $1 ORDER BY seen_at DESC, created_at DESC LIMIT $2)",
        &[(&browser.person).into(), MOST_BROWSERS.into()],
    )?;
    Ok(())
}

/// Ends a session; whether there was one.
pub fn remove_browser(tx: &mut Tx<'_>, id: &str) -> Result<bool, Error> {
    Ok(tx.execute("DELETE FROM browsers WHERE id = $1", &[id.into()])? > 0)
}

/// Ends every session of a user.
pub fn sign_out(tx: &mut Tx<'_>, person: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM browsers WHERE person = $1", &[person.into()])?;
    Ok(())
}

/// Notes that a token or a session was used.
pub fn seen(tx: &mut Tx<'_>, id: &str, at: Timestamp) -> Result<(), Error> {
    tx.execute("UPDATE tokens SET used_at = $2 WHERE id = $1", &[id.into(), at.into()])?;
    tx.execute("UPDATE browsers SET seen_at = $2 WHERE id = $1", &[id.into(), at.into()])?;
    Ok(())
}

/// Writes an entry of the audit; its number.
pub fn audit(tx: &mut Tx<'_>, entry: &Audited) -> Result<i64, Error> {
    let last = tx.query_one("SELECT COALESCE(MAX(number), 0) FROM audit", &[])?;
    let number = last.map_or(Ok(0), |row| row.int(0))? + 1;
    tx.execute(
        "INSERT INTO audit (number, at, actor, action, subject, status) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            number.into(),
            entry.at.into(),
            (&entry.actor).into(),
            (&entry.action).into(),
            (&entry.subject).into(),
            i64::from(entry.status).into(),
        ],
    )?;
    tx.execute("DELETE FROM audit WHERE number <= $1", &[(number - MOST_AUDIT).into()])?;
    Ok(number)
}

/// The audit, the latest first, of what is before an entry.
pub fn audited(tx: &mut Tx<'_>, before: Option<i64>, limit: usize) -> Result<Vec<Audited>, Error> {
    let rows = tx.query(
        "SELECT number, at, actor, action, subject, status FROM audit WHERE number < $1
         ORDER BY number DESC LIMIT $2",
        &[before.unwrap_or(i64::MAX).into(), limit.min(AUDIT_PAGE + 1).into()],
    )?;
    let entry = |row: &Row| {
        Ok(Audited {
            number: row.int(0)?,
            at: row.at(1)?,
            actor: row.text(2)?,
            action: row.text(3)?,
            subject: row.text(4)?,
            status: u16::try_from(row.u32(5)?).unwrap_or_default(),
        })
    };
    rows.iter().map(entry).collect()
}

fn user(row: &Row) -> Result<User, Error> {
    Ok(User {
        name: row.text(0)?,
        role: row.word(1, Role::parse)?,
        password: row.opt_text(2)?,
        disabled: row.int(3)? != 0,
        created_at: row.at(4)?,
    })
}

fn token(row: &Row) -> Result<Token, Error> {
    Ok(Token {
        id: row.text(0)?,
        code: row.text(1)?,
        name: row.text(2)?,
        person: row.text(3)?,
        role: row.word(4, Role::parse)?,
        created_at: row.at(5)?,
        expires_at: row.opt_at(6)?,
        used_at: row.opt_at(7)?,
    })
}

fn browser(row: &Row) -> Result<Browser, Error> {
    Ok(Browser {
        id: row.text(0)?,
        code: row.text(1)?,
        person: row.text(2)?,
        program: row.text(3)?,
        created_at: row.at(4)?,
        seen_at: row.at(5)?,
        expires_at: row.at(6)?,
    })
}
