//! Bounds on what is stored of what agents say.

use serde_json::Value;

/// The longest text of one event.
pub(crate) const MOST_TEXT: usize = 64 * 1024;
/// The longest raw line kept.
pub(crate) const MOST_RAW: usize = 16 * 1024;
/// The longest string inside a tool's input.
const MOST_INPUT: usize = 4 * 1024;

/// Text of at most `most` bytes, cut between characters and said so.
pub(crate) fn bounded(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}… [{} more bytes]", &text[..end], text.len() - end)
}

/// Bytes as bounded text.
pub(crate) fn lossy(bytes: &[u8], most: usize) -> String {
    // Cut before it is read as text, so that a giant line costs what is kept of it.
    let head = &bytes[..bytes.len().min(most + 4)];
    let text = String::from_utf8_lossy(head);
    if bytes.len() <= most {
        text.into_owned()
    } else {
        format!("{}… [{} bytes]", bounded_plain(&text, most), bytes.len())
    }
}

fn bounded_plain(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// A tool's input with its long strings shortened and its depth bounded.
pub(crate) fn input(value: &Value) -> Value {
    shorten(value, 0)
}

fn shorten(value: &Value, depth: usize) -> Value {
    match value {
        _ if depth > 8 => Value::String("…".into()),
        Value::String(text) => Value::String(bounded(text, MOST_INPUT)),
        Value::Array(items) => items.iter().take(100).map(|item| shorten(item, depth + 1)).collect(),
        Value::Object(fields) => {
            fields.iter().take(100).map(|(name, value)| (name.clone(), shorten(value, depth + 1))).collect()
        }
        other => other.clone(),
    }
}

/// The first line, shortened: what people read of a tool call.
pub(crate) fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let short: String = line.chars().take(160).collect();
    if short.len() < text.trim().len() { format!("{short}…") } else { short }
}
