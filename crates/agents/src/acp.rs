//! Any agent that speaks the Agent Client Protocol, version 1, by configuration alone.
//!
//! The protocol is a conversation over pipes, and a run outlives the daemon: so the client is our own binary, in
//! the role `sidekick acp-client`, beside the agent in the sandbox. It is given an [`Order`] on standard input and
//! tells what the agent says as JSON lines ([`Said`]), which are read here. It offers the agent no files and no
//! terminal of ours (the agent touches the workspace itself) and allows what the agent asks for: what it may do is
//! what the sandbox lets it.
//!
//! The client needs five requests, and its reading must go on where an agent departs from the schema; both are
//! plain JSON here. The official types would have cost 26 s of processor time in every clean build.

mod reading;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::{Abilities, Assignment, Driver, Error, Launch, Program, Readiness, Session};

/// The role our binary plays.
pub const ROLE: &str = "acp-client";

/// An agent from the configuration.
#[derive(Clone, Debug)]
pub struct Acp {
    /// Its name.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Hosts it needs to reach.
    pub hosts: Vec<String>,
}

/// What the client is told to do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Order {
    /// The prompt.
    pub prompt: String,
    /// The session to go on with.
    pub resume: Option<String>,
    /// The model to choose, if the agent lets one be chosen.
    pub model: Option<String>,
}

/// A line of the client.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "acp", rename_all = "snake_case")]
pub enum Said {
    /// The agent works in this session.
    Session {
        /// Its id.
        session: String,
    },
    /// The session to be resumed cannot be.
    Lost {
        /// Its id.
        session: String,
    },
    /// What the agent tells of its work, as it came.
    Update {
        /// The update.
        update: Value,
    },
    /// The turn ended.
    End {
        /// The answer to the prompt, as it came.
        result: Value,
    },
    /// The agent answered a request with an error.
    Refused {
        /// Which request.
        method: String,
        /// The error, as it came.
        error: Value,
    },
    /// The conversation cannot go on.
    Broken {
        /// Why.
        reason: String,
    },
}

impl Driver for Acp {
    fn name(&self) -> &str {
        &self.name
    }

    fn program(&self) -> Program {
        Program::Through { role: ROLE, program: self.argv.first().cloned().unwrap_or_default() }
    }

    /// What the protocol carries; an agent may tell less. Limits are told in words only, which vary.
    fn abilities(&self) -> Abilities {
        Abilities {
            resume: true,
            usage: true,
            cost: true,
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
        let order = Order {
            prompt: assignment.prompt.clone(),
            resume: assignment.resume.clone(),
            model: assignment.model.clone(),
        };
        let (forwards, hosts) = Endpoint::configured(&assignment.account, &self.hosts);
        Ok(Launch {
            program: self.program(),
            args: self.argv.iter().skip(1).cloned().collect(),
            env: assignment.account.clone(),
            stdin: serde_json::to_vec(&order).map_err(|error| Error::Account(error.to_string()))?,
            files: Vec::new(),
            hosts,
            forwards,
        })
    }

    fn session(&self, assignment: &Assignment) -> Box<dyn Session> {
        Box::new(reading::Reading::new(&self.name, assignment.before.cost_usd))
    }
}
