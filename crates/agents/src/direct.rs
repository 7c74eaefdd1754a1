//! A model without a harness, by configuration alone: it is asked once and answers in words. For reviewing, planning
//! and questions; it sees nothing but its prompt and changes nothing.
//!
//! A run outlives the daemon, so our own binary asks, in the role `sidekick ask-model`, inside the sandbox and
//! through the gateway. It is given an [`Order`] on standard input and tells a line of [`Said`]. Formats: the vendors'
//! public API references (Anthropic Messages, OpenAI Chat Completions, which Ollama, `vLLM` and llama.cpp speak, too,
//! Gemini API).

use std::collections::BTreeMap;

use domain::{Event, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::heard::{Heard, aside, hear, plain};
use crate::text::{MOST_TEXT, bounded};
use crate::{
    Abilities, Assignment, Driver, Error, Exit, Finish, Launch, Program, Provider, Readiness, Session,
    Speaks, Stream, Verdict, prose,
};

/// The role our binary plays.
pub const ROLE: &str = "ask-model";
/// The longest answer that is asked for, in tokens, where that must be said.
const MOST_TOKENS: u32 = 16_000;

/// A model from the configuration.
#[derive(Clone, Debug)]
pub struct Direct {
    /// Its name.
    pub name: String,
    /// What its provider speaks.
    pub speaks: Speaks,
}

/// What is to be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Where.
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The request.
    pub body: Value,
    /// What the provider speaks: `anthropic`, `openai`, `gemini`.
    pub speaks: String,
}

/// A line of whoever asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum Said {
    /// The question is on its way.
    Asked {},
    /// The answer.
    Answered {
        /// Its words.
        text: String,
    },
    /// The provider refused, or was not there.
    Refused {
        /// The HTTP status, if there was an answer.
        status: Option<u16>,
        /// Its words.
        said: String,
    },
}

/// The words of an answer.
pub fn words_of(speaks: &str, answer: &Value) -> Option<String> {
    let texts = match speaks {
        "anthropic" => &answer["content"],
        "gemini" => &answer["candidates"][0]["content"]["parts"],
        _ => return answer["choices"][0]["message"]["content"].as_str().map(ToOwned::to_owned),
    };
    let texts = texts.as_array()?.iter().filter_map(|part| part["text"].as_str());
    Some(texts.collect::<Vec<_>>().concat())
}

struct Names {
    word: &'static str,
    url: &'static str,
    key: &'static str,
    model: &'static str,
    default: Option<&'static str>,
}

fn names(speaks: Speaks) -> Names {
    match speaks {
        Speaks::Anthropic => Names {
            word: "anthropic",
            url: "ANTHROPIC_BASE_URL",
            key: "ANTHROPIC_API_KEY",
            model: "ANTHROPIC_MODEL",
            default: Some("https://api.anthropic.com"),
        },
        Speaks::Openai => Names {
            word: "openai",
            url: "OPENAI_BASE_URL",
            key: "OPENAI_API_KEY",
            model: "OPENAI_MODEL",
            default: None,
        },
        Speaks::Gemini => Names {
            word: "gemini",
            url: "GOOGLE_GEMINI_BASE_URL",
            key: "GEMINI_API_KEY",
            model: "GEMINI_MODEL",
            default: Some("https://generativelanguage.googleapis.com"),
        },
    }
}

impl Direct {
    fn url(&self, account: &BTreeMap<String, String>) -> Option<String> {
        let names = names(self.speaks);
        account.get(names.url).cloned().or_else(|| names.default.map(ToOwned::to_owned))
    }

    fn order(&self, assignment: &Assignment) -> Result<Order, Error> {
        let names = names(self.speaks);
        let lacks =
            |what: &str| Error::Account(format!("{} needs {what} in agents.{}.env", self.name, self.name));
        let model = assignment.model.as_ref().or_else(|| assignment.account.get(names.model));
        let model = model.ok_or_else(|| lacks(names.model))?;
        let url = self.url(&assignment.account).ok_or_else(|| lacks(names.url))?;
        let url = url.trim_end_matches('/');
        let key = assignment.account.get(names.key).map_or("", String::as_str);
        let prompt = &assignment.prompt;
        let header = |name: &str, value: String| (name.to_owned(), value);
        let (url, headers, body) = match self.speaks {
            Speaks::Anthropic => (
                format!("{url}/v1/messages"),
                vec![header("x-api-key", key.into()), header("anthropic-version", "2023-06-01".into())],
                json!({"model": model, "max_tokens": MOST_TOKENS, "messages": [{"role": "user", "content": prompt}]}),
            ),
            Speaks::Openai => (
                format!("{url}/chat/completions"),
                vec![header("authorization", format!("Bearer {key}"))],
                json!({"model": model, "messages": [{"role": "user", "content": prompt}]}),
            ),
            Speaks::Gemini => (
                format!("{url}/v1beta/models/{model}:generateContent"),
                vec![header("x-goog-api-key", key.into())],
                json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]}),
            ),
        };
        Ok(Order { url, headers, body, speaks: names.word.into() })
    }
}

