//! The settings file on the wire: shown without secrets, changed by values or as text.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The settings.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SettingsView {
    /// Where the file is.
    pub file: String,
    /// Give this, in quotes, as `If-Match` with a change; also the `ETag`.
    pub tag: String,
    /// The file's text; a mark stands in place of each secret in clear.
    pub text: String,
    /// Its values, likewise.
    #[schema(value_type = Object)]
    pub values: Value,
    /// What is in force where that is a single value, and where it comes from.
    pub effective: Vec<EffectiveView>,
    /// What the daemon made of the file.
    pub taken: SettingsTakenView,
}

/// A value in force.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EffectiveView {
    /// The setting: `limits.memory_mb`.
    pub name: String,
    /// Its value; none when it has no bound or is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub value: Option<Value>,
    /// `file`, `environment` or `default`.
    pub from: String,
}

/// What the daemon made of the settings file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SettingsTakenView {
    /// When it was last taken over.
    pub at: String,
    /// The mistake for which the file as it is now was not taken over; that of before stays in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<MistakeView>,
    /// Changed settings that wait for a start of the daemon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restart: Vec<String>,
}

/// A mistake in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MistakeView {
    /// The setting, as a JSON pointer, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What is wrong.
    pub detail: String,
}

/// Changes of single settings.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSettings {
    /// Made together or not at all; 200 at most.
    pub changes: Vec<SettingChange>,
}

/// A setting that is to be another.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// Names from the outside in: `["projects", "shop", "priority"]`.
    pub path: Vec<String>,
    /// What it becomes; removed when null or left out, so that the default holds.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub to: Option<Value>,
}

/// The whole text, as `SettingsView::text` showed it, changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteSettings {
    /// The text.
    pub text: String,
}

/// What became of a change, or would.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SettingsChanged {
    /// The tag of the text as it is now.
    pub tag: String,
    /// Whether it was written: not in a dry run, nor when nothing differs.
    pub written: bool,
    /// All lines of both texts, those that differ marked; secrets hidden.
    pub lines: Vec<DiffLineView>,
    /// What the daemon made of it.
    pub taken: SettingsTakenView,
}

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiffLineView {
    /// `same`, `removed` or `added`.
    pub kind: String,
    /// Its text.
    pub text: String,
}
