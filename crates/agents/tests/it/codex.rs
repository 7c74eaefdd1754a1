//! Recorded streams of Codex 0.169.0, and what becomes of them.

use agents::codex::Codex;
use agents::{Exit, Verdict};
use domain::{Event, Usage};
use proptest::prelude::*;

use crate::stream::{read, told, transcript, used};

#[test]
fn streams_are_read_as_they_were() {
    for (case, code) in [
        ("basic", 0),
        ("429x2", 0),
        ("429forever", 1),
        ("500forever", 1),
        ("400", 1),
        ("401", 1),
        ("usagelimit", 1),
        ("quota", 1),
        ("mcp", 0),
        ("streamhang", 1),
        ("bash-sigTERM", 143),
    ] {
        insta::assert_snapshot!(format!("codex-{case}"), told(&Codex, case, code, ""));
    }
}

#[test]
fn a_session_that_is_gone_is_told_on_standard_error() {
    let said = b"WARNING: proceeding\nError: thread/resume: thread/resume failed: no rollout found for thread id 01a1 (code -32600)\n";
    let exit = Exit { code: Some(1), signal: None };
    let (events, finish) = read(&Codex, b"", said, exit, Usage::default());
    assert!(events.contains(&Event::RunSessionLost { session: "01a1".into() }), "{events:?}");
    assert_eq!(finish.verdict, Verdict::Failed { retryable: true });
    assert!(finish.reason.unwrap().contains("no rollout found"));
    // The control: the same words of a tool are only words.
    let tool = serde_json::json!({"type": "item.completed", "item": {"id": "1", "type": "command_execution",
        "command": "cat log", "aggregated_output": String::from_utf8_lossy(said), "exit_code": 0}});
    let (events, _) = read(&Codex, tool.to_string().as_bytes(), b"", Exit::default(), Usage::default());
    assert!(!events.iter().any(|event| matches!(event, Event::RunSessionLost { .. })), "{events:?}");
}

#[test]
fn totals_that_grow_over_a_resume_are_booked_once() {
    let first = used(&Codex, "resume-1", Usage::default());
    let whole = used(&Codex, "resume-2", Usage::default());
    assert_eq!(first.plus(used(&Codex, "resume-2", first)), whole);
    assert!(whole.output > first.output);
}

proptest! {
    #[test]
    fn nothing_breaks_the_reading(
        case in prop_oneof![Just("basic"), Just("mcp"), Just("usagelimit")],
        at in any::<prop::sample::Index>(),
        noise in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut stream = transcript("codex", case);
        let place = at.index(stream.len());
        stream.splice(place..(place + noise.len() / 2).min(stream.len()), noise);
        let (events, _) = read(&Codex, &stream, &stream, Exit::default(), Usage::default());
        for event in events {
            prop_assert!(event.is_streamed() && event.payload().len() < 200_000);
        }
    }
}
