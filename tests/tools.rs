//! What live runs may ask of the daemon: who is answered, and questions to a person.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use serde_json::{Value, json};
use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, has_agent, processes_of, said};

/// A request to the socket of a data directory: its status, and its body.
fn request(bench: &Bench, path: &str, pass: Option<&str>, body: &Value) -> (u16, String) {
    let body = body.to_string();
    let pass = pass.map(|pass| format!("Authorization: Bearer {pass}\r\n")).unwrap_or_default();
    let mut stream = UnixStream::connect(bench.data().join("mcp.sock")).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{pass}Content-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    // Who refuses need not have read all that was sent.
    stream.read_to_string(&mut answer).ok();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn listing() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}})
}

fn call(name: &str, arguments: &Value) -> Value {
    let params = json!({"name": name, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
}

/// A task whose agent waits for its model, and the pass of its run.
fn waiting_agent(bench: &Bench) -> (String, String) {
    let accepted = bench.json(&["run", "wait", "--agent", "codex", "--model", "gpt-5.5", "--detach"]);
    let id = accepted["task"].as_str().unwrap().to_owned();
    let task = bench.until(&id, |task| task["session"].is_string());
    let spec = bench.data().join(format!("runs/{}/agent/spec.json", task["run"].as_str().unwrap()));
    let spec: Value = serde_json::from_slice(&std::fs::read(spec).unwrap()).unwrap();
    (id, spec["env"]["SIDEKICK_MCP_TOKEN"].as_str().unwrap().to_owned())
}

fn with_codex(model: &ModelServer) -> Bench {
    let bench = Bench::new();
    let (url, key) = (model.url(), "OPENAI_API_KEY: k");
    bench.configure(&format!("agents: {{codex: {{env: {{OPENAI_BASE_URL: '{url}/v1', {key}}}}}}}\n"));
    bench
}

#[test]
fn only_live_runs_are_answered_and_only_with_tools() {
    if !has_agent("codex") {
        return;
    }
    let model = ModelServer::start(vec![Turn::Hang, Turn::Hang]);
    let bench = with_codex(&model);
    let daemon = bench.serve();
    let (id, pass) = waiting_agent(&bench);
    let socket = std::fs::metadata(bench.data().join("mcp.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);

    // The control: with the pass of a live run it works.
    let (status, tools) = request(&bench, "/mcp", Some(&pass), &listing());
    assert!(status == 200 && tools.contains("ask_person"), "{tools}");
    assert!(!tools.contains("ask_local_model"), "none is configured: {tools}");
    let (most, last) = pass.split_at(pass.len() - 1);
    let forged = format!("{most}{}", if last == "0" { "1" } else { "0" });
    for wrong in [None, Some(""), Some("x"), Some(forged.as_str()), Some(&bench.token())] {
        assert_eq!(request(&bench, "/mcp", wrong, &listing()).0, 401, "{wrong:?}");
    }
    // The socket leads to nothing else, and a pass opens no other door.
    for path in ["/api/tasks", "/api/health", "/", "/mcp/x"] {
        assert_eq!(request(&bench, path, Some(&pass), &json!({"text": "x"})).0, 404, "{path}");
        assert_eq!(request(&bench, path, Some(&bench.token()), &json!({"text": "x"})).0, 404, "{path}");
    }
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let tasks =
        agent.get(format!("{}/api/tasks", daemon.url)).header("Authorization", format!("Bearer {pass}"));
    assert_eq!(tasks.call().unwrap().status().as_u16(), 401);

    // A daemon that was killed is there again for the run that lived on.
    drop(daemon);
    let daemon = bench.serve();
    let (status, answer) =
        request(&bench, "/mcp", Some(&pass), &call("report_progress", &json!({"text": "still here"})));
    assert!(status == 200 && answer.contains("Shown"), "{answer}");
    let arguments: Vec<_> = bench.processes();
    assert!(!arguments.is_empty() && !arguments.concat().contains(&pass), "not where process lists show it");

    let stopped = bench.json(&["stop", &id]);
    assert_eq!(stopped["status"], "cancelled", "{stopped}");
    assert_eq!(processes_of(&id), 0, "stopped is stopped, though another daemon had started it");
    assert_eq!(request(&bench, "/mcp", Some(&pass), &listing()).0, 401, "the run has ended");
    let log = String::from_utf8(bench.output(&["--json", "logs", &id]).stdout).unwrap();
    let daemons = std::fs::read_to_string(bench.dir.path().join("daemon.log")).unwrap();
    assert!(log.contains("still here") && !log.contains(&pass) && !daemons.contains(&pass));
    drop(daemon);
}

/// The agent itself, through its sandbox: it calls, the daemon is killed and another starts, it calls again.
#[test]
fn a_running_agent_reaches_the_daemon_that_came_after() {
    if !has_agent("codex") {
        return;
    }
    let progress = |text: &str| Turn::tool("mcp__sidekick__report_progress", json!({ "text": text }));
    let wait = "while [ ! -e /home/agent/go ]; do sleep 0.02; done";
    let model = ModelServer::start(vec![
        progress("before"),
        Turn::tool("exec_command", json!({"cmd": wait, "yield_time_ms": 30_000})),
        progress("after"),
        Turn::text("Done."),
    ]);
    let bench = with_codex(&model);
    let daemon = bench.serve();
    let (id, _) = waiting_agent(&bench);
    let log = || String::from_utf8(bench.output(&["--json", "logs", &id]).stdout).unwrap();
    let task = bench.until(&id, |_| log().contains("go ]"));
    assert!(log().contains(r#""text":"before""#));
    drop(daemon);
    let daemon = bench.serve();
    let home = bench.data().join(format!("workspaces/{}/home", task["run"].as_str().unwrap()));
    std::fs::write(home.join("go"), "").unwrap();
    bench.until(&id, |task| task["state"] == "review");
    assert!(log().contains(r#""text":"after""#), "{}", log());
    drop(daemon);
}

#[test]
fn calls_are_bounded_and_told_what_is_wrong() {
    if !has_agent("codex") {
        return;
    }
    let model = ModelServer::start(vec![Turn::Hang]);
    let bench = with_codex(&model);
    let daemon = bench.serve();
    let (id, pass) = waiting_agent(&bench);
    let ask = |name: &str, arguments: Value| request(&bench, "/mcp", Some(&pass), &call(name, &arguments)).1;
    let wrong = ask("delegate", json!({"text": "x", "isolation": "none"}));
    assert!(wrong.contains("unknown field `isolation`"), "{wrong}");
    assert!(ask("report_task", json!({"id": id})).contains("there is no tool"), "not offered to runs");
    for n in 0..10 {
        let made = ask("delegate", json!({"text": format!("part {n}"), "agent": "rehearsal"}));
        assert!(made.contains("is accepted"), "{made}");
    }
    let more = ask("delegate", json!({"text": "part 10", "agent": "rehearsal"}));
    assert!(more.contains("10 tasks, which is the most"), "{more}");
    assert_eq!(bench.json(&["list"]).as_array().unwrap().len(), 11);
    for n in 0..5 {
        assert!(ask("ask_person", json!({"question": format!("q{n}?")})).contains("noted"));
    }
    assert!(ask("ask_person", json!({"question": "q5?"})).contains("5 questions are open"));
    let listed = ask("list_tasks", json!({}));
    assert!(listed.contains("this is yours") && listed.contains("part 9"), "{listed}");
    // Somebody wrote meanwhile: nothing is overwritten unseen.
    assert!(ask("write_memory", json!({"name": "a", "text": "one", "version": 0})).contains("version 1"));
    assert!(ask("write_memory", json!({"name": "a", "text": "two", "version": 0})).contains("read it again"));
    assert!(ask("read_memory", json!({})).contains("one"));
    assert!(ask("write_memory", json!({"name": "../a", "text": "x"})).contains("hyphens"));
    let mut last = String::new();
    for _ in 0..500 {
        last = ask("report_progress", json!({"text": "x"}));
    }
    assert!(last.contains("500 times"), "{last}");
    bench.json(&["stop", &id]);
    drop(daemon);
}

#[test]
fn a_question_waits_for_its_answer() {
    let bench = Bench::new();
    let scenario = bench.scenario(
        "parts:\n\
         - - write: {path: a.txt, content: \"painted\\n\"}\n\
         \x20\x20- ask: {question: Which colour?, choices: [blue, green]}\n\
         \x20\x20- say: I asked.\n\
         - - append: {path: a.txt, content: \"{{ feedback }}\\n\"}\n",
    );
    let output = bench.output(&["--json", "run", "paint", "--scenario", &scenario]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let asked: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = asked["task"].as_str().unwrap();
    assert_eq!(
        (&asked["status"], &asked["questions"][0]["choices"]),
        (&json!("waiting"), &json!(["blue", "green"]))
    );
    let shown = said(&bench.output(&["show", id]));
    assert!(
        shown.contains("1.1 Which colour? (1 blue, 2 green)") && shown.contains("sidekick answer"),
        "{shown}"
    );
    assert_eq!(bench.output(&["approve", id]).status.code(), Some(2), "there is nothing to approve yet");
    assert_eq!(bench.output(&["answer", id, " "]).status.code(), Some(2));
    assert_eq!(bench.output(&["answer", id, "x", "--question", "7.7"]).status.code(), Some(2));
    bench.json(&["answer", id, "2"]);
    bench.output(&["attach", id]);
    let done = bench.json(&["show", id]);
    assert_eq!(
        (done["state"].as_str(), done["session"] == asked["session"]),
        (Some("review"), true),
        "{done}"
    );
    bench.output(&["approve", id]);
    assert_eq!(bench.repo.read("a.txt"), "painted\nYou asked: Which colour?\nThe answer: green\n");
}

#[test]
fn an_agent_outside_has_tools_of_its_own() {
    let bench = Bench::new();
    let mut child = bench.command(&["mcp"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut ask = |message: Value| -> Value {
        writeln!(to, "{message}").unwrap();
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    };
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let answer = ask(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}));
    assert_eq!(answer["result"]["serverInfo"]["name"], "sidekick", "{answer}");
    let tools = ask(listing()).to_string();
    assert!(tools.contains("report_task") && !tools.contains("ask_person"), "{tools}");
    let mut say = |name: &str, arguments: Value| {
        let answer = ask(call(name, &arguments));
        answer["result"]["content"][0]["text"].as_str().unwrap().to_owned()
    };
    let missing = say("list_tasks", json!({}));
    assert!(missing.contains("sidekick serve"), "{missing}");
    let daemon = bench.serve();
    assert!(say("delegate", json!({"text": "leave a note", "agent": "rehearsal"})).contains("is accepted"));
    let tasks: Value = serde_json::from_str(&say("list_tasks", json!({}))).unwrap();
    let id = tasks[0]["id"].as_str().unwrap().to_owned();
    bench.until(&id, |task| task["state"] == "review");
    assert!(say("report_task", json!({"id": id})).contains("NOTES.md"));
    assert_eq!(say("write_memory", json!({"name": "style", "text": "Short."})), "Written: version 1.");
    assert!(
        say("write_memory", json!({"name": "style", "text": "x", "version": 7})).contains("read it again")
    );
    assert_eq!(say("read_memory", json!({})), "## style (version 1)\n\nShort.");
    let noted = bench.json(&["memory"]);
    assert_eq!((&noted[0]["name"], &noted[0]["actor"]), (&json!("style"), &json!("person:owner")), "{noted}");
    assert_eq!(bench.output(&["memory", "--forget", "style"]).status.code(), Some(0));
    assert_eq!(bench.output(&["memory", "style"]).status.code(), Some(4));
    assert_eq!(say("read_memory", json!({})), "There is no such entry.");
    drop((to, daemon));
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_local_model_is_asked_with_its_key_and_only_where_there_is_one() {
    if !has_agent("codex") {
        return;
    }
    let model = ModelServer::start(vec![Turn::Hang]);
    let mut bench = Bench::new();
    let url = model.url();
    bench.configure(&format!(
        "local_model: {{url: '{url}/v1', model: small, key: {{env: SMALL_KEY}}}}\n\
         agents: {{codex: {{env: {{OPENAI_BASE_URL: '{url}/v1', OPENAI_API_KEY: k}}}}}}\n"
    ));
    bench.env.push(("SMALL_KEY".into(), "sk-small".into()));
    let daemon = bench.serve();
    let (id, pass) = waiting_agent(&bench);
    let ask = |prompt: &str| {
        request(&bench, "/mcp", Some(&pass), &call("ask_local_model", &json!({"prompt": prompt}))).1
    };
    let answer = ask("what is this?");
    assert!(answer.contains("Done."), "{answer}");
    // It is also asked, in a form, what sort of work that is.
    let of_agent = |body: &Value| body["model"] == "small" && body["response_format"].is_null();
    let asked = model.requests().into_iter().find(|request| of_agent(&request.body)).unwrap();
    assert_eq!(asked.body["messages"][0]["content"], "what is this?");
    assert_eq!(asked.headers["authorization"], "Bearer sk-small");
    assert!(ask(&"x".repeat(70_000)).contains("more than 64 KiB"));
    drop(model);
    assert!(ask("and now?").contains("did not answer"), "what is away is said");
    bench.json(&["stop", &id]);
    drop(daemon);
}

#[test]
fn a_project_says_which_tools_its_agents_have() {
    if !has_agent("codex") {
        return;
    }
    let model = ModelServer::start(vec![Turn::Hang]);
    let bench = Bench::new();
    let (url, repo) = (model.url(), bench.repo.path().display().to_string());
    let project = |tools: &str| {
        bench.configure(&format!(
            "projects: {{shop: {{repo: {repo}, tools: [{tools}]}}}}\nagents: {{codex: {{env: {{OPENAI_BASE_URL: '{url}/v1', OPENAI_API_KEY: k}}}}}}\n"
        ));
    };
    project("write_memory, ask_persons");
    let wrong = said(&bench.output(&["list"]));
    assert!(wrong.contains("line 1: project `shop`: there is no tool `ask_persons`"), "{wrong}");
    project("write_memory");
    let daemon = bench.serve();
    let (id, pass) = waiting_agent(&bench);
    let (_, tools) = request(&bench, "/mcp", Some(&pass), &listing());
    assert!(tools.contains("write_memory") && !tools.contains("ask_person"), "{tools}");
    let ask = call("ask_person", &json!({"question": "which?"}));
    let (_, answer) = request(&bench, "/mcp", Some(&pass), &ask);
    assert!(answer.contains("there is no tool `ask_person`"), "{answer}");
    // The control: what it has works.
    let note = call("write_memory", &json!({"name": "a", "text": "b"}));
    assert!(request(&bench, "/mcp", Some(&pass), &note).1.contains("Written"));
    bench.until(&id, |_| !model.requests().is_empty());
    let told = model.requests()[0].body.to_string();
    assert!(
        told.contains("Nobody can answer questions while you work"),
        "it is not told of what it lacks: {told}"
    );
    bench.json(&["stop", &id]);
    bench.until(&id, |task| task["state"] == "cancelled");
    drop(daemon);
}
