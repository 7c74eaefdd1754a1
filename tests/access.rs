//! Who may come in, and what each may do: over the whole API as its document tells it, with attacks beside.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::sidekick::{Bench, Daemon, said};

/// A request, as a program makes it that knows no manners: every header is the caller's own.
fn ask(
    daemon: &Daemon,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> (u16, Value) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", daemon.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = body.map(ToString::to_string).unwrap_or_default();
    let request = request.header("content-type", "application/json").body(body).unwrap();
    let mut answer = agent.run(request).unwrap();
    let status = answer.status().as_u16();
    let cookie = answer.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
    // A stream of events never ends: its status is all that is wanted of it.
    let streams = answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
    // A refusal may come before the request was read whole, and the connection end before its words are.
    let text = if streams { String::new() } else { answer.body_mut().read_to_string().unwrap_or_default() };
    let mut said: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if let (Some(cookie), Value::Null) = (cookie, &said) {
        said = json!({ "cookie": cookie.split(';').next().unwrap() });
    }
    (status, said)
}

fn bearer(token: &str) -> String {
    format!("Bearer {}", token.trim())
}

/// A user of a role and a token of theirs.
fn of_role(bench: &Bench, daemon: &Daemon, role: &str) -> String {
    let owner = bearer(&bench.token());
    let name = format!("a-{role}");
    let body = json!({ "name": name, "role": role, "password": "correct horse" });
    assert_eq!(ask(daemon, "POST", "/api/users", &[("authorization", &owner)], Some(&body)).0, 201);
    let sign_in = json!({ "user": name, "password": "correct horse" });
    let (status, signed) = ask(daemon, "POST", "/api/session", &[], Some(&sign_in));
    assert_eq!(status, 204);
    let cookie = signed["cookie"].as_str().unwrap();
    let page = [("cookie", cookie), ("origin", daemon.url.as_str())];
    let made = ask(daemon, "POST", "/api/tokens", &page, Some(&json!({ "name": "test" })));
    assert_eq!(made.0, 201, "{}", made.1);
    bearer(made.1["secret"].as_str().unwrap())
}

/// What of the API may change something or show something: method and path with its blanks filled, and its least role.
fn routes(daemon: &Daemon, bench: &Bench) -> Vec<(String, String)> {
    let document = daemon.get(bench, "/api/openapi.json");
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let filled = path.replace("{id}", "00000000").replace("{name}", "nobody");
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            routes.push((method.to_uppercase(), filled.clone()));
        }
    }
    routes.push(("GET".into(), "/ws/tab".into()));
    routes.push(("GET".into(), "/api/openapi.json".into()));
    assert!(routes.len() > 40, "{routes:?}");
    routes
}

#[test]
fn without_credentials_there_is_health_and_signing_in_and_nothing_else() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let claims = [
        ("x-sidekick-role", "admin"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-user", "owner"),
        ("tailscale-user-login", "anna@example.org"),
        ("x-remote-user", "owner"),
        ("x-original-url", "/api/health"),
    ];
    let mut open = Vec::new();
    for (method, path) in routes(&daemon, &bench) {
        for headers in [&[][..], &claims[..]] {
            let (status, problem) = ask(&daemon, &method, &path, headers, Some(&json!({})));
            if status == 401 && problem["code"] == "unauthorized" {
                continue;
            }
            open.push(format!("{method} {path}"));
        }
    }
    open.dedup();
    assert_eq!(open, ["GET /api/health", "POST /api/session"]);
}

