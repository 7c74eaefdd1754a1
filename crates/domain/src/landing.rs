//! Landing: what is known of approved work on its way into the branch it started from, and what is said when it
//! comes back. Pure; the merge is `workspace`'s, the queue `engine::landing`'s.
//!
//! The queue of a branch is the order of approval. Work that cannot land as things are leaves it: back to its agent at
//! most [`MOST_RETURNS`] times for one approval, then to a person, so that nothing waits behind what is repaired.

use serde::{Deserialize, Serialize};

use crate::check::{CheckResult, CheckStatus};

/// How often approved work goes back to its agent before a person looks at it.
pub const MOST_RETURNS: u32 = 2;
/// Characters of the other side's words, of a hunk list, of a check's output, that the agent is told.
const MOST_WORDS: usize = 600;
const MOST_HUNKS: usize = 8_000;
const MOST_OUTPUT: usize = 6_000;
/// Others that are named.
const MOST_OTHERS: usize = 8;

/// Where a task's landing stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Landing {
    /// How often the work went back to its agent since a person approved it.
    #[serde(skip_serializing_if = "is_zero")]
    pub returns: u32,
    /// The commit that the next run, or the live one, is to bring the work onto.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onto: Option<String>,
    /// Files in which the latest run left the conflict as it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unresolved: Vec<String>,
    /// The latest run brought the work onto the commit it was to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
    /// Whether repaired work lands by itself where nothing but the conflict changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// A person wants it out of the queue.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// The merge whose checks run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checking: Option<Merge>,
    /// What the checks said of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckResult>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The work merged with a tip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// The tip.
    pub onto: String,
    /// The merge commit.
    pub commit: String,
}

/// Work that was brought onto a tip by its agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// The tip.
    pub onto: String,
    /// Files that differ from the plain merge though they did not conflict.
    pub beyond: Vec<String>,
}

/// What a project wants done with work that its agent repaired after a person approved it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repaired {
    /// A person looks at it once more.
    #[default]
    Review,
    /// It lands, where nothing but what conflicted changed and the checks pass.
    Land,
}

/// Work of somebody else that is on the branch already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Other {
    /// Its commit.
    pub commit: String,
    /// The task's title, or the first line of the commit's message.
    pub title: String,
    /// What its agent, or the commit's message, says of it.
    pub summary: String,
    /// Whether it was a task.
    pub is_task: bool,
}

impl Other {
    fn named(&self) -> String {
        format!("`{}` (commit {})", self.title, short(&self.commit))
    }
}

/// The beginning of a commit's name.
pub fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}

/// What checks say of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It may land.
    Green,
    /// These pass on the work alone and fail on the merge.
    Red(Vec<&'a CheckResult>),
    /// This one could not be run to its end, so nothing is known.
    Unknown(&'a CheckResult),
}

/// Judges the checks of a merge by what they said of the work `alone`: what a person approved although it failed does
/// not hold it back.
pub fn judge<'a>(alone: &[CheckResult], together: &'a [CheckResult]) -> Verdict<'a> {
    let failed_alone = |check: &&CheckResult| {
        alone.iter().any(|known| known.name == check.name && known.status != CheckStatus::Passed)
    };
    let bad = || together.iter().filter(|check| check.status != CheckStatus::Passed);
    if let Some(check) = bad().find(|check| check.status == CheckStatus::Error && !failed_alone(check)) {
        return Verdict::Unknown(check);
    }
    let red: Vec<_> = bad().filter(|check| !failed_alone(check)).collect();
    if red.is_empty() { Verdict::Green } else { Verdict::Red(red) }
}

/// Why work that passed alone does not land, for people.
pub fn red_reason(branch: &str, red: &[&CheckResult], others: &[Other]) -> String {
    let names: Vec<_> = red.iter().map(|check| format!("`{}`", check.name)).collect();
    let with = match others.split_first() {
        None => format!("with `{branch}`"),
        Some((first, [])) => format!("with {}", first.named()),
        Some((first, rest)) => format!("with {} and {} more", first.named(), rest.len()),
    };
    format!("passed alone, fails together {with}: {}", names.join(", "))
}

/// Why work that conflicts does not land, for people.
pub fn conflict_reason(branch: &str, paths: &[String], others: &[Other]) -> String {
    let shown: Vec<_> = paths.iter().take(5).map(|path| format!("`{path}`")).collect();
    let more = paths.len().saturating_sub(5);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let with = others.first().map_or_else(|| format!("`{branch}`"), Other::named);
    format!("the work conflicts with {with} in {}{more}", shown.join(", "))
}

/// What the agent is told of a conflict: both sides, and what is wanted.
pub fn conflict_comment(
    branch: &str,
    onto: &str,
    paths: &[String],
    hunks: &str,
    others: &[Other],
    own: &str,
) -> String {
    let mut text = format!(
        "your work was approved, and conflicts with what landed on `{branch}` meanwhile (now at {}).\n\nYour side: \
         {own}\n\nThe other side:\n",
        short(onto)
    );
    text += &listed(others);
    text += "\nFiles in conflict:\n";
    for path in paths.iter().take(50) {
        text += &format!("- {path}\n");
    }
    if !hunks.trim().is_empty() {
        text += &format!("\nWhere both changed the same lines:\n\n{}\n", cut(hunks, MOST_HUNKS));
    }
    text + "\nThe merge is in your working tree, not committed, with conflict markers where both sides changed the same \
            lines (`git status` lists them). Resolve them so that both sides keep what they were for, leave no marker, \
            and change nothing else.\n"
}

