//! Times as people write them: `friday`, `fri 18:00`, `tomorrow 9:00`, `in 3h`, `2026-11-23`, RFC 3339. Pure: the
//! moment it is now, on the clocks of the person's zone, goes in.
//!
//! A day without a time means its end, 23:59: "by Friday" includes Friday. A weekday is the next of its name, today
//! included while its time lies ahead.

use jiff::civil::{Date, Time, Weekday};
use jiff::{Span, ToSpan, Zoned};

use crate::time::Timestamp;

/// What a person is told when it is no time.
const FORMS: &str = "write it as `friday`, `fri 18:00`, `tomorrow 9:00`, `in 3h`, `2d`, `2026-11-23`, \
                     `2026-11-23 18:00` or `2026-11-23T18:00:00Z`";

/// The moment that `text` names, which lies after `now`; or what is wrong with it.
pub fn parse(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let words = text.trim().to_ascii_lowercase();
    let at = moment(&words, now).ok_or_else(|| format!("`{text}` is no time: {FORMS}"))?;
    if at <= Timestamp::from_millis(now.timestamp().as_millisecond()) {
        return Err(format!("`{text}` is in the past: it is {} now", now.strftime("%Y-%m-%d %H:%M")));
    }
    Ok(at)
}

fn moment(words: &str, now: &Zoned) -> Option<Timestamp> {
    if let Ok(at) = words.to_ascii_uppercase().parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_millis(at.as_millisecond()));
    }
    if let Some(span) = span(words.strip_prefix("in ").unwrap_or(words)) {
        return millis(&now.checked_add(span).ok()?);
    }
    // The `t` between a date and a time; `tomorrow` and `thu` have one, too.
    let dated = words.split_once('t').filter(|(date, _)| date.ends_with(|char: char| char.is_ascii_digit()));
    let (day, time) = match dated.or_else(|| words.rsplit_once(' ')) {
        Some((day, time)) => (day.trim_end_matches([',', ' ']), Some(clock(time)?)),
        None => (words, None),
    };
    if time.is_none()
        && let Some(time) = clock(day)
    {
        let today = on(now.date(), Some(time), now)?;
        return if today > millis(now)? {
            Some(today)
        } else {
            on(now.date().tomorrow().ok()?, Some(time), now)
        };
    }
    match day {
        "today" | "tonight" => on(now.date(), time, now),
        "tomorrow" => on(now.date().tomorrow().ok()?, time, now),
        day => match weekday(day) {
            Some(weekday) => {
                let ahead = now.date().weekday().until(weekday);
                let first = on(now.date().checked_add(i32::from(ahead).days()).ok()?, time, now)?;
                if first > millis(now)? {
                    return Some(first);
                }
                on(now.date().checked_add(7.days()).ok()?, time, now)
            }
            None => on(day.parse().ok()?, time, now),
        },
    }
}

/// `3h`, `90 min`, `2d`, `1w`: a number and a unit.
fn span(words: &str) -> Option<Span> {
    let end = words.find(|char: char| !char.is_ascii_digit())?;
    let n: i64 = words.get(..end)?.parse().ok().filter(|n| *n <= 100_000)?;
    match words.get(end..)?.trim() {
        "m" | "min" | "minute" | "minutes" => Some(n.minutes()),
        "h" | "hour" | "hours" => Some(n.hours()),
        "d" | "day" | "days" => Some(n.days()),
        "w" | "week" | "weeks" => Some(n.weeks()),
        _ => None,
    }
}

/// `9:00`, `18:30`, `18:30:15`.
fn clock(text: &str) -> Option<Time> {
    let shape = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') && text.contains(':');
    let padded = if text.find(':') == Some(1) { format!("0{text}") } else { text.to_owned() };
    padded.parse().ok().filter(|_| shape)
}

fn weekday(text: &str) -> Option<Weekday> {
    const NAMES: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let known = |name: &str| name == text || (text.len() >= 3 && name.starts_with(text));
    NAMES.into_iter().find(|(name, _)| known(name)).map(|(_, weekday)| weekday)
}

/// A day at a time on the clocks of the person's zone. A time that a change of the clock skips is the moment after
/// the gap; one that comes twice is the first.
fn on(date: Date, time: Option<Time>, now: &Zoned) -> Option<Timestamp> {
    let time = time.unwrap_or(Time::constant(23, 59, 0, 0));
    millis(&date.to_datetime(time).to_zoned(now.time_zone().clone()).ok()?)
}