impl Driver for Direct {
    fn name(&self) -> &str {
        &self.name
    }

    fn program(&self) -> Program {
        Program::Own
    }

    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    fn readiness(&self, account: &BTreeMap<String, String>) -> Readiness {
        let local = self.url(account).is_some_and(|url| matches!(Endpoint::of(&url), Endpoint::Loopback(_)));
        if local {
            Readiness::Ready("local")
        } else if account.contains_key(names(self.speaks).key) {
            Readiness::Ready("key")
        } else {
            Readiness::LoggedOut(
                "give it a key and a model in sidekick.yaml, under its `env`; docs/agents.md shows how",
            )
        }
    }

    fn account_variables(&self) -> &'static [&'static str] {
        &[]
    }

    fn provider(&self, account: &BTreeMap<String, String>) -> Option<Provider> {
        let names = names(self.speaks);
        Some(Provider {
            speaks: self.speaks,
            url: self.url(account)?,
            key: account.get(names.key).cloned(),
            url_variable: names.url,
            key_variable: names.key,
        })
    }

    fn launch(&self, assignment: &Assignment) -> Result<Launch, Error> {
        let order = self.order(assignment)?;
        let (forwards, hosts) = Endpoint::network(Some(&order.url), &[]);
        Ok(Launch {
            program: Program::Own,
            args: vec![ROLE.into()],
            env: BTreeMap::new(),
            stdin: serde_json::to_vec(&order).map_err(|error| Error::Account(error.to_string()))?,
            files: Vec::new(),
            hosts,
            forwards,
        })
    }

    fn session(&self, _: &Assignment) -> Box<dyn Session> {
        Box::new(Reading { name: self.name.clone(), end: None })
    }
}

struct Reading {
    name: String,
    end: Option<Said>,
}

impl Session for Reading {
    fn line(&mut self, stream: Stream, line: &[u8], _: Timestamp) -> Vec<Event> {
        match hear(stream, line) {
            Heard::Nothing => Vec::new(),
            Heard::Aside(text) => vec![aside(text)],
            Heard::Plain(text) => vec![plain(text)],
            Heard::Record(record) => match serde_json::from_value::<Said>(record) {
                Ok(Said::Answered { text }) => {
                    let text = bounded(&text, MOST_TEXT);
                    self.end = Some(Said::Answered { text: text.clone() });
                    vec![Event::AgentText { text }]
                }
                Ok(end @ Said::Refused { .. }) => {
                    self.end = Some(end);
                    Vec::new()
                }
                Ok(Said::Asked {}) | Err(_) => Vec::new(),
            },
        }
    }

    fn is_over(&self) -> bool {
        self.end.is_some()
    }

    fn finish(&mut self, exit: &Exit, _: Timestamp) -> Finish {
        match self.end.take() {
            Some(Said::Answered { text }) => {
                Finish { verdict: Verdict::Succeeded, reason: None, summary: Some(text) }
            }
            Some(Said::Refused { status, said }) => {
                let retryable = status.is_none_or(|status| status == 429 || status >= 500);
                let hint = if matches!(status, Some(401 | 403)) { "; check its key" } else { "" };
                let reason = Some(format!("{}: {}{hint}", self.name, bounded(&said, 500)));
                Finish { verdict: Verdict::Failed { retryable }, reason, summary: None }
            }
            _ => Finish {
                verdict: Verdict::Failed { retryable: true },
                reason: Some(prose::without_result(&self.name, exit, None)),
                summary: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_is_asked_in_its_own_words() {
        for (speaks, model, url, answer) in [
            (
                Speaks::Anthropic,
                "ANTHROPIC_MODEL",
                "https://api.anthropic.com/v1/messages",
                json!({"content": [{"type": "text", "text": "yes"}]}),
            ),
            (
                Speaks::Gemini,
                "GEMINI_MODEL",
                "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent",
                json!({"candidates": [{"content": {"parts": [{"text": "yes"}]}}]}),
            ),
            (
                Speaks::Openai,
                "OPENAI_MODEL",
                "http://127.0.0.1:1/v1/chat/completions",
                json!({"choices": [{"message": {"content": "yes"}}]}),
            ),
        ] {
            let direct = Direct { name: "reviewer".into(), speaks };
            let account = [
                (model.to_owned(), "m".to_owned()),
                ("OPENAI_BASE_URL".into(), "http://127.0.0.1:1/v1/".into()),
            ];
            let assignment =
                Assignment { prompt: "Is it?".into(), account: account.into(), ..Assignment::default() };
            let order = direct.order(&assignment).unwrap();
            assert_eq!(order.url, url);
            assert!(order.body.to_string().contains("Is it?"), "{}", order.body);
            assert_eq!(words_of(&order.speaks, &answer).as_deref(), Some("yes"));
        }
    }
}
