//! Who does what on the built binary: rules, the table, sensitive projects, who takes over, what is learned, and what sort
//! of work a text is.

use serde_json::Value;

use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, has_agent, said};

/// Two command agents that leave their name, and rules.
fn two(bench: &Bench, more: &str) {
    let agent = |name: &str| format!("{name}: {{command: [sh, -c, 'echo {name} >> {name}.txt']}}");
    bench.configure(&format!(
        "agents: {{{}, {}, broken: {{command: [sh, -c, 'exit 3']}}}}\nretry: {{first_seconds: 0}}\n{more}",
        agent("first"),
        agent("second")
    ));
}

fn give(bench: &Bench, text: &str, more: &[&str]) -> String {
    let accepted = bench.json(&[&["run", text, "--detach"], more].concat());
    accepted["task"].as_str().unwrap_or_else(|| panic!("{accepted}")).to_owned()
}

fn reviewed(bench: &Bench, id: &str) -> Value {
    bench.until(id, |task| task["state"] == "review" || task["state"] == "failed")
}

#[test]
fn a_rule_of_the_configuration_says_who_and_the_receipt_says_why() {
    let bench = Bench::new();
    two(
        &bench,
        "routes:\n  - when: {kind: [testing]}\n    use: [second, first]\n  - use: [first/small]\nrouting: {explore: 0}\n",
    );
    let _daemon = bench.serve();
    let tests = reviewed(&bench, &give(&bench, "Write unit tests for the parser", &[]));
    assert_eq!(
        (&tests["agent"], &tests["kind"], &tests["agent_by"]),
        (&"second".into(), &"testing".into(), &"router".into()),
        "{tests}"
    );
    assert_eq!(tests["receipt"], "second: rule 1 of the configuration");
    let id = tests["short"].as_str().unwrap();
    let why = bench.json(&["show", id, "--why"]);
    assert_eq!(why["taken"], true);
    let stands: Vec<_> = why["considered"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["who"].as_str().unwrap(), one["stands"].as_str().unwrap()))
        .collect();
    assert_eq!(stands, [("second", "taken"), ("first", "open")]);
    let text = said(&bench.output(&["show", id]));
    assert!(
        text.contains("second: rule 1 of the configuration") && text.contains("rules: testing as it says"),
        "{text}"
    );

    let other = reviewed(&bench, &give(&bench, "Add a button", &[]));
    assert_eq!((&other["agent"], &other["model"]), (&"first".into(), &"small".into()), "{other}");
    // What a person says goes before every rule.
    let named = reviewed(&bench, &give(&bench, "Write unit tests for the parser", &["--agent", "first"]));
    assert_eq!(
        (&named["agent"], &named["receipt"]),
        (&"first".into(), &"first: a person asked for it".into())
    );
    let kind = reviewed(&bench, &give(&bench, "Add a button", &["--kind", "testing", "--complexity", "low"]));
    assert_eq!((&kind["agent"], &kind["complexity"]), (&"second".into(), &"low".into()), "{kind}");
    let wrong = bench.output(&["run", "x", "--kind", "tests"]);
    assert!(said(&wrong).contains("`tests` is no kind"), "{}", said(&wrong));
}

#[test]
fn who_is_off_is_passed_over_and_who_failed_comes_last() {
    let bench = Bench::new();
    two(
        &bench,
        "routes:\n  - when: {kind: [debugging]}\n    use: [broken, second]\n  - use: [first, second]\nrouting: {explore: 0}\n",
    );
    let _daemon = bench.serve();
    bench.json(&["accounts", "off", "first"]);
    let done = reviewed(&bench, &give(&bench, "Add a button", &[]));
    assert_eq!(done["agent"], "second");
    assert_eq!(done["receipt"], "second: rule 2 of the configuration; first is switched off");

    let id = give(&bench, "Fix the crash in the parser", &[]);
    let done = reviewed(&bench, &id);
    assert_eq!((&done["state"], &done["agent"]), (&"failed".into(), &"broken".into()), "{done}");
    assert_eq!(bench.output(&["retry", &id]).status.code(), Some(0));
    let done = bench.until(&id, |task| task["state"] == "review");
    assert_eq!((&done["agent"], &done["attempt"]), (&"second".into(), &2.into()), "{done}");
    let why = bench.json(&["show", &id, "--why"]);
    let last = why["considered"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["who"], "broken");
    assert!(last["why"].as_str().unwrap().contains("it just failed"), "{why}");

    // With everybody off it waits, and says for whom.
    bench.json(&["accounts", "off"]);
    let waits = give(&bench, "Add a button", &[]);
    let task = bench.until(&waits, |task| task["state"] == "waiting");
    assert_eq!(task["waiting"]["reason"], "first is switched off; second is switched off", "{task}");
    let why = bench.json(&["show", &waits, "--why"]);
    assert_eq!((&why["taken"], &why["considered"][0]["stands"]), (&false.into(), &"rests".into()), "{why}");
    bench.json(&["accounts", "on", "second"]);
    assert_eq!(reviewed(&bench, &waits)["agent"], "second");
}

