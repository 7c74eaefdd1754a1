//! Messages made of blocks (text, tool use, tool result), as several agents tell them.

use domain::Event;
use domain::event::{PlanItem, PlanStatus};
use serde_json::Value;

use crate::text::{self, MOST_TEXT, bounded};

/// A call of a tool.
pub(crate) fn tool_started(block: &Value) -> Event {
    let input = &block["input"];
    Event::ToolStarted {
        id: word(block, "id").to_owned(),
        name: word(block, "name").to_owned(),
        summary: summary(input),
        input: text::input(input),
    }
}

/// What tools answered.
pub(crate) fn tool_results(record: &Value) -> Vec<Event> {
    let blocks = record["message"]["content"].as_array().into_iter().flatten();
    blocks
        .filter(|block| word(block, "type") == "tool_result")
        .map(|block| Event::ToolFinished {
            id: word(block, "tool_use_id").to_owned(),
            ok: block["is_error"] != true,
            output: bounded(&flat(&block["content"]), MOST_TEXT),
        })
        .collect()
}

/// A tool's answer as text: a string, or blocks of which the texts count.
pub(crate) fn flat(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts: Vec<_> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// What people read of a tool call: the field that says what it is about.
pub(crate) fn summary(input: &Value) -> String {
    let telling = [
        "command",
        "file_path",
        "filePath",
        "path",
        "pattern",
        "url",
        "query",
        "subject",
        "description",
        "prompt",
    ];
    telling.iter().find_map(|name| input[*name].as_str()).map(text::one_line).unwrap_or_default()
}

/// The plan in a call of a tool that takes the whole list.
pub(crate) fn todos(input: &Value) -> Option<Vec<PlanItem>> {
    let item = |todo: &Value| PlanItem {
        text: bounded(word(todo, "content"), 500),
        status: plan_status(word(todo, "status")),
    };
    Some(input["todos"].as_array()?.iter().take(100).map(item).collect())
}

/// How far an item of a plan is.
pub(crate) fn plan_status(word: &str) -> PlanStatus {
    match word {
        "completed" => PlanStatus::Completed,
        "in_progress" => PlanStatus::InProgress,
        _ => PlanStatus::Pending,
    }
}

/// A field's text; nothing when it is none.
pub(crate) fn word<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_default()
}
