//! Claude Code, headless: `claude -p` with streamed JSON, the prompt on standard input.
//!
//! It runs inside our sandbox, so its own permission prompts are off (`IS_SANDBOX` lets it as any user);
//! what it may do is what the sandbox lets it. Settings, hooks and MCP servers that the repository brings
//! are off, and with them its own reading of `CLAUDE.md`, which the engine puts before it instead. Format: Claude Code 2.1 (`tests/transcripts/claude`).

mod reading;

use std::collections::BTreeMap;

use crate::endpoint::Endpoint;
use serde_json::json;

use crate::{
    Abilities, Assignment, Driver, Error, Launch, Login, MCP_NAME, MCP_TOKEN, McpServer, Program, Provider,
    Readiness, Session, Speaks,
};

const TOKEN: &str = "CLAUDE_CODE_OAUTH_TOKEN";
const KEY: &str = "ANTHROPIC_API_KEY";
const URL: &str = "ANTHROPIC_BASE_URL";
/// Below its home.
const SERVERS: &str = ".claude/servers.json";

/// The agent.
#[derive(Clone, Copy, Debug)]
pub struct Claude;

impl Driver for Claude {
    fn name(&self) -> &'static str {
        "claude"
    }

    fn program(&self) -> Program {
        Program::Named("claude".into())
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            resume: true,
            cost: true,
            usage: true,
            limits: true,
            tools: true,
            plan: true,
            thinking: true,
            mcp: true,
        }
    }

    fn readiness(&self, account: &BTreeMap<String, String>) -> Readiness {
        if account.contains_key(TOKEN) {
            Readiness::Ready("subscription")
        } else if account.contains_key(KEY) {
            Readiness::Ready("key")
        } else {
            Readiness::LoggedOut(
                "run `sidekick accounts login claude`, or `claude setup-token` and give the token as CLAUDE_CODE_OAUTH_TOKEN (subscription), or set \
                 ANTHROPIC_API_KEY (metered), in the environment of `sidekick serve` or in sidekick.yaml",
            )
        }
    }

    fn account_variables(&self) -> &'static [&'static str] {
        &[TOKEN, KEY, URL]
    }

    fn login(&self) -> Option<Login> {
        Some(Login {
            args: &["auth", "login"],
            status: &["auth", "status"],
            metered: &["\"authMethod\": \"api_key\"", "\"authMethod\": \"console\""],
            dirs: &[("CLAUDE_CONFIG_DIR", ".claude")],
            file: ".claude/.credentials.json",
        })
    }

    fn provider(&self, account: &BTreeMap<String, String>) -> Option<Provider> {
        if account.contains_key(TOKEN) || !account.contains_key(KEY) {
            return None;
        }
        Some(Provider {
            speaks: Speaks::Anthropic,
            url: account.get(URL).cloned().unwrap_or_else(|| "https://api.anthropic.com".into()),
            key: account.get(KEY).cloned(),
            url_variable: URL,
            key_variable: KEY,
        })
    }

    fn launch(&self, assignment: &Assignment) -> Result<Launch, Error> {
        let mut args = ["-p", "--output-format", "stream-json", "--verbose"].map(String::from).to_vec();
        args.extend(arguments(assignment));
        Ok(launched(assignment, args, assignment.prompt.clone().into_bytes()))
    }

    fn interactive(&self, assignment: &Assignment) -> Option<Launch> {
        Some(launched(assignment, arguments(assignment), Vec::new()))
    }

    fn session(&self, assignment: &Assignment) -> Box<dyn Session> {
        Box::new(reading::Reading::new(assignment.before))
    }
}

/// What it is told either way.
fn arguments(assignment: &Assignment) -> Vec<String> {
    let mut args: Vec<String> = [
        "--dangerously-skip-permissions",
        // The person's own settings directory is not in the sandbox; the project's may carry hooks.
        "--setting-sources",
        "user",
        "--strict-mcp-config",
    ]
    .map(String::from)
    .to_vec();
    if let Some(model) = &assignment.model {
        args.extend(["--model".into(), model.clone()]);
    }
    match &assignment.resume {
        Some(session) => args.extend(["--resume".into(), session.clone()]),
        None => args.extend(["--session-id".into(), assignment.new_session.clone()]),
    }
    if assignment.mcp.is_some() {
        // Strict (above): this file's servers and no others, whatever the repository brings.
        args.extend(["--mcp-config".into(), format!("{}/{SERVERS}", assignment.home)]);
    }
    args
}

