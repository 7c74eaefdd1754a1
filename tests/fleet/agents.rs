//! The agents of the fleet: what differs between them.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::model::{ModelServer, Turn};

use super::scenarios::*;
use crate::sidekick::Bench;

/// The key of every account; a search for `sk-rea[l]-4711` does not find itself.
pub(super) const KEY: &str = "sk-real-4711";

/// What differs between agents.
#[derive(Clone, Copy)]
pub(super) struct Agent {
    pub(super) name: &'static str,
    /// Its program among the pinned ones.
    pub(super) program: &'static str,
    /// The model asked for; none where the agent is told it otherwise.
    pub(super) model: &'static str,
    /// What makes it an agent, for those of the configuration alone.
    pub(super) configured: &'static str,
    /// Whether it goes on in its session; else a comment starts a new one.
    pub(super) resumes: bool,
    /// Scenarios that ask for what it cannot do.
    pub(super) cannot: &'static [&'static str],
    /// The variables of an account whose model is at a URL.
    pub(super) account: fn(&str) -> Vec<(&'static str, String)>,
    /// A call of its shell tool.
    pub(super) shell: fn(&str) -> Turn,
    /// The name its model sees of a tool of ours.
    pub(super) tool: fn(&str) -> String,
    /// The provider refuses the key, is overloaded for now, knows no such model.
    /// A call of its planning tool with one step.
    pub(super) plan: fn(&str) -> Turn,
    /// The provider's limit, which renews at that second of the epoch.
    pub(super) limit: fn(u64) -> Turn,
    pub(super) refused: fn() -> Turn,
    pub(super) overloaded: fn() -> Turn,
    pub(super) unknown_model: fn() -> Turn,
}

/// The agents whose drivers ship, then those of the configuration alone.
pub(super) fn fleet() -> Vec<Agent> {
    let mut fleet = shipped();
    let (gemini, qwen, opencode) = (fleet[2], fleet[3], fleet[4]);
    let acp = |name, configured, agent| Agent { name, configured, model: "", ..agent };
    fleet.push(Agent {
        account: |url| {
            let mut account = (shipped()[3].account)(url);
            account.push(("OPENAI_MODEL", "qwen3-coder-plus".into()));
            account
        },
        // Bare, or it asks the model once more after its answer. It tries for ten minutes by itself.
        cannot: &[REPOSITORY, OVERLOADED, TOOLS, ASKS, OUTSIDE, BUDGET, CALLS, PLAN, LIMIT],
        ..acp("qwen-acp", "acp: [qwen, --acp, --bare, --approval-mode, default], ", qwen)
    });
    fleet.push(Agent {
        account: opencode_settings,
        // What it reads of the memory by itself comes on top of what we tell.
        cannot: &[REPOSITORY, MEMORY, TOOLS, ASKS, OUTSIDE, BUDGET, CALLS, PLAN, LIMIT],
        ..acp("opencode-acp", "acp: [opencode, acp], ", opencode)
    });
    fleet.push(Agent {
        // It tries for minutes by itself, and takes no word of ours about it.
        // Its session was there again in some tries and not in others.
        cannot: &[REPOSITORY, OVERLOADED, RESUME, GIANT, TOOLS, ASKS, OUTSIDE, BUDGET, CALLS, PLAN, LIMIT],
        ..acp("gemini-acp", "acp: [gemini, --acp, -m, gemini-2.5-pro], ", gemini)
    });
    fleet.push(Agent {
        program: "sh",
        resumes: false,
        cannot: &[
            REPOSITORY, TOKENS, UNKNOWN, REFUSED, OVERLOADED, CUT, GIANT, TOOLS, ASKS, OUTSIDE, BUDGET,
            CALLS, PLAN, LIMIT,
        ],
        ..acp("script", SCRIPT, qwen)
    });
    fleet
}

/// The account of an opencode that is no driver's: its settings are the person's own.
fn opencode_settings(url: &str) -> Vec<(&'static str, String)> {
    let settings = json!({
        "model": "x/m", "small_model": "x/m", "permission": {"*": "allow"},
        "provider": {"x": {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": format!("{url}/v1"), "apiKey": "k"},
            "models": {"m": {}}}},
    });
    vec![
        ("OPENCODE_CONFIG_CONTENT", settings.to_string()),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1".into()),
        ("OPENCODE_DISABLE_AUTOUPDATE", "1".into()),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1".into()),
        // What tells the sandbox which port to let through.
        ("OPENAI_BASE_URL", format!("{url}/v1")),
    ]
}

