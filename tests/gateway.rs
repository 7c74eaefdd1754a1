//! The gateway with its daemon gone, and the month's budget.

use serde_json::json;
use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, has_agent, said};

fn bench(server: &ModelServer, more: &str) -> Bench {
    let bench = Bench::new();
    let url = server.url();
    let env = format!("{{ANTHROPIC_API_KEY: sk-x, ANTHROPIC_BASE_URL: '{url}'}}");
    bench.configure(&format!("agents: {{claude: {{env: {env}}}}}\n{more}"));
    bench
}

fn step(n: u32) -> Turn {
    Turn::tool("Bash", json!({"command": format!("echo {n} >> steps.txt"), "description": "x"}))
}

#[test]
fn a_run_goes_on_and_is_metered_while_its_daemon_is_gone() {
    if !has_agent("claude") {
        return;
    }
    // The third step is answered only when the daemon is gone.
    let gate = tempfile::tempdir().unwrap();
    let gone = gate.path().join("gone");
    let third = Turn::Once(gone.clone(), Box::new(step(3)));
    let server = ModelServer::start(vec![step(1), step(2), third, Turn::text("Counted.")]);
    let bench = bench(&server, "");
    let mut daemon = bench.serve();
    let words = ["run", "count", "--agent", "claude", "--model", "claude-sonnet-4-5", "--detach"];
    let id = bench.json(&words)["task"].as_str().unwrap().to_owned();
    let log = || String::from_utf8(bench.output(&["--json", "logs", &id]).stdout).unwrap();
    bench.until(&id, |_| log().contains("echo 2"));
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    drop(daemon);
    let before = server.requests().len();
    std::fs::write(&gone, "").unwrap();
    // Its last call is made with nobody of ours there but the shim.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while server.requests().len() <= before {
        assert!(std::time::Instant::now() < deadline, "{} calls", server.requests().len());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let daemon = bench.serve();
    let done = bench.until(&id, |task| task["state"] == "review");
    // A thousand tokens in and fifty out each, at three and fifteen dollars a million.
    let calls = server.requests().iter().filter(|request| request.path == "/v1/messages").count();
    let calls = u32::try_from(calls).unwrap();
    let tokens = &done["tokens"];
    assert_eq!(
        (tokens["input"].as_u64(), tokens["output"].as_u64()),
        (Some(1000 * u64::from(calls)), Some(50 * u64::from(calls))),
        "{done}"
    );
    let cost = done["cost_usd"].as_f64().unwrap();
    assert!((cost - 0.00375 * f64::from(calls)).abs() < 1e-9, "{cost} for {calls} calls");
    drop(daemon);
}

#[test]
fn the_months_budget_holds_what_would_start() {
    if !has_agent("claude") {
        return;
    }
    let server = ModelServer::start(vec![Turn::text("Done."); 4]);
    let bench = bench(&server, "");
    let repo = bench.repo.path().display().to_string();
    let file = bench.data().join("sidekick.yaml");
    let more = format!(
        "prices: {{claude-sonnet-4-5: {{input: 1000, output: 0}}}}\nprojects: {{shop: {{repo: {repo}, budget: {{month_usd: 0.5}}}}}}\n"
    );
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + &more).unwrap();
    let words = ["run", "x", "--agent", "claude", "--model", "claude-sonnet-4-5", "--project", "shop"];
    let first = bench.json(&words);
    assert_eq!(first["status"], "waiting", "one call is a dollar: {first}");
    let calls = server.requests().len();
    let second = bench.json(&words);
    assert_eq!(second["status"], "waiting", "{second}");
    let reason = second["reason"].as_str().unwrap();
    assert!(reason.starts_with("the month's budget of shop is used up until "), "{reason}");
    assert_eq!(server.requests().len(), calls, "nothing was asked");
}

#[test]
fn a_local_endpoint_that_dies_or_lies_is_told_and_work_goes_on_elsewhere() {
    if !has_agent("qwen") {
        return;
    }
    let server = ModelServer::start(vec![Turn::text("Done.")]);
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    let configure = |url: &str| {
        bench.configure(&format!(
            "agents: {{qwen: {{start: 'exit 1', env: {{OPENAI_BASE_URL: '{url}/v1', OPENAI_MODEL: qwen3-coder}}}}, script: {{command: [sh, -c, 'echo by hand > a.txt']}}}}\n\
             retry: {{first_seconds: 0}}\nprojects: {{shop: {{repo: {repo}, agent: qwen, fallback: [script]}}}}\n"
        ));
    };
    configure(&server.url());
    let done = bench.json(&["run", "say hello", "--project", "shop"]);
    assert_eq!((&done["status"], &done["cost_usd"]), (&json!("review"), &json!(0.0)), "{done}");
    let id = done["task"].as_str().unwrap();
    let task = bench.json(&["show", id]);
    assert_eq!(task["tokens"]["output"], 50, "metered: {task}");

    // Nobody is there: the other agent does it.
    let gone = server.url();
    drop(server);
    configure(&gone);
    let began = std::time::Instant::now();
    let done = bench.json(&["run", "say hello", "--project", "shop"]);
    assert_eq!((done["status"].as_str(), done["agent"].as_str()), (Some("review"), Some("script")), "{done}");
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "it is not left to the agent's own tries");
    let log = said(&bench.output(&["logs", done["task"].as_str().unwrap()]));
    let authority = gone.trim_start_matches("http://");
    assert!(log.contains(&format!("the local endpoint {authority} of qwen does not answer")), "{log}");
}

