//! What starts when, on the built binary: what comes after what, deadlines, adjusting, the plan; over restarts.

use serde_json::{Value, json};

use crate::sidekick::{Bench, said};

/// Writes a file, so that there is something to approve.
const WRITES: &str = "- write: {path: a.txt, content: x}\n";

fn detach(bench: &Bench, scenario: &str, more: &[&str]) -> String {
    let scenario = bench.scenario(scenario);
    let words = [&["run", "fix the parser", "--scenario", &scenario, "--detach"], more].concat();
    bench.json(&words)["task"].as_str().unwrap().to_owned()
}

fn short(id: &str) -> &str {
    &id[id.len() - 8..]
}

fn reason(task: &Value) -> String {
    task["waiting"]["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_task_starts_when_what_it_comes_after_has_landed_over_a_restart() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let first = detach(&bench, WRITES, &[]);
    // It sees the work of the first.
    let second = detach(
        &bench,
        "- shell: cat a.txt\n- append: {path: a.txt, content: y}\n",
        &["--after", short(&first)],
    );
    let third = detach(&bench, WRITES, &["--after", &first, "--after", &second]);
    let waiting = bench.until(&second, |task| reason(task).contains("review"));
    assert_eq!(waiting["waiting"]["for"], "dependency", "{waiting}");
    let expected = format!("waits for `fix the parser` ({}), which waits for your review", short(&first));
    assert_eq!(reason(&waiting), expected);
    assert!(said(&bench.output(&["show", &second])).contains(&expected));

    drop(daemon);
    let _daemon = bench.serve();
    assert_eq!(bench.json(&["show", &second])["attempt"], 0, "it did not start without");
    assert_eq!(bench.output(&["approve", &first]).status.code(), Some(0));
    let done = bench.until(&second, |task| task["state"] == "review");
    assert_eq!(done["attempt"], 1, "{done}");
    let waiting = bench.json(&["show", &third]);
    assert_eq!(
        reason(&waiting),
        format!("waits for `fix the parser` ({}), which waits for your review", short(&second))
    );
    assert_eq!(bench.output(&["approve", &second]).status.code(), Some(0));
    bench.until(&third, |task| task["state"] == "review");
    assert_eq!(bench.repo.read("a.txt"), "xy", "each began where the one before ended");
}

#[test]
fn what_fails_holds_back_what_comes_after_it_until_a_person_decides() {
    let bench = Bench::new();
    let _daemon = bench.serve();
    let first = detach(&bench, "- exit: 3\n", &[]);
    let second = detach(&bench, WRITES, &["--after", &first]);
    let third = detach(&bench, WRITES, &["--after", &first]);
    bench.json(&["stop", &first]);
    let held = bench.until(&second, |task| reason(task).contains("cancelled"));
    let (a, b) = (short(&first), short(&second));
    let expected = format!(
        "waits for `fix the parser` ({a}), which was cancelled: try that again with `sidekick retry {a}`, or start this one anyway with `sidekick retry {b}`"
    );
    assert_eq!(reason(&held), expected);
    // Anyway.
    bench.json(&["retry", &second]);
    bench.until(&second, |task| task["state"] == "review");
    // What is tried again is waited for again.
    bench.json(&["retry", &first]);
    bench.until(&third, |task| !reason(task).contains("cancelled") && task["state"] == "waiting");
    bench.json(&["set", &third, "--no-after"]);
    bench.until(&third, |task| task["state"] == "review");
    bench.json(&["stop", &first]);
}

#[test]
fn circles_and_unknown_tasks_are_refused() {
    let bench = Bench::new();
    bench.json(&["accounts", "off"]);
    let first = detach(&bench, WRITES, &[]);
    let second = detach(&bench, WRITES, &["--after", &first]);
    let third = detach(&bench, WRITES, &["--after", &second]);
    let output = bench.output(&["set", &first, "--after", &third]);
    let [a, b, c] = [&first, &second, &third].map(|id| format!("`fix the parser` ({})", short(id)));
    assert!(
        said(&output).contains(&format!("{a} comes after {c} comes after {b} comes after {a}")),
        "{}",
        said(&output)
    );
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(bench.json(&["show", &first])["after"], Value::Null, "nothing was changed");
    let output = bench.output(&["run", "x", "--after", "ffffffffffff", "--detach"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(said(&output).contains("there is no task `ffffffffffff`"), "{}", said(&output));
    let output = bench.output(&["set", &first, "--deadline", "soon"]);
    assert!(said(&output).contains("`soon` is no time: write it as `friday`"), "{}", said(&output));
    let set = bench.json(&["set", &third, "--priority", "2", "--deadline", "2099-01-01", "--after", &first]);
    assert_eq!((&set["priority"], &set["after"]), (&json!(2), &json!([first])));
    assert!(set["deadline"].as_str().unwrap().starts_with("2099-01-"), "{set}");
    let set = bench.json(&["set", &third, "--no-deadline", "--no-after"]);
    assert_eq!(
        (&set["deadline"], &set["after"], &set["state"]),
        (&Value::Null, &Value::Null, &json!("queued"))
    );
}
