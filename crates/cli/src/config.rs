//! `sidekick.yaml`, and what of the environment the daemon takes along.
//!
//! Every mistake is named with its line, and nothing starts with half of a configuration.

mod access;
mod accounts;
mod checks;
mod edit;
mod merging;
mod pipelines;
mod policy;
mod routes;
mod voice;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agents::acp::Acp;
use agents::command::Custom;
use agents::direct::Direct;
use agents::logs::Format;
use domain::project::{Budget, Project};
use domain::retry::RetryPolicy;
use domain::{Isolation, project};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::error::{Error, Result};

use accounts::AccountFile;
use policy::{PolicyFile, ReviewFile};

pub(crate) use accounts::{named_well, profile};

pub(crate) use edit::add_project;

/// The file's name in the data directory.
pub(crate) const FILE: &str = "sidekick.yaml";

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    concurrency: Option<usize>,
    /// Nothing new starts in a project while so many of its tasks wait for review.
    review_limit: Option<usize>,
    /// Graphics processors that tasks may use at once.
    gpu: Option<usize>,
    default_agent: Option<String>,
    attach: Option<Attach>,
    /// Whether the logs of sessions are read that the person starts by hand. Off by default: what they say to their
    /// own agents is theirs to share.
    sessions: bool,
    projects: BTreeMap<String, ProjectFile>,
    /// Lists of steps that projects and tasks may name.
    pipelines: BTreeMap<String, Vec<pipelines::StepFile>>,
    agents: BTreeMap<String, AgentFile>,
    /// Prices of models, US dollars per million tokens; they go before the list's.
    prices: BTreeMap<String, domain::price::Price>,
    retry: RetryFile,
    limits: LimitsFile,
    local_model: Option<LocalModelFile>,
    hindsight: HindsightFile,
    brain: BrainFile,
    push: PushFile,
    voice: Option<voice::VoiceFile>,
    /// Who does what; the first rule that holds counts.
    routes: Vec<routes::RuleFile>,
    /// How people reach the daemon.
    access: access::AccessFile,
    routing: routes::RoutingFile,
}

/// The model of this machine that agents may ask.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LocalModelFile {
    url: String,
    model: String,
    key: Option<accounts::Secret>,
}

/// Telling browsers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PushFile {
    /// Hosts of push services that may be private and unencrypted.
    allow: Vec<String>,
    /// Whom push services may write to: `mailto:…` or `https:…`.
    contact: Option<String>,
}

/// Looking back on tasks that are over.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HindsightFile {
    off: bool,
    /// Another model at the endpoint of `local_model`.
    model: Option<Spanned<String>>,
}

/// Who answers in conversations.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BrainFile {
    /// `AGENT` or `AGENT/MODEL`.
    agent: Option<Spanned<String>>,
    confirm: domain::conversation::Confirm,
}