#[test]
fn each_role_may_what_it_may_and_no_header_makes_it_more() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let roles = ["viewer", "reviewer", "operator", "admin"].map(|role| of_role(&bench, &daemon, role));
    let mut table = String::new();
    for (method, path) in routes(&daemon, &bench) {
        // Signing out and changing one's password would end the test's own way in.
        if path == "/api/health" || path == "/api/session" || path == "/api/me/password" {
            continue;
        }
        let may: Vec<bool> = roles
            .iter()
            .map(|token| {
                let headers =
                    [("authorization", token.as_str()), ("x-sidekick-role", "admin"), ("x-role", "admin")];
                ask(&daemon, &method, &path, &headers, Some(&json!({}))).0 != 403
            })
            .collect();
        let least =
            ["viewer", "reviewer", "operator", "admin", "nobody"][may.iter().filter(|may| !**may).count()];
        assert!(may.windows(2).all(|pair| pair[0] <= pair[1]), "{method} {path}: {may:?}");
        table += &format!("{least} {method} {path}\n");
    }
    for line in [
        "viewer GET /api/tasks\n",
        "viewer GET /ws/tab\n",
        "viewer GET /api/events\n",
        "viewer GET /api/tokens\n",
        "reviewer POST /api/tasks/00000000/approve\n",
        "reviewer POST /api/questions/answer\n",
        "operator POST /api/tasks\n",
        "operator POST /api/tasks/00000000/stop\n",
        "operator PATCH /api/tasks/00000000\n",
        "admin PATCH /api/settings\n",
        "admin POST /api/users\n",
        "admin POST /api/link\n",
        "admin GET /api/audit\n",
    ] {
        assert!(table.contains(line), "{line} is not in\n{table}");
    }
    assert!(!table.lines().any(|line| line.starts_with("nobody")), "{table}");
    // A link answers by itself: who may not answer gets none.
    let links =
        |token: &str| ask(&daemon, "GET", "/api/questions?links=true", &[("authorization", token)], None).0;
    assert_eq!(roles.iter().map(|token| links(token)).collect::<Vec<_>>(), [403, 200, 200, 200]);
}

#[test]
fn the_brain_does_for_nobody_what_they_may_not_do_and_shows_nobody_another_ones_words() {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    bench.configure(&format!("projects:\n  shop: {{repo: {repo}}}\n"));
    let daemon = bench.serve();
    let says = |token: &str| {
        let headers = [("authorization", token)];
        let body = json!({ "message": "new task: tidy the shop" });
        let (status, said) = ask(&daemon, "POST", "/api/chat", &headers, Some(&body));
        assert_eq!(status, 201, "{said}");
        let chat = said["conversation"]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/conversations/{chat}/messages/{}", said["answer"]["id"].as_str().unwrap());
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
        loop {
            let (_, answer) = ask(&daemon, "GET", &path, &headers, None);
            if answer["state"] != "pending" {
                return (chat, answer);
            }
            assert!(std::time::Instant::now() < deadline, "{answer}");
            std::thread::sleep(std::time::Duration::from_millis(30));
        }
    };
    let [viewer, operator] = ["viewer", "operator"].map(|role| of_role(&bench, &daemon, role));
    let (_, refused) = says(&viewer);
    assert!(refused["text"].as_str().unwrap().contains("a viewer may not"), "{refused}");
    assert_eq!(bench.json(&["list"]), json!([]));
    let (chat, done) = says(&operator);
    assert!(!done["tasks"].as_array().unwrap().is_empty(), "the control: {done}");
    let path = format!("/api/conversations/{chat}");
    assert_eq!(ask(&daemon, "GET", &path, &[("authorization", &viewer)], None).0, 404);
    assert_eq!(ask(&daemon, "GET", &path, &[("authorization", &operator)], None).0, 200);
}

