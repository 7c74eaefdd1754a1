//! Questions to a person. The policy asks about work that is there (`supervise::breakpoint`) and has a default for when
//! nobody answers in time. An agent that asks goes on with what does not depend on the answer and ends;
//! its task then waits for the person, and the same session goes on with what was answered.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::time::Timestamp;

/// Questions of a task that may be open at once.
pub const MOST_OPEN: usize = 5;
/// Characters of a question or an answer.
pub const MOST_TEXT: usize = 4000;
/// Choices of a question, and characters of each.
pub const MOST_CHOICES: usize = 9;
/// See [`MOST_CHOICES`].
pub const MOST_CHOICE: usize = 200;

/// What an agent wants to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its name in its task: the attempt that asked it, and its number there.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// Answers to choose from; any other answer may be given, too.
    #[serde(default)]
    pub choices: Vec<String>,
    /// What a person answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The rules of the policy that ask; none when the agent does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// What they found, in a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The answer that is given at `until` when nobody gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// See `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Question {
    /// Why it cannot be asked so, if it cannot.
    pub fn complaint(&self) -> Option<&'static str> {
        let long = |text: &String, most| text.chars().count() > most;
        if self.text.trim().is_empty() {
            Some("the question has no text")
        } else if long(&self.text, MOST_TEXT) {
            Some("the question is too long: ask it in 4000 characters")
        } else if self.choices.len() > MOST_CHOICES {
            Some("a question has at most 9 choices")
        } else if self.choices.iter().any(|choice| choice.trim().is_empty() || long(choice, MOST_CHOICE)) {
            Some("a choice has 1 to 200 characters")
        } else {
            None
        }
    }

    /// The event that asks it.
    pub fn asked(self) -> Event {
        let Self { id, text, choices, rules, evidence, default, until, .. } = self;
        Event::QuestionAsked { id, text, choices, rules, evidence, default, until }
    }

    /// The event that answers it, by a person and for good.
    pub(crate) fn answered(&self, text: &str) -> Event {
        let (id, text) = (self.id.clone(), text.to_owned());
        Event::QuestionAnswered { id, text, by_default: false, false_alarms: Vec::new() }
    }

    /// Whether the policy asks, and not the agent.
    pub fn is_of_policy(&self) -> bool {
        !self.rules.is_empty()
    }

    /// The default, once its time has come.
    pub fn overdue(&self, now: Timestamp) -> Option<&str> {
        let due = self.answer.is_none() && self.until.is_some_and(|until| until <= now);
        self.default.as_deref().filter(|_| due)
    }

    /// What a person's words mean: a number is the choice of that number, where there is one.
    pub fn understood(&self, words: &str) -> String {
        let words = words.trim();
        let place = words.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        place.and_then(|place| self.choices.get(place)).cloned().unwrap_or_else(|| words.to_owned())
    }
}

/// Those that nobody has answered yet.
pub fn open(questions: &[Question]) -> impl Iterator<Item = &Question> {
    questions.iter().filter(|question| question.answer.is_none())
}

/// When the first of them is answered by itself.
pub fn until(questions: &[Question]) -> Option<Timestamp> {
    open(questions).filter(|question| question.default.is_some()).filter_map(|question| question.until).min()
}

/// Why a task with these waits, in one sentence for people; `None` when it need not.
pub fn waits_for(questions: &[Question]) -> Option<String> {
    let texts: Vec<_> = open(questions).map(|question| question.text.trim()).collect();
    let first = texts.first()?;
    Some(match texts.len() {
        1 => (*first).to_owned(),
        n => format!("{first} (and {} more)", n - 1),
    })
}

/// What the agent goes on with, once all of them are answered.
pub fn answers(questions: &[Question]) -> Option<String> {
    if questions.is_empty() || open(questions).next().is_some() {
        return None;
    }
    let said = |question: &Question| {
        format!(
            "You asked: {}\nThe answer: {}",
            question.text.trim(),
            question.answer.as_deref().unwrap_or_default()
        )
    };
    Some(questions.iter().map(said).collect::<Vec<_>>().join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str, answer: Option<&str>) -> Question {
        let choices = vec!["blue".into(), "green".into()];
        let answer = answer.map(String::from);
        Question { id: "1.1".into(), text: text.into(), choices, answer, ..Question::default() }
    }

    #[test]
    fn a_number_is_a_choice_where_there_is_one() {
        let question = asked("Which colour?", None);
        for (words, meant) in [("2", "green"), (" 1 ", "blue"), ("3", "3"), ("0", "0"), ("red", "red")] {
            assert_eq!(question.understood(words), meant);
        }
    }

    #[test]
    fn what_the_agent_goes_on_with() {
        assert_eq!(answers(&[asked("a", Some("x")), asked("b", None)]), None, "one is still open");
        assert_eq!(answers(&[]), None);
        insta::assert_snapshot!(answers(&[asked("Which colour?", Some("blue"))]).unwrap(), @r"
        You asked: Which colour?
        The answer: blue
        ");
        let both = [asked("a", None), asked("b", None)];
        assert_eq!(waits_for(&both).as_deref(), Some("a (and 1 more)"));
    }

    #[test]
    fn bounds_are_said() {
        assert!(asked(" ", None).complaint().is_some());
        assert!(asked(&"x".repeat(MOST_TEXT + 1), None).complaint().is_some());
        let many = Question { choices: vec!["x".into(); MOST_CHOICES + 1], ..asked("a", None) };
        assert!(many.complaint().is_some());
        assert_eq!(asked("a", None).complaint(), None);
    }
}
