//! The house's own rules, which no compiler knows: who may depend on whom, how long files are, how they
//! open, what they may be called, and that the architecture document is true.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which of our crates each may use. A new edge is a decision: write the reason in `docs/adr`.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("runner", &[]),
    ("workspace", &[]),
    ("store", &["domain"]),
    ("agents", &["domain"]),
    ("api", &["domain"]),
    ("gateway", &["domain"]),
    ("mcp", &[]),
    ("push", &[]),
    ("settings", &[]),
    ("simulator", &["domain"]),
    ("engine", &["agents", "domain", "gateway", "push", "runner", "settings", "store", "workspace"]),
    ("server", &["api", "domain", "engine", "mcp", "store"]),
    (
        "cli",
        &["agents", "api", "domain", "engine", "gateway", "mcp", "runner", "server", "simulator", "store"],
    ),
    ("testkit", &["domain", "store"]),
];

/// Libraries with one home each; tests may use them anywhere.
const HOMES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("postgres", &["store"]),
    ("axum", &["server", "testkit"]),
    ("ureq", &["api", "cli", "engine"]),
    ("hyper", &["gateway"]),
    ("rustls", &["engine", "gateway", "testkit"]),
    ("rmcp", &["mcp"]),
    ("clap", &["cli"]),
    ("ratatui", &["cli"]),
    ("yaml-edit", &["settings"]),
    ("p256", &["push", "testkit"]),
];

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "common", "misc", "manager", "helper", "helpers", "base", "service", "impl", "core"];

const LONGEST: usize = 600;

/// Every complaint about the tree at `root`.
pub(crate) fn look(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let crates = manifests(root);
    layers(&crates, &mut found);
    let architecture = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap_or_default();
    for name in crates.keys() {
        if !architecture.contains(&format!("`{name}`")) && !architecture.contains(&format!("{name}/")) {
            found.push(format!("ARCHITECTURE.md does not name the crate `{name}`"));
        }
    }
    let mut files = Vec::new();
    for dir in ["crates", "tests", "benches", "xtask"] {
        rust_files(&root.join(dir), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        found.extend(complaints(&name, &text));
    }
    found
}

/// Our crates and the text of their manifests.
fn manifests(root: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.path().join("Cargo.toml")).ok()?;
            Some((entry.file_name().into_string().ok()?, text))
        })
        .collect()
}

fn layers(crates: &BTreeMap<String, String>, found: &mut Vec<String>) {
    for (name, manifest) in crates {
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| layer == name) else {
            found.push(format!("crate `{name}` has no place in xtask's LAYERS"));
            continue;
        };
        for used in dependencies(manifest) {
            if crates.contains_key(&used) && !allowed.contains(&used.as_str()) {
                found.push(format!("crate `{name}` may not use `{used}`"));
            }
            if let Some((_, homes)) = HOMES.iter().find(|(library, _)| *library == used)
                && !homes.contains(&name.as_str())
            {
                found.push(format!("`{used}` belongs to {}, not to `{name}`", homes.join(" and ")));
            }
        }
    }
}

/// The names under `[dependencies]`; what tests use is their own affair.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim() == "[dependencies]";
        } else if inside && let Some((name, _)) = line.split_once([' ', '=', '.']) {
            names.push(name.trim().to_owned());
        }
    }
    names.retain(|name| !name.is_empty() && !name.starts_with('#'));
    names
}

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn complaints(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > LONGEST {
        found.push(format!("{name}: {lines} lines; split it, {LONGEST} is the most"));
    }
    if !text.starts_with("//!") {
        found.push(format!("{name}: opens without saying what lives there (`//!`)"));
    }
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if EMPTY_NAMES.contains(&stem) {
        found.push(format!("{name}: `{stem}` says nothing about what is in it"));
    }
    // Put together here, so that this file does not complain of itself.
    for mark in [["to", "do!("], ["unimple", "mented!("], ["#[ig", "nore"], ["FIX", "ME"]] {
        if text.contains(&mark.concat()) {
            found.push(format!("{name}: has an unfinished mark `{}`", mark.concat()));
        }
    }
    for line in text.lines().filter(|line| line.trim_start().starts_with(&["#[al", "low("].concat())) {
        if !line.contains("reason") {
            found.push(format!("{name}: an exception without its reason: {}", line.trim()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_that_are_not_in_the_plan_are_named() {
        let manifests = [
            ("domain", "[dependencies]\nstore = { workspace = true }\n"),
            ("store", "[dependencies]\ndomain = {}\n"),
        ];
        let crates = manifests.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let mut found = Vec::new();
        layers(&crates, &mut found);
        assert_eq!(found, ["crate `domain` may not use `store`"]);
    }

    #[test]
    fn files_say_what_they_are() {
        assert_eq!(complaints("a/util.rs", "fn x() {}\n").len(), 2);
        assert!(complaints("a/spool.rs", "//! The spool.\n").is_empty());
        assert_eq!(complaints("a/b.rs", &format!("//! x\n{}", "\n".repeat(700))).len(), 1);
    }
}
