//! The main job with the rehearsal agent: states, words, exit codes, restarts, faults.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::sidekick::{Bench, said};

#[test]
fn delegate_review_send_back_approve() {
    let bench = Bench::new();
    let done = bench.rehearse(
        "parts:\n  - - say: First.\n    - write: {path: a.txt, content: \"{{ task }}\\n\"}\n    - usage: {input: 10, output: 5, cost_usd: 0.5}\n  - - append: {path: a.txt, content: \"{{ feedback }}\\n\"}\n    - say: Second.\n",
    );
    assert_eq!(done["status"], "review", "{done}");
    assert_eq!(done["diff"], json!({"files": 1, "insertions": 1, "deletions": 0}));
    assert_eq!(
        (&done["cost_usd"], &done["tokens"]["input"], &done["base"]),
        (&json!(0.5), &json!(10), &json!("main"))
    );
    let id = done["task"].as_str().unwrap();
    bench.json(&["reject", id, "-m", "more"]);
    bench.output(&["attach", id]);
    let points = bench.json(&["rollback", id]);
    let names: Vec<_> =
        points.as_array().unwrap().iter().map(|point| point["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["before-1", "after-1", "before-2", "after-2"]);
    let output = bench.output(&["approve", id]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bench.repo.read("a.txt"), "rehearse this\nmore\n");
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "");
    let output = bench.output(&["approve", id]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("cannot approve a task that is completed"), "{}", said(&output));
}

#[test]
fn roll_back_and_discard() {
    let bench = Bench::new();
    let done = bench.rehearse("- write: {path: a.txt, content: x}\n");
    let id = done["task"].as_str().unwrap();
    let back = bench.json(&["rollback", id, "before-1"]);
    assert_eq!(back["status"], "review");
    assert_eq!(bench.output(&["rollback", id, "nope"]).status.code(), Some(4));
    assert_eq!(bench.json(&["reject", id])["status"], "cancelled");
    assert_eq!(bench.repo.git(&["log", "--oneline"]).lines().count(), 1, "the repository is as it was");
}

#[test]
fn checks_and_setup() {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    bench.configure(&format!(
        "projects:\n  shop:\n    repo: {repo}\n    setup: echo made > .made && echo setting up\n    checks:\n      has: test -f a.txt\n      fails: 'echo why; false'\n"
    ));
    let scenario = bench.scenario("- shell: cat .made\n- write: {path: a.txt, content: x}\n");
    let done = bench.json(&["run", "x", "--project", "shop", "--scenario", &scenario]);
    assert_eq!(done["status"], "review", "{done}");
    let checks: Vec<_> = done["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (check["name"].as_str().unwrap(), check["status"].as_str().unwrap()))
        .collect();
    assert_eq!(checks, [("fails", "failed"), ("has", "passed")]);
    assert!(done["checks"][0]["output"].as_str().unwrap().contains("why"));

    bench.configure(&format!("projects: {{shop: {{repo: {repo}, setup: 'echo no; exit 3'}}}}\n"));
    let done = bench.json(&["run", "x", "--project", "shop", "--scenario", &scenario]);
    assert_eq!(done["status"], "failed");
    assert!(done["reason"].as_str().unwrap().contains("so the agent was not started"), "{done}");
}

#[test]
fn faults_end_in_the_right_state_and_leave_nothing() {
    let bench = Bench::new();
    bench.configure("retry: {most: 1}\nlimits: {output_mb: 4, disk_mb: 64}\n");
    for (scenario, state, words) in [
        ("- fail: I cannot do this\n", "failed", "I cannot do this"),
        ("- exit: 9\n", "failed", "code 9"),
        ("- crash:\n", "failed", ""),
        ("- garbage: 3000000\n- say: still here\n", "review", ""),
        ("- flood: {bytes: 50000000}\n", "failed", "4 MB it may"),
        ("- fork: 5\n- say: gone\n", "review", ""),
        ("- shell: 'head -c 200000000 /dev/zero > big'\n- sleep: 5s\n", "failed", "64 MB it may"),
        ("- limit: {resets_in: 2h}\n", "waiting", "the 5-hour window of rehearsal is used up until"),
    ] {
        let done = bench.rehearse(scenario);
        assert_eq!(done["status"], state, "{scenario}: {done}");
        assert!(done["reason"].as_str().unwrap_or_default().contains(words), "{scenario}: {done}");
    }
}

#[test]
fn a_daemon_restarted_in_the_middle_loses_no_run() {
    let bench = Bench::new();
    bench.configure("concurrency: 10\n");
    let mut daemon = bench.serve();
    let gate = bench.dir.path().join("gate");
    let scenario =
        bench.scenario("- say: one\n- sleep: 1500ms\n- write: {path: a.txt, content: x}\n- say: two\n");
    let ids: Vec<String> = (0..10)
        .map(|_| {
            bench.json(&["run", "x", "--scenario", &scenario, "--detach"])["task"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    for id in &ids {
        bench.until(id, |task| task["stage"] == "agent");
    }
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    drop(daemon);
    let daemon = bench.serve();
    for id in &ids {
        let task = bench.until(id, |task| task["state"] == "review");
        assert_eq!(task["attempt"], 1, "adopted, not started again: {task}");
        let events = String::from_utf8(bench.output(&["--json", "logs", id]).stdout).unwrap();
        let texts: Vec<_> = events.lines().filter(|line| line.contains("\"agent.text\"")).collect();
        assert_eq!(texts.len(), 2, "nothing lost, nothing doubled: {texts:?}");
    }
    drop(gate);
    drop(daemon);
}

#[test]
fn the_demo_leaves_the_person_at_the_diff() {
    let bench = Bench::new();
    let began = Instant::now();
    let output = bench.output(&["demo"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(began.elapsed() < Duration::from_secs(10));
    for words in ["no model is called", "+echo \"Hello, ${1:-everybody}.\"", "sidekick approve"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
