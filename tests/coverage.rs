//! How much of a change ran in tests, through the built binary: with a real tool's report, with none, and with reports of
//! agents that would like to have tested.

use serde_json::{Value, json};

use crate::sidekick::{Bench, is_there, said};

/// A bench whose project `shop` has one check, which writes this report.
fn bench(run: &str, report: &str) -> Bench {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    let run = json!(run);
    bench.configure(&format!(
        "projects: {{shop: {{repo: {repo}, checks: {{test: {{run: {run}, coverage: {report}}}}}}}}}\n"
    ));
    bench
}

/// The task after a run of this script.
fn task(bench: &Bench, scenario: &str) -> Value {
    let scenario = bench.scenario(scenario);
    let done = bench.json(&["run", "add never", "--project", "shop", "--scenario", &scenario]);
    bench.json(&["show", done["task"].as_str().unwrap()])
}

fn found(task: &Value) -> Vec<String> {
    let findings = task["verdict"]["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            format!("{}: {}", finding["name"].as_str().unwrap(), finding["text"].as_str().unwrap())
        })
        .collect()
}

fn factors(task: &Value) -> String {
    task["verdict"]["factors"].to_string()
}

#[test]
fn changed_lines_that_ran_in_tests_are_counted() {
    if !is_there("node") {
        return;
    }
    let bench = bench(
        "mkdir -p coverage && node --test --experimental-test-coverage --test-reporter=lcov --test-reporter-destination=coverage/lcov.info",
        "coverage/lcov.info",
    );
    bench.repo.write("package.json", "{\"type\": \"module\"}\n");
    bench.repo.write("src/a.js", "export function add(a, b) {\n  return a + b;\n}\n");
    bench.repo.write(
        "test/a.test.js",
        "import test from 'node:test';\nimport assert from 'node:assert';\nimport * as a from '../src/a.js';\n\
         test('adds', () => assert.equal(a.add(1, 2), 3));\ntest('doubles', () => assert.equal((a.twice ?? ((x) => 2 * x))(2), 4));\n",
    );
    bench.repo.commit("Add");
    let task = task(
        &bench,
        "- write:\n    path: src/a.js\n    content: |\n      export function add(a, b) {\n        return a + b;\n      }\n      \
         export function twice(x) {\n        return 2 * x;\n      }\n      export function never(x) {\n        if (x) {\n          return 1;\n        }\n        return 2;\n      }\n\
         - write: {path: src/lonely.js, content: \"export const one = 1;\\n\"}\n- say: Done.\n",
    );
    assert_eq!(task["checks"][0]["status"], "passed", "{task}");
    let coverage = &task["verdict"]["coverage"];
    // Three lines of `twice` ran; of `never` at most its first, as the tool sees it.
    assert_eq!(coverage["of"], 9, "{coverage}");
    let ran = coverage["ran"].as_u64().unwrap();
    assert!((3..=4).contains(&ran), "{coverage}");
    assert_eq!(coverage["files"][0]["path"], "src/a.js");
    assert_eq!(coverage["files"][0]["uncovered"][0]["to"], 12, "{coverage}");
    assert_eq!(coverage["unnamed"], json!(["src/lonely.js"]));
    let words = format!("{ran} of 9 changed lines ran in tests, and src/lonely.js was never loaded");
    assert_eq!(coverage["words"], words.as_str());
    assert!(
        factors(&task).contains(&words) && !factors(&task).contains("no test with it"),
        "{}",
        factors(&task)
    );
    let found = found(&task).join("\n");
    assert!(found.contains("coverage_low") && found.contains("did not run in tests"), "{found}");
    let shown = said(&bench.output(&["show", task["short"].as_str().unwrap()]));
    assert!(shown.contains(&words) && shown.contains("(src/a.js:"), "{shown}");
}

/// All of `src/a.js` ran, it says.
const FORGED: &str = "SF:src/a.js\\nDA:1,1\\nDA:2,1\\nend_of_record\\n";

fn with_forged(path: &str) -> String {
    format!(
        "- write: {{path: src/a.js, content: \"one\\ntwo\\n\"}}\n- write: {{path: {path}, content: \"{FORGED}\"}}\n- say: Done.\n"
    )
}

#[test]
fn a_report_that_the_agent_brings_along_counts_for_nothing() {
    // The control: the very report counts when the check writes it.
    let honest = task(&bench("cp forged.info lcov.info", "lcov.info"), &with_forged("forged.info"));
    assert_eq!(honest["verdict"]["coverage"]["words"], "2 of 2 changed lines ran in tests", "{honest}");

    let brought = task(&bench("true", "lcov.info"), &with_forged("lcov.info"));
    assert_eq!(brought["verdict"]["coverage"], Value::Null, "{brought}");
    let missing =
        "coverage_missing: the coverage report of the check test was not written: there is no file lcov.info";
    assert!(found(&brought).contains(&missing.to_owned()), "{:?}", found(&brought));
    assert!(factors(&brought).contains("no test with it"), "{}", factors(&brought));

    // Neither when it lies in the base, and the check touches it.
    let bench = bench("test -e lcov.info && touch lcov.info || true", "lcov.info");
    bench.repo.write("lcov.info", &FORGED.replace("\\n", "\n"));
    bench.repo.commit("A report");
    let lying = task(&bench, "- write: {path: src/a.js, content: \"one\\ntwo\\n\"}\n- say: Done.\n");
    assert_eq!(lying["verdict"]["coverage"], Value::Null, "{lying}");
}

#[test]
fn reports_that_cannot_be_used_are_said_and_cover_nothing() {
    for (run, why) in [
        ("ln -s forged.info lcov.info", "was not written"),
        ("mkdir lcov.info", "was not written"),
        ("echo SF:src/a.js >lcov.info", "ends in the middle"),
        (
            "cp -p README.md x; cp forged.info lcov.info; touch -d 2020-01-01 lcov.info",
            "is older than the check",
        ),
        ("truncate -s 40M lcov.info", "is larger than 32 MB"),
    ] {
        let task = task(&bench(run, "lcov.info"), &with_forged("forged.info"));
        assert_eq!(task["checks"][0]["status"], "passed", "{task}");
        let found = found(&task).join("\n");
        assert!(found.contains("coverage_missing") && found.contains(why), "{run}: {found}");
        assert_eq!(task["verdict"]["coverage"], Value::Null, "{run}: {task}");
    }
}
