//! Collisions: tasks at work on one repository that change the same files. Pure: what two footprints share, where a
//! text differs from another, which changed file a task's words name.
//!
//! Lines are those of the file as the tasks found it. Two tasks that started from different commits are compared all
//! the same: what is told is a warning, the merge decides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::TaskId;

/// Collisions kept of one task.
pub const MOST_OF_A_TASK: usize = 32;
/// Files named in one of them.
pub const MOST_FILES: usize = 20;
/// Lines of a text that are compared; a longer one counts as changed as a whole.
const MOST_LINES: usize = 20_000;

/// How much two tasks are in each other's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// They change the same file.
    Soft,
    /// They change the same or neighbouring lines: the merge will conflict.
    Hot,
}

impl Kind {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Hot => "hot",
        }
    }
}

/// What a project wants done about collisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// They are shown.
    #[default]
    Warn,
    /// A queued task that names files which another one changes waits until that one has landed.
    Serialise,
    /// Agents are told what the others change.
    Share,
}

/// Another task in the way of this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collision {
    /// The other task.
    pub task: TaskId,
    /// Its title.
    pub title: String,
    /// How much.
    pub kind: Kind,
    /// Where.
    pub files: Vec<String>,
    /// It is history.
    #[serde(default)]
    pub over: bool,
}

impl Collision {
    /// Whether `new` says nothing new: while it lasts, it is told once for each pair and kind.
    pub fn covers(&self, new: &Self) -> bool {
        self.task == new.task && self.kind >= new.kind && !self.over
    }
}

/// Lines of a file that are changed, counted from 1: so many from `first` on, or, when none, something new before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// The first of them.
    pub first: u32,
    /// How many.
    pub lines: u32,
}

impl Span {
    /// Whether two changes are at the same lines or at neighbouring ones, which a merge cannot tell apart.
    pub fn touches(self, other: Self) -> bool {
        self.first <= other.first.saturating_add(other.lines)
            && other.first <= self.first.saturating_add(self.lines)
    }
}

/// What a task changes: by file, the lines; none named means the whole file.
pub type Footprint = BTreeMap<String, Vec<Span>>;

/// What two tasks have in common, and how bad it is; files that are worst come first.
pub fn overlap(one: &Footprint, other: &Footprint) -> Option<(Kind, Vec<String>)> {
    let mut found = Vec::new();
    for (path, spans) in one {
        let Some(theirs) = other.get(path) else { continue };
        let whole = spans.is_empty() || theirs.is_empty();
        let hot = whole || spans.iter().any(|span| theirs.iter().any(|their| span.touches(*their)));
        found.push((if hot { Kind::Hot } else { Kind::Soft }, path.clone()));
    }
    let kind = found.iter().map(|(kind, _)| *kind).max()?;
    let files = found.into_iter().filter(|(of, _)| *of == kind).map(|(_, path)| path);
    Some((kind, files.take(MOST_FILES).collect()))
}

/// Where `after` differs from `before`; nothing where they are the same, one span over all where they cannot be compared.
pub fn spans(before: &str, after: &str) -> Vec<Span> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let mut found = Vec::new();
    if before.len() > MOST_LINES || after.len() > MOST_LINES {
        found.extend((before != after).then(|| span(0, before.len())));
    } else {
        compare(&before, &after, 0, &mut found);
    }
    found
}

fn span(skipped: usize, lines: usize) -> Span {
    let number = |n| u32::try_from(n).unwrap_or(u32::MAX);
    Span { first: number(skipped + 1), lines: number(lines) }
}

/// By what is the same at both ends, then by the lines that both have exactly once, in the order both have them.
fn compare(before: &[&str], after: &[&str], skipped: usize, found: &mut Vec<Span>) {
    let head = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let (before, after, skipped) = (&before[head..], &after[head..], skipped + head);
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(|(one, other)| one == other).count();
    let (before, after) = (&before[..before.len() - tail], &after[..after.len() - tail]);
    if before.is_empty() && after.is_empty() {
        return;
    }
    let anchors = anchors(before, after);
    if anchors.is_empty() {
        found.push(span(skipped, before.len()));
        return;
    }
    let (mut from, mut to) = (0, 0);
    for (there, here) in anchors.into_iter().chain([(before.len(), after.len())]) {
        compare(&before[from..there], &after[to..here], skipped + from, found);
        (from, to) = (there + 1, here + 1);
    }
}

