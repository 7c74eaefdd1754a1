//! The desk of one live run: its calls, carried out by the engine and answered in words for a model.

use engine::{Caller, Engine, Note};
use mcp::{Call, Desk, Name};
use serde_json::json;

/// A live run at the desk.
pub(crate) struct RunDesk {
    pub(crate) engine: Engine,
    pub(crate) caller: Caller,
}

impl Desk for RunDesk {
    fn offers(&self) -> Vec<Name> {
        let mut offers = vec![
            Name::ReportProgress,
            Name::AskPerson,
            Name::Delegate,
            Name::ListTasks,
            Name::ReadMemory,
            Name::WriteMemory,
        ];
        if self.engine.has_local_model() {
            offers.push(Name::AskLocalModel);
        }
        let allowed = self.engine.tools_of(&self.caller.place);
        offers.retain(|name| {
            allowed.as_ref().is_none_or(|allowed| allowed.iter().any(|one| one == name.as_str()))
        });
        offers
    }

    async fn call(&self, call: Call) -> Result<String, String> {
        self.engine.admit(&self.caller).map_err(words)?;
        match call {
            Call::ReportProgress { text } => {
                self.engine.report_progress(&self.caller, text).await.map_err(words)?;
                Ok("Shown.".into())
            }
            Call::AskPerson { question, choices } => {
                self.engine.ask_person(&self.caller, question, choices).await.map_err(words)?;
                Ok("It is noted. Finish what does not depend on the answer, then end: you go on in this session \
                    with the answer."
                    .into())
            }
            Call::Delegate { text, agent } => {
                let accepted = self.engine.delegate(&self.caller, text, agent).await.map_err(words)?;
                let (id, branch) = (accepted.task.id.short(), accepted.task.branch);
                Ok(format!(
                    "Task {id} is accepted; its work will be on the branch {branch}, for a person to review."
                ))
            }
            Call::ListTasks { state } => self.list(state).await,
            Call::ReadMemory { name } => self.read(name).await,
            Call::WriteMemory { name, text, version } => {
                let note = Note { name, text, expected: version, task: None };
                let version = self.engine.note(&self.caller, note).await.map_err(words)?;
                Ok(format!("Written: version {version}."))
            }
            Call::AskLocalModel { prompt } => self.engine.ask_local_model(prompt).await,
            Call::ReportTask { .. } => Err("this tool is not offered here".into()),
        }
    }
}

impl RunDesk {
    async fn list(&self, state: Option<String>) -> Result<String, String> {
        let tasks = self.engine.tasks_of(&self.caller.place, state).await.map_err(words)?;
        let one = |task: &domain::Task| {
            let mine = (task.id == self.caller.task).then_some("this is yours");
            json!({
                "id": task.id.short(), "title": task.title, "state": task.state.as_str(), "agent": task.asked.agent,
                "branch": task.branch, "reason": task.reason, "note": mine,
                "delegated_by": task.asked.parent.map(|parent| parent.task.short()),
            })
        };
        Ok(json!(tasks.iter().map(one).collect::<Vec<_>>()).to_string())
    }

    async fn read(&self, name: Option<String>) -> Result<String, String> {
        let entries = self.engine.memory(&self.caller.place).await.map_err(words)?;
        let wanted = |entry: &&store::memory::Entry| name.as_ref().is_none_or(|name| *name == entry.name);
        let told: Vec<_> = entries
            .iter()
            .filter(wanted)
            .map(|entry| format!("## {} (version {})\n\n{}", entry.name, entry.version, entry.text))
            .collect();
        match (told.is_empty(), name) {
            (true, Some(name)) => Err(format!("there is no entry `{name}`")),
            (true, None) => Ok("The project's memory is empty.".into()),
            (false, _) => Ok(told.join("\n\n")),
        }
    }
}

/// What went wrong, for the model; what only the daemon's log should say is said there.
fn words(error: engine::Error) -> String {
    use store::Error;
    match error {
        engine::Error::Store(Error::Newer { .. } | Error::Database(_) | Error::Corrupt { .. }) => {
            tracing::error!(%error, "a tool's call failed in the database");
            "this did not work, for a reason of the daemon's own; go on without it".into()
        }
        other => other.to_string(),
    }
}
