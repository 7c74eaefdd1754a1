//! Recorded streams of Qwen Code 0.24.4, and what becomes of them.

use agents::qwen::Qwen;
use agents::{Driver, Exit, Readiness, Verdict};
use domain::{Event, Usage};

use crate::stream::{read, told, used};

#[test]
fn streams_are_read_as_they_were() {
    for (case, code) in
        [("write", 0), ("401", 1), ("429forever", 137), ("maxturns", 53), ("mcp", 0), ("sigterm", 143)]
    {
        insta::assert_snapshot!(format!("qwen-{case}"), told(&Qwen, case, code, ""));
    }
}

#[test]
fn totals_that_grow_over_a_resume_are_booked_once() {
    let first = used(&Qwen, "resume-1", Usage::default());
    let whole = used(&Qwen, "resume-2", Usage::default());
    assert_eq!(first.plus(used(&Qwen, "resume-2", first)), whole);
    assert!(whole.output > first.output);
}

#[test]
fn a_session_that_is_gone_is_told_on_standard_error() {
    let said = b"No saved session found with ID 9999-57. Run `qwen --resume` without an ID.\n";
    let (events, finish) = read(&Qwen, b"", said, Exit { code: Some(1), signal: None }, Usage::default());
    assert!(events.contains(&Event::RunSessionLost { session: "9999-57".into() }), "{events:?}");
    assert_eq!(finish.verdict, Verdict::Failed { retryable: true });
}

#[test]
fn a_local_endpoint_needs_no_key() {
    let account = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let local = account(&[("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")]);
    assert_eq!(Qwen.readiness(&local), Readiness::Ready("local"));
    let far = account(&[("OPENAI_BASE_URL", "https://models.example.org/v1")]);
    assert!(matches!(Qwen.readiness(&far), Readiness::LoggedOut(_)));
}
