//! How what is known of an account changes, and what it allows.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Account, Credit, Hold, Rest, Standing, Window, window_label};
use crate::event::LimitStatus;
use crate::ids::RunId;
use crate::time::Timestamp;

/// Waits when nobody says until when, in minutes. The first is for an account that was said to be open again
/// and was not.
const GUESSES: [u64; 5] = [1, 5, 15, 30, 60];
/// No reset is believed to be further away.
const LONGEST: Duration = Duration::from_hours(8 * 24);
/// How much the latest run counts in the average of what runs take.
const LATEST: f64 = 0.3;

/// How little is left of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// A quarter.
    Low,
    /// Only what is kept for the person, or nothing.
    Threshold,
}

impl Alert {
    /// The word for the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Threshold => "threshold",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Low, Self::Threshold].into_iter().find(|alert| alert.as_str() == text)
    }
}

impl Standing {
    /// Takes in what a run saw of a window. An alert is returned once in a period, when less is left than
    /// before.
    pub fn see(&mut self, seen: Window, by: RunId, account: &Account) -> Option<Alert> {
        let known = self.windows.iter().position(|window| window.name == seen.name);
        let known = known.map(|at| self.windows.swap_remove(at));
        let same = known.as_ref().is_some_and(|known| same_period(known, &seen));
        let mut next = seen;
        next.per_run = known.as_ref().and_then(|known| known.per_run);
        next.alerted = known.as_ref().and_then(|known| known.alerted).filter(|_| same);
        next.utilization = next.utilization.or_else(|| known.as_ref()?.utilization.filter(|_| same));
        next.resets_at = next.resets_at.or_else(|| known.as_ref()?.resets_at.filter(|_| same));
        if let Some(used) = next.utilization {
            let before = known.and_then(|known| known.seen_by).filter(|(run, _)| *run == by && same);
            next.seen_by = Some(before.unwrap_or((by, used)));
        }
        let alert = alert_of(&next, account).filter(|alert| next.alerted.is_none_or(|given| given < *alert));
        next.alerted = alert.or(next.alerted);
        self.windows.push(next);
        self.windows.sort_by(|a, b| a.name.cmp(&b.name));
        alert
    }

    /// A run met the account's limit, which renews at `until` if that was told. What is told is believed
    /// exactly when it lies ahead; otherwise the next try is a guess, spread by `seed`.
    pub fn limited(&mut self, until: Option<Timestamp>, seed: u64, now: Timestamp) {
        let rejected: Vec<_> = self
            .windows
            .iter()
            .filter(|window| window.status == LimitStatus::Rejected && window.is_current(now))
            .collect();
        // A window of one model leaves the others alone; any other binds all.
        let scope = match rejected.iter().map(|window| window.scope()).collect::<Option<Vec<_>>>() {
            Some(scopes) => scopes.first().map(|scope| (*scope).to_owned()),
            None => None,
        };
        let latest = rejected.iter().max_by_key(|window| window.renews_at());
        let window = latest.map_or_else(|| window_label(""), |window| window.label());
        // Every window that is used up binds, so the last to renew counts; and what is told of windows is exact,
        // where an error's words may name a minute only.
        let told = rejected.iter().filter_map(|window| window.resets_at).filter(|at| *at > now).max();
        let told = told.or(until.filter(|at| *at > now)).map(|at| at.min(now.plus(LONGEST)));
        let known = self.rests.iter().position(|rest| rest.scope == scope);
        let known = known.map(|at| self.rests.swap_remove(at));
        let rest = match (told, known) {
            (Some(until), _) => Rest { until, told: true, tries: 0, scope, window },
            (None, Some(rest)) if rest.until > now => rest,
            (None, known) => {
                let tries = known.map_or(1, |rest| if rest.told { 0 } else { rest.tries });
                let minutes = GUESSES[(tries as usize).min(GUESSES.len() - 1)];
                let wait = Duration::from_mins(minutes);
                let spread = wait / 10 * u32::try_from(seed % 100).unwrap_or(0) / 100;
                Rest { until: now.plus(wait + spread), told: false, tries: tries + 1, scope, window }
            }
        };
        self.rests.push(rest);
    }

    /// A run got through: whatever rest is over is forgotten.
    pub fn proved(&mut self, now: Timestamp) {
        self.rests.retain(|rest| rest.until > now);
    }