/// Lines that both have exactly once, the longest list of them in the same order (patience).
fn anchors(before: &[&str], after: &[&str]) -> Vec<(usize, usize)> {
    let mut seen: BTreeMap<&str, (usize, usize, usize, usize)> = BTreeMap::new();
    for (at, line) in before.iter().enumerate() {
        let entry = seen.entry(line).or_default();
        (entry.0, entry.1) = (entry.0 + 1, at);
    }
    for (at, line) in after.iter().enumerate() {
        if let Some(entry) = seen.get_mut(line) {
            (entry.2, entry.3) = (entry.2 + 1, at);
        }
    }
    let once = seen.into_values().filter(|(n, _, m, _)| (*n, *m) == (1, 1));
    let mut pairs: Vec<_> = once.map(|(_, there, _, here)| (there, here)).collect();
    pairs.sort_unstable();
    // The longest rising run of the second places: piles, and each one's predecessor.
    let mut piles: Vec<usize> = Vec::new();
    let mut previous = vec![usize::MAX; pairs.len()];
    for (n, pair) in pairs.iter().enumerate() {
        let pile = piles.partition_point(|top| pairs[*top].1 < pair.1);
        if pile > 0 {
            previous[n] = piles[pile - 1];
        }
        if pile == piles.len() { piles.push(n) } else { piles[pile] = n }
    }
    let mut chain = Vec::new();
    let mut at = piles.last().copied().unwrap_or(usize::MAX);
    while let Some(pair) = pairs.get(at) {
        chain.push(*pair);
        at = previous[at];
    }
    chain.reverse();
    chain
}

/// The changed lines of a unified diff of one file.
pub fn spans_of_patch(patch: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let (mut line, mut inside) = (0u32, false);
    for text in patch.lines() {
        if let Some(rest) = text.strip_prefix("@@ -") {
            let (first, lines) = rest
                .split([' ', '+'])
                .next()
                .unwrap_or_default()
                .split_once(',')
                .unwrap_or((rest.split(' ').next().unwrap_or_default(), "1"));
            // Without lines the number is of the line before.
            line = first.parse::<u32>().unwrap_or(1) + u32::from(lines == "0");
            inside = true;
        } else if inside {
            match text.as_bytes().first() {
                Some(b'-') => {
                    match found.last_mut() {
                        Some(last) if last.first + last.lines == line => last.lines += 1,
                        _ => found.push(Span { first: line, lines: 1 }),
                    }
                    line += 1;
                }
                Some(b'+') => {
                    if found.last().is_none_or(|last| last.first + last.lines != line) {
                        found.push(Span { first: line, lines: 0 });
                    }
                }
                Some(b'\\') => {}
                _ => line += 1,
            }
        }
    }
    found
}

/// The first changed file that a task's words name: by its path, a directory above it, or its name with its ending.
pub fn named(words: &str, footprint: &Footprint) -> Option<String> {
    let ends = |char: char| char.is_whitespace() || "`'\"()[]{}<>,;:!?".contains(char);
    let tokens = words.split(ends).map(|word| word.trim_end_matches('.').trim_start_matches("./"));
    let mut tokens = tokens.filter(|word| word.len() > 2 && (word.contains('/') || word.contains('.')));
    tokens.find_map(|word| {
        let dir = word.trim_end_matches('/');
        let hit = |path: &&String| {
            let below = path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            let name = path.rsplit('/').next().unwrap_or_default();
            below || (!word.contains('/') && name == word)
        };
        footprint.keys().find(hit).cloned()
    })
}

/// Lines of a patch by which others use what it changes: signatures, one a line, bounded.
pub fn interface(patch: &str) -> Vec<String> {
    const WORDS: [&str; 14] = [
        "pub ",
        "fn ",
        "def ",
        "class ",
        "function ",
        "export ",
        "interface ",
        "type ",
        "func ",
        "struct ",
        "enum ",
        "trait ",
        "public ",
        "const ",
    ];
    let changed = patch.lines().filter(|line| {
        (line.starts_with('+') && !line.starts_with("+++"))
            || (line.starts_with('-') && !line.starts_with("---"))
    });
    let tells = |line: &&str| WORDS.iter().any(|word| line[1..].trim_start().starts_with(word));
    changed.filter(tells).take(10).map(|line| line.chars().take(160).collect()).collect()
}

