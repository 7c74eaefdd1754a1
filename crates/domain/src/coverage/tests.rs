//! Reports of real tools, and hostile ones.

use proptest::prelude::*;

use super::super::{Span, measured, tests::check};
use super::*;
use crate::supervise::change::tests::change;

/// Written by `node --test --experimental-test-coverage --test-reporter=lcov` (Node 20).
const NODE: &str = "TN:\nSF:a.test.js\nFN:4,anonymous_0\nFNDA:1,anonymous_0\nFNF:1\nFNH:1\nDA:1,1\nDA:4,1\nLH:2\nLF:2\nend_of_record\n\
    SF:src/a.js\nFN:1,add\nFNDA:1,add\nBRDA:1,0,0,1\nDA:1,1\nDA:2,1\nDA:3,1\nDA:4,0\nDA:5,0\nLH:3\nLF:5\nend_of_record\n";

/// As coverage.py 7 writes it.
const PYTHON: &str = r#"<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage version="7.6" line-rate="0.6"><sources><source>/workspace/src</source></sources>
<packages><package name="."><classes><class name="a.py" filename="a.py"><methods/><lines>
<line number="1" hits="1"/><line number="2" hits="1"/><line number="4" hits="0"/></lines></class></classes></package></packages></coverage>"#;

/// As `go test -coverprofile` writes it.
const GO: &str = "mode: set\nexample.com/shop/cart/a.go:1.20,3.2 2 1\nexample.com/shop/cart/a.go:4.1,5.3 1 0\n\
    golang.org/x/text/a.go:1.1,9.9 1 1\n";

fn place(report: &str, files: &[&str]) -> Place {
    Place {
        roots: vec!["/workspace".into()],
        report: report.into(),
        files: files.iter().map(ToString::to_string).collect(),
        modules: vec![("example.com/shop".into(), String::new())],
    }
}

fn told(report: &str, place: &Place, change: &Change) -> String {
    match read(report.as_bytes(), place, change) {
        Reported::Without { reason } => reason,
        read @ Reported::Read { .. } => {
            measured(&[check(Some(read))]).map_or("nothing to run".into(), |found| found.words())
        }
    }
}

#[test]
fn reports_of_real_tools() {
    let five = "+1\n+2\n+3\n+4\n+5";
    for (report, at, path) in [
        (NODE, "coverage/lcov.info", "src/a.js"),
        (PYTHON, "coverage.xml", "src/a.py"),
        (GO, "cover.out", "cart/a.go"),
    ] {
        let change = change(&[(path, five), ("tests/x.test.js", five)]);
        let ran = if path == "src/a.py" { "2 of 3" } else { "3 of 5" };
        let files = [path, "a.js", "a.py", "a.go", "tests/x.test.js"];
        assert_eq!(
            told(report, &place(at, &files), &change),
            format!("{ran} changed lines ran in tests"),
            "{path}"
        );
    }
}

#[test]
fn only_what_came_counts() {
    let change = change(&[("src/a.js", " 1\n-x\n+2\n 3\n+4")]);
    let place = place("lcov.info", &["src/a.js", "a.test.js"]);
    assert_eq!(told(NODE, &place, &change), "1 of 2 changed lines ran in tests");
    let Reported::Read { files, .. } = read(NODE.as_bytes(), &place, &change) else { panic!() };
    assert_eq!((files[0].ran[0], files[0].missed[0]), (Span { from: 2, to: 2 }, Span { from: 4, to: 4 }));
}

#[test]
fn files_are_found_where_the_report_is() {
    let change = change(&[("src/a.js", "+1\n+2"), ("web/src/a.js", "+1\n+2\n+3\n+4")]);
    let both = ["src/a.js", "web/src/a.js"];
    let words = |at: &str, report: &str, files: &[&str]| told(report, &place(at, files), &change);
    assert_eq!(
        words("web/coverage/lcov.info", NODE, &both),
        "3 of 4 changed lines ran in tests, and src/a.js was never loaded"
    );
    assert_eq!(
        words("lcov.info", NODE, &both),
        "2 of 2 changed lines ran in tests, and web/src/a.js was never loaded"
    );
    // Its own `src/a.js` exists and did not change: nothing is said of the other.
    let other = crate::supervise::change::tests::change(&[("src/a.js", "+1")]);
    assert_eq!(told(NODE, &place("web/lcov.info", &both), &other), "tests never loaded src/a.js");
    let absolute = NODE.replace("SF:src", "SF:/workspace/./web/../src");
    assert_eq!(words("web/lcov.info", &absolute, &both), words("lcov.info", NODE, &both));
    for outside in ["/elsewhere/src", "../../src", "/workspacesrc", ""] {
        let report = NODE.replace("SF:src", &format!("SF:{outside}")).replace("SF:a.test.js", "SF:/no");
        assert_eq!(words("lcov.info", &report, &both), "names no file of the repository", "{outside}");
    }
}

