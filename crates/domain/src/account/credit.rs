//! How credits are laid out over time: what a run would take of a window before it renews, room that is spoken for by
//! more urgent work, and the pace at which an account may help out where another was wanted.

use std::time::Duration;

use super::{Account, Hold, Standing, Window, length};
use crate::ids::TaskId;
use crate::time::Timestamp;

/// Runs in a row that fit before a renewal which is near.
const SHORTLY: u32 = 3;
/// How far ahead of an even pace work may use a window when nothing is due.
const AHEAD: Duration = Duration::from_hours(24);

/// What a run takes, or what is left of one that lives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// How long; nothing is known when zero, and all of it counts.
    pub takes: Duration,
    /// How much in four of five cases, in runs of the usual size there.
    pub weight: f64,
    /// How much in half of them.
    pub likely: f64,
}

impl Default for Share {
    fn default() -> Self {
        Self { takes: Duration::ZERO, weight: 1.0, likely: 1.0 }
    }
}

impl Share {
    /// What is left of a run that has so much of its time before it.
    #[must_use]
    pub fn rest(self, left: Duration) -> Self {
        let part = (left.as_secs_f64() / self.takes.as_secs_f64().max(0.001)).min(1.0);
        // One that takes longer than its like ends at any moment; of one that runs the likely size is what counts.
        let likely = self.likely * part;
        Self { takes: left.max(Duration::from_secs(1)), weight: likely, likely }
    }

    /// The part of it that falls into this span, in half of the cases: what runs on after a window renews is taken from
    /// the next one.
    fn within(self, span: Duration) -> f64 {
        if self.takes.is_zero() {
            return self.likely;
        }
        self.likely * (span.as_secs_f64() / self.takes.as_secs_f64()).min(1.0)
    }

    /// As it counts before it starts: in four of five cases, but near a renewal in half of them. Meeting the limit shortly before it costs a short wait, and credits that nobody dares to use expire.
    fn carefully(self, span: Duration) -> Self {
        if span < self.takes.saturating_mul(SHORTLY) { self } else { Self { likely: self.weight, ..self } }
    }
}

/// Work that will want an account soon and cannot start yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoken {
    /// The task.
    pub id: TaskId,
    /// For people: its title and short id.
    pub name: String,
    /// How urgent it is.
    pub points: i64,
    /// What it will take.
    pub share: Share,
}

/// How much a run may ask of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Call {
    /// It is wanted there, and now.
    #[default]
    Now,
    /// It is wanted there, but nothing is due: it may be ahead of the pace by [`AHEAD`].
    Patient,
    /// Another agent was wanted first, and may be waited for: the account gives what it would not need otherwise.
    Helps,
}

impl Call {
    /// How far ahead of an even pace the longest window may be; `None` when that does not matter.
    fn ahead(self) -> Option<Duration> {
        match self {
            Self::Now => None,
            Self::Patient => Some(AHEAD),
            Self::Helps => Some(Duration::ZERO),
        }
    }
}

/// What is known of a run's credits before it starts. The default knows nothing: a run like others, alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credit<'a> {
    /// What it takes itself.
    pub own: Share,
    /// What live runs on the account still take.
    pub live: &'a [Share],
    /// More urgent work that will want the account.
    pub spoken: &'a [Spoken],
    /// How much it may ask.
    pub call: Call,
}

