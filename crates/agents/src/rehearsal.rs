//! Rehearsal: the built-in agent that replays a script with real edits and calls no model. For dry runs,
//! demos, tests and load. The player is the binary itself, in the role `sidekick rehearse`; here are the
//! script, how it is started, and the reading of what it says: events of ours as JSON lines.

mod scenario;

use std::collections::BTreeMap;

use domain::{Event, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text::{MOST_RAW, MOST_TEXT, lossy};
use crate::{
    Abilities, Assignment, Driver, Error, Exit, Finish, Launch, Program, Readiness, Session, Stream, Verdict,
};

pub use scenario::{Ask, FileText, Scenario, Step, fill};

/// Where the player finds its script, below its home.
pub const SCRIPT: &str = ".rehearsal/script.json";

/// What the player is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Script {
    /// The session.
    pub session: String,
    /// Whether it goes on with that session.
    pub resumed: bool,
    /// The steps, by part.
    pub scenario: Scenario,
    /// The task's text, for templates.
    pub task: String,
    /// The person's comment, for templates.
    pub feedback: String,
}

/// A line of the player.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "rehearsal", rename_all = "snake_case")]
pub enum Said {
    /// An event as it is.
    Event {
        /// Which.
        event: Box<Event>,
    },
    /// It is done.
    Done {
        /// Its closing words.
        summary: String,
    },
    /// It fails, as the script says.
    Failed {
        /// Why.
        reason: String,
    },
    /// It met the limit that the script says.
    Limited {
        /// Until then.
        until: Timestamp,
        /// Which window.
        window: String,
    },
}

/// The agent.
#[derive(Clone, Copy, Debug)]
pub struct Rehearsal;

impl Driver for Rehearsal {
    fn name(&self) -> &'static str {
        "rehearsal"
    }

    fn program(&self) -> Program {
        Program::Own
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            resume: true,
            cost: true,
            usage: true,
            limits: true,
            tools: true,
            plan: true,
            thinking: true,
            ..Abilities::default()
        }
    }

    fn readiness(&self, _: &BTreeMap<String, String>) -> Readiness {
        Readiness::Ready("none")
    }

    fn account_variables(&self) -> &'static [&'static str] {
        &[]
    }

    fn launch(&self, assignment: &Assignment) -> Result<Launch, Error> {
        let scenario = match &assignment.scenario {
            Some(text) => Scenario::parse(text).map_err(Error::Scenario)?,
            None => Scenario::default(),
        };
        let script = Script {
            session: assignment.resume.clone().unwrap_or_else(|| assignment.new_session.clone()),
            resumed: assignment.resume.is_some(),
            scenario,
            task: assignment.task.clone(),
            feedback: assignment.feedback.clone(),
        };
        let text = serde_json::to_vec(&script).map_err(|error| Error::Scenario(error.to_string()))?;
        Ok(Launch {
            program: Program::Own,
            args: vec!["rehearse".into()],
            env: BTreeMap::new(),
            stdin: Vec::new(),
            files: vec![(SCRIPT.into(), text)],
            hosts: Vec::new(),
            forwards: Vec::new(),
        })
    }

    fn session(&self, _: &Assignment) -> Box<dyn Session> {
        Box::new(Reading { end: None })
    }
}

/// The rehearsal asks in its stream what others ask with a tool.
fn asks(event: &Event) -> bool {
    matches!(event, Event::QuestionAsked { .. })
}

struct Reading {
    end: Option<Said>,
}

impl Session for Reading {
    fn line(&mut self, stream: Stream, line: &[u8], _: Timestamp) -> Vec<Event> {
        if stream == Stream::Stderr {
            return vec![Event::TaskOutput { stream: "stderr".into(), text: lossy(line, MOST_TEXT) }];
        }
        match serde_json::from_slice::<Said>(line) {
            Ok(Said::Event { event }) if event.is_streamed() || asks(&event) => vec![*event],
            // An event of a kind that decides something is no event of an agent's.
            Ok(Said::Event { .. }) => vec![Event::AgentRaw { line: lossy(line, MOST_RAW) }],
            Ok(end) => {
                self.end = Some(end);
                Vec::new()
            }
            Err(_) => vec![Event::TaskOutput { stream: "stdout".into(), text: lossy(line, MOST_TEXT) }],
        }
    }

    fn finish(&mut self, exit: &Exit, _: Timestamp) -> Finish {
        let failed = |retryable, reason: String| Finish {
            verdict: Verdict::Failed { retryable },
            reason: Some(reason),
            summary: None,
        };
        match (self.end.take(), exit.code) {
            (Some(Said::Done { summary }), _) => {
                Finish { verdict: Verdict::Succeeded, reason: None, summary: Some(summary) }
            }
            (Some(Said::Failed { reason }), _) => failed(false, reason),
            (Some(Said::Limited { until, window }), _) => Finish {
                verdict: Verdict::Limited { until: Some(until) },
                reason: Some(format!("the rehearsed limit of the window {window} is reached")),
                summary: None,
            },
            (_, Some(code)) => failed(true, format!("the rehearsal ended with code {code} before its end")),
            (_, None) => failed(true, "the rehearsal was ended by a signal".into()),
        }
    }
}
