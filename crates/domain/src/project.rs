//! Projects: a repository with the rules for work in it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::collision;
use crate::landing::Repaired;
use crate::pipeline::Step;
use crate::run::Isolation;
use crate::stuck;
use crate::supervise::{Policy, Review};

/// A project as the daemon knows it: from `sidekick.yaml`, or made on the fly for a repository named on
/// the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// Unique name.
    pub name: String,
    /// Path or URL of the repository.
    pub repo: String,
    /// Other words that texts name it by.
    pub aliases: Vec<String>,
    /// Whether its work may be done by models of this machine only.
    pub sensitive: bool,
    /// The branch work starts from; the repository's current branch when none is named.
    pub base: Option<String>,
    /// The agent used when a task names none.
    pub agent: Option<String>,
    /// Agents that may take over, in this order, when the agent's accounts rest or it failed.
    pub fallback: Vec<String>,
    /// The only accounts its runs may use; any when empty.
    pub accounts: Vec<String>,
    /// 1 is the most urgent, 9 the least.
    pub priority: u8,
    /// How many runs of this project may live at once.
    pub concurrency: u32,
    /// How runs are contained.
    pub isolation: Isolation,
    /// A command that must end well before the agent starts.
    pub setup: Option<String>,
    /// What its runs may cost.
    pub budget: Budget,
    /// Commands that must pass on the finished work, by name.
    pub checks: Vec<Check>,
    /// Globs of uncommitted files of the person's working tree that runs get a copy of.
    pub copy: Vec<String>,
    /// Hosts that runs may reach through the proxy, besides what the agent itself needs.
    pub network: Vec<String>,
    /// The longest a run's agent may take.
    pub timeout: Duration,
    /// What may happen without a person.
    pub policy: Policy,
    /// Who gives a second opinion of its work.
    pub review: Option<Review>,
    /// The tools of ours that its agents have; all when nothing is said.
    pub tools: Option<Vec<String>>,
    /// What is done with approved work that its agent repaired.
    pub repaired: Repaired,
    /// What is done about tasks that change the same files.
    pub collisions: collision::Policy,
    /// When a run counts as stuck; never without.
    pub stuck: Option<stuck::Thresholds>,
    /// The steps its tasks are done in; one run does all of it when there are none.
    pub pipeline: Vec<Step>,
    /// Whether `CONTINUATION.md` is also written into the repository.
    pub continuation_in_repo: bool,
    /// Templates of prompts that replace ours, by name.
    pub prompts: BTreeMap<String, String>,
    /// Tokens a prompt may have: what the project and earlier runs tell is shortened to that.
    pub prompt_tokens: u32,
}

/// What runs may cost where they are charged by use, in US dollars at list price; no bound where none is said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Budget {
    /// One run.
    pub run_usd: Option<f64>,
    /// All runs of a calendar month.
    pub month_usd: Option<f64>,
}

/// A named command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Name shown to people.
    pub name: String,
    /// Command line, run by `sh -c` in the sandbox.
    pub command: String,
    /// The coverage report that it writes, relative to the repository: lcov, Cobertura XML or a Go cover profile.
    pub coverage: Option<String>,
}

/// The priority of a task that names none.
pub const DEFAULT_PRIORITY: u8 = 5;

/// The longest a run's agent may take when nothing else is said: four hours.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_hours(4);

/// The tokens of a prompt when nothing else is said: small models on one's own machine take 32,000 and need most for the work.
pub const DEFAULT_PROMPT_TOKENS: u32 = 12_000;

impl Project {
    /// A project with the defaults for a repository.
    pub fn new(name: impl Into<String>, repo: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            repo: repo.into(),
            aliases: Vec::new(),
            sensitive: false,
            base: None,
            agent: None,
            fallback: Vec::new(),
            accounts: Vec::new(),
            priority: DEFAULT_PRIORITY,
            concurrency: 4,
            isolation: Isolation::Sandbox,
            setup: None,
            budget: Budget::default(),
            checks: Vec::new(),
            copy: [".env", ".env.*"].map(String::from).to_vec(),
            network: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            policy: Policy::default(),
            review: None,
            tools: None,
            repaired: Repaired::default(),
            collisions: collision::Policy::default(),
            stuck: Some(stuck::Thresholds::default()),
            pipeline: Vec::new(),
            continuation_in_repo: false,
            prompts: BTreeMap::new(),
            prompt_tokens: DEFAULT_PROMPT_TOKENS,
        }
    }
}