impl Credit<'_> {
    /// Why a run may not have its credits of an account that is open otherwise.
    pub(crate) fn hold(
        &self,
        standing: &Standing,
        account: &Account,
        model: Option<&str>,
        now: Timestamp,
    ) -> Option<Hold> {
        let windows =
            || standing.windows.iter().filter(|window| window.concerns(model) && window.is_current(now));
        let most = 1.0 - account.reserve;
        let shorter: Vec<_> = standing.windows.iter().filter(|window| window.concerns(model)).collect();
        for (window, per_run) in windows().filter_map(|window| Some((window, window.per_run?))) {
            if account.overfill {
                break;
            }
            let left = window.renews_at().since(now);
            let mut sum = 0.0;
            // Only as much is held as there is: what needs more than a whole window is no reason to let it expire.
            for spoken in self.spoken {
                let reach = window.reach(&shorter, spoken.share, None);
                sum += (per_run * spoken.share.within(left)).min(most / 2.0).min(reach);
                let free = window.free(most, self.live, now) - sum;
                if (per_run * self.own.within(left)).min(window.reach(&shorter, self.own, Some(now))) > free {
                    let (window, until) = (window.label(), window.renews_at());
                    return Some(Hold::Spoken { window, until, whom: spoken.name.clone() });
                }
            }
        }
        // The longest window is the one that has to last.
        let longest =
            windows().filter(|window| window.utilization.is_some()).max_by_key(|window| length(&window.name));
        let (window, length) = longest.map(|window| (window, length(&window.name)))?;
        let ahead = self.call.ahead()?.as_secs_f64() / length.as_secs_f64();
        let used = most - window.free(most, self.live, now);
        let passed = 1.0 - window.renews_at().since(now).as_secs_f64() / length.as_secs_f64();
        if used < (passed + ahead) * most {
            return None;
        }
        let still = length.mul_f64((1.0 - used / most.max(0.001) + ahead).clamp(0.0, 1.0));
        // A moment later, so that whoever asks again then is not told the same.
        let until = window.renews_at().minus(still).plus(Duration::from_secs(1));
        Some(Hold::Paced {
            helps: self.call == Call::Helps,
            window: window.label(),
            until: until.min(window.renews_at()).max(now.plus(Duration::from_secs(1))),
        })
    }
}

impl Window {
    /// The share that nobody used, or will before it renews.
    pub(crate) fn free(&self, most: f64, live: &[Share], now: Timestamp) -> f64 {
        let left = self.renews_at().since(now);
        let per_run = self.per_run.unwrap_or(0.0);
        let live: f64 = live.iter().map(|share| per_run * share.within(left)).sum();
        most - self.utilization.unwrap_or(0.0) - live
    }

    /// The most that a run takes of it, however large it is: then it has met the limit of a shorter window among `all`. From
    /// now on, or whenever.
    pub(crate) fn reach(&self, all: &[&Window], run: Share, from: Option<Timestamp>) -> f64 {
        let shorter = all.iter().filter(|other| length(&other.name) < length(&self.name));
        let of = |other: &&&Window| {
            // Both are known by the same runs.
            let ratio = self.per_run? / other.per_run.filter(|per_run| *per_run > 0.0)?;
            let (first, left) = match from {
                Some(now) if other.is_current(now) => {
                    (1.0 - other.utilization.unwrap_or(0.0), other.renews_at().since(now))
                }
                _ => (1.0, length(&other.name)),
            };
            let more =
                (run.takes.saturating_sub(left).as_secs_f64() / length(&other.name).as_secs_f64()).ceil();
            Some(ratio * (first.max(0.0) + more))
        };
        shorter.filter_map(|other| of(&other)).fold(f64::INFINITY, f64::min)
    }

    /// When a run would fit into what is left: now, or when so much of it falls behind the renewal that the rest does.
    pub(crate) fn fits_at(
        &self,
        credit: &Credit<'_>,
        most: f64,
        all: &[&Window],
        now: Timestamp,
    ) -> Timestamp {
        let left = self.renews_at().since(now);
        let free = self.free(most, credit.live, now);
        // A long window that is behind an even pace would expire if only what surely fits could start.
        let even = most * left.as_secs_f64() / length(&self.name).as_secs_f64();
        let long = all.iter().any(|other| length(&other.name) < length(&self.name));
        let own = if long && free > even { credit.own } else { credit.own.carefully(left) };
        let per_run = self.per_run.unwrap_or(0.0);
        // A run that takes more than half of a whole window would otherwise never start.
        let need = (per_run * own.within(left)).min(most / 2.0).min(self.reach(all, credit.own, Some(now)));
        if need <= free {
            return now;
        }
        let whole = per_run * own.likely;
        if own.takes.is_zero() || whole <= 0.0 {
            return self.renews_at();
        }
        let before = own.takes.mul_f64((free / whole).clamp(0.0, 1.0));
        self.renews_at().minus(before).max(now.plus(Duration::from_secs(1)))
    }

    /// Whether it counts runs with this model.
    pub(crate) fn concerns(&self, model: Option<&str>) -> bool {
        match (self.scope(), model) {
            (Some(scope), Some(model)) => model.contains(scope),
            _ => true,
        }
    }
}
