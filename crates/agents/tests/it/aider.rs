//! Recorded output of aider 0.86.2, and what becomes of it.

use agents::aider::Aider;
use agents::{Exit, Verdict};
use domain::Usage;

use crate::stream::{read, told, transcript, used};

#[test]
fn words_are_read_as_they_were() {
    for (case, code) in [("write", 0), ("401", 0), ("quota", 137), ("sigint", 0), ("sigterm", 143)] {
        insta::assert_snapshot!(format!("aider-{case}"), told(&Aider, case, code, ""));
    }
}

#[test]
fn tokens_are_as_rounded_as_it_tells_them() {
    let used = used(&Aider, "write", Usage::default());
    assert_eq!((used.input, used.output), (1200, 34));
}

#[test]
fn its_exit_code_is_no_evidence() {
    let well = Exit { code: Some(0), signal: None };
    let end = |case: &str| read(&Aider, &transcript("aider", case), b"", well, Usage::default()).1.verdict;
    assert_eq!(end("401"), Verdict::Failed { retryable: false });
    assert_eq!(end("sigint"), Verdict::Failed { retryable: true });
    assert_eq!(end("write"), Verdict::Succeeded);
}