#[test]
fn code_that_no_test_loads_did_not_run() {
    let change = change(&[("src/b.js", "+1\n+2"), ("src/x.sql", "+1"), ("README.md", "+1")]);
    let place = place("lcov.info", &["src/a.js", "src/b.js", "src/x.sql", "README.md"]);
    // SQL is not what this report is about.
    assert_eq!(told(NODE, &place, &change), "tests never loaded src/b.js");
    let read = read(NODE.as_bytes(), &place, &change);
    assert_eq!(measured(&[check(Some(read))]).unwrap().share(), Some(0.0));
}

#[test]
fn broken_reports_cover_nothing() {
    let change = change(&[("src/a.js", "+1\n+2\n+3")]);
    let place = place("lcov.info", &["src/a.js"]);
    for (report, why) in [
        (String::new(), "is empty"),
        ("hello".into(), "is neither lcov, nor Cobertura XML, nor a Go cover profile"),
        (NODE.trim_end().trim_end_matches("end_of_record").into(), "ends in the middle"),
        (NODE.replace("DA:2,1", "DA:2"), "is broken in line 17"),
        (NODE.replace("DA:2,1", "DA:99999999999,1"), "is broken in line 17"),
        ("<html></html>".into(), "is XML, but not Cobertura's"),
        (PYTHON.replace("</coverage>", ""), "ends in the middle"),
        (PYTHON.replace("hits=\"1\"", ""), "is broken: a line without its number or hits"),
        ("mode: set\nexample.com/shop/src/a.js:x".into(), "is broken in line 2"),
        ("SF:nowhere.js\nDA:1,1\nend_of_record\n".into(), "names no file of the repository"),
    ] {
        assert_eq!(told(&report, &place, &change), why, "{report}");
    }
    // Entities are not expanded, whatever they would become.
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><coverage><class filename=\"&b;\"/></coverage>";
    assert_eq!(told(bomb, &place, &change), "names no file of the repository");
}

#[test]
fn counts_of_hits() {
    for (text, ran) in [
        ("0", Some(false)),
        ("-3", Some(false)),
        ("99999999999999999999999", Some(true)),
        ("", None),
        ("1e3", None),
        ("-", None),
    ] {
        assert_eq!(hits(text), ran, "{text}");
    }
}

#[test]
fn a_report_that_says_too_much_ends() {
    let signed = "+x\n".repeat(3000);
    let change = change(&[("a.go", signed.trim_end())]);
    let place = place("cover.out", &["a.go"]);
    let all = "example.com/shop/a.go:1.1,4294967295.1 1 0\n".repeat(1100);
    assert_eq!(told(&format!("mode: set\n{all}"), &place, &change), "says too much to be read");
    let backwards = "mode: set\nexample.com/shop/a.go:9.1,1.1 1 1\nexample.com/shop/a.go:1.1,1.1 1 0\n";
    assert_eq!(told(backwards, &place, &change), "0 of 1 changed line ran in tests");
    let scattered = (0..5000).map(|n| format!("example.com/shop/a.go:{n}.1,{n}.1 1 {}\n", n % 2));
    let report = format!("mode: set\n{}", scattered.collect::<String>());
    assert_eq!(told(&report, &place, &change), "speaks of more than 2000 places of the change");
}

proptest! {
    /// Whatever is done to a report: no panic, and never more covered than changed.
    #[test]
    fn hostile_reports(
        which in 0usize..3, cuts in proptest::collection::vec((0usize..700, 0usize..40, ".{0,12}"), 0..6),
    ) {
        let mut report = [NODE, PYTHON, GO][which].as_bytes().to_vec();
        for (at, length, put) in cuts {
            let at = at.min(report.len());
            let end = (at + length).min(report.len());
            report.splice(at..end, put.into_bytes());
        }
        let change = change(&[("src/a.js", "+1\n+2"), ("src/a.py", "+1\n+2"), ("cart/a.go", "+1\n 2\n+3")]);
        let place = place("coverage/report", &["src/a.js", "src/a.py", "cart/a.go"]);
        if let Some(found) = measured(&[check(Some(read(&report, &place, &change)))]) {
            prop_assert!(found.ran <= found.of && found.of <= 6);
            let missed: u32 = found.files.iter().flat_map(|file| &file.missed).map(|span| span.lines()).sum();
            prop_assert_eq!(found.of - found.ran, missed);
        }
    }

    #[test]
    fn any_bytes(report in proptest::collection::vec(any::<u8>(), 0..300)) {
        let change = change(&[("a.js", "+1")]);
        let is_without = matches!(read(&report, &place("x", &["a.js"]), &change), Reported::Without { .. });
        prop_assert!(is_without);
    }
}
