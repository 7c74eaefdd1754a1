//! Recorded streams of opencode 1.18.33, and what becomes of them.

use agents::opencode::Opencode;
use agents::{Assignment, Driver, Exit, Stream, Verdict};
use domain::{Event, Timestamp, Usage};
use proptest::prelude::*;

use crate::stream::{read, told, transcript, used};

#[test]
fn streams_are_read_as_they_were() {
    for (case, code) in [
        ("write", 0),
        ("401", 1),
        ("429forever", 1),
        ("429x1", 0),
        ("outside", 0),
        ("resume", 0),
        ("rmcp-http", 0),
        ("bash-sigTERM", 143),
    ] {
        insta::assert_snapshot!(format!("opencode-{case}"), told(&Opencode, case, code, ""));
    }
}

#[test]
fn what_it_cost_is_the_sum_of_its_steps() {
    let used = used(&Opencode, "write", Usage::default());
    assert_eq!((used.input, used.output, used.cached), (2300, 94, 400));
    assert!((used.cost_usd - 0.00831).abs() < 1e-9);
}

#[test]
fn a_session_that_is_gone_is_told_without_its_name() {
    let said = b"\x1b[91m\x1b[1mError: \x1b[0mSession not found";
    let lost = |resume: Option<&str>| {
        let assignment = Assignment { resume: resume.map(Into::into), ..Assignment::default() };
        let mut session = Opencode.session(&assignment);
        let events = session.line(Stream::Stderr, said, Timestamp::from_seconds(0));
        let finish = session.finish(&Exit { code: Some(1), signal: None }, Timestamp::from_seconds(0));
        assert_eq!(finish.verdict, Verdict::Failed { retryable: true });
        events.into_iter().find_map(|event| match event {
            Event::RunSessionLost { session } => Some(session),
            _ => None,
        })
    };
    assert_eq!(lost(Some("ses_1")).as_deref(), Some("ses_1"));
    assert_eq!(lost(None), None, "the control: none was asked for");
}

#[test]
fn a_wait_of_an_hour_is_a_limit_and_one_of_a_second_is_not() {
    let end = |seconds: &str| {
        let stream = String::from_utf8(transcript("opencode", "429forever")).unwrap();
        let stream = stream.replace("\"retry-after\":\"1\"", &format!("\"retry-after\":\"{seconds}\""));
        let exit = Exit { code: Some(1), signal: None };
        read(&Opencode, stream.as_bytes(), b"", exit, Usage::default()).1.verdict
    };
    assert!(matches!(end("3600"), Verdict::Limited { until: Some(_) }));
    assert_eq!(end("1"), Verdict::Failed { retryable: true });
}

proptest! {
    #[test]
    fn nothing_breaks_the_reading(
        case in prop_oneof![Just("write"), Just("401"), Just("outside")],
        at in any::<prop::sample::Index>(),
        noise in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut stream = transcript("opencode", case);
        let place = at.index(stream.len());
        stream.splice(place..(place + noise.len() / 2).min(stream.len()), noise);
        let (events, _) = read(&Opencode, &stream, &stream, Exit::default(), Usage::default());
        for event in events {
            prop_assert!(event.is_streamed() && event.payload().len() < 200_000);
        }
    }
}
