//! An account's windows as the vendor counts them: the truth that the daemon sees by and by.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use domain::account::length;

/// A window.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) name: String,
    pub(crate) tokens: f64,
    pub(crate) used: f64,
    /// When it renews; a 5-hour window begins with its first use.
    pub(crate) renews: Option<Timestamp>,
    length: Duration,
    /// Tokens that work could have used which waited since without a break.
    waited: f64,
    pub(crate) past: Past,
}

/// What became of a window's periods.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Past {
    /// Periods that ended.
    pub(crate) periods: u32,
    /// What was used in all of them, in periods.
    pub(crate) used: f64,
    /// The largest share that was left at an end while work waited that could have used it.
    pub(crate) wasted: f64,
    /// How long nothing was left of it but what is kept for the person.
    pub(crate) closed: Duration,
}

impl Window {
    fn new(name: &str, tokens: u64, begins: Timestamp) -> Self {
        let rolling = name == "five_hour";
        #[expect(clippy::cast_precision_loss, reason = "tokens of a week")]
        let tokens = tokens.max(1) as f64;
        Self {
            name: name.into(),
            tokens,
            used: 0.0,
            renews: (!rolling).then(|| begins.plus(length(name))),
            length: length(name),
            waited: 0.0,
            past: Past::default(),
        }
    }

    pub(crate) fn left(&self) -> f64 {
        (self.tokens - self.used).max(0.0)
    }

    pub(crate) fn share(&self) -> f64 {
        (self.used / self.tokens).min(1.0)
    }

    /// Whether nothing is left: vendors count whole calls.
    pub(crate) fn is_empty(&self) -> bool {
        self.left() <= 1.0
    }

    /// What an even use would have taken by now and was not.
    fn arrears(&self, now: Timestamp, reserve: f64) -> f64 {
        let Some(renews) = self.renews else { return f64::INFINITY };
        let elapsed = 1.0 - renews.since(now).as_secs_f64() / self.length.as_secs_f64();
        (elapsed * self.tokens * (1.0 - reserve) - self.used).max(0.0)
    }
}

/// All windows of an account.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    pub(crate) all: Vec<Window>,
    reserve: f64,
}

impl Windows {
    pub(crate) fn new(windows: &BTreeMap<String, u64>, reserve: f64, begins: Timestamp) -> Self {
        let all = windows.iter().map(|(name, tokens)| Window::new(name, *tokens, begins)).collect();
        Self { all, reserve }
    }

    /// Ends the periods that are over. What is left of a short one is wasted only as far as a longer one has it left, too:
    /// its credits have to last.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        let arrears: Vec<_> =
            self.all.iter().map(|window| (window.length, window.arrears(now, self.reserve))).collect();
        for window in &mut self.all {
            let Some(renews) = window.renews.filter(|renews| *renews <= now) else { continue };
            let kept = window.tokens * self.reserve;
            let longer = arrears.iter().filter(|(length, _)| *length > window.length).map(|(_, left)| *left);
            let wasted = longer.fold((window.left() - kept).max(0.0).min(window.waited), f64::min);
            window.past.wasted = window.past.wasted.max(wasted / window.tokens);
            window.past.periods += 1;
            window.past.used += window.share();
            (window.used, window.waited) = (0.0, 0.0);
            window.renews = (window.name != "five_hour").then(|| renews.plus(window.length));
        }
    }

    pub(crate) fn book(&mut self, tokens: f64, now: Timestamp) {
        for window in self.all.iter_mut().filter(|_| tokens > 0.0) {
            if window.renews.is_none() {
                window.renews = Some(now.plus(window.length));
            }
            window.used += tokens;
        }
    }

    /// Lets time pass in which work waited that could use the account (or none did), at so many tokens a second.
    pub(crate) fn pass(&mut self, span: Duration, waits: Option<f64>) {
        for window in &mut self.all {
            match waits {
                Some(rate) => window.waited += rate * span.as_secs_f64(),
                None => window.waited = 0.0,
            }
            if window.share() >= 1.0 - self.reserve - 0.001 {
                window.past.closed += span;
            }
        }
    }

    /// Tokens until the first of them is full.
    pub(crate) fn left(&self) -> f64 {
        self.all.iter().map(Window::left).fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.iter().any(Window::is_empty)
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.all.iter().filter_map(|window| window.renews).min()
    }
}
