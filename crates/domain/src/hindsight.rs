//! Hindsight: what a task that is over cost, what would have helped, and what later runs should know. The rules' part
//! comes from the log alone ([`facts`], [`rules`]); a small model may add lines for the project's memory ([`model`]), which
//! are shown as a change to `AGENTS.md` ([`proposal`]) and are nothing until a person applies them.
//!
//! Not here: asking the model, keeping what was found, applying it (`engine::hindsight`).

pub mod facts;
pub mod model;
pub mod proposal;
pub mod rules;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use facts::Facts;
pub use rules::Setting;

/// Lines that one task may propose.
pub const MOST_LINES: usize = 5;
/// Characters of a line.
pub const MOST_LINE: usize = 200;

/// What was found when a task was over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hindsight {
    /// What cost time and credits, the most first.
    pub costs: Vec<Cost>,
    /// Rules that would have helped.
    pub advice: Vec<Advice>,
    /// The model's guess at the cause, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Lines that are proposed for `AGENTS.md`.
    pub lines: Vec<String>,
    /// The model that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Why there is nothing of a model's in it, if there is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
}

/// Something that cost time or credits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cost {
    /// Its name: `runs`, `check`, `sent_back`, `waited`, `review`, `step`, `limit`, `landing`, `stuck`.
    pub name: String,
    /// One sentence.
    pub text: String,
    /// Time that went into it.
    pub seconds: u64,
    /// Tokens that went into it.
    pub tokens: u64,
    /// What they cost at list price, in US dollars.
    pub usd: f64,
}

/// A rule that would have helped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// Its name: `policy`, `check`, `route`, `fallback`, `timeout`, `answer_minutes`, `collisions`.
    pub name: String,
    /// Why, in one sentence.
    pub why: String,
    /// What to put into `sidekick.yaml`.
    pub snippet: String,
}

impl Hindsight {
    /// In one sentence.
    pub fn sentence(&self) -> String {
        let Some(first) = self.costs.first() else { return "nothing stands out".into() };
        let more = match self.costs.len() - 1 {
            0 => String::new(),
            n => format!(" (and {n} more)"),
        };
        format!("{}{more}", first.text)
    }
}

/// A text of somebody else's as one line that shows all there is in it: no control characters, none that are invisible or
/// turn the direction of writing, at most `most` characters.
pub fn visible(text: &str, most: usize) -> String {
    let seen: String = text
        .chars()
        // Bounded before anything is done with it; spaces and what is dropped count, too.
        .take(most.saturating_mul(4))
        .map(|char| if char.is_whitespace() { ' ' } else { char })
        .filter(|char| !char.is_control() && !is_invisible(*char))
        .collect();
    let line = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let head: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}

/// Characters that a reader of a diff does not see, and a model does: joiners, marks of direction, tags, fillers, selectors.
fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}
