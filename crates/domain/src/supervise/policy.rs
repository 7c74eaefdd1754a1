//! A project's policy: what may happen without a person, and what always needs one. Not here: the configuration file
//! (crate `cli`), the language of `approve` (`engine::approval`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::trust::Tier;
use crate::pipeline::Split;

/// An agent that may be called when another one does not get there, and its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// The agent.
    pub agent: String,
    /// Its model; its own choice when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Rung {
    /// `AGENT` or `AGENT/MODEL`.
    pub fn parse(text: &str) -> Option<Self> {
        let (agent, model) = match text.trim().split_once('/') {
            Some((agent, model)) => (agent, Some(model.trim())),
            None => (text.trim(), None),
        };
        let named = !agent.trim().is_empty() && model.is_none_or(|model| !model.is_empty());
        named.then(|| Self { agent: agent.trim().to_owned(), model: model.map(ToOwned::to_owned) })
    }
}

impl std::fmt::Display for Rung {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.model {
            Some(model) => write!(f, "{}/{model}", self.agent),
            None => f.write_str(&self.agent),
        }
    }
}

/// Who gives a second opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The agent.
    pub agent: String,
    /// Its model; its own choice when none.
    pub model: Option<String>,
    /// The longest its answer may take.
    pub patience: Duration,
}

/// How long a second opinion may take when nothing else is said.
pub const DEFAULT_PATIENCE: Duration = Duration::from_mins(5);

/// What may happen without a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Whether supervision acts. Without a policy in the configuration it only tells what it found: work goes to
    /// review, whatever came out.
    pub acts: bool,
    /// The expression that approves; nobody but a person does without.
    pub approve: Option<String>,
    /// The least tier at which it may.
    pub trust: Tier,
    /// Paths that always need a person.
    pub risky_paths: Vec<String>,
    /// The only paths that work may change without a person; any when empty.
    pub only_paths: Vec<String>,
    /// Below this confidence a person is asked.
    pub threshold: f64,
    /// How often supervision may send work back in a task's life.
    pub retries: u32,
    /// Who is called when that does not help, in this order; the project's fallback list when empty.
    pub escalate: Vec<Rung>,
    /// More changed files are more than was asked for.
    pub most_files: u32,
    /// More changed lines are more than was asked for.
    pub most_lines: u32,
    /// US dollars that a task may cost while nothing of it could be accepted, see [`spending`](super::spending).
    pub most_usd: Option<f64>,
    /// Tokens, likewise.
    pub most_tokens: Option<u64>,
    /// The share in percent of an account's window, likewise.
    pub most_percent: Option<u8>,
    /// Whether a task that nobody gets done is planned anew, in parts.
    pub split: Split,
    /// Minutes until a question of the policy is answered with its default.
    pub answer_minutes: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            acts: false,
            approve: None,
            trust: Tier::Trusted,
            risky_paths: Vec::new(),
            only_paths: Vec::new(),
            threshold: 0.4,
            retries: 2,
            escalate: Vec::new(),
            most_files: 50,
            most_lines: 3000,
            most_usd: None,
            most_tokens: None,
            most_percent: None,
            split: Split::Never,
            answer_minutes: 24 * 60,
        }
    }
}

/// Paths that are risky anywhere: the name of the risk, and words or beginnings of a path that mean it.
const RISKS: &[(&str, &[&str])] = &[
    ("auth", &["auth", "login", "session", "password", "permission", "oauth", "acl"]),
    ("crypto", &["crypto", "cipher", "encrypt", "signing", "tls"]),
    ("migrations", &["migration", "migrations", "migrate"]),
    ("deploy", &["deploy", "deployment", "terraform", "k8s", "helm", "dockerfile", "ansible"]),
    ("ci", &["ci", "workflows", "jenkinsfile"]),
];

/// Files that hold versions of other people's code.
const LOCKS: &[&str] = &[
    "cargo.lock",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "go.sum",
    "gemfile.lock",
    "composer.lock",
];

