//! Projects.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A configured project.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProjectView {
    /// Its name.
    pub name: String,
    /// Path or URL of its repository.
    pub repo: String,
    /// The branch work starts from, if one is set.
    pub base: Option<String>,
    /// The agent of tasks that name none, if one is set.
    pub agent: Option<String>,
    /// 1 is the most urgent, 9 the least.
    pub priority: u8,
    /// How many of its runs may live at once.
    pub concurrency: u32,
    /// How its runs are contained: `sandbox` or `none`.
    pub isolation: String,
    /// The command that prepares a workspace.
    pub setup: Option<String>,
    /// The checks' commands, by name.
    pub checks: std::collections::BTreeMap<String, String>,
    /// The coverage reports that checks write, by the checks' names.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub coverage: std::collections::BTreeMap<String, String>,
    /// Hosts its runs may reach.
    pub network: Vec<String>,
    /// The longest an agent may take, in minutes.
    pub timeout_minutes: u64,
}

impl From<&domain::Project> for ProjectView {
    fn from(project: &domain::Project) -> Self {
        let checks = project.checks.iter();
        let coverage = checks.clone().filter_map(|check| Some((check.name.clone(), check.coverage.clone()?)));
        Self {
            name: project.name.clone(),
            repo: project.repo.clone(),
            base: project.base.clone(),
            agent: project.agent.clone(),
            priority: project.priority,
            concurrency: project.concurrency,
            isolation: project.isolation.as_str().into(),
            setup: project.setup.clone(),
            checks: checks.map(|check| (check.name.clone(), check.command.clone())).collect(),
            coverage: coverage.collect(),
            network: project.network.clone(),
            timeout_minutes: project.timeout.as_secs() / 60,
        }
    }
}
