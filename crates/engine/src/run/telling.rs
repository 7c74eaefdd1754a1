//! What the agent is told, gathered and composed beside the threads that serve others: counting its tokens may take a model
//! server's time.

use std::path::Path;

use agents::{Driver, Readiness};
use store::memory::Entry;
use workspace::Workspace;

use super::{Broken, Drive};
use crate::counting::Model;
use crate::{blocking, prompt};

/// Variables of accounts that name a model.
const MODELS: [&str; 3] = ["OPENAI_MODEL", "ANTHROPIC_MODEL", "GEMINI_MODEL"];

impl Drive {
    /// The run's prompt.
    pub(super) async fn told(
        &self,
        workspace: &Workspace,
        driver: &dyn Driver,
        notes: Vec<Entry>,
        beside: Option<String>,
        can_ask: bool,
    ) -> Result<String, Broken> {
        let run = self.run()?;
        // What a step before it said is told as such.
        let begins_a_step = run.workspace == run.id && !self.work.task.progress.done.is_empty();
        let goes_on = run.attempt > 1 && !begins_a_step;
        let continuation = std::fs::read_to_string(self.continuation_file()).ok().filter(|_| goes_on);
        let model = self.model(driver)?;
        let (project, work, lower) = (self.project.clone(), self.work.clone(), workspace.lower.clone());
        let composed = blocking(move || {
            let memory = memory(&lower);
            let parts = prompt::Parts {
                project: &project,
                work: &work,
                memory: memory.as_deref(),
                continuation: continuation.as_deref(),
                notes: &notes,
                beside: beside.as_deref(),
                can_ask,
            };
            Ok(prompt::compose(&parts, &|| model.counter()))
        });
        Ok(composed.await?)
    }

    /// Whose tokens count.
    fn model(&self, driver: &dyn Driver) -> Result<Model, Broken> {
        let run = self.run()?;
        let account = self.context.agents.account(&run.account);
        let named = || MODELS.iter().find_map(|name| account?.env.get(*name).cloned());
        let is_local =
            account.is_some_and(|it| self.context.agents.readiness(it) == Readiness::Ready("local"));
        let provider = account.filter(|_| is_local).and_then(|it| driver.provider(&it.env));
        let (local, key) = provider.map(|it| (it.url, it.key)).unzip();
        Ok(Model {
            agent: run.agent.clone(),
            name: run.model.clone().or_else(named),
            local,
            key: key.flatten(),
        })
    }
}

/// What the project says to agents, as its base says it, whatever a run made of it. Handed over by us, because
/// an agent that reads its own file from the tree would also take settings, hooks and servers from there.
fn memory(checkout: &Path) -> Option<String> {
    let read = |name: &str| {
        let bytes = workspace::files::read(checkout, Path::new(name), prompt::MOST_MEMORY).ok().flatten()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let mut texts: Vec<_> = ["AGENTS.md", "CLAUDE.md"].into_iter().filter_map(read).collect();
    texts.dedup();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}
