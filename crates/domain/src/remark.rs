//! Remarks: what a person says about lines of a task's work, or of its plan, before the work is sent back. They are kept
//! until they are sent with it, all at once, as one comment that its agent goes on with. Here: their shape, their bounds,
//! and how the comment reads. Not here: who keeps them (`store::remarks`).

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Characters of one remark.
pub const MOST_TEXT: usize = 8_000;
/// Open remarks of one task.
pub const MOST_OPEN: usize = 200;
/// Lines one remark may be about.
pub const MOST_LINES: u32 = 2_000;
/// Characters of a path.
pub const MOST_PATH: usize = 4_096;
/// Lines of code that are kept with a remark, and quoted to the agent.
pub const MOST_QUOTED: usize = 12;
/// Characters of one quoted line.
pub const MOST_QUOTED_LINE: usize = 300;

/// What a remark stands beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Lines as they were before the change.
    Old,
    /// Lines as the work has them.
    New,
    /// Lines of the agent's plan.
    Plan,
}

impl Side {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Plan => "plan",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Old, Self::New, Self::Plan].into_iter().find(|side| side.as_str() == text)
    }
}

/// Where a remark stands, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The commit whose change was looked at.
    pub commit: String,
    /// The file; empty for the plan.
    pub file: String,
    /// Which side of the change.
    pub side: Side,
    /// The first line, from 1.
    pub line: u32,
    /// The last one.
    pub end: u32,
    /// The person's words.
    pub text: String,
    /// What stands there, bounded.
    pub quote: String,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Its id.
    pub id: String,
    /// Where and what.
    pub said: Said,
    /// Whose it is.
    pub actor: String,
    /// When it was written.
    pub at: Timestamp,
    /// When its words changed last.
    pub changed_at: Timestamp,
    /// The attempt it was sent back to; none while it is open.
    pub sent: Option<u32>,
}

/// Why a remark cannot be kept as it is, if it cannot.
pub fn complaint(said: &Said) -> Option<&'static str> {
    if said.text.trim().is_empty() {
        return Some("a remark needs words: say what should change there");
    }
    if said.text.chars().count() > MOST_TEXT {
        return Some("a remark may have 8000 characters; say the rest in the comment on the whole");
    }
    if said.line == 0 || said.end < said.line || said.end - said.line >= MOST_LINES {
        return Some("a remark is about a line, or up to 2000 lines from a first to a last one");
    }
    if said.file.chars().count() > MOST_PATH || (said.file.is_empty() != (said.side == Side::Plan)) {
        return Some("a remark names a file, or stands beside the plan");
    }
    None
}

/// Some lines as they are quoted: the first ones, each cut where it is long.
pub fn quoted<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines = lines.into_iter().take(MOST_QUOTED);
    let cut = lines.map(|line| line.chars().take(MOST_QUOTED_LINE).collect::<String>());
    cut.collect::<Vec<_>>().join("\n")
}

/// The one comment that `words` about the whole and all remarks become: in the order of files and lines, each with its
/// place and what stands there.
pub fn comment(words: &str, remarks: &[Remark]) -> String {
    let mut ordered: Vec<_> = remarks.iter().map(|remark| &remark.said).collect();
    ordered.sort_by(|a, b| {
        (a.side == Side::Plan, &a.file, a.line).cmp(&(b.side == Side::Plan, &b.file, b.line))
    });
    let mut text = words.trim().to_owned();
    for said in ordered {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&place(said));
        text.push('\n');
        for line in said.quote.lines() {
            // Writing to a string cannot fail.
            writeln!(text, "> {line}").ok();
        }
        text.push_str(said.text.trim());
    }
    text
}

/// `src/shop.rs:12-14`, and what that is where it is not a place in the work.
fn place(said: &Said) -> String {
    let lines =
        if said.end > said.line { format!("{}-{}", said.line, said.end) } else { said.line.to_string() };
    match said.side {
        Side::New => format!("{}:{lines}", said.file),
        Side::Old => format!("{}:{lines} (as it was before)", said.file),
        Side::Plan => format!("The plan, item {lines}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn remark(file: &str, side: Side, (line, end): (u32, u32), text: &str, quote: &str) -> Remark {
        let at = Timestamp::from_millis(0);
        let said = Said {
            commit: "c1".into(),
            file: file.into(),
            side,
            line,
            end,
            text: text.into(),
            quote: quote.into(),
        };
        Remark { id: "r".into(), said, actor: "person:ada".into(), at, changed_at: at, sent: None }
    }

    #[test]
    fn the_comment_names_each_place_and_quotes_it() {
        let remarks = [
            remark("", Side::Plan, (2, 2), "Leave this out.", "Rewrite the parser"),
            remark("src/b.rs", Side::New, (7, 7), "Name it `total`.", "let t = 0;"),
            remark("src/a.rs", Side::Old, (3, 4), "Why did this go?\n", "fn check() {\n}"),
            remark("src/a.rs", Side::New, (1, 1), "No.", ""),
        ];
        insta::assert_snapshot!(comment(" Almost. ", &remarks), @r"
        Almost.

        src/a.rs:1
        No.

        src/a.rs:3-4 (as it was before)
        > fn check() {
        > }
        Why did this go?

        src/b.rs:7
        > let t = 0;
        Name it `total`.

        The plan, item 2
        > Rewrite the parser
        Leave this out.
        ");
        assert_eq!(comment("", &[]), "");
    }

    proptest! {
        /// Whatever was said is in the comment, and its size is bounded by what is kept.
        #[test]
        fn nothing_that_was_said_is_left_out(
            words in "[a-z ]{0,40}",
            said in proptest::collection::vec(("[a-c]", 1u32..50, "[a-z]{1,20}"), 0..20),
        ) {
            let remarks: Vec<_> =
                said.iter().map(|(file, line, text)| remark(file, Side::New, (*line, *line), text, "x")).collect();
            let text = comment(&words, &remarks);
            prop_assert!(text.starts_with(words.trim()));
            for (file, line, words) in &said {
                let said = format!("{file}:{line}\n> x\n{words}");
                prop_assert!(text.contains(&said), "{said}");
            }
        }
    }

    #[test]
    fn what_cannot_be_kept_is_said() {
        let good = remark("a", Side::New, (1, 2), "x", "").said;
        assert_eq!(complaint(&good), None);
        for bad in [
            Said { text: " \n".into(), ..good.clone() },
            Said { line: 0, ..good.clone() },
            Said { end: 0, ..good.clone() },
            Said { end: 5_000, ..good.clone() },
            Said { file: String::new(), ..good.clone() },
            Said { side: Side::Plan, ..good.clone() },
            Said { text: "x".repeat(MOST_TEXT + 1), ..good.clone() },
        ] {
            assert!(complaint(&bad).is_some(), "{bad:?}");
        }
        assert_eq!(quoted(["a"; 40]).lines().count(), MOST_QUOTED);
    }
}