#[test]
fn a_local_endpoint_that_is_down_is_started() {
    if !has_agent("qwen") {
        return;
    }
    let server = ModelServer::start(vec![Turn::text("Done.")]);
    let bench = Bench::new();
    // What the configured command starts: a door in front of the model, on a port nobody listens on yet.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let upstream = server.url().rsplit(':').next().unwrap().to_owned();
    let script = bench.dir.path().join("endpoint.py");
    std::fs::write(
        &script,
        format!(
            "import socket, threading\n\
             def copy(a, b):\n while True:\n  d = a.recv(65536)\n  if not d: break\n  b.sendall(d)\n b.shutdown(1)\n\
             s = socket.create_server(('127.0.0.1', {port}))\n\
             s.settimeout(20)\n\
             try:\n while True:\n  a, _ = s.accept(); b = socket.create_connection(('127.0.0.1', {upstream}))\n  threading.Thread(target=copy, args=(a, b), daemon=True).start(); threading.Thread(target=copy, args=(b, a), daemon=True).start()\n\
             except TimeoutError: pass\n"
        ),
    )
    .unwrap();
    bench.configure(&format!(
        "agents: {{qwen: {{start: 'python3 {}', env: {{OPENAI_BASE_URL: 'http://127.0.0.1:{port}/v1', OPENAI_MODEL: qwen3-coder}}}}}}\n",
        script.display()
    ));
    let done = bench.json(&["run", "say hello", "--agent", "qwen"]);
    assert_eq!(done["status"], "review", "{done}");
    let log = said(&bench.output(&["logs", done["task"].as_str().unwrap()]));
    assert!(log.contains("was down, so it was started"), "{log}");
    std::process::Command::new("pkill").args(["-f", script.to_str().unwrap()]).status().unwrap();
}

#[test]
fn a_provider_is_called_over_tls_and_only_one_that_is_trusted() {
    let server = ModelServer::start(Vec::new());
    let mut bench = Bench::new();
    let certificate = bench.dir.path().join("certificate.pem");
    let port = testkit::tls::before(server.port(), &certificate);
    bench.configure(&format!(
        "retry: {{most: 0}}\nagents: {{reviewer: {{speaks: openai, env: {{OPENAI_API_KEY: sk-real, OPENAI_BASE_URL: 'https://localhost:{port}/v1'}}}}}}\n"
    ));
    let ask = |bench: &Bench| bench.output(&["--json", "agent-run", "-m", "reviewer/qwen3", "is it good?"]);
    let stranger = said(&ask(&bench));
    assert!(stranger.contains("UnknownIssuer") || stranger.contains("certificate"), "{stranger}");
    assert!(server.requests().is_empty(), "the key was shown to nobody");
    bench.env.push(("SSL_CERT_FILE".into(), certificate.display().to_string()));
    let answer: serde_json::Value = serde_json::from_slice(&ask(&bench).stdout).unwrap();
    assert_eq!(answer["text"], "Done.", "{answer}");
    let sent = format!("{:?}", server.requests()[0].headers);
    assert!(sent.contains("sk-real"), "{sent}");
    bench.env.last_mut().unwrap().1 = "/nowhere.pem".into();
    let missing = said(&ask(&bench));
    assert!(missing.contains("/nowhere.pem (SSL_CERT_FILE)"), "{missing}");
}

#[test]
fn a_model_is_asked_without_a_harness() {
    for (speaks, model, env) in [
        ("gemini", "gemini-2.5-pro", "GEMINI_API_KEY: sk-real, GOOGLE_GEMINI_BASE_URL: 'URL'"),
        ("anthropic", "claude-sonnet-4-5", "ANTHROPIC_API_KEY: sk-real, ANTHROPIC_BASE_URL: 'URL'"),
        ("openai", "qwen3", "OPENAI_API_KEY: sk-real, OPENAI_BASE_URL: 'URL/v1'"),
    ] {
        let server = ModelServer::start(Vec::new());
        let bench = Bench::new();
        let env = env
            .replace("URL'", &format!("{}'", server.url()))
            .replace("URL/v1'", &format!("{}/v1'", server.url()));
        bench.configure(&format!("agents: {{reviewer: {{speaks: {speaks}, env: {{{env}}}}}}}\n"));
        let answer = bench.json(&["agent-run", "-m", &format!("reviewer/{model}"), "is it good?"]);
        assert_eq!(
            (&answer["text"], &answer["tokens"]["output"]),
            (&json!("Done."), &json!(50)),
            "{speaks}: {answer}"
        );
        let sent = format!("{:?}", server.requests()[0].headers);
        assert!(sent.contains("sk-real") && !sent.contains("held-by-the-gateway"), "{speaks}: {sent}");
        assert!(server.requests()[0].body.to_string().contains("is it good?"));
    }
    let bench = Bench::new();
    bench.configure("agents: {reviewer: {speaks: gemini, env: {GEMINI_API_KEY: k}}}\n");
    let output = bench.output(&["agent-run", "-m", "reviewer", "is it good?"]);
    assert!(
        said(&output).contains("reviewer needs GEMINI_MODEL in agents.reviewer.env"),
        "{}",
        said(&output)
    );
}
