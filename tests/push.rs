//! Web Push on the built binary, before a service that verifies who sends and opens what was sent.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::push::PushService;

use crate::sidekick::{Bench, Daemon};

fn ask(bench: &Bench, daemon: &Daemon, method: &str, path: &str, body: &Value) -> (u16, String) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", daemon.url))
        .header("authorization", format!("Bearer {}", bench.token().trim()))
        .header("content-type", "application/json");
    let mut answer = config.new_agent().run(request.body(body.to_string()).unwrap()).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), text)
}

fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_is_not_looking_is_told_once_what_needs_them() {
    let bench = Bench::new();
    bench.configure("push: {allow: [localhost], contact: 'mailto:me@example.org'}\n");
    let service = PushService::start();
    let daemon = bench.serve();
    let key = daemon.get(&bench, "/api/push/key")["key"].as_str().unwrap().to_owned();
    assert_eq!(key.len(), 87, "a point, in base64url");
    let subscribed = ask(&bench, &daemon, "POST", "/api/push/subscriptions", &service.subscription());
    assert_eq!(subscribed.0, 204, "{}", subscribed.1);
    let tried = ask(&bench, &daemon, "POST", "/api/push/test", &json!({}));
    assert!(tried.1.contains("\"told\":1"), "{tried:?} {:?}", service.refused());

    // A service that is busy is asked again.
    service.answer(&[503]);
    let before = service.requests();
    let asks = bench.scenario("- ask: {question: 'Which one?', choices: [this, that]}\n- say: I asked.\n");
    let task = bench.json(&["run", "choose", "--scenario", &asks, "--detach"]);
    let id = task["task"].as_str().unwrap();
    until("the first try", || (service.requests() > before).then_some(()));
    // Whoever was to send it is killed: the next daemon does.
    drop(daemon);
    let daemon = bench.serve();
    let message = until("the message", || {
        service.messages().into_iter().find(|one| one["title"] == "Question: choose")
    });
    assert!(message["body"].as_str().unwrap().contains("Which one?"), "{message}");
    assert_eq!(message["url"], format!("/tasks/{id}"));
    assert_eq!(message["headers"]["urgency"], "high");

    // A browser that is gone is forgotten.
    service.answer(&[410]);
    let before = service.requests();
    bench.json(&["answer", id, "1"]);
    until("the last message", || (service.requests() > before).then_some(()));
    let tried = until("forgetting", || {
        let tried = ask(&bench, &daemon, "POST", "/api/push/test", &json!({})).1;
        tried.contains("\"told\":0").then_some(tried)
    });
    assert!(tried.contains("\"failed\":[]"), "{tried}");
    assert_eq!(service.refused(), Vec::<String>::new());
}

#[test]
fn nothing_is_sent_into_this_machine_unless_it_is_allowed() {
    let bench = Bench::new();
    let service = PushService::start();
    let daemon = bench.serve();
    for endpoint in [
        service.subscription()["endpoint"].as_str().unwrap(),
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "http://push.example/x",
        "https://169.254.169.254/latest",
    ] {
        let mut subscription = service.subscription();
        subscription["endpoint"] = endpoint.into();
        let (status, said) = ask(&bench, &daemon, "POST", "/api/push/subscriptions", &subscription);
        assert_eq!(status, 422, "{endpoint}: {said}");
    }
    assert_eq!(service.requests(), 0);
}

#[test]
fn a_budget_that_ends_is_told_until_it_is_dismissed() {
    let bench = Bench::new();
    let repo = bench.repo.path().to_str().unwrap().to_owned();
    bench.configure(&format!("projects:\n  shop: {{repo: '{repo}', budget: {{month_usd: 0}}}}\n"));
    let daemon = bench.serve();
    let alerts = daemon.get(&bench, "/api/alerts");
    let alert = &alerts["items"][0];
    assert_eq!(
        (&alert["kind"], &alert["of"], &alert["stops"]),
        (&json!("budget"), &json!("shop"), &json!(true)),
        "{alerts}"
    );
    let id = &alert["id"];
    assert_eq!(ask(&bench, &daemon, "POST", "/api/alerts/dismiss", &json!({ "id": "none" })).0, 404);
    assert_eq!(ask(&bench, &daemon, "POST", "/api/alerts/dismiss", &json!({ "id": id })).0, 204);
    assert_eq!(daemon.get(&bench, "/api/alerts")["items"], json!([]));
}