#[expect(clippy::unnecessary_wraps, reason = "so that it reads in a chain of what may fail")]
fn millis(at: &Zoned) -> Option<Timestamp> {
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, now: &str) -> String {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = now.parse::<jiff::Timestamp>().unwrap().to_zoned(zone.clone());
        match parse(text, &now) {
            Ok(at) => at.zoned(&zone).unwrap().strftime("%Y-%m-%d %H:%M %Z").to_string(),
            Err(wrong) => wrong,
        }
    }

    #[test]
    fn times_as_people_write_them() {
        // A Saturday, 17:00 in Berlin.
        let now = "2026-11-21T16:00:00Z";
        for (text, expected) in [
            ("2026-11-23T18:00:00Z", "2026-11-23 19:00 CET"),
            ("2026-11-23t18:00:00+02:00", "2026-11-23 17:00 CET"),
            ("2026-11-23", "2026-11-23 23:59 CET"),
            ("2026-11-23 18:00", "2026-11-23 18:00 CET"),
            ("2026-11-23T18:00", "2026-11-23 18:00 CET"),
            ("friday", "2026-11-27 23:59 CET"),
            ("Fri 18:00", "2026-11-27 18:00 CET"),
            ("thu 9:00", "2026-11-26 09:00 CET"),
            ("tuesday", "2026-11-24 23:59 CET"),
            ("saturday", "2026-11-21 23:59 CET"),
            ("sat 16:00", "2026-11-28 16:00 CET"),
            ("today", "2026-11-21 23:59 CET"),
            ("tonight 22:00", "2026-11-21 22:00 CET"),
            ("tomorrow", "2026-11-22 23:59 CET"),
            ("tomorrow 9:00", "2026-11-22 09:00 CET"),
            ("tomorrow, 9:00", "2026-11-22 09:00 CET"),
            ("18:30", "2026-11-21 18:30 CET"),
            ("9:00", "2026-11-22 09:00 CET"),
            ("in 3h", "2026-11-21 20:00 CET"),
            ("in 90 minutes", "2026-11-21 18:30 CET"),
            ("3d", "2026-11-24 17:00 CET"),
            ("1w", "2026-11-28 17:00 CET"),
        ] {
            assert_eq!(read(text, now), expected, "{text}");
        }
    }

    #[test]
    fn days_are_days_also_when_the_clock_changes() {
        // The clock goes back on the 25th: the day has 25 hours. It goes forward on the 28th of March.
        assert_eq!(read("1d", "2026-10-24T10:00:00Z"), "2026-10-25 12:00 CET");
        assert_eq!(read("in 24h", "2026-10-24T10:00:00Z"), "2026-10-25 11:00 CET");
        assert_eq!(read("tomorrow 12:00", "2026-10-24T10:00:00Z"), "2026-10-25 12:00 CET");
        assert_eq!(read("2026-10-25 02:30", "2026-10-24T10:00:00Z"), "2026-10-25 02:30 CEST");
        assert_eq!(read("2027-03-28 02:30", "2027-03-27T10:00:00Z"), "2027-03-28 03:30 CEST");
    }

    #[test]
    fn what_is_no_time_is_told_how_to_write_one() {
        let now = "2026-11-21T16:00:00Z";
        insta::assert_snapshot!(read("soon", now), @"`soon` is no time: write it as `friday`, `fri 18:00`, `tomorrow 9:00`, `in 3h`, `2d`, `2026-11-23`, `2026-11-23 18:00` or `2026-11-23T18:00:00Z`");
        insta::assert_snapshot!(read("2026-11-20", now), @"`2026-11-20` is in the past: it is 2026-11-21 17:00 now");
        for wrong in [
            "",
            "in",
            "3",
            "h",
            "25:00",
            "fri 25:00",
            "2026-13-01",
            "fr",
            "monday noon",
            "99999999999999999999d",
        ] {
            assert!(read(wrong, now).contains("is no time"), "{wrong}: {}", read(wrong, now));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_moment_ahead_or_a_sentence(text in "[a-z0-9: T+.,-]{0,24}|\\PC{0,12}") {
            let now = "2026-11-21T16:00:00Z[UTC]".parse::<Zoned>().unwrap();
            match parse(&text, &now) {
                Ok(at) => prop_assert!(at > Timestamp::from_millis(now.timestamp().as_millisecond())),
                Err(wrong) => prop_assert!(wrong.contains("is no time") || wrong.contains("is in the past")),
            }
        }
    }
}
