//! Speech through the built binary: what was heard is shown with what it would do, nothing is done unconfirmed, and an
//! endpoint that is down or talks nonsense is said in words.

use serde_json::{Value, json};
use testkit::speech::{Said, SpeechServer};

use crate::sidekick::{Bench, Daemon, said};

fn bench(url: &str) -> Bench {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    bench.configure(&format!(
        "projects:\n  shop: {{repo: {repo}, aliases: [Antenna]}}\n\
         voice: {{url: '{url}', model: whisper-1, key: sk-very-secret, language: en}}\n"
    ));
    bench
}

fn post(bench: &Bench, daemon: &Daemon, path: &str, kind: &str, body: &[u8]) -> (u16, Value) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let token = format!("Bearer {}", bench.token().trim());
    let request = agent.post(format!("{}{path}", daemon.url)).header("authorization", token);
    let mut answer = request.header("content-type", kind).send(body).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
}

/// Two tasks of the project that is also called Antenna; neither starts.
fn waiting_tasks(bench: &Bench) -> Vec<String> {
    let done = bench.scenario("- write: {path: a.txt, content: x}\n");
    let first = bench.json(&["run", "Mend the mast", "--project", "shop", "--scenario", &done, "--detach"]);
    let first = first["task"].as_str().unwrap().to_owned();
    bench.until(&first, |task| task["state"] == "review");
    let later = |text: &str| {
        let words = ["run", text, "--project", "shop", "--scenario", &done, "--after", &first, "--detach"];
        bench.json(&words)["task"].as_str().unwrap().to_owned()
    };
    vec![later("Paint the dish"), later("Oil the motor")]
}

#[test]
fn what_was_spoken_is_shown_before_it_is_done() {
    let speech = SpeechServer::start(Said::Words(" Hey Sidekick, prioritise Antenna.\n".into()));
    let bench = bench(&speech.url());
    let daemon = bench.serve();
    let tasks = waiting_tasks(&bench);
    let before = bench.json(&["show", &tasks[0]])["priority"].clone();

    let (status, heard) =
        post(&bench, &daemon, "/api/voice", "audio/webm;codecs=opus", b"\x1aE\xdf\xa3 speech");
    assert_eq!(status, 200, "{heard}");
    assert_eq!(heard["text"], "Hey Sidekick, prioritise Antenna.");
    assert_eq!(heard["understood"]["means"], "changes", "{heard}");
    assert!(heard["understood"]["words"][0].as_str().unwrap().contains("priority 1"), "{heard}");
    let recording = &speech.heard()[0];
    assert_eq!((recording.model.as_str(), recording.language.as_str()), ("whisper-1", "en"));
    assert_eq!(
        (recording.file_name.as_str(), recording.content_type.as_str()),
        ("speech.webm", "audio/webm")
    );
    assert_eq!(
        (recording.key.as_str(), recording.audio.as_slice()),
        ("Bearer sk-very-secret", &b"\x1aE\xdf\xa3 speech"[..])
    );
    assert_eq!(bench.json(&["show", &tasks[0]])["priority"], before, "nothing is done by listening");

    // One task alone is done at once when it is typed (the control), and proposed when it was spoken.
    let typed = bench.json(&["chat", "prioritise the motor"]);
    assert_eq!(typed["answer"]["proposal"], Value::Null, "{typed}");
    let body = json!({"message": "prioritise the dish", "spoken": true}).to_string();
    let (status, asked) = post(&bench, &daemon, "/api/chat", "application/json", body.as_bytes());
    assert_eq!(status, 201, "{asked}");

    let file = bench.dir.path().join("order.wav");
    std::fs::write(&file, b"RIFF").unwrap();
    speech.then(Said::Words("Sidekick, prioritise the dish".into()));
    let output = bench.output(&["chat", "--audio", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(
        said(&output).contains("Paint the dish") && said(&output).contains("Nothing is done yet"),
        "{}",
        said(&output)
    );
    assert_eq!(bench.json(&["show", &tasks[0]])["priority"], before, "nothing is done unconfirmed");
    let log = std::fs::read_to_string(bench.dir.path().join("daemon.log")).unwrap();
    assert!(!log.contains("very-secret") && !said(&output).contains("very-secret"));
}

#[test]
fn an_endpoint_that_does_not_do_it_is_said_in_words() {
    let speech = SpeechServer::start(Said::Status(401, "Incorrect API key".into()));
    let bench = bench(&speech.url());
    let daemon = bench.serve();
    let voice = |kind: &str, body: &[u8]| {
        let (status, problem) = post(&bench, &daemon, "/api/voice", kind, body);
        (status, problem["detail"].as_str().unwrap_or_default().to_owned())
    };
    let (status, why) = voice("audio/wav", b"RIFF");
    assert!(status == 502 && why.contains("HTTP 401") && why.contains("Incorrect API key"), "{why}");
    assert!(!why.contains("very-secret"), "{why}");
    speech.then(Said::Garbage);
    let (status, why) = voice("audio/wav", b"RIFF");
    assert!(status == 502 && why.contains("not as OpenAI"), "{why}");
    speech.then(Said::Words("  ".into()));
    assert!(voice("audio/wav", b"RIFF").1.contains("nothing was heard"));
    assert_eq!(voice("text/html", b"RIFF").0, 415);
    assert_eq!(voice("audio/wav", b"").0, 400);
    assert_eq!(voice("audio/wav", &vec![0; 10 * 1024 * 1024 + 1]).0, 413);
    drop(speech);
    let (status, why) = voice("audio/wav", b"RIFF");
    assert!(status == 502 && why.contains("did not write down"), "{why}");
}
