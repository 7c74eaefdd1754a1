//! Reading aider's words. `Tokens: 1.2k sent, 34 received.` follows each answer: that line without an error after
//! it is the evidence of success.

use domain::{Event, Timestamp};

use crate::heard::{Heard, aside, hear};
use crate::prose;
use crate::text::{MOST_TEXT, bounded, lossy};
use crate::{Exit, Finish, Session, Stream, Verdict};

/// Where what it says of itself ends.
const LAST_OF_HEAD: &str = "Repo-map:";

#[derive(Default)]
pub(super) struct Reading {
    begun: bool,
    /// What is being said.
    saying: String,
    answered: bool,
    retries: u32,
    /// The last error, its words on several lines.
    error: Option<String>,
    last_text: Option<String>,
}

impl Reading {
    fn text(&mut self, line: &str) -> Vec<Event> {
        if !self.begun {
            self.begun = line.starts_with(LAST_OF_HEAD);
            return vec![Event::TaskOutput { stream: "stdout".into(), text: line.to_owned() }];
        }
        if line.starts_with("https://aider.chat/") {
            return Vec::new();
        }
        if line.starts_with("litellm.") {
            let events = self.flush();
            self.answered = false;
            self.error = Some(bounded(line, 500));
            return events;
        }
        if let Some(rest) = line.strip_prefix("Tokens: ") {
            let mut events = self.flush();
            (self.answered, self.error) = (true, None);
            events.extend(used(rest));
            return events;
        }
        if let Some(rest) = line.strip_prefix("Retrying in ") {
            return vec![self.retry(rest)];
        }
        if let Some(error) = &mut self.error {
            // Wrapped, and followed by what it thinks of it.
            if error.len() < 500 {
                *error += &format!(" {}", bounded(line.trim(), 500));
            }
            return Vec::new();
        }
        if self.saying.len() < MOST_TEXT {
            self.saying += line;
            self.saying.push('\n');
        }
        Vec::new()
    }

    fn retry(&mut self, rest: &str) -> Event {
        self.retries += 1;
        let seconds = rest.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a day of milliseconds"
        )]
        let delay_ms = (seconds * 1000.0).clamp(0.0, 86_400_000.0) as u64;
        let error = self.error.clone().unwrap_or_default();
        Event::AgentRetry { attempt: self.retries, delay_ms, error }
    }

    /// What was being said, whole.
    fn flush(&mut self) -> Vec<Event> {
        let text = std::mem::take(&mut self.saying);
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        let text = bounded(text, MOST_TEXT);
        if !self.answered {
            self.last_text = Some(text.clone());
        }
        vec![Event::AgentText { text }]
    }
}

/// `1.2k sent, 34 received.`, rounded as it tells them.
fn used(rest: &str) -> Option<Event> {
    let words: Vec<_> = rest.split_whitespace().take(20).collect();
    let count = |label: &str| {
        let at = words.iter().position(|word| word.trim_end_matches([',', '.']) == label)?;
        thousands(words.get(at.checked_sub(1)?)?)
    };
    let (input, output) = (count("sent")?, count("received")?);
    Some(Event::UsageRecorded { input, output, cached: 0, cost_usd: 0.0 })
}

/// `34`, `1.2k`, `3M`.
fn thousands(word: &str) -> Option<u64> {
    let (digits, unit) = match word.strip_suffix('k') {
        Some(digits) => (digits, 1000.0),
        None => (word.strip_suffix('M').unwrap_or(word), if word.ends_with('M') { 1e6 } else { 1.0 }),
    };
    let number: f64 = digits.replace(',', "").parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a billion")]
    let count = (number * unit).round().clamp(0.0, 1e9) as u64;
    Some(count)
}

/// What an error means, by the name of its kind.
fn failed(error: &str) -> (Verdict, String) {
    let reason = |hint: &str| format!("aider: {error}{hint}");
    let is = |kinds: &[&str]| kinds.iter().any(|kind| error.contains(kind));
    if is(&["AuthenticationError", "PermissionDeniedError"]) {
        (Verdict::Failed { retryable: false }, reason("; check OPENAI_API_KEY of agents.aider.env"))
    } else if is(&["NotFoundError", "BadRequestError", "ContextWindowExceededError"]) {
        let hint = "; check OPENAI_MODEL and OPENAI_BASE_URL of agents.aider.env";
        (Verdict::Failed { retryable: false }, reason(hint))
    } else {
        (Verdict::Failed { retryable: true }, reason(""))
    }
}

impl Session for Reading {
    fn line(&mut self, stream: Stream, line: &[u8], _: Timestamp) -> Vec<Event> {
        match hear(stream, line) {
            Heard::Nothing => {
                if !self.saying.is_empty() && self.saying.len() < MOST_TEXT {
                    self.saying.push('\n');
                }
                Vec::new()
            }
            Heard::Aside(text) => vec![aside(text)],
            Heard::Record(_) => self.text(&lossy(line, MOST_TEXT)),
            Heard::Plain(text) => self.text(&text),
        }
    }

    fn finish(&mut self, exit: &Exit, _: Timestamp) -> Finish {
        if self.last_text.is_none() {
            self.flush();
        }
        let summary = self.last_text.take();
        if let Some(error) = self.error.take() {
            let (verdict, reason) = failed(&error);
            return Finish { verdict, reason: Some(reason), summary: None };
        }
        if self.answered && exit.code == Some(0) {
            return Finish { verdict: Verdict::Succeeded, reason: None, summary };
        }
        Finish {
            verdict: Verdict::Failed { retryable: true },
            reason: Some(prose::without_result("aider", exit, None)),
            summary,
        }
    }
}
