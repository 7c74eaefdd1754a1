//! What a person looks at of a task's work over HTTP, and what they say about it: read from the host's store only, never
//! another task's, never a file of this machine; remarks are kept, and sent once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::sidekick::{Bench, Daemon};

/// What the daemon answers to a request, with its owner's token.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

pub(crate) fn ask(bench: &Bench, daemon: &Daemon, method: &str, path: &str, body: Option<Value>) -> Answer {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .new_agent();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", daemon.url))
        .header("authorization", format!("Bearer {}", bench.token().trim()))
        .header("content-type", "application/json");
    let text = body.map(|body| body.to_string()).unwrap_or_default();
    let mut response = agent.run(request.body(text).unwrap()).unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap() }
}

const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A task with a text that is renamed and changed, an image, a link, a page that calls itself an image, and a second
/// attempt that goes on from there.
fn scenario() -> String {
    format!(
        "parts:\n\
         - - say: first\n\
         \x20 - shell: 'git mv -f old.txt new.txt 2>/dev/null || mv old.txt new.txt; sed -i s/line.5$/LINE/ new.txt'\n\
         \x20 - shell: 'echo {PIXEL} | base64 -d > dot.png; ln -s /etc/passwd link.txt'\n\
         \x20 - write: {{path: fake.png, content: '<script>alert(1)</script>'}}\n\
         - - say: 'second: {{{{ feedback }}}}'\n\
         \x20 - append: {{path: new.txt, content: \"more\\n\"}}\n"
    )
}

fn bench() -> Bench {
    let bench = Bench::new();
    let lines: Vec<String> = (1..=40).map(|n| format!("line {n}")).collect();
    bench.repo.write("old.txt", &(lines.join("\n") + "\n"));
    bench.repo.commit("Text");
    bench
}

