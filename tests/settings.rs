//! The settings file on the built binary: changed from afar with its comments, by hand while the daemon runs, and never
//! half.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sidekick::{Bench, Daemon};

const FILE: &str = "# mine\nconcurrency: 2 # two\nagents:\n  claude:\n    env: {ANTHROPIC_API_KEY: hunter2} # the key\nprojects:\n  shop: # the shop\n    repo: /srv/shop\n    checks:\n      test: npm test # slow\n";

fn ask(
    bench: &Bench,
    daemon: &Daemon,
    method: &str,
    path: &str,
    tag: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let mut request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", daemon.url))
        .header("authorization", format!("Bearer {}", bench.token().trim()))
        .header("content-type", "application/json");
    if let Some(tag) = tag {
        request = request.header("if-match", format!("\"{tag}\""));
    }
    let mut answer = config.new_agent().run(request.body(body.to_string()).unwrap()).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}")))
}

fn set(path: &[&str], to: &Value) -> Value {
    json!({ "changes": [{ "path": path, "to": to }] })
}

fn read(bench: &Bench) -> String {
    std::fs::read_to_string(bench.data().join("sidekick.yaml")).unwrap()
}

fn until(bench: &Bench, daemon: &Daemon, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let status = daemon.get(bench, "/api/status");
        if is(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "{what}: {status}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_value_is_changed_in_the_file_and_in_force_at_once() {
    let bench = Bench::new();
    bench.configure(FILE);
    let path = bench.data().join("sidekick.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let daemon = bench.serve();
    let shown = daemon.get(&bench, "/api/settings");
    assert!(!shown.to_string().contains("hunter2"), "no secret leaves");
    assert!(shown["text"].as_str().unwrap().contains("# the key"), "{shown}");
    let tag = shown["tag"].as_str().unwrap();
    let of =
        |name: &str| shown["effective"].as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
    assert_eq!(of("concurrency").unwrap()["from"], "file");
    assert_eq!(
        of("limits.keep_days").unwrap(),
        json!({"name": "limits.keep_days", "value": 14, "from": "default"})
    );

    let change = set(&["concurrency"], &json!(7));
    assert_eq!(ask(&bench, &daemon, "PATCH", "/api/settings", None, &change).0, 428);
    let (status, tried) = ask(&bench, &daemon, "PATCH", "/api/settings?dry_run=true", Some(tag), &change);
    assert_eq!((status, &tried["written"]), (200, &json!(false)), "{tried}");
    let differs = |line: &&Value| line["kind"] != "same";
    let lines: Vec<_> = tried["lines"].as_array().unwrap().iter().filter(differs).cloned().collect();
    assert_eq!(
        lines,
        [
            json!({"kind": "removed", "text": "concurrency: 2 # two"}),
            json!({"kind": "added", "text": "concurrency: 7 # two"}),
        ]
    );
    assert_eq!(read(&bench), FILE, "a trial writes nothing");

    let (status, done) = ask(&bench, &daemon, "PATCH", "/api/settings", Some(tag), &change);
    assert_eq!((status, &done["written"]), (200, &json!(true)), "{done}");
    assert_eq!(
        read(&bench),
        FILE.replace("concurrency: 2", "concurrency: 7"),
        "all else is as it was, the secret too"
    );
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_to_string(bench.data().join("sidekick.yaml.before")).unwrap(), FILE);
    assert_eq!(daemon.get(&bench, "/api/status")["concurrency"]["limit"], 7);

    // Whoever saw the one before overwrites nothing.
    let (status, stale) =
        ask(&bench, &daemon, "PATCH", "/api/settings", Some(tag), &set(&["gpu"], &json!(1)));
    assert_eq!((status, &stale["code"]), (412, &json!("stale")), "{stale}");
    // A new project is known at once, and the text can be written whole.
    let tag = done["tag"].as_str().unwrap();
    let repo = bench.repo.path().to_str().unwrap();
    let add = set(&["projects", "real"], &json!({"repo": repo, "aliases": ["echt"]}));
    let (status, added) = ask(&bench, &daemon, "PATCH", "/api/settings", Some(tag), &add);
    assert_eq!(status, 200, "{added}");
    assert_eq!(bench.json(&["run", "x", "--project", "real", "--agent", "rehearsal"])["status"], "review");
    let shown = daemon.get(&bench, "/api/settings");
    let text = shown["text"].as_str().unwrap().replace("# mine", "# ours");
    let (status, written) =
        ask(&bench, &daemon, "PUT", "/api/settings/text", shown["tag"].as_str(), &json!({ "text": text }));
    assert_eq!(status, 200, "{written}");
    assert!(
        read(&bench).starts_with("# ours\n")
            && read(&bench).contains("{ANTHROPIC_API_KEY: hunter2} # the key")
    );
}

#[test]
fn what_is_wrong_or_not_for_afar_changes_nothing() {
    let bench = Bench::new();
    bench.configure(FILE);
    let daemon = bench.serve();
    let tag = daemon.get(&bench, "/api/settings")["tag"].as_str().unwrap().to_owned();
    let patch = |path: &[&str], to: &Value| {
        ask(&bench, &daemon, "PATCH", "/api/settings", Some(&tag), &set(path, to))
    };
    for (path, to, line) in [
        (&["projects", "shop", "priority"][..], json!(12), 7),
        (&["projects", "shop", "policy"], json!({"approve": "cost <"}), 12),
        (&["projects", "shop", "chekcs"], json!({}), 11),
        (&["concurrency"], json!("many"), 2),
        (&["routes"], json!([{"use": ["nobody"]}]), 0),
    ] {
        let (status, problem) = patch(path, &to);
        // What no rule allows is refused before it is read.
        let expected = if path.contains(&"chekcs") { 403 } else { 422 };
        assert_eq!(status, expected, "{path:?}: {problem}");
        if status == 422 && line > 0 {
            assert_eq!(problem["errors"][0]["line"], line, "{path:?}: {problem}");
        }
    }
    for (path, to) in [
        (&["projects", "shop", "isolation"][..], json!("none")),
        (&["agents", "claude", "env", "ANTHROPIC_BASE_URL"], json!("http://evil.example")),
        (&["agents", "mine"], json!({"command": ["/bin/sh", "-c", "id"]})),
        (&["local_model"], json!({"url": "http://169.254.169.254/", "model": "x"})),
        (&["projects", "shop", "repo"], json!("/etc")),
    ] {
        let (status, problem) = patch(path, &to);
        assert_eq!((status, &problem["code"]), (403, &json!("file_only")), "{path:?}: {problem}");
        assert!(
            problem["errors"][0]["pointer"].as_str().unwrap().starts_with(&format!("/{}", path[0])),
            "{problem}"
        );
    }
    let text = FILE.replace("hunter2", "stolen");
    let (status, _) = ask(&bench, &daemon, "PUT", "/api/settings/text", Some(&tag), &json!({ "text": text }));
    assert_eq!(status, 403, "nor as text");
    assert_eq!(read(&bench), FILE);
    assert_eq!(daemon.get(&bench, "/api/settings")["tag"], tag.as_str());
}

#[test]
fn a_file_changed_by_hand_is_taken_over_and_a_broken_one_is_not() {
    let bench = Bench::new();
    bench.configure(FILE);
    let daemon = bench.serve();
    let limit = |n: u64| move |status: &Value| status["concurrency"]["limit"] == n;
    bench.configure(&FILE.replace("concurrency: 2", "concurrency: 5"));
    until(&bench, &daemon, "taken over", limit(5));
    bench.configure("concurrency: 9\nprojects:\n  shop: {repo: /srv/shop, chekcs: {}}\n");
    let status = until(&bench, &daemon, "complained", |status| !status["settings"]["wrong"].is_null());
    assert_eq!(status["settings"]["wrong"]["line"], 3, "{status}");
    assert_eq!(status["concurrency"]["limit"], 5, "that of before stays in force");
    // As editors write: another file in its place.
    let next = bench.data().join("next");
    std::fs::write(&next, "concurrency: 3\nagents:\n  claude: {reserve: 10}\n").unwrap();
    std::fs::rename(next, bench.data().join("sidekick.yaml")).unwrap();
    let status = until(&bench, &daemon, "mended", limit(3));
    assert_eq!(status["settings"]["wrong"], Value::Null);
    assert_eq!(status["settings"]["restart"], json!(["agents"]), "said plainly: {status}");
}
