//! OpenAI Responses.

use serde_json::{Value, json};

use super::{Block, unique};

fn item(block: &Block) -> Value {
    match block {
        Block::Text(text) => json!({
            "type": "message", "id": format!("msg_{}", unique()), "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        }),
        Block::Tool { name, input } => {
            let mut call = json!({
                "type": "function_call", "id": format!("fc_{}", unique()), "call_id": format!("call_{}", unique()),
                "name": name, "arguments": input.to_string(), "status": "completed",
            });
            // Tools of servers come in a namespace of their own.
            if let Some((space, name)) =
                name.rsplit_once("__").filter(|(space, _)| space.starts_with("mcp__"))
            {
                (call["namespace"], call["name"]) = (json!(space), json!(name));
            }
            call
        }
    }
}

/// The events of a streamed response.
pub(super) fn events(request: &Value, blocks: &[Block]) -> Vec<Value> {
    let id = format!("resp_{}", unique());
    let response = |status: &str, output: &[Value]| {
        json!({"id": id, "object": "response", "model": request["model"], "status": status, "output": output,
            "usage": {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 200}, "output_tokens": 50,
                "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 1050}})
    };
    let items: Vec<_> = blocks.iter().map(item).collect();
    let mut events = vec![json!({"type": "response.created", "response": response("in_progress", &[])})];
    for (index, item) in items.iter().enumerate() {
        events.push(json!({"type": "response.output_item.added", "output_index": index, "item": item}));
        events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
    }
    events.push(json!({"type": "response.completed", "response": response("completed", &items)}));
    for (n, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = json!(n);
    }
    events
}
