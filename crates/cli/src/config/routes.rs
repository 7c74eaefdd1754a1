//! Who does what in the configuration: `routes` and `routing`.

use domain::route::{EXPLORE, Rule, Rules, Use, When};
use domain::{Complexity, Kind, Project};
use serde::Deserialize;

use crate::error::{Error, Result};

/// A rule in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    #[serde(default)]
    when: WhenFile,
    /// Agents, best first: `AGENT` or `AGENT/MODEL`.
    #[serde(rename = "use")]
    uses: Vec<UseFile>,
}

/// Tasks it is for; what is left out asks nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WhenFile {
    kind: Vec<Kind>,
    complexity: Vec<Complexity>,
    project: Option<String>,
    gpu: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct UseFile(Use);

impl TryFrom<String> for UseFile {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        Use::parse(&text).map(Self).ok_or_else(|| format!("`{text}` is not AGENT or AGENT/MODEL"))
    }
}

/// How choices are made besides.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RoutingFile {
    /// The share of choices that try another than the first.
    explore: Option<f64>,
}

/// The rules, each of its names checked: one that nobody has would otherwise be passed over in silence.
pub(super) fn rules(
    file: Vec<RuleFile>,
    routing: &RoutingFile,
    custom: &[&str],
    projects: &[Project],
) -> Result<Rules> {
    let built_in = agents::builtin();
    let agents: Vec<&str> = built_in.iter().map(|one| one.name()).chain(custom.iter().copied()).collect();
    let projects: Vec<&str> = projects.iter().map(|one| one.name.as_str()).collect();
    let explore = routing.explore.unwrap_or(EXPLORE);
    if !(0.0..=0.5).contains(&explore) {
        return Err(Error::usage("routing: explore is a share from 0 (never) to 0.5"));
    }
    let mut rules = Vec::with_capacity(file.len());
    for (rule, n) in file.into_iter().zip(1..) {
        if rule.uses.is_empty() {
            return Err(Error::usage(format!("routes: rule {n} names nobody under `use`")));
        }
        let uses: Vec<Use> = rule.uses.into_iter().map(|one| one.0).collect();
        for Use { agent, .. } in &uses {
            known(n, "agent", agent, &agents)?;
        }
        if let Some(project) = &rule.when.project {
            known(n, "project", project, &projects)?;
        }
        let WhenFile { kind, complexity, project, gpu } = rule.when;
        let when =
            When { kinds: kind, complexities: complexity, projects: project.into_iter().collect(), gpu };
        rules.push(Rule { when, uses });
    }
    Ok(Rules { rules, explore })
}

fn known(rule: usize, what: &str, name: &str, known: &[&str]) -> Result<()> {
    if known.contains(&name) {
        return Ok(());
    }
    let list = if known.is_empty() { "none".into() } else { known.join(", ") };
    Err(Error::usage(format!("routes: rule {rule} names the {what} `{name}`; known are: {list}")))
}
