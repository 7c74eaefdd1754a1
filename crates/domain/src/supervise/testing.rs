//! What was done to tests: a test that is gone, switched off or made to say nothing proves nothing.

use super::change::{Change, Changed, Line, Status};
use super::validate::finding;
use super::verdict::{Finding, Severity};

/// Words that switch a test off.
const SWITCHED_OFF: &[&str] = &[
    // Put together, so that the house's own rules do not complain of this file.
    concat!("#[ig", "nore"),
    ".skip(",
    "xit(",
    "xtest(",
    "xdescribe(",
    "it.todo(",
    "@pytest.mark.skip",
    "@pytest.mark.xfail",
    "pytest.skip(",
    "@unittest.skip",
    "@disabled",
    "@ignore",
    "t.skip(",
    "t.skipnow(",
];

/// Assertions that hold whatever the code does.
const EMPTY: &[&str] = &[
    "assert!(true",
    "assert true",
    "assert(true)",
    "assert 1 == 1",
    "assert_eq!(1, 1",
    "assert_eq!(true, true",
    "asserttrue(true)",
    "assertequals(1, 1)",
    "assertequal(1, 1)",
    "expect(true).tobe(true)",
    "expect(1).tobe(1)",
    "assert.ok(true)",
];

/// What is found; `task` may have asked for it.
pub(super) fn findings(task: &str, change: &Change) -> Vec<Finding> {
    // Whoever asks for tests to go gets what was asked for: it is still said.
    let severity = if asks_for_less(task) { Severity::Warning } else { Severity::Serious };
    change.files.iter().flat_map(|file| of_file(file, severity)).collect()
}

fn asks_for_less(task: &str) -> bool {
    let lower = task.to_lowercase();
    let less = ["remove", "delete", "drop", "skip", "disable", "ignore"];
    lower.contains("test")
        && lower.split(|char: char| !char.is_alphanumeric()).any(|word| less.contains(&word))
}

fn of_file(file: &Changed, severity: Severity) -> Vec<Finding> {
    let at = |name: &str, text: &str, line: Option<u32>| Finding {
        file: Some(file.path.clone()),
        line,
        ..finding(name, severity, text)
    };
    if file.status == Status::Deleted {
        return if file.is_test() {
            vec![at("tests_deleted", "a file of tests was deleted", None)]
        } else {
            Vec::new()
        };
    }
    // Documents speak of tests and are none.
    if !(file.is_test() || file.is_code()) {
        return Vec::new();
    }
    let (added, removed): (Vec<_>, Vec<_>) = (file.added().collect(), file.removed().collect());
    let mut found = Vec::new();
    let more = |is: fn(&str) -> bool| {
        let first = added.iter().find(|line| is(line.text));
        first.filter(|_| count(&added, is) > count(&removed, is)).map(|line| line.number)
    };
    if let Some(line) = more(switches_off) {
        found.push(at("tests_disabled", "a test was switched off", Some(line)));
    }
    if let Some(line) = more(says_nothing) {
        found.push(at(
            "assertion_disabled",
            "an assertion was made to hold whatever the code does",
            Some(line),
        ));
    }
    let fewer = |is: fn(&str) -> bool| {
        let first = removed.iter().find(|line| is(line.text));
        first.filter(|_| count(&removed, is) > count(&added, is)).map(|line| line.number)
    };
    if let Some(line) = fewer(defines_a_test).filter(|_| file.is_test() || has_test_marks(&removed)) {
        found.push(at("tests_deleted", "tests were removed without others in their place", Some(line)));
    } else if let Some(line) = fewer(asserts).filter(|_| file.is_test() || stands_beside_tests(file)) {
        found.push(at(
            "assertions_removed",
            "assertions were removed without others in their place",
            Some(line),
        ));
    }
    found
}