/// A shell script as an agent: it asks the model, does what is called for, and prints what is said.
const SCRIPT: &str = r#"command: [sh, -c, 'ask() { printf %s "$1" | python3 -c "import json,sys; print(json.dumps({\"model\": \"m\", \"tools\": [{}], \"messages\": [{\"role\": \"user\", \"content\": sys.stdin.read()}]}))" | curl -sf --json @- "$OPENAI_BASE_URL/chat/completions"; }; get() { python3 -c "import json,sys; m = json.load(sys.stdin)[\"choices\"][0][\"message\"]; c = m.get(\"tool_calls\"); print(json.loads(c[0][\"function\"][\"arguments\"])[\"command\"] if c else \"\", end=\"\") if sys.argv[1] == \"call\" else print(m[\"content\"])" "$1"; }; prompt=$(cat); while answer=$(ask "$prompt"); do call=$(printf %s "$answer" | get call); [ -n "$call" ] || { printf %s "$answer" | get text; exit 0; }; sh -c "$call"; done; exit 1'], "#;

#[expect(clippy::too_many_lines, reason = "a table")]
fn shipped() -> Vec<Agent> {
    let openai = |url: &str| vec![("OPENAI_BASE_URL", format!("{url}/v1")), ("OPENAI_API_KEY", KEY.into())];
    let refused = || Turn::openai_error(401, "invalid_api_key", "Incorrect API key provided");
    let overloaded = || Turn::openai_error(503, "server_error", "The server is overloaded");
    let unknown = || Turn::openai_error(404, "model_not_found", "The model does not exist");
    vec![
        Agent {
            name: "claude",
            program: "claude",
            model: "claude-sonnet-4-5",
            configured: "",
            resumes: true,
            cannot: &[],
            account: |url| vec![("ANTHROPIC_BASE_URL", url.into()), ("ANTHROPIC_API_KEY", KEY.into())],
            tool: |name| format!("mcp__sidekick__{name}"),
            shell: |command| Turn::tool("Bash", json!({"command": command, "description": "x"})),
            plan: |step| Turn::tool("TaskCreate", json!({"subject": step, "description": step})),
            limit: claude_limit,
            refused: || Turn::error(401, "authentication_error", "invalid x-api-key", &[]),
            overloaded: Turn::overloaded,
            unknown_model: || Turn::error(404, "not_found_error", "model: claude-sonnet-4-5", &[]),
        },
        Agent {
            name: "codex",
            program: "codex",
            model: "gpt-5.5",
            configured: "",
            resumes: true,
            // It gives this model no tool to plan with.
            cannot: &[PLAN],
            account: openai,
            tool: |name| format!("mcp__sidekick__{name}"),
            shell: |command| Turn::tool("exec_command", json!({ "cmd": command })),
            plan: |step| {
                Turn::tool("update_plan", json!({"plan": [{"step": step, "status": "in_progress"}]}))
            },
            limit: codex_limit,
            refused,
            overloaded,
            unknown_model: unknown,
        },
        Agent {
            name: "gemini",
            program: "gemini",
            model: "gemini-2.5-pro",
            configured: "",
            resumes: true,
            // It ends before what it wrote is read: of a tool's output beyond a pipe's megabyte its own result is lost.
            cannot: &[PLAN, LIMIT, GIANT],
            account: |url| vec![("GOOGLE_GEMINI_BASE_URL", url.into()), ("GEMINI_API_KEY", KEY.into())],
            tool: |name| format!("mcp_sidekick_{name}"),
            shell: |command| Turn::tool("run_shell_command", json!({"command": command, "description": "x"})),
            plan: |_| Turn::Hang,
            limit: |_| Turn::Hang,
            refused: || Turn::gemini_error(400, "INVALID_ARGUMENT", "API key not valid.", &json!([])),
            overloaded: || Turn::gemini_error(503, "UNAVAILABLE", "The model is overloaded.", &json!([])),
            unknown_model: || Turn::gemini_error(404, "NOT_FOUND", "models/x is not found", &json!([])),
        },
        Agent {
            name: "qwen",
            program: "qwen",
            model: "qwen3-coder-plus",
            configured: "",
            resumes: true,
            // An endpoint on this machine costs nothing.
            cannot: &[BUDGET, LIMIT],
            account: openai,
            tool: |name| format!("mcp__sidekick__{name}"),
            shell: |command| {
                Turn::tool(
                    "run_shell_command",
                    json!({"command": command, "description": "x", "is_background": false}),
                )
            },
            plan: |step| Turn::tool("todo_write", todos(step)),
            limit: |_| Turn::Hang,
            refused,
            overloaded,
            unknown_model: unknown,
        },
        Agent {
            name: "opencode",
            program: "opencode",
            model: "qwen3-coder-plus",
            configured: "",
            resumes: true,
            // An endpoint on this machine costs nothing.
            cannot: &[BUDGET, LIMIT],
            account: openai,
            tool: |name| format!("sidekick_{name}"),
            shell: |command| Turn::tool("bash", json!({"command": command, "description": "x"})),
            plan: |step| Turn::tool("todowrite", todos(step)),
            limit: |_| Turn::Hang,
            refused,
            overloaded,
            unknown_model: unknown,
        },
    ]
}