/// The same from two texts.
pub fn interface_of(before: &str, after: &str) -> Vec<String> {
    let (was, is): (BTreeSet<_>, BTreeSet<_>) = (before.lines().collect(), after.lines().collect());
    let gone = before.lines().filter(|line| !is.contains(line)).map(|line| format!("-{line}"));
    let new = after.lines().filter(|line| !was.contains(line)).map(|line| format!("+{line}"));
    interface(&gone.chain(new).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn footprint(files: &[(&str, &[(u32, u32)])]) -> Footprint {
        let spans = |of: &[(u32, u32)]| {
            of.iter().map(|(first, lines)| Span { first: *first, lines: *lines }).collect()
        };
        files.iter().map(|(path, of)| ((*path).to_owned(), spans(of))).collect()
    }

    #[test]
    fn the_same_lines_are_hot_the_same_file_is_soft() {
        let one = footprint(&[("a.rs", &[(10, 3)]), ("b.rs", &[(1, 1)])]);
        let near = footprint(&[("a.rs", &[(13, 1)])]);
        let far = footprint(&[("a.rs", &[(14, 1)])]);
        assert_eq!(overlap(&one, &near), Some((Kind::Hot, vec!["a.rs".into()])));
        assert_eq!(overlap(&one, &far), Some((Kind::Soft, vec!["a.rs".into()])));
        assert_eq!(overlap(&one, &footprint(&[("c.rs", &[])])), None);
        assert_eq!(overlap(&one, &footprint(&[("b.rs", &[])])), Some((Kind::Hot, vec!["b.rs".into()])));
    }

    #[test]
    fn a_patch_and_two_texts_say_the_same() {
        let before = "one\ntwo\nthree\nfour\nfive\nsix\n";
        let after = "one\nTWO\nthree\nfour\nand a half\nfive\nsix\n";
        let patch =
            "--- a/x\n+++ b/x\n@@ -1,6 +1,7 @@\n one\n-two\n+TWO\n three\n four\n+and a half\n five\n six\n";
        let expected = [Span { first: 2, lines: 1 }, Span { first: 5, lines: 0 }];
        assert_eq!(spans(before, after), expected);
        assert_eq!(spans_of_patch(patch), expected);
        assert_eq!(spans_of_patch("@@ -0,0 +1,2 @@\n+a\n+b\n"), [Span { first: 1, lines: 0 }]);
    }

    #[test]
    fn words_name_files_and_directories() {
        let changed = footprint(&[("src/auth/login.rs", &[]), ("README.md", &[])]);
        for (words, file) in [
            ("fix the bug in `src/auth/login.rs`.", Some("src/auth/login.rs")),
            ("tidy src/auth/", Some("src/auth/login.rs")),
            ("shorten README.md, please", Some("README.md")),
            ("login.rs is slow", Some("src/auth/login.rs")),
            ("src/au is no directory", None),
            ("read me the auth", None),
        ] {
            assert_eq!(named(words, &changed).as_deref(), file, "{words}");
        }
    }

    #[test]
    fn what_others_see_of_a_change() {
        let patch = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-pub fn greet() {\n+pub fn welcome(name: &str) {\n+    let x = 1;\n";
        assert_eq!(interface(patch), ["-pub fn greet() {", "+pub fn welcome(name: &str) {"]);
    }

    fn footprints() -> impl Strategy<Value = Footprint> {
        let span = (1u32..40, 0u32..6).prop_map(|(first, lines)| Span { first, lines });
        let path = prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(String::from);
        proptest::collection::btree_map(path, proptest::collection::vec(span, 0..4), 0..3)
    }

    proptest! {
        #[test]
        fn symmetric_and_nothing_when_disjoint(one in footprints(), other in footprints()) {
            prop_assert_eq!(overlap(&one, &other), overlap(&other, &one));
            let shared = one.keys().any(|path| other.contains_key(path));
            prop_assert_eq!(overlap(&one, &other).is_some(), shared);
            if !one.is_empty() {
                prop_assert_eq!(overlap(&one, &one).map(|(kind, _)| kind), Some(Kind::Hot));
            }
        }

        /// Outside the spans nothing differs: with the changed lines taken out, what is left is in the new text, in order.
        #[test]
        fn spans_cover_every_difference(before in "[abc\n]{0,60}", after in "[abc\n]{0,60}") {
            let found = spans(&before, &after);
            prop_assert_eq!(found.is_empty(), before.lines().eq(after.lines()));
            let changed = |n: u32| found.iter().any(|span| (span.first..span.first + span.lines).contains(&n));
            let kept: Vec<&str> = before.lines().zip(1u32..).filter(|(_, n)| !changed(*n)).map(|(line, _)| line).collect();
            let mut rest = after.lines();
            prop_assert!(kept.iter().all(|line| rest.any(|other| other == *line)));
        }
    }
}
