//! Secrets that stand in the file in clear: what is shown of it has a mark in their place, and what is written back with
//! the mark has them again.

use serde_json::Value;

use crate::edit::{Change, Refused, change};
use crate::parse;

/// What stands for the nth secret.
fn mark(n: usize) -> String {
    format!("(secret {n}, kept in the file)")
}

/// A text without its secrets.
#[derive(Clone)]
pub struct Hidden {
    text: String,
    /// Each secret's path and value, with the lines that hold it in both texts where that is one.
    secrets: Vec<(Vec<String>, String)>,
    lines: Vec<(String, String)>,
}

/// The text with a mark for each secret.
pub fn hide(text: &str) -> Result<Hidden, Refused> {
    let mut secrets = Vec::new();
    find(&parse(text)?, &mut Vec::new(), &mut secrets);
    let marked = secrets
        .iter()
        .enumerate()
        .map(|(n, (path, _))| Change { path: path.clone(), to: Some(Value::from(mark(n + 1))) });
    let shown = change(text, &marked.collect::<Vec<_>>())?;
    let (before, after): (Vec<_>, Vec<_>) = (text.lines().collect(), shown.lines().collect());
    let mut lines = Vec::new();
    if before.len() == after.len() {
        let pairs = after.iter().zip(&before).filter(|(shown, real)| shown != real);
        lines.extend(pairs.map(|(shown, real)| ((*shown).to_owned(), (*real).to_owned())));
    }
    Ok(Hidden { text: shown, secrets, lines })
}

impl Hidden {
    /// What may be shown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A text that was made from what was shown, with the secrets in it again.
    pub fn restore(&self, shown: &str) -> Result<String, Refused> {
        // Lines that nobody touched come back exactly as they were.
        let back = |line: &str| {
            let known = self.lines.iter().find(|(shown, _)| shown == line);
            known.map_or_else(|| line.to_owned(), |(_, real)| real.clone())
        };
        let mut text: String = shown.lines().map(back).collect::<Vec<_>>().join("\n");
        if shown.ends_with('\n') {
            text.push('\n');
        }
        let mut marks = Vec::new();
        find(&parse(&text)?, &mut Vec::new(), &mut marks);
        let changes = marks.into_iter().filter_map(|(path, value)| {
            let at = (0..self.secrets.len()).find(|n| value == mark(n + 1))?;
            Some(Change { path, to: Some(Value::from(self.secrets[at].1.clone())) })
        });
        change(&text, &changes.collect::<Vec<_>>())
    }
}

/// Where secrets may stand: variables of agents and their accounts, the key of the local model.
fn find(value: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let secret = matches!(
        names.as_slice(),
        ["agents", _, "env", _] | ["agents", _, "accounts", _, "env", _] | ["local_model", "key"]
    );
    match value {
        Value::Object(map) if !secret => {
            for (name, value) in map {
                path.push(name.clone());
                find(value, path, found);
                path.pop();
            }
        }
        // A reference is a mapping, and none.
        Value::Object(_) | Value::Null => {}
        Value::String(text) if secret => found.push((path.clone(), text.clone())),
        value if secret => found.push((path.clone(), value.to_string())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "agents:\n  claude:\n    env:\n      KEY: 'hunter2' # mine\n      OTHER: {env: FROM}\n    accounts:\n      work: {env: {TOKEN: s3cret}, reserve: 5}\nlocal_model: {url: 'http://127.0.0.1:1/v1', model: m, key: k3y}\n";

    #[test]
    fn no_secret_is_shown_and_each_comes_back() {
        let hidden = hide(FILE).unwrap();
        for secret in ["hunter2", "s3cret", "k3y"] {
            assert!(!hidden.text().contains(secret), "{}", hidden.text());
        }
        assert!(hidden.text().contains("FROM") && hidden.text().contains("# mine"));
        assert_eq!(hidden.restore(hidden.text()).unwrap(), FILE, "untouched it is what it was");
        // Changed beside them, and moved.
        let changed = hidden.text().replace("reserve: 5", "reserve: 6").replace("      KEY", "      KEY2");
        let back = parse(&hidden.restore(&changed).unwrap()).unwrap();
        assert_eq!(back["agents"]["claude"]["env"]["KEY2"], "hunter2");
        assert_eq!(back["agents"]["claude"]["accounts"]["work"]["env"]["TOKEN"], "s3cret");
    }
}
