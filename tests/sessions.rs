//! Sessions that people started by hand: logs of the real programs, and hostile ones.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, has_agent, path};

/// Runs the real agent as a person does: in their home, without us. False when it is not installed.
fn by_hand(bench: &Bench, server: &ModelServer, agent: &str, prompt: &str) -> bool {
    if !has_agent(agent) {
        return false;
    }
    let url = server.url();
    let provider = format!(
        "model_providers.fake={{name=\"fake\",base_url=\"{url}/v1\",env_key=\"OPENAI_API_KEY\",wire_api=\"responses\"}}"
    );
    let words: Vec<&str> = match agent {
        "claude" => vec!["-p", prompt, "--model", "claude-sonnet-4-5"],
        "codex" => vec![
            "exec",
            "--skip-git-repo-check",
            "-c",
            "model_provider=fake",
            "-c",
            &provider,
            "-m",
            "gpt-5.5",
            prompt,
        ],
        "gemini" => vec!["-p", prompt, "--skip-trust", "-m", "gemini-2.5-pro"],
        _ => vec!["--approval-mode", "yolo", prompt],
    };
    let settings = bench.dir.path().join(".gemini/settings.json");
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    std::fs::write(settings, r#"{"security":{"auth":{"selectedType":"gemini-api-key"}}}"#).unwrap();
    let output = Command::new(agent)
        .args(words)
        .current_dir(bench.repo.path())
        .env_clear()
        .envs([("PATH", path()), ("HOME", bench.dir.path().display().to_string())])
        .envs([("ANTHROPIC_BASE_URL", url.clone()), ("ANTHROPIC_API_KEY", "sk-ant-secret".into())])
        .envs([("OPENAI_BASE_URL", format!("{url}/v1")), ("OPENAI_API_KEY", "sk-secret".into())])
        .envs([("GOOGLE_GEMINI_BASE_URL", url), ("GEMINI_API_KEY", "secret".into())])
        .envs([("OPENAI_MODEL", "qwen3-coder-plus"), ("IS_SANDBOX", "1"), ("GEMINI_CLI_NO_RELAUNCH", "true")])
        .envs([("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{agent}: {}", crate::sidekick::said(&output));
    true
}

fn listed(bench: &Bench) -> Vec<Value> {
    bench.json(&["sessions"]).as_array().unwrap().clone()
}

/// Where a log of Claude Code is in the person's home; its directory is there.
fn claude_log(bench: &Bench, name: &str) -> PathBuf {
    let dir = bench.dir.path().join(".claude/projects/-srv-shop");
    std::fs::create_dir_all(&dir).unwrap();
    dir.join(name)
}

fn answer(session: &str, id: u64, output: u64) -> String {
    let message = json!({"id": format!("m{id}"), "model": "claude-opus-4", "usage": {"input_tokens": 1, "output_tokens": output}});
    let at = "2026-11-20T10:00:00Z";
    json!({"type": "assistant", "sessionId": session, "cwd": "/srv/shop", "timestamp": at, "message": message}).to_string() + "\n"
}

fn prompt(session: &str, text: &str) -> String {
    let at = "2026-11-20T09:00:00Z";
    json!({"type": "user", "sessionId": session, "timestamp": at, "message": {"content": text}}).to_string()
        + "\n"
}

#[test]
fn sessions_of_the_real_agents_are_listed() {
    let bench = Bench::new();
    bench.configure("sessions: true\n");
    let mut started = Vec::new();
    for (agent, model) in [
        ("claude", "claude-sonnet-4-5"),
        ("codex", "gpt-5.5"),
        ("gemini", "gemini-2.5-pro"),
        ("qwen", "qwen3-coder-plus"),
    ] {
        let server = ModelServer::start(vec![Turn::text("It stands.")]);
        if by_hand(&bench, &server, agent, "look at the house\nand tell me") {
            started.push((agent, model));
        }
    }
    let found = listed(&bench);
    assert_eq!(found.len(), started.len(), "{found:?}");
    for (agent, model) in started {
        let session = found.iter().find(|session| session["agent"] == agent).unwrap();
        assert_eq!(
            (&session["title"], &session["model"], &session["directory"], &session["task"]),
            (&json!("look at the house"), &json!(model), &json!(bench.repo.path()), &Value::Null),
            "{session}"
        );
        assert!(session["session"].as_str().unwrap().len() == 36, "{session}");
        if agent == "gemini" {
            // Its log tells no cost; the price table does, and says what it is.
            assert_eq!(session["cost_usd"], Value::Null);
            assert!(session["estimate_usd"].as_f64().unwrap() > 0.0, "{session}");
            let shown = String::from_utf8(bench.output(&["sessions"]).stdout).unwrap();
            assert!(shown.contains("at list price"), "{shown}");
        }
        let tokens = &session["tokens"];
        assert_eq!(tokens["output"], 50, "{agent}: {tokens}");
        assert_eq!(
            tokens["input"].as_u64().unwrap() + tokens["cached"].as_u64().unwrap(),
            1000,
            "{agent}: {tokens}"
        );
        assert_eq!(session["cost_usd"].is_number(), agent == "claude", "{session}");
    }
    let text = crate::sidekick::said(&bench.output(&["sessions"]));
    assert!(text.contains("by hand") && text.contains("look at the house"), "{text}");
    // Nothing that could be a key is in what is kept.
    let kept = std::fs::read(bench.data().join("sidekick.db")).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("secret"));
}

#[test]
fn without_a_yes_no_log_is_read() {
    let bench = Bench::new();
    std::fs::write(claude_log(&bench, "s1.jsonl"), prompt("s1", "mine alone") + &answer("s1", 1, 5)).unwrap();
    let output = bench.output(&["sessions"]);
    let text = crate::sidekick::said(&output);
    assert!(text.contains("No sessions.") && text.contains("sessions: true"), "{text}");
    bench.configure("sessions: true\n");
    assert_eq!(listed(&bench)[0]["title"], "mine alone");
}

#[test]
fn logs_are_read_on_from_where_they_were_read_to() {
    let bench = Bench::new();
    bench.configure("sessions: true\n");
    let log = claude_log(&bench, "s1.jsonl");
    let first = prompt("s1", "begin") + &answer("s1", 1, 5);
    std::fs::write(&log, &first).unwrap();
    assert_eq!(listed(&bench)[0]["tokens"]["output"], 5);
    // What was read is not read again: another number in its place is not seen. A torn line waits for its end.
    let torn = answer("s1", 2, 7);
    let changed = first.replace("\"output_tokens\":5", "\"output_tokens\":9");
    std::fs::write(&log, changed.clone() + &answer("s1", 3, 1) + &torn[..40]).unwrap();
    assert_eq!(listed(&bench)[0]["tokens"]["output"], 6);
    std::fs::write(&log, changed + &answer("s1", 3, 1) + &torn).unwrap();
    assert_eq!(listed(&bench)[0]["tokens"]["output"], 13);
    // Shorter, or beginning otherwise, it is another log.
    std::fs::write(&log, prompt("s2", "anew")).unwrap();
    let found = listed(&bench);
    assert_eq!(
        (found.len(), &found[0]["title"], &found[0]["tokens"]["output"]),
        (1, &json!("anew"), &json!(0))
    );
    std::fs::write(&log, prompt("s3", "and another") + &answer("s3", 1, 2) + &answer("s3", 2, 2)).unwrap();
    assert_eq!(
        (&listed(&bench)[0]["session"], &listed(&bench)[0]["tokens"]["output"]),
        (&json!("s3"), &json!(4))
    );
}

#[test]
fn a_session_of_ours_is_one_with_its_run() {
    let bench = Bench::new();
    bench.configure("sessions: true\n");
    let done = bench.rehearse("- say: x\n- usage: {input: 3, output: 4, cost_usd: 1}\n");
    let found = listed(&bench);
    assert_eq!(
        (found.len(), &found[0]["task"], &found[0]["run"], &found[0]["session"], &found[0]["title"]),
        (1, &done["task"], &done["run"], &done["session"], &json!("rehearse this")),
        "{found:?}"
    );
    let session = done["session"].as_str().unwrap();
    std::fs::write(claude_log(&bench, "x.jsonl"), prompt(session, "by hand") + &answer(session, 1, 5))
        .unwrap();
    let found = listed(&bench);
    let claude = found.iter().find(|session| session["agent"] == "claude").unwrap();
    assert_eq!((&claude["task"], &claude["run"]), (&done["task"], &done["run"]), "{found:?}");
}

#[test]
fn hostile_logs_harm_nobody() {
    let bench = Bench::new();
    bench.configure("sessions: true\n");
    let good = prompt("good", "\u{1b}]0;evil\u{7}fine") + &answer("good", 1, 5);
    let huge = format!("{{\"type\":\"user\",\"x\":\"{}\"}}\n", "y".repeat(20 << 20));
    let middle = [
        &b"\xff\xfe garbage\n[1]\n\n{\"type\":7}\n{\"message\":{\"usage\":{\"output_tokens\":-3}}}\n"[..],
        huge.as_bytes(),
    ];
    std::fs::write(
        claude_log(&bench, "good.jsonl"),
        [good.as_bytes(), &middle.concat(), answer("good", 2, 6).as_bytes()].concat(),
    )
    .unwrap();
    // Links lead nowhere, pipes hold nobody up, and credentials beside the logs are not opened.
    let outside = bench.dir.path().join("outside.jsonl");
    std::fs::write(&outside, prompt("linked", "linked")).unwrap();
    std::os::unix::fs::symlink(&outside, claude_log(&bench, "link.jsonl")).unwrap();
    let elsewhere = bench.dir.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("x.jsonl"), prompt("linked", "linked")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, bench.dir.path().join(".claude/projects/-link")).unwrap();
    assert!(Command::new("mkfifo").arg(claude_log(&bench, "pipe.jsonl")).status().unwrap().success());
    std::fs::write(claude_log(&bench, "empty.jsonl"), "").unwrap();
    std::fs::write(claude_log(&bench, "endless.jsonl"), "x".repeat(9 << 20)).unwrap();
    std::fs::create_dir(claude_log(&bench, "directory.jsonl")).unwrap();
    let found = listed(&bench);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["session"], &found[0]["tokens"]["output"]),
        (&json!("good"), &json!(11)),
        "{found:?}"
    );
    let text = String::from_utf8(bench.output(&["sessions"]).stdout).unwrap();
    assert!(text.contains("fine") && !text.contains('\u{1b}'), "{text:?}");
}
