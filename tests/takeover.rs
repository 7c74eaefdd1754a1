//! Hands-on work: a person takes a task over in the agent's own UI, on a real terminal, and hands it back.

use serde_json::{Value, json};
use testkit::model::{ModelServer, Turn};

use crate::pty::Terminal;
use crate::sidekick::{Bench, has_agent, processes_of, said};

/// An agent whose UI asks for a line, writes it down and ends.
const ASKS: &str = "agents:\n  asks:\n    command: [sh, -c, 'echo headless >> work.txt; sleep ${NAP:-0}']\n    interactive: [sh, -c, 'test -t 0 && pwd; echo \"session <{session}>\"; printf \"say: \"; read -r line; echo \"$line\" >> work.txt']\n";

fn events(bench: &Bench, id: &str) -> Vec<Value> {
    let output = bench.output(&["--json", "logs", id]).stdout;
    String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_person_goes_on_in_the_same_workspace_and_hands_back() {
    let bench = Bench::new();
    bench.configure(ASKS);
    let done = bench.json(&["run", "begin", "--agent", "asks"]);
    assert_eq!(done["status"], "review", "{done}");
    let id = done["task"].as_str().unwrap();
    let mut terminal = Terminal::run(&mut bench.command(&["takeover", id]));
    terminal.expect("/workspace");
    terminal.expect("say:");
    terminal.keys("by hand\r");
    let (status, shown) = terminal.end();
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(shown.contains("sidekickapprove"), "{shown}");
    let task = bench.json(&["show", id]);
    assert_eq!((&task["state"], &task["attempt"]), (&json!("review"), &json!(2)), "{task}");
    assert_eq!(task["diff"], json!({"files": 1, "insertions": 2, "deletions": 0}));
    assert_eq!(processes_of(id), 0);
    assert_eq!(bench.output(&["approve", id]).status.code(), Some(0));
    assert_eq!(bench.repo.read("work.txt"), "headless\nby hand\n");
}

#[test]
fn what_runs_is_stopped_first_and_goes_on_after() {
    let bench = Bench::new();
    // Another task is waiting for the only place: the person does not wait behind it.
    bench.configure(&format!("concurrency: 1\n{}", ASKS.replace("${NAP:-0}", "1000")));
    let daemon = bench.serve();
    let accepted = bench.json(&["run", "begin", "--agent", "asks", "--detach"]);
    let id = accepted["task"].as_str().unwrap().to_owned();
    bench.until(&id, |task| task["stage"] == "agent");
    let other = bench.json(&["run", "wait", "--agent", "asks", "--priority", "1", "--detach"]);
    let mut terminal = Terminal::run(&mut bench.command(&["takeover", &id]));
    terminal.expect("say:");
    let task = bench.json(&["show", &id]);
    assert_eq!((&task["hands_on"], &task["attempt"]), (&json!(true), &json!(2)), "{task}");
    // The person's terminal goes; the work does not, and a second takeover finds it.
    terminal.child.kill().unwrap();
    terminal.end();
    let mut terminal = Terminal::run(&mut bench.command(&["takeover", &id]));
    terminal.expect("say:");
    terminal.keys("still here\r");
    assert_eq!(terminal.end().0.code(), Some(0));
    let task = bench.json(&["show", &id]);
    assert_eq!((&task["state"], &task["attempt"]), (&json!("review"), &json!(2)), "{task}");
    bench.json(&["stop", other["task"].as_str().unwrap()]);
    bench.configure(ASKS);
    drop(daemon);
    bench.json(&["reject", &id, "-m", "go on"]);
    bench.output(&["attach", &id]);
    assert_eq!(bench.json(&["show", &id])["state"], "review");
    bench.output(&["approve", &id]);
    let text = bench.repo.read("work.txt");
    assert!(text.contains("still here\nheadless\n"), "{text}");
}

#[test]
fn a_daemon_that_is_killed_takes_nothing_from_the_person() {
    let bench = Bench::new();
    bench.configure(ASKS);
    let mut daemon = bench.serve();
    let done = bench.json(&["run", "begin", "--agent", "asks"]);
    let id = done["task"].as_str().unwrap();
    let mut terminal = Terminal::run(&mut bench.command(&["takeover", id]));
    terminal.expect("say:");
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    let daemon = bench.serve();
    terminal.keys("through it all\r");
    terminal.end();
    let task = bench.until(id, |task| task["state"] == "review");
    assert_eq!((&task["attempt"], &task["diff"]["insertions"]), (&json!(2), &json!(2)), "{task}");
    drop(daemon);
}

#[test]
fn a_stop_ends_the_persons_run_too() {
    let bench = Bench::new();
    bench.configure(ASKS);
    let daemon = bench.serve();
    let done = bench.json(&["run", "begin", "--agent", "asks"]);
    let id = done["task"].as_str().unwrap();
    let mut terminal = Terminal::run(&mut bench.command(&["takeover", id]));
    terminal.expect("say:");
    assert_eq!(bench.json(&["stop", id])["status"], "cancelled");
    terminal.end();
    assert_eq!(processes_of(id), 0);
    drop(daemon);
}

#[test]
fn what_cannot_be_taken_over_is_said() {
    let bench = Bench::new();
    let done = bench.rehearse("- write: {path: a.txt, content: x}\n");
    let id = done["task"].as_str().unwrap();
    let output = bench.output(&["takeover", id]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("at a terminal"), "{}", said(&output));
    let (status, shown) = Terminal::run(&mut bench.command(&["takeover", id])).end();
    assert_eq!(status.code(), Some(2), "{shown}");
    assert!(shown.contains("`rehearsal`hasnointeractiveUI"), "{shown}");
    assert_eq!(bench.json(&["show", id])["state"], "review", "nothing was changed");
}

#[test]
fn the_real_claude_goes_on_with_its_session() {
    if !has_agent("claude") {
        return;
    }
    let server = ModelServer::start(vec![
        Turn::tool("Bash", json!({"command": "echo one > a.txt", "description": "write"})),
        Turn::text("I wrote a.txt."),
        Turn::tool("Bash", json!({"command": "echo two >> a.txt", "description": "append"})),
        Turn::text("There is more now."),
        Turn::tool("Bash", json!({"command": "echo three >> a.txt", "description": "append"})),
        Turn::text("And more."),
    ]);
    let mut bench = Bench::new();
    bench.env = vec![
        ("ANTHROPIC_BASE_URL".into(), server.url()),
        ("ANTHROPIC_API_KEY".into(), "sk-ant-test-key-of-no-use-at-all".into()),
    ];
    let done = bench.json(&["run", "write a file", "--agent", "claude", "--model", "claude-sonnet-4-5"]);
    assert_eq!(done["status"], "review", "{done}");
    let id = done["task"].as_str().unwrap();
    let mut terminal = Terminal::run(&mut bench.command(&["takeover", id]));
    // Its earlier conversation is on the screen: the same session.
    terminal.expect("I wrote a.txt.");
    terminal.keys("append by hand");
    terminal.expect("append by hand");
    terminal.keys("\r");
    terminal.expect("There is more now.");
    terminal.keys("/exit");
    terminal.expect("/exit");
    terminal.keys("\r");
    let (status, shown) = terminal.end();
    assert_eq!(status.code(), Some(0), "{shown}");
    let task = bench.json(&["show", id]);
    assert_eq!((&task["state"], &task["session"]), (&json!("review"), &done["session"]), "{task}");
    let output = |task: &Value| task["tokens"]["output"].as_u64().unwrap();
    assert!(output(&task) > output(&done), "what was consumed by hand is metered: {done} {task}");
    let metered: Vec<_> = events(&bench, id)
        .into_iter()
        .filter(|event| event["type"] == "usage.recorded" && event["attempt"] == 2)
        .collect();
    assert!(!metered.is_empty(), "by the gateway, in the person's run");
    bench.json(&["reject", id, "-m", "and once more"]);
    bench.output(&["attach", id]);
    bench.output(&["approve", id]);
    assert_eq!(bench.repo.read("a.txt"), "one\ntwo\nthree\n");
    let last = server.requests().into_iter().rfind(|request| request.body["tools"].is_array()).unwrap();
    let messages = last.body["messages"].to_string();
    for words in ["write a file", "append by hand", "and once more"] {
        assert!(messages.contains(words), "{words}: {messages}");
    }
    assert!(events(&bench, id).iter().any(|event| event["type"] == "task.taken_over"));
}

/// The variables of an account whose model is at a URL.
type Account<'a> = &'a dyn Fn(&str) -> Vec<(&'static str, String)>;

#[test]
fn the_other_real_agents_open_their_sessions() {
    let openai =
        |url: &str| vec![("OPENAI_BASE_URL", format!("{url}/v1")), ("OPENAI_API_KEY", "sk-test".into())];
    let gemini =
        |url: &str| vec![("GOOGLE_GEMINI_BASE_URL", url.to_owned()), ("GEMINI_API_KEY", "test".into())];
    let agents: [(&str, &str, Account<'_>); 3] = [
        ("codex", "gpt-6-sol", &openai),
        ("gemini", "gemini-2.5-pro", &gemini),
        ("qwen", "qwen3-coder-plus", &openai),
    ];
    for (agent, model, account) in agents {
        if !has_agent(agent) {
            continue;
        }
        let server = ModelServer::start(Vec::new());
        let bench = Bench::new();
        let env: Vec<_> =
            account(&server.url()).into_iter().map(|(name, value)| format!("{name}: \"{value}\"")).collect();
        bench.configure(&format!("agents: {{{agent}: {{env: {{{}}}}}}}\n", env.join(", ")));
        let done = bench.json(&["run", "say something", "--agent", agent, "--model", model]);
        assert_eq!(done["status"], "review", "{agent}: {done}");
        let id = done["task"].as_str().unwrap();
        let mut terminal = Terminal::run(&mut bench.command(&["takeover", id]));
        if agent == "codex" {
            // The repository's own settings stay off, and it says so.
            terminal.expect("Open restricted");
            terminal.insist("\r", "Done.");
        } else {
            terminal.expect("Done.");
        }
        // Keys that come while it still opens its session are lost on some.
        terminal.insist("say more", "say more");
        terminal.insist("\r", "Done.");
        let (status, shown) = terminal.leave("\u{3}");
        assert_eq!(status.code(), Some(0), "{agent}: {shown}");
        let task = bench.json(&["show", id]);
        assert_eq!(
            (&task["state"], &task["session"]),
            (&json!("review"), &done["session"]),
            "{agent}: {task}"
        );
    }
}
