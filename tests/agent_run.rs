//! `sidekick agent-run`: one answer for scripts, its exit codes, its sessions.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, has_agent, processes_of, said};

const ANSWER: &str =
    "- say: \"I look.\"\n- usage: {input: 10, output: 5, cost_usd: 0.5}\n- say: \"Forty-two.\"\n";

#[test]
fn the_answer_alone_is_on_standard_output() {
    let bench = Bench::new();
    let scenario = bench.scenario(ANSWER);
    let output = bench.output(&["agent-run", "-m", "rehearsal", "what is it?", "--scenario", &scenario]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Forty-two.\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("I look."), "progress is told aside");

    let done = bench.json(&["agent-run", "-m", "rehearsal", "what is it?", "--scenario", &scenario]);
    assert_eq!(
        (&done["agent"], &done["text"], &done["outcome"], &done["cost_usd"], &done["tokens"]["input"]),
        (&json!("rehearsal"), &json!("Forty-two."), &json!("succeeded"), &json!(0.5), &json!(10)),
        "{done}"
    );
    assert!(done["session"].is_string() && done["duration_ms"].as_u64().unwrap() > 0, "{done}");
    assert_eq!((&done["branch"], &done["isolation"]), (&Value::Null, &json!("sandbox")));
    // Nothing was changed, so there is nothing to review.
    assert_eq!(bench.json(&["show", done["task"].as_str().unwrap()])["state"], "completed");
}

#[test]
fn the_prompt_comes_from_standard_input_and_reaches_the_agent_as_it_is() {
    let bench = Bench::new();
    bench.configure("agents: {echo: {command: [cat]}}\n");
    for words in [&["agent-run", "-m", "echo", "-"][..], &["agent-run", "-m", "echo"]] {
        let mut child = bench
            .command(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"only this").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "only this\n");
    }
    for (words, said_of_it) in [
        (&["agent-run", "-m", "echo"][..], "the prompt is empty"),
        (&["agent-run", "what?"], "--model"),
        (&["agent-run", "-m", "nobody", "what?"], "no agent `nobody`"),
        (&["agent-run", "-m", "echo", "x", "--timeout", "0"], "--timeout"),
    ] {
        let output = bench.output(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(said(&output).contains(said_of_it), "{words:?}: {}", said(&output));
    }
    assert_eq!(bench.output(&["agent-run", "--resume", "nothing", "x"]).status.code(), Some(4));
}

#[test]
fn a_session_is_gone_on_with_and_changes_are_on_a_branch() {
    let bench = Bench::new();
    let scenario = bench.scenario(
        "parts:\n  - - say: First.\n    - usage: {input: 7, output: 1, cost_usd: 1}\n  - - write: {path: a.txt, content: \"{{ feedback }}\"}\n    - usage: {input: 3, output: 1, cost_usd: 0.25}\n    - say: Second.\n",
    );
    let first = bench.json(&["agent-run", "-m", "rehearsal", "one", "--scenario", &scenario]);
    assert_eq!(first["text"], "First.", "{first}");
    let session = first["session"].as_str().unwrap();
    let second = bench.json(&["agent-run", "--resume", session, "two"]);
    assert_eq!(
        (&second["text"], &second["session"], &second["cost_usd"], &second["tokens"]["input"]),
        (&json!("Second."), &first["session"], &json!(0.25), &json!(3)),
        "{second}"
    );
    assert_eq!(second["diff"], json!({"files": 1, "insertions": 1, "deletions": 0}));
    assert!(second["branch"].as_str().unwrap().starts_with("sidekick/"), "{second}");
    let id = second["task"].as_str().unwrap();
    assert_eq!(bench.repo.read("a.txt"), "", "nothing is merged by itself");
    assert_eq!(bench.output(&["approve", id]).status.code(), Some(0));
    assert_eq!(bench.repo.read("a.txt"), "two");
}

#[test]
fn failures_and_limits_are_not_waited_for() {
    let bench = Bench::new();
    for (scenario, outcome, words) in [
        ("- fail: I cannot do this\n", "failed", "I cannot do this"),
        ("- exit: 9\n", "failed", "code 9"),
        ("- limit: {resets_in: 2h}\n", "limited", "rehearsed limit"),
        // Its account rests now, which is not waited for either.
        ("- say: hello\n", "limited", "is used up until"),
    ] {
        let scenario = bench.scenario(scenario);
        let output = bench.output(&["--json", "agent-run", "-m", "rehearsal", "x", "--scenario", &scenario]);
        let done: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &done["outcome"]), (Some(1), &json!(outcome)), "{done}");
        assert!(done["reason"].as_str().unwrap().contains(words), "{done}");
    }
}

