//! Accounts and their limits on the built binary: who rests, who goes on, when, and what a person is told.

use serde_json::Value;

use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, has_agent, said};

/// Meets a limit that renews in so long, then finishes in the same session.
fn limited(resets_in: &str) -> String {
    format!(
        "parts:\n  - - write: {{path: a.txt, content: one}}\n    - limit: {{resets_in: {resets_in}}}\n  - - append: {{path: a.txt, content: two}}\n    - say: Done.\n"
    )
}

fn detach(bench: &Bench, scenario: &str, more: &[&str]) -> String {
    let words = [&["run", "x", "--scenario", scenario, "--detach"], more].concat();
    bench.json(&words)["task"].as_str().unwrap().to_owned()
}

fn events(bench: &Bench, id: &str, kind: &str) -> Vec<Value> {
    let output = bench.output(&["--json", "logs", id]);
    let text = String::from_utf8(output.stdout).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["type"] == kind).collect()
}

fn at(text: &Value) -> jiff::Timestamp {
    text.as_str().unwrap().parse().unwrap()
}

#[test]
fn a_limit_puts_the_account_to_rest_and_work_resumes_at_its_reset_over_a_restart() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let first = detach(&bench, &bench.scenario(&limited("6s")), &[]);
    let waiting = bench.until(&first, |task| task["state"] == "waiting");
    assert_eq!(waiting["waiting"]["for"], "credits", "{waiting}");
    let until = at(&waiting["waiting"]["until"]);
    let reason = waiting["waiting"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the 5-hour window of rehearsal is used up until "), "{reason}");

    // Another task does not run into the same wall: it waits for the account, too.
    let second = detach(&bench, &bench.scenario("- say: quick\n"), &[]);
    let held = bench.until(&second, |task| task["state"] == "waiting");
    assert_eq!(held["waiting"]["until"], waiting["waiting"]["until"], "{held}");
    assert_eq!(held["attempt"], 0, "it never started");

    drop(daemon);
    let _daemon = bench.serve();
    for id in [&first, &second] {
        bench.until(id, |task| task["state"] == "review");
        let started: Vec<_> = events(&bench, id, "run.started").iter().map(|run| at(&run["at"])).collect();
        let last = *started.last().unwrap();
        assert!(last >= until, "{last} is before the reset at {until}");
        let late = last.duration_since(until);
        assert!(late.as_secs() < 5, "{late} after the reset");
        assert_eq!(started.len(), if *id == first { 2 } else { 1 }, "never twice");
    }
    let runs = events(&bench, &first, "run.started");
    assert_eq!(runs[1]["data"]["resume"], events(&bench, &first, "run.session")[0]["data"]["session"]);
    assert_eq!(bench.output(&["approve", &first]).status.code(), Some(0));
    assert_eq!(bench.repo.read("a.txt"), "onetwo", "it went on where it was");
}

