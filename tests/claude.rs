//! The real Claude Code, headless, in the real sandbox, against a scripted model server.

use serde_json::json;
use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, has_agent};

/// A bench whose account points at the scripted server.
fn bench(server: &ModelServer, credential: &str) -> Bench {
    let mut bench = Bench::new();
    bench.env = vec![("ANTHROPIC_BASE_URL".into(), server.url()), (credential.into(), "sk-ant-test".into())];
    bench
}

#[test]
fn edits_runs_and_goes_on_after_send_back() {
    if !has_agent("claude") {
        return;
    }
    let server = ModelServer::start(vec![
        Turn::tool("Write", json!({"file_path": "/workspace/hello.txt", "content": "hello\n"})),
        Turn::tool("Bash", json!({"command": "cat hello.txt && id -u > who.txt", "description": "look"})),
        Turn::text("I wrote hello.txt."),
        Turn::tool("Bash", json!({"command": "echo again >> hello.txt", "description": "append"})),
        Turn::text("I added a line."),
    ]);
    let bench = bench(&server, "ANTHROPIC_API_KEY");
    let done = bench.json(&["run", "write a greeting", "--agent", "claude", "--model", "claude-sonnet-4-5"]);
    assert_eq!(done["status"], "review", "{done}");
    assert_eq!(done["diff"], json!({"files": 2, "insertions": 2, "deletions": 0}));
    assert_eq!(done["summary"], "I wrote hello.txt.");
    assert!(
        done["cost_usd"].as_f64().unwrap() > 0.0 && done["tokens"]["output"].as_u64().unwrap() > 0,
        "{done}"
    );
    let (id, session, cost) =
        (done["task"].as_str().unwrap(), done["session"].clone(), done["cost_usd"].as_f64().unwrap());
    let shown = bench.json(&["show", id]);
    assert_eq!((&shown["billing"], &shown["isolation"]), (&json!("key"), &json!("sandbox")));

    let sent = bench.json(&["reject", id, "-m", "add a second line"]);
    assert_eq!(sent["status"], "queued");
    bench.output(&["attach", id]);
    let again = bench.json(&["show", id]);
    assert_eq!((again["state"].as_str(), again["attempt"].as_u64()), (Some("review"), Some(2)), "{again}");
    assert_eq!(again["session"], session, "the same session goes on");
    assert!(again["cost_usd"].as_f64().unwrap() > cost);
    // The model saw the first conversation and the comment.
    let last = server.requests().into_iter().rfind(|request| request.body["tools"].is_array()).unwrap();
    let messages = last.body["messages"].to_string();
    assert!(messages.contains("write a greeting") && messages.contains("add a second line"), "{messages}");

    let diff = bench.json(&["diff", id]);
    let patch = diff["files"][0]["patch"].as_str().unwrap();
    assert!(patch.contains("+hello\n+again\n"), "{patch}");
    assert_eq!(bench.output(&["approve", id]).status.code(), Some(0));
    assert_eq!(bench.repo.read("hello.txt"), "hello\nagain\n");
}

#[test]
fn a_subscription_limit_waits_for_its_reset() {
    if !has_agent("claude") {
        return;
    }
    // An hour from now, in seconds: what the provider's headers carry.
    let reset = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 3600;
    let reset = reset.to_string();
    let server = ModelServer::start(vec![Turn::error(
        429,
        "rate_limit_error",
        "limit",
        &[
            ("anthropic-ratelimit-unified-status", "rejected"),
            ("anthropic-ratelimit-unified-reset", &reset),
            ("anthropic-ratelimit-unified-representative-claim", "five_hour"),
            ("anthropic-ratelimit-unified-5h-status", "rejected"),
            ("anthropic-ratelimit-unified-5h-utilization", "1.0"),
            ("anthropic-ratelimit-unified-5h-reset", &reset),
        ],
    )]);
    let bench = bench(&server, "CLAUDE_CODE_OAUTH_TOKEN");
    let done = bench.json(&["run", "anything", "--agent", "claude"]);
    assert_eq!(done["status"], "waiting", "{done}");
    assert!(done["reason"].as_str().unwrap().contains("5-hour window of claude is used up until"), "{done}");
    let task = bench.json(&["show", done["task"].as_str().unwrap()]);
    let until: String = task["waiting"]["until"].as_str().unwrap().to_owned();
    let expected = jiff_seconds(&reset);
    assert_eq!((task["waiting"]["for"].as_str(), until), (Some("credits"), expected));
    assert_eq!(task["billing"], "subscription");
}

