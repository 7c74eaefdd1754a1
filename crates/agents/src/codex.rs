//! Codex, headless: `codex exec --json`, the prompt on standard input.
//!
//! Its own sandbox and approvals are off: it runs inside ours. The endpoint is given as a provider of its own,
//! because it takes none from the environment. Its clock is UTC, so that the reset times it tells in prose can
//! be understood. Project files it would read by itself are off; the engine puts the memory before it.
//! Format: Codex 0.169 (`tests/transcripts/codex`).

mod reading;

use std::collections::BTreeMap;

use crate::endpoint::Endpoint;
use crate::{
    Abilities, Assignment, Driver, Error, Launch, Login, MCP_NAME, MCP_TOKEN, Program, Provider, Readiness,
    Session, Speaks,
};

const KEY: &str = "OPENAI_API_KEY";
const URL: &str = "OPENAI_BASE_URL";

/// The agent.
#[derive(Clone, Copy, Debug)]
pub struct Codex;

impl Driver for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }

    fn program(&self) -> Program {
        Program::Named("codex".into())
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            resume: true,
            usage: true,
            limits: true,
            tools: true,
            plan: true,
            thinking: true,
            mcp: true,
            ..Abilities::default()
        }
    }

    fn readiness(&self, account: &BTreeMap<String, String>) -> Readiness {
        if account.contains_key(KEY) {
            Readiness::Ready("key")
        } else {
            Readiness::LoggedOut(
                "run `sidekick accounts login codex` (subscription), or set OPENAI_API_KEY (metered), in the environment of `sidekick serve` or in sidekick.yaml",
            )
        }
    }

    fn account_variables(&self) -> &'static [&'static str] {
        &[KEY, URL]
    }

    fn login(&self) -> Option<Login> {
        Some(Login {
            args: &["login"],
            status: &["login", "status"],
            metered: &["API key"],
            dirs: &[("CODEX_HOME", ".codex")],
            file: ".codex/auth.json",
        })
    }

    fn provider(&self, account: &BTreeMap<String, String>) -> Option<Provider> {
        account.get(KEY)?;
        Some(Provider {
            speaks: Speaks::Openai,
            url: account.get(URL).cloned().unwrap_or_else(|| "https://api.openai.com/v1".into()),
            key: account.get(KEY).cloned(),
            url_variable: URL,
            key_variable: KEY,
        })
    }

    fn limits_log(&self) -> Option<&'static str> {
        Some(".codex/sessions")
    }

    fn launch(&self, assignment: &Assignment) -> Result<Launch, Error> {
        let mut args: Vec<String> = vec!["exec".into()];
        args.extend(assignment.resume.iter().map(|_| "resume".to_owned()));
        args.extend(["--json", "--skip-git-repo-check"].map(String::from));
        args.extend(settings(assignment));
        args.extend(assignment.resume.clone());
        args.push("-".into());
        Ok(launched(assignment, args, assignment.prompt.clone().into_bytes()))
    }

    fn interactive(&self, assignment: &Assignment) -> Option<Launch> {
        let mut args: Vec<String> = assignment.resume.iter().map(|_| "resume".to_owned()).collect();
        args.extend(settings(assignment));
        // Trust would let the repository's own settings run code. It says so first, and a person confirms it.
        args.extend(["-c", "projects={\"/workspace\"={trust_level=\"untrusted\"}}"].map(String::from));
        args.extend(["-c", "check_for_update_on_startup=false"].map(String::from));
        args.extend(assignment.resume.clone());
        Some(launched(assignment, args, Vec::new()))
    }

    fn session(&self, assignment: &Assignment) -> Box<dyn Session> {
        Box::new(reading::Reading::new(assignment.before))
    }
}

/// What it is told either way.
fn settings(assignment: &Assignment) -> Vec<String> {
    let base = assignment.account.get(URL).map_or("https://api.openai.com/v1", String::as_str);
    let provider = format!(
        "model_providers.sidekick={{name=\"sidekick\",base_url={},env_key=\"{KEY}\",wire_api=\"responses\",\
             request_max_retries=2,stream_max_retries=2,stream_idle_timeout_ms=120000}}",
        serde_json::Value::from(base)
    );
    let mut args = vec!["--dangerously-bypass-approvals-and-sandbox".to_owned()];
    // With the vendor's own login the vendor's own provider is used.
    let url = assignment.account.get(URL);
    let own = url.map(|url| format!("openai_base_url={}", serde_json::Value::from(url.as_str())));
    let provider = if assignment.logged_in {
        own.into_iter().collect()
    } else {
        vec!["model_provider=sidekick".to_owned(), provider]
    };
    let rest = ["project_doc_max_bytes=0", "analytics.enabled=false"].map(String::from);
    for setting in provider.into_iter().chain(rest) {
        args.extend(["-c".into(), setting]);
    }
    if let Some(server) = &assignment.mcp {
        let url = serde_json::Value::from(server.url.as_str());
        args.extend(["-c".into(), format!("mcp_servers.{MCP_NAME}.url={url}")]);
        args.extend(["-c".into(), format!("mcp_servers.{MCP_NAME}.bearer_token_env_var=\"{MCP_TOKEN}\"")]);
    }
    if let Some(model) = &assignment.model {
        args.extend(["-m".into(), model.clone()]);
    }
    args
}

fn launched(assignment: &Assignment, args: Vec<String>, stdin: Vec<u8>) -> Launch {
    let mut env: BTreeMap<String, String> =
        [("CODEX_HOME", format!("{}/.codex", assignment.home)), ("TZ", "UTC".into())]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
    env.extend(
        assignment.account.iter().filter(|(name, _)| *name != URL).map(|(n, v)| (n.clone(), v.clone())),
    );
    env.extend(assignment.mcp.iter().map(|server| (MCP_TOKEN.to_owned(), server.token.clone())));
    let (forwards, hosts) = Endpoint::network(
        assignment.account.get(URL),
        if assignment.logged_in { &["chatgpt.com", "auth.openai.com"] } else { &["api.openai.com"] },
    );
    Launch {
        program: Codex.program(),
        args,
        env,
        stdin,
        // Its home must be there before it starts.
        files: vec![(".codex/config.toml".into(), Vec::new())],
        hosts,
        forwards,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_names_its_session_and_nobody_sees_the_key() {
        let assignment = Assignment {
            account: [
                (KEY.to_owned(), "k-4711".to_owned()),
                (URL.to_owned(), "http://127.0.0.1:9/v1".to_owned()),
            ]
            .into(),
            resume: Some("thread-1".into()),
            ..Assignment::default()
        };
        let launch = Codex.launch(&assignment).unwrap();
        assert_eq!(launch.args[..2], ["exec", "resume"]);
        assert_eq!(launch.args[launch.args.len() - 2..], ["thread-1", "-"]);
        assert!(!launch.args.concat().contains("k-4711"));
        assert_eq!((launch.env.get(KEY).map(String::as_str), launch.env.get(URL)), (Some("k-4711"), None));
        assert_eq!(launch.forwards, [9]);
    }
}