/// Why a path is risky by itself, if it is: the name of the risk.
pub fn builtin_risk(path: &str) -> Option<&'static str> {
    let lower = path.to_ascii_lowercase();
    if LOCKS.iter().any(|lock| lower.rsplit('/').next() == Some(lock)) {
        return Some("lock files");
    }
    if [".gitlab-ci.yml", ".travis.yml", ".circleci/config.yml"].contains(&lower.as_str()) {
        return Some("ci");
    }
    let mut words = lower.split(|char: char| !char.is_ascii_alphanumeric());
    // A word of its own, so that `author.rs` is not about logins.
    words.find_map(|word| RISKS.iter().find(|(_, known)| known.contains(&word)).map(|(name, _)| *name))
}

/// Whether a path is meant by a pattern: `*` is anything within a name, `**` anything at all; a pattern that names a
/// directory means all in it.
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    // Bounded: what is too long to be a path of a project is taken to be meant.
    if pattern.len() > 64 || path.len() > 256 {
        return true;
    }
    if pattern.len() == 1 && pattern != ["**"] {
        return path.iter().any(|name| name_matches(pattern[0], name));
    }
    components_match(&pattern, &path)
}

fn components_match(pattern: &[&str], path: &[&str]) -> bool {
    // A table instead of recursion: patterns of many stars cost no more than others.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        let mut any = false;
        for at in 0..=path.len() {
            any |= reached[at];
            if *part == "**" {
                next[at] = any;
            } else if at > 0 {
                next[at] = reached[at - 1] && name_matches(part, path[at - 1]);
            }
        }
        reached = next;
    }
    // A directory means all in it.
    reached.iter().any(|there| *there)
}

fn name_matches(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for letter in pattern.chars() {
        let mut next = vec![false; name.len() + 1];
        let mut any = false;
        for at in 0..=name.len() {
            any |= reached[at];
            if letter == '*' {
                next[at] = any;
            } else if at > 0 {
                next[at] = reached[at - 1] && name[at - 1] == letter;
            }
        }
        reached = next;
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_that_are_risky_anywhere() {
        for (path, risk) in [
            ("src/auth/mod.rs", Some("auth")),
            ("src/author.rs", None),
            ("db/migrations/0001.sql", Some("migrations")),
            (".github/workflows/test.yml", Some("ci")),
            ("web/package-lock.json", Some("lock files")),
            ("Dockerfile", Some("deploy")),
            ("src/main.rs", None),
        ] {
            assert_eq!(builtin_risk(path), risk, "{path}");
        }
    }

    #[test]
    fn patterns_mean_names_directories_and_anything() {
        for (pattern, path, meant) in [
            ("billing", "src/billing/vat.rs", true),
            ("*.sql", "db/a.sql", true),
            ("src/*/vat.rs", "src/billing/vat.rs", true),
            ("src/*/vat.rs", "src/a/b/vat.rs", false),
            ("src/**/vat.rs", "src/a/b/vat.rs", true),
            ("src/billing/", "src/billing/a/b.rs", true),
            ("src/billing", "src/billings/a.rs", false),
            ("**", "anything", true),
        ] {
            assert_eq!(matches(pattern, path), meant, "{pattern} {path}");
        }
    }

    #[test]
    fn rungs() {
        let rung = Rung { agent: "claude".into(), model: Some("opus".into()) };
        assert_eq!(Rung::parse(" claude/opus "), Some(rung.clone()));
        assert_eq!(rung.to_string(), "claude/opus");
        assert!(Rung::parse("/x").is_none() && Rung::parse("x/").is_none() && Rung::parse("").is_none());
    }

    proptest! {
        #[test]
        fn a_path_means_itself_and_what_is_in_it(path in "[a-z]{1,5}/[a-z]{1,5}", rest in "[a-z]{1,5}") {
            prop_assert!(matches(&path, &path));
            let below = format!("{path}/{rest}");
            prop_assert!(matches(&path, &below));
        }

        #[test]
        fn no_pattern_is_too_much(pattern in "[*a/]{0,60}", path in "[a/]{0,120}") {
            matches(&pattern, &path);
        }
    }
}
