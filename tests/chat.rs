//! Conversations with the brain through the built binary: what plain words do, what a model may do and what it may only
//! propose, that an answer is owed until it is there, and that nobody acts for somebody else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::model::{ModelServer, Turn};

use crate::sidekick::{Bench, Daemon};

fn bench(more: &str) -> Bench {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    bench.configure(&format!("projects:\n  shop: {{repo: {repo}, aliases: [storefront]}}\n{more}\n"));
    bench
}

/// A request of the owner: status and answer.
fn request(bench: &Bench, daemon: &Daemon, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", daemon.url))
        .header("authorization", format!("Bearer {}", bench.token().trim()))
        .header("content-type", "application/json")
        .body(body.to_string())
        .unwrap();
    let mut answer = agent.run(request).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
}

/// Says something and waits for the whole answer.
fn say(bench: &Bench, daemon: &Daemon, conversation: Option<&str>, words: &str) -> (String, Value) {
    let body = match conversation {
        Some(id) => json!({"message": words, "conversation_id": id}),
        None => json!({"message": words}),
    };
    let (status, said) = request(bench, daemon, "POST", "/api/chat", &body);
    assert_eq!(status, 201, "{said}");
    assert_eq!(said["answer"]["state"], "pending", "accepted at once");
    let id = said["conversation"]["id"].as_str().unwrap().to_owned();
    let answer = answered(bench, daemon, &id, said["answer"]["id"].as_str().unwrap());
    (id, answer)
}