#[test]
fn a_second_account_takes_over_at_once_in_the_same_session() {
    let bench = Bench::new();
    bench.configure("agents: {rehearsal: {accounts: {home: {}, work: {reserve: 20}}}}\n");
    let daemon = bench.serve();
    let id = detach(&bench, &bench.scenario(&limited("2h")), &[]);
    let done = bench.until(&id, |task| task["state"] == "review");
    assert_eq!(done["attempt"], 2, "{done}");
    let runs = events(&bench, &id, "run.started");
    let accounts: Vec<_> = runs.iter().map(|run| run["data"]["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, ["rehearsal/home", "rehearsal/work"]);
    assert_eq!(runs[1]["data"]["resume"], events(&bench, &id, "run.session")[0]["data"]["session"]);

    let credits = bench.json(&["credits"]);
    let of =
        |name: &str| credits.as_array().unwrap().iter().find(|known| known["name"] == name).unwrap().clone();
    assert_eq!(
        (of("rehearsal/home")["state"].as_str(), of("rehearsal/work")["state"].as_str()),
        (Some("resting"), Some("ready"))
    );
    assert_eq!(of("rehearsal/home")["windows"][0]["used"], 1.0);
    let history = daemon.get(&bench, "/api/credits/history?account=rehearsal/home");
    assert_eq!(history["items"][0]["used"], 1.0, "{history}");
    let alerts = events(&bench, &id, "account.low");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["data"]["account"], "rehearsal/home");
}

#[test]
fn another_agent_takes_over_where_the_project_lets_it_with_what_is_known() {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    bench.configure(&format!(
        "agents: {{script: {{command: [sh, -c, 'cat > prompt.txt; cat a.txt']}}}}\nprojects: {{shop: {{repo: {repo}, fallback: [script]}}}}\n"
    ));
    let _daemon = bench.serve();
    let id = detach(&bench, &bench.scenario(&limited("2h")), &["--project", "shop"]);
    let done = bench.until(&id, |task| task["state"] == "review");
    assert_eq!(done["attempt"], 2, "{done}");
    let runs = events(&bench, &id, "run.started");
    assert_eq!(runs[1]["data"]["agent"], "script");
    assert_eq!(runs[1]["data"]["resume"], Value::Null, "a session is its agent's");
    let diff = said(&bench.output(&["diff", &id]));
    assert!(
        diff.contains("+one") && diff.contains("CONTINUATION.md"),
        "the same workspace, and where it stands: {diff}"
    );
}

#[test]
fn a_person_switches_accounts_off_and_on() {
    let bench = Bench::new();
    let _daemon = bench.serve();
    assert_eq!(bench.output(&["accounts", "off"]).status.code(), Some(0));
    let id = detach(&bench, &bench.scenario("- say: hello\n"), &[]);
    let held = bench.until(&id, |task| task["state"] == "waiting");
    assert_eq!(held["waiting"]["reason"], "rehearsal is switched off");
    assert_eq!(held["waiting"]["until"], Value::Null);
    assert_eq!(bench.output(&["accounts", "on", "rehearsal"]).status.code(), Some(0));
    bench.until(&id, |task| task["state"] == "review");

    let id = detach(&bench, &bench.scenario(&limited("2h")), &[]);
    bench.until(&id, |task| task["state"] == "waiting");
    assert_eq!(bench.output(&["accounts", "wake", "rehearsal"]).status.code(), Some(0));
    let unknown = bench.output(&["accounts", "off", "nobody"]);
    assert_eq!(unknown.status.code(), Some(4), "{}", said(&unknown));
    bench.until(&id, |task| task["state"] == "review");
}

/// What the vendor's login leaves, for an account of that name.
fn leave_login(bench: &Bench, name: &str, token: &str) {
    let dir = bench.data().join("profiles/claude").join(name).join(".claude");
    std::fs::create_dir_all(&dir).unwrap();
    let login = serde_json::json!({"claudeAiOauth": {
        "accessToken": token, "refreshToken": "r", "expiresAt": 4_102_444_800_000_u64,
        "scopes": ["user:inference", "user:profile"], "subscriptionType": "max",
    }});
    std::fs::write(dir.join(".credentials.json"), login.to_string()).unwrap();
}

#[test]
fn a_login_is_in_the_runs_of_its_account_and_in_no_others() {
    if !has_agent("claude") {
        return;
    }
    let look = "cat ~/.claude/.credentials.json; echo; grep -rls tok-of-anoth[e]r / --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr | wc -l";
    let script = format!("{{ {look}; }} > found.txt 2>&1");
    let turns = vec![
        Turn::tool("Bash", serde_json::json!({"command": script, "description": "x"})),
        Turn::text("Looked."),
    ];
    let server = ModelServer::start(turns);
    let bench = Bench::new();
    leave_login(&bench, "home", "tok-of-home");
    leave_login(&bench, "work", "tok-of-another");
    let (repo, url) = (bench.repo.path().display().to_string(), server.url());
    // The key beside the login must not be used: the run would be charged by use.
    let env = format!("env: {{ANTHROPIC_BASE_URL: '{url}', ANTHROPIC_API_KEY: sk-metered}}");
    bench.configure(&format!(
        "agents: {{claude: {{accounts: {{home: {{{env}}}, work: {{{env}}}}}}}}}\nprojects: {{shop: {{repo: {repo}, accounts: [claude/home]}}}}\n"
    ));
    let done = bench.json(&["run", "look", "--agent", "claude", "--project", "shop"]);
    assert_eq!(done["status"], "review", "{done}");
    let diff = bench.json(&["diff", done["task"].as_str().unwrap()]).to_string();
    assert!(diff.contains("tok-of-home") && diff.contains("\\n+0\\n"), "its own login and no other: {diff}");
    let sent = format!("{:?}", server.requests().last().unwrap().headers);
    assert!(sent.contains("Bearer tok-of-home") && !sent.contains("sk-metered"), "{sent}");
    let task = bench.json(&["show", done["task"].as_str().unwrap()]);
    assert_eq!(task["billing"], "subscription");
    // The same run with the project's rule gone and the first account off uses the other login: nothing else kept it away.
    bench.configure(&format!("agents: {{claude: {{accounts: {{home: {{{env}}}, work: {{{env}}}}}}}}}\n"));
    bench.output(&["accounts", "off", "claude/home"]);
    bench.json(&["run", "look", "--agent", "claude"]);
    let sent = format!("{:?}", server.requests().last().unwrap().headers);
    assert!(sent.contains("Bearer tok-of-another"), "{sent}");
}

/// A login of Codex as its own program writes it; nobody signed it.
fn leave_codex_login(bench: &Bench) {
    // {"alg":"none"}, then who it is: a@example.org with plan `plus`, until the year 2100.
    let token = "eyJhbGciOiJub25lIn0.\
        eyJlbWFpbCI6ImFAZXhhbXBsZS5vcmciLCJleHAiOjQxMDI0NDQ4MDAsImh0dHBzOi8vYXBpLm9wZW5haS5jb20vYXV0aCI6eyJjaGF0Z3B0X3BsYW5fdHlwZSI6InBsdXMiLCJjaGF0Z3B0X2FjY291bnRfaWQiOiJhLTEiLCJjaGF0Z3B0X3VzZXJfaWQiOiJ1LTEifX0.\
        c2ln";
    let login = serde_json::json!({"auth_mode": "chatgpt", "OPENAI_API_KEY": null, "last_refresh": "2026-11-21T10:00:00Z",
        "tokens": {"id_token": token, "access_token": token, "refresh_token": "r", "account_id": "a-1"}});
    let dir = bench.data().join("profiles/codex/plus/.codex");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("auth.json"), login.to_string()).unwrap();
}

