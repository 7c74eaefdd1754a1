//! Recorded streams of Claude Code 2.1.329, and what becomes of them.

use agents::claude::Claude;
use agents::{Exit, Verdict};
use domain::{Event, Usage};
use proptest::prelude::*;

use crate::stream::{told, used};

fn transcript(case: &str) -> Vec<u8> {
    crate::stream::transcript("claude", case)
}

fn read(stream: &[u8], exit: Exit, before: Usage) -> (Vec<Event>, agents::Finish) {
    crate::stream::read(&Claude, stream, b"", exit, before)
}

#[test]
fn streams_are_read_as_they_were() {
    for (case, code) in [
        ("basic", 0),
        ("429x2", 0),
        ("529-maxretries2", 1),
        ("401-maxretries0", 1),
        ("403", 1),
        ("credit", 1),
        ("noauth", 1),
        ("oauth-unified-ok", 0),
        ("oauth-unified-rejected", 1),
        ("oauth-unified-warning", 0),
        ("resume-bad", 1),
        ("maxturns", 1),
        ("budget", 1),
        ("dontask-deny", 0),
        ("fallback", 1),
        ("sigint", 0),
        ("sigterm", 143),
        ("streamhang", 1),
        ("refused", 1),
        ("partial", 0),
    ] {
        insta::assert_snapshot!(case, told(&Claude, case, code, ""));
    }
}

#[test]
fn totals_that_grow_over_a_resume_are_booked_once() {
    let first = used(&Claude, "resume-1", Usage::default());
    let whole = used(&Claude, "resume-3", Usage::default());
    let second = used(&Claude, "resume-3", first);
    assert!(first.cost_usd > 0.0 && second.cost_usd > 0.0);
    assert!((first.plus(second).cost_usd - whole.cost_usd).abs() < 1e-9);
    assert_eq!(first.plus(second).output, whole.output);
}

#[test]
fn a_limit_quoted_by_a_tool_is_only_text() {
    let quoted = String::from_utf8(transcript("oauth-unified-rejected")).unwrap();
    let record = serde_json::json!({"type": "user", "message": {"content": [
        {"type": "tool_result", "tool_use_id": "t", "content": quoted}]}});
    let done = serde_json::json!({"type": "result", "subtype": "success", "is_error": false, "session_id": "s",
        "result": "You've hit your 5-hour limit · resets 10:14pm (UTC)"});
    let stream = format!("{record}\n{done}\n");
    let (events, finish) = read(stream.as_bytes(), Exit { code: Some(0), signal: None }, Usage::default());
    assert!(!events.iter().any(|event| matches!(event, Event::LimitSeen { .. })));
    assert_eq!(finish.verdict, Verdict::Succeeded);
}

#[test]
fn planning_tools_make_a_plan() {
    let call = |name: &str, input: serde_json::Value| serde_json::json!({"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "t", "name": name, "input": input}]}});
    let stream = [
        call("TaskCreate", serde_json::json!({"subject": "Look"})),
        call("TaskCreate", serde_json::json!({"subject": "Mend"})),
        call("TaskUpdate", serde_json::json!({"taskId": "1", "status": "completed"})),
    ];
    let text: String = stream.map(|record| record.to_string()).join("\n");
    let (events, _) = read(text.as_bytes(), Exit::default(), Usage::default());
    let Some(Event::PlanUpdated { items }) = events.last() else { panic!("no plan") };
    let plan: Vec<_> = items.iter().map(|item| format!("{} {:?}", item.text, item.status)).collect();
    assert_eq!(plan, ["Look Completed", "Mend Pending"]);
}

proptest! {
    #[test]
    fn nothing_breaks_the_reading(
        case in prop_oneof![Just("basic"), Just("oauth-unified-rejected"), Just("dontask-deny"), Just("maxturns")],
        at in any::<prop::sample::Index>(),
        noise in proptest::collection::vec(any::<u8>(), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut stream = transcript(case);
        let place = at.index(stream.len());
        stream.splice(place..(place + noise.len() / 2).min(stream.len()), noise);
        stream.truncate(cut.index(stream.len()) + 1);
        let (events, _) = read(&stream, Exit::default(), Usage::default());
        for event in events {
            prop_assert!(event.is_streamed(), "an agent's words never decide: {}", event.kind());
            prop_assert!(event.payload().len() < 200_000);
        }
    }
}
