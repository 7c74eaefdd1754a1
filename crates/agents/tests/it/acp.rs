//! Recorded conversations with agents that speak ACP, as the client tells them, and what becomes of them.

use agents::acp::Acp;
use agents::{Assignment, Driver, Exit, Program, Stream, Verdict};
use domain::{Event, Timestamp, Usage};
use proptest::prelude::*;

use crate::stream::{read, told, transcript, used};

fn agent() -> Acp {
    Acp { name: "acp".into(), argv: vec!["some-agent".into(), "acp".into()], hosts: Vec::new() }
}

#[test]
fn conversations_are_read_as_they_were() {
    for (case, code) in [
        ("claude-allow", 0),
        ("claude-usagelimit", 1),
        ("claude-warning", 0),
        ("codex-allow", 0),
        ("codex-usagelimit", 1),
        ("gemini-nofs", 0),
        ("opencode-401", 1),
        ("opencode-allow", 0),
        ("opencode-cancel", 0),
        ("qwen-401", 1),
        ("qwen-load", 0),
    ] {
        insta::assert_snapshot!(format!("acp-{case}"), told(&agent(), case, code, ""));
    }
}

#[test]
fn a_cost_that_grows_over_a_resume_is_booked_once() {
    let whole = used(&agent(), "opencode-allow", Usage::default());
    assert!((whole.cost_usd - 0.00831).abs() < 1e-9, "{whole:?}");
    let rest = used(&agent(), "opencode-allow", Usage { cost_usd: 0.008, ..Usage::default() });
    assert!((rest.cost_usd - 0.00031).abs() < 1e-9, "{rest:?}");
}

#[test]
fn what_was_cached_is_counted_once_however_it_is_told() {
    let end = |input: u64| {
        let usage = serde_json::json!({"inputTokens": input, "outputTokens": 50, "cachedReadTokens": 200, "totalTokens": 1050});
        let line = serde_json::json!({"acp": "end", "result": {"stopReason": "end_turn", "usage": usage}});
        read(&agent(), line.to_string().as_bytes(), b"", Exit::default(), Usage::default()).0
    };
    let expected = [Event::UsageRecorded { input: 800, output: 50, cached: 200, cost_usd: 0.0 }];
    assert_eq!(end(800), expected, "told apart");
    assert_eq!(end(1000), expected, "told as part of the input");
}

#[test]
fn the_prompt_is_no_argument_and_our_binary_starts_the_agent() {
    let assignment = Assignment { prompt: "canary 4711".into(), ..Assignment::default() };
    let launch = agent().launch(&assignment).unwrap();
    assert_eq!(launch.args, ["acp"]);
    assert!(String::from_utf8(launch.stdin).unwrap().contains("canary 4711"));
    assert!(matches!(launch.program, Program::Through { program, .. } if program == "some-agent"));
}

#[test]
fn a_lost_session_and_a_client_that_dies_are_tried_again() {
    let mut session = agent().session(&Assignment::default());
    let line = br#"{"acp":"lost","session":"s1"}"#;
    let events = session.line(Stream::Stdout, line, Timestamp::from_seconds(0));
    assert_eq!(events, [Event::RunSessionLost { session: "s1".into() }]);
    let finish = session.finish(&Exit { code: None, signal: Some(9) }, Timestamp::from_seconds(0));
    assert_eq!(finish.verdict, Verdict::Failed { retryable: true });
}

proptest! {
    #[test]
    fn nothing_breaks_the_reading(
        case in prop_oneof![Just("claude-allow"), Just("opencode-allow"), Just("codex-usagelimit")],
        at in any::<prop::sample::Index>(),
        noise in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut stream = transcript("acp", case);
        let place = at.index(stream.len());
        stream.splice(place..(place + noise.len() / 2).min(stream.len()), noise);
        let (events, _) = read(&agent(), &stream, &stream, Exit::default(), Usage::default());
        for event in events {
            prop_assert!(event.is_streamed() && event.payload().len() < 200_000);
        }
    }
}
