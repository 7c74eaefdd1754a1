//! When a failed run is tried again.

use std::time::Duration;

use crate::time::Timestamp;

/// How often and how soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Failed runs in a row after which the task fails.
    pub most: u32,
    /// The wait after the first failure; doubles with each further one.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { most: 3, first: Duration::from_secs(10), longest: Duration::from_mins(10) }
    }
}

impl RetryPolicy {
    /// When to try again after `failures` failed runs in a row, or `None` when it is enough.
    pub fn next(&self, failures: u32, now: Timestamp) -> Option<Timestamp> {
        if failures >= self.most {
            return None;
        }
        let doublings = failures.saturating_sub(1).min(16);
        Some(now.plus(self.first.saturating_mul(1 << doublings).min(self.longest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let policy = RetryPolicy { most: 10, ..RetryPolicy::default() };
        let now = Timestamp::from_millis(0);
        let waits: Vec<_> =
            (1..=9).map(|failures| policy.next(failures, now).unwrap().as_millis() / 1000).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
        assert_eq!(policy.next(10, now), None);
    }
}
