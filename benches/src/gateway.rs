//! What the gateway adds to the first byte of a streamed answer, beside the same call without it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::{Samples, tell};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const FIRST: &str = "data: {\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n";

pub(crate) fn measure() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let provider = upstream.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in upstream.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    let gateway = start(provider);
    // Half a megabyte: a prompt of a long session.
    for (name, bytes) in [("1 kB", 1 << 10), ("512 kB", 512 << 10)] {
        let body = json!({ "model": "m", "stream": true, "text": "x".repeat(bytes) }).to_string();
        ask(gateway, &body);
        let direct = Samples::take(400, || ask(provider, &body));
        let through = Samples::take(400, || ask(gateway, &body));
        tell(
            &format!("first byte of an answer through the gateway, prompt {name}"),
            &format!("{:.3} ms, p99 {:.3}", through.ms(50), through.ms(99)),
            &format!(
                "without {:.3} ms, p99 {:.3}: {:.3} ms more",
                direct.ms(50),
                direct.ms(99),
                through.ms(50) - direct.ms(50)
            ),
        );
    }
}

/// Reads a request to its end, then begins to answer.
fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let mut whole = None;
    while whole.is_none_or(|whole| bytes.len() < whole) {
        let n = stream.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..n]);
        if let (None, Some(end)) = (whole, bytes.windows(4).position(|end| end == b"\r\n\r\n")) {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
            whole = Some(end + 4 + length.trim().parse::<usize>().unwrap());
        }
    }
    stream.write_all(HEAD.as_bytes())?;
    stream.write_all(FIRST.as_bytes())
}

/// A call on a connection of its own; the time to the answer's first event.
fn ask(port: u16, body: &str) -> Duration {
    let began = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    let head = format!("POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !bytes.windows(5).any(|word| word == b"data:") {
        let n = stream.read(&mut buffer).unwrap();
        assert!(n > 0, "{}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&buffer[..n]);
    }
    began.elapsed()
}

/// A gateway in front of the provider, as a shim plays it: on one thread.
fn start(provider: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = json!({ "dialect": "anthropic", "upstream": format!("http://127.0.0.1:{provider}") });
        tokio::task::LocalSet::new().block_on(&runtime, async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let (notes, mut told) = tokio::sync::mpsc::channel(256);
            tokio::task::spawn_local(async move { while told.recv().await.is_some() {} });
            gateway::serve(listener, config, b"key".to_vec(), notes).await;
        });
    });
    port
}
