//! The daemon's door: who may come in, and what follows the log.

use std::time::Duration;

use serde_json::Value;

use crate::sidekick::Bench;

fn status(agent: &ureq::Agent, url: &str, headers: &[(&str, &str)]) -> u16 {
    let request = headers.iter().fold(agent.get(url), |request, (name, value)| request.header(*name, *value));
    request.call().unwrap().status().as_u16()
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}

#[test]
fn only_the_owner_comes_in() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let (agent, url) = (agent(), &daemon.url);
    let bearer = format!("Bearer {}", bench.token());
    let own = url.trim_start_matches("http://").to_owned();
    assert_eq!(status(&agent, &format!("{url}/api/health"), &[]), 200);
    for path in
        ["/api/tasks", "/api/status", "/api/events", "/api/tasks/x/diff", "/api/openapi.json", "/ws/x"]
    {
        assert_eq!(status(&agent, &format!("{url}{path}"), &[]), 401, "{path}");
        assert_eq!(
            status(&agent, &format!("{url}{path}"), &[("Authorization", "Bearer wrong")]),
            401,
            "{path}"
        );
    }
    assert_eq!(status(&agent, &format!("{url}/api/tasks"), &[("Authorization", &bearer)]), 200);
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost", &format!("{own}."), "127.0.0.1:1"] {
        let refused =
            status(&agent, &format!("{url}/api/tasks"), &[("Authorization", &bearer), ("Host", host)]);
        assert_eq!(refused, 403, "{host}");
    }
    let cross = [("Authorization", bearer.as_str()), ("Origin", "http://evil.example")];
    assert_eq!(status(&agent, &format!("{url}/api/tasks"), &cross), 403);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(bench.data().join("token")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_link_works_once_and_its_session_only_from_our_page() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let (agent, url) = (agent(), &daemon.url);
    let link = bench.json(&["link"])["link"].as_str().unwrap().to_owned();
    let code = link.rsplit('=').next().unwrap().to_owned();
    let sign_in =
        || agent.post(format!("{url}/api/session")).send_json(serde_json::json!({ "code": code })).unwrap();
    let response = sign_in();
    assert_eq!(response.status().as_u16(), 204);
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert_eq!(sign_in().status().as_u16(), 401, "used up");
    let session = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(status(&agent, &format!("{url}/api/tasks"), &[("Cookie", &session)]), 200);
    let post = |headers: &[(&str, &str)]| {
        let request = headers.iter().fold(agent.post(format!("{url}/api/link")), |request, (name, value)| {
            request.header(*name, *value)
        });
        request.send_json(serde_json::json!({})).unwrap().status().as_u16()
    };
    assert_eq!(post(&[("Cookie", &session)]), 403, "a cookie alone changes nothing");
    assert_eq!(post(&[("Cookie", &session), ("Origin", "http://evil.example")]), 403);
    assert_eq!(post(&[("Cookie", &session), ("Origin", url), ("Sec-Fetch-Site", "cross-site")]), 403);
    assert_eq!(post(&[("Cookie", &session), ("Origin", url), ("Sec-Fetch-Site", "same-origin")]), 200);
}

#[test]
fn the_socket_follows_from_a_sequence_number() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let scenario = bench.scenario("- say: hello\n");
    let id = bench.json(&["run", "x", "--scenario", &scenario])["task"].as_str().unwrap().to_owned();
    let connect = |after: i64| {
        let address = daemon.url.trim_start_matches("http://").to_owned();
        let stream = std::net::TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = tungstenite::http::Request::builder()
            .uri(format!("ws://{address}/ws/test?after={after}&task={id}"))
            .header("Host", &address)
            .header("Authorization", format!("Bearer {}", bench.token()))
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", tungstenite::handshake::client::generate_key())
            .body(())
            .unwrap();
        tungstenite::client(request, stream).unwrap().0
    };
    let read = |socket: &mut tungstenite::WebSocket<std::net::TcpStream>| -> Value {
        serde_json::from_str(socket.read().unwrap().to_text().unwrap()).unwrap()
    };
    let mut socket = connect(0);
    let mut seen = Vec::new();
    loop {
        let event = read(&mut socket);
        seen.push(event["seq"].as_i64().unwrap());
        if event["type"] == "task.review" {
            break;
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
    // Another client goes on in the middle and misses nothing; what happens next arrives by itself.
    let mut socket = connect(seen[2]);
    for expected in &seen[3..] {
        assert_eq!(read(&mut socket)["seq"].as_i64().unwrap(), *expected);
    }
    bench.json(&["reject", &id]);
    assert_eq!(read(&mut socket)["type"], "task.cancelled");
}

#[test]
fn the_document_describes_the_api() {
    let bench = Bench::new();
    let said = bench.output(&["openapi"]).stdout;
    let document: Value = serde_json::from_slice(&said).unwrap();
    // The dashboard's client is generated from the document that is kept there.
    let kept = include_str!("../web/src/api/openapi.json");
    assert!(kept == String::from_utf8(said).unwrap(), "the API has changed: run `make schema`");
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in [
        "/api/health",
        "/api/status",
        "/api/tasks",
        "/api/tasks/{id}",
        "/api/tasks/{id}/answer",
        "/api/memory",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}
