//! Changing single values in the text: nothing else in it changes, and the result is proven to mean what was wanted.

use std::str::FromStr;

use serde_json::{Map, Value};
use yaml_edit::{Document, Mapping};

use crate::{Wrong, parse};

/// The deepest a path goes.
const DEEPEST: usize = 8;

/// A value that is to be another.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where: names from the outside in.
    pub path: Vec<String>,
    /// What it becomes; removed when `None`.
    pub to: Option<Value>,
}

/// Why text was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is no settings file.
    #[error(transparent)]
    Wrong(#[from] Wrong),
    /// The path leads nowhere.
    #[error("`{0}` is no place for a setting")]
    Nowhere(String),
    /// The way the file is written there is beyond this.
    #[error("`{0}` is written in a way that cannot be changed from here; change it in the text")]
    Beyond(String),
}

/// The text with the changes.
pub fn change(text: &str, changes: &[Change]) -> Result<String, Refused> {
    changes.iter().try_fold(text.to_owned(), |text, one| change_one(&text, one))
}

fn change_one(text: &str, change: &Change) -> Result<String, Refused> {
    let said = change.path.join(".");
    if change.path.is_empty() || change.path.len() > DEEPEST {
        return Err(Refused::Nowhere(said));
    }
    let before = parse(text)?;
    let mut wanted = before.clone();
    put(&mut wanted, &change.path, change.to.clone()).ok_or_else(|| Refused::Nowhere(said.clone()))?;
    if wanted == before {
        return Ok(text.to_owned());
    }
    let beyond = || Refused::Beyond(said.clone());
    let after = written(text, change).ok_or_else(beyond)?;
    // The proof: what is there now means what was there with this one change, and no comment is lost beside it.
    let proven = parse(&after).is_ok_and(|now| now == wanted);
    let kept = change.to.is_none() || comments(text).iter().all(|comment| comments(&after).contains(comment));
    if proven && kept { Ok(after) } else { Err(beyond()) }
}

/// The comments that have a line of their own.
fn comments(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| line.starts_with('#')).collect()
}

/// Puts a value into values; `None` when something that is no mapping is in the way.
fn put(value: &mut Value, path: &[String], to: Option<Value>) -> Option<()> {
    let (name, rest) = path.split_first()?;
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    let map = value.as_object_mut()?;
    if !rest.is_empty() {
        if to.is_none() && map.get(name).is_none_or(Value::is_null) {
            return Some(());
        }
        return put(map.entry(name).or_insert(Value::Null), rest, to);
    }
    match to {
        Some(to) => drop(map.insert(name.clone(), to)),
        None => drop(map.remove(name)),
    }
    Some(())
}

fn written(text: &str, change: &Change) -> Option<String> {
    let nothing = parse(text).is_ok_and(|value| value.as_object().is_some_and(Map::is_empty));
    if nothing {
        // Comments alone, or nothing: it is added below.
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return Some(format!("{text}{gap}{}", block(&nested(&change.path, change.to.clone()?), 0)));
    }
    let document = Document::from_str(text).ok()?;
    let (mut mapping, mut path) = (document.as_mapping()?, change.path.as_slice());
    while let [name, rest @ ..] = path
        && !rest.is_empty()
        && let Some(inner) = mapping.get_mapping(name.as_str())
    {
        (mapping, path) = (inner, rest);
    }
    let (name, rest) = path.split_first()?;
    match &change.to {
        None if rest.is_empty() => drop(mapping.remove(name.as_str())?),
        None => return None,
        Some(value) => set(&mapping, name, &nested(rest, value.clone()))?,
    }
    let mut after = document.to_string();
    if text.ends_with('\n') && !after.ends_with('\n') {
        after.push('\n');
    }
    Some(after)
}

/// The value below the names of a path.
fn nested(path: &[String], value: Value) -> Value {
    path.iter().rev().fold(value, |value, name| Value::Object(Map::from_iter([(name.clone(), value)])))
}

fn set(mapping: &Mapping, name: &str, value: &Value) -> Option<()> {
    // What the library writes for plain words is what a person would; for the rest it takes a document's part.
    match value {
        Value::Bool(value) => mapping.set(name, *value),
        Value::String(text) => mapping.set(name, text.as_str()),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => mapping.set(name, number),
            (None, Some(number)) => mapping.set(name, number),
            (None, None) => return None,
        },
        Value::Null => return None,
        Value::Array(items) if items.is_empty() => {
            mapping.set(name, Document::from_str("[]").ok()?.as_sequence()?);
        }
        Value::Array(_) => {
            let flat = value.as_array().is_some_and(|items| items.iter().all(|item| !item.is_object()));
            let text = if flat { flow(value) } else { block(value, 0) };
            mapping.set(name, Document::from_str(&text).ok()?.as_sequence()?);
        }
        Value::Object(map) if map.is_empty() => {
            mapping.set(name, Document::from_str("{}").ok()?.as_mapping()?);
        }
        Value::Object(_) => mapping.set(name, Document::from_str(&block(value, 0)).ok()?.as_mapping()?),
    }
    Some(())
}

