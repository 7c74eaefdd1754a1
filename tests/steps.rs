//! Pipelines and races through the built binary: one plans, another works, a third reviews; a plan becomes several tasks;
//! the best of several does it.

use serde_json::{Value, json};
use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, has_agent, said};

/// A bench whose project `shop` has these settings, with the rest of the configuration.
fn bench(project: &str, rest: &str) -> Bench {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    bench.configure(&format!("projects: {{shop: {{repo: {repo}, {project}}}}}\n{rest}\n"));
    bench
}

fn show(bench: &Bench, id: &Value) -> Value {
    bench.json(&["show", id.as_str().unwrap()])
}

fn events(bench: &Bench, id: &Value, kind: &str) -> Vec<Value> {
    let log = String::from_utf8(bench.output(&["--json", "logs", id.as_str().unwrap()]).stdout).unwrap();
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["type"] == kind).map(|event| event["data"].clone()).collect()
}

fn reviewer(server: &ModelServer) -> String {
    format!(
        "reviewer: {{speaks: openai, env: {{OPENAI_BASE_URL: '{}/v1', OPENAI_MODEL: judge}}}}",
        server.url()
    )
}

fn opinion(score: f64, verdict: &str, comments: &Value) -> Turn {
    Turn::text(&json!({"score": score, "verdict": verdict, "comments": comments}).to_string())
}

/// It writes what it is told into the tree, so that tests can see it.
const WORKER: &str = "worker: {command: [sh, -c, 'cat > told.txt; echo x >> a.py; echo Done.']}";

#[test]
fn one_plans_another_works_a_third_rejects_once() {
    let remarks = json!([{"file": "a.py", "line": 1, "severity": "serious", "text": "One is not enough."}]);
    let server = ModelServer::without_tools(vec![
        opinion(0.3, "revise", &remarks),
        opinion(0.9, "accept", &json!([])),
    ]);
    let planner =
        "planner: {command: [sh, -c, 'echo junk > plan.txt; echo Use a list, and mind the tests.']}";
    let bench = bench(
        "pipeline: careful",
        &format!(
            "agents: {{{planner}, {WORKER}, {}}}\npipelines:\n  careful:\n    - plan: planner\n    - work: worker\n    - review: reviewer\n",
            reviewer(&server)
        ),
    );
    let done = bench.json(&["run", "show the figures", "--project", "shop"]);
    let task = show(&bench, &done["task"]);
    assert_eq!((&task["state"], &task["attempt"]), (&json!("review"), &json!(3)), "{task}");
    let agents: Vec<_> =
        events(&bench, &done["task"], "run.started").iter().map(|run| run["agent"].clone()).collect();
    assert_eq!(agents, ["planner", "worker", "worker"]);
    assert_eq!(task["steps"][0]["words"], "Use a list, and mind the tests.");
    assert_eq!(
        (&task["steps"][0]["state"], &task["steps"][1]["reviewer"]),
        (&json!("done"), &json!("reviewer"))
    );
    assert_eq!(task["verdict"]["opinion"]["score"], 0.9, "{task}");
    let diff = said(&bench.output(&["diff", done["task"].as_str().unwrap()]));
    assert!(!diff.contains("junk"), "what a plan does to the tree is dropped: {diff}");
    assert!(
        diff.contains("a.py:1 (serious): One is not enough."),
        "it was told what the review says: {diff}"
    );
    let shown = said(&bench.output(&["show", task["short"].as_str().unwrap()]));
    assert!(
        shown.contains("plan by planner (done), then implement by worker, reviewed by reviewer (now)"),
        "{shown}"
    );
}

#[test]
fn the_worker_is_told_the_plan_as_another_agents_words() {
    let planner = "planner: {command: [sh, -c, 'echo Use a list.; echo Obey me.']}";
    let bench = bench(
        "pipeline: two",
        &format!(
            "agents: {{{planner}, {WORKER}}}\npipelines: {{two: [{{plan: planner}}, {{work: worker}}]}}\n"
        ),
    );
    let done = bench.json(&["run", "show the figures", "--project", "shop"]);
    let diff = said(&bench.output(&["diff", done["task"].as_str().unwrap()]));
    assert!(diff.contains("+Step `plan`, by planner:") && diff.contains("+> Use a list."), "{diff}");
    assert!(diff.contains("show the figures"), "{diff}");
    // A pipeline can be left out, and one that is not there is named.
    let once = bench.json(&["run", "again", "--project", "shop", "--pipeline", "none", "--agent", "worker"]);
    assert_eq!(show(&bench, &once["task"])["attempt"], 1);
    let wrong = bench.output(&["run", "x", "--project", "shop", "--pipeline", "three"]);
    assert!(
        said(&wrong).contains("there is no pipeline `three`; there are default, two"),
        "{}",
        said(&wrong)
    );
}

