//! An answer's bytes to the tokens it cost: streamed or whole, in each provider's words. Total over any bytes.

use domain::price::Tokens;
use serde_json::Value;

use crate::dialect::Call;

/// A line longer than this, or a whole answer, is not looked into: it is passed on all the same.
const MOST_LINE: usize = 4 << 20;
/// About so many bytes of text are a token, where nobody told.
const BYTES_PER_TOKEN: u64 = 4;

/// What an answer cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The model that answered.
    pub model: Option<String>,
    /// Its tokens.
    pub tokens: Tokens,
    /// Whether they are counted from the bytes.
    pub estimate: bool,
}

/// Reads one answer as it passes.
#[derive(Debug)]
pub struct Meter {
    call: Call,
    streamed: bool,
    line: Vec<u8>,
    /// The line, or the whole, is too long to look into.
    skipping: bool,
    reading: Reading,
    /// The provider told the tokens of the prompt, and of the answer in the end.
    told: (bool, bool),
    /// Bytes the model wrote.
    written: u64,
    /// Bytes of the prompt.
    prompt: u64,
}

impl Meter {
    /// A meter of an answer to a request with so many bytes.
    pub fn new(call: Call, streamed: bool, prompt: usize) -> Self {
        Self {
            call,
            streamed,
            line: Vec::new(),
            skipping: false,
            reading: Reading::default(),
            told: (false, false),
            written: 0,
            prompt: prompt as u64,
        }
    }

