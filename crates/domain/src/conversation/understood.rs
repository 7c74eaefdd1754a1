//! What words would do, said before they are said: for speech that a machine wrote down. By the rules alone; nothing is done.

use super::brain::Scene;
use super::intent::{Intent, read};

/// What sort of thing words want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// They would change something.
    Changes,
    /// They ask for something.
    Asks,
    /// They could mean several things, or nothing that is here.
    Unclear,
    /// No rule is certain: a model will read them.
    Open,
}

impl Means {
    /// As it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Asks => "asks",
            Self::Unclear => "unclear",
            Self::Open => "open",
        }
    }
}

/// What was understood of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Understood {
    /// What sort of thing.
    pub means: Means,
    /// Each thing, in words for people.
    pub words: Vec<String>,
}

/// What these words would do.
pub fn understood(said: &str, scene: &Scene) -> Understood {
    let of = |means, words| Understood { means, words };
    match read(said, scene) {
        None => of(Means::Open, Vec::new()),
        Some(Intent::Do(deeds)) => of(Means::Changes, deeds.iter().map(|deed| deed.words(scene)).collect()),
        Some(Intent::Explain(tasks)) => {
            let named = tasks.iter().filter_map(|task| scene.task(task));
            of(Means::Asks, named.map(|task| format!("how {} ({}) stands", task.title, task.short)).collect())
        }
        Some(Intent::Day) => of(Means::Asks, vec!["what happened today".into()]),
        Some(Intent::Now) => of(Means::Asks, vec!["what is going on".into()]),
        Some(Intent::Which { what, could_be }) => {
            let first = format!("“{what}” could be several");
            of(Means::Unclear, std::iter::once(first).chain(could_be).collect())
        }
        Some(Intent::Nothing(what)) => {
            of(Means::Unclear, vec![format!("no open task and no project is called “{what}”")])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::brain::tests::scene;
    use super::*;

    fn told(said: &str) -> String {
        let found = understood(said, &scene());
        format!("{}: {}", found.means.as_str(), found.words.join(" | "))
    }

    #[test]
    fn what_was_spoken_is_shown_before_it_is_done() {
        assert_eq!(
            told("Hey Sidekick, prioritise Antenna."),
            "changes: Batch the images (cccc3333, Antenna): priority 1"
        );
        assert_eq!(told("why does the export wait?"), "asks: how Export invoices as CSV (bbbb2222) stands");
        assert_eq!(told("What happened today?"), "asks: what happened today");
        assert_eq!(told("prioritise the moon"), "unclear: no open task and no project is called “the moon”");
        assert_eq!(told("could we make the login nicer somehow"), "open: ");
    }
}
