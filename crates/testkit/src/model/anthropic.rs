//! Anthropic Messages.

use serde_json::{Value, json};

use super::{Block, unique};

fn content(blocks: &[Block]) -> Vec<Value> {
    let block = |(n, block): (usize, &Block)| match block {
        Block::Text(text) => json!({"type": "text", "text": text}),
        Block::Tool { name, input } => {
            json!({"type": "tool_use", "id": format!("toolu_{n}_{}", unique()), "name": name, "input": input})
        }
    };
    blocks.iter().enumerate().map(block).collect()
}

fn stop_reason(blocks: &[Block]) -> &'static str {
    if blocks.iter().any(|block| matches!(block, Block::Tool { .. })) { "tool_use" } else { "end_turn" }
}

pub(super) fn message(request: &Value, blocks: &[Block]) -> Value {
    json!({
        "id": format!("msg_{}", unique()), "type": "message", "role": "assistant", "model": request["model"],
        "content": content(blocks), "stop_reason": stop_reason(blocks), "stop_sequence": null,
        "usage": {"input_tokens": 1000, "output_tokens": 50, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
    })
}

/// The events of a streamed message.
pub(super) fn events(request: &Value, blocks: &[Block]) -> Vec<Value> {
    let mut start = message(request, &[]);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = json!(1);
    let mut events = vec![json!({"type": "message_start", "message": start})];
    for (index, block) in content(blocks).into_iter().enumerate() {
        let (open, delta) = match block["type"].as_str() {
            Some("tool_use") => {
                let input = block["input"].to_string();
                let mut open = block;
                open["input"] = json!({});
                (open, json!({"type": "input_json_delta", "partial_json": input}))
            }
            _ => (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": block["text"]})),
        };
        events.push(json!({"type": "content_block_start", "index": index, "content_block": open}));
        events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let end = json!({"stop_reason": stop_reason(blocks), "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": end, "usage": {"output_tokens": 50}}));
    events.push(json!({"type": "message_stop"}));
    events
}