/// What the agent is told when its work fails on the merge only.
pub fn red_comment(branch: &str, onto: &str, red: &[&CheckResult], others: &[Other]) -> String {
    let mut text = format!(
        "your work was approved and passed its checks alone. Merged with `{branch}` as it is now ({}), it does not. What \
         landed there meanwhile:\n",
        short(onto)
    );
    text += &listed(others);
    for check in red {
        text += &format!(
            "\nThe check `{}` (`{}`) ends so:\n\n{}\n",
            check.name,
            check.command,
            tail(&check.output, MOST_OUTPUT)
        );
    }
    text + "\nThe merge is in your working tree, not committed. Make the checks pass on it.\n"
}

/// What the agent is told when it left markers.
pub fn unresolved_comment(paths: &[String]) -> String {
    format!(
        "the conflict is not resolved: {}. The merge has to be in your working tree or in a commit of yours, without a \
         conflict marker left.\n",
        left(paths)
    )
}

/// What is left of a conflict, in half a sentence.
pub fn left(paths: &[String]) -> String {
    if paths.is_empty() {
        return "the work is still not on top of the branch".into();
    }
    let shown: Vec<_> = paths.iter().take(5).map(|path| format!("`{path}`")).collect();
    format!("conflict markers are left in {}", shown.join(", "))
}

fn listed(others: &[Other]) -> String {
    if others.is_empty() {
        return "- changes by hand\n".into();
    }
    let mut text = String::new();
    for other in others.iter().take(MOST_OTHERS) {
        let kind = if other.is_task { "task" } else { "commit" };
        text += &format!("- {kind} {}", other.named());
        let words = cut(other.summary.trim(), MOST_WORDS);
        text += &if words.is_empty() { "\n".into() } else { format!(": {}\n", words.replace('\n', "\n  ")) };
    }
    let more = others.len().saturating_sub(MOST_OTHERS);
    if more > 0 {
        text += &format!("- and {more} more\n");
    }
    text
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).collect::<String>() + " […]"
}

fn tail(text: &str, most: usize) -> String {
    let skip = text.chars().count().saturating_sub(most);
    text.chars().skip(skip).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(name: &str, status: CheckStatus) -> CheckResult {
        CheckResult {
            name: name.into(),
            command: "make test".into(),
            status,
            duration_ms: 1,
            output: "error: no `greet`".into(),
            coverage: None,
        }
    }

    fn other() -> Other {
        Other {
            commit: "0123456789abcdef".into(),
            title: "rename greet".into(),
            summary: "`greet` is `welcome` now.".into(),
            is_task: true,
        }
    }

    #[test]
    fn both_sides_are_told() {
        let test = check("test", CheckStatus::Failed);
        insta::assert_snapshot!(red_reason("main", &[&test], &[other()]),
            @"passed alone, fails together with `rename greet` (commit 01234567): `test`");
        insta::assert_snapshot!(conflict_reason("main", &["a.txt".into()], &[other()]),
            @"the work conflicts with `rename greet` (commit 01234567) in `a.txt`");
        insta::assert_snapshot!(conflict_comment("main", "fedcba9876", &["a.txt".into()], "<<<<<<< main\n", &[other()], "I add a call."), @r"
        your work was approved, and conflicts with what landed on `main` meanwhile (now at fedcba98).

        Your side: I add a call.

        The other side:
        - task `rename greet` (commit 01234567): `greet` is `welcome` now.

        Files in conflict:
        - a.txt

        Where both changed the same lines:

        <<<<<<< main


        The merge is in your working tree, not committed, with conflict markers where both sides changed the same lines (`git status` lists them). Resolve them so that both sides keep what they were for, leave no marker, and change nothing else.
        ");
        insta::assert_snapshot!(red_comment("main", "fedcba9876", &[&test], &[]), @r"
        your work was approved and passed its checks alone. Merged with `main` as it is now (fedcba98), it does not. What landed there meanwhile:
        - changes by hand

        The check `test` (`make test`) ends so:

        error: no `greet`

        The merge is in your working tree, not committed. Make the checks pass on it.
        ");
    }

    fn statuses() -> impl Strategy<Value = Vec<CheckResult>> {
        use CheckStatus::{Error, Failed, Passed};
        let status = prop_oneof![Just(Passed), Just(Failed), Just(Error)];
        proptest::collection::vec(status, 0..4).prop_map(|statuses| {
            statuses.into_iter().zip(["a", "b", "c", "d"]).map(|(status, name)| check(name, status)).collect()
        })
    }

    proptest! {
        /// Green exactly when all that passed alone passes together; whatever failed alone never matters.
        #[test]
        fn only_what_breaks_together_holds_back(alone in statuses(), together in statuses()) {
            let passed = |checks: &[CheckResult], name: &str| {
                checks.iter().find(|check| check.name == name).is_none_or(|check| check.status == CheckStatus::Passed)
            };
            let breaks = together.iter().any(|check| check.status != CheckStatus::Passed && passed(&alone, &check.name));
            prop_assert_eq!(judge(&alone, &together) != Verdict::Green, breaks);
            prop_assert_eq!(judge(&together, &together), Verdict::Green);
        }
    }
}
