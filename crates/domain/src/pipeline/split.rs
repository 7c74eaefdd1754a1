//! Splitting: a plan ends with a list of parts, which become tasks that come one after the other. The words are an
//! agent's: whatever is not a list of the form that was asked for is no proposal.

use serde::{Deserialize, Serialize};

/// Parts of a task.
pub const MOST_PARTS: usize = 9;
/// Characters of a part's text.
const MOST_TEXT: usize = 4000;
/// What begins the block, and what ends it.
const FENCE: (&str, &str) = ("```split", "```");

/// Whether a plan may split its task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// One task it is.
    #[default]
    Never,
    /// When a person says so.
    Ask,
    /// When the plan says so.
    Alone,
}

/// A part of a task, as a plan proposes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What is to be done.
    pub text: String,
    /// The numbers of the parts it comes after, from 1.
    #[serde(default)]
    pub after: Vec<usize>,
}

/// How a plan is asked to propose it.
pub const ASKED: &str = "\
If the task is too big to be reviewed as one change and falls into parts that can land one by one, end with the list of \
them: 2 to 9 parts, each complete in itself with all that whoever does it has to know, each with the numbers of the parts \
that have to be there before it. Write it in exactly this form, and only if it is worth it:

```split
[{\"text\": \"the first part\", \"after\": []}, {\"text\": \"the second part\", \"after\": [1]}]
```";

/// The parts that a plan proposes; none when it proposes nothing that can be done.
pub fn read(words: &str) -> Vec<Part> {
    let Some((_, rest)) = words.rsplit_once(FENCE.0) else { return Vec::new() };
    let Some((block, _)) = rest.split_once(FENCE.1) else { return Vec::new() };
    let Ok(parts) = serde_json::from_str::<Vec<Part>>(block) else { return Vec::new() };
    let whole = (2..=MOST_PARTS).contains(&parts.len())
        && parts.iter().zip(1..).all(|(part, number)| {
            let text = part.text.trim();
            // Only on earlier ones: so there is no circle.
            !text.is_empty()
                && text.chars().count() <= MOST_TEXT
                && part.after.iter().all(|before| (1..number).contains(before))
        });
    if whole { parts } else { Vec::new() }
}

/// The instruction of part `n` (from 0) of a task.
pub fn text_of(parts: &[Part], n: usize, whole: &str) -> String {
    let own = parts.get(n).map_or("", |part| part.text.trim());
    let others: Vec<_> = parts
        .iter()
        .zip(1..)
        .map(|(part, number)| format!("{number}. {}", crate::task::title_of(&part.text)))
        .collect();
    let whole: String = whole.trim().chars().take(MOST_TEXT).collect();
    format!(
        "{own}\n\nThis is part {} of {} of a larger task; do this part and no other. The parts:\n{}\n\nThe whole task:\n\n{whole}",
        n + 1,
        parts.len(),
        others.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(block: &str) -> String {
        format!("First the table, then the page.\n\n```split\n{block}\n```\n")
    }

    #[test]
    fn only_what_can_be_done_is_a_proposal() {
        let good = plan(r#"[{"text": "the table"}, {"text": "the page", "after": [1]}]"#);
        assert_eq!(read(&good).len(), 2);
        insta::assert_snapshot!(text_of(&read(&good), 1, "Show the figures."), @r"
        the page

        This is part 2 of 2 of a larger task; do this part and no other. The parts:
        1. the table
        2. the page

        The whole task:

        Show the figures.
        ");
        for bad in [
            r#"[{"text": "alone"}]"#,
            r#"[{"text": "a", "after": [2]}, {"text": "b", "after": [1]}]"#,
            r#"[{"text": "a"}, {"text": "b", "after": [2]}]"#,
            r#"[{"text": "a"}, {"text": "b", "after": [0]}]"#,
            r#"[{"text": "a"}, {"text": " "}]"#,
            r#"[{"text": "a"}, {"text": "b", "agent": "root"}]"#,
            "not a list",
        ] {
            assert_eq!(read(&plan(bad)), Vec::new(), "{bad}");
        }
        assert_eq!(read("no block"), Vec::new());
        assert_eq!(read("```split\n[{\"text\": \"a\"}, {\"text\": \"b\"}]"), Vec::new(), "cut off");
    }

    proptest! {
        #[test]
        fn whatever_is_said_no_part_comes_after_a_later_one(
            after in proptest::collection::vec(proptest::collection::vec(0usize..12, 0..4), 0..12),
        ) {
            let parts: Vec<_> = after
                .into_iter()
                .map(|after| Part { text: "x".into(), after })
                .collect();
            for (n, part) in read(&plan(&serde_json::to_string(&parts).unwrap())).iter().enumerate() {
                prop_assert!(part.after.iter().all(|before| (1..=n).contains(before)));
            }
        }
    }
}
