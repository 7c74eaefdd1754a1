//! What agents tell in words only: when a limit renews, that they ended without a word. Times are UTC, because
//! drivers whose agents tell them in prose start them so.

use std::time::Duration;

use domain::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::Exit;

/// One sentence for an end without a result.
pub(crate) fn without_result(agent: &str, exit: &Exit, error: Option<&str>) -> String {
    let how = match (exit.code, exit.signal) {
        (Some(code), _) => format!("code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no trace".into(),
    };
    match error {
        Some(error) => format!("{agent} ended without a result ({how}): {error}"),
        None => format!("{agent} ended without a result ({how})"),
    }
}

/// When "try again at 10:25 PM", "try again at Nov 23rd, 2026 10:25 PM" or "try again in 1 day 2 hours" is;
/// `None` when nothing of the kind is said.
pub(crate) fn try_again_at(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some((_, rest)) = text.split_once("try again at ") {
        return clock(rest.trim_end_matches(['.', ' ']), now);
    }
    let (_, rest) = text.split_once("try again in ")?;
    let mut span = Duration::ZERO;
    let mut number = None;
    for word in rest.split_whitespace() {
        let word = word.trim_end_matches(['.', ',']);
        if let Ok(n) = word.parse::<u32>() {
            number = Some(n);
            continue;
        }
        let unit = match word.trim_end_matches('s') {
            "day" => Duration::from_hours(24),
            "hour" => Duration::from_hours(1),
            "minute" => Duration::from_mins(1),
            "second" => Duration::from_secs(1),
            _ => break,
        };
        span += unit * number.take()?;
    }
    (span > Duration::ZERO).then(|| now.plus(span))
}

/// When a provider's `retry-after` ends, if it asks for more than a minute; at most eight days.
pub(crate) fn retry_after(headers: &serde_json::Value, now: Timestamp) -> Option<Timestamp> {
    let seconds = headers["retry-after"].as_str()?.trim().parse::<u64>().ok()?;
    (seconds >= 60).then(|| now.plus(Duration::from_secs(seconds.min(8 * 24 * 3600))))
}

fn clock(text: &str, now: Timestamp) -> Option<Timestamp> {
    let now = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?.to_zoned(TimeZone::UTC).datetime();
    let at = if let Ok(time) = Time::strptime("%I:%M %p", text) {
        let today = end_of_minute(now.date().to_datetime(time))?;
        // Told without a date: the next time it is so late.
        if today > now { today } else { end_of_minute(now.date().tomorrow().ok()?.to_datetime(time))? }
    } else {
        end_of_minute(dated(text)?)?
    };
    let at = at.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Timestamp::from_millis(at.as_millisecond()))
}

/// A minute is told where a second is meant: by its end it has come.
fn end_of_minute(at: DateTime) -> Option<DateTime> {
    at.checked_add(jiff::Span::new().minutes(1)).ok()
}

/// "Nov 23rd, 2026 10:25 PM"
fn dated(text: &str) -> Option<DateTime> {
    let (month_day, rest) = text.split_once(", ")?;
    let month_day = month_day.trim_end_matches(char::is_alphabetic);
    let (year, time) = rest.split_once(' ')?;
    let date = strtime::parse("%b %d %Y", format!("{month_day} {year}")).ok()?;
    let date: Date = date.to_date().ok()?;
    Some(date.to_datetime(Time::strptime("%I:%M %p", time).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wordings() {
        let now =
            |text: &str| Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let evening = now("2026-11-20T21:00:00Z");
        for (said, expected) in [
            ("or try again at 10:25 PM.", Some("2026-11-20T22:26:00Z")),
            ("or try again at 8:05 AM.", Some("2026-11-21T08:06:00Z")),
            ("try again at Nov 23rd, 2026 10:25 PM.", Some("2026-11-23T22:26:00Z")),
            // This very minute, not tomorrow's.
            ("try again at 9:00 PM.", Some("2026-11-20T21:01:00Z")),
            ("try again in 1 day 2 hours 3 minutes.", Some("2026-11-21T23:03:00Z")),
            ("try again in 45 seconds", Some("2026-11-20T21:00:45Z")),
            ("try again later", None),
            ("try again at dawn", None),
        ] {
            assert_eq!(try_again_at(said, evening).map(|at| at.to_string()).as_deref(), expected, "{said}");
        }
    }
}