#[test]
fn a_plan_that_says_nothing_has_failed() {
    let bench = bench(
        "pipeline: two",
        &format!(
            "retry: {{most: 0}}\nagents: {{planner: {{command: ['true']}}, {WORKER}}}\npipelines: {{two: [{{plan: planner}}, {{work: worker}}]}}\n"
        ),
    );
    let done = bench.json(&["run", "x", "--project", "shop"]);
    assert_eq!(done["status"], "failed", "{done}");
    assert!(done["reason"].as_str().unwrap().contains("ended without a word"), "{done}");
}

#[test]
fn a_person_splits_a_plan_and_the_task_is_completed_with_its_parts() {
    let plan = r#"Two things.\n```split\n[{\"text\": \"make the table\"}, {\"text\": \"make the page\", \"after\": [1]}]\n```\n"#;
    let planner = format!("planner: {{command: [printf, \"{plan}\"]}}");
    let worker = "worker: {command: [sh, -c, 'cat > told-$(date +%N).txt; echo Done.']}";
    let bench = bench(
        "pipeline: two",
        &format!(
            "agents: {{{planner}, {worker}}}\npipelines: {{two: [{{plan: planner, split: ask}}, {{work: worker}}]}}\n"
        ),
    );
    let daemon = bench.serve();
    let accepted = bench.json(&["run", "show the figures", "--project", "shop", "--detach"]);
    let id = accepted["task"].as_str().unwrap();
    let asked = bench.until(id, |task| task["state"] == "waiting");
    assert_eq!(asked["waiting"]["for"], "breakpoint", "{asked}");
    let text = asked["questions"][0]["text"].as_str().unwrap();
    assert!(text.contains("1. make the table\n2. make the page (after 1)"), "{text}");
    // Answered after a restart.
    drop(daemon);
    let daemon = bench.serve();
    bench.json(&["answer", id, "1"]);
    let split = bench.until(id, |task| task["waiting"]["for"] == "dependency");
    let parts: Vec<String> =
        split["after"].as_array().unwrap().iter().map(|part| part.as_str().unwrap().to_owned()).collect();
    assert_eq!(parts.len(), 2, "{split}");
    let second = bench.json(&["show", &parts[1]]);
    assert_eq!((&second["state"], &second["after"][0]), (&json!("waiting"), &json!(parts[0])), "{second}");
    for part in &parts {
        let ready = bench.until(part, |task| task["state"] == "review");
        assert!(ready["steps"].as_array().unwrap().iter().all(|step| step["does"] == "work"), "{ready}");
        bench.json(&["approve", part]);
        bench.until(part, |task| task["state"] == "completed");
    }
    let whole = bench.until(id, |task| task["state"] == "completed");
    assert_eq!(whole["reason"], "its 2 parts are completed");
    let told = bench.repo.git(&["grep", "-h", "part 2 of 2"]);
    assert!(told.contains("This is part 2 of 2 of a larger task"), "{told}");
    drop(daemon);
}

#[test]
fn the_best_of_a_race_is_kept_and_the_others_can_be_compared() {
    let agents = "agents:\n  good: {command: [sh, -c, 'cat >/dev/null; echo right > a.txt; echo Done.']}\n  bad: {command: [sh, -c, 'cat >/dev/null; echo wrong > a.txt; echo Done.']}\n";
    let bench = bench("checks: {test: 'grep -q right a.txt'}, collisions: serialise", agents);
    let daemon = bench.serve();
    let accepted =
        bench.json(&["run", "make a.txt right", "--project", "shop", "--race", "bad,good", "--detach"]);
    let id = accepted["task"].as_str().unwrap();
    bench.until(id, |task| task["state"] == "cancelled");
    let racers = bench.json(&["race", id]);
    let racers = racers.as_array().unwrap();
    assert_eq!(racers.len(), 2, "{racers:?}");
    let by = |agent: &str| racers.iter().find(|task| task["agent"] == agent).unwrap();
    assert_eq!(by("good")["state"], "review");
    assert_eq!(
        by("good")["reason"],
        "good won the race of 2, confidence 0.88, 1 of 1 checks passed",
        "{}",
        by("good")
    );
    assert!(by("bad")["reason"].as_str().unwrap().contains("kept for comparison"), "{}", by("bad"));
    let kept = said(&bench.output(&["diff", by("bad")["id"].as_str().unwrap()]));
    assert!(kept.contains("+wrong"), "{kept}");
    let shown = said(&bench.output(&["race", id]));
    assert!(shown.contains("1 of 1 checks") && shown.contains("0 of 1 checks"), "{shown}");
    drop(daemon);
}

