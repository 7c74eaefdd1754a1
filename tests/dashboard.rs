//! The daemon's door: who may come in, and what follows the log.

use std::io::BufRead;
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
fn the_stream_has_what_is_wanted_and_goes_on_where_somebody_was() {
    let bench = Bench::new();
    let daemon = bench.serve();
    bench.rehearse("- say: hello\n");
    let read = |query: &str, last: Option<i64>, n: usize| -> Vec<Value> {
        let mut request = ureq::get(format!("{}/api/events?{query}", daemon.url))
            .header("authorization", format!("Bearer {}", bench.token().trim()));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let lines = std::io::BufReader::new(request.call().unwrap().into_body().into_reader()).lines();
        let data =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("data:").map(str::to_owned));
        data.take(n).map(|text| serde_json::from_str(&text).unwrap()).collect()
    };
    let chosen = read("after=0&types=task.created,task.review", None, 2);
    let types: Vec<_> = chosen.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["task.created", "task.review"]);
    let created = chosen[0]["seq"].as_i64().unwrap();
    let next = read("after=0&types=task.created,task.review", Some(created), 1);
    assert_eq!(next[0]["type"], "task.review", "what was read is not read again");
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let wrong = agent.get(format!("{}/api/events?types=task.exploded", daemon.url));
    let answer = wrong.header("authorization", format!("Bearer {}", bench.token().trim())).call().unwrap();
    assert_eq!(answer.status(), 400);
    let agents = daemon.get(&bench, "/api/agents");
    assert!(agents["items"].as_array().unwrap().iter().any(|agent| agent["name"] == "rehearsal"), "{agents}");
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
