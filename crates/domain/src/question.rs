//! Questions of an agent to a person. An agent that asks goes on with what does not depend on the answer and ends;
//! its task then waits for the person, and the same session goes on with what was answered.

use serde::{Deserialize, Serialize};

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
        Question { id: "1.1".into(), text: text.into(), choices, answer: answer.map(String::from) }
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
