//! From what a door hands in to a task: the project found, the agent chosen, everything said plainly
//! when it cannot be.

use std::collections::BTreeMap;

use domain::mention::{Mention, mentioned};
use domain::pipeline::Step;
use domain::race;
use domain::supervise::Rung;
use domain::{
    ChosenBy, Classified, Complexity, Isolation, Judge, Kind, Nature, NewTask, Project, Said, TaskId,
    Timestamp, classify,
};

use crate::agents_here::AgentsHere;

/// Pipelines by their names.
pub type Pipelines = BTreeMap<String, Vec<Step>>;

/// What a door hands in; what is left out is chosen.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What is to be done.
    pub text: String,
    /// Path or URL of the repository.
    pub repo: Option<String>,
    /// A configured project.
    pub project: Option<String>,
    /// The agent.
    pub agent: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The branch or commit to start from.
    pub base: Option<String>,
    /// 1 to 9.
    pub priority: Option<u8>,
    /// The rehearsal agent's script.
    pub scenario: Option<String>,
    /// How runs are contained.
    pub isolation: Option<Isolation>,
    /// The idempotency key.
    pub key: Option<String>,
    /// One run and no more.
    pub once: bool,
    /// What sort of work it is; found from the text when left out.
    pub kind: Option<Kind>,
    /// How hard it is; found from the text when left out.
    pub complexity: Option<Complexity>,
    /// Whether it needs a graphics processor; found from the text when left out.
    pub gpu: Option<bool>,
    /// The steps it is done in, by the name of a pipeline; `none` for none. The project's when left out.
    pub pipeline: Option<String>,
    /// Agents that race: each does it as a task of its own, and the best verdict wins.
    pub race: Vec<Rung>,
    /// When it is to be done.
    pub deadline: Option<Timestamp>,
    /// The tasks whose work has to have landed before.
    pub after: Vec<TaskId>,
}