/// A value as a block of lines.
fn block(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let entries = map.iter().map(|(name, value)| match value {
                Value::Object(inner) if !inner.is_empty() => {
                    format!("{indent}{}:\n{}", word(name), block(value, depth + 1))
                }
                _ => format!("{indent}{}: {}\n", word(name), flow(value)),
            });
            entries.collect::<Vec<_>>().concat()
        }
        Value::Array(items) => {
            let lines = items.iter().map(|item| format!("{indent}- {}\n", flow(item)));
            lines.collect::<Vec<_>>().concat()
        }
        _ => format!("{indent}{}\n", flow(value)),
    }
}

/// A value within a line.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => word(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let entries = map.iter().map(|(name, value)| format!("{}: {}", word(name), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}

/// Text plainly where it cannot be taken for anything else; a JSON string is a YAML string.
fn word(text: &str) -> String {
    let plain = text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '/')
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "/_-.+@".contains(char))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const FILE: &str = "# mine\nconcurrency: 2 # two\n\nprojects:\n    # the first\n    web: {repo: /srv/web} # no checks\n    shop:\n        repo: /srv/shop   # here\n        checks:\n            test: \"npm test\"   # slow\n            # lint comes later\n        network: [a.example, b.example] # hosts\n        aliases:\n        - one # uno\n        - two\n\n# tail\nretry: {most: 1}\n";

    fn to(path: &str, to: Value) -> Change {
        Change { path: path.split('.').map(Into::into).collect(), to: Some(to) }
    }

    fn gone(path: &str) -> Change {
        Change { path: path.split('.').map(Into::into).collect(), to: None }
    }

    /// What differs, in lines.
    fn shown(changes: &[Change]) -> String {
        let after = change(FILE, changes).unwrap();
        crate::differ(FILE, &after)
            .into_iter()
            .filter(|line| line.mark != ' ')
            .map(|line| format!("{}{}", line.mark, line.text))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn one_value_changes_one_line() {
        let cases = [
            vec![to("concurrency", json!(3))],
            vec![to("projects.shop.checks.test", json!("cargo test # all"))],
            vec![to("projects.shop.checks.lint", json!("cargo clippy"))],
            vec![to("projects.web.base", json!("main"))],
            vec![to("projects.shop.network", json!(["c.example", "on", "1"]))],
            vec![to("projects.shop.aliases", json!(["x"]))],
            vec![to("limits.memory_mb", json!(4096))],
            vec![to(
                "projects.new",
                json!({"repo": "/srv/a b", "checks": {"t": "a: b"}, "budget": {"run_usd": 2.5}}),
            )],
            vec![gone("projects.web")],
            vec![gone("projects.shop.network"), gone("retry.most")],
        ];
        let told = cases.map(|changes| {
            let said = changes.iter().map(|one| {
                let to = one.to.as_ref().map_or("gone".into(), ToString::to_string);
                format!("{} -> {to}", one.path.join("."))
            });
            format!("{}\n{}\n", said.collect::<Vec<_>>().join(", "), shown(&changes))
        });
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn an_empty_file_is_begun() {
        let made =
            change("", &[to("projects.shop.repo", json!("/srv/shop")), to("concurrency", json!(2))]).unwrap();
        assert_eq!(made, "projects:\n  shop:\n    repo: /srv/shop\nconcurrency: 2\n");
        assert_eq!(change("# mine", &[to("gpu", json!(1))]).unwrap(), "# mine\ngpu: 1\n");
        assert_eq!(
            change("projects:\n# none yet\n", &[to("projects.a.repo", json!("/a"))])
                .map(|text| parse(&text).unwrap())
                .unwrap(),
            json!({"projects": {"a": {"repo": "/a"}}})
        );
    }

    #[test]
    fn what_cannot_be_proven_is_not_done() {
        assert!(matches!(change(FILE, &[to("concurrency.x", json!(1))]), Err(Refused::Nowhere(_))));
        assert!(
            matches!(change("a: [", &[to("b", json!(1))]), Err(Refused::Wrong(wrong)) if wrong.line == Some(1))
        );
        assert_eq!(change(FILE, &[gone("nothing.there")]).unwrap(), FILE);
        // Both are the same node: a change of one would change the other.
        let shared = "a: &x {k: 1}\nb: *x\n";
        match change(shared, &[to("b.k", json!(2))]) {
            Ok(text) => assert_eq!(parse(&text).unwrap(), json!({"a": {"k": 1}, "b": {"k": 2}})),
            Err(refused) => assert!(matches!(refused, Refused::Beyond(_))),
        }
    }

    /// A document of two levels with comments everywhere, as people write them.
    fn document() -> impl Strategy<Value = String> {
        let word = "[a-z]{1,6}";
        let scalar = prop_oneof![
            "[a-z]{1,8}",
            (0..1000u32).prop_map(|n| n.to_string()),
            "[a-z :#'\"\\\\é]{0,10}".prop_map(|text| Value::from(text).to_string()),
            "[a-z]{1,5}".prop_map(|text| format!("[{text}, 'b c']")),
            "[a-z]{1,5}".prop_map(|text| format!("{{x: {text}}}")),
        ];
        let comment = prop_oneof![Just(String::new()), "[ ]{1,3}# [a-z:]{0,6}".prop_map(|text| text)];
        let entry = (word, scalar, comment);
        let group = (
            word,
            prop::collection::vec(entry.clone(), 1..4),
            "[a-z ]{0,8}",
            prop_oneof![Just(2usize), Just(4)],
        );
        prop::collection::vec(
            prop_oneof![
                entry.prop_map(|entry| (None, vec![entry])),
                group.prop_map(|(name, entries, note, depth)| (Some((name, note, depth)), entries))
            ],
            1..5,
        )
        .prop_map(|parts| {
            let mut text = String::from("# head\n");
            let mut names = std::collections::HashSet::new();
            for (group, entries) in parts {
                let indent = match &group {
                    Some((name, note, depth)) => {
                        if !names.insert(name.clone()) {
                            continue;
                        }
                        text += &format!("{name}: # {note}\n");
                        " ".repeat(*depth)
                    }
                    None => String::new(),
                };
                let mut inner = std::collections::HashSet::new();
                for (name, value, comment) in entries {
                    let fresh =
                        if group.is_some() { inner.insert(name.clone()) } else { names.insert(name.clone()) };
                    if fresh {
                        text += &format!("{indent}# of {name}\n{indent}{name}: {value}{comment}\n");
                    }
                }
                text.push('\n');
            }
            text
        })
    }

    fn is_within(few: &[&str], many: &[&str]) -> bool {
        let mut many = many.iter();
        few.iter().all(|line| many.any(|other| other == line))
    }

    proptest! {
        #[test]
        fn other_lines_stay_as_they_are(text in document(), pick in 0..100usize, value in prop_oneof![Just(json!("new")), Just(json!(7)), Just(json!("a: #b")), Just(json!(["x", "y"]))]) {
            let known = parse(&text).unwrap();
            let mut paths = Vec::new();
            for (name, value) in known.as_object().unwrap() {
                match value.as_object().filter(|map| !map.is_empty()) {
                    Some(map) => paths.extend(map.keys().map(|inner| vec![name.clone(), inner.clone()])),
                    None => paths.push(vec![name.clone()]),
                }
            }
            let path = paths[pick % paths.len()].clone();
            let before: Vec<_> = text.lines().collect();
            // Set: one line goes, and only what is new comes.
            let set = change(&text, &[Change { path: path.clone(), to: Some(value.clone()) }]).unwrap();
            let after: Vec<_> = set.lines().collect();
            let lost = before.iter().filter(|line| !after.contains(line)).count();
            prop_assert!(lost <= 1, "{lost} lines changed:\n{text}\n->\n{set}");
            // Added: all lines stay, in their order.
            let mut beside = path.clone();
            *beside.last_mut().unwrap() = "zzadded".into();
            let added = change(&text, &[Change { path: beside, to: Some(value) }]).unwrap();
            let inline = path.len() > 1 && text.contains("{x:");
            prop_assert!(is_within(&before, &added.lines().collect::<Vec<_>>()) || inline, "{text}\n->\n{added}");
            // Removed: nothing comes but, at most, what says that nothing is left.
            let removed = change(&text, &[Change { path, to: None }]).unwrap();
            let come = removed.lines().filter(|line| !before.contains(line)).count();
            prop_assert!(come <= 1, "{text}\n->\n{removed}");
        }
    }
}
