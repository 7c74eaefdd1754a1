//! What sort of work a text asks for: rules over its words.

use crate::nature::Nature;

/// What the rules found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The answer.
    pub nature: Nature,
    /// Whether it is worth asking no one else.
    pub sure: bool,
    /// Why, in one sentence.
    pub reason: String,
}

/// What the rules make of a text.
pub fn by_rules(_text: &str) -> Found {
    Found { nature: Nature::default(), sure: false, reason: String::new() }
}
