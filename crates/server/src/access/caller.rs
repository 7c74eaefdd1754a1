//! Who makes a request, as the guard found it. What its headers claim plays no part.

use api::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::{Actor, Permission, Role};

use super::OWNER;
use crate::error::Failure;

/// With what somebody came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The data directory's token.
    Owner,
    /// The token of that id.
    Token(String),
    /// The session of that id.
    Browser(String),
    /// The identity of a tailnet.
    Network,
}

/// Who makes a request: handlers take it, and sign with it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) actor: Actor,
    pub(crate) role: Role,
    pub(crate) by: By,
}

impl Caller {
    /// Whoever holds the data directory's token.
    pub(crate) fn owner() -> Self {
        Self::new(OWNER, Role::Admin, By::Owner)
    }

    pub(crate) fn new(name: &str, role: Role, by: By) -> Self {
        Self { name: name.to_owned(), actor: Actor::person(name), role, by }
    }

    /// Whether this is about what is theirs, or they may change everybody's.
    pub(crate) fn may_change_of(&self, person: &str) -> bool {
        self.name == person || self.role.may(Permission::Administer)
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