    /// Takes a piece of the answer.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.call == Call::Free {
            return;
        }
        if !self.streamed {
            self.hold(piece);
            return;
        }
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.hold(&rest[..end]);
            self.end_of_line();
            rest = &rest[end + 1..];
        }
        self.hold(rest);
    }

    /// The answer ended, or was cut: what it cost; nothing for what costs nothing.
    pub fn finish(mut self) -> Option<Reading> {
        match (self.call, self.streamed) {
            (Call::Free, _) => return None,
            (_, true) => self.end_of_line(),
            (_, false) => {
                let whole = std::mem::take(&mut self.line);
                match serde_json::from_slice::<Value>(&whole) {
                    // Gemini streams without events as a list.
                    Ok(Value::Array(pieces)) => pieces.iter().for_each(|piece| self.record(piece)),
                    Ok(record) => self.record(&record),
                    Err(_) => self.written += whole.len() as u64,
                }
            }
        }
        if !self.told.0 {
            self.reading.tokens.input = self.prompt / BYTES_PER_TOKEN;
        }
        if !self.told.1 {
            self.reading.tokens.output = self.reading.tokens.output.max(self.written / BYTES_PER_TOKEN);
        }
        self.reading.estimate = self.told != (true, true);
        Some(self.reading)
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.skipping || self.line.len() + bytes.len() > MOST_LINE {
            self.written += (self.line.len() + bytes.len()) as u64;
            self.skipping = true;
            self.line = Vec::new();
            return;
        }
        self.line.extend_from_slice(bytes);
    }

    fn end_of_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.skipping) {
            return;
        }
        let Some(data) = line.strip_prefix(b"data:") else { return };
        if let Ok(record) = serde_json::from_slice::<Value>(data) {
            self.record(&record);
        }
    }

    fn record(&mut self, record: &Value) {
        match self.call {
            Call::Messages => self.messages(record),
            Call::Chat => self.chat(record),
            Call::Responses => self.responses(record),
            Call::Generate => self.generate(record),
            Call::Free => {}
        }
    }

    fn model(&mut self, model: &Value) {
        if let Some(model) = model.as_str().filter(|model| !model.is_empty() && model.len() < 200) {
            self.reading.model = Some(model.to_owned());
        }
    }

    /// `message_start` tells the prompt, `message_delta` the growing answer, the whole message both.
    fn messages(&mut self, record: &Value) {
        let delta = &record["delta"];
        for text in ["text", "thinking", "partial_json"] {
            self.written += delta[text].as_str().map_or(0, str::len) as u64;
        }
        let message = if record["message"].is_object() { &record["message"] } else { record };
        self.model(&message["model"]);
        let usage = &message["usage"];
        let tokens = &mut self.reading.tokens;
        if let Some(input) = usage["input_tokens"].as_u64() {
            tokens.input = input;
            tokens.cached = usage["cache_read_input_tokens"].as_u64().unwrap_or(tokens.cached);
            tokens.cache_write = usage["cache_creation_input_tokens"].as_u64().unwrap_or(tokens.cache_write);
            self.told.0 = true;
        }
        if let Some(output) = usage["output_tokens"].as_u64() {
            tokens.output = tokens.output.max(output);
            self.told.1 = record["type"] != "message_start";
        }
    }

    fn chat(&mut self, record: &Value) {
        self.model(&record["model"]);
        for choice in record["choices"].as_array().into_iter().flatten() {
            let said = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
            for text in ["content", "reasoning_content", "reasoning"] {
                self.written += said[text].as_str().map_or(0, str::len) as u64;
            }
            for call in said["tool_calls"].as_array().into_iter().flatten() {
                self.written += call["function"]["arguments"].as_str().map_or(0, str::len) as u64;
            }
        }
        let usage = &record["usage"];
        self.openai(usage, ["prompt_tokens", "completion_tokens"], &usage["prompt_tokens_details"]);
    }

    fn responses(&mut self, record: &Value) {
        self.written += record["delta"].as_str().map_or(0, str::len) as u64;
        let response = if record["response"].is_object() { &record["response"] } else { record };
        self.model(&response["model"]);
        let usage = &response["usage"];
        self.openai(usage, ["input_tokens", "output_tokens"], &usage["input_tokens_details"]);
    }

    fn openai(&mut self, usage: &Value, names: [&str; 2], details: &Value) {
        let [Some(input), Some(output)] = names.map(|name| usage[name].as_u64()) else { return };
        let cached = details["cached_tokens"].as_u64().unwrap_or(0);
        let input = input.saturating_sub(cached);
        self.reading.tokens = Tokens { input, cached, cache_write: 0, output };
        self.told = (true, true);
    }

    /// Every piece carries the sums so far.
    fn generate(&mut self, record: &Value) {
        self.model(&record["modelVersion"]);
        let parts = record["candidates"].as_array().into_iter().flatten();
        for part in parts.flat_map(|candidate| candidate["content"]["parts"].as_array().into_iter().flatten())
        {
            self.written += part["text"].as_str().map_or(0, str::len) as u64;
        }
        let usage = &record["usageMetadata"];
        let count = |name: &str| usage[name].as_u64().unwrap_or(0);
        if usage["promptTokenCount"].is_u64() {
            let cached = count("cachedContentTokenCount");
            self.reading.tokens = Tokens {
                input: (count("promptTokenCount") + count("toolUsePromptTokenCount")).saturating_sub(cached),
                cached,
                cache_write: 0,
                output: count("candidatesTokenCount") + count("thoughtsTokenCount"),
            };
            self.told = (true, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAMS: [(Call, &str, &str, Tokens); 4] = [
        (
            Call::Messages,
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-x\",\"usage\":{\"input_tokens\":10,\"cache_creation_input_tokens\":3,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"hello\"}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":7}}\n\n",
            "claude-x",
            Tokens { input: 10, cached: 5, cache_write: 3, output: 7 },
        ),
        (
            Call::Chat,
            "data: {\"model\":\"qwen3\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\ndata: {\"model\":\"qwen3\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\ndata: [DONE]\n\n",
            "qwen3",
            Tokens { input: 5, cached: 4, cache_write: 0, output: 2 },
        ),
        (
            Call::Responses,
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"model\":\"gpt-x\",\"usage\":{\"input_tokens\":8,\"output_tokens\":3,\"input_tokens_details\":{\"cached_tokens\":0}}}}\n\n",
            "gpt-x",
            Tokens { input: 8, cached: 0, cache_write: 0, output: 3 },
        ),
        (
            Call::Generate,
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hi\"}]}}],\"modelVersion\":\"gemini-x\",\"usageMetadata\":{\"promptTokenCount\":6,\"candidatesTokenCount\":1}}\r\n\r\ndata: {\"usageMetadata\":{\"promptTokenCount\":6,\"cachedContentTokenCount\":2,\"candidatesTokenCount\":4,\"thoughtsTokenCount\":3}}\r\n\r\n",
            "gemini-x",
            Tokens { input: 4, cached: 2, cache_write: 0, output: 7 },
        ),
    ];

    fn read(call: Call, bytes: &[u8], cut: usize) -> Reading {
        let mut meter = Meter::new(call, true, 400);
        bytes.chunks(cut.max(1)).for_each(|piece| meter.feed(piece));
        meter.finish().unwrap()
    }

    #[test]
    fn streams_of_all_providers_wherever_they_are_cut() {
        for (call, stream, model, tokens) in STREAMS {
            for cut in [1, 7, 64, 10_000] {
                let reading = read(call, stream.as_bytes(), cut);
                let expected = Reading { model: Some(model.into()), tokens, estimate: false };
                assert_eq!(reading, expected, "{call:?} in pieces of {cut}");
            }
        }
    }

    #[test]
    fn a_cut_stream_is_counted_from_its_bytes() {
        let (call, stream, ..) = STREAMS[0];
        let cut = &stream[..stream.find("event: message_delta").unwrap()];
        let reading = read(call, cut.as_bytes(), 50);
        assert_eq!((reading.tokens.input, reading.tokens.output, reading.estimate), (10, 1, true));
        let silent = "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"eight by\"}}]}\n\n";
        let reading = read(Call::Chat, silent.as_bytes(), 50);
        assert_eq!((reading.tokens.input, reading.tokens.output, reading.estimate), (100, 2, true));
    }

    #[test]
    fn whole_answers_and_what_costs_nothing() {
        let mut meter = Meter::new(Call::Messages, false, 0);
        meter.feed(b"{\"type\":\"message\",\"model\":\"m\",\"usage\":{\"input_tokens\":1,");
        meter.feed(b"\"output_tokens\":2}}");
        let reading = meter.finish().unwrap();
        assert_eq!((reading.tokens.input, reading.tokens.output, reading.estimate), (1, 2, false));
        assert_eq!(Meter::new(Call::Free, false, 9).finish(), None);
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let mut meter = Meter::new(Call::Chat, true, 0);
        for _ in 0..100 {
            meter.feed(&vec![b'x'; 1 << 20]);
        }
        assert!(meter.line.capacity() <= MOST_LINE * 2);
        assert_eq!(meter.finish().unwrap().tokens.output, (100 << 20) / 4);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 1usize..40, n in 0usize..4) {
            drop(read(STREAMS[n].0, &bytes, cut));
        }
    }
}
