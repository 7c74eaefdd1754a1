//! What the configuration file says, as text: changing it so that its comments stay, hiding its secrets, saying what
//! may be changed from afar, and showing what differs.
//!
//! Pure functions on text. Not here: what the settings mean (`cli::config` reads them), the file, the API.

mod afar;
mod differ;
mod edit;
mod secret;

pub use afar::{Forbidden, forbidden};
pub use differ::{Line, differ};
pub use edit::{Change, Refused, change};
pub use secret::{Hidden, hide};

use serde_json::Value;

/// Why text is no settings file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Wrong {
    /// The line, from 1.
    pub line: Option<u64>,
    /// What is wrong, in a sentence.
    pub what: String,
}

impl Wrong {
    /// A complaint; where it names its line, that is taken.
    pub fn said(what: impl Into<String>) -> Self {
        let what = what.into();
        let after = |word: &str| {
            let digits = what.split(word).nth(1)?.chars().take_while(char::is_ascii_digit);
            digits.collect::<String>().parse().ok()
        };
        Self { line: after("line "), what }
    }

    /// With the line of what it names first, where it says none itself.
    #[must_use]
    pub fn placed(self, text: &str) -> Self {
        let quoted = self.what.split('`').nth(1).filter(|name| !name.is_empty());
        let of = |name: &str| {
            let is = |line: &str| {
                let line = line.trim_start().trim_start_matches(['"', '\'']);
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
            };
            text.lines().zip(1..).find(|(line, _)| is(line)).map(|(_, n)| n)
        };
        Self { line: self.line.or_else(|| quoted.and_then(of)), ..self }
    }
}

/// The values in a text; an empty one, or one of comments alone, has none.
pub fn parse(text: &str) -> Result<Value, Wrong> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let value: Value = serde_saphyr::from_str(text).map_err(|error| Wrong::said(error.to_string()))?;
    if value.is_object() { Ok(value) } else { Err(Wrong::said("line 1: it is no list of settings by name")) }
}

/// The value at a path, if there is one.
pub fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}
