//! Who acts, and what they may: actors as the log signs them, the roles of people, and the one table that says which
//! role has which permission. Who somebody is, is found out elsewhere (crate `server`).

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name of a user.
pub const MOST_NAME: usize = 64;

/// Who did something, as the log signs it: `person:owner`, `agent:claude`, `policy`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(Arc<str>);

impl Actor {
    /// Whoever holds the data directory.
    pub fn owner() -> Self {
        Self("person:owner".into())
    }

    /// A person of that name.
    pub fn person(name: &str) -> Self {
        Self(format!("person:{name}").into())
    }

    /// As it is signed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Actor {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Actor {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person is here; each may all that those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Decides about finished work, and answers questions.
    Reviewer,
    /// Gives tasks, stops them, changes the plan.
    Operator,
    /// Changes the settings and who may come in.
    Admin,
}

impl Role {
    /// All, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Reviewer, Self::Operator, Self::Admin];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether this role may do what needs that permission. The whole table: nothing else decides it.
    pub const fn may(self, permission: Permission) -> bool {
        self as u8 >= permission.least() as u8
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = || Self::ALL.map(Self::as_str).join(", ");
        Self::parse(text).ok_or_else(|| format!("`{text}` is no role; roles are {}", words()))
    }
}

/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// To look at tasks, plans, accounts.
    See,
    /// To change what is one's own: password, tokens, sessions.
    Oneself,
    /// To approve, discard, send back, answer, remark.
    Review,
    /// To give tasks, stop them, change the plan, switch accounts.
    Operate,
    /// To change settings and users, to read the audit.
    Administer,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::See, Self::Oneself, Self::Review, Self::Operate, Self::Administer];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Oneself => "oneself",
            Self::Review => "review",
            Self::Operate => "operate",
            Self::Administer => "administer",
        }
    }

    /// The least role that has it.
    pub const fn least(self) -> Role {
        match self {
            Self::See | Self::Oneself => Role::Viewer,
            Self::Review => Role::Reviewer,
            Self::Operate => Role::Operator,
            Self::Administer => Role::Admin,
        }
    }
}

/// What is wrong with a user's name, if anything. It is signed in the log and typed on the command line.
pub fn complaint(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '@');
    if name.is_empty() || name.len() > MOST_NAME || !name.chars().all(fits) {
        return Some(format!(
            "a user's name is 1 to {MOST_NAME} characters of a-z, 0-9, `-`, `_`, `.` and `@`"
        ));
    }
    matches!(name, "owner" | "link" | "policy").then(|| format!("`{name}` is taken by Sidekick itself"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_all_that_those_before_may() {
        for permission in Permission::ALL {
            let may: Vec<bool> = Role::ALL.iter().map(|role| role.may(permission)).collect();
            assert!(may.windows(2).all(|pair| pair[0] <= pair[1]), "{permission:?}: {may:?}");
            assert!(Role::Admin.may(permission));
        }
    }

    #[test]
    fn the_whole_table() {
        let row = |permission| {
            let may = Role::ALL.map(|role| if role.may(permission) { role.as_str() } else { "-" });
            format!("{permission:?}: {}", may.join(" "))
        };
        insta::assert_snapshot!(Permission::ALL.map(row).join("\n"), @r"
        See: viewer reviewer operator admin
        Oneself: viewer reviewer operator admin
        Review: - reviewer operator admin
        Operate: - - operator admin
        Administer: - - - admin
        ");
    }

    #[test]
    fn names_are_words_and_none_of_ours() {
        assert_eq!(complaint("anna@example.org"), None);
        for name in ["", "Anna", "a b", "owner", "link", "ä", &"a".repeat(65), "../x", "a:b"] {
            assert!(complaint(name).is_some(), "{name}");
        }
    }
}
