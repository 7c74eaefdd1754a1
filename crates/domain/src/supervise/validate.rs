//! The first look, before anything is paid for: is there work, is it whole, and is it what it claims to be? What is
//! found about tests is in [`super::testing`], about files in [`super::hygiene`], about claims in [`super::claims`].

use super::change::Change;
use super::verdict::{Finding, Severity};
use super::{claims, hygiene, testing};
use crate::nature::Kind;

/// Findings that are kept; later ones are of the same sort.
pub const MOST_FINDINGS: usize = 40;

/// What the agent left.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// What sort of work was asked for.
    pub kind: Kind,
    /// The instruction.
    pub task: &'a str,
    /// The agent's closing words.
    pub summary: &'a str,
    /// The last errors it reported.
    pub errors: &'a [String],
    /// The change against the base.
    pub change: &'a Change,
}

/// What is wrong with it, the gravest first.
pub fn validate(left: &Left<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let empty = left.change.files.is_empty();
    let words_alone = matches!(left.kind, Kind::Planning | Kind::Research | Kind::Review);
    if empty && claims::refuses(left.summary) {
        found.push(finding("refused", Severity::Serious, "the agent refused to do it"));
    } else if empty && words_alone && left.summary.trim().is_empty() {
        found.push(finding(
            "nothing_done",
            Severity::Serious,
            "the agent ended well, changed nothing and said nothing",
        ));
    } else if empty && !words_alone {
        found.push(finding(
            "nothing_done",
            Severity::Serious,
            "the agent ended well, and nothing was changed",
        ));
    }
    found.extend(truncated(left));
    found.extend(claims::absent(left.summary, left.change));
    found.extend(claims::addresses_the_reviewer(left.summary, left.change));
    found.extend(testing::findings(left.task, left.change));
    found.extend(hygiene::findings(left.change));
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found.truncate(MOST_FINDINGS);
    found
}

/// Whether there is something among them that must not be accepted without a person.
pub fn is_serious(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Serious)
}

pub(super) fn finding(name: &str, severity: Severity, text: &str) -> Finding {
    Finding { name: name.into(), severity, text: text.into(), file: None, line: None }
}

/// An answer that breaks off: its reporter said so, or it ends where no sentence does.
fn truncated(left: &Left<'_>) -> Option<Finding> {
    const SAID: &[&str] = &[
        "max_tokens",
        "max tokens",
        "maximum output tokens",
        "output token limit",
        "output token maximum",
        "maximum context length",
        "response was truncated",
        "stream ended unexpectedly",
        "stream disconnected before completion",
        "finish_reason: length",
    ];
    let said = |text: &str| {
        let lower = text.to_ascii_lowercase();
        SAID.iter().any(|words| lower.contains(words))
    };
    if left.errors.iter().any(|error| said(error)) {
        return Some(finding(
            "truncated",
            Severity::Serious,
            "the agent was cut off: its model reached the limit of an answer, or its stream broke",
        ));
    }
    breaks_off(left.summary).then(|| {
        finding(
            "truncated",
            Severity::Serious,
            "the agent's closing words break off in the middle of a sentence",
        )
    })
}

fn breaks_off(text: &str) -> bool {
    /// No sentence ends with these.
    const DANGLING: &[&str] = &[
        "the", "a", "an", "and", "or", "of", "with", "for", "is", "are", "will", "that", "which", "but",
        "because", "then", "into", "from", "my", "your", "its", "i",
    ];
    let text = text.trim_end();
    if text.lines().filter(|line| line.trim_start().starts_with("```")).count() % 2 == 1 {
        return true;
    }
    let last = text.lines().last().unwrap_or_default().trim_end();
    // A word alone is no sentence that could break off.
    let words: Vec<_> = last.split_whitespace().collect();
    let Some(word) = words.last().filter(|_| words.len() > 2) else { return false };
    last.ends_with([',', '(', '[', '{']) || DANGLING.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::change::tests::change;
    use super::*;

    fn names(summary: &str, change: &Change) -> Vec<String> {
        named(Kind::Implementation, summary, change)
    }

    fn named(kind: Kind, summary: &str, change: &Change) -> Vec<String> {
        let left = Left { kind, task: "make it faster", summary, errors: &[], change };
        validate(&left).into_iter().map(|finding| finding.name).collect()
    }

    #[test]
    fn an_exit_code_is_no_work() {
        let none = Change::default();
        assert_eq!(names("Done.", &none), ["nothing_done"]);
        assert_eq!(names("I'm sorry, but I can't help with that.", &none), ["refused"]);
        assert_eq!(named(Kind::Research, "It is the cache.", &none), Vec::<String>::new());
        assert_eq!(named(Kind::Research, "", &none), ["nothing_done"]);
        assert!(names("Done.", &change(&[("src/a.rs", "+fn a() {}")])).is_empty());
    }

    #[test]
    fn answers_that_break_off() {
        let some = change(&[("src/a.rs", "+fn a() {}")]);
        for text in
            ["I changed the parser and the", "It works:\n```rust\nfn a() {", "I added src/a.rs, src/b.rs,"]
        {
            assert!(names(text, &some).contains(&"truncated".to_owned()), "{text}");
        }
        for text in ["Done", "I changed the parser", "```\nx\n```", "Fixed it (see a.rs)"] {
            assert!(!names(text, &some).contains(&"truncated".to_owned()), "{text}");
        }
        let errors = ["API Error: response exceeded the 32000 output token maximum".to_owned()];
        let left = Left { kind: Kind::Debugging, task: "", summary: "Done.", errors: &errors, change: &some };
        assert_eq!(validate(&left)[0].name, "truncated");
    }

    proptest! {
        /// Whatever an agent writes, judging it ends, and says a bounded number of things in their order.
        #[test]
        fn anything_can_be_judged(summary in ".{0,200}", task in ".{0,50}", path in ".{0,30}", patch in "(.|\n){0,300}") {
            let mut change = change(&[("tests/a.rs", "-assert!(x)")]);
            change.files[0].path = path;
            change.files[0].patch = patch;
            let left = Left { kind: Kind::Testing, task: &task, summary: &summary, errors: &[], change: &change };
            let found = validate(&left);
            prop_assert!(found.len() <= MOST_FINDINGS);
            prop_assert!(found.windows(2).all(|two| two[0].severity >= two[1].severity));
            prop_assert!(found.iter().all(|one| !one.text.is_empty() && !one.name.is_empty()));
        }
    }
}