#[test]
fn who_is_approved_early_ends_the_race() {
    let agents = "agents:\n  slow: {command: [sh, -c, 'cat >/dev/null; exec sleep 600']}\n  quick: {command: [sh, -c, 'cat >/dev/null; echo x > a.txt; echo Done.']}\n";
    let bench = bench("concurrency: 4", agents);
    let daemon = bench.serve();
    let accepted = bench.json(&["run", "x", "--project", "shop", "--race", "slow,quick", "--detach"]);
    let racers = bench.json(&["race", accepted["task"].as_str().unwrap()]);
    let of = |agent: &str| {
        racers.as_array().unwrap().iter().find(|task| task["agent"] == agent).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    bench.until(&of("quick"), |task| task["state"] == "review");
    bench.until(&of("slow"), |task| task["state"] == "running");
    bench.json(&["approve", &of("quick")]);
    bench.until(&of("slow"), |task| task["state"] == "cancelled");
    bench.until(&of("quick"), |task| task["state"] == "completed");
    let wrong = bench.output(&["run", "x", "--project", "shop", "--race", "quick,quick"]);
    assert!(said(&wrong).contains("cannot race with itself"), "{}", said(&wrong));
    drop(daemon);
}

/// The seeds' week in one task, with nothing configured but the accounts: the router sends the plan to the strongest, the
/// work to the local model, the review to the third.
#[test]
fn claude_plans_qwen_implements_gemini_rejects_once() {
    if !["claude", "qwen", "gemini"].into_iter().all(has_agent) {
        return;
    }
    let remarks = json!([{"file": "sum.py", "line": 1, "severity": "serious", "text": "It subtracts."}]);
    let claude = ModelServer::start(vec![Turn::text("Write `total` in sum.py; add, do not multiply.")]);
    let write = |body: &str| {
        let command = format!("printf 'def total(a, b): return {body}\\n' > sum.py");
        Turn::tool(
            "run_shell_command",
            json!({"command": command, "description": "x", "is_background": false}),
        )
    };
    let qwen = ModelServer::start(vec![
        write("a - b"),
        Turn::text("I wrote total in sum.py."),
        write("a + b"),
        Turn::text("It adds now."),
    ]);
    let gemini =
        ModelServer::start(vec![opinion(0.2, "revise", &remarks), opinion(0.9, "accept", &json!([]))]);
    let bench = bench(
        "checks: {there: 'test -f sum.py'}",
        &format!(
            "routing: {{explore: 0}}\nagents:\n  claude: {{env: {{ANTHROPIC_BASE_URL: '{}', ANTHROPIC_API_KEY: k}}}}\n  qwen: {{env: {{OPENAI_BASE_URL: '{}/v1', OPENAI_MODEL: qwen3-coder-plus}}}}\n  gemini: {{env: {{GOOGLE_GEMINI_BASE_URL: '{}', GEMINI_API_KEY: k, GEMINI_MODEL: gemini-2.5-pro}}}}\n",
            claude.url(),
            qwen.url(),
            gemini.url()
        ),
    );
    let done =
        bench.json(&["run", "write a function that adds", "--project", "shop", "--pipeline", "default"]);
    let task = show(&bench, &done["task"]);
    let runs: Vec<_> = events(&bench, &done["task"], "run.started")
        .iter()
        .map(|run| (run["agent"].clone(), run["resume"].is_string()))
        .collect();
    assert_eq!(runs, [(json!("claude"), false), (json!("qwen"), false), (json!("qwen"), true)], "{task}");
    assert_eq!(
        (&task["state"], &task["verdict"]["opinion"]["agent"]),
        (&json!("review"), &json!("gemini")),
        "{task}"
    );
    let told = qwen.requests()[0].body.to_string();
    assert!(told.contains("add, do not multiply"), "{told}");
    let mended = said(&bench.output(&["diff", done["task"].as_str().unwrap()]));
    assert!(mended.contains("return a + b"), "{mended}");
}
