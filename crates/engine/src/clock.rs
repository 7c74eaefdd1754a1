//! The clock's one door.

use domain::Timestamp;

/// Now, by the machine's wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock's one door")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
