//! The words of `data/words.txt`, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A phrase with its weight.
pub(super) type Phrase = (&'static str, i32);

static SECTIONS: LazyLock<HashMap<&'static str, Vec<Phrase>>> =
    LazyLock::new(|| read(include_str!("../../data/words.txt")));

/// The phrases of a section; none of one that is not there.
pub(super) fn of(section: &str) -> &'static [Phrase] {
    SECTIONS.get(section).map_or(&[], Vec::as_slice)
}

fn read(text: &'static str) -> HashMap<&'static str, Vec<Phrase>> {
    let mut sections: HashMap<&str, Vec<Phrase>> = HashMap::new();
    let mut section = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if let Some((weight, phrases)) = line.split_once(':')
            && let Ok(weight) = weight.parse()
        {
            let phrases = phrases.split(',').map(|phrase| (phrase.trim(), weight));
            sections.entry(section).or_default().extend(phrases);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nature::Kind;

    #[test]
    fn every_line_is_read() {
        let text = include_str!("../../data/words.txt");
        for name in Kind::ALL.map(Kind::as_str).iter().chain(&["critical", "high", "low", "gpu", "no gpu"]) {
            assert!(!of(name).is_empty(), "{name}");
        }
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '['])) {
            let weight = line.split_once(':').and_then(|(weight, _)| weight.parse::<i32>().ok());
            assert!(weight.is_some_and(|weight| (1..=9).contains(&weight)), "{line}");
        }
        for (phrase, _) in SECTIONS.values().flatten() {
            assert!(!phrase.is_empty() && phrase.to_lowercase() == *phrase, "{phrase}");
        }
    }
}
