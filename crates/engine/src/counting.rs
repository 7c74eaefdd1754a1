//! Who counts the tokens of a prompt: the model's own tokenizer where we have it, the server of a local model where it counts
//! (llama.cpp and vLLM do, Ollama does not), else nobody, and the estimate keeps its margin. Asking is bounded in number, time
//! and size, and a server that is down costs two seconds at most.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::tokens::bpe::Bpe;
use domain::tokens::{Count, MARGIN, Tokenizer, estimate};
use serde_json::{Value, json};

/// How long one answer may take, and all of a prompt's together.
const PATIENCE: Duration = Duration::from_secs(2);
const ALL_PATIENCE: Duration = Duration::from_secs(5);
/// Texts of one prompt that a server counts.
const MOST_ASKED: u32 = 300;
/// Bytes of an answer, which lists every token.
const MOST_ANSWER: u64 = 8 << 20;

/// Whose prompt it is.
#[derive(Clone, Default)]
pub(crate) struct Model {
    /// The agent.
    pub(crate) agent: String,
    /// The model, where one is named.
    pub(crate) name: Option<String>,
    /// The base URL of the server on this machine that has it.
    pub(crate) local: Option<String>,
    /// That server's key.
    pub(crate) key: Option<String>,
}

impl Model {
    /// Whoever counts exactly for it.
    pub(crate) fn counter(&self) -> Option<Box<dyn Count>> {
        if let Some(tokenizer) = Tokenizer::of(&self.agent, self.name.as_deref()) {
            return Some(Box::new(Bpe::load(tokenizer)));
        }
        Some(Box::new(Server::find(self)?))
    }
}

/// A model server that counts.
struct Server {
    agent: ureq::Agent,
    url: String,
    model: Model,
    until: Instant,
    left: Cell<u32>,
    known: RefCell<HashMap<String, u64>>,
}

impl Server {
    /// The server, if it answers how many tokens a word has.
    fn find(model: &Model) -> Option<Self> {
        let base = model.local.as_deref()?.trim_end_matches('/');
        if !base.starts_with("http://") {
            return None;
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // Where it says to go instead is not where the configuration said.
            .max_redirects(0)
            .proxy(None)
            .build();
        let server = Self {
            agent: config.new_agent(),
            url: format!("{}/tokenize", base.trim_end_matches("/v1")),
            model: model.clone(),
            until: Instant::now() + ALL_PATIENCE,
            left: Cell::new(MOST_ASKED),
            known: RefCell::default(),
        };
        server.ask("tokens").filter(|n| *n > 0)?;
        Some(server)
    }

    /// One question that both sorts of servers understand: llama.cpp reads `content`, vLLM `prompt`.
    fn ask(&self, text: &str) -> Option<u64> {
        let left = self.left.get().checked_sub(1).filter(|_| Instant::now() < self.until)?;
        self.left.set(left);
        let question = json!({
            "model": self.model.name, "content": text, "prompt": text, "add_special": false, "add_special_tokens": false,
        });
        let mut request = self.agent.post(&self.url);
        if let Some(key) = &self.model.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let mut answer = request.send_json(&question).ok()?;
        let answer: Value = answer.body_mut().with_config().limit(MOST_ANSWER).read_json().ok()?;
        let listed = answer.get("tokens").and_then(Value::as_array).map(|tokens| tokens.len() as u64);
        listed.or_else(|| answer.get("count").and_then(Value::as_u64))
    }
}

impl Count for Server {
    fn count(&self, text: &str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        if let Some(known) = self.known.borrow().get(text) {
            return *known;
        }
        // What it does not say any more is at most that.
        let Some(counted) = self.ask(text) else { return (estimate(text) * MARGIN).div_ceil(100) };
        self.known.borrow_mut().insert(text.to_owned(), counted);
        counted
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// A server that answers each text with this, until it is gone.
    fn server(answers: u32, answer: fn(&Value) -> String) -> Model {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for _ in 0..answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut line, mut length) = (String::new(), 0);
                let mut first = String::new();
                while line != "\r\n" {
                    line.clear();
                    reader.read_line(&mut line).unwrap();
                    if first.is_empty() {
                        first.clone_from(&line);
                    }
                    if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = n.trim().parse().unwrap();
                    }
                }
                assert!(first.starts_with("POST /tokenize "), "{first}");
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let body = answer(&serde_json::from_slice(&body).unwrap());
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
            }
        });
        Model {
            agent: "local".into(),
            name: Some("devstral".into()),
            local: Some(format!("http://127.0.0.1:{port}/v1/")),
            key: None,
        }
    }

    fn words(question: &Value, field: &str) -> u64 {
        question[field].as_str().unwrap().split_whitespace().count() as u64
    }

    #[test]
    fn servers_count_themselves() {
        let llama = |question: &Value| {
            let tokens: Vec<u64> = (0..words(question, "content")).collect();
            json!({ "tokens": tokens }).to_string()
        };
        let vllm =
            |question: &Value| json!({"count": words(question, "prompt"), "max_model_len": 4096}).to_string();
        for model in [server(3, llama), server(3, vllm)] {
            let counter = model.counter().unwrap();
            assert_eq!(counter.count("one two three"), 3);
            assert_eq!(counter.count("one two three"), 3, "it is asked once");
            assert_eq!(counter.count("one two"), 2);
            assert_eq!(counter.within(1000), 1000);
            // It is gone now: no fewer than there may be.
            let text = "and one more text of a few words";
            assert_eq!(counter.count(text), (estimate(text) * MARGIN).div_ceil(100));
        }
    }

    #[test]
    fn who_does_not_count_is_not_asked_again() {
        assert!(server(1, |_| "{\"error\": \"not found\"}".into()).counter().is_none());
        assert!(server(1, |_| "nonsense".into()).counter().is_none());
        assert!(server(0, |_| String::new()).counter().is_none());
        let remote = Model { local: Some("https://example.com/v1".into()), ..Model::default() };
        assert!(remote.counter().is_none());
        assert!(Model { agent: "claude".into(), ..Model::default() }.counter().is_none());
    }

    #[test]
    fn a_known_tokenizer_needs_no_server() {
        let model = Model { agent: "codex".into(), ..Model::default() };
        assert_eq!(model.counter().unwrap().count("hello world"), 2);
    }
}
