//! Accounts: one subscription or key of an agent, what is left in its windows, and whether a run may start
//! on it now.
//!
//! [`Account`] is what the person configured, [`Standing`] what is known of it. A limit puts the account to
//! rest, not only the task that met it: [`Standing::limited`]. Whatever would start asks
//! [`Standing::may_start`]. Which of several accounts is taken is decided in [`crate::placement`].

mod credit;
mod hours;
mod standing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::event::LimitStatus;
use crate::ids::RunId;
use crate::time::Timestamp;

pub use credit::{Call, Credit, Share, Spoken};
pub use hours::Hours;
pub use standing::Alert;

/// One subscription or key of an agent, as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Unique: the agent's name for its first account, `AGENT/NAME` for others.
    pub name: String,
    /// The agent that uses it.
    pub agent: String,
    /// The share of each window that is kept for the person, 0 to 1.
    pub reserve: f64,
    /// Hours of the day, in the daemon's zone, that are kept for the person.
    pub quiet: Vec<Hours>,
    /// How many runs may use it at once.
    pub concurrency: Option<usize>,
    /// Whether a run may start that will probably not fit into what is left.
    pub overfill: bool,
}

impl Account {
    /// An account without rules of its own.
    pub fn new(name: impl Into<String>, agent: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            agent: agent.into(),
            reserve: 0.0,
            quiet: Vec::new(),
            concurrency: None,
            overfill: false,
        }
    }
}

/// A span of time in which the vendor counts, as last seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The vendor's name of it: `five_hour`, `seven_day`, `daily` …
    pub name: String,
    /// What it allows.
    pub status: LimitStatus,
    /// The share that is used, 0 to 1; `None` when only the status was told.
    pub utilization: Option<f64>,
    /// When it renews.
    pub resets_at: Option<Timestamp>,
    /// When this was seen.
    pub seen_at: Timestamp,
    /// The run that saw it, and what was used when it first did in this period.
    pub seen_by: Option<(RunId, f64)>,
    /// The share that a run took so far, on average.
    pub per_run: Option<f64>,
    /// The alert that was given in this period.
    pub alerted: Option<Alert>,
}

impl Window {
    /// For people: `5-hour window`.
    pub fn label(&self) -> String {
        window_label(&self.name)
    }

    /// When it renews, guessed by its length when nobody said.
    pub fn renews_at(&self) -> Timestamp {
        self.resets_at.unwrap_or_else(|| self.seen_at.plus(length(&self.name)))
    }

    /// When it began, by its length.
    pub fn began_at(&self) -> Timestamp {
        self.renews_at().minus(length(&self.name))
    }

    /// Whether what was seen still says something.
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.renews_at() > now
    }

    /// The period after this one, of which nothing is used yet; as if nobody said anything until then.
    #[must_use]
    pub fn next_period(&self) -> Self {
        let renews_at = self.renews_at();
        Self {
            status: LimitStatus::Allowed,
            utilization: self.utilization.map(|_| 0.0),
            resets_at: Some(renews_at.plus(length(&self.name))),
            seen_at: renews_at,
            seen_by: None,
            alerted: None,
            ..self.clone()
        }
    }

    /// The model it is about, when not about all: `opus` of `seven_day_opus`.
    pub fn scope(&self) -> Option<&str> {
        let (_, scope) = self.name.split_once("_day_").or_else(|| self.name.split_once("_hour_"))?;
        (scope != "overage_included").then_some(scope)
    }
}

/// For people: `5-hour window` for `five_hour`.
pub fn window_label(name: &str) -> String {
    match name {
        "five_hour" => "5-hour window".into(),
        "seven_day" => "weekly window".into(),
        "daily" => "daily window".into(),
        "" => "limit".into(),
        other => match other.strip_prefix("seven_day_") {
            Some(model) => format!("weekly window of {}", model.replace('_', " ")),
            None => format!("{} window", other.replace('_', " ")),
        },
    }
}

/// The name of a window of so many minutes. Where a vendor tells a first and a second one, which is which is not fixed.
pub fn window_of(minutes: u64) -> &'static str {
    match minutes {
        0..=720 => "five_hour",
        721..=2880 => "daily",
        _ => "seven_day",
    }
}

