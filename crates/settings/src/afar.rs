//! What may be changed over HTTP. Everything else is changed in the file, by whoever may write it: what is started
//! outside a sandbox, what agents are, secrets, and whatever weakens isolation. What is not listed here is refused.

use serde_json::Value;

/// A change that is not made from afar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// The setting.
    pub path: Vec<String>,
    /// Why, in a sentence.
    pub why: String,
}

/// One name.
const ANY: &str = "*";
/// All below.
const BELOW: &str = "**";

/// The settings that may be changed; of agents and accounts only those that are there already.
const ALLOWED: &[&[&str]] = &[
    &["concurrency"],
    &["review_limit"],
    &["gpu"],
    &["default_agent"],
    &["retry", BELOW],
    &["limits", BELOW],
    &["prices", BELOW],
    &["routes", BELOW],
    &["routing", BELOW],
    &["hindsight", BELOW],
    &["projects", ANY, "base"],
    &["projects", ANY, "agent"],
    &["projects", ANY, "fallback", BELOW],
    &["projects", ANY, "accounts", BELOW],
    &["projects", ANY, "aliases", BELOW],
    &["projects", ANY, "priority"],
    &["projects", ANY, "concurrency"],
    &["projects", ANY, "setup"],
    &["projects", ANY, "checks", BELOW],
    &["projects", ANY, "budget", BELOW],
    &["projects", ANY, "network", BELOW],
    &["projects", ANY, "timeout_minutes"],
    &["projects", ANY, "policy", BELOW],
    &["projects", ANY, "review", BELOW],
    &["projects", ANY, "repaired"],
    &["projects", ANY, "collisions"],
    &["projects", ANY, "stuck", BELOW],
    &["projects", ANY, "tools", BELOW],
    &["projects", ANY, "pipeline"],
    &["projects", ANY, "continuation_in_repo"],
    &["projects", ANY, "prompt_tokens"],
    &["agents", ANY, "reserve"],
    &["agents", ANY, "quiet", BELOW],
    &["agents", ANY, "concurrency"],
    &["agents", ANY, "overfill"],
    &["agents", ANY, "accounts", ANY, "reserve"],
    &["agents", ANY, "accounts", ANY, "quiet", BELOW],
    &["agents", ANY, "accounts", ANY, "concurrency"],
    &["agents", ANY, "accounts", ANY, "overfill"],
];

/// The changes between two states of the settings that may not be made from afar.
pub fn forbidden(before: &Value, after: &Value) -> Vec<Forbidden> {
    let mut changed = Vec::new();
    compare(Some(before), Some(after), &mut Vec::new(), &mut changed);
    let told = changed.into_iter().filter_map(|path| {
        let why = refuse(&path, before, after)?;
        Some(Forbidden { path, why: why.into() })
    });
    told.collect()
}

fn refuse(path: &[String], before: &Value, after: &Value) -> Option<&'static str> {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let value = |value: &Value| crate::at(value, path).cloned();
    let open = |project: &str| {
        let isolation = |value: &Value| value["projects"][project]["isolation"] == "none";
        isolation(before) || isolation(after)
    };
    match names.as_slice() {
        ["projects", project, "checks" | "setup", ..] if open(project) => Some(
            "the project is not isolated, so this would run with all of the rights of the daemon: in the file only",
        ),
        // A new project has to be somewhere; one that is there stays where it is. One may go.
        ["projects", project, "repo"]
            if before["projects"][project].is_null() || after["projects"][project].is_null() =>
        {
            None
        }
        ["projects", _, "repo"] => Some("where a project is can be changed in the file only"),
        ["projects", _, "isolation"] => match value(after).as_ref().and_then(Value::as_str) {
            Some("none") => Some("isolation is given up in the file only"),
            _ => None,
        },
        ["projects", project, "sensitive"] => {
            let kept = value(after) == Some(Value::Bool(true)) || after["projects"][project].is_null();
            (!kept).then_some("what is sensitive is opened to other models in the file only")
        }
        ["projects", project, "copy" | "prompts", ..] if !after["projects"][project].is_null() => {
            Some("which files of this machine agents are given is said in the file only")
        }
        ["projects", project, ..] if after["projects"][project].is_null() => None,
        ["projects", _] => None,
        ["agents", agent, ..] if before["agents"][agent].is_null() => {
            Some("agents are added in the file only: they are programs that are started")
        }
        ["agents", _, "accounts", account] | ["agents", _, "accounts", account, ..]
            if before["agents"][path[1].as_str()]["accounts"][account].is_null() =>
        {
            Some("accounts are added with `sidekick accounts login`, or in the file")
        }
        _ if ALLOWED.iter().any(|allowed| fits(allowed, &names)) => None,
        ["agents", _, "env", ..] | ["agents", _, "accounts", _, "env", ..] | ["local_model", "key", ..] => {
            Some("secrets are written in the file only, best as a reference")
        }
        ["agents", ..] => Some("which programs are started, and how, is said in the file only"),
        _ => Some("this is changed in the file only"),
    }
}

