//! opencode, headless: `opencode run --format json`, the prompt on standard input, the model behind any endpoint
//! that speaks OpenAI Chat Completions, given as a provider of our own.
//!
//! It asks for nothing: it runs inside our sandbox. What the repository brings (settings, plugins, MCP servers,
//! skills, instruction files) is off. It tells no end of its own: a step that ends with `stop` and its process's end
//! are one. A tool is told when it has answered, not when it starts. Its own tries it does not tell.
//! Format: opencode 1.18 (`tests/transcripts/opencode`).

mod reading;

use std::collections::BTreeMap;

use serde_json::json;

use crate::endpoint::Endpoint;
use crate::{
    Abilities, Assignment, Driver, Error, Launch, MCP_NAME, MCP_TOKEN, McpServer, Program, Provider,
    Readiness, Session, Speaks,
};

const KEY: &str = "OPENAI_API_KEY";
const URL: &str = "OPENAI_BASE_URL";
const MODEL: &str = "OPENAI_MODEL";
/// The provider's name in the configuration it is given.
const PROVIDER: &str = "sidekick";

/// The agent.
#[derive(Clone, Copy, Debug)]
pub struct Opencode;

impl Driver for Opencode {
    fn name(&self) -> &'static str {
        "opencode"
    }

    fn program(&self) -> Program {
        Program::Named("opencode".into())
    }

    /// No cost: it does not know the prices of a provider it is given. No limits: it waits for their end in silence.
    fn abilities(&self) -> Abilities {
        Abilities {
            resume: true,
            usage: true,
            tools: true,
            plan: true,
            thinking: true,
            mcp: true,
            ..Abilities::default()
        }
    }

    fn readiness(&self, account: &BTreeMap<String, String>) -> Readiness {
        match account.get(URL).map(|url| Endpoint::of(url)) {
            Some(Endpoint::Loopback(_)) => Readiness::Ready("local"),
            Some(Endpoint::Host(_)) if account.contains_key(KEY) => Readiness::Ready("key"),
            _ => Readiness::LoggedOut(
                "in sidekick.yaml, under agents.opencode.env, set OPENAI_BASE_URL to an endpoint that speaks OpenAI \
                 (a local one, as http://127.0.0.1:11434/v1, needs no key), OPENAI_MODEL and OPENAI_API_KEY",
            ),
        }
    }

    /// None from the person's environment: those names mean another agent's account there.
    fn account_variables(&self) -> &'static [&'static str] {
        &[]
    }

    fn provider(&self, account: &BTreeMap<String, String>) -> Option<Provider> {
        Some(Provider {
            speaks: Speaks::Openai,
            url: account.get(URL)?.clone(),
            key: account.get(KEY).cloned(),
            url_variable: URL,
            key_variable: KEY,
        })
    }

    fn launch(&self, assignment: &Assignment) -> Result<Launch, Error> {
        let account = &assignment.account;
        let model = assignment.model.as_ref().or_else(|| account.get(MODEL)).ok_or_else(|| {
            Error::Account(
                "opencode needs a model: name one with --model, or set OPENAI_MODEL of agents.opencode.env"
                    .into(),
            )
        })?;
        let mut args: Vec<String> = ["run", "--format", "json", "--thinking"].map(String::from).to_vec();
        match &assignment.resume {
            Some(session) => args.extend(["-s".into(), session.clone()]),
            // Otherwise it asks the model for a title.
            None => args.extend(["--title".into(), "Sidekick".into()]),
        }
        let mut env: BTreeMap<String, String> = [
            "AUTOUPDATE",
            "MODELS_FETCH",
            "LSP_DOWNLOAD",
            "DEFAULT_PLUGINS",
            "PROJECT_CONFIG",
            "CLAUDE_CODE",
            "EXTERNAL_SKILLS",
            "SHARE",
        ]
        .map(|what| (format!("OPENCODE_DISABLE_{what}"), "1".to_owned()))
        .into();
        env.insert("OPENCODE_PURE".into(), "1".into());
        env.insert("OPENCODE_CONFIG_CONTENT".into(), configuration(account, model, assignment.mcp.as_ref()));
        // Named in the configuration by their variables, so that no secret is in it.
        env.insert(KEY.into(), "none".into());
        env.extend(account.clone());
        env.extend(assignment.mcp.iter().map(|server| (MCP_TOKEN.to_owned(), server.token.clone())));
        let (forwards, hosts) = Endpoint::network(account.get(URL), &[]);
        Ok(Launch {
            program: self.program(),
            args,
            env,
            stdin: assignment.prompt.clone().into_bytes(),
            files: Vec::new(),
            hosts,
            forwards,
        })
    }

    fn session(&self, assignment: &Assignment) -> Box<dyn Session> {
        Box::new(reading::Reading::new(assignment.resume.clone()))
    }
}

/// Its configuration. What it does not know of a model (its window, its price) stays unset.
fn configuration(account: &BTreeMap<String, String>, model: &str, tools: Option<&McpServer>) -> String {
    let name = format!("{PROVIDER}/{model}");
    let server = |server: &McpServer| {
        let headers = json!({ "Authorization": format!("Bearer {{env:{MCP_TOKEN}}}") });
        json!({ MCP_NAME: { "type": "remote", "url": server.url, "headers": headers, "enabled": true, "oauth": false } })
    };
    json!({
        "autoupdate": false,
        "share": "disabled",
        "model": name,
        "small_model": name,
        "mcp": tools.map_or_else(|| json!({}), server),
        "enabled_providers": [PROVIDER],
        "permission": {"*": "allow"},
        "provider": {PROVIDER: {
            "npm": "@ai-sdk/openai-compatible",
            "name": PROVIDER,
            "options": {"baseURL": account.get(URL), "apiKey": format!("{{env:{KEY}}}")},
            "models": {model: {"name": model}},
        }},
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_names_model_and_session_and_nobody_sees_the_key() {
        let mut assignment = Assignment {
            account: [(KEY, "k-4711"), (URL, "http://127.0.0.1:9/v1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            resume: Some("ses_1".into()),
            ..Assignment::default()
        };
        assert!(matches!(Opencode.launch(&assignment), Err(Error::Account(_))), "no model is known");
        assignment.model = Some("qwen3".into());
        let launch = Opencode.launch(&assignment).unwrap();
        assert_eq!(launch.args[4..], ["-s", "ses_1"]);
        let configuration = &launch.env["OPENCODE_CONFIG_CONTENT"];
        assert!(configuration.contains("sidekick/qwen3") && !configuration.contains("k-4711"));
        assert_eq!((launch.env[KEY].as_str(), launch.forwards), ("k-4711", vec![9]));
    }
}
