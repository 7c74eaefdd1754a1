//! What providers speak: which paths are model calls, where the key goes, how an error is told.
//!
//! Sources: the vendors' public API references (Anthropic Messages, OpenAI Responses and Chat Completions,
//! Gemini API).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A provider's way of speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI Responses and Chat Completions, and whoever speaks like it.
    Openai,
    /// Gemini API.
    Gemini,
}

/// A model call, by what its answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Anthropic Messages.
    Messages,
    /// OpenAI Chat Completions.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Gemini.
    Generate,
    /// Something that costs nothing: lists of models, counting tokens.
    Free,
}

impl Dialect {
    /// What a request is, if it may pass. Whatever else the provider offers with the same key (files, other
    /// people's batches, keys) would be a way out with whatever the agent has seen.
    pub fn call(self, method: &str, path: &str) -> Option<Call> {
        if path.contains("..") || path.contains('%') {
            return None;
        }
        let listing = method == "GET" && (path.ends_with("/models") || path.contains("/models/"));
        if listing {
            return Some(Call::Free);
        }
        if method != "POST" {
            return None;
        }
        match self {
            Self::Anthropic if path.ends_with("/v1/messages") => Some(Call::Messages),
            Self::Anthropic if path.ends_with("/v1/messages/count_tokens") => Some(Call::Free),
            Self::Openai if path.ends_with("/chat/completions") => Some(Call::Chat),
            Self::Openai if path.ends_with("/responses") => Some(Call::Responses),
            Self::Gemini => match path.rsplit_once("/models/").and_then(|(_, call)| call.rsplit_once(':')) {
                Some((_, "generateContent" | "streamGenerateContent")) => Some(Call::Generate),
                Some((_, "countTokens")) => Some(Call::Free),
                _ => None,
            },
            _ => None,
        }
    }

    /// The header a key goes in, and what is put there.
    pub fn credential(self, key: &str) -> (&'static str, String) {
        match self {
            Self::Anthropic => ("x-api-key", key.to_owned()),
            Self::Openai => ("authorization", format!("Bearer {key}")),
            Self::Gemini => ("x-goog-api-key", key.to_owned()),
        }
    }

    /// An error in the provider's own shape, so that the agent shows its words.
    pub fn error(self, status: u16, message: &str) -> Value {
        match self {
            Self::Anthropic => {
                json!({"type": "error", "error": {"type": "permission_error", "message": message}})
            }
            Self::Openai => {
                json!({"error": {"message": message, "type": "sidekick", "code": "sidekick", "param": null}})
            }
            Self::Gemini => {
                json!({"error": {"code": status, "message": message, "status": "FAILED_PRECONDITION"}})
            }
        }
    }
}

/// Headers in which an agent could send a credential of its own, or steer the connection.
pub const DROPPED: [&str; 10] = [
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "proxy-authorization",
    "cookie",
    "host",
    "connection",
    // What comes back has to be read.
    "accept-encoding",
    "content-length",
];

/// A query without the credentials that an agent could put there.
pub fn query_without_credentials(query: &str) -> String {
    let credential = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        ["key", "api_key", "access_token"].contains(&name.as_str())
    };
    query.split('&').filter(|pair| !credential(pair)).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_calls_pass_and_nothing_else_does() {
        let passes = |dialect: Dialect, line: &str| {
            let (method, path) = line.split_once(' ').unwrap();
            dialect.call(method, path)
        };
        for (dialect, line, call) in [
            (Dialect::Anthropic, "POST /v1/messages", Call::Messages),
            (Dialect::Anthropic, "POST /v1/messages/count_tokens", Call::Free),
            (Dialect::Openai, "POST /v1/chat/completions", Call::Chat),
            (Dialect::Openai, "POST /v1/responses", Call::Responses),
            (Dialect::Openai, "GET /v1/models", Call::Free),
            (Dialect::Gemini, "POST /v1beta/models/gemini-2.5-pro:streamGenerateContent", Call::Generate),
            (Dialect::Gemini, "POST /v1beta/models/gemini-2.5-pro:countTokens", Call::Free),
        ] {
            assert_eq!(passes(dialect, line), Some(call), "{line}");
        }
        for (dialect, line) in [
            (Dialect::Anthropic, "POST /v1/files"),
            (Dialect::Anthropic, "GET /v1/files/x/content"),
            (Dialect::Anthropic, "DELETE /v1/messages"),
            (Dialect::Anthropic, "POST /v1/messages/batches"),
            (Dialect::Anthropic, "POST /v1/files/../messages"),
            (Dialect::Anthropic, "POST /v1/files%2f..%2fv1/messages"),
            (Dialect::Openai, "POST /v1/files"),
            (Dialect::Openai, "POST /v1/fine_tuning/jobs"),
            (Dialect::Openai, "POST /v1/messages"),
            (Dialect::Gemini, "POST /upload/v1beta/files"),
            (Dialect::Gemini, "POST /v1beta/cachedContents"),
            (Dialect::Gemini, "POST /v1beta/models/x:batchGenerateContent"),
        ] {
            assert_eq!(passes(dialect, line), None, "{line}");
        }
    }

    #[test]
    fn credentials_of_the_agent_do_not_pass() {
        assert_eq!(query_without_credentials("alt=sse&key=mine"), "alt=sse");
        assert_eq!(query_without_credentials("KEY=x"), "");
        assert_eq!(query_without_credentials("monkey=x&beta=true"), "monkey=x&beta=true");
    }
}