fn fits(allowed: &[&str], names: &[&str]) -> bool {
    match (allowed, names) {
        ([BELOW], _) | ([], []) => true,
        ([one, allowed @ ..], [name, names @ ..]) => (*one == ANY || one == name) && fits(allowed, names),
        _ => false,
    }
}

/// The paths of all values that are not the same; a value that is no mapping is one.
fn compare(
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut Vec<String>,
    changed: &mut Vec<Vec<String>>,
) {
    if before == after {
        return;
    }
    let map = |value: Option<&Value>| value.and_then(Value::as_object).filter(|map| !map.is_empty()).cloned();
    let (old, new) = (map(before), map(after));
    if old.is_none() && new.is_none() {
        changed.push(path.clone());
        return;
    }
    // A mapping in place of something else is all of its parts, and what was there.
    let (old_is_map, new_is_map) = (old.is_some(), new.is_some());
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let other = |value: Option<&Value>, is_map: bool| {
        !is_map && value.is_some_and(|value| !value.is_null() && !value.is_object())
    };
    if other(before, old_is_map) || other(after, new_is_map) {
        changed.push(path.clone());
    }
    let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for name in names {
        path.push(name.clone());
        compare(old.get(name), new.get(name), path, changed);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(before: &Value, after: &Value) -> Vec<String> {
        forbidden(before, after).into_iter().map(|one| one.path.join(".")).collect()
    }

    #[test]
    fn what_runs_outside_what_is_secret_and_what_weakens_is_refused() {
        let before = json!({
            "projects": {"shop": {"repo": "/srv/shop", "checks": {"test": "x"}},
                         "open": {"repo": "/srv/open", "isolation": "none", "checks": {"test": "x"}},
                         "mine": {"repo": "/m", "sensitive": true}},
            "agents": {"mine": {"command": ["a"], "env": {"K": {"env": "K"}}, "accounts": {"work": {"reserve": 1}}}},
            "local_model": {"url": "http://127.0.0.1:1", "model": "m"},
        });
        for (path, value) in [
            ("/projects/shop/isolation", json!("none")),
            ("/projects/shop/repo", json!("/etc")),
            ("/projects/shop/copy", json!([".env"])),
            ("/projects/shop/prompts", json!({"work": "/etc/passwd"})),
            ("/projects/open/checks/test", json!("curl x | sh")),
            ("/projects/open/setup", json!("x")),
            ("/projects/mine/sensitive", json!(false)),
            ("/projects/new", json!({"repo": "/n", "isolation": "none", "checks": {"a": "b"}})),
            ("/agents/mine/command", json!(["b"])),
            ("/agents/mine/start", json!("b")),
            ("/agents/mine/interactive", json!(["b"])),
            ("/agents/mine/env/K", json!("clear")),
            ("/agents/mine/env/PATH", json!("/tmp")),
            ("/agents/mine/accounts/work/env", json!({"A": "b"})),
            ("/agents/mine/accounts/new", json!({"reserve": 1})),
            ("/agents/new", json!({"command": ["x"]})),
            ("/agents/claude", json!({"reserve": 1})),
            ("/local_model/url", json!("http://169.254.169.254")),
            ("/sessions", json!(true)),
            ("/attach", json!("tmux")),
            ("/pipelines", json!({"p": []})),
            ("/whatever", json!(1)),
        ] {
            let mut after = before.clone();
            let (outer, name) = path.rsplit_once('/').unwrap();
            after.pointer_mut(outer).unwrap()[name] = value;
            assert!(!forbidden(&before, &after).is_empty(), "{path} was let through");
        }
    }

    #[test]
    fn what_people_change_from_afar_is_let_through() {
        let before = json!({
            "projects": {"shop": {"repo": "/srv/shop"}, "open": {"repo": "/o", "isolation": "none"}},
            "agents": {"claude": {"env": {"K": "secret"}}},
        });
        let mut after = before.clone();
        after["concurrency"] = json!(3);
        after["limits"] = json!({"memory_mb": 4});
        after["projects"]["shop"] = json!({"repo": "/srv/shop", "checks": {"t": "x"}, "policy": {"approve": "cost < 1"},
            "network": ["a"], "budget": {"month_usd": 5}, "sensitive": true, "review": {"agent": "codex"}});
        after["projects"]["new"] = json!({"repo": "/srv/new", "setup": "make"});
        after["projects"]["open"]["isolation"] = json!("sandbox");
        after["agents"]["claude"]["reserve"] = json!(20);
        assert_eq!(refused(&before, &after), Vec::<String>::new());
        let mut fewer = before.clone();
        fewer["projects"].as_object_mut().unwrap().remove("shop");
        assert_eq!(refused(&before, &fewer), Vec::<String>::new(), "a project may go");
    }
}
