//! A stand-in for an endpoint that writes down speech, as OpenAI documents `POST /audio/transcriptions`: a request that is
//! not as documented is refused as it would be there.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Response, Uri};
use serde_json::{Value, json};

/// What it answers.
#[derive(Clone, Debug)]
pub enum Said {
    /// These words.
    Words(String),
    /// An error with this message.
    Status(u16, String),
    /// Bytes that are no answer.
    Garbage,
}

/// A request as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    pub key: String,
    pub model: String,
    pub language: String,
    pub file_name: String,
    pub content_type: String,
    pub audio: Vec<u8>,
}

struct Shared {
    said: Said,
    heard: Vec<Recording>,
}

/// A running server; ends with the value.
pub struct SpeechServer {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl SpeechServer {
    pub fn start(said: Said) -> Self {
        let shared = Arc::new(Mutex::new(Shared { said, heard: Vec::new() }));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let state = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let most = DefaultBodyLimit::max(32 * 1024 * 1024);
                let app = Router::new().fallback(answer).layer(most).with_state(state);
                tokio::select! {
                    served = async { axum::serve(listener, app).await } => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { port, shared, stop: Some(stop) }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    pub fn then(&self, said: Said) {
        self.shared.lock().unwrap().said = said;
    }

    pub fn heard(&self) -> Vec<Recording> {
        self.shared.lock().unwrap().heard.clone()
    }
}

impl Drop for SpeechServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
    }
}

async fn answer(
    State(shared): State<Arc<Mutex<Shared>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if uri.path() != "/v1/audio/transcriptions" {
        return json_of(404, &json!({"error": {"message": "no such path"}}));
    }
    match recording(&headers, &body) {
        Err(why) => json_of(400, &json!({"error": {"message": why, "type": "invalid_request_error"}})),
        Ok(recording) => {
            let mut shared = shared.lock().unwrap();
            shared.heard.push(recording);
            match &shared.said {
                Said::Words(words) => json_of(200, &json!({"text": words})),
                Said::Status(status, why) => json_of(*status, &json!({"error": {"message": why}})),
                Said::Garbage => Response::new(Body::from("<html>not this</html>")),
            }
        }
    }
}

fn json_of(status: u16, body: &Value) -> Response<Body> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(body.to_string())).unwrap()
}

/// Reads a form as strictly as RFC 7578 has it: a final boundary, no field twice, a file with a name.
fn recording(headers: &HeaderMap, body: &[u8]) -> Result<Recording, String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = header("content-type")
        .strip_prefix("multipart/form-data; boundary=")
        .ok_or("the body is no multipart form")?;
    let mut found = Recording { key: header("authorization").to_owned(), ..Recording::default() };
    let mark = format!("--{boundary}");
    let mut rest = body.strip_prefix(mark.as_bytes()).ok_or("the form does not begin with its boundary")?;
    let mut has_file = false;
    while rest != b"--\r\n" {
        let part = rest.strip_prefix(b"\r\n").ok_or("a boundary does not end its line")?;
        let end = position(part, format!("\r\n{mark}").as_bytes()).ok_or("a field has no end")?;
        let at = position(&part[..end], b"\r\n\r\n").ok_or("a field has no head")?;
        let (head, value) = (String::from_utf8_lossy(&part[..at]).into_owned(), &part[at + 4..end]);
        let text = || String::from_utf8_lossy(value).into_owned();
        match named(&head, " name=").as_str() {
            "model" => found.model = text(),
            "language" => found.language = text(),
            "response_format" if value == b"json" => {}
            "file" if !has_file => {
                has_file = true;
                found.file_name = named(&head, " filename=");
                let kind = head.lines().find_map(|line| line.strip_prefix("Content-Type: "));
                kind.unwrap_or_default().clone_into(&mut found.content_type);
                found.audio = value.to_vec();
            }
            other => return Err(format!("unknown field `{other}`")),
        }
        rest = &part[end + 2 + mark.len()..];
    }
    if found.model.is_empty() || !has_file || !found.file_name.contains('.') {
        return Err("model and file are required".into());
    }
    Ok(found)
}

fn position(whole: &[u8], part: &[u8]) -> Option<usize> {
    whole.windows(part.len()).position(|window| window == part)
}

fn named(head: &str, name: &str) -> String {
    let after = head.split(name).nth(1).and_then(|rest| rest.strip_prefix('"'));
    after.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}
