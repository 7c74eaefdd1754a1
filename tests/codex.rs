//! The real Codex, headless, in the real sandbox, against a scripted model server.

use serde_json::json;
use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, has_agent};

fn bench(server: &ModelServer) -> Bench {
    let mut bench = Bench::new();
    bench.env = vec![
        ("OPENAI_BASE_URL".into(), format!("{}/v1", server.url())),
        ("OPENAI_API_KEY".into(), "sk-test".into()),
    ];
    bench
}

fn shell(command: &str) -> Turn {
    Turn::tool("exec_command", json!({ "cmd": command }))
}

#[test]
fn edits_and_goes_on_after_send_back() {
    if !has_agent("codex") {
        return;
    }
    let server = ModelServer::start(vec![
        shell("echo hello > hello.txt"),
        Turn::text("I wrote hello.txt."),
        shell("echo again >> hello.txt"),
        Turn::text("I added a line."),
    ]);
    let bench = bench(&server);
    bench.repo.write("AGENTS.md", "The canary of the memory is 4711.\n");
    bench.repo.commit("What the project tells agents");
    let done = bench.json(&["run", "write a greeting", "--agent", "codex", "--model", "gpt-5.5"]);
    assert_eq!((&done["status"], &done["diff"]["insertions"]), (&json!("review"), &json!(1)), "{done}");
    assert_eq!(done["summary"], "I wrote hello.txt.");
    assert!(done["tokens"]["output"].as_u64().unwrap() > 0, "{done}");
    let (id, session) = (done["task"].as_str().unwrap(), done["session"].clone());
    let asked = server.requests()[0].body.to_string();
    assert_eq!(asked.matches("canary of the memory is 4711").count(), 1, "told, and told once");

    bench.json(&["reject", id, "-m", "add a second line"]);
    bench.output(&["attach", id]);
    let again = bench.json(&["show", id]);
    assert_eq!((again["state"].as_str(), again["attempt"].as_u64()), (Some("review"), Some(2)), "{again}");
    assert_eq!(again["session"], session, "the same session goes on");
    let last = server.requests().last().unwrap().body.to_string();
    assert!(last.contains("write a greeting") && last.contains("add a second line"), "{last}");
    assert_eq!(bench.output(&["approve", id]).status.code(), Some(0));
    assert_eq!(bench.repo.read("hello.txt"), "hello\nagain\n");
}
