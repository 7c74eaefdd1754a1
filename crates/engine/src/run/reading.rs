//! A job's bytes on their way to events. The same bytes give the same events, wherever they are cut: a
//! daemon that takes a run over reads it from its beginning.

use agents::{Finish, LineSplitter, Session, Stream};
use domain::{Event, Timestamp};
use runner::spool::{Frame, Kind};

use super::gateway::Notes;
use crate::clock;

/// Lines that mean nothing to the agent's driver are put together up to so many bytes.
const TOGETHER: usize = 32 * 1024;
/// So much of them is stored; all of it is in the spool.
const MOST_PLAIN: usize = 16 << 20;

pub(super) struct Reading {
    session: Box<dyn Session>,
    out: LineSplitter,
    err: LineSplitter,
    /// Bytes of plain output seen so far.
    plain: usize,
    gateway: Notes,
}

impl Reading {
    pub(super) fn new(session: Box<dyn Session>) -> Self {
        Self {
            session,
            out: LineSplitter::default(),
            err: LineSplitter::default(),
            plain: 0,
            gateway: Notes::default(),
        }
    }

    /// Reads frames; the events of those after `stored`. `offset` is moved behind them.
    pub(super) fn take(&mut self, frames: &[Frame], offset: &mut u64, stored: u64) -> Vec<Event> {
        let mut events = Vec::new();
        for frame in frames {
            *offset += 16 + frame.payload.len() as u64;
            let new = self.frame(frame);
            if *offset > stored {
                for event in new {
                    push(&mut events, event);
                }
            }
        }
        events
    }

    fn frame(&mut self, frame: &Frame) -> Vec<Event> {
        let now = Timestamp::from_millis(frame.at_ms);
        let (stream, splitter) = match frame.kind {
            Kind::Stdout => (Stream::Stdout, &mut self.out),
            Kind::Stderr => (Stream::Stderr, &mut self.err),
            Kind::Note => return self.gateway.take(&frame.payload).unwrap_or_else(|| note(&frame.payload)),
        };
        let lines = splitter.push(&frame.payload);
        lines.iter().flat_map(|line| self.line(stream, line, now)).collect()
    }

    /// What is left without a line's end.
    pub(super) fn rest(&mut self) -> Vec<Event> {
        let now = clock::now();
        let left = [(Stream::Stdout, self.out.finish()), (Stream::Stderr, self.err.finish())];
        let lines = left.into_iter().filter_map(|(stream, line)| Some((stream, line?)));
        lines.flat_map(|(stream, line)| self.line(stream, &line, now)).collect()
    }

    /// Whether the agent has told its result.
    pub(super) fn is_over(&self) -> bool {
        self.session.is_over()
    }

    /// Whether a gateway is in front of the run.
    pub(super) fn is_metered(&self) -> bool {
        self.gateway.metered
    }

    /// Why the run's budget is used up, if it is.
    pub(super) fn budget(&self) -> Option<&str> {
        self.gateway.budget.as_deref()
    }

    /// How the agent ended, as its driver understood it.
    pub(super) fn finish(&mut self, exit: &agents::Exit) -> Finish {
        self.session.finish(exit, clock::now())
    }

    fn line(&mut self, stream: Stream, line: &agents::lines::Line, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        for event in self.session.line(stream, &line.bytes, now) {
            if self.gateway.metered && matches!(event, Event::UsageRecorded { .. }) {
                continue;
            }
            let Some(text) = plain(&event) else {
                events.push(event);
                continue;
            };
            let before = self.plain;
            self.plain = before.saturating_add(text.len() + 1);
            if self.plain <= MOST_PLAIN {
                events.push(event);
            } else if before <= MOST_PLAIN {
                let text = format!("only the first {} MB of its plain output are kept", MOST_PLAIN >> 20);
                events.push(Event::RunWarning { text });
            }
        }
        if line.dropped > 0 {
            let text = format!("a line was {} bytes longer than is kept", line.dropped);
            events.push(Event::RunWarning { text });
        }
        events
    }
}

/// The notes of a job that draws on a terminal: all else it says is for whoever sits there.
#[derive(Default)]
pub(super) struct NotesOnly(Notes);

impl NotesOnly {
    /// As [`Reading::take`].
    pub(super) fn take(&mut self, frames: &[Frame], offset: &mut u64, stored: u64) -> Vec<Event> {
        let mut events = Vec::new();
        for frame in frames {
            *offset += 16 + frame.payload.len() as u64;
            if frame.kind == Kind::Note {
                let new = self.0.take(&frame.payload).unwrap_or_else(|| note(&frame.payload));
                events.extend(new.into_iter().filter(|_| *offset > stored));
            }
        }
        events
    }
}

/// Output that the driver did not understand as anything.
fn plain(event: &Event) -> Option<&str> {
    match event {
        Event::TaskOutput { text, .. } | Event::AgentRaw { line: text } => Some(text),
        _ => None,
    }
}

/// Adds an event; lines of plain output that follow each other become one.
fn push(events: &mut Vec<Event>, event: Event) {
    if let (Some(Event::TaskOutput { stream: of, text: before }), Event::TaskOutput { stream, text }) =
        (events.last_mut(), &event)
        && of == stream
        && before.len() + text.len() < TOGETHER
    {
        before.push('\n');
        before.push_str(text);
        return;
    }
    events.push(event);
}

/// A note of the shim that a person should know.
fn note(payload: &[u8]) -> Vec<Event> {
    let note: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
    if note["note"] != "egress_denied" {
        return Vec::new();
    }
    let (host, port) = (note["host"].as_str().unwrap_or("?"), &note["port"]);
    vec![Event::RunWarning {
        text: format!("the network was asked for {host}:{port}, which is not on the allowlist"),
    }]
}

/// Whether an event shows that the agent gets on, and not only that it makes noise.
pub(super) fn is_progress(event: &Event) -> bool {
    !matches!(
        event,
        Event::TaskOutput { .. }
            | Event::AgentRaw { .. }
            | Event::AgentRetry { .. }
            | Event::RunWarning { .. }
    )
}