#[test]
fn what_became_of_the_work_changes_who_does_it() {
    let bench = Bench::new();
    two(&bench, "routes: [{use: [first, second]}]\nrouting: {explore: 0}\n");
    let daemon = bench.serve();
    for n in 0..5 {
        let id = give(&bench, &format!("Add button number {n}"), &[]);
        assert_eq!(reviewed(&bench, &id)["agent"], "first", "four outcomes say nothing yet");
        assert_eq!(bench.output(&["reject", &id]).status.code(), Some(0));
    }
    let id = give(&bench, "Add another button", &[]);
    let done = reviewed(&bench, &id);
    assert_eq!(done["agent"], "second", "{done}");
    assert_eq!(bench.output(&["approve", &id]).status.code(), Some(0));
    bench.until(&id, |task| task["state"] == "completed");
    // It outlives the daemon, and other kinds of work know nothing of it.
    drop(daemon);
    let _daemon = bench.serve();
    let preview = bench.json(&["route", "Add a last button"]);
    assert_eq!(preview["route"]["considered"][0]["who"], "second", "{preview}");
    let sentence = preview["route"]["sentence"].as_str().unwrap();
    assert_eq!(sentence, "second: rule 1 of the configuration; 1 of 1 such changes accepted here at $0");
    let why = preview["route"]["considered"][1]["why"].as_str().unwrap();
    assert!(
        why.contains("0 of 5 such changes accepted here") && why.contains("behind those not tried"),
        "{why}"
    );
    let preview = bench.json(&["route", "Write unit tests for the button"]);
    assert_eq!(preview["route"]["considered"][0]["who"], "first", "{preview}");
}

#[test]
fn the_table_when_nobody_says_anything() {
    if !has_agent("claude") || !has_agent("qwen") {
        return;
    }
    let bench = Bench::new();
    bench.configure(
        "agents:\n  claude: {env: {ANTHROPIC_API_KEY: k}}\n  qwen: {env: {OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_MODEL: m}}\n",
    );
    let _daemon = bench.serve();
    let who = |words: &[&str]| {
        let preview = bench.json(&[&["route"], words].concat());
        let first = &preview["route"]["considered"][0];
        format!(
            "{} {}: {}",
            preview["kind"].as_str().unwrap(),
            preview["complexity"].as_str().unwrap(),
            first["who"].as_str().unwrap()
        )
    };
    assert_eq!(who(&["Plan the migration to Vite"]), "planning medium: claude");
    assert_eq!(who(&["Add a dark mode to the settings page"]), "implementation medium: qwen");
    assert_eq!(who(&["Write docs for the REST API"]), "documentation medium: qwen");
    assert_eq!(who(&["Add a button", "--complexity", "critical"]), "implementation critical: claude");
    let text = said(&bench.output(&["route", "Add a dark mode to the settings page"]));
    assert!(text.contains("qwen: implementation goes to it first, by the table"), "{text}");
    assert!(bench.json(&["list"]).as_array().unwrap().is_empty(), "nothing was accepted");
}