/// How long a period of a window lasts, by its name.
pub fn length(name: &str) -> Duration {
    match name {
        name if name.starts_with("seven_day") => Duration::from_hours(7 * 24),
        "daily" => Duration::from_hours(24),
        _ => Duration::from_hours(5),
    }
}

/// An account's pause after a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// Until when nothing starts on it.
    pub until: Timestamp,
    /// Whether somebody told that time. Otherwise it is a guess, and one run goes first to find out.
    pub told: bool,
    /// Guesses in a row that were too early.
    pub tries: u32,
    /// Only for models with this word in their name.
    pub scope: Option<String>,
    /// The window that is used up, for people.
    pub window: String,
}

/// What is known of an account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// A person switched it off.
    pub off: bool,
    /// It rests, or did until somebody finds out that it is open again.
    pub rests: Vec<Rest>,
    /// Its windows, as last seen.
    pub windows: Vec<Window>,
}

/// Why a run may not start on an account now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// A person switched it off.
    Off,
    /// A limit was met.
    Resting {
        /// Until then.
        until: Timestamp,
        /// Whether somebody told that time.
        told: bool,
        /// Which window, for people.
        window: String,
    },
    /// One run finds out whether it is open again.
    Probing,
    /// As many runs use it as may.
    Busy,
    /// What is left of a window is kept for the person, or too little for a run.
    Kept {
        /// Which window, for people.
        window: String,
        /// Its renewal.
        renews: Timestamp,
        /// When a run would fit: at the renewal, or so shortly before it that most of the run comes after.
        until: Timestamp,
        /// Whether the person's reserve is the reason.
        reserve: bool,
    },
    /// What is left of a window is held for more urgent work that cannot start yet.
    Spoken {
        /// Which window, for people.
        window: String,
        /// Its renewal.
        until: Timestamp,
        /// For which task, for people.
        whom: String,
    },
    /// It would only help out, or nothing is due, and its credits have to last.
    Paced {
        /// Whether another agent was wanted first.
        helps: bool,
        /// Which window, for people.
        window: String,
        /// When it has some to spare.
        until: Timestamp,
    },
    /// These hours are the person's.
    Quiet {
        /// Their end.
        until: Timestamp,
    },
}

impl Hold {
    /// When it ends by itself, if a time ends it.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Resting { until, .. }
            | Self::Kept { until, .. }
            | Self::Spoken { until, .. }
            | Self::Paced { until, .. }
            | Self::Quiet { until } => Some(*until),
            Self::Off | Self::Probing | Self::Busy => None,
        }
    }

    /// Whether it may end any moment, so that waiting for it is queueing.
    pub fn is_short(&self) -> bool {
        matches!(self, Self::Probing | Self::Busy | Self::Spoken { .. } | Self::Paced { .. })
    }

    /// One clause for people, naming the account and the time in their zone.
    pub fn sentence(&self, account: &str, zone: &TimeZone) -> String {
        match self {
            Self::Off => format!("{account} is switched off"),
            Self::Resting { until, told: true, window } => {
                format!("the {window} of {account} is used up until {}", until.local(zone))
            }
            Self::Resting { until, told: false, window } => {
                format!(
                    "the {window} of {account} is used up; nobody said until when, tried again at {}",
                    until.local(zone)
                )
            }
            Self::Probing => format!("one run finds out whether {account} is open again"),
            Self::Busy => format!("as many runs use {account} as may"),
            Self::Kept { window, renews, reserve: true, .. } => {
                format!(
                    "what is left of the {window} of {account} is kept for you until {}",
                    renews.local(zone)
                )
            }
            Self::Kept { window, renews, reserve: false, .. } => {
                format!(
                    "too little is left of the {window} of {account}, which renews at {}",
                    renews.local(zone)
                )
            }
            Self::Spoken { window, whom, .. } => {
                format!("what is left of the {window} of {account} is held for {whom}, which is more urgent")
            }
            Self::Paced { helps: false, window, until } => format!(
                "nothing is due, and the {window} of {account} has to last; it has some to spare at {}",
                until.local(zone)
            ),
            Self::Paced { helps: true, window, until } => format!(
                "{account} only helps out here, and its {window} has to last; it has some to spare at {}",
                until.local(zone)
            ),
            Self::Quiet { until } => format!("{account} is kept for you until {}", until.local(zone)),
        }
    }
}
