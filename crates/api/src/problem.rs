//! Errors as RFC 9457 problem details.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::settings::MistakeView;

/// Why a request was not carried out, for people and programs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a sentence.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// A stable word for programs: `not_found`, `refused`, `invalid`, `unauthorized`, `unavailable` …
    pub code: String,
    /// Where, when that can be told: settings or lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<MistakeView>,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(status: u16, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:sidekick:problem:{code}"),
            title: title.into(),
            status,
            detail: detail.into(),
            hint: None,
            code: code.into(),
            errors: Vec::new(),
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the places.
    #[must_use]
    pub fn at(mut self, errors: Vec<MistakeView>) -> Self {
        self.errors = errors;
        self
    }
}
