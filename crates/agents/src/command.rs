//! Any command as an agent, by configuration alone: the prompt on standard input or in an argument, what
//! it prints as its words, success by its exit code.

use std::collections::BTreeMap;

use domain::{Event, Timestamp};

use crate::endpoint::Endpoint;
use crate::text::{MOST_TEXT, lossy};
use crate::{
    Abilities, Assignment, Driver, Error, Exit, Finish, Launch, Program, Readiness, Session, Stream, Verdict,
};

/// Bytes of the closing words of one that says them in lines.
const MOST_WORDS: usize = 64 * 1024;

/// A command from the configuration.
#[derive(Clone, Debug)]
pub struct Custom {
    /// Its name.
    pub name: String,
    /// Program and arguments; `{prompt}` in an argument stands for the prompt, which otherwise comes on
    /// standard input.
    pub argv: Vec<String>,
    /// Its interactive UI, program and arguments; `{session}` stands for the session, if there is one. None when
    /// empty.
    pub interactive: Vec<String>,
    /// Hosts it needs to reach.
    pub hosts: Vec<String>,
}

impl Driver for Custom {
    fn name(&self) -> &str {
        &self.name
    }

    fn program(&self) -> Program {
        Program::Named(self.argv.first().cloned().unwrap_or_default())
    }

    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    fn readiness(&self, _: &BTreeMap<String, String>) -> Readiness {
        Readiness::Ready("none")
    }

    fn account_variables(&self) -> &'static [&'static str] {
        &[]
    }

    fn launch(&self, assignment: &Assignment) -> Result<Launch, Error> {
        let args =
            self.argv.iter().skip(1).map(|word| word.replace("{prompt}", &assignment.prompt)).collect();
        let in_argument = self.argv.iter().any(|word| word.contains("{prompt}"));
        let (forwards, hosts) = Endpoint::configured(&assignment.account, &self.hosts);
        Ok(Launch {
            program: self.program(),
            args,
            env: assignment.account.clone(),
            stdin: if in_argument { Vec::new() } else { assignment.prompt.clone().into_bytes() },
            files: Vec::new(),
            hosts,
            forwards,
        })
    }

    fn interactive(&self, assignment: &Assignment) -> Option<Launch> {
        let (program, args) = self.interactive.split_first()?;
        let session = assignment.resume.as_deref().unwrap_or_default();
        Some(Launch {
            program: Program::Named(program.clone()),
            args: args.iter().map(|word| word.replace("{session}", session)).collect(),
            env: assignment.account.clone(),
            stdin: Vec::new(),
            files: Vec::new(),
            hosts: self.hosts.clone(),
            forwards: Vec::new(),
        })
    }

    fn session(&self, assignment: &Assignment) -> Box<dyn Session> {
        Box::new(Reading { name: self.name.clone(), whole: assignment.whole, words: String::new() })
    }
}

struct Reading {
    name: String,
    whole: bool,
    /// Its last line with words in it, or all of them.
    words: String,
}

impl Session for Reading {
    fn line(&mut self, stream: Stream, line: &[u8], _: Timestamp) -> Vec<Event> {
        let text = lossy(line, MOST_TEXT);
        match stream {
            Stream::Stdout => {
                if self.whole {
                    if self.words.len() + text.len() <= MOST_WORDS {
                        self.words += &text;
                        self.words.push('\n');
                    }
                } else if !text.trim().is_empty() {
                    self.words.clone_from(&text);
                }
                vec![Event::AgentText { text }]
            }
            Stream::Stderr => vec![Event::TaskOutput { stream: "stderr".into(), text }],
        }
    }

    fn finish(&mut self, exit: &Exit, _: Timestamp) -> Finish {
        let (verdict, reason) = match (exit.code, exit.signal) {
            (Some(0), _) => (Verdict::Succeeded, None),
            (Some(code), _) => (
                Verdict::Failed { retryable: false },
                Some(format!("`{}` ended with code {code}", self.name)),
            ),
            (None, signal) => {
                let reason = format!("`{}` was ended by signal {}", self.name, signal.unwrap_or(0));
                (Verdict::Failed { retryable: true }, Some(reason))
            }
        };
        let words = std::mem::take(&mut self.words);
        Finish { verdict, reason, summary: Some(words).filter(|words| !words.trim().is_empty()) }
    }
}