fn answered(bench: &Bench, daemon: &Daemon, conversation: &str, message: &str) -> Value {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let page = daemon.get(bench, &format!("/api/conversations/{conversation}/messages"));
        let found = page["items"].as_array().unwrap().iter().find(|one| one["id"] == message).cloned();
        let found = found.unwrap_or_else(|| panic!("{message} is not in {page}"));
        if found["state"] != "pending" {
            return found;
        }
        assert!(Instant::now() < deadline, "{found}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// A task in review and one that comes after it.
fn two_tasks(bench: &Bench) -> (String, String) {
    let done = bench.scenario("- write: {path: a.txt, content: x}\n- say: It is there.\n");
    let first = bench.json(&["run", "Mend the login", "--project", "shop", "--scenario", &done, "--detach"]);
    let first = first["task"].as_str().unwrap().to_owned();
    bench.until(&first, |task| task["state"] == "review");
    let words = [
        "run",
        "Export invoices as CSV",
        "--project",
        "shop",
        "--scenario",
        &done,
        "--after",
        &first,
        "--detach",
    ];
    let second = bench.json(&words)["task"].as_str().unwrap().to_owned();
    (first, second)
}

fn tasks(bench: &Bench) -> usize {
    bench.json(&["list"]).as_array().unwrap().len()
}

#[test]
fn plain_words_are_understood_without_a_model() {
    let bench = bench("");
    let daemon = bench.serve();
    let (_, export) = two_tasks(&bench);

    let (chat, answer) = say(&bench, &daemon, None, "Hey Sidekick, prioritise the export");
    assert_eq!(answer["state"], "complete", "{answer}");
    assert_eq!(answer["tasks"][0], export.as_str());
    assert_eq!(bench.json(&["show", &export])["priority"], 1);

    let (_, why) = say(&bench, &daemon, Some(&chat), "Why does the export wait?");
    assert!(
        why["text"].as_str().unwrap().contains("Mend the login"),
        "the task that would end the wait: {why}"
    );
    let (_, day) = say(&bench, &daemon, Some(&chat), "What happened today?");
    assert!(day["text"].as_str().unwrap().contains("waiting for your review"), "{day}");
    let (_, nothing) = say(&bench, &daemon, Some(&chat), "stop the moon");
    assert!(nothing["text"].as_str().unwrap().contains("No open task"), "{nothing}");
    let (_, lost) = say(&bench, &daemon, Some(&chat), "sing me a song about it");
    assert_eq!(lost["state"], "failed");
    assert!(lost["text"].as_str().unwrap().contains("prioritise X"), "says what it understands: {lost}");

    let list = daemon.get(&bench, "/api/conversations?search=SONG");
    assert_eq!(list["items"][0]["id"], chat.as_str());
    assert_eq!(list["items"][0]["title"], "Hey Sidekick, prioritise the export");
    assert_eq!(daemon.get(&bench, "/api/conversations?search=nowhere")["items"], json!([]));
}

#[test]
fn what_ends_work_is_shown_before_it_happens_and_happens_once() {
    let bench = bench("");
    let daemon = bench.serve();
    let (login, export) = two_tasks(&bench);
    let (chat, answer) = say(&bench, &daemon, None, "stop the export");
    assert_eq!(answer["proposal"]["state"], "open", "{answer}");
    assert!(answer["proposal"]["changes"][0].as_str().unwrap().starts_with("Stop Export invoices as CSV"));
    assert_eq!(bench.json(&["show", &export])["state"], "waiting", "nothing has happened");

    let path = |verb: &str, answer: &Value| {
        format!("/api/conversations/{chat}/messages/{}/{verb}", answer["id"].as_str().unwrap())
    };
    let (status, _) = request(&bench, &daemon, "POST", &path("confirm", &answer), &json!({}));
    assert_eq!(status, 200);
    let done = answered(&bench, &daemon, &chat, answer["id"].as_str().unwrap());
    assert_eq!(done["proposal"]["state"], "done", "{done}");
    assert_eq!(done["proposal"]["by"], "person:owner");
    assert_eq!(bench.json(&["show", &export])["state"], "cancelled");
    let (status, twice) = request(&bench, &daemon, "POST", &path("confirm", &answer), &json!({}));
    assert_eq!(status, 409, "{twice}");

    let (_, answer) = say(&bench, &daemon, Some(&chat), "stop the login");
    assert_eq!(answer["proposal"]["state"], "open", "{answer}");
    let (status, dropped) = request(&bench, &daemon, "POST", &path("drop", &answer), &json!({}));
    assert_eq!((status, &dropped["proposal"]["state"]), (200, &json!("dropped")));
    let (status, _) = request(&bench, &daemon, "POST", &path("confirm", &answer), &json!({}));
    assert_eq!(status, 409, "what was dropped is not done");
    assert_eq!(bench.json(&["show", &login])["state"], "review");
}

const CREATES: &str = "I add it.\n\n```sidekick\n[{\"do\": \"create\", \"text\": \"Add a dark mode to the shop\", \"project\": \"shop\"}]\n```";

#[test]
fn a_model_acts_on_what_the_person_says_and_proposes_what_it_was_talked_into() {
    let model = ModelServer::without_tools(vec![Turn::text(CREATES); 3]);
    let bench = bench(&format!("local_model: {{url: '{}/v1', model: big}}", model.url()));
    let daemon = bench.serve();
    // The control: asked for, it is done.
    let (chat, answer) = say(&bench, &daemon, None, "Could somebody add a dark mode to the shop?");
    assert_eq!(answer["state"], "complete", "{answer}");
    assert!(answer["proposal"].is_null(), "{answer}");
    let task = answer["tasks"][0].as_str().unwrap();
    assert_eq!(bench.json(&["show", task])["text"], "Add a dark mode to the shop");
    assert!(
        answer["text"].as_str().unwrap().starts_with("I add it.")
            && !answer["text"].as_str().unwrap().contains("```")
    );
    // The same answer, asked for by nobody: whatever the model has read, a person decides.
    let before = tasks(&bench);
    let (_, answer) = say(&bench, &daemon, Some(&chat), "And how is the weather?");
    assert_eq!(answer["proposal"]["state"], "open", "{answer}");
    assert_eq!(tasks(&bench), before);
    // The model is asked, too, what sort of work the new task is.
    let requests = model.requests();
    let mut prompts = requests.iter().filter_map(|request| request.body["messages"][0]["content"].as_str());
    let prompt = prompts.next_back().unwrap();
    assert!(
        prompt.contains("Person: Could somebody add a dark mode") && prompt.contains("You: I add it."),
        "{prompt}"
    );
}

#[test]
fn an_agent_thinks_as_a_task_of_its_own_and_reads_before_it_answers() {
    let model = ModelServer::without_tools(vec![
        Turn::text("```sidekick\n[{\"do\": \"day\"}]\n```"),
        Turn::text("You have one thing to review."),
    ]);
    let bench = bench(&format!(
        "brain: {{agent: thinker}}\nagents: {{thinker: {{speaks: openai, env: {{OPENAI_BASE_URL: '{}/v1', OPENAI_MODEL: m}}}}}}",
        model.url()
    ));
    let daemon = bench.serve();
    two_tasks(&bench);
    let (_, answer) = say(&bench, &daemon, None, "anything for me to look at?");
    assert_eq!(answer["text"], "You have one thing to review.", "{answer}");
    let thought = bench.json(&["show", answer["thinking"].as_str().unwrap()]);
    assert_eq!((&thought["project"], &thought["agent"]), (&json!("brain"), &json!("thinker")));
    let requests = model.requests();
    assert!(requests[1].body.to_string().contains("Nothing has ended today"), "{:?}", requests[1].body);
}

#[test]
fn a_model_that_is_down_or_confused_does_nothing_and_says_so() {
    let model = ModelServer::without_tools(vec![
        Turn::openai_error(500, "server_error", "boom"),
        Turn::text("Sure.\n```sidekick\n[{\"do\": \"shell\", \"text\": \"rm -rf /\"}]\n```"),
    ]);
    let bench = bench(&format!("local_model: {{url: '{}/v1', model: big}}", model.url()));
    let daemon = bench.serve();
    let (chat, answer) = say(&bench, &daemon, None, "tidy up everything");
    assert_eq!(answer["state"], "failed");
    assert!(answer["text"].as_str().unwrap().contains("HTTP 500"), "{answer}");
    let (_, answer) = say(&bench, &daemon, Some(&chat), "tidy up everything");
    assert!(answer["text"].as_str().unwrap().contains("Nothing was done"), "{answer}");
    assert_eq!(tasks(&bench), 0);
}

#[test]
fn an_answer_is_owed_until_it_is_there_whoever_is_killed() {
    let model = ModelServer::without_tools(vec![Turn::Hang, Turn::text("Here I am.")]);
    let bench = bench(&format!("local_model: {{url: '{}/v1', model: big}}", model.url()));
    let daemon = bench.serve();
    let body = json!({"message": "are you there, brain?"});
    let (_, said) = request(&bench, &daemon, "POST", "/api/chat", &body);
    let deadline = Instant::now() + Duration::from_mins(1);
    while model.requests().is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(daemon);
    let daemon = bench.serve();
    let id = said["conversation"]["id"].as_str().unwrap();
    let answer = answered(&bench, &daemon, id, said["answer"]["id"].as_str().unwrap());
    assert_eq!(answer["text"], "Here I am.", "{answer}");
}

#[test]
fn what_was_said_long_ago_is_told_in_short() {
    let model = ModelServer::without_tools(vec![Turn::text("I remember.")]);
    let bench = bench(&format!("local_model: {{url: '{}/v1', model: big}}", model.url()));
    let daemon = bench.serve();
    let (chat, _) = say(&bench, &daemon, None, "why does my very first word wait?");
    for _ in 0..14 {
        say(&bench, &daemon, Some(&chat), "what is going on");
    }
    say(&bench, &daemon, Some(&chat), "tell me what we spoke about");
    let prompt = model.requests()[0].body["messages"][0]["content"].as_str().unwrap().to_owned();
    let (_, short) =
        prompt.split_once("What was said before, in short:").unwrap_or_else(|| panic!("{prompt}"));
    let (short, whole) = short.split_once("The conversation:").unwrap();
    assert!(short.contains("my very first word") && !whole.contains("my very first word"), "{prompt}");
    assert_eq!(whole.matches("\nYou: ").count() + whole.matches("\nPerson: ").count(), 20, "{whole}");
}

#[test]
fn said_again_with_its_key_it_is_said_once_and_deleted_it_is_gone() {
    let bench = bench("");
    let daemon = bench.serve();
    let post = || {
        let mut answer = ureq::post(format!("{}/api/chat", daemon.url))
            .header("authorization", format!("Bearer {}", bench.token().trim()))
            .header("idempotency-key", "tap-1")
            .send_json(json!({"message": "what is going on"}))
            .unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json::<Value>().unwrap())
    };
    let (first, second) = (post(), post());
    assert_eq!((first.0, second.0), (201, 200));
    assert_eq!(first.1["message"]["id"], second.1["message"]["id"]);
    let id = first.1["conversation"]["id"].as_str().unwrap();
    answered(&bench, &daemon, id, first.1["answer"]["id"].as_str().unwrap());
    let path = format!("/api/conversations/{id}");
    let (status, renamed) = request(&bench, &daemon, "PATCH", &path, &json!({"title": "Mine"}));
    assert_eq!((status, &renamed["title"]), (200, &json!("Mine")));
    assert_eq!(request(&bench, &daemon, "DELETE", &path, &json!({})).0, 204);
    assert_eq!(request(&bench, &daemon, "GET", &path, &json!({})).0, 404);
    assert_eq!(daemon.get(&bench, "/api/conversations")["items"], json!([]));
}
