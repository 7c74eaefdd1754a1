//! Our tools as a run has them: the way to them out of its sandbox, and questions of agents that have none.

use agents::{Driver, McpServer};
use domain::work::RunCommand;
use domain::{Event, Isolation, Question};
use runner::Forward;

use super::Drive;

/// The port inside a sandbox at which our tools are.
const TOOLS_PORT: u16 = 31_290;

impl Drive {
    /// Our tools, for an agent that takes some and that a sandbox can lead there. Without one there is no way that
    /// outlives the daemon.
    pub(super) fn tools(&self, run: &domain::Run, driver: &dyn Driver) -> Option<McpServer> {
        if run.isolation == Isolation::None || !driver.abilities().mcp {
            return None;
        }
        let url = format!("http://127.0.0.1:{TOOLS_PORT}/mcp");
        Some(McpServer { url, token: self.context.passes.of(run.id) })
    }

    /// The forward that leads there.
    pub(super) fn way_to_tools(&self) -> Forward {
        let socket = self.context.options().data_dir.join(crate::SOCKET);
        Forward::Socket { port: TOOLS_PORT, socket }
    }
}

/// What an agent's stream reports. The rehearsal asks in its stream what others ask with a tool: as often as `free`
/// says, or never and why; and what cannot be asked so is told instead, because nobody is there to mend it.
pub(super) fn reports(events: Vec<Event>, mut free: Result<usize, &'static str>) -> Vec<RunCommand> {
    let report = |event| {
        let Event::QuestionAsked { id, text, choices, .. } = event else { return RunCommand::Tell(event) };
        let question = Question { id, text, choices, ..Question::default() };
        let complaint = match free {
            Err(nobody) => Some(nobody),
            Ok(0) => Some("too many are open"),
            Ok(_) => question.complaint(),
        };
        if let Some(complaint) = complaint {
            let text = format!("a question was not asked: {complaint}");
            RunCommand::Tell(Event::RunWarning { text })
        } else {
            free = free.map(|free| free - 1);
            RunCommand::Ask { text: question.text, choices: question.choices }
        }
    };
    events.into_iter().map(report).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_is_told() {
        let ask = |text: &str| Question { text: text.into(), ..Question::default() }.asked();
        let made = reports(vec![ask("one?"), ask(" "), ask("two?"), ask("three?")], Ok(2));
        let asked = |report: &RunCommand| matches!(report, RunCommand::Ask { .. });
        assert_eq!(made.iter().map(asked).collect::<Vec<_>>(), [true, false, true, false]);
    }
}
