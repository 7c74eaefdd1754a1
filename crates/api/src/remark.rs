//! Remarks of people on lines of a task's work.

use domain::remark::Remark;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A remark.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RemarkView {
    /// Its id.
    pub id: String,
    /// The commit whose change was looked at.
    pub commit: String,
    /// The file; empty for the plan.
    pub file: String,
    /// `old`, `new` or `plan`.
    pub side: String,
    /// The first line, from 1.
    pub line: u32,
    /// The last one.
    pub end: u32,
    /// The person's words.
    pub text: String,
    /// What stands there.
    pub quote: String,
    /// Whose it is.
    pub actor: String,
    /// When it was written.
    pub at: String,
    /// When its words changed last.
    pub changed_at: String,
    /// The attempt it was sent back to; none while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<u32>,
}

/// Remark on lines.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WriteRemark {
    /// The commit whose change is looked at; the latest work when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The file; left out for the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// `old`, `new` or `plan`.
    pub side: String,
    /// The first line, from 1.
    pub line: u32,
    /// The last one; the first when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
    /// What should change there.
    pub text: String,
    /// What stands there, for the plan; for a file it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
}

/// Other words for an open remark.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditRemark {
    /// The words.
    pub text: String,
}

impl From<Remark> for RemarkView {
    fn from(remark: Remark) -> Self {
        Self {
            id: remark.id,
            commit: remark.said.commit,
            file: remark.said.file,
            side: remark.said.side.as_str().into(),
            line: remark.said.line,
            end: remark.said.end,
            text: remark.said.text,
            quote: remark.said.quote,
            actor: remark.actor,
            at: remark.at.to_string(),
            changed_at: remark.changed_at.to_string(),
            sent: remark.sent,
        }
    }
}
