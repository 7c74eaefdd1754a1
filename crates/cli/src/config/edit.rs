//! Adding to the person's configuration file as text: nothing else in it changes.

use std::path::Path;

use super::parse;
use crate::args::AddProject;
use crate::error::{Error, Result};

/// Adds a project. The file is replaced whole or stays as it is.
pub(crate) fn add_project(file: &Path, project: &AddProject, repo: &str) -> Result<()> {
    let failed = |error: std::io::Error| Error::usage(format!("{}: {error}", file.display()));
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let known = parse(&text).map_err(|said| Error::usage(format!("{}: {said}", file.display())))?;
    if known.projects.contains_key(&project.name) {
        return Err(Error::usage(format!("there is a project `{}` already", project.name))
            .hint(format!("Change it in {}.", file.display())));
    }
    let added = with_project(&text, project, repo)?;
    let by_hand = |why: String| {
        Error::usage(format!("the project cannot be added to {}: {why}", file.display()))
            .hint("Write it into the file by hand; the README shows how.")
    };
    let parsed = parse(&added).map_err(by_hand)?;
    if parsed.projects.len() != known.projects.len() + 1 || !parsed.projects.contains_key(&project.name) {
        return Err(by_hand("its projects are not written as a block".into()));
    }
    let next = file.with_extension("yaml.new");
    std::fs::write(&next, added).and_then(|()| std::fs::rename(&next, file)).map_err(failed)
}

fn with_project(text: &str, project: &AddProject, repo: &str) -> Result<String> {
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let key = |line: &String| line.starts_with("projects:");
    let at = lines.iter().position(key).unwrap_or_else(|| {
        lines.push("projects:".into());
        lines.len() - 1
    }) + 1;
    // As deep as what is there.
    let first =
        lines[at..].iter().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let depth = first.map_or(0, |line| line.len() - line.trim_start().len());
    let indent = " ".repeat(if depth == 0 { 2 } else { depth });
    // A JSON string is a YAML string.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut block = vec![
        format!("{indent}{}:", quoted(&project.name)),
        format!("{indent}{indent}repo: {}", quoted(repo)),
    ];
    let given = [("base", &project.base), ("agent", &project.agent), ("setup", &project.setup)];
    for (name, value) in given {
        block.extend(value.iter().map(|value| format!("{indent}{indent}{name}: {}", quoted(value))));
    }
    if !project.checks.is_empty() {
        block.push(format!("{indent}{indent}checks:"));
    }
    for check in &project.checks {
        let (name, command) = check
            .split_once('=')
            .filter(|(name, command)| !name.trim().is_empty() && !command.trim().is_empty())
            .ok_or_else(|| {
                Error::usage(format!("`--check {check}` is not NAME=COMMAND, as in --check test='npm test'"))
            })?;
        block.push(format!("{indent}{indent}{indent}{}: {}", quoted(name.trim()), quoted(command.trim())));
    }
    lines.splice(at..at, block);
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> AddProject {
        AddProject {
            name: "shop".into(),
            repo: None,
            base: None,
            agent: Some("claude".into()),
            setup: None,
            checks: vec!["test=npm test -- --grep \"a: b\"".into()],
        }
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        for (before, after) in [
            (
                "",
                "projects:\n  \"shop\":\n    repo: \"/srv/shop\"\n    agent: \"claude\"\n    checks:\n      \"test\": \"npm test -- --grep \\\"a: b\\\"\"\n",
            ),
            (
                "# mine\nconcurrency: 2\nprojects:\n    # the first\n    web: {repo: /srv/web} # no checks\nretry: {most: 1}\n",
                "# mine\nconcurrency: 2\nprojects:\n    \"shop\":\n        repo: \"/srv/shop\"\n        agent: \"claude\"\n        checks:\n            \"test\": \"npm test -- --grep \\\"a: b\\\"\"\n    # the first\n    web: {repo: /srv/web} # no checks\nretry: {most: 1}\n",
            ),
        ] {
            let added = with_project(before, &shop(), "/srv/shop").unwrap();
            assert_eq!(added, after);
            assert!(parse(&added).unwrap().projects.contains_key("shop"));
        }
    }

    #[test]
    fn what_is_not_understood_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sidekick.yaml");
        for text in
            ["projects: {web: {repo: /srv/web}}\n", "projects: {}\n", "projects:\n  shop: {repo: /srv}\n"]
        {
            std::fs::write(&file, text).unwrap();
            assert!(add_project(&file, &shop(), "/srv/shop").is_err(), "{text}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }
}
