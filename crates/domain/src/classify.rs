//! What sort of work a text asks for: its kind, how hard it is, whether it needs a graphics processor.
//!
//! Rules over its words (`words`), each answer with what it rests on. They are good at plain cases and know when a case is
//! none: then a model may be asked ([`question`], [`answer`]), whose answer is taken only in the form that was asked for.
//! How often they are right is measured on `data/tasks.yaml`, and told in `docs/classification.md`.

mod model;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;

use crate::nature::{Complexity, Kind, Nature};

pub(crate) use model::object;
pub use model::{answer, question, schema};
use words::Phrase;

/// The most of a text that is looked at; a log may follow.
const MOST_WORDS: usize = 600;
/// Words that `…` stands for, at the most.
const GAP: usize = 5;
/// With this much for the first kind, and this much more than for the second, nobody else needs to be asked.
const ENOUGH: i32 = 10;
const AHEAD: i32 = 5;

/// What the rules found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The answer.
    pub nature: Nature,
    /// Whether nobody else needs to be asked.
    pub sure: bool,
    /// Why, in one sentence.
    pub reason: String,
}

/// What the rules make of a text.
pub fn by_rules(text: &str) -> Found {
    let words = Words::new(text);
    let (kind, sure, phrases) = kind_of(&words);
    let (complexity, because) = complexity_of(&words, text);
    let says = |section| words::of(section).iter().any(|(phrase, _)| words.say(phrase));
    let gpu = says("gpu") && !says("no gpu");
    let mut reason = match phrases.as_slice() {
        [] => "nothing in the text says what kind of work it is".to_owned(),
        known => format!("{} as it says {}", kind.as_str(), quoted(known)),
    };
    if let Some(because) = because {
        reason += &format!("; {} as {because}", complexity.as_str());
    }
    Found { nature: Nature { kind, complexity, gpu }, sure, reason }
}

/// The kind, whether it is plain, and the phrases that say so, the weightiest first.
fn kind_of(words: &Words) -> (Kind, bool, Vec<&'static str>) {
    let mut scored: Vec<(i32, Kind, Vec<Phrase>)> = Vec::with_capacity(Kind::ALL.len());
    for kind in Kind::ALL {
        let weighed = words::of(kind.as_str())
            .iter()
            .filter_map(|(phrase, weight)| Some((*phrase, words.weigh(phrase, *weight)?)));
        let mut found: Vec<Phrase> = weighed.collect();
        found.sort_by_key(|(_, weight)| -weight);
        // Many faint hints are still one hint.
        let score = found.iter().take(4).map(|(_, weight)| weight).sum();
        scored.push((score, kind, found));
    }
    scored.sort_by_key(|(score, ..)| -score);
    let second = scored.get(1).map_or(0, |(score, ..)| *score);
    let Some((score, kind, found)) = scored.into_iter().next().filter(|(score, ..)| *score > 0) else {
        return (Kind::default(), false, Vec::new());
    };
    let sure = score >= ENOUGH && score - second >= AHEAD;
    (kind, sure, found.into_iter().take(2).map(|(phrase, _)| phrase).collect())
}

/// How hard it is, and why where it is not the middle.
fn complexity_of(words: &Words, text: &str) -> (Complexity, Option<String>) {
    let sum = |section| {
        let found: Vec<_> = words::of(section).iter().filter(|(phrase, _)| words.say(phrase)).collect();
        let said: Vec<&str> = found.iter().map(|(phrase, _)| *phrase).collect();
        (found.iter().map(|(_, weight)| weight).sum::<i32>(), said)
    };
    let (critical, dear) = sum("critical");
    if critical >= 5 {
        return (Complexity::Critical, Some(format!("it says {}", quoted(&dear))));
    }
    let n = words.all.len();
    let (high, far) = sum("high");
    let (low, near) = sum("low");
    let lists = text.matches([',', ';']).count();
    let long = i32::from(n > 22) + i32::from(n > 32) + i32::from(lists >= 4);
    let short = i32::from(n <= 12) + i32::from(n <= 6);
    if high + long >= 4 && high + long > low + 1 {
        let because = if far.is_empty() { "it is long".into() } else { format!("it says {}", quoted(&far)) };
        return (Complexity::High, Some(because));
    }
    if low > 0 && low + short >= 3 && high < 3 {
        return (Complexity::Low, Some(format!("it says {}", quoted(&near))));
    }
    (Complexity::Medium, None)
}

/// The first three, for people.
fn quoted(phrases: &[&str]) -> String {
    let plain = |phrase: &&str| format!("`{}`", phrase.trim_start_matches('^').trim_end_matches('*'));
    phrases.iter().take(3).map(plain).collect::<Vec<_>>().join(" and ")
}

/// The words of a text, lowercase.
struct Words {
    all: Vec<String>,
    /// How many of them the title has.
    title: usize,
    /// Where each is: most phrases begin with a word that is not there.
    places: HashMap<String, Vec<usize>>,
}

impl Words {
    fn new(text: &str) -> Self {
        let split = |text: &str| {
            // A question's mark is a word of its own.
            let text = text.replace("? ", " ? ").replace("?\n", " ? ");
            let text = text.strip_suffix('?').map_or(text.clone(), |text| format!("{text} ?"));
            let split = text.split(|char: char| !char.is_alphanumeric() && !matches!(char, '_' | '?'));
            split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>()
        };
        let mut lines = text.trim().splitn(2, '\n');
        let mut all = split(lines.next().unwrap_or_default());
        let title = all.len().min(MOST_WORDS);
        all.extend(split(lines.next().unwrap_or_default()));
        all.truncate(MOST_WORDS);
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, word) in all.iter().enumerate() {
            places.entry(word.clone()).or_default().push(at);
        }
        Self { all, title, places }
    }

    /// The weight of a phrase here: all of it in the title, half of it below.
    fn weigh(&self, phrase: &str, weight: i32) -> Option<i32> {
        let at = self.find(phrase)?;
        Some(if at < self.title { weight } else { (weight + 1) / 2 })
    }

    fn say(&self, phrase: &str) -> bool {
        self.find(phrase).is_some()
    }

    /// Where a phrase begins.
    fn find(&self, phrase: &str) -> Option<usize> {
        let (first, phrase) = match phrase.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, phrase),
        };
        let pattern: Vec<&str> = phrase.split(' ').collect();
        let here = |at: &usize| matches(&pattern, self.all.get(*at..).unwrap_or_default());
        if first {
            return Some(self.courtesy()).filter(here);
        }
        match pattern.first() {
            Some(word) if !word.ends_with('*') && *word != "…" => {
                self.places.get(*word)?.iter().copied().find(here)
            }
            _ => (0..self.all.len()).find(here),
        }
    }

    /// How many words of courtesy the title begins with.
    fn courtesy(&self) -> usize {
        const COURTESY: [&str; 12] =
            ["please", "pls", "bitte", "can", "could", "you", "hi", "hey", "we", "should", "let", "s"];
        let polite = self.all.iter().take_while(|word| COURTESY.contains(&word.as_str())).count();
        // Who only says `let …` means it.
        if polite == 1 && self.all.first().is_some_and(|word| word == "let") { 0 } else { polite }
    }
}

fn matches(pattern: &[&str], words: &[String]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return true };
    if *first == "…" {
        return (0..=GAP.min(words.len())).any(|skip| matches(rest, &words[skip..]));
    }
    let Some((word, after)) = words.split_first() else { return false };
    let same = match first.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => word == first,
    };
    same && matches(rest, after)
}
