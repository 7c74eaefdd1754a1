//! A scripted model server on loopback, speaking Anthropic Messages as the public documentation says.
//!
//! Turns are taken by the main conversation (requests that bring tools); side requests, such as titles,
//! are answered without taking one. When the turns are used up it says that it is done.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri};
use serde_json::{Value, json};

/// What the model does next.
#[derive(Clone, Debug)]
pub enum Turn {
    /// Says and calls.
    Reply(Vec<Block>),
    /// Answers with an error.
    Status { status: u16, body: Value, headers: Vec<(String, String)> },
    /// Cuts the connection in the middle of its answer.
    Drop,
    /// Answers bytes that are no answer.
    Garbage,
    /// Never answers.
    Hang,
}

/// A piece of a reply.
#[derive(Clone, Debug)]
pub enum Block {
    Text(String),
    Tool { name: String, input: Value },
}

impl Turn {
    pub fn text(text: &str) -> Self {
        Self::Reply(vec![Block::Text(text.into())])
    }

    pub fn tool(name: &str, input: Value) -> Self {
        Self::Reply(vec![Block::Tool { name: name.into(), input }])
    }

    pub fn overloaded() -> Self {
        Self::error(529, "overloaded_error", "Overloaded", &[])
    }

    pub fn error(status: u16, kind: &str, message: &str, headers: &[(&str, &str)]) -> Self {
        let body = json!({"type": "error", "error": {"type": kind, "message": message}});
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::Status { status, body, headers }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

#[derive(Default)]
struct Script {
    turns: std::collections::VecDeque<Turn>,
    requests: Vec<Request>,
}

/// A running server; ends with the value.
pub struct ModelServer {
    port: u16,
    script: Arc<Mutex<Script>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl ModelServer {
    pub fn start(turns: Vec<Turn>) -> Self {
        let script = Arc::new(Mutex::new(Script { turns: turns.into(), requests: Vec::new() }));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { port, script, stop: Some(stop) }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.script.lock().unwrap().requests.clone()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
    }
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let main = body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    let turn = {
        let mut script = script.lock().unwrap();
        script.requests.push(Request { path: uri.path().to_owned(), headers, body: body.clone() });
        if uri.path() == "/v1/messages" && main { script.turns.pop_front() } else { None }
    };
    match uri.path() {
        "/v1/messages/count_tokens" => return plain(200, &json!({"input_tokens": 100}), &[]),
        "/v1/messages" => {}
        _ => {
            return plain(
                404,
                &json!({"type": "error", "error": {"type": "not_found_error", "message": "no"}}),
                &[],
            );
        }
    }
    let streamed = body["stream"] == true;
    match turn.unwrap_or_else(|| Turn::text("Done.")) {
        Turn::Reply(blocks) if streamed => sse(&events(&body, &blocks), false),
        Turn::Reply(blocks) => plain(200, &message(&body, &blocks), &[]),
        Turn::Status { status, body, headers } => plain(status, &body, &headers),
        Turn::Drop => sse(&events(&body, &[Block::Text("I will".into())]), true),
        Turn::Garbage => Response::builder()
            .status(200)
            .header("content-type", "text/event-stream")
            .body(Body::from("\u{0}\u{1}event: nonsense\ndata: {]\n\n"))
            .unwrap(),
        Turn::Hang => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            plain(200, &json!({}), &[])
        }
    }
}

fn plain(status: u16, body: &Value, headers: &[(String, String)]) -> Response<Body> {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body.to_string())).unwrap()
}

fn content(blocks: &[Block]) -> Vec<Value> {
    let block = |(n, block): (usize, &Block)| match block {
        Block::Text(text) => json!({"type": "text", "text": text}),
        Block::Tool { name, input } => {
            json!({"type": "tool_use", "id": format!("toolu_{n}_{}", unique()), "name": name, "input": input})
        }
    };
    blocks.iter().enumerate().map(block).collect()
}

fn unique() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn stop_reason(blocks: &[Block]) -> &'static str {
    if blocks.iter().any(|block| matches!(block, Block::Tool { .. })) { "tool_use" } else { "end_turn" }
}

fn message(request: &Value, blocks: &[Block]) -> Value {
    json!({
        "id": format!("msg_{}", unique()), "type": "message", "role": "assistant", "model": request["model"],
        "content": content(blocks), "stop_reason": stop_reason(blocks), "stop_sequence": null,
        "usage": {"input_tokens": 1000, "output_tokens": 50, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
    })
}

/// The events of a streamed message.
fn events(request: &Value, blocks: &[Block]) -> Vec<Value> {
    let mut start = message(request, &[]);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = json!(1);
    let mut events = vec![json!({"type": "message_start", "message": start})];
    for (index, block) in content(blocks).into_iter().enumerate() {
        let (open, delta) = match block["type"].as_str() {
            Some("tool_use") => {
                let input = block["input"].to_string();
                let mut open = block;
                open["input"] = json!({});
                (open, json!({"type": "input_json_delta", "partial_json": input}))
            }
            _ => (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": block["text"]})),
        };
        events.push(json!({"type": "content_block_start", "index": index, "content_block": open}));
        events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let end = json!({"stop_reason": stop_reason(blocks), "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": end, "usage": {"output_tokens": 50}}));
    events.push(json!({"type": "message_stop"}));
    events
}

fn sse(events: &[Value], cut: bool) -> Response<Body> {
    let keep = if cut { 3 } else { events.len() };
    let text: String = events
        .iter()
        .take(keep)
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()))
        .collect::<Vec<_>>()
        .concat();
    let mut response = Response::builder().status(200).header("content-type", "text/event-stream");
    if cut {
        // A length that is never reached: the client sees the connection end in the middle.
        response = response.header("content-length", text.len() + 1000);
    }
    response.body(Body::from(text)).unwrap()
}