fn todos(step: &str) -> Value {
    json!({"todos": [{"id": "1", "content": step, "status": "in_progress", "priority": "high"}]})
}

/// As a subscription's limit is told, in headers.
fn claude_limit(reset: u64) -> Turn {
    let reset = reset.to_string();
    let headers = [
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-unified-reset", &reset),
        ("anthropic-ratelimit-unified-representative-claim", "five_hour"),
        ("anthropic-ratelimit-unified-5h-status", "rejected"),
        ("anthropic-ratelimit-unified-5h-utilization", "1.0"),
        ("anthropic-ratelimit-unified-5h-reset", &reset),
    ];
    Turn::error(429, "rate_limit_error", "limit", &headers)
}

/// As Codex's backend tells it; the program itself says the minute only, the headers the second.
fn codex_limit(reset: u64) -> Turn {
    let headers = [
        ("x-codex-primary-used-percent", "100".to_owned()),
        ("x-codex-primary-window-minutes", "300".to_owned()),
        ("x-codex-primary-reset-at", reset.to_string()),
    ];
    let error =
        json!({"type": "usage_limit_reached", "message": "limit", "plan_type": "plus", "resets_at": reset});
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
    Turn::Status { status: 429, body: json!({ "error": error }), headers }
}

impl Agent {
    /// A bench whose account of this agent is at the scripted server; failures wait an hour.
    pub(super) fn bench(&self, server: &ModelServer) -> Bench {
        self.bench_with(server, "")
    }

    /// The same, with more in the configuration.
    pub(super) fn bench_with(&self, server: &ModelServer, more: &str) -> Bench {
        let bench = Bench::new();
        bench.configure(&(self.configuration(server) + more));
        bench
    }

    fn configuration(&self, server: &ModelServer) -> String {
        let variables: Vec<_> = (self.account)(&server.url())
            .into_iter()
            .map(|(name, value)| format!("{name}: '{value}'"))
            .collect();
        format!(
            "retry: {{first_seconds: 3600, longest_seconds: 3600}}\nagents: {{{}: {{{}env: {{{}}}}}}}\n",
            self.name,
            self.configured,
            variables.join(", ")
        )
    }

    /// The words of `sidekick run`.
    pub(super) fn words<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let model: &[&str] = if self.model.is_empty() { &[] } else { &["--model", self.model] };
        [&["run", text, "--agent", self.name], model].concat()
    }

    pub(super) fn run(&self, bench: &Bench, text: &str) -> Value {
        bench.json(&self.words(text))
    }

    /// A run that may wait for another try: how it stands then.
    pub(super) fn try_once(&self, bench: &Bench) -> Value {
        let daemon = bench.serve();
        let accepted = bench.json(&[self.words("say hello"), vec!["--detach"]].concat());
        // Some try for more than a minute by themselves.
        let task = bench.until_within(Duration::from_mins(4), accepted["task"].as_str().unwrap(), |task| {
            !["queued", "running"].contains(&task["state"].as_str().unwrap())
        });
        drop(daemon);
        task
    }
}
