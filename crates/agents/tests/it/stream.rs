//! Recorded streams, read by a driver.

use std::fmt::Write;

use agents::{Assignment, Driver, Exit, LineSplitter, Stream, Verdict};
use domain::{Event, Timestamp, Usage};

pub(crate) fn transcript(agent: &str, case: &str) -> Vec<u8> {
    let file = format!("{}/tests/transcripts/{agent}/{case}.jsonl", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

pub(crate) fn read(
    driver: &dyn Driver,
    stdout: &[u8],
    stderr: &[u8],
    exit: Exit,
    before: Usage,
) -> (Vec<Event>, agents::Finish) {
    // In the evening of the day they were recorded.
    let now = Timestamp::from_seconds(1_795_208_400);
    let mut session = driver.session(&Assignment { before, ..Assignment::default() });
    let mut events = Vec::new();
    for (stream, bytes) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
        let mut splitter = LineSplitter::default();
        let mut lines = splitter.push(bytes);
        lines.extend(splitter.finish());
        events.extend(lines.iter().flat_map(|line| session.line(stream, &line.bytes, now)));
    }
    (events, session.finish(&exit, now))
}

/// Events and end as a person would want to compare them.
pub(crate) fn told(driver: &dyn Driver, case: &str, code: i32, stderr: &str) -> String {
    let exit = Exit { code: Some(code), signal: None };
    let stdout = transcript(driver.name(), case);
    let (events, finish) = read(driver, &stdout, stderr.as_bytes(), exit, Usage::default());
    let mut text = String::new();
    for event in events {
        let payload: String = event.payload().chars().take(220).collect();
        writeln!(text, "{} {payload}", event.kind()).unwrap();
    }
    let until = match finish.verdict {
        Verdict::Limited { until } => {
            format!("limited until {}", until.map_or("?".into(), |at| at.to_string()))
        }
        Verdict::Succeeded => "succeeded".into(),
        Verdict::Failed { retryable } => format!("failed, retryable: {retryable}"),
    };
    write!(text, "=> {until} | {:?} | {:?}", finish.reason, finish.summary).unwrap();
    text
}

/// What a recorded run books, when its session had consumed `before`.
pub(crate) fn used(driver: &dyn Driver, case: &str, before: Usage) -> Usage {
    let (events, _) = read(driver, &transcript(driver.name(), case), b"", Exit::default(), before);
    events.into_iter().fold(Usage::default(), |sum, event| match event {
        Event::UsageRecorded { input, output, cached, cost_usd } => {
            sum.plus(Usage { input, output, cached, cost_usd })
        }
        _ => sum,
    })
}
