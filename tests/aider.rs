//! aider, the real one, where it is installed (`SIDEKICK_AIDER=1 scripts/setup.sh test`: it is large): it gives its
//! model no tools, so that the fleet's scenarios are none of its.

use serde_json::{Value, json};
use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, is_there};

fn bench(server: &ModelServer) -> Bench {
    let bench = Bench::new();
    bench.configure(&format!(
        "retry: {{first_seconds: 3600, longest_seconds: 3600}}\n\
         agents: {{aider: {{env: {{OPENAI_BASE_URL: '{}/v1', OPENAI_API_KEY: sk-test}}}}}}\n",
        server.url()
    ));
    bench
}

fn run(bench: &Bench) -> Value {
    bench.json(&["run", "write a greeting", "--agent", "aider", "--model", "some-model"])
}

#[test]
fn it_works_and_goes_on_anew_and_leaves_nothing_of_its_own() {
    if !is_there("aider") {
        return;
    }
    let file = |text: &str| Turn::text(&format!("Here it is.\n\nhello.txt\n```\n{text}\n```\n"));
    let server = ModelServer::without_tools(vec![file("hello"), file("hello\nagain")]);
    let bench = bench(&server);
    let done = run(&bench);
    assert_eq!((&done["status"], &done["session"]), (&json!("review"), &json!(null)), "{done}");
    assert_eq!((&done["diff"]["files"], &done["diff"]["insertions"]), (&json!(1), &json!(1)), "{done}");
    assert_eq!((&done["tokens"]["input"], &done["tokens"]["output"]), (&json!(1000), &json!(50)), "{done}");
    assert!(done["summary"].as_str().unwrap().starts_with("Here it is."), "{done}");
    let id = done["task"].as_str().unwrap();
    bench.json(&["reject", id, "-m", "add a second line"]);
    bench.output(&["attach", id]);
    let last = server.requests().last().unwrap().body.to_string();
    assert!(last.contains("write a greeting") && last.contains("add a second line"), "{last}");
    assert_eq!(bench.output(&["approve", id]).status.code(), Some(0));
    assert_eq!(bench.repo.read("hello.txt"), "hello\nagain\n");
}

#[test]
fn a_refused_key_is_no_success_though_it_ends_with_0() {
    if !is_there("aider") {
        return;
    }
    let refused = Turn::openai_error(401, "invalid_api_key", "Incorrect API key provided");
    let server = ModelServer::without_tools(vec![refused; 20]);
    let done = run(&bench(&server));
    assert_eq!(done["status"], "failed", "{done}");
    assert!(done["reason"].as_str().unwrap().contains("check OPENAI_API_KEY"), "{done}");
}