#[test]
fn what_people_do_is_signed_with_their_names_and_audited() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let scenario = bench.scenario("- say: done\n- write: { path: a, content: b }\n");
    let id = bench.json(&["run", "x", "--scenario", &scenario])["task"].as_str().unwrap().to_owned();
    let reviewer = of_role(&bench, &daemon, "reviewer");
    let headers = [("authorization", reviewer.as_str())];
    let path = format!("/api/tasks/{id}/reject");
    assert_eq!(ask(&daemon, "POST", &path, &headers, Some(&json!({}))).0, 200);
    assert_eq!(ask(&daemon, "POST", "/api/users", &headers, Some(&json!({}))).0, 403);
    let events = daemon.get(&bench, &format!("/api/tasks/{id}/events"));
    let cancelled =
        events["items"].as_array().unwrap().iter().find(|event| event["type"] == "task.cancelled");
    assert_eq!(cancelled.unwrap()["actor"], "person:a-reviewer");
    let page = daemon.get(&bench, "/api/audit?limit=2");
    let lines = page["items"].as_array().unwrap().iter().map(|one| {
        let word = |key: &str| one[key].as_str().unwrap().to_owned();
        (word("actor"), word("action"), one["status"].as_u64().unwrap())
    });
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines[0], ("person:a-reviewer".into(), "POST /api/users".into(), 403));
    assert_eq!(lines[1], ("person:a-reviewer".into(), "POST /api/tasks/{id}/reject".into(), 200));
    let next = page["next_cursor"].as_str().unwrap();
    let rest = daemon.get(&bench, &format!("/api/audit?cursor={next}"));
    assert!(rest.to_string().contains("sign in"), "{rest}");
    let secret = reviewer.trim_start_matches("Bearer ");
    assert!(!rest.to_string().contains("correct horse") && !rest.to_string().contains(secret));
}

#[test]
fn tokens_and_sessions_outlive_the_daemon_and_end_when_they_are_revoked() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let owner = bearer(&bench.token());
    let token = of_role(&bench, &daemon, "operator");
    let operator = |daemon: &Daemon| ask(daemon, "GET", "/api/me", &[("authorization", &token)], None);
    let too_much = json!({ "name": "more", "role": "admin" });
    assert_eq!(ask(&daemon, "POST", "/api/tokens", &[("authorization", &token)], Some(&too_much)).0, 403);
    // A one-time link for a user; its cookie.
    let link = bench.json(&["link", "--user", "a-operator"])["link"].as_str().unwrap().to_owned();
    let code = json!({ "code": link.rsplit('=').next().unwrap() });
    let (status, signed) = ask(&daemon, "POST", "/api/session", &[], Some(&code));
    assert_eq!(status, 204);
    assert_eq!(ask(&daemon, "POST", "/api/session", &[], Some(&code)).0, 401, "used up");
    let cookie = signed["cookie"].as_str().unwrap().to_owned();
    let browser = |daemon: &Daemon| ask(daemon, "GET", "/api/me", &[("cookie", &cookie)], None);
    drop(daemon);
    let daemon = bench.serve();
    assert_eq!(operator(&daemon).1["role"], "operator");
    assert_eq!(browser(&daemon).1["actor"], "person:a-operator");
    // The database has no secret that opens the door.
    let kept = std::fs::read(bench.data().join("sidekick.db")).unwrap();
    let kept = [kept, std::fs::read(bench.data().join("sidekick.db-wal")).unwrap_or_default()].concat();
    for secret in [token.trim_start_matches("Bearer "), cookie.rsplit('=').next().unwrap(), "correct horse"] {
        assert!(!kept.windows(secret.len()).any(|part| part == secret.as_bytes()), "a secret is kept");
    }
    let change = json!({ "role": "viewer" });
    let path = "/api/users/a-operator";
    assert_eq!(ask(&daemon, "PATCH", path, &[("authorization", &owner)], Some(&change)).0, 200);
    assert_eq!(operator(&daemon).1["role"], "viewer", "a token may no more than its user");
    let out = json!({ "disabled": true });
    assert_eq!(ask(&daemon, "PATCH", path, &[("authorization", &owner)], Some(&out)).0, 200);
    assert_eq!((operator(&daemon).0, browser(&daemon).0), (401, 401));
    assert_eq!(ask(&daemon, "DELETE", path, &[("authorization", &owner)], None).0, 204);
    assert_eq!(operator(&daemon).0, 401);
}