fn count(lines: &[Line<'_>], is: fn(&str) -> bool) -> usize {
    lines.iter().filter(|line| is(line.text)).count()
}

fn switches_off(line: &str) -> bool {
    let lower = line.trim_start().to_lowercase();
    // A word of the code, and not the end of another: `exit(` is no `xit(`; and `iter.skip(1)` skips no test.
    SWITCHED_OFF.iter().any(|mark| match lower.find(mark) {
        Some(0) => true,
        Some(at) if mark.starts_with('.') => {
            let before = &lower[..at];
            ["it", "test", "describe", "context", "suite"].iter().any(|word| {
                before
                    .strip_suffix(word)
                    .is_some_and(|rest| !rest.ends_with(|char: char| char.is_alphanumeric()))
            })
        }
        Some(at) => !lower[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == '.'),
        None => false,
    })
}

fn says_nothing(line: &str) -> bool {
    let lower = line.to_lowercase();
    EMPTY.iter().any(|mark| match lower.find(mark) {
        // `assert true_positives == 3` says something.
        Some(at) => !lower[at + mark.len()..].starts_with(|char: char| char.is_alphanumeric() || char == '_'),
        None => false,
    })
}

fn asserts(line: &str) -> bool {
    let line = line.trim_start();
    let marks = ["assert", "expect(", "self.assert", "t.Error", "t.Fatal", "require.", "should."];
    marks.iter().any(|mark| line.starts_with(mark)) || line.contains(".should")
}

fn defines_a_test(line: &str) -> bool {
    let line = line.trim_start();
    ["#[test]", "#[tokio::test", "def test_", "async def test_", "func Test", "it(", "test(", "it('", "@Test"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

fn has_test_marks(lines: &[Line<'_>]) -> bool {
    lines.iter().any(|line| line.text.contains("#[test]") || line.text.contains("#[tokio::test"))
}

/// Assertions outside of files of tests are part of the code there, but in Rust they stand beside the tests.
fn stands_beside_tests(file: &Changed) -> bool {
    file.path.rsplit_once('.').is_some_and(|(_, end)| end == "rs")
        && file.removed().any(|line| line.text.trim_start().starts_with("assert"))
}

#[cfg(test)]
mod tests {
    use super::super::change::tests::{change, file};
    use super::*;

    fn names(path: &str, signed: &str) -> Vec<String> {
        findings("make it faster", &change(&[(path, signed)])).into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn tests_that_prove_nothing() {
        for (path, signed, name) in [
            ("tests/a.rs", concat!("+#[ig", "nore]\n #[test]"), "tests_disabled"),
            ("a.test.ts", "-it('adds', () => {\n+it.skip('adds', () => {", "tests_disabled"),
            ("test_a.py", "+@pytest.mark.skip\n def test_a():", "tests_disabled"),
            ("tests/a.rs", "-    assert_eq!(add(1, 2), 3);\n+    assert!(true);", "assertion_disabled"),
            ("test_a.py", "-    assert add(1, 2) == 3\n+    assert True", "assertion_disabled"),
            ("test_a.py", "-def test_a():\n-    assert add(1, 2) == 3", "tests_deleted"),
            ("tests/a.rs", "-    assert_eq!(add(1, 2), 3);\n+    add(1, 2);", "assertions_removed"),
        ] {
            assert!(names(path, signed).contains(&name.to_owned()), "{signed}: {:?}", names(path, signed));
        }
        let gone = Changed { status: Status::Deleted, ..file("tests/a.rs", "-x") };
        assert_eq!(findings("", &Change { files: vec![gone] })[0].name, "tests_deleted");
    }

    #[test]
    fn honest_changes_are_not_suspected() {
        for (path, signed) in [
            ("tests/a.rs", "-    assert_eq!(add(1, 2), 3);\n+    assert_eq!(add(1, 2), 4);"),
            ("tests/a.rs", "+#[test]\n+fn b() { assert!(b()); }"),
            ("src/a.rs", "+    for x in xs.iter().skip(1) {}"),
            ("src/a.js", "+  process.exit(1)"),
            ("test_a.py", "-    assert x\n+    assert true_positives == 3"),
            ("docs/testing.md", concat!("+Use `#[ig", "nore]` and `assert!(true)`.")),
            ("src/a.py", "-    assert x is not None\n+    if x is None: return"),
        ] {
            assert!(names(path, signed).is_empty(), "{signed}: {:?}", names(path, signed));
        }
    }

    #[test]
    fn who_asks_for_it_is_told_and_not_refused() {
        let found =
            findings("Remove the obsolete tests of the parser", &change(&[("test_a.py", "-def test_a():")]));
        assert_eq!(found[0].severity, Severity::Warning);
    }
}