fn launched(assignment: &Assignment, args: Vec<String>, stdin: Vec<u8>) -> Launch {
    let (mut env, forwards, hosts) = environment(assignment);
    // Settled before the run: a first start asks nothing, nor does a person's first look.
    // It remembers which keys a person agreed to by their ends; this one they gave to us.
    let tail = |key: &String| key.chars().skip(key.chars().count().saturating_sub(20)).collect::<String>();
    let keys: Vec<String> = env.get(KEY).map(tail).into_iter().collect();
    let settled = json!({
        "customApiKeyResponses": {"approved": keys, "rejected": []},
        "hasCompletedOnboarding": true,
        "bypassPermissionsModeAccepted": true,
        "projects": {"/workspace": {"hasTrustDialogAccepted": true}},
    });
    let mut files = vec![(".claude/.claude.json".into(), settled.to_string().into_bytes())];
    if let Some(server) = &assignment.mcp {
        env.insert(MCP_TOKEN.into(), server.token.clone());
        files.push((SERVERS.into(), servers(server)));
    }
    Launch { program: Claude.program(), args, env, stdin, files, hosts, forwards }
}

/// The servers it may speak to; the token is filled in by the program, from its environment.
fn servers(server: &McpServer) -> Vec<u8> {
    let headers = json!({ "Authorization": format!("Bearer ${{{MCP_TOKEN}}}") });
    let servers = json!({ MCP_NAME: { "type": "http", "url": server.url, "headers": headers } });
    json!({ "mcpServers": servers }).to_string().into_bytes()
}

/// The variables, and what of the network they need.
fn environment(assignment: &Assignment) -> (BTreeMap<String, String>, Vec<u16>, Vec<String>) {
    let mut env: BTreeMap<String, String> = [
        ("CLAUDE_CONFIG_DIR", format!("{}/.claude", assignment.home)),
        ("IS_SANDBOX", "1".into()),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".into()),
        ("DISABLE_AUTOUPDATER", "1".into()),
        // Few tries of its own: what to do about a provider that does not answer is for the engine.
        ("CLAUDE_CODE_MAX_RETRIES", "3".into()),
        ("API_TIMEOUT_MS", "600000".into()),
        ("CLAUDE_ENABLE_BYTE_WATCHDOG", "1".into()),
        ("CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS", "120000".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    // A subscription wins, and then no key comes along that could make the run metered.
    let credential = if assignment.account.contains_key(TOKEN) { TOKEN } else { KEY };
    // And with a login in its home, no credential at all.
    let given = if assignment.logged_in { vec![URL] } else { vec![credential, URL] };
    for name in given {
        if let Some(value) = assignment.account.get(name) {
            env.insert(name.into(), value.clone());
        }
    }
    // Names of the account that are none of the known ones are the person's own wish.
    for (name, value) in &assignment.account {
        if ![TOKEN, KEY, URL].contains(&name.as_str()) {
            env.insert(name.clone(), value.clone());
        }
    }
    let hosts = ["api.anthropic.com", "console.anthropic.com", "claude.ai", "platform.claude.com"];
    let (forwards, hosts) = Endpoint::network(assignment.account.get(URL), &hosts);
    (env, forwards, hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(account: &[(&str, &str)]) -> Launch {
        let account = account.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let assignment = Assignment {
            account,
            new_session: "s".into(),
            home: "/home/agent".into(),
            ..Assignment::default()
        };
        Claude.launch(&assignment).unwrap()
    }

    #[test]
    fn a_subscription_never_comes_with_a_key() {
        let both = launch(&[(TOKEN, "t"), (KEY, "k")]);
        assert!(both.env.contains_key(TOKEN) && !both.env.contains_key(KEY));
        assert!(launch(&[(KEY, "k")]).env.contains_key(KEY));
        let said = format!("{:?}", both.args);
        assert!(
            !said.contains('t') || !both.args.iter().any(|word| word == "t"),
            "no secret in the arguments"
        );
    }

    #[test]
    fn a_loopback_endpoint_is_a_forward_and_nothing_else() {
        let local = launch(&[(KEY, "k"), (URL, "http://127.0.0.1:8080/v1")]);
        assert_eq!((local.forwards, local.hosts.len()), (vec![8080], 0));
        assert_eq!(
            launch(&[(KEY, "k"), (URL, "https://proxy.example.org/x")]).hosts,
            ["proxy.example.org:443"]
        );
        assert!(launch(&[(KEY, "k")]).hosts.contains(&"api.anthropic.com".to_owned()));
    }
}