#[test]
fn guessing_ends_soon_and_keeps_nobody_out_who_has_the_right_one() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let token = of_role(&bench, &daemon, "viewer");
    let statuses: Vec<u16> = (0..10_000)
        .map(|n| ask(&daemon, "GET", "/api/tasks", &[("authorization", &format!("Bearer {n:064x}"))], None).0)
        .collect();
    assert!(!statuses.contains(&200));
    // Twenty a minute are looked at, however many minutes this machine takes for all.
    let looked = statuses.iter().filter(|status| **status == 401).count();
    assert!(
        statuses[..20].iter().all(|status| *status == 401) && statuses[20] == 429,
        "{:?}",
        &statuses[..30]
    );
    assert!(looked < 1000, "{looked} were looked at");
    assert_eq!(ask(&daemon, "GET", "/api/tasks", &[("authorization", &token)], None).0, 200);
    let guess = |user: &str, password: &str| {
        ask(&daemon, "POST", "/api/session", &[], Some(&json!({ "user": user, "password": password }))).0
    };
    let guesses: Vec<u16> = (0..12).map(|n| guess("a-viewer", &format!("guess number {n}"))).collect();
    assert_eq!(guesses, [vec![401; 10], vec![429; 2]].concat());
    assert_eq!(guess("a-viewer", "correct horse"), 429, "not looked at either");
    assert_eq!(guess("nobody", "correct horse"), 401);
}

#[test]
fn what_others_could_read_on_the_way_is_not_served() {
    let bench = Bench::new();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let output = bench.output(&["serve", "--listen", address]);
        assert!(!output.status.success() && said(&output).contains("not encrypted"), "{}", said(&output));
    }
    bench.configure("access: { public_url: http://sidekick.example }\n");
    assert!(said(&bench.output(&["list"])).contains("encrypts"));
    bench.configure("access: { public_url: https://sidekick.example }\n");
    let daemon = bench.serve();
    let owner = bearer(&bench.token());
    let host = |host: &str, origin: &str| {
        let headers = [("authorization", owner.as_str()), ("host", host), ("origin", origin)];
        ask(&daemon, "GET", "/api/tasks", &headers, None).0
    };
    assert_eq!(host("sidekick.example", "https://sidekick.example"), 200);
    assert_eq!(host("sidekick.example", "http://sidekick.example"), 403);
    assert_eq!(host("evil.example", "https://sidekick.example"), 403);
}

#[test]
fn hosts_that_are_not_ours_are_refused_before_any_handler() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let own = daemon.url.trim_start_matches("http://").to_owned();
    let port = own.rsplit(':').next().unwrap();
    let owner = bearer(&bench.token());
    let mut hosts: Vec<String> = [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "[::1]",
        "::1",
        "sidekick",
    ]
    .iter()
    .flat_map(|host| {
        [(*host).to_owned(), format!("{host}:80"), format!("{host}.:{port}"), format!("a.{host}:{port}")]
    })
    .collect();
    hosts.extend([
        format!("127.0.0.1.evil.example:{port}"),
        format!("0.0.0.0:{port}"),
        format!("127.1:{port}"),
        format!("2130706433:{port}"),
    ]);
    hosts.extend([
        format!("0x7f.1:{port}"),
        format!("{own}@evil.example"),
        format!("{own},evil.example"),
        format!("{own}/"),
    ]);
    assert!(hosts.len() >= 40);
    for host in &hosts {
        for path in ["/api/tasks", "/api/health", "/", "/ws/tab", "/api/events"] {
            let status = raw(
                &own,
                &format!(
                    "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {owner}\r\nConnection: close\r\n\r\n"
                ),
            );
            assert!([400, 403].contains(&status), "{host} {path}: {status}");
        }
    }
    let tries = [
        format!("GET /api/tasks HTTP/1.1\r\nAuthorization: {owner}\r\nConnection: close\r\n\r\n"),
        format!(
            "GET /api/tasks HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\nAuthorization: {owner}\r\nConnection: close\r\n\r\n"
        ),
        format!(
            "GET http://evil.example/api/tasks HTTP/1.1\r\nHost: {own}\r\nAuthorization: {owner}\r\nConnection: close\r\n\r\n"
        ),
    ];
    for request in &tries {
        assert!([400, 403].contains(&raw(&own, request)), "{request}");
    }
    // Ours is served; so what was refused was refused for its host.
    for host in [own.clone(), format!("localhost:{port}")] {
        let request = format!(
            "GET /api/tasks HTTP/1.1\r\nHost: {host}\r\nAuthorization: {owner}\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(raw(&own, &request), 200);
    }
}

