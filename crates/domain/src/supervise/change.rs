//! A change as supervision reads it: files, and the lines that came and went. Not here: making diffs (crate
//! `workspace`).

use std::collections::BTreeSet;

/// What happened to a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It is new.
    Added,
    /// It differs.
    #[default]
    Modified,
    /// It is gone.
    Deleted,
    /// It has another path.
    Renamed,
}

/// A changed file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Its path.
    pub path: String,
    /// Its path before, when it was renamed.
    pub old_path: Option<String>,
    /// What happened to it.
    pub status: Status,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
    /// Whether it is not text.
    pub binary: bool,
    /// Its unified diff; empty when it is too large.
    pub patch: String,
}

/// A change against the task's base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Its files.
    pub files: Vec<Changed>,
}

/// A line of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number: in the new file where it came, in the old one where it went.
    pub number: u32,
    /// What it says.
    pub text: &'a str,
    /// Came, went, or stayed.
    pub kind: Kind,
}

/// What happened to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It came.
    Added,
    /// It went.
    Removed,
    /// It stayed.
    Context,
}

impl Changed {
    /// The lines of its patch, in order.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let (mut old, mut new) = (0u32, 0u32);
        let mut inside = false;
        let mut lines = Vec::new();
        for text in self.patch.lines() {
            if let Some(starts) = hunk(text) {
                (old, new) = starts;
                inside = true;
                continue;
            }
            let Some(sign) = text.chars().next().filter(|_| inside) else { continue };
            let rest = &text[sign.len_utf8()..];
            match sign {
                '+' => {
                    lines.push(Line { number: new, text: rest, kind: Kind::Added });
                    new = new.saturating_add(1);
                }
                '-' => {
                    lines.push(Line { number: old, text: rest, kind: Kind::Removed });
                    old = old.saturating_add(1);
                }
                ' ' => {
                    lines.push(Line { number: new, text: rest, kind: Kind::Context });
                    (old, new) = (old.saturating_add(1), new.saturating_add(1));
                }
                _ => {}
            }
        }
        lines
    }

    /// The lines that came.
    pub fn added(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines().into_iter().filter(|line| line.kind == Kind::Added)
    }

    /// The lines that went.
    pub fn removed(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines().into_iter().filter(|line| line.kind == Kind::Removed)
    }

    /// Whether it holds tests, by its path.
    pub fn is_test(&self) -> bool {
        is_test(&self.path) || self.old_path.as_deref().is_some_and(is_test)
    }

    /// Whether it holds code that tests could cover, by its name.
    pub fn is_code(&self) -> bool {
        const CODE: &[&str] = &[
            "rs", "py", "js", "jsx", "ts", "tsx", "go", "java", "kt", "c", "h", "cc", "cpp", "hpp", "cs",
            "rb", "php", "swift", "scala", "ex", "exs", "sh", "sql", "vue", "svelte", "mjs", "cjs",
        ];
        let end = self.path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
        end.is_some_and(|end| CODE.contains(&end.as_str())) && !self.is_test()
    }
}

impl Change {
    /// Lines that came and went, together.
    pub fn size(&self) -> u32 {
        let of = |file: &Changed| file.insertions.saturating_add(file.deletions);
        self.files.iter().map(of).fold(0, u32::saturating_add)
    }

    /// The lines of the new files that are in the change: where a remark can stand.
    pub fn places(&self) -> BTreeSet<(&str, u32)> {
        let of = |file| {
            let changed: &Changed = file;
            changed
                .lines()
                .into_iter()
                .filter(|line| line.kind != Kind::Removed)
                .map(move |line| (changed.path.as_str(), line.number))
        };
        self.files.iter().flat_map(of).collect()
    }
}

/// Where a hunk starts in the old and the new file: `@@ -1,2 +3,4 @@`.
fn hunk(line: &str) -> Option<(u32, u32)> {
    let mut words = line.strip_prefix("@@ -")?.split(' ');
    let start = |word: &str| word.split(',').next().and_then(|number| number.parse().ok());
    let old = start(words.next()?)?;
    let new = start(words.next()?.strip_prefix('+')?)?;
    Some((old, new))
}

/// Whether a path is one of tests.
pub fn is_test(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let (dirs, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let stem = name.split('.').next().unwrap_or_default();
    dirs.split('/').any(|dir| matches!(dir, "test" | "tests" | "__tests__" | "spec" | "specs" | "testing"))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || matches!(stem, "test" | "tests")
        || name.contains(".test.")
        || name.contains(".spec.")
        || stem.ends_with("_spec")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A file whose old and new lines are given with their signs.
    pub(crate) fn file(path: &str, signed: &str) -> Changed {
        let count =
            |sign| u32::try_from(signed.lines().filter(|line| line.starts_with(sign)).count()).unwrap();
        Changed {
            path: path.into(),
            insertions: count('+'),
            deletions: count('-'),
            patch: format!(
                "diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1,9 +1,9 @@ fn x\n{signed}\n"
            ),
            ..Changed::default()
        }
    }

    pub(crate) fn change(files: &[(&str, &str)]) -> Change {
        Change { files: files.iter().map(|(path, signed)| file(path, signed)).collect() }
    }

    #[test]
    fn lines_have_their_numbers() {
        let file = file("a.rs", " one\n-two\n+three\n+++four\n one more");
        let lines: Vec<_> = file.lines().iter().map(|line| (line.kind, line.number, line.text)).collect();
        assert_eq!(
            lines,
            [
                (Kind::Context, 1, "one"),
                (Kind::Removed, 2, "two"),
                (Kind::Added, 2, "three"),
                (Kind::Added, 3, "++four"),
                (Kind::Context, 4, "one more"),
            ]
        );
        let change = Change { files: vec![file] };
        assert!(change.places().contains(&("a.rs", 3)) && !change.places().contains(&("a.rs", 9)));
    }

    #[test]
    fn paths_of_tests() {
        for path in [
            "tests/a.rs",
            "src/test_x.py",
            "a/b_test.go",
            "web/x.test.ts",
            "spec/a_spec.rb",
            "src/work/tests.rs",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in ["src/contest.rs", "src/latest.py", "attest/a.rs"] {
            assert!(!is_test(path), "{path}");
        }
    }
}
