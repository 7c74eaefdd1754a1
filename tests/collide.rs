//! The collision radar: tasks at work on the same files are seen while they work, and what projects want done about it.

use serde_json::{Value, json};

use crate::merge::{begin, events, shop, until_state, work};
use crate::sidekick::{Bench, said};

/// Changes a line of `notes.txt`, and goes on working until it is stopped.
fn edit(line: &str) -> String {
    format!("- shell: sed -i s/{line}/{line}x/ notes.txt\n- sleep: 60s\n")
}

fn seen(bench: &Bench, id: &str) -> Vec<(String, Value)> {
    let found = events(bench, id, "collision.seen").into_iter();
    found.map(|event| (event["kind"].as_str().unwrap().to_owned(), event["files"].clone())).collect()
}

#[test]
fn tasks_that_change_the_same_lines_are_seen_while_they_work() {
    let bench = shop("");
    let lines: Vec<_> = (1..=40).map(|n| format!("line {n} is here\n")).collect();
    bench.repo.write("notes.txt", &lines.concat());
    bench.repo.commit("A longer file");
    let daemon = bench.serve();
    let one = begin(&bench, "one edit", &edit("line.10.is"));
    let two = begin(&bench, "two edits", &edit("line.11.is"));
    let far = begin(&bench, "far away", &edit("line.35.is"));
    let other = begin(&bench, "other file", "- write: {path: b.txt, content: b}\n- sleep: 30s\n");
    let task = bench.until(&one, |task| task["collisions"].as_array().is_some_and(|all| all.len() == 2));
    assert_eq!(task["state"], "running", "while it works: {task}");
    let of = |id: &str, task: &Value| {
        let all = task["collisions"].as_array().unwrap();
        let found = all.iter().find(|collision| collision["task"] == id).unwrap().clone();
        (found["kind"].clone(), found["files"].clone())
    };
    assert_eq!(of(&two, &task), (json!("hot"), json!(["notes.txt"])));
    assert_eq!(of(&far, &task), (json!("soft"), json!(["notes.txt"])));
    let task = bench.until(&two, |task| task["collisions"].as_array().is_some_and(|all| all.len() == 2));
    assert_eq!(of(&one, &task), (json!("hot"), json!(["notes.txt"])), "both are told");
    let text = said(&bench.output(&["show", &one]));
    assert!(text.contains("changes the same lines: notes.txt"), "{text}");
    let text = said(&bench.output(&["list"]));
    assert!(text.contains("one edit [collides]") && text.contains("far away [same files]"), "{text}");
    assert!(seen(&bench, &other).is_empty(), "who changes something else is told nothing");
    // Over when the other is gone; told once while it lasted.
    bench.output(&["stop", &two]);
    let task = bench.until(&one, |task| task["collisions"].as_array().is_some_and(|all| all.len() == 1));
    assert_eq!(of(&far, &task).0, "soft");
    let mut kinds: Vec<_> = seen(&bench, &one).into_iter().map(|(kind, _)| kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["hot", "soft"]);
    for id in [&one, &far, &other] {
        bench.output(&["stop", id]);
    }
    drop(daemon);
}

#[test]
fn a_task_that_names_what_another_changes_waits_for_it() {
    let bench = shop("    collisions: serialise\n");
    let daemon = bench.serve();
    let one = work(&bench, "one", "- shell: sed -i s/two/deux/ notes.txt\n");
    let two = begin(&bench, "translate notes.txt on", "- shell: sed -i s/three/trois/ notes.txt\n");
    let free = begin(&bench, "write b.txt", "- write: {path: b.txt, content: b}\n");
    until_state(&bench, &free, "review");
    let task = until_state(&bench, &two, "waiting");
    let reason = task["waiting"]["reason"].as_str().unwrap();
    assert_eq!((&task["waiting"]["for"], &task["attempt"]), (&json!("dependency"), &json!(0)), "{task}");
    assert!(
        reason.starts_with("it names `notes.txt`, which task ") && reason.contains("(one) is changing"),
        "{reason}"
    );
    assert_eq!(bench.output(&["approve", &one]).status.code(), Some(0));
    until_state(&bench, &two, "review");
    let output = bench.output(&["approve", &two]);
    assert_eq!(output.status.code(), Some(0), "nothing conflicts: {}", said(&output));
    assert_eq!(bench.repo.read("notes.txt"), "one\ndeux\ntrois\n");
    drop(daemon);
}

#[test]
fn agents_are_told_what_others_change() {
    let bench = shop("    collisions: share\n");
    let yaml = std::fs::read_to_string(bench.data().join("sidekick.yaml")).unwrap();
    bench.configure(&(yaml + "agents:\n  helper:\n    command: [sh, -c, 'cat > told.txt']\n"));
    let daemon = bench.serve();
    work(
        &bench,
        "rename greet",
        "- write: {path: api.rs, content: \"pub fn welcome(name: &str) {\\n}\\n\"}\n",
    );
    let accepted = bench.json(&["run", "call it", "--project", "shop", "--agent", "helper", "--detach"]);
    let two = accepted["task"].as_str().unwrap();
    until_state(&bench, two, "review");
    let diff = said(&bench.output(&["diff", two]));
    for told in ["task `rename greet` changes:", "- api.rs", "> +pub fn welcome(name: &str) {"] {
        assert!(diff.contains(told), "{told}: {diff}");
    }
    drop(daemon);
}
