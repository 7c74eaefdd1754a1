//! aider, one message at a time: `aider --message-file /dev/stdin`, the model behind any endpoint that speaks OpenAI
//! Chat Completions.
//!
//! It tells text only: no session to go on with, no tools, no plan, tokens rounded. Its exit code is 0 also when the
//! key was refused, so its words decide. It commits nothing: what it leaves in the working tree is collected. Of
//! what the repository brings it reads `.aider.conf.yml` and `.env` whatever it is told; what of them would run
//! commands by itself is overruled. Format: aider 0.86 (`tests/transcripts/aider`).

mod reading;

use std::collections::BTreeMap;

use crate::endpoint::Endpoint;
use crate::{Abilities, Assignment, Driver, Error, Launch, Program, Provider, Readiness, Session, Speaks};

const KEY: &str = "OPENAI_API_KEY";
const URL: &str = "OPENAI_BASE_URL";
const MODEL: &str = "OPENAI_MODEL";

/// The agent.
#[derive(Clone, Copy, Debug)]
pub struct Aider;

impl Driver for Aider {
    fn name(&self) -> &'static str {
        "aider"
    }

    fn program(&self) -> Program {
        Program::Named("aider".into())
    }

    fn abilities(&self) -> Abilities {
        Abilities { usage: true, ..Abilities::default() }
    }

    fn readiness(&self, account: &BTreeMap<String, String>) -> Readiness {
        match account.get(URL).map(|url| Endpoint::of(url)) {
            Some(Endpoint::Loopback(_)) => Readiness::Ready("local"),
            Some(Endpoint::Host(_)) if account.contains_key(KEY) => Readiness::Ready("key"),
            _ => Readiness::LoggedOut(
                "in sidekick.yaml, under agents.aider.env, set OPENAI_BASE_URL to an endpoint that speaks OpenAI \
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
                "aider needs a model: name one with --model, or set OPENAI_MODEL of agents.aider.env".into(),
            )
        })?;
        let model = format!("openai/{model}");
        let history = |name: &str| format!("{}/.aider/{name}", assignment.home);
        let mut args: Vec<String> =
            ["--message-file", "/dev/stdin", "--model", &model, "--weak-model", &model]
                .map(String::from)
                .to_vec();
        args.extend(["--chat-history-file".into(), history("chat.md")]);
        args.extend(["--input-history-file".into(), history("input")]);
        args.extend(QUIET.map(String::from));
        let mut env: BTreeMap<String, String> = [
            // Otherwise it asks the network for prices.
            ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
            ("AIDER_ANALYTICS_DISABLE", "true"),
            (KEY, "none"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        env.extend(account.clone());
        env.extend(account.get(URL).map(|url| ("OPENAI_API_BASE".to_owned(), url.clone())));
        let (forwards, hosts) = Endpoint::network(account.get(URL), &[]);
        Ok(Launch {
            program: self.program(),
            args,
            env,
            stdin: assignment.prompt.clone().into_bytes(),
            files: vec![
                (".aider/input".into(), Vec::new()),
                // The cache it leaves beside the work is no work.
                (".config/git/ignore".into(), b".aider*\n".to_vec()),
            ],
            hosts,
            forwards,
        })
    }

    fn session(&self, _: &Assignment) -> Box<dyn Session> {
        Box::new(reading::Reading::default())
    }
}

/// It asks nobody, draws nothing, looks for no updates, commits nothing and runs no checks of its own.
const QUIET: [&str; 17] = [
    "--yes-always",
    "--no-stream",
    "--no-pretty",
    "--no-fancy-input",
    "--no-check-update",
    "--no-show-release-notes",
    "--no-show-model-warnings",
    "--no-analytics",
    "--no-detect-urls",
    "--no-suggest-shell-commands",
    "--no-gitignore",
    "--no-auto-commits",
    "--no-dirty-commits",
    "--no-auto-lint",
    "--no-auto-test",
    "--no-watch-files",
    "--no-notifications",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_no_argument_and_the_model_is_needed() {
        let mut assignment = Assignment {
            account: [(KEY, "k-4711"), (URL, "http://127.0.0.1:9/v1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ..Assignment::default()
        };
        assert!(matches!(Aider.launch(&assignment), Err(Error::Account(_))));
        assignment.model = Some("qwen3".into());
        let launch = Aider.launch(&assignment).unwrap();
        assert!(launch.args.contains(&"openai/qwen3".into()) && !launch.args.concat().contains("k-4711"));
        assert_eq!(launch.env["OPENAI_API_BASE"], "http://127.0.0.1:9/v1");
    }
}
