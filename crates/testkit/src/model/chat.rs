//! OpenAI Chat Completions.

use serde_json::{Value, json};

use super::{Block, unique};

fn usage() -> Value {
    json!({"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050,
        "prompt_tokens_details": {"cached_tokens": 200}})
}

fn whole(blocks: &[Block]) -> (String, Vec<Value>) {
    let (mut text, mut calls) = (String::new(), Vec::new());
    for block in blocks {
        match block {
            Block::Text(said) => text += said,
            Block::Tool { name, input } => calls
                .push(json!({"index": calls.len(), "id": format!("call_{}", unique()),
                "type": "function", "function": {"name": name, "arguments": input.to_string()}})),
        }
    }
    (text, calls)
}

fn reason(calls: &[Value]) -> &'static str {
    if calls.is_empty() { "stop" } else { "tool_calls" }
}

/// A whole completion.
pub(super) fn message(request: &Value, blocks: &[Block]) -> Value {
    let (text, calls) = whole(blocks);
    let mut message = json!({"role": "assistant", "content": text});
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    json!({"id": format!("chatcmpl-{}", unique()), "object": "chat.completion", "created": 1, "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason(&calls)}], "usage": usage()})
}

/// The chunks of a streamed completion.
pub(super) fn chunks(request: &Value, blocks: &[Block]) -> Vec<Value> {
    let id = format!("chatcmpl-{}", unique());
    let chunk = |choices: Value| json!({"id": id, "object": "chat.completion.chunk", "created": 1, "model": request["model"], "choices": choices});
    let (text, calls) = whole(blocks);
    let mut chunks = vec![chunk(
        json!([{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": null}]),
    )];
    if !calls.is_empty() {
        chunks.push(chunk(json!([{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": null}])));
    }
    chunks.push(chunk(json!([{"index": 0, "delta": {}, "finish_reason": reason(&calls)}])));
    let mut last = chunk(json!([]));
    last["usage"] = usage();
    chunks.push(last);
    chunks
}
