//! Recorded streams of Gemini CLI 0.61.0, and what becomes of them.

use agents::gemini::Gemini;
use agents::{Exit, Verdict};
use domain::{Event, Usage};

use crate::stream::{read, told};

#[test]
fn streams_are_read_as_they_were() {
    for (case, code) in [
        ("write", 0),
        ("429x1", 0),
        ("badkey", 144),
        ("noyolo", 0),
        ("mcp", 0),
        ("sigterm", 0),
        ("bash-sigTERM", 0),
    ] {
        insta::assert_snapshot!(format!("gemini-{case}"), told(&Gemini, case, code, ""));
    }
}

#[test]
fn limits_and_lost_sessions() {
    let exit = Exit { code: Some(173), signal: None };
    let result = serde_json::json!({"type": "result", "status": "error", "error": {"type": "unknown",
        "message": "[API Error: You have exhausted your daily quota on this model.]"}, "stats": {}});
    let (_, finish) = read(&Gemini, result.to_string().as_bytes(), b"", exit, Usage::default());
    assert_eq!(finish.verdict, Verdict::Limited { until: None });
    // The control: said by the model, it is only text.
    let said =
        serde_json::json!({"type": "message", "role": "assistant", "content": "exhausted your daily quota"});
    let done = serde_json::json!({"type": "result", "status": "success", "stats": {}});
    let (_, finish) = read(&Gemini, format!("{said}\n{done}\n").as_bytes(), b"", exit, Usage::default());
    assert_eq!(finish.verdict, Verdict::Succeeded);

    let said = b"Error resuming session: Invalid session identifier \"0b-1\".\n";
    let (events, finish) = read(&Gemini, b"", said, Exit { code: Some(42), signal: None }, Usage::default());
    assert!(events.contains(&Event::RunSessionLost { session: "0b-1".into() }), "{events:?}");
    assert_eq!(finish.verdict, Verdict::Failed { retryable: true });
}
