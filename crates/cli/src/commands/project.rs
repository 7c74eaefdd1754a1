//! `sidekick project`: lists, shows and adds projects. They live in `sidekick.yaml`, which stays the person's:
//! what is added is added as text, and comments stay where they are.

use std::process::ExitCode;

use api::{Page, ProjectView};

use super::look;
use crate::args::{AddProject, Args, ProjectAction};
use crate::config;
use crate::error::{Error, Exit, Result};
use crate::places::Places;
use crate::ui::{Tone, Ui};

pub(crate) fn project(args: &Args, action: Option<&ProjectAction>, ui: &Ui) -> Result<ExitCode> {
    match action {
        None | Some(ProjectAction::List) => list(args, ui),
        Some(ProjectAction::Show { name }) => show(args, name, ui),
        Some(ProjectAction::Add(project)) => add(args, project, ui),
    }
}

fn list(args: &Args, ui: &Ui) -> Result<ExitCode> {
    let page: Page<ProjectView> = look(args)?.client.get("/api/projects")?;
    if ui.json {
        ui.json(&page.items);
        return Ok(ExitCode::SUCCESS);
    }
    if page.items.is_empty() {
        ui.out("No projects. Any repository can be worked on with --repo; `sidekick project add NAME` gives one its rules.");
    }
    let rows = page.items.iter().map(|project| {
        let checks: Vec<_> = project.checks.keys().map(String::as_str).collect();
        let checks =
            if checks.is_empty() { "no checks".into() } else { format!("checks: {}", checks.join(", ")) };
        vec![(Tone::Strong, project.name.clone()), (Tone::Dim, project.repo.clone()), (Tone::Dim, checks)]
    });
    ui.table(&rows.collect::<Vec<_>>());
    Ok(ExitCode::SUCCESS)
}

fn show(args: &Args, name: &str, ui: &Ui) -> Result<ExitCode> {
    let page: Page<ProjectView> = look(args)?.client.get("/api/projects")?;
    let project = page.items.into_iter().find(|project| project.name == name).ok_or_else(|| Error {
        exit: Exit::NotFound,
        message: format!("there is no project `{name}`"),
        hint: Some("`sidekick project` lists them.".into()),
    })?;
    if ui.json {
        ui.json(&project);
        return Ok(ExitCode::SUCCESS);
    }
    let unset = |value: &Option<String>, word: &str| value.clone().unwrap_or_else(|| word.into());
    let mut rows = vec![
        ("repository", project.repo.clone()),
        ("starts from", unset(&project.base, "the repository's current branch")),
        ("agent", unset(&project.agent, "chosen")),
        ("priority", format!("{} of 9", project.priority)),
        ("isolation", project.isolation.clone()),
        ("runs at once", project.concurrency.to_string()),
        ("time limit", format!("{} min", project.timeout_minutes)),
        ("setup", unset(&project.setup, "none")),
    ];
    rows.extend(project.checks.iter().map(|(name, command)| ("check", format!("{name}: {command}"))));
    rows.extend(project.coverage.iter().map(|(name, report)| ("coverage", format!("{name}: {report}"))));
    rows.extend(project.network.iter().map(|host| ("may reach", host.clone())));
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, text)| vec![(Tone::Dim, name.to_owned()), (Tone::Strong, text)])
        .collect();
    ui.table(&rows);
    Ok(ExitCode::SUCCESS)
}

fn add(args: &Args, project: &AddProject, ui: &Ui) -> Result<ExitCode> {
    let places = Places::open(args.data_dir.as_deref())?;
    let repo = super::run::located(project.repo.as_deref().unwrap_or("."))?;
    let file = args.config.clone().unwrap_or_else(|| places.data.join(config::FILE));
    config::add_project(&file, project, &repo)?;
    if ui.json {
        ui.json(&serde_json::json!({ "project": project.name, "repo": repo, "file": file }));
    }
    ui.say(format!("`{}` is added to {}.", project.name, file.display()));
    if places.read_daemon().is_some_and(|daemon| daemon.is_alive()) {
        ui.say("The running daemon knows it from its next start on.");
    }
    Ok(ExitCode::SUCCESS)
}