#[test]
fn no_encoding_of_a_path_leads_out_of_the_api() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let own = daemon.url.trim_start_matches("http://").to_owned();
    let owner = bearer(&bench.token());
    let ups = [
        "..",
        "%2e%2e",
        "%2E.",
        ".%2e",
        "%252e%252e",
        "..%00",
        "..;",
        "%c0%ae%c0%ae",
        "....",
        "%uff0e%uff0e",
    ];
    let slashes = ["/", "%2f", "%5c", "\\", "%252f"];
    let targets = ["etc/passwd", "token", "sidekick.db", "sidekick.yaml"];
    let mut tried = 0;
    for (up, slash) in ups.iter().flat_map(|up| slashes.map(|slash| (*up, slash))) {
        for target in targets {
            for before in ["/api/tasks/", "/api/users/", "/assets/"] {
                let path = format!("{before}{}{target}", format!("{up}{slash}").repeat(6));
                let request = format!(
                    "GET {path} HTTP/1.1\r\nHost: {own}\r\nAuthorization: {owner}\r\nConnection: close\r\n\r\n"
                );
                let (status, text) = raw_text(&own, &request);
                assert!(
                    (400..500).contains(&status) || text.contains("<div id=\"root\">"),
                    "{path}: {status} {text}"
                );
                assert!(!text.contains("root:x:0:0") && !text.contains(bench.token().trim()), "{path}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 500);
}

#[test]
fn every_error_is_a_problem() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let owner = bearer(&bench.token());
    let headers = [("authorization", owner.as_str())];
    let long = json!({ "text": "x".repeat(2 << 20) });
    for (method, path, body, status) in [
        ("POST", "/api/tasks", Some(json!({ "text": 1 })), 422),
        ("POST", "/api/tasks", Some(long), 413),
        ("GET", "/api/tasks?limit=many", None, 400),
        ("DELETE", "/api/tasks", None, 405),
        ("GET", "/api/nothing", None, 404),
        ("GET", "/ws/tab", None, 400),
    ] {
        let (got, problem) = ask(&daemon, method, path, &headers, body.as_ref());
        assert_eq!(got, status, "{method} {path}: {problem}");
        assert_eq!(problem["status"], status, "{method} {path}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        assert!(problem["type"].as_str().unwrap().starts_with("urn:sidekick:problem:"), "{problem}");
    }
}

#[test]
fn passwords_are_read_from_standard_input_and_never_shown() {
    let bench = Bench::new();
    let mut child = bench
        .command(&["users", "add", "anna", "--role", "reviewer", "--password"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && !said(&output).contains("horse"), "{}", said(&output));
    let users = bench.json(&["users"]);
    assert_eq!((&users[0]["name"], &users[0]["password"]), (&json!("anna"), &json!(true)), "{users}");
    let made = bench.json(&["tokens", "add", "ci", "--days", "1"]);
    let listed = bench.json(&["tokens"]);
    assert_eq!((&listed[0]["id"], &listed[0]["role"]), (&made["id"], &json!("viewer")));
    assert!(!listed.to_string().contains(made["secret"].as_str().unwrap()));
    assert!(bench.output(&["tokens", "revoke", made["id"].as_str().unwrap()]).status.success());
    assert_eq!(bench.json(&["tokens"]), json!([]));
    assert!(bench.output(&["users", "remove", "anna"]).status.success());
    assert_eq!(bench.output(&["users", "remove", "anna"]).status.code(), Some(4));
}

fn raw(address: &str, request: &str) -> u16 {
    raw_text(address, request).0
}

/// What is answered to bytes that no client would send; a connection that is cut counts as 400.
fn raw_text(address: &str, request: &str) -> (u16, String) {
    use std::io::Read;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.take(1 << 20).read_to_end(&mut answer).ok();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(400);
    (status, text)
}