/// Its stream says "try again at 6:09 PM"; its log says the second, and both windows.
#[test]
fn a_subscription_of_codex_rests_to_the_second_its_log_tells() {
    if !has_agent("codex") {
        return;
    }
    let resets = jiff::Timestamp::now().as_second() + 7777;
    let (at, week) = (resets.to_string(), (resets + 500_000).to_string());
    let headers = [
        ("x-codex-primary-used-percent", "100"),
        ("x-codex-primary-window-minutes", "300"),
        ("x-codex-primary-reset-at", at.as_str()),
        ("x-codex-secondary-used-percent", "40"),
        ("x-codex-secondary-window-minutes", "10080"),
        ("x-codex-secondary-reset-at", week.as_str()),
    ];
    let body = serde_json::json!({"error": {"type": "usage_limit_reached", "message": "The usage limit has been reached",
        "plan_type": "plus", "resets_at": resets, "resets_in_seconds": 7777}});
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let server = ModelServer::without_tools(vec![Turn::Status { status: 429, body, headers }]);
    let bench = Bench::new();
    leave_codex_login(&bench);
    bench.configure(&format!(
        "agents: {{codex: {{accounts: {{plus: {{env: {{OPENAI_BASE_URL: '{}/v1'}}}}}}}}}}\n",
        server.url()
    ));
    let _daemon = bench.serve();
    let output = bench.output(&["--json", "run", "say hello", "--agent", "codex", "--detach"]);
    let accepted: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = accepted["task"].as_str().unwrap().to_owned();
    let task = bench.until(&id, |task| task["waiting"]["for"] == "credits");
    let until = jiff::Timestamp::from_second(resets).unwrap().to_string();
    assert_eq!(task["waiting"]["until"], until.as_str(), "{task}");
    let credits = bench.json(&["credits"]).to_string();
    assert!(credits.contains("seven_day") && credits.contains("0.4"), "{credits}");
    let sent = format!("{:?}", server.requests().last().unwrap().headers);
    assert!(sent.contains("Bearer ey"), "it is the login that was used: {sent}");
}

#[test]
fn a_key_is_no_login() {
    if !has_agent("codex") {
        return;
    }
    let bench = Bench::new();
    let mut command =
        bench.command(&["accounts", "login", "codex", "--name", "work", "--", "--with-api-key"]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"sk-4711\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("charged by use, so it is not kept"), "{}", said(&output));
    assert!(!bench.data().join("profiles/codex/work").exists());
    let output = bench.output(&["accounts", "login", "qwen"]);
    assert!(said(&output).contains("claude, codex, gemini"), "{}", said(&output));
}