    /// A person knows better: nothing that was said of a limit counts any more.
    pub fn wake(&mut self) {
        self.rests.clear();
        for window in self.windows.iter_mut().filter(|window| window.status == LimitStatus::Rejected) {
            (window.status, window.utilization) = (LimitStatus::Allowed, None);
        }
    }

    /// A run on it ended: what it took of each window goes into the average.
    pub fn ran(&mut self, run: RunId) {
        for window in &mut self.windows {
            let Some((_, from)) = window.seen_by.filter(|(by, _)| *by == run) else { continue };
            let took = (window.utilization.unwrap_or(from) - from).max(0.0);
            let average = window.per_run.map_or(took, |known| known * (1.0 - LATEST) + took * LATEST);
            window.per_run = Some(average);
            window.seen_by = None;
        }
    }

    /// Whether a run with `model` may start now, while `live` others use the account: one like others, of which nothing
    /// else is known.
    pub fn may_start(
        &self,
        account: &Account,
        model: Option<&str>,
        live: usize,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), Hold> {
        self.may_take(account, model, live, Credit::default(), (now, zone))
    }

    /// Whether that run may start now.
    pub fn may_take(
        &self,
        account: &Account,
        model: Option<&str>,
        live: usize,
        credit: Credit<'_>,
        (now, zone): (Timestamp, &TimeZone),
    ) -> Result<(), Hold> {
        if self.off {
            return Err(Hold::Off);
        }
        // Without a model named it could be any.
        let concerns = |scope: Option<&str>| match (scope, model) {
            (Some(scope), Some(model)) => model.contains(scope),
            _ => true,
        };
        let rests = self.rests.iter().filter(|rest| concerns(rest.scope.as_deref()));
        if let Some(rest) = rests.clone().filter(|rest| rest.until > now).max_by_key(|rest| rest.until) {
            return Err(Hold::Resting { until: rest.until, told: rest.told, window: rest.window.clone() });
        }
        if let Some(until) = account.quiet.iter().filter_map(|hours| hours.end(now, zone)).max() {
            return Err(Hold::Quiet { until });
        }
        let windows: Vec<_> = self.windows.iter().filter(|window| window.concerns(model)).collect();
        let current = windows.iter().filter(|window| window.is_current(now));
        let kept = current.filter_map(|window| Some((window, kept(window, account, credit, &windows, now)?)));
        if let Some((window, (until, reserve))) = kept.max_by_key(|(_, (until, _))| *until) {
            return Err(Hold::Kept { window: window.label(), renews: window.renews_at(), until, reserve });
        }
        if live > 0 && rests.clone().any(|rest| !rest.told) {
            return Err(Hold::Probing);
        }
        if account.concurrency.is_some_and(|most| live >= most) {
            return Err(Hold::Busy);
        }
        credit.hold(self, account, model, now).map_or(Ok(()), Err)
    }
}

/// Until when a window holds a start back, and whether it does for the person's reserve.
fn kept(
    window: &Window,
    account: &Account,
    credit: Credit<'_>,
    all: &[&Window],
    now: Timestamp,
) -> Option<(Timestamp, bool)> {
    if window.status == LimitStatus::Rejected {
        return Some((window.renews_at(), false));
    }
    let used = window.utilization?;
    let most = 1.0 - account.reserve;
    if used >= most {
        return Some((window.renews_at(), account.reserve > 0.0));
    }
    if account.overfill {
        return None;
    }
    let fits = window.fits_at(&credit, most, all, now);
    (fits > now).then_some((fits, account.reserve > 0.0))
}

/// Whether two sightings are of the same period of a window.
fn same_period(known: &Window, seen: &Window) -> bool {
    match (known.resets_at, seen.resets_at) {
        // Vendors round: a period is the same when its ends are about the same.
        (Some(a), Some(b)) => a.since(b).max(b.since(a)) < Duration::from_mins(10),
        _ => known.is_current(seen.seen_at),
    }
}

fn alert_of(window: &Window, account: &Account) -> Option<Alert> {
    let left = 1.0 - window.utilization?;
    if left <= account.reserve || window.status == LimitStatus::Rejected {
        return Some(Alert::Threshold);
    }
    (left <= 0.25).then_some(Alert::Low)
}
