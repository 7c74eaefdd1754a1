//! A line of an agent that speaks JSON lines, before anybody knows what it means: the same for all of them.

use domain::Event;
use serde_json::Value;

use crate::Stream;
use crate::text::{MOST_TEXT, lossy};

/// What a line is.
pub(crate) enum Heard {
    /// White space.
    Nothing,
    /// Standard error, bounded.
    Aside(String),
    /// A JSON object.
    Record(Value),
    /// No protocol, bounded.
    Plain(String),
}

/// Hears a line.
pub(crate) fn hear(stream: Stream, line: &[u8]) -> Heard {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Heard::Nothing;
    }
    if stream == Stream::Stderr {
        return Heard::Aside(lossy(line, MOST_TEXT));
    }
    match serde_json::from_slice::<Value>(line) {
        Ok(record) if record.is_object() => Heard::Record(record),
        _ => Heard::Plain(lossy(line, MOST_TEXT)),
    }
}

/// An aside as an event.
pub(crate) fn aside(text: String) -> Event {
    Event::TaskOutput { stream: "stderr".into(), text }
}

/// What is no protocol, as an event.
pub(crate) fn plain(text: String) -> Event {
    Event::TaskOutput { stream: "stdout".into(), text }
}
