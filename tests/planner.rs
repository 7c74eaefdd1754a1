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

fn order_of_starts(bench: &Bench, ids: &[&String]) -> Vec<usize> {
    let started = |id: &&String| {
        let output = bench.output(&["--json", "logs", id]);
        let text = String::from_utf8(output.stdout).unwrap();
        let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let first = events.into_iter().find(|event| event["type"] == "run.started");
        first.unwrap_or_else(|| panic!("{id} never started"))["seq"].as_i64().unwrap()
    };
    let mut order: Vec<_> = ids.iter().map(started).zip(0..).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, n)| n).collect()
}

/// A run that lasts until it is stopped, and takes the only place.
fn blocker(bench: &Bench) -> String {
    let id = detach(bench, "- hang: true\n", &[]);
    bench.until(&id, |task| task["state"] == "running");
    id
}

fn planned(bench: &Bench, id: &str) -> Value {
    let plan = bench.json(&["plan"]);
    let tasks = plan["tasks"].as_array().unwrap();
    tasks.iter().find(|task| task["id"] == id).unwrap_or_else(|| panic!("{id} is not in {plan}")).clone()
}

#[test]
fn the_tighter_deadline_starts_first_and_adjusting_changes_the_order_over_a_restart() {
    let bench = Bench::new();
    bench.configure("concurrency: 1\n");
    let daemon = bench.serve();
    let blocker = blocker(&bench);
    let relaxed = detach(&bench, WRITES, &["--deadline", "in 10d"]);
    let whenever = detach(&bench, WRITES, &[]);
    let tight = detach(&bench, WRITES, &["--deadline", "in 3h"]);
    let least = detach(&bench, WRITES, &["--priority", "9"]);
    let reason = |id: &str| planned(&bench, id)["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason(&tight), "starts as soon as the run that lives ends");
    assert_eq!(reason(&relaxed), "waits behind one more urgent task: one runs at a time");
    assert_eq!(reason(&least), "waits behind 3 more urgent tasks: one runs at a time");
    bench.json(&["set", &least, "--priority", "4", "--deadline", "in 1h"]);
    assert_eq!(reason(&least), "starts as soon as the run that lives ends");
    assert_eq!(reason(&tight), "waits behind one more urgent task: one runs at a time");

    let shown = said(&bench.output(&["show", &tight]));
    assert!(shown.contains("It waits behind one more urgent task: one runs at a time."), "{shown}");

    drop(daemon);
    let _daemon = bench.serve();
    assert_eq!(reason(&whenever), "waits behind 3 more urgent tasks: one runs at a time");
    bench.json(&["stop", &blocker]);
    let ids = [&relaxed, &whenever, &tight, &least];
    for id in ids {
        bench.until(id, |task| task["state"] == "review");
    }
    assert_eq!(order_of_starts(&bench, &ids), [3, 2, 0, 1]);
}

#[test]
fn the_plan_says_when_by_whom_and_what_would_save_a_deadline() {
    let bench = Bench::new();
    bench.configure("concurrency: 1\n");
    assert_eq!(said(&bench.output(&["plan"])).trim(), "Nothing is to be done.");
    let _daemon = bench.serve();
    let blocker = blocker(&bench);
    let first = detach(&bench, WRITES, &["--priority", "1"]);
    let late = detach(&bench, WRITES, &["--priority", "9", "--deadline", "in 40 min"]);
    let hopeless = detach(&bench, WRITES, &["--after", &late, "--deadline", "in 20 min"]);
    let plan = bench.json(&["plan"]);
    let order: Vec<_> =
        plan["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect();
    // What comes before the one with the deadline is as urgent as that.
    assert_eq!(order, [&blocker, &late, &hopeless, &first], "{plan}");
    let [late, hopeless, running] = [&late, &hopeless, &blocker].map(|id| planned(&bench, id));
    assert_eq!((&running["state"], &running["account"]), (&json!("running"), &json!("rehearsal")));
    assert!(running["reason"].as_str().unwrap().starts_with("runs on rehearsal since "), "{running}");
    assert_eq!((&late["verdict"], &hopeless["verdict"]), (&json!("tight"), &json!("late")), "{plan}");
    assert!(hopeless["save"].as_str().unwrap().starts_with("cannot: "), "{hopeless}");
    assert!(late["start_at"].as_str() < hopeless["start_at"].as_str());
    assert_eq!(late["estimate"]["runs"], Value::Null, "a guess, and told as one");
    let text = said(&bench.output(&["plan"]));
    assert!(text.contains("1 run, 3 wait, 0 are ready for your review."), "{text}");
    assert!(text.contains("1 of 2 deadlines will be missed.") && text.contains("are guesses"), "{text}");
    assert!(text.contains("late, cannot: "), "{text}");
    bench.json(&["stop", &blocker]);
    bench.until(&first, |task| task["state"] == "review");
}

#[test]
fn nothing_new_starts_while_enough_waits_for_review() {
    let bench = Bench::new();
    bench.configure("review_limit: 1\n");
    let _daemon = bench.serve();
    let first = detach(&bench, WRITES, &[]);
    bench.until(&first, |task| task["state"] == "review");
    let second = detach(&bench, "- write: {path: b.txt, content: x}\n", &[]);
    let held = planned(&bench, &second);
    assert_eq!(held["start_at"], Value::Null);
    assert_eq!(
        held["reason"],
        "nothing new starts in `shop` before you review: 1 task of it is ready (limit 1)"
    );
    // What was sent back is nothing new.
    bench.json(&["reject", &first, "-m", "again"]);
    bench.until(&second, |task| task["state"] == "review");
    bench.until(&first, |task| task["state"] == "review" && task["attempt"] == 2);
}

#[test]
fn estimates_are_learned_from_runs_that_ended() {
    let bench = Bench::new();
    let _daemon = bench.serve();
    for _ in 0..5 {
        let done = bench.rehearse("- usage: {input: 900, output: 100}\n- write: {path: a.txt, content: x}\n");
        assert_eq!(done["status"], "review", "{done}");
    }
    bench.json(&["accounts", "off"]);
    let next = detach(&bench, WRITES, &[]);
    let estimate = planned(&bench, &next)["estimate"].clone();
    assert_eq!(estimate["runs"], 5, "{estimate}");
    assert!(estimate["median_seconds"].as_u64().unwrap() < 30, "{estimate}");
    let tokens = estimate["median_tokens"].as_u64().unwrap();
    assert!((800..1250).contains(&tokens), "{estimate}");
}
