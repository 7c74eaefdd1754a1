//! Gemini `generateContent`.

use serde_json::{Value, json};

use super::Block;

/// An answer; streamed, it is the only chunk.
pub(super) fn answer(blocks: &[Block]) -> Value {
    let part = |block: &Block| match block {
        Block::Text(text) => json!({"text": text}),
        Block::Tool { name, input } => json!({"functionCall": {"name": name, "args": input}}),
    };
    let parts: Vec<_> = blocks.iter().map(part).collect();
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 50, "totalTokenCount": 1050,
            "cachedContentTokenCount": 200},
        "modelVersion": "gemini-2.5-pro",
    })
}
