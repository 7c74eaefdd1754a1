//! What is worth telling a person who is not looking: which events, in which words.

use crate::{Event, WaitFor};

/// The longest text of a notice.
const MOST: usize = 240;

/// Something a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// In a few words.
    pub title: String,
    /// One sentence, plain text.
    pub text: String,
    /// What it replaces: of notices with the same tag only the last is shown.
    pub tag: String,
    /// Whether somebody waits for it.
    pub urgent: bool,
}

/// The notice of an event of a task, if it is worth one.
pub fn notice(event: &Event, task: &str, title: &str, project: &str) -> Option<Notice> {
    let of_task = |what: &str, text: &str, urgent| {
        Some(Notice {
            title: format!("{what}: {}", line(title, 80)),
            text: line(&format!("{project}: {text}"), MOST),
            tag: format!("task-{task}"),
            urgent,
        })
    };
    match event {
        Event::TaskWaiting { on: WaitFor::Breakpoint, reason, .. } => of_task("Question", reason, true),
        Event::TaskReview { reason } => {
            of_task("To review", reason.as_deref().unwrap_or("its work is done"), false)
        }
        Event::TaskFailed { reason } => of_task("Failed", reason, false),
        Event::AccountLow { account, window, text, .. } => Some(Notice {
            title: format!("Credits: {account}"),
            text: line(text, MOST),
            tag: format!("credits-{account}-{window}"),
            urgent: false,
        }),
        _ => None,
    }
}

/// Text in one line, without what could steer a screen, cut to a length.
fn line(text: &str, most: usize) -> String {
    let words: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= most {
        return words;
    }
    words.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_a_person_is_told() {
        let told = |event: &Event| notice(event, "t1", "fix the parser", "shop");
        let asks = Event::TaskWaiting {
            on: WaitFor::Breakpoint,
            until: None,
            reason: "Which one?\n\u{1b}[31m".into(),
        };
        let asked = told(&asks).unwrap();
        assert_eq!(asked.title, "Question: fix the parser");
        assert!(
            asked.text.starts_with("shop: Which one?") && !asked.text.contains(['\n', '\u{1b}']),
            "{asked:?}"
        );
        assert!(asked.urgent);
        // One notice of a task takes the place of the one before.
        assert_eq!(told(&Event::TaskFailed { reason: "exit 3".into() }).unwrap().tag, asked.tag);
        assert!(
            told(&Event::TaskReview { reason: Some("x".repeat(1000)) }).unwrap().text.chars().count() <= MOST
        );
        for quiet in [
            Event::TaskWaiting { on: WaitFor::Credits, until: None, reason: "later".into() },
            Event::AgentText { text: "hello".into() },
            Event::TaskCompleted { commit: None, how: "merged".into() },
        ] {
            assert_eq!(told(&quiet), None, "{quiet:?}");
        }
    }
}
