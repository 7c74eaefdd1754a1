//! The typed client the command line talks to the daemon with. Blocking, loopback only.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::task::EventView;

/// A daemon, and the right to talk to it.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: String,
}

/// Why a request brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The daemon refused it and said why.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// The daemon did not answer, or not as a daemon does.
    #[error("the daemon at {base} did not answer: {reason}")]
    Unreachable {
        /// Its address.
        base: String,
        /// What happened.
        reason: String,
    },
}

impl Client {
    /// A client for the daemon at `base` (`http://127.0.0.1:PORT`).
    pub fn new(base: impl Into<String>, token: impl Into<String>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(5)))
            .proxy(None)
            .build();
        Self { agent: config.new_agent(), base: base.into(), token: token.into() }
    }

    /// The address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Reads something.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let request = self.agent.get(format!("{}{path}", self.base));
        self.answer(request.header("Authorization", format!("Bearer {}", self.token)).call())
    }

    /// Does something. With a `key`, repeating it does it once.
    pub fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        key: Option<&str>,
    ) -> Result<T, ClientError> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Authorization", format!("Bearer {}", self.token));
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.answer(request.send_json(body))
    }

    /// Changes something.
    pub fn patch<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, ClientError> {
        let request = self.agent.patch(format!("{}{path}", self.base));
        self.answer(request.header("Authorization", format!("Bearer {}", self.token)).send_json(body))
    }

    /// Removes something.
    pub fn delete(&self, path: &str) -> Result<(), ClientError> {
        let request = self.agent.delete(format!("{}{path}", self.base));
        let answered = request.header("Authorization", format!("Bearer {}", self.token)).call();
        let answered = answered.map_err(|error| self.unreachable(&error))?;
        if answered.status().as_u16() >= 400 { Err(self.problem(answered)) } else { Ok(()) }
    }

    /// Sends bytes of a content type, as a recording.
    pub fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        kind: &str,
        bytes: &[u8],
    ) -> Result<T, ClientError> {
        let request = self.agent.post(format!("{}{path}", self.base)).header("Content-Type", kind);
        self.answer(request.header("Authorization", format!("Bearer {}", self.token)).send(bytes))
    }

    /// Follows the log from a sequence number: of one task, or of all. Ends when the daemon does.
    pub fn follow(&self, task: Option<&str>, after: i64) -> Result<EventLines, ClientError> {
        let mut query = format!("?after={after}");
        if let Some(task) = task {
            query += "&task=";
            query += &escaped(task);
        }
        self.lines(&query)
    }

    /// Follows a task or a conversation from now on: what happens after this returns is not missed.
    pub fn follow_from_now(&self, of: &str) -> Result<EventLines, ClientError> {
        self.lines(&format!("?task={}", escaped(of)))
    }

    /// Follows all of the log, from a sequence number or from now on. Ends when the daemon does.
    pub fn follow_all(&self, after: Option<i64>) -> Result<EventLines, ClientError> {
        self.lines(&after.map(|after| format!("?after={after}")).unwrap_or_default())
    }

    fn lines(&self, query: &str) -> Result<EventLines, ClientError> {
        let url = format!("{}/api/events{query}", self.base);
        let request = self.agent.get(url).header("Authorization", format!("Bearer {}", self.token));
        let response = request.call().map_err(|error| self.unreachable(&error))?;
        if response.status().as_u16() >= 400 {
            return Err(self.problem(response));
        }
        Ok(EventLines { lines: BufReader::new(Box::new(response.into_body().into_reader())) })
    }

    fn answer<T: DeserializeOwned>(
        &self,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, ClientError> {
        let mut response = response.map_err(|error| self.unreachable(&error))?;
        if response.status().as_u16() >= 400 {
            return Err(self.problem(response));
        }
        response
            .body_mut()
            .with_config()
            .limit(256 * 1024 * 1024)
            .read_json()
            .map_err(|error| self.unreachable(&error))
    }

    fn problem(&self, mut response: ureq::http::Response<ureq::Body>) -> ClientError {
        let status = response.status().as_u16();
        match response.body_mut().read_json::<Problem>() {
            Ok(problem) => ClientError::Problem(Box::new(problem)),
            Err(_) => ClientError::Unreachable { base: self.base.clone(), reason: format!("HTTP {status}") },
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> ClientError {
        ClientError::Unreachable { base: self.base.clone(), reason: error.to_string() }
    }
}

/// Text as a part of a path or query: everything that is not plainly a word is escaped.
pub fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b',' => {
            escaped + &char::from(byte).to_string()
        }
        _ => escaped + &format!("%{byte:02X}"),
    })
}

/// Events as they happen, from a stream of server-sent events.
pub struct EventLines {
    lines: BufReader<Box<dyn std::io::Read + Send>>,
}

impl Iterator for EventLines {
    type Item = Result<EventView, std::io::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = String::new();
        loop {
            line.clear();
            match self.lines.read_line(&mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            if let Some(data) = line.strip_prefix("data:") {
                return Some(serde_json::from_str(data.trim()).map_err(std::io::Error::other));
            }
        }
    }
}
