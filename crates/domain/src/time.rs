//! Points in time. No clock lives here: callers pass `now`.

use std::fmt;
use std::time::Duration;

use jiff::Zoned;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds since the Unix epoch, UTC. Written as RFC 3339 in JSON, as an integer in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// From whole seconds since the epoch, as agents report reset times.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This much later; saturates at the end of time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This much earlier; saturates at the beginning of time.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The moment that a text in the form of RFC 3339 names.
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse::<jiff::Timestamp>().ok().map(|at| Self::from_millis(at.as_millisecond()))
    }

    /// The same moment on the clocks of a zone; `None` out of all calendars.
    pub fn zoned(self, zone: &TimeZone) -> Option<Zoned> {
        Some(jiff::Timestamp::from_millisecond(self.0).ok()?.to_zoned(zone.clone()))
    }

    /// The calendar month this lies in: its first moment and that of the next.
    pub fn month(self, zone: &TimeZone) -> (Self, Self) {
        let first = |date: jiff::civil::Date| {
            let at = date.first_of_month().to_zoned(zone.clone()).ok()?;
            Some(Self::from_millis(at.timestamp().as_millisecond()))
        };
        let date = self.zoned(zone).map(|at| at.date());
        let begin = date.and_then(first).unwrap_or(self);
        let next =
            date.and_then(|date| first(date.first_of_month().checked_add(jiff::Span::new().months(1)).ok()?));
        (begin, next.unwrap_or(self))
    }

    /// For people, on the clocks of their zone: `Sat 21 Nov 22:14 CET`.
    pub fn local(self, zone: &TimeZone) -> String {
        self.zoned(zone).map_or_else(|| self.to_string(), |at| at.strftime("%a %-d %b %H:%M %Z").to_string())
    }

    /// Time from `earlier` to `self`, zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Out of jiff's range only for values no clock gives; the number is then the honest form.
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => at.fmt(f),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let at: jiff::Timestamp = text.parse().map_err(de::Error::custom)?;
        Ok(Self(at.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_rfc_3339() {
        let at = Timestamp::from_millis(1_795_212_857_250);
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(json, "\"2026-11-20T22:14:17.25Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
    }

    #[test]
    fn months_begin_where_the_person_is() {
        let at =
            |text: &str| Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let (begin, end) = at("2026-10-31T23:30:00Z").month(&zone);
        assert_eq!((begin, end), (at("2026-10-31T23:00:00Z"), at("2026-11-30T23:00:00Z")));
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::from_millis(5).since(Timestamp::from_millis(9)), Duration::ZERO);
        assert_eq!(Timestamp::from_millis(i64::MAX).plus(Duration::from_secs(1)).as_millis(), i64::MAX);
    }
}
