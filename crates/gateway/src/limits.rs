//! Rate-limit headers to windows of an account. Only headers count: they are the provider's own, whatever an
//! answer quotes.
//!
//! Sources: `anthropic-ratelimit-unified-*` and `x-codex-*` as the agents' own programs read them. Limits per
//! minute of plain keys are not windows anybody plans with; agents wait them out by themselves.

use domain::Timestamp;
use domain::event::LimitStatus;
use serde::{Deserialize, Serialize};

/// A window, as headers tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Its name.
    pub window: String,
    /// What it allows.
    pub status: LimitStatus,
    /// The share that is used, 0 to 1.
    pub utilization: Option<f64>,
    /// When it renews.
    pub resets_at: Option<Timestamp>,
}

/// The windows that an answer's headers tell of.
pub fn windows<'a>(header: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Vec<Seen> {
    let mut windows = Vec::new();
    for (short, name) in [("5h", "five_hour"), ("7d", "seven_day")] {
        let field = |field: &str| header(&format!("anthropic-ratelimit-unified-{short}-{field}"));
        let Some(utilization) = field("utilization").and_then(|text| text.parse::<f64>().ok()) else {
            continue;
        };
        let status = match field("status") {
            Some("rejected") => LimitStatus::Rejected,
            Some("allowed_warning") => LimitStatus::Warning,
            _ => LimitStatus::Allowed,
        };
        let resets_at = field("reset").and_then(|text| text.parse().ok()).map(Timestamp::from_seconds);
        windows.push(Seen { window: name.into(), status, utilization: Some(utilization), resets_at });
    }
    for which in ["primary", "secondary"] {
        let field = |field: &str| header(&format!("x-codex-{which}-{field}"));
        let Some(percent) = field("used-percent").and_then(|text| text.parse::<f64>().ok()) else { continue };
        let Some(minutes) = field("window-minutes").and_then(|text| text.parse::<u64>().ok()) else {
            continue;
        };
        let after = field("reset-after-seconds").and_then(|text| text.parse().ok());
        let after = after.map(|seconds| now.plus(std::time::Duration::from_secs(seconds)));
        let at = field("reset-at").and_then(|text| text.parse().ok()).map(Timestamp::from_seconds);
        windows.push(Seen {
            window: domain::account::window_of(minutes).into(),
            status: if percent >= 100.0 { LimitStatus::Rejected } else { LimitStatus::Allowed },
            utilization: Some(percent / 100.0),
            resets_at: at.or(after),
        });
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_by_their_headers() {
        let now = Timestamp::from_seconds(1_000);
        let headers = [
            ("anthropic-ratelimit-unified-5h-utilization", "0.31"),
            ("anthropic-ratelimit-unified-5h-status", "allowed_warning"),
            ("anthropic-ratelimit-unified-5h-reset", "5000"),
            ("x-codex-primary-used-percent", "100"),
            ("x-codex-primary-window-minutes", "10080"),
            ("x-codex-primary-reset-after-seconds", "60"),
            ("x-codex-secondary-used-percent", "many"),
        ];
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let seen = windows(header, now);
        let expected = [
            Seen {
                window: "five_hour".into(),
                status: LimitStatus::Warning,
                utilization: Some(0.31),
                resets_at: Some(Timestamp::from_seconds(5000)),
            },
            Seen {
                window: "seven_day".into(),
                status: LimitStatus::Rejected,
                utilization: Some(1.0),
                resets_at: Some(Timestamp::from_seconds(1060)),
            },
        ];
        assert_eq!(seen, expected);
    }
}
