//! Who may come in, on the wire: signing in, users, tokens, browsers, the audit.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Signing in: with the code of an access link, or with a name and a password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SignIn {
    /// With the code of a link, which works once; or with a token.
    Code {
        /// The code.
        code: String,
    },
    /// With a password.
    Password {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
}

/// For whom a link is made.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct CreateLink {
    /// A user; the owner when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// Who makes the request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The name; `owner` is whoever holds the data directory.
    pub name: String,
    /// `viewer`, `reviewer`, `operator` or `admin`; a token's when it is less than its user's.
    pub role: String,
    /// How the log signs what they do.
    pub actor: String,
    /// What they came in with: `token`, `browser` or `network`.
    pub by: String,
    /// What they may do: `see`, `oneself`, `review`, `operate`, `administer`.
    pub may: Vec<String>,
    /// Whether they have a password.
    pub password: bool,
}

/// A new password of one's own.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangePassword {
    /// The one of before, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The new one: 10 to 256 characters.
    pub new: String,
}

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UserView {
    /// The name.
    pub name: String,
    /// `viewer`, `reviewer`, `operator` or `admin`.
    pub role: String,
    /// Whether they can sign in with a password.
    pub password: bool,
    /// Whether they are kept out for now.
    pub disabled: bool,
    /// Since when.
    pub created_at: String,
}

/// A new user.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct CreateUser {
    /// 1 to 64 characters of a-z, 0-9, `-`, `_`, `.`, `@`.
    pub name: String,
    /// `viewer`, `reviewer`, `operator` or `admin`.
    pub role: String,
    /// 10 to 256 characters; without one they come in by links (`sidekick link --user NAME`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// A change of a user; what is left out stays.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeUser {
    /// `viewer`, `reviewer`, `operator` or `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// A new password; every browser of the user has to sign in again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Whether they are kept out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A token, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// What it is revoked by.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// What it may do, as far as its user may.
    pub role: String,
    /// Since when.
    pub created_at: String,
    /// Until when; for good when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<String>,
}

/// A new token.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreateToken {
    /// What it is for: 1 to 64 characters.
    pub name: String,
    /// What it may do; one's own role when left out, never more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// For so many days; for good when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// A token that was just made; its secret is shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    /// What it is revoked by.
    pub id: String,
    /// For the header `Authorization: Bearer …`.
    pub secret: String,
}

/// A signed-in browser.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BrowserView {
    /// What it is signed out by.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// What the browser says that it is.
    pub program: String,
    /// Since when.
    pub created_at: String,
    /// When it was last seen, to the minute.
    pub seen_at: String,
    /// Until when.
    pub expires_at: String,
    /// Whether the request came from it.
    pub current: bool,
}

/// Something that somebody did, or tried to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Its number; they rise.
    pub number: i64,
    /// When.
    pub at: String,
    /// Who, as the log signs.
    pub actor: String,
    /// What: the method and route, `sign in`, `sign in refused`.
    pub action: String,
    /// On what.
    pub subject: String,
    /// What came of it, as HTTP says it.
    pub status: u16,
}

macro_rules! unprintable {
    ($($kind:ident),*) => {
        $(impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($kind), " (not shown: it holds a secret)"))
            }
        })*
    };
}
unprintable!(SignIn, ChangePassword, CreateUser, ChangeUser, NewToken);
