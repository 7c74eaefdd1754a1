//! What should not be in a commit: conflict markers, secrets, build outputs, huge files.

use super::change::{Change, Changed, Status};
use super::validate::finding;
use super::verdict::{Finding, Severity};

/// Pictures and letters are looked at by people, where they are used.
fn is_picture(path: &str) -> bool {
    let ends = ["png", "jpg", "jpeg", "gif", "webp", "ico", "woff", "woff2"];
    path.rsplit_once('.').is_some_and(|(_, end)| ends.contains(&end.to_ascii_lowercase().as_str()))
}

/// More lines than a person writes in one file.
const HUGE_LINES: u32 = 20_000;

/// What is found.
pub(super) fn findings(change: &Change) -> Vec<Finding> {
    change.files.iter().filter(|file| file.status != Status::Deleted).flat_map(of_file).collect()
}

fn of_file(file: &Changed) -> Vec<Finding> {
    let at = |name: &str, severity, text: &str, line: Option<u32>| Finding {
        file: Some(file.path.clone()),
        line,
        ..finding(name, severity, text)
    };
    let mut found = Vec::new();
    let marker =
        file.added().find(|line| line.text.starts_with("<<<<<<< ") || line.text.starts_with(">>>>>>> "));
    if let Some(line) = marker {
        found.push(at(
            "conflict_markers",
            Severity::Serious,
            "a merge was left unfinished",
            Some(line.number),
        ));
    }
    if let Some(line) = file.added().find(|line| holds_secret(line.text)) {
        let text = "it holds what looks like a secret; whoever has the repository would have it";
        found.push(at("secret", Severity::Serious, text, Some(line.number)));
    }
    let new = matches!(file.status, Status::Added | Status::Renamed);
    let name = file.path.rsplit('/').next().unwrap_or_default();
    if new && (name == ".env" || name.starts_with(".env.")) && !name.ends_with("example") {
        found.push(at("secret", Severity::Serious, "a file of secrets was committed", None));
    }
    if file.binary && !is_picture(&file.path) {
        found.push(at("unseen", Severity::Warning, "it is no text, so nobody could look into it", None));
    } else if !file.binary && file.patch.is_empty() && file.insertions > 0 {
        found.push(at("unseen", Severity::Warning, "it is too large for its lines to be looked at", None));
    }
    if new && is_output(&file.path) {
        found.push(at("build_output", Severity::Warning, "what a build makes was committed", None));
    } else if file.insertions > HUGE_LINES {
        let text = format!("{} lines came in one file", file.insertions);
        found.push(at("huge_file", Severity::Warning, &text, None));
    }
    found
}

fn is_output(path: &str) -> bool {
    let outputs = ["target", "node_modules", "__pycache__", ".venv", ".pytest_cache", ".gradle", ".next"];
    let endings = [".pyc", ".o", ".class", ".so", ".dll", ".exe", ".DS_Store", ".swp"];
    let (dirs, _) = path.rsplit_once('/').unwrap_or_default();
    dirs.split('/').any(|dir| outputs.contains(&dir)) || endings.iter().any(|ending| path.ends_with(ending))
}

/// What a key begins with, and how many letters and digits follow at least.
const KEYS: &[(&str, usize)] = &[
    ("AKIA", 16),
    ("ghp_", 36),
    ("github_pat_", 50),
    ("glpat-", 20),
    ("sk-ant-", 40),
    ("sk_live_", 24),
    ("xoxb-", 40),
    ("xoxp-", 40),
    ("AIza", 35),
];

/// Forms that only keys have. The secret itself is never repeated.
pub(crate) fn holds_secret(line: &str) -> bool {
    if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY-----") {
        return true;
    }
    KEYS.iter().any(|(start, least)| {
        line.match_indices(start).any(|(at, _)| {
            let rest = line[at + start.len()..].chars();
            rest.take_while(|char| char.is_ascii_alphanumeric() || "-_".contains(*char)).count() >= *least
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::change::tests::{change, file};
    use super::*;

    #[test]
    fn what_should_not_be_committed() {
        let key = format!("+key = \"AKIA{}\"", "A1".repeat(8));
        let found = findings(&change(&[
            ("a.rs", "+<<<<<<< HEAD\n+x\n+=======\n+y\n+>>>>>>> b"),
            ("b.py", &key),
            ("c.md", "+Title\n+======="),
        ]));
        let names: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.line)).collect();
        assert_eq!(names, [("conflict_markers", Some(1)), ("secret", Some(1))]);
        assert!(!found[1].text.contains("AKIA"), "not repeated");
        let new = |path| Changed { status: Status::Added, ..file(path, "+x") };
        let files =
            vec![new("web/node_modules/a/b.js"), new(".env"), new("src/target.rs"), new(".env.example")];
        let names: Vec<_> = findings(&Change { files }).into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["build_output", "secret"]);
        let unseen = Changed { patch: String::new(), insertions: 9, ..file("a.rs", "+x") };
        let files = vec![
            unseen,
            Changed { binary: true, ..file("tool", "") },
            Changed { binary: true, ..file("a.png", "") },
        ];
        let names: Vec<_> = findings(&Change { files }).into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["unseen", "unseen"], "what nobody saw is never approved by the policy");
    }
}
