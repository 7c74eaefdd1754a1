//! A scripted model server on loopback, speaking Anthropic Messages, OpenAI Responses and Chat Completions, and
//! Gemini, as their public documentations say.
//!
//! Turns are taken by the main conversation (requests that bring tools); side requests, such as titles,
//! are answered without taking one. When the turns are used up it says that it is done.

mod anthropic;
mod chat;
mod gemini;
mod responses;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
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
    /// As the other, once a file is there.
    Once(std::path::PathBuf, Box<Turn>),
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

impl Turn {
    /// As OpenAI and those who speak its protocols tell errors.
    pub fn openai_error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"error": {"message": message, "type": code, "code": code, "param": null}});
        Self::Status { status, body, headers: Vec::new() }
    }

    /// As Gemini tells errors.
    pub fn gemini_error(status: u16, word: &str, message: &str, details: &Value) -> Self {
        let body = json!({"error": {"code": status, "message": message, "status": word, "details": details}});
        Self::Status { status, body, headers: Vec::new() }
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
    /// Whether requests without tools take a turn, too.
    every: bool,
}

/// A running server; ends with the value.
pub struct ModelServer {
    port: u16,
    script: Arc<Mutex<Script>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl ModelServer {
    pub fn start(turns: Vec<Turn>) -> Self {
        Self::serve(Script { turns: turns.into(), ..Script::default() })
    }

    /// For agents that give their model no tools: every request takes a turn.
    pub fn without_tools(turns: Vec<Turn>) -> Self {
        Self::serve(Script { turns: turns.into(), every: true, ..Script::default() })
    }

    fn serve(script: Script) -> Self {
        let script = Arc::new(Mutex::new(script));
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

    pub fn port(&self) -> u16 {
        self.port
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

/// What a path speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Anthropic,
    Responses,
    Chat,
    Gemini,
}

fn protocol(path: &str) -> Option<Protocol> {
    match path {
        "/v1/messages" => Some(Protocol::Anthropic),
        _ if path.ends_with("/responses") => Some(Protocol::Responses),
        _ if path.ends_with("/chat/completions") => Some(Protocol::Chat),
        _ if path.ends_with("enerateContent") => Some(Protocol::Gemini),
        _ => None,
    }
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let main = body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    let protocol = protocol(uri.path()).filter(|_| method == Method::POST);
    let turn = {
        let mut script = script.lock().unwrap();
        script.requests.push(Request { path: uri.path().to_owned(), headers, body: body.clone() });
        if protocol.is_some() && (main || script.every) { script.turns.pop_front() } else { None }
    };
    let Some(protocol) = protocol else {
        if uri.path() == "/v1/messages/count_tokens" {
            return plain(200, &json!({"input_tokens": 100}), &[]);
        }
        let error = json!({"type": "error", "error": {"type": "not_found_error", "message": "no"}});
        return plain(404, &error, &[]);
    };
    let streamed = body["stream"] == true || uri.path().ends_with(":streamGenerateContent");
    let mut turn = turn.unwrap_or_else(|| Turn::text("Done."));
    while let Turn::Once(file, next) = turn {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        turn = *next;
    }
    match turn {
        Turn::Once(..) => unreachable!("unwrapped above"),
        Turn::Reply(blocks) if streamed => sse(protocol, &streamed_events(protocol, &body, &blocks), false),
        Turn::Reply(blocks) => plain(200, &whole(protocol, &body, &blocks), &[]),
        Turn::Status { status, body, headers } => plain(status, &body, &headers),
        Turn::Drop => sse(protocol, &streamed_events(protocol, &body, &[Block::Text("I will".into())]), true),
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

fn whole(protocol: Protocol, request: &Value, blocks: &[Block]) -> Value {
    match protocol {
        Protocol::Anthropic => anthropic::message(request, blocks),
        Protocol::Responses => responses::events(request, blocks)
            .pop()
            .map(|event| event["response"].clone())
            .unwrap_or_default(),
        Protocol::Chat => chat::message(request, blocks),
        Protocol::Gemini => gemini::answer(blocks),
    }
}

fn streamed_events(protocol: Protocol, request: &Value, blocks: &[Block]) -> Vec<Value> {
    match protocol {
        Protocol::Anthropic => anthropic::events(request, blocks),
        Protocol::Responses => responses::events(request, blocks),
        Protocol::Chat => chat::chunks(request, blocks),
        Protocol::Gemini => vec![gemini::answer(blocks)],
    }
}

fn plain(status: u16, body: &Value, headers: &[(String, String)]) -> Response<Body> {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body.to_string())).unwrap()
}

fn unique() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A stream of events; `cut` ends it in its middle.
fn sse(protocol: Protocol, events: &[Value], cut: bool) -> Response<Body> {
    let named = matches!(protocol, Protocol::Anthropic | Protocol::Responses);
    let keep = if cut { events.len().min(3) } else { events.len() };
    let mut text = String::new();
    for event in &events[..keep] {
        if named {
            text += &format!("event: {}\n", event["type"].as_str().unwrap());
        }
        text += &format!("data: {event}\n\n");
    }
    if protocol == Protocol::Chat && !cut {
        text += "data: [DONE]\n\n";
    }
    let response = Response::builder().status(200).header("content-type", "text/event-stream");
    let body = if cut {
        // The client sees the connection end in the middle of an event.
        text.truncate(text.len() - 10);
        let pieces = [Ok(Bytes::from(text)), Err(std::io::Error::other("cut"))];
        Body::from_stream(futures_util::stream::iter(pieces))
    } else {
        Body::from(text)
    };
    response.body(body).unwrap()
}