#[test]
fn what_was_answered_before_is_no_answer_when_the_account_rests() {
    let bench = Bench::new();
    let ask = |scenario: &str| {
        let scenario = bench.scenario(scenario);
        bench.output(&["--json", "agent-run", "-m", "rehearsal", "x", "--scenario", &scenario])
    };
    let first: Value = serde_json::from_slice(&ask("- say: hello\n").stdout).unwrap();
    assert_eq!(first["outcome"], "succeeded", "{first}");
    assert_eq!(ask("- limit: {resets_in: 2h}\n").status.code(), Some(1));
    let session = first["session"].as_str().unwrap();
    let output = bench.output(&["--json", "agent-run", "--resume", session, "y"]);
    let second: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &second["outcome"]), (Some(1), &json!("limited")), "{second}");
    assert_eq!((&second["run"], &second["text"]), (&Value::Null, &Value::Null), "{second}");
}

#[test]
fn its_time_has_an_end_and_so_do_its_processes() {
    let bench = Bench::new();
    let scenario = bench.scenario("- say: I begin.\n- hang:\n");
    let words = ["--json", "agent-run", "-m", "rehearsal", "x", "--scenario", &scenario, "--timeout", "2"];
    let began = Instant::now();
    let output = bench.output(&words);
    assert!(began.elapsed() < Duration::from_secs(20));
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &done["outcome"]), (Some(1), &json!("timed_out")), "{done}");
    assert!(done["reason"].as_str().unwrap().contains("after 2 s"), "{done}");
    assert_eq!(processes_of(done["task"].as_str().unwrap()), 0);
}

#[test]
fn interrupted_it_leaves_nothing() {
    let bench = Bench::new();
    let scenario = bench.scenario("- say: I begin.\n- fork: 3\n- hang:\n");
    let words = ["--json", "agent-run", "-m", "rehearsal", "x", "--scenario", &scenario];
    let mut child = bench.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Its progress tells when it works.
    let mut progress = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("I begin.") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut progress, &mut line).unwrap() > 0, "it ended too soon");
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &done["outcome"]), (Some(130), &json!("stopped")), "{done}");
    assert_eq!(processes_of(done["task"].as_str().unwrap()), 0);
    assert_eq!(bench.json(&["show", done["task"].as_str().unwrap()])["state"], "cancelled");
}

#[test]
fn without_a_repository_it_works_in_an_empty_one() {
    let bench = Bench::new();
    let outside = bench.dir.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    bench.configure("agents: {look: {command: [sh, -c, 'ls -A | grep -v \"^.git$\"; pwd']}}\n");
    let mut command = bench.command(&["agent-run", "-m", "look", "x"]);
    let output = command.current_dir(&outside).output().unwrap();
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()),
        (Some(0), "/workspace\n"),
        "{}",
        said(&output)
    );
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn the_real_claude_answers_and_goes_on() {
    if !has_agent("claude") {
        return;
    }
    let server = ModelServer::start(vec![Turn::text("First answer."), Turn::text("Second answer.")]);
    let mut bench = Bench::new();
    bench.env =
        vec![("ANTHROPIC_BASE_URL".into(), server.url()), ("ANTHROPIC_API_KEY".into(), "sk-ant-test".into())];
    let first = bench.json(&["agent-run", "-m", "claude/claude-sonnet-4-5", "the first question"]);
    assert_eq!(
        (&first["text"], &first["model"]),
        (&json!("First answer."), &json!("claude-sonnet-4-5")),
        "{first}"
    );
    let session = first["session"].as_str().unwrap();
    let second = bench.json(&["agent-run", "--resume", session, "the second question"]);
    assert_eq!(
        (&second["text"], &second["session"]),
        (&json!("Second answer."), &first["session"]),
        "{second}"
    );
    let asked = server.requests().into_iter().rfind(|request| request.body["tools"].is_array()).unwrap();
    let messages = asked.body["messages"].to_string();
    assert!(
        messages.contains("the first question") && messages.contains("the second question"),
        "{messages}"
    );
}
