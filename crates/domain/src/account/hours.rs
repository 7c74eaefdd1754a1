//! Hours of the day, as a person writes them: `09:00-18:00`, in a zone with its clock changes.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use crate::time::Timestamp;

/// From a time of day to another, over midnight when the second is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    from: Time,
    to: Time,
}

impl Hours {
    /// `09:00-18:00`, or `22:00-07:00` over midnight; `None` when it is nothing of the kind.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        let (from, to) = (time(from)?, time(to)?);
        (from != to).then_some(Self { from, to })
    }

    /// When these hours end, if `now` is in them.
    pub fn end(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let now = now.zoned(zone)?;
        let time = now.time();
        let inside = if self.from < self.to {
            self.from <= time && time < self.to
        } else {
            time >= self.from || time < self.to
        };
        if !inside {
            return None;
        }
        // An end that a change of the clock skips is the moment after the gap.
        let at = |date: jiff::civil::Date| date.to_datetime(self.to).to_zoned(zone.clone()).ok();
        let ends = |end: &Zoned| *end > now;
        let today = at(now.date()).filter(ends);
        let end = today.or_else(|| at(now.date().checked_add(1.day()).ok()?))?;
        Some(Timestamp::from_millis(end.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(hours: &str, now: &str, zone: &str) -> Option<String> {
        let now = Timestamp::from_millis(now.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let zone = TimeZone::get(zone).unwrap();
        Hours::parse(hours).unwrap().end(now, &zone).map(|end| end.to_string())
    }

    #[test]
    fn hours_of_a_day_over_midnight_and_over_changes_of_the_clock() {
        let cases = [
            ("09:00-18:00", "2026-11-20T12:00:00Z", "UTC", Some("2026-11-20T18:00:00Z")),
            ("09:00-18:00", "2026-11-20T18:00:00Z", "UTC", None),
            ("22:00-07:00", "2026-11-20T23:30:00Z", "UTC", Some("2026-11-21T07:00:00Z")),
            ("22:00-07:00", "2026-11-20T06:30:00Z", "UTC", Some("2026-11-20T07:00:00Z")),
            ("09:00-18:00", "2026-11-20T16:59:00Z", "Europe/Berlin", Some("2026-11-20T17:00:00Z")),
            // The night the clock goes back is an hour longer, the one it goes forward an hour shorter.
            ("22:00-07:00", "2026-10-24T21:00:00Z", "Europe/Berlin", Some("2026-10-25T06:00:00Z")),
            ("22:00-07:00", "2027-03-27T22:00:00Z", "Europe/Berlin", Some("2027-03-28T05:00:00Z")),
            // Half past two does not exist that night: they end when the clock has passed it.
            ("22:00-02:30", "2027-03-27T23:00:00Z", "Europe/Berlin", Some("2027-03-28T01:30:00Z")),
        ];
        for (hours, now, zone, expected) in cases {
            assert_eq!(end(hours, now, zone).as_deref(), expected, "{hours} at {now} in {zone}");
        }
        for wrong in ["9-5", "09:00", "09:00-09:00", "25:00-26:00", "-"] {
            assert_eq!(Hours::parse(wrong), None, "{wrong}");
        }
    }
}
