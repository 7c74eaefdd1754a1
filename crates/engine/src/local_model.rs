//! The model of this machine that agents may ask: any endpoint that speaks Chat Completions, without encryption because
//! it is near. Bounded in time, size and number; its key is never printed.

use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a form may take: whoever waits for it goes on without.
const HURRY: Duration = Duration::from_secs(5);
/// How long a form may take that nobody waits for.
const LEISURE: Duration = Duration::from_mins(1);
/// Tokens of a form, and of one that nobody waits for.
const MOST_FORM_TOKENS: u32 = 300;
const MOST_LEISURE_TOKENS: u32 = 600;
/// Bytes of a question and of an answer.
const MOST_PROMPT: usize = 64 * 1024;
const MOST_ANSWER: u64 = 1 << 20;
/// Tokens of an answer.
const MOST_TOKENS: u32 = 4096;
/// Questions at once; further ones wait their turn.
const AT_ONCE: usize = 2;

/// Where it is.
#[derive(Clone)]
pub struct LocalModel {
    /// The endpoint's base, as `http://127.0.0.1:11434/v1`.
    pub url: String,
    /// The model's name.
    pub model: String,
    /// A key, if it wants one.
    pub key: Option<String>,
}

impl std::fmt::Debug for LocalModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalModel")
            .field("url", &self.url)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// A way to ask it.
pub(crate) struct Asking {
    at: LocalModel,
    agent: ureq::Agent,
    places: Arc<Semaphore>,
    forms: Arc<Semaphore>,
}

impl Asking {
    pub(crate) fn new(at: LocalModel) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // Where it says to go instead is not where the configuration said.
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .build();
        Self {
            at,
            agent: config.new_agent(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            forms: Arc::new(Semaphore::new(1)),
        }
    }

    /// Its answer in a form, within a few seconds; else why not. One at a time: what agents ask goes on beside it.
    pub(crate) async fn fill_in(&self, prompt: String, form: Value) -> Result<String, String> {
        let Ok(place) = Arc::clone(&self.forms).acquire_owned().await else {
            return Err("the local model is not asked any more".into());
        };
        let (agent, at) = (self.agent.clone(), self.at.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let body = form_body(&at, &prompt, &form, MOST_FORM_TOKENS);
            let answer = post(&agent, &at, &body, Some(HURRY));
            drop(place);
            answer
        });
        asked.await.map_err(|_| "asking the local model broke off".to_owned())?
    }

    /// Its answer in a form that nobody waits for, so that it may take its time. Whoever asks this way asks one at a time,
    /// and takes no place from those who are in a hurry.
    pub(crate) async fn fill_in_at_leisure(&self, prompt: String, form: Value) -> Result<String, String> {
        let (agent, at) = (self.agent.clone(), self.at.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let body = form_body(&at, &prompt, &form, MOST_LEISURE_TOKENS);
            post(&agent, &at, &body, Some(LEISURE))
        });
        asked.await.map_err(|_| "asking the local model broke off".to_owned())?
    }

    /// Whether somebody waits for it now.
    pub(crate) fn is_busy(&self) -> bool {
        self.places.available_permits() < AT_ONCE || self.forms.available_permits() == 0
    }

    /// Its name.
    pub(crate) fn model(&self) -> &str {
        &self.at.model
    }

    /// Its answer; else a sentence for the model that asked.
    pub(crate) async fn ask(&self, prompt: String) -> Result<String, String> {
        if prompt.len() > MOST_PROMPT {
            return Err("the question has more than 64 KiB; ask about less at once".into());
        }
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Err("the local model is not asked any more".into());
        };
        let (agent, at) = (self.agent.clone(), self.at.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let answer = ask(&agent, &at, &prompt);
            drop(place);
            answer
        });
        asked.await.map_err(|_| "asking the local model broke off".to_owned())?
    }
}

impl Asking {
    /// Its answer, each piece handed on as it comes; else why not.
    pub(crate) async fn stream(&self, prompt: String, words: mpsc::Sender<String>) -> Result<String, String> {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Err("the local model is not asked any more".into());
        };
        let (agent, at) = (self.agent.clone(), self.at.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let answer = stream(&agent, &at, &prompt, &words);
            drop(place);
            answer
        });
        asked.await.map_err(|_| "asking the local model broke off".to_owned())?
    }
}

/// Reads an answer as Chat Completions streams it: lines of `data: {…}`, then `data: [DONE]`.
fn stream(
    agent: &ureq::Agent,
    at: &LocalModel,
    prompt: &str,
    words: &mpsc::Sender<String>,
) -> Result<String, String> {
    let body = json!({
        "model": at.model, "stream": true, "max_tokens": MOST_TOKENS,
        "messages": [{"role": "user", "content": prompt}],
    });
    let failed =
        |error: &dyn std::fmt::Display| format!("the local model {} did not answer: {error}", at.model);
    let mut request = agent.post(format!("{}/chat/completions", at.url.trim_end_matches('/')));
    if let Some(key) = &at.key {
        request = request.header("Authorization", format!("Bearer {key}"));
    }
    let mut response = request.send_json(&body).map_err(|error| failed(&error))?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(failed(&format!("HTTP {status}")));
    }
    let reader = response.body_mut().with_config().limit(MOST_ANSWER).reader();
    let mut answer = String::new();
    for line in BufReader::new(reader).lines() {
        let line = line.map_err(|error| failed(&error))?;
        let Some(data) = line.strip_prefix("data:").map(str::trim) else { continue };
        if data == "[DONE]" {
            break;
        }
        let piece: Value = serde_json::from_str(data).map_err(|error| failed(&error))?;
        if let Some(text) = piece["choices"][0]["delta"]["content"].as_str().filter(|text| !text.is_empty()) {
            answer += text;
            // Whoever listened is gone; the answer is wanted all the same.
            words.blocking_send(text.to_owned()).ok();
        }
    }
    if answer.trim().is_empty() { Err(failed(&"its answer has no text")) } else { Ok(answer) }
}

fn ask(agent: &ureq::Agent, at: &LocalModel, prompt: &str) -> Result<String, String> {
    let body = json!({
        "model": at.model, "stream": false, "max_tokens": MOST_TOKENS,
        "messages": [{"role": "user", "content": prompt}],
    });
    post(agent, at, &body, None)
}

/// A question whose answer has a form.
fn form_body(at: &LocalModel, prompt: &str, form: &Value, tokens: u32) -> Value {
    json!({
        "model": at.model, "stream": false, "max_tokens": tokens, "temperature": 0,
        "messages": [{"role": "user", "content": prompt}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": form}},
    })
}

fn post(
    agent: &ureq::Agent,
    at: &LocalModel,
    body: &Value,
    patience: Option<Duration>,
) -> Result<String, String> {
    let url = format!("{}/chat/completions", at.url.trim_end_matches('/'));
    let failed = |error: &dyn std::fmt::Display| {
        format!("the local model {} did not answer: {error}; do it without", at.model)
    };
    let mut request = agent.post(url);
    if let Some(key) = &at.key {
        request = request.header("Authorization", format!("Bearer {key}"));
    }
    let request = request.config().timeout_global(Some(patience.unwrap_or(PATIENCE))).build();
    let mut response = request.send_json(body).map_err(|error| failed(&error))?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(failed(&format!("HTTP {status}")));
    }
    let read = response.body_mut().with_config().limit(MOST_ANSWER).read_json::<Value>();
    let answer = read.map_err(|error| failed(&error))?;
    let text = answer["choices"][0]["message"]["content"].as_str();
    text.map(str::to_owned).ok_or_else(|| failed(&"its answer has no text"))
}