/// Where runs are watched without being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Attach {
    /// Each in a window of the tmux session `sidekick`.
    Tmux,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectFile {
    repo: String,
    base: Option<String>,
    agent: Option<String>,
    #[serde(default)]
    fallback: Vec<String>,
    #[serde(default)]
    accounts: Vec<String>,
    /// Other words that texts name it by.
    #[serde(default)]
    aliases: Vec<String>,
    /// Whether only models of this machine may work on it.
    #[serde(default)]
    sensitive: bool,
    priority: Option<u8>,
    concurrency: Option<u32>,
    isolation: Option<String>,
    setup: Option<String>,
    #[serde(default)]
    checks: BTreeMap<String, checks::CheckFile>,
    #[serde(default)]
    budget: BudgetFile,
    copy: Option<Vec<String>>,
    #[serde(default)]
    network: Vec<String>,
    timeout_minutes: Option<u64>,
    policy: Option<PolicyFile>,
    review: Option<ReviewFile>,
    /// What is done with approved work that its agent repaired.
    #[serde(default)]
    repaired: domain::landing::Repaired,
    /// What is done about tasks that change the same files.
    #[serde(default)]
    collisions: domain::collision::Policy,
    stuck: Option<merging::StuckFile>,
    /// The tools of Sidekick that its agents have.
    tools: Option<Vec<serde_saphyr::Spanned<String>>>,
    /// The steps its tasks are done in.
    pipeline: Option<serde_saphyr::Spanned<String>>,
    #[serde(default)]
    continuation_in_repo: bool,
    /// Files with templates of prompts, by their names; relative to the configuration.
    #[serde(default)]
    prompts: BTreeMap<String, PathBuf>,
    prompt_tokens: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BudgetFile {
    run_usd: Option<f64>,
    month_usd: Option<f64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Speaks {
    Anthropic,
    Openai,
    Gemini,
}

impl From<Speaks> for agents::Speaks {
    fn from(speaks: Speaks) -> Self {
        match speaks {
            Speaks::Anthropic => Self::Anthropic,
            Speaks::Openai => Self::Openai,
            Speaks::Gemini => Self::Gemini,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AgentFile {
    /// Makes it a command agent.
    command: Option<Vec<String>>,
    /// Makes it an agent that speaks ACP over its standard input and output.
    acp: Option<Vec<String>>,
    /// Makes it a model that is asked without a harness: what its provider speaks.
    speaks: Option<Speaks>,
    /// A command agent's interactive UI, for `sidekick takeover`.
    interactive: Vec<String>,
    network: Vec<String>,
    /// The person vouches that it reaches no model but this machine's: it may work on what is sensitive.
    local: bool,
    /// Its first account, written here for short.
    env: BTreeMap<String, accounts::Secret>,
    reserve: Option<u8>,
    quiet: Vec<String>,
    concurrency: Option<usize>,
    start: Option<String>,
    overfill: bool,
    /// Further ones, used in this order when those before rest.
    accounts: BTreeMap<String, AccountFile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RetryFile {
    most: Option<u32>,
    first_seconds: Option<u64>,
    longest_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsFile {
    silent_minutes: Option<f64>,
    start_minutes: Option<f64>,
    no_progress_minutes: Option<u64>,
    output_mb: Option<u64>,
    memory_mb: Option<u64>,
    disk_mb: Option<u64>,
    processes: Option<u64>,
    keep_days: Option<u64>,
}

/// The configuration, with what the environment adds.
pub(crate) fn load(asked: Option<&Path>, data_dir: &Path, own: PathBuf) -> Result<engine::Options> {
    let dir = asked.and_then(Path::parent).unwrap_or(data_dir);
    options(read(asked, data_dir)?, dir, data_dir, own)
}

/// The file that is followed while the daemon runs, and what reads its text by the rules of the start.
pub(crate) fn followed(asked: Option<&Path>, data_dir: &Path, own: PathBuf) -> (PathBuf, engine::Reader) {
    let file = asked.map_or_else(|| data_dir.join(FILE), Path::to_owned);
    let dir = asked.and_then(Path::parent).unwrap_or(data_dir).to_owned();
    let data_dir = data_dir.to_owned();
    let read = move |text: &str| {
        let file = parse(text).map_err(engine::Wrong::said)?;
        options(file, &dir, &data_dir, own.clone()).map_err(|error| engine::Wrong::said(error.message))
    };
    (file, std::sync::Arc::new(read))
}

/// Whether runs are shown in windows of tmux (`attach: tmux`).
pub(crate) fn in_windows(asked: Option<&Path>, data_dir: &Path) -> Result<bool> {
    Ok(read(asked, data_dir)?.attach == Some(Attach::Tmux))
}

/// How people reach the daemon (`access:`).
pub(crate) fn ways(asked: Option<&Path>, data_dir: &Path) -> Result<server::Ways> {
    read(asked, data_dir)?.access.ways()
}

fn read(asked: Option<&Path>, data_dir: &Path) -> Result<File> {
    let path = asked.map_or_else(|| data_dir.join(FILE), Path::to_owned);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && asked.is_none() => String::new(),
        Err(error) => {
            return Err(Error::usage(format!(
                "the configuration {} cannot be read: {error}",
                path.display()
            )));
        }
    };
    parse(&text).map_err(|said| Error::usage(format!("{}: {said}", path.display())))
}

fn parse(text: &str) -> std::result::Result<File, String> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(File::default());
    }
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

fn options(file: File, dir: &Path, data_dir: &Path, own: PathBuf) -> Result<engine::Options> {
    let (mut accounts, mut local_agents) = (Vec::new(), Vec::new());
    let (mut commands, mut acp, mut models) = (Vec::new(), Vec::new(), Vec::new());
    for (name, agent) in file.agents {
        if [&agent.command, &agent.acp].into_iter().flatten().any(Vec::is_empty) {
            return Err(Error::usage(format!("agent `{name}`: the command is empty")));
        }
        if let Some(speaks) = agent.speaks {
            models.push(Direct { name: name.clone(), speaks: speaks.into() });
        }
        match (agent.command, agent.acp) {
            (Some(argv), None) => commands.push(Custom {
                name: name.clone(),
                argv,
                interactive: agent.interactive,
                hosts: agent.network,
            }),
            (None, Some(argv)) => acp.push(Acp { name: name.clone(), argv, hosts: agent.network }),
            (None, None) => {}
            (Some(_), Some(_)) => {
                let wrong = format!("agent `{name}`: give `command` or `acp`, not both");
                return Err(Error::usage(wrong));
            }
        }
        if agent.local {
            local_agents.push(name.clone());
        }
        let AgentFile { env, reserve, quiet, concurrency, start, overfill, .. } = agent;
        let first = AccountFile { env, reserve, quiet, concurrency, start, overfill };
        accounts.extend(accounts::of_agent(&name, first, agent.accounts)?);
    }
    accounts::logged_in(&mut accounts, data_dir);
    accounts::ambient(&mut accounts);
    let is_known = |name: &str| is_agent(name, &commands, &acp, &models);
    let pipelines = pipelines::pipelines(file.pipelines, dir, &is_known)?;
    let projects = file.projects.into_iter().map(|(name, mut file)| {
        let steps = pipelines::of_project(&name, file.pipeline.take().as_ref(), &pipelines)?;
        Ok(Project { pipeline: steps, ..of_file(&name, file, dir, &is_known)? })
    });
    let projects = projects.collect::<Result<Vec<_>>>()?;
    let custom: Vec<&str> = commands
        .iter()
        .map(|one: &Custom| one.name.as_str())
        .chain(models.iter().map(|one: &Direct| one.name.as_str()))
        .chain(acp.iter().map(|one: &Acp| one.name.as_str()))
        .collect();
    let routing = routes::rules(file.routes, &file.routing, &custom, &projects)?;
    let hindsight = hindsight(file.hindsight, file.local_model.is_some())?;
    let brain = brain(file.brain, &is_known)?;
    Ok(engine::Options {
        data_dir: data_dir.to_owned(),
        own,
        path: variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()),
        accounts,
        commands,
        acp,
        models,
        projects,
        prices: file.prices,
        zone: jiff::tz::TimeZone::system(),
        routing,
        pipelines,
        local_agents,
        default_agent: file.default_agent,
        concurrency: file.concurrency.unwrap_or(4).clamp(1, 1000),
        review_limit: file.review_limit.map(|limit| limit.max(1)),
        gpu: file.gpu,
        retry: retries(&file.retry),
        no_progress: Duration::from_mins(file.limits.no_progress_minutes.unwrap_or(90)),
        keep_runs: Duration::from_hours(24 * file.limits.keep_days.unwrap_or(14)),
        limits: bounds(&file.limits),
        person: person(),
        local_model: file.local_model.map(local_model).transpose()?,
        hindsight,
        brain,
        push: engine::PushOptions { allow: file.push.allow, contact: file.push.contact },
        voice: file.voice.map(voice::options).transpose()?,
        sessions: if file.sessions { session_logs() } else { Vec::new() },
        dispatch: true,
    })
}

/// What of the person's environment fetching from servers needs.
fn person() -> engine::Person {
    engine::Person {
        home: variable("HOME").map(PathBuf::from),
        ssh_agent: variable("SSH_AUTH_SOCK").map(PathBuf::from),
        certificates: variable("SSL_CERT_FILE").map(PathBuf::from),
    }
}

fn retries(file: &RetryFile) -> RetryPolicy {
    let default = RetryPolicy::default();
    RetryPolicy {
        most: file.most.unwrap_or(default.most),
        first: file.first_seconds.map_or(default.first, Duration::from_secs),
        longest: file.longest_seconds.map_or(default.longest, Duration::from_secs),
    }
}

/// Whether there is an agent of that name: built in, or in the configuration.
fn is_agent(name: &str, commands: &[Custom], acp: &[Acp], models: &[Direct]) -> bool {
    agents::builtin().iter().any(|driver| driver.name() == name)
        || commands.iter().any(|agent| agent.name == name)
        || acp.iter().any(|agent| agent.name == name)
        || models.iter().any(|agent| agent.name == name)
}

/// The bounds of each run's jobs.
fn bounds(file: &LimitsFile) -> runner::Limits {
    let limits = runner::Limits::default();
    let minutes =
        |given: Option<f64>, default: u64| match given.map(|n| Duration::try_from_secs_f64(n * 60.0)) {
            None => default,
            // What is no time at all is the longest there is.
            Some(span) => span.map_or(u64::MAX, |span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        };
    let mb = |given: Option<u64>, default: u64| given.map_or(default, |mb| mb << 20);
    runner::Limits {
        silent_ms: minutes(file.silent_minutes, limits.silent_ms),
        start_ms: minutes(file.start_minutes, limits.start_ms),
        output_bytes: mb(file.output_mb, limits.output_bytes),
        memory_bytes: mb(file.memory_mb, limits.memory_bytes),
        disk_bytes: mb(file.disk_mb, limits.disk_bytes),
        processes: file.processes.unwrap_or(limits.processes),
        ..limits
    }
}

fn local_model(file: LocalModelFile) -> Result<engine::LocalModel> {
    if !file.url.starts_with("http://") {
        return Err(Error::usage(
            "local_model: the url begins with http://: it is a server of this machine or \
                                 of the network next to it, as http://127.0.0.1:11434/v1",
        ));
    }
    let key = file.key.map(|secret| accounts::resolve("local_model", "key", secret)).transpose()?;
    Ok(engine::LocalModel { url: file.url, model: file.model, key })
}

fn hindsight(file: HindsightFile, local: bool) -> Result<engine::HindsightOptions> {
    if let Some(model) = file.model.as_ref().filter(|model| !local || model.value.trim().is_empty()) {
        return Err(Error::usage(format!(
            "line {}: hindsight: `model` is another model at the endpoint of `local_model`: say that one, too",
            model.referenced.line()
        )));
    }
    Ok(engine::HindsightOptions { off: file.off, model: file.model.map(|model| model.value) })
}

fn brain(file: BrainFile, is_agent: &dyn Fn(&str) -> bool) -> Result<engine::BrainOptions> {
    let agent = file.agent.map(|text| {
        let rung = domain::supervise::Rung::parse(&text.value).filter(|rung| is_agent(&rung.agent));
        rung.ok_or_else(|| {
            let line = text.referenced.line();
            Error::usage(format!("line {line}: brain: `{}` is no agent that is known here", text.value))
        })
    });
    Ok(engine::BrainOptions { agent: agent.transpose()?, confirm: file.confirm })
}

/// Where the agents keep their logs, as they find it themselves.
fn session_logs() -> Vec<engine::SessionLogs> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let Some(home) = set("HOME") else { return Vec::new() };
    let place = |format: Format| match format {
        Format::Claude => set("CLAUDE_CONFIG_DIR").unwrap_or_else(|| home.join(".claude")).join("projects"),
        Format::Codex => set("CODEX_HOME").unwrap_or_else(|| home.join(".codex")).join("sessions"),
        Format::Gemini => home.join(".gemini/tmp"),
        Format::Qwen => home.join(".qwen/projects"),
    };
    Format::ALL.map(|format| engine::SessionLogs { format, dir: place(format) }).into()
}

fn of_file(name: &str, file: ProjectFile, dir: &Path, is_agent: &dyn Fn(&str) -> bool) -> Result<Project> {
    let wrong = |what: &str| Error::usage(format!("project `{name}`: {what}"));
    let isolation = match file.isolation.as_deref() {
        None => Isolation::Sandbox,
        Some(text) => Isolation::parse(text).ok_or_else(|| wrong("isolation is `sandbox` or `none`"))?,
    };
    if file.priority.is_some_and(|priority| !(1..=9).contains(&priority)) {
        return Err(wrong("priority is 1 (most urgent) to 9"));
    }
    let policy = policy::policy(name, file.policy, file.review.is_some(), is_agent)?;
    let writer = file.agent.as_deref();
    let review = file.review.map(|file| policy::review(name, file, writer, is_agent)).transpose()?;
    let known = Project::new(name, file.repo);
    Ok(Project {
        base: file.base,
        agent: file.agent,
        fallback: file.fallback,
        accounts: file.accounts,
        aliases: file.aliases,
        sensitive: file.sensitive,
        priority: file.priority.unwrap_or(project::DEFAULT_PRIORITY),
        concurrency: file.concurrency.unwrap_or(known.concurrency),
        isolation,
        setup: file.setup,
        checks: file.checks.into_iter().map(|(name, check)| check.named(name)).collect(),
        budget: Budget { run_usd: file.budget.run_usd, month_usd: file.budget.month_usd },
        copy: file.copy.unwrap_or(known.copy.clone()),
        network: file.network,
        policy,
        review,
        timeout: file.timeout_minutes.map_or(known.timeout, Duration::from_mins),
        tools: file.tools.map(|tools| policy::tools(name, tools)).transpose()?,
        repaired: file.repaired,
        collisions: file.collisions,
        stuck: match file.stuck {
            None => known.stuck,
            Some(stuck) => stuck.thresholds().map_err(|what| wrong(&what))?,
        },
        continuation_in_repo: file.continuation_in_repo,
        prompts: templates(dir, file.prompts).map_err(|why| wrong(&why))?,
        prompt_tokens: file.prompt_tokens.unwrap_or(known.prompt_tokens),
        ..known
    })
}

/// The templates in `files`, tried once.
fn templates(
    dir: &Path,
    files: BTreeMap<String, PathBuf>,
) -> std::result::Result<BTreeMap<String, String>, String> {
    let read = |(name, file): (String, PathBuf)| {
        let path = dir.join(file);
        let text = std::fs::read_to_string(&path);
        let text = text
            .map_err(|error| format!("the prompt `{name}` in {} cannot be read: {error}", path.display()))?;
        Ok((name, text))
    };
    let templates = files.into_iter().map(read).collect::<std::result::Result<_, String>>()?;
    engine::prompt::complaint(&templates).map_or(Ok(templates), Err)
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_with_their_line() {
        let wrong =
            parse("concurrency: 2\nprojects:\n  shop:\n    repo: /srv/shop\n    chekcs: {}\n").unwrap_err();
        assert!(wrong.contains("line 5") && wrong.contains("chekcs"), "{wrong}");
        assert!(parse("concurrency: many\n").unwrap_err().contains("line 1"));
        assert!(parse("# nothing yet\n").is_ok());
    }

    #[test]
    fn rules_are_checked_by_line_and_by_name() {
        let wrong = parse(
            "routes:\n  - when: {kind: [testing]}\n    use: [qwen]\n  - when: {kind: [tests]}\n    use: [qwen]\n",
        );
        assert!(wrong.unwrap_err().contains("line 4"));
        assert!(parse("routes:\n  - use: [claude/]\n").unwrap_err().contains("line 2"));
        let said = |text: &str| {
            let file = parse(text).unwrap();
            options(file, Path::new("/nowhere"), Path::new("/nowhere"), PathBuf::new())
                .map(|options| options.routing)
        };
        insta::assert_snapshot!(said("routes: [{use: [quen]}]").unwrap_err().message,
            @"routes: rule 1 names the agent `quen`; known are: claude, codex, gemini, qwen, opencode, aider, rehearsal");
        assert!(
            said("routes: [{when: {project: shop}, use: [qwen]}]").unwrap_err().message.contains("`shop`")
        );
        assert!(said("routing: {explore: 5}").unwrap_err().message.contains("0 (never) to 0.5"));
        let rules =
            said("routes: [{when: {gpu: true}, use: [qwen, claude/opus]}]\nrouting: {explore: 0}").unwrap();
        assert_eq!(rules.rules[0].uses[1].model.as_deref(), Some("opus"));
        assert!(rules.explore < f64::EPSILON);
    }

    #[test]
    fn hindsight_is_read_strictly_and_what_it_advises_can_be_read() {
        let said = |text: &str| {
            let file = parse(text).map_err(Error::usage)?;
            options(file, Path::new("/nowhere"), Path::new("/nowhere"), PathBuf::new())
                .map(|options| options.hindsight)
        };
        assert!(said("hindsight: {of: true}").unwrap_err().message.contains("line 1"));
        insta::assert_snapshot!(said("concurrency: 2\nhindsight: {model: small}").unwrap_err().message, @r"
        line 2: hindsight: `model` is another model at the endpoint of `local_model`: say that one, too
        ");
        let local = "local_model: {url: 'http://127.0.0.1:1/v1', model: big}\n";
        assert_eq!(
            said(&format!("{local}hindsight: {{model: small}}")).unwrap().model.as_deref(),
            Some("small")
        );
        assert!(said("hindsight: {off: true}").unwrap().off);
        for project in ["shop", "on", "a: b", "7"] {
            let project = Project::new(project, "/srv/x y#z");
            let mut facts = domain::hindsight::Facts::default();
            facts.sent_back = 2;
            let setting = domain::hindsight::Setting { project: &project, agents: &[] };
            let found = domain::hindsight::rules::look(&facts, &setting);
            assert_eq!(found.advice.len(), 1);
            said(&found.advice[0].snippet).unwrap();
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let file = parse("agents:\n  claude:\n    env:\n      ANTHROPIC_API_KEY: hunter2\n").unwrap();
        assert!(!format!("{file:?}").contains("hunter2"));
    }
}
