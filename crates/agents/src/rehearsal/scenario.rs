//! The script of a rehearsal: YAML, checked when the task is accepted, with the line in every complaint.

use std::time::Duration;

use domain::event::PlanItem;
use domain::event::PlanStatus::{Completed, InProgress, Pending};
use minijinja::Environment;
use serde::{Deserialize, Serialize};

/// A script: one part for the first run of a session, the next for each resume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Steps, by part.
    pub parts: Vec<Vec<Step>>,
}

/// One step. Texts are templates over `task`, `title`, `feedback` and `part`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Says something.
    Say(String),
    /// Thinks something.
    Think(String),
    /// Writes a file.
    Write(FileText),
    /// Appends to a file.
    Append(FileText),
    /// Deletes a file or directory.
    Delete(String),
    /// Runs a shell command.
    Shell(String),
    /// Waits: `200ms`, `3s`, `2m`.
    Sleep(String),
    /// Shows a plan.
    Plan(Vec<PlanItem>),
    /// Reports consumption.
    Usage(domain::Usage),
    /// Meets a rate limit and ends.
    Limit(Limit),
    /// Asks a person, and goes on with what does not depend on it; the next part has the answer as feedback.
    Ask(Ask),
    /// Ends by a signal.
    Crash(Option<u32>),
    /// Does nothing for ever.
    Hang(Option<bool>),
    /// Prints this many bytes.
    Flood(Flood),
    /// Leaves this many children behind: in sessions of their own, deaf to being asked to end.
    Fork(u32),
    /// Prints bytes that are no text, and a line of this many bytes.
    Garbage(usize),
    /// Fails, with a reason.
    Fail(String),
    /// Exits with a code, without a word.
    Exit(i32),
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ask {
    /// Its text alone.
    Text(String),
    /// With answers to choose from.
    Choices {
        /// Its text.
        question: String,
        /// The answers.
        choices: Vec<String>,
    },
}

/// A file and its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileText {
    /// Relative to the workspace.
    pub path: String,
    /// What is written.
    pub content: String,
}

/// A rate limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Which window.
    #[serde(default = "five_hour")]
    pub window: String,
    /// Until it renews: `200ms`, `3s`, `2m`, `5h`.
    pub resets_in: String,
}

/// Much output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    /// How much, in bytes.
    pub bytes: u64,
    /// The length of a line; none ends when 0.
    #[serde(default = "hundred")]
    pub line: usize,
}

fn five_hour() -> String {
    "five_hour".into()
}

fn hundred() -> usize {
    100
}

impl Scenario {
    /// Reads a script; the complaint names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        // Read as what it looks like, because a union of both would hide the line of a mistake.
        let parts = if text.lines().any(|line| line.starts_with("parts:")) {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Parts {
                parts: Vec<Vec<Step>>,
            }
            serde_saphyr::from_str::<Parts>(text).map_err(|error| error.to_string())?.parts
        } else {
            vec![serde_saphyr::from_str::<Vec<Step>>(text).map_err(|error| error.to_string())?]
        };
        let scenario = Self { parts };
        for step in scenario.parts.iter().flatten() {
            check(step)?;
        }
        Ok(scenario)
    }
}

fn check(step: &Step) -> Result<(), String> {
    let time = match step {
        Step::Sleep(time) => Some(time),
        Step::Limit(limit) => Some(&limit.resets_in),
        _ => None,
    };
    match time {
        Some(time) if duration(time).is_none() => {
            Err(format!("`{time}` is no time: write 200ms, 3s, 2m or 5h"))
        }
        _ => Ok(()),
    }
}

/// A time as people write it.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|char: char| !char.is_ascii_digit())?;
    let n: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    n.checked_mul(unit).map(Duration::from_millis)
}

impl Step {
    /// How long a sleep or a limit lasts.
    pub fn duration(&self) -> Duration {
        match self {
            Self::Sleep(time) => duration(time),
            Self::Limit(limit) => duration(&limit.resets_in),
            _ => None,
        }
        .unwrap_or_default()
    }
}

/// Fills a text's template in. A text that is no template stays as it is.
pub fn fill(text: &str, task: &str, feedback: &str, part: usize) -> String {
    let title = task.lines().next().unwrap_or_default();
    let values = minijinja::context! { task, title, feedback, part };
    // A template loses the end of its last line; a file needs it.
    let end = if text.ends_with('\n') { "\n" } else { "" };
    Environment::new().render_str(text, values).map_or_else(|_| text.to_owned(), |filled| filled + end)
}

impl Default for Scenario {
    /// What is played when no script is given: a small note of the task, said plainly to be a rehearsal.
    fn default() -> Self {
        let say = |text: &str| Step::Say(text.into());
        let item = |text: &str, status| PlanItem { text: text.into(), status };
        Self {
            parts: vec![
                vec![
                    say("This is a rehearsal: no model is called. I read the task and leave a note of it."),
                    Step::Plan(vec![item("Look around", Completed), item("Write the note", InProgress), item("Say what was done", Pending)]),
                    Step::Shell("ls".into()),
                    Step::Append(FileText {
                        path: "NOTES.md".into(),
                        content: "## {{ title }}\n\n{{ task }}\n\nNoted by the rehearsal agent; no model was called.\n".into(),
                    }),
                    Step::Plan(vec![item("Look around", Completed), item("Write the note", Completed), item("Say what was done", Completed)]),
                    say("I wrote the task down in NOTES.md."),
                ],
                vec![
                    say("You said: {{ feedback }}"),
                    Step::Append(FileText { path: "NOTES.md".into(), content: "\nComment: {{ feedback }}\n".into() }),
                    say("I added your comment to NOTES.md."),
                ],
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_lists_or_parts() {
        let list =
            Scenario::parse("- say: hello {{ task }}\n- write: {path: a.txt, content: hi}\n- crash:\n")
                .unwrap();
        assert_eq!(list.parts.len(), 1);
        assert_eq!(list.parts[0].len(), 3);
        let parts = Scenario::parse("parts:\n  - - say: one\n  - - say: two\n    - exit: 3\n").unwrap();
        assert_eq!(parts.parts[1][1], Step::Exit(3));
        assert_eq!(fill("{{ task }} {{ part }}", "x", "", 2), "x 2");
        assert_eq!(fill("{{ broken", "x", "", 1), "{{ broken");
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let wrong = Scenario::parse("- say: fine\n- sing: loudly\n").unwrap_err();
        assert!(wrong.contains("line 2"), "{wrong}");
        assert_eq!(
            Scenario::parse("- sleep: long\n").unwrap_err(),
            "`long` is no time: write 200ms, 3s, 2m or 5h"
        );
    }
}
