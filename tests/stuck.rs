//! Runs that go in circles: seen, told once, then decided. Silence is noted and no more; whoever gets on is left alone.

use crate::merge::{begin, events, shop, until_state};
use crate::sidekick::Bench;

fn times(n: usize, steps: &str) -> String {
    steps.repeat(n)
}

const LOOKS: &str = "    - shell: 'sleep 0.1; cat notes.txt'\n";

/// Two parts that loop, and one that does the work.
fn looping() -> String {
    let part = |steps: &str| format!("  -\n{steps}");
    let looks = times(60, LOOKS);
    let said = format!("    - say: '{{{{ feedback }}}}'\n{looks}");
    format!("parts:\n{}{}{}", part(&looks), part(&said), part("    - write: {path: done.txt, content: x}\n"))
}

fn seen(bench: &Bench, id: &str) -> Vec<(String, bool)> {
    let found = events(bench, id, "run.stuck").into_iter();
    found
        .map(|event| (event["seen"].as_str().unwrap().to_owned(), event["nudged"].as_bool().unwrap()))
        .collect()
}

#[test]
fn a_loop_is_told_once_and_then_a_person_is_asked() {
    let bench = shop("");
    let daemon = bench.serve();
    let id = begin(&bench, "loop", &looping());
    let task = until_state(&bench, &id, "waiting");
    assert_eq!(seen(&bench, &id), [("repeated".to_owned(), true), ("repeated".to_owned(), false)], "{task}");
    assert_eq!((&task["waiting"]["for"], &task["attempt"]), (&"breakpoint".into(), &2.into()), "{task}");
    let asked = task["questions"][0]["text"].as_str().unwrap();
    assert!(asked.contains("it did the same thing") && asked.contains("cat notes.txt"), "{asked}");
    let told = events(&bench, &id, "agent.text");
    assert!(told[0]["text"].as_str().unwrap().starts_with("Sidekick: you were stopped because"), "{told:?}");
    let sessions = events(&bench, &id, "run.session");
    assert_eq!(sessions[0]["session"], sessions[1]["session"], "the same session was gone on with");
    bench.output(&["answer", &id, "2"]);
    let task = until_state(&bench, &id, "review");
    assert_eq!(task["diff"]["files"], 1, "{task}");
    drop(daemon);
}

#[test]
fn a_loop_that_goes_on_is_given_to_another_agent() {
    let bench = shop("    fallback: [helper]\n");
    let yaml = std::fs::read_to_string(bench.data().join("sidekick.yaml")).unwrap();
    bench.configure(&(yaml + "agents:\n  helper:\n    command: [sh, -c, 'echo x > done.txt']\n"));
    let daemon = bench.serve();
    let id = begin(&bench, "loop", &looping());
    let task = until_state(&bench, &id, "review");
    assert_eq!((&task["agent"], &task["attempt"]), (&"helper".into(), &3.into()), "{task}");
    assert_eq!(seen(&bench, &id), [("repeated".to_owned(), true), ("repeated".to_owned(), false)]);
    drop(daemon);
}

#[test]
fn edits_that_are_taken_back_are_seen() {
    let bench = shop("");
    let daemon = bench.serve();
    let turn = "    - write: {path: x.txt, content: a}\n    - sleep: 400ms\n    - write: {path: x.txt, content: b}\n    - sleep: 400ms\n";
    let script = format!("parts:\n  -\n{}  - - say: I stop.\n", times(20, turn));
    let id = begin(&bench, "oscillate", &script);
    until_state(&bench, &id, "review");
    assert_eq!(seen(&bench, &id), [("oscillating".to_owned(), true)]);
    drop(daemon);
}

#[test]
fn silence_is_noted_and_progress_is_left_alone() {
    let bench = shop("    stuck: {silent_minutes: 0.01}\n");
    let daemon = bench.serve();
    let quiet = begin(&bench, "silent", "- write: {path: a.txt, content: a}\n- sleep: 3s\n- say: Done.\n");
    let busy = "- append: {path: b.txt, content: \"line\\n\"}\n- shell: 'sleep 0.1; test -e missing'\n";
    let busy = begin(&bench, "busy", &times(20, busy));
    let task = until_state(&bench, &quiet, "review");
    assert_eq!((seen(&bench, &quiet), &task["attempt"]), (vec![("silent".to_owned(), false)], &1.into()));
    let task = until_state(&bench, &busy, "review");
    assert_eq!(
        (seen(&bench, &busy), &task["attempt"]),
        (vec![], &1.into()),
        "who makes progress is never told"
    );
    drop(daemon);
}

#[test]
fn a_project_switches_it_off() {
    let bench = shop("    stuck: off\n");
    let daemon = bench.serve();
    let id = begin(&bench, "loop", &times(12, &LOOKS.replace("    -", "-")));
    until_state(&bench, &id, "review");
    assert_eq!(seen(&bench, &id), []);
    drop(daemon);
}