#[test]
fn what_is_sensitive_goes_to_no_cloud() {
    if !has_agent("claude") {
        return;
    }
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    let configure = |local: bool| {
        bench.configure(&format!(
            "agents:\n  claude: {{env: {{ANTHROPIC_API_KEY: k}}}}\n  near: {{command: [sh, -c, 'echo x > x.txt'], local: {local}}}\n\
             projects: {{shop: {{repo: {repo}, sensitive: true}}}}\nroutes: [{{use: [claude, near]}}]\nrouting: {{explore: 0}}\n"
        ));
    };
    configure(false);
    let daemon = bench.serve();
    let refused = bench.output(&["run", "Add a button", "--project", "shop", "--agent", "claude"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said(&refused).contains("shop is sensitive, and its model is not on this machine"),
        "{}",
        said(&refused)
    );
    let id = give(&bench, "Add a button", &["--project", "shop"]);
    let task = bench.until(&id, |task| task["state"] == "waiting");
    let reason = task["waiting"]["reason"].as_str().unwrap();
    assert_eq!(
        reason,
        "no agent may do this here: claude: shop is sensitive, and its model is not on this machine; near: shop is sensitive, and its model is not on this machine"
    );
    assert_eq!(task["attempt"], 0);
    drop(daemon);
    // The person vouches for one: then it does it, and claude still does not.
    configure(true);
    let _daemon = bench.serve();
    let done = reviewed(&bench, &id);
    assert_eq!((&done["agent"], &done["state"]), (&"near".into(), &"review".into()), "{done}");
    // The same rule without the word lets claude: nothing else kept it away.
    let preview = bench.json(&["route", "Add a button", "--repo", bench.dir.path().to_str().unwrap()]);
    assert_eq!(preview["route"]["considered"][0]["who"], "claude", "{preview}");
}

const ANSWER: &str =
    r#"{"kind": "review", "complexity": "high", "gpu": false, "reason": "It asks for an opinion."}"#;

#[test]
fn the_local_model_refines_what_waits_and_never_what_a_person_said() {
    let model = ModelServer::without_tools(vec![
        Turn::text(ANSWER),
        Turn::text(ANSWER),
        Turn::text("review, I think"),
    ]);
    let bench = Bench::new();
    two(
        &bench,
        &format!(
            "local_model: {{url: '{}/v1', model: small}}\nroutes:\n  - when: {{kind: [review]}}\n    use: [second]\n  - use: [first]\n",
            model.url()
        ),
    );
    let _daemon = bench.serve();
    bench.json(&["accounts", "off"]);
    let id = give(&bench, "what do you make of the parser", &[]);
    let task = bench.until(&id, |task| task["classified_by"] == "model");
    assert_eq!(
        (&task["kind"], &task["complexity"], &task["attempt"]),
        (&"review".into(), &"high".into(), &0.into()),
        "{task}"
    );
    assert_eq!(task["classified_why"], "It asks for an opinion.");
    let asked = &model.requests()[0].body;
    assert_eq!(asked["response_format"]["json_schema"]["schema"]["additionalProperties"], false);
    let words = asked["messages"][0]["content"].as_str().unwrap();
    assert!(words.contains("<<<\nwhat do you make of the parser\n>>>"), "{words}");

    let said_kind = give(&bench, "what do you make of the lexer", &["--kind", "documentation"]);
    let task = bench.until(&said_kind, |task| task["classified_by"] == "model");
    assert_eq!((&task["kind"], &task["complexity"]), (&"documentation".into(), &"high".into()), "{task}");

    bench.json(&["accounts", "on"]);
    assert_eq!(reviewed(&bench, &id)["agent"], "second", "by the rule for what the model found");
    assert_eq!(reviewed(&bench, &said_kind)["agent"], "first");
    let events = said(&bench.output(&["logs", &id]));
    assert!(events.contains("it is review, high (model: It asks for an opinion.)"), "{events}");

    // An answer in another form is none. The one that follows is asked about after it, so that it was looked at.
    let nonsense = give(&bench, "what do you make of the printer", &[]);
    let done = reviewed(&bench, &nonsense);
    assert_eq!((&done["classified_by"], &done["agent"]), (&"rules".into(), &"first".into()), "{done}");
}

#[test]
fn a_model_that_is_down_or_silent_holds_nothing_up() {
    let silent = ModelServer::without_tools(vec![Turn::Hang]);
    let bench = Bench::new();
    for url in ["http://127.0.0.1:9", &silent.url()] {
        two(&bench, &format!("local_model: {{url: '{url}/v1', model: small}}\nroutes: [{{use: [first]}}]\n"));
        let daemon = bench.serve();
        let begun = std::time::Instant::now();
        let id = give(&bench, "hm", &[]);
        assert!(begun.elapsed().as_secs() < 4, "accepted without waiting for a model");
        let done = reviewed(&bench, &id);
        assert_eq!(
            (&done["classified_by"], &done["kind"]),
            (&"rules".into(), &"implementation".into()),
            "{done}"
        );
        drop(daemon);
    }
}

#[test]
fn the_text_says_which_project() {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    two(
        &bench,
        &format!(
            "projects:\n  shop: {{repo: {repo}, aliases: [storefront], agent: first}}\n  radio: {{repo: /no/such/radio, agent: first}}\n"
        ),
    );
    let _daemon = bench.serve();
    let outside = |words: &[&str]| bench.command(words).current_dir(bench.dir.path()).output().unwrap();
    let text = said(&outside(&["run", "Add a button to the storefront"]));
    assert!(text.contains("the project is shop: the text names storefront"), "{text}");
    let text = said(&outside(&["route", "fix the build of radio"]));
    assert!(text.contains("the project is radio: the text names radio"), "{text}");
    let unclear = outside(&["run", "port the cart of shop to radio"]);
    assert_eq!(unclear.status.code(), Some(2));
    assert!(
        said(&unclear).contains("could be about any of radio, shop: say which (--project NAME)"),
        "{}",
        said(&unclear)
    );
    let nowhere = outside(&["run", "Add a button"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(said(&nowhere).contains("say where"), "{}", said(&nowhere));
    // Who stands in a repository has said where.
    let here = bench.json(&["run", "Add a button, as radio has one", "--detach"]);
    let task = bench.json(&["show", here["task"].as_str().unwrap()]);
    assert_eq!((&task["project"], &task["found"]), (&"shop".into(), &Value::Null), "{task}");
    reviewed(&bench, task["id"].as_str().unwrap());
}