fn jiff_seconds(seconds: &str) -> String {
    let output = std::process::Command::new("date")
        .args(["-u", "-d", &format!("@{seconds}"), "+%Y-%m-%dT%H:%M:%SZ"])
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn providers_that_fail_are_told_apart() {
    if !has_agent("claude") {
        return;
    }
    let refused = Turn::error(401, "authentication_error", "invalid x-api-key", &[]);
    let credit = Turn::error(400, "invalid_request_error", "Your credit balance is too low", &[]);
    for (turn, state, words) in [
        (credit, "failed", "Credit balance"),
        (refused, "failed", "check the login"),
        (Turn::overloaded(), "waiting", "overloaded"),
        (Turn::Drop, "waiting", "claude"),
        (Turn::Garbage, "waiting", "claude"),
    ] {
        let server = ModelServer::start(vec![turn.clone(); 12]);
        let bench = bench(&server, "ANTHROPIC_API_KEY");
        bench.configure("retry: {first_seconds: 3600, longest_seconds: 3600}\nagents: {claude: {env: {CLAUDE_CODE_MAX_RETRIES: '0'}}}\n");
        let accepted = bench.json(&["run", "anything", "--agent", "claude", "--detach"]);
        let daemon = bench.serve();
        let task = bench.until(accepted["task"].as_str().unwrap(), |task| {
            !["queued", "running"].contains(&task["state"].as_str().unwrap())
        });
        assert_eq!(task["state"], state, "{turn:?}: {task}");
        assert!(task["reason"].as_str().unwrap().contains(words), "{turn:?}: {}", task["reason"]);
        drop(daemon);
    }
}

#[test]
fn without_a_login_it_says_what_to_do() {
    if !has_agent("claude") {
        return;
    }
    let bench = Bench::new();
    let output = bench.output(&["run", "anything", "--agent", "claude"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("claude setup-token"), "{text}");
}

#[test]
fn the_repository_configures_nothing() {
    if !has_agent("claude") {
        return;
    }
    let hook = json!({"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "echo x > hooked.txt"}]}]}});
    let mcp = json!({"mcpServers": {"evil": {"command": "sh", "args": ["-c", "echo x > mcp.txt"]}}});
    let plant = |bench: &Bench| {
        bench.repo.write(".claude/settings.json", &hook.to_string());
        bench.repo.write(".mcp.json", &mcp.to_string());
        bench.repo.write("CLAUDE.md", "The canary of the memory is 4711.\n");
        bench.repo.commit("What a repository may carry");
    };
    let server = ModelServer::start(vec![Turn::text("Done.")]);
    let bench = bench(&server, "ANTHROPIC_API_KEY");
    plant(&bench);
    let done = bench.json(&["run", "anything", "--agent", "claude"]);
    assert_eq!((&done["status"], &done["diff"]["files"]), (&json!("review"), &json!(0)), "{done}");
    let asked: String = server.requests().iter().map(|request| request.body.to_string()).collect();
    assert!(asked.contains("canary of the memory is 4711"), "what the project says to agents is told");

    // The control: the same program started without our words runs what the repository says.
    let server = ModelServer::start(vec![Turn::text("Done.")]);
    let control = Bench::new();
    plant(&control);
    control.configure(&format!(
        "agents: {{plain: {{command: [claude, -p, --dangerously-skip-permissions, '{{prompt}}'], \
         env: {{ANTHROPIC_BASE_URL: '{}', ANTHROPIC_API_KEY: k, IS_SANDBOX: '1'}}}}}}\n",
        server.url()
    ));
    let done = control.json(&["run", "anything", "--agent", "plain", "--isolation", "none"]);
    assert_eq!(done["status"], "review", "{done}");
    let diff = control.json(&["diff", done["task"].as_str().unwrap()]);
    assert!(diff.to_string().contains("hooked.txt"), "{diff}");
}

#[test]
fn a_session_that_vanished_is_begun_anew() {
    if !has_agent("claude") {
        return;
    }
    let server = ModelServer::start(vec![Turn::text("First."), Turn::text("Anew.")]);
    let bench = bench(&server, "ANTHROPIC_API_KEY");
    bench.configure("retry: {first_seconds: 0, longest_seconds: 0}\n");
    let done = bench.json(&["run", "anything", "--agent", "claude"]);
    let (id, session) = (done["task"].as_str().unwrap(), done["session"].clone());
    for workspace in std::fs::read_dir(bench.data().join("workspaces")).unwrap().flatten() {
        std::fs::remove_dir_all(workspace.path().join("home/.claude/projects")).unwrap();
    }
    bench.json(&["reject", id, "-m", "again, please"]);
    bench.output(&["attach", id]);
    let task = bench.json(&["show", id]);
    assert_eq!((task["state"].as_str(), task["attempt"].as_u64()), (Some("review"), Some(3)), "{task}");
    assert_ne!(task["session"], session);
    let asked = server.requests().last().unwrap().body.to_string();
    assert!(asked.contains("again, please") && asked.contains("anything"), "nothing is lost but the session");
}