#[test]
fn the_work_is_read_piece_by_piece_and_only_its_own() {
    let bench = bench();
    let daemon = bench.serve();
    let id = bench.json(&["run", "x", "--scenario", &bench.scenario(&scenario())])["task"]
        .as_str()
        .unwrap()
        .to_owned();
    let other =
        bench.json(&["run", "y", "--scenario", &bench.scenario("- write: {path: s, content: secret}\n")]);
    let get = |path: &str| ask(&bench, &daemon, "GET", path, None);

    let changes = get(&format!("/api/tasks/{id}/changes")).json();
    let (base, commit) = (changes["base"].as_str().unwrap(), changes["commit"].as_str().unwrap());
    let of = |path: &str| {
        changes["files"].as_array().unwrap().iter().find(|file| file["path"] == path).unwrap().clone()
    };
    assert_eq!(of("new.txt")["status"], "renamed");
    assert_eq!(of("new.txt")["old_path"], "old.txt");
    assert!(of("dot.png")["binary"].as_bool().unwrap());
    assert_eq!(of("dot.png")["content"].as_str().unwrap().len(), 40);

    let patch = get(&format!("/api/tasks/{id}/changes/file?path=new.txt&old_path=old.txt")).json();
    let patch = patch["patch"].as_str().unwrap().to_owned();
    assert!(patch.contains("rename from old.txt") && patch.contains("+LINE"), "{patch}");
    assert_eq!(get(&format!("/api/tasks/{id}/changes/file?path=README.md")).status, 404);

    // Lines around a change, bounded.
    let lines = get(&format!("/api/tasks/{id}/files?path=new.txt&commit={commit}&first=39&limit=10")).json();
    assert_eq!(lines, json!({ "first": 39, "lines": ["line 39", "line 40"], "total": 40 }));
    assert_eq!(get(&format!("/api/tasks/{id}/files?path=old.txt&commit={base}")).status, 200);

    // The control: another task's commit is there, and readable as that task's own.
    let (theirs, secret) = (other["task"].as_str().unwrap(), other["commit"].as_str().unwrap());
    assert_eq!(
        get(&format!("/api/tasks/{theirs}/files?path=s&commit={secret}")).json()["lines"],
        json!(["secret"])
    );
    assert_eq!(get(&format!("/api/tasks/{id}/files?path=s&commit={secret}")).status, 404);
    assert_eq!(get(&format!("/api/tasks/{id}/changes?to={secret}")).status, 404);
    for commit in ["HEAD", "--help", "", "..", &format!("{commit}^"), &commit[..8]] {
        let path = format!("/api/tasks/{id}/files?path=new.txt&commit={}", commit.replace('^', "%5E"));
        assert_eq!(get(&path).status, 404, "{commit}");
    }
    // No way out of the commit: not up, not by a link, not by a path of this machine.
    for (path, status) in [
        ("../token", 400),
        ("a/../../token", 400),
        ("%2Fetc%2Fpasswd", 400),
        ("", 400),
        (".", 400),
        ("new.txt%00", 400),
        ("link.txt", 400),
        ("link.txt/x", 404),
        (":(top)new.txt", 404),
        ("*.txt", 404),
        ("gone.txt", 404),
    ] {
        let answer = get(&format!("/api/tasks/{id}/files?path={path}&commit={commit}"));
        assert_eq!(answer.status, status, "{path}: {}", answer.json());
    }

    // An image is one by its bytes, whatever it is called, and never a page.
    let image = get(&format!("/api/tasks/{id}/image?path=dot.png&commit={commit}"));
    assert_eq!((image.status, image.headers["content-type"].to_str().unwrap()), (200, "image/png"));
    assert_eq!(image.headers["x-content-type-options"], "nosniff");
    assert!(image.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(get(&format!("/api/tasks/{id}/image?path=fake.png&commit={commit}")).status, 400);

    // The raw log, as it came.
    let log = get(&format!("/api/tasks/{id}/log?attempt=1"));
    assert_eq!(log.status, 200);
    assert!(String::from_utf8_lossy(&log.body).contains("first"));
    assert_eq!(log.headers["x-content-type-options"], "nosniff");
    assert_eq!(get(&format!("/api/tasks/{id}/log?attempt=9")).status, 404);
    let text = get(&format!("/api/tasks/{id}/continuation")).json()["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("# Continuation: x"), "{text}");
    assert_eq!(get(&format!("/api/tasks/{id}/changing")).json()["items"], json!([]));
}

#[test]
fn remarks_outlive_the_daemon_and_are_sent_once() {
    let bench = bench();
    let daemon = bench.serve();
    let id = bench.json(&["run", "x", "--scenario", &bench.scenario(&scenario())])["task"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/tasks/{id}/remarks");
    let write = |daemon: &Daemon, body: Value| ask(&bench, daemon, "POST", &path, Some(body));
    let kept =
        write(&daemon, json!({ "file": "new.txt", "side": "new", "line": 5, "text": "Not in capitals." }));
    assert_eq!(kept.status, 201, "{}", kept.json());
    assert_eq!(kept.json()["quote"], "LINE");
    let old = json!({ "file": "old.txt", "side": "old", "line": 1, "end": 2, "text": "Keep these." });
    assert_eq!(write(&daemon, old).json()["quote"], "line 1\nline 2");
    let gone =
        write(&daemon, json!({ "side": "plan", "line": 1, "text": "Skip this.", "quote": "Do it" })).json();
    let gone = format!("{path}/{}", gone["id"].as_str().unwrap());
    assert_eq!(ask(&bench, &daemon, "DELETE", &gone, None).status, 204);
    assert_eq!(ask(&bench, &daemon, "DELETE", &gone, None).status, 404);
    for bad in [
        json!({ "file": "new.txt", "side": "new", "line": 0, "text": "x" }),
        json!({ "side": "new", "line": 1, "text": "x" }),
        json!({ "file": "new.txt", "side": "new", "line": 1, "text": " " }),
        json!({ "file": "new.txt", "side": "new", "line": 9, "end": 2, "text": "x" }),
    ] {
        assert_eq!(write(&daemon, bad.clone()).status, 422, "{bad}");
    }
    let elsewhere =
        json!({ "file": "new.txt", "side": "new", "line": 1, "text": "x", "commit": "0".repeat(40) });
    assert_eq!(write(&daemon, elsewhere).status, 404);

    // A daemon that dies has lost none of it.
    drop(daemon);
    let daemon = bench.serve();
    let there = daemon.get(&bench, &path);
    assert_eq!(there["items"].as_array().unwrap().len(), 2);
    let first = format!("{path}/{}", there["items"][0]["id"].as_str().unwrap());
    let changed = ask(&bench, &daemon, "PATCH", &first, Some(json!({ "text": "In small letters." })));
    assert_eq!(changed.json()["text"], "In small letters.");

    // Two tabs send back what both show: one does, the other is told.
    let seen = daemon.get(&bench, &format!("/api/tasks/{id}"))["commit"].clone();
    let send = || {
        let body = json!({ "comment": "Nearly.", "seen": seen });
        ask(&bench, &daemon, "POST", &format!("/api/tasks/{id}/send-back"), Some(body))
    };
    let (mut one, mut two) = std::thread::scope(|scope| {
        let (one, two) = (scope.spawn(send), scope.spawn(send));
        (one.join().unwrap(), two.join().unwrap())
    });
    if one.status != 200 {
        std::mem::swap(&mut one, &mut two);
    }
    assert_eq!((one.status, two.status), (200, 409), "{} {}", one.json(), two.json());
    let task = bench.until(&id, |task| task["state"] == "review" && task["summary"] != "first");
    let said = task["summary"].as_str().unwrap();
    for words in [
        "Nearly.",
        "new.txt:5\n> LINE\nIn small letters.",
        "old.txt:1-2 (as it was before)\n> line 1\n> line 2\nKeep these.",
    ] {
        assert!(said.contains(words), "{said}");
    }
    // Late by a whole attempt, the same click still decides nothing.
    let late = send();
    assert_eq!(late.status, 409, "{}", late.json());
    let sent: Vec<_> = daemon.get(&bench, &path)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|remark| remark["sent"].clone())
        .collect();
    assert_eq!(sent, [json!(1), json!(1)]);
    // What changed since: from one attempt to the next.
    let runs = daemon.get(&bench, &format!("/api/tasks/{id}/runs"));
    let (to, from) =
        (runs["items"][0]["commit"].as_str().unwrap(), runs["items"][1]["commit"].as_str().unwrap());
    let since = daemon.get(&bench, &format!("/api/tasks/{id}/changes?from={from}&to={to}"));
    let files: Vec<_> = since["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(files, ["new.txt"]);

    // A decision about work that is not what it was is refused; about what it is, not.
    let approve = |commit: &str| {
        ask(&bench, &daemon, "POST", &format!("/api/tasks/{id}/approve"), Some(json!({ "seen": commit })))
    };
    assert_eq!(approve(from).status, 409);
    assert_eq!(approve(to).status, 200);
    bench.until(&id, |task| task["state"] == "completed");
}

#[test]
fn a_fork_goes_on_from_the_work_and_lands_in_the_same_branch() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let first =
        bench.json(&["run", "x", "--scenario", &bench.scenario("- write: {path: a.txt, content: one}\n")]);
    let (id, commit) = (first["task"].as_str().unwrap(), first["commit"].as_str().unwrap());
    let script = bench.scenario("- shell: cat a.txt > b.txt\n- say: forked\n");
    let forked = bench.json(&["fork", id, "do it another way", "--scenario", &script]);
    let fork = forked["task"].as_str().unwrap();
    assert_ne!(fork, id);
    let done = bench.until(fork, |task| task["state"] == "review");
    let view = daemon.get(&bench, &format!("/api/tasks/{fork}"));
    assert_eq!((view["base_commit"].as_str(), view["base"].as_str()), (Some(commit), Some("main")));
    let changes = daemon.get(&bench, &format!("/api/tasks/{fork}/changes"));
    let files: Vec<_> = changes["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(files, ["b.txt"], "what it went on from is not its own change: {done}");
    // From a checkpoint, by HTTP, with a key: the same again is the same task.
    let before = daemon.get(&bench, &format!("/api/tasks/{id}/checkpoints"))["items"][0]["name"].clone();
    let body = json!({ "text": "from the start", "checkpoint": before, "agent": "rehearsal", "scenario": "- say: hm\n" });
    let start = ask(&bench, &daemon, "POST", &format!("/api/tasks/{id}/fork"), Some(body)).json();
    assert_eq!(start["base_commit"], view_base(&daemon, &bench, id));
    let nowhere = json!({ "text": "x", "checkpoint": "nope" });
    assert_eq!(ask(&bench, &daemon, "POST", &format!("/api/tasks/{id}/fork"), Some(nowhere)).status, 404);
    // Approved, the fork brings what it went on from along.
    bench.json(&["approve", fork]);
    bench.until(fork, |task| task["state"] == "completed");
    assert_eq!((bench.repo.read("a.txt").trim(), bench.repo.read("b.txt").trim()), ("one", "one"));
    bench.until(start["id"].as_str().unwrap(), |task| task["state"] == "review");
}

fn view_base(daemon: &Daemon, bench: &Bench, id: &str) -> Value {
    daemon.get(bench, &format!("/api/tasks/{id}"))["base_commit"].clone()
}