/// Why a request is no task. The messages are for people.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unclear {
    /// No such project.
    #[error("there is no project `{name}`; configured are: {known}")]
    NoProject {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Neither project nor repository.
    #[error("say where: give a repository (--repo PATH or URL) or a configured project (--project NAME)")]
    NoRepository,
    /// The text could be about several projects.
    #[error("the text could be about any of {candidates}: say which (--project NAME)")]
    WhichProject {
        /// Their names.
        candidates: String,
    },
    /// No such agent.
    #[error("there is no agent `{name}`; known are: {known}")]
    NoAgent {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The agent is not ready.
    #[error("the agent `{name}` cannot be used: {reason}")]
    NotReady {
        /// Which.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A part of the request is malformed.
    #[error("{0}")]
    Invalid(String),
}

/// The project a task belongs to: the configured one of that name or repository, or one made on the
/// fly with the defaults.
pub(crate) fn project_of(
    projects: &[Project],
    name: Option<&str>,
    repo: Option<&str>,
) -> Result<Project, Unclear> {
    if let Some(name) = name {
        let known = projects.iter().find(|project| project.name == name);
        return known.cloned().ok_or_else(|| Unclear::NoProject {
            name: name.into(),
            known: listed(projects.iter().map(|project| project.name.as_str())),
        });
    }
    let repo = repo.ok_or(Unclear::NoRepository)?;
    if let Some(project) = projects.iter().find(|project| project.repo == repo) {
        return Ok(project.clone());
    }
    let last = repo.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(repo);
    let name = last.strip_suffix(".git").unwrap_or(last);
    Ok(Project::new(if name.is_empty() { "repository" } else { name }, repo))
}

/// The project that the text names, and the sentence about it; nothing where it names none.
fn found_in(text: &str, projects: &[Project]) -> Result<(Option<String>, Option<String>), Unclear> {
    let has = |project: &Project, file: &str| {
        let repo = std::path::Path::new(&project.repo);
        repo.is_absolute() && repo.join(file).is_file()
    };
    match mentioned(text, projects, has) {
        Mention::One(name, why) => {
            let sentence = format!("the project is {name}: {why}");
            Ok((Some(name), Some(sentence)))
        }
        Mention::Several(names) => {
            Err(Unclear::WhichProject { candidates: listed(names.iter().map(String::as_str)) })
        }
        Mention::None => Ok((None, None)),
    }
}

/// What sort of work it is: what the person said, and for the rest the rules' answer. A model may refine that later.
fn classified(request: &Request) -> (Nature, Classified) {
    let said = Said {
        kind: request.kind.is_some(),
        complexity: request.complexity.is_some(),
        gpu: request.gpu.is_some(),
    };
    let found = classify::by_rules(&request.text);
    let nature = Nature {
        kind: request.kind.unwrap_or(found.nature.kind),
        complexity: request.complexity.unwrap_or(found.nature.complexity),
        gpu: request.gpu.unwrap_or(found.nature.gpu),
    };
    let words = [
        request.kind.map(|kind| kind.as_str().to_owned()),
        request.complexity.map(|complexity| complexity.as_str().to_owned()),
        request.gpu.map(|gpu| {
            if gpu { "that it needs a graphics processor" } else { "that it needs no graphics processor" }
                .to_owned()
        }),
    ];
    let mine: Vec<_> = words.into_iter().flatten().collect();
    let reason = match (mine.as_slice(), said.kind) {
        ([], _) => found.reason,
        (mine, true) => format!("a person said {}", mine.join(", ")),
        (mine, false) => format!("{}; a person said {}", found.reason, mine.join(", ")),
    };
    let by = if said.all() { Judge::Person } else { Judge::Rules };
    (nature, Classified { by, reason, said })
}

/// Completes a request, or says what is unclear about it.
pub(crate) fn complete(
    request: Request,
    (projects, pipelines): (&[Project], &Pipelines),
    agents: &AgentsHere,
) -> Result<NewTask, Unclear> {
    let nowhere = request.project.is_none() && request.repo.is_none();
    let (name, found) = if nowhere { found_in(&request.text, projects)? } else { (None, None) };
    let name = request.project.as_deref().or(name.as_deref());
    let project = project_of(projects, name, request.repo.as_deref())?;
    let (agent, agent_by) = match (request.agent.as_deref(), project.agent.as_deref()) {
        (Some(name), _) => (agents.usable(name)?, ChosenBy::Person),
        (None, Some(name)) => (agents.usable(name)?, ChosenBy::Project),
        (None, None) if request.scenario.is_some() => ("rehearsal".into(), ChosenBy::Person),
        // A model is its agent's: whoever names one does not want to be led elsewhere.
        (None, None) if request.model.is_some() => (agents.choose(), ChosenBy::Person),
        (None, None) => (agents.choose(), agents.chosen_by()),
    };
    if let Some(scenario) = &request.scenario {
        if agent != "rehearsal" {
            return Err(Unclear::Invalid(format!(
                "a scenario is for the rehearsal agent, not for `{agent}`"
            )));
        }
        agents::rehearsal::Scenario::parse(scenario)
            .map_err(|error| Unclear::Invalid(format!("the scenario cannot be read: {error}")))?;
    }
    let pipeline = steps(&request, &project, pipelines, agents)?;
    let (nature, classified) = classified(&request);
    Ok(NewTask {
        pipeline,
        race: None,
        project: project.name,
        repo: project.repo,
        text: request.text,
        priority: request.priority.unwrap_or(project.priority),
        agent,
        model: request.model,
        scenario: request.scenario,
        isolation: request.isolation.unwrap_or(project.isolation),
        base: request.base.or(project.base),
        key: request.key,
        parent: None,
        once: request.once,
        nature,
        deadline: request.deadline,
        after: request.after,
        agent_by,
        classified,
        found,
    })
}

/// The steps it is done in: what the person said, else the project's.
fn steps(
    request: &Request,
    project: &Project,
    pipelines: &Pipelines,
    agents: &AgentsHere,
) -> Result<Vec<Step>, Unclear> {
    let steps = match request.pipeline.as_deref() {
        // What is asked once is one run.
        None if request.once => Vec::new(),
        None => project.pipeline.clone(),
        Some("none") => Vec::new(),
        Some(_) if request.once => {
            return Err(Unclear::Invalid("what is asked once is one run: it has no pipeline".into()));
        }
        Some(name) => pipelines.get(name).cloned().ok_or_else(|| {
            let known = listed(pipelines.keys().map(String::as_str));
            Unclear::Invalid(format!("there is no pipeline `{name}`; there are {known}, and `none`"))
        })?,
    };
    for by in steps.iter().filter_map(|step| step.by.as_ref()) {
        agents.usable(&by.agent)?;
    }
    Ok(steps)
}

/// Who races: several, each ready, nobody twice.
pub(crate) fn racers(by: &[Rung], agents: &AgentsHere) -> Result<(), Unclear> {
    if !(2..=race::MOST).contains(&by.len()) {
        return Err(Unclear::Invalid(format!("a race is of 2 to {} agents: --race claude,qwen", race::MOST)));
    }
    for (n, one) in by.iter().enumerate() {
        agents.usable(&one.agent)?;
        if by[..n].contains(one) {
            return Err(Unclear::Invalid(format!(
                "`{one}` cannot race with itself: name another, or another model"
            )));
        }
    }
    Ok(())
}

pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_names_its_project() {
        for (repo, name) in [
            ("/srv/shop", "shop"),
            ("/srv/shop/", "shop"),
            ("git@example.org:team/shop.git", "shop"),
            ("https://example.org/team/shop.git", "shop"),
            ("/", "repository"),
        ] {
            assert_eq!(project_of(&[], None, Some(repo)).unwrap().name, name, "{repo}");
        }
    }

    #[test]
    fn a_configured_project_wins_over_the_defaults() {
        let configured = [Project { priority: 2, ..Project::new("shop", "/srv/shop") }];
        assert_eq!(project_of(&configured, None, Some("/srv/shop")).unwrap().priority, 2);
        insta::assert_snapshot!(project_of(&configured, Some("shoe"), None).unwrap_err(),
            @"there is no project `shoe`; configured are: shop");
    }
}
