//! Wrong tries, counted: of one name, and of all together.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Names that are counted at once; further ones share a count.
const MOST_NAMES: usize = 1000;

/// So many in a window, and no more.
#[derive(Debug)]
pub(crate) struct Tries {
    most: usize,
    window: Duration,
    of: HashMap<String, VecDeque<Instant>>,
}

impl Tries {
    pub(crate) fn new(most: usize, window: Duration) -> Self {
        Self { most, window, of: HashMap::new() }
    }

    /// Whether there were too many of a name lately.
    pub(crate) fn are_too_many(&mut self, name: &str, now: Instant) -> bool {
        self.tidy(now);
        self.of.get(name).is_some_and(|tries| tries.len() >= self.most)
    }

    /// Counts one; false when there were too many before it.
    pub(crate) fn count(&mut self, name: &str, now: Instant) -> bool {
        self.tidy(now);
        let name = if self.of.len() >= MOST_NAMES && !self.of.contains_key(name) { "" } else { name };
        let tries = self.of.entry(name.to_owned()).or_default();
        if tries.len() >= self.most {
            return false;
        }
        tries.push_back(now);
        true
    }

    /// Forgets those of a name: it was right at last.
    pub(crate) fn forget(&mut self, name: &str) {
        self.of.remove(name);
    }

    fn tidy(&mut self, now: Instant) {
        for tries in self.of.values_mut() {
            tries.retain(|at| now.saturating_duration_since(*at) < self.window);
        }
        self.of.retain(|_, tries| !tries.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_a_window_each_and_then_again() {
        let (start, window) = (Instant::now(), Duration::from_mins(1));
        let mut tries = Tries::new(3, window);
        let counted: Vec<_> = (0..5).map(|_| tries.count("anna", start)).collect();
        assert_eq!(counted, [true, true, true, false, false]);
        assert!(tries.are_too_many("anna", start) && !tries.are_too_many("ben", start));
        assert!(tries.count("ben", start));
        assert!(tries.count("anna", start + window), "the window has passed");
        tries.forget("anna");
        assert!(!tries.are_too_many("anna", start + window));
    }

    #[test]
    fn names_are_counted_up_to_a_bound() {
        let now = Instant::now();
        let mut tries = Tries::new(3, Duration::from_mins(1));
        for n in 0..5000 {
            tries.count(&format!("user{n}"), now);
        }
        assert!(tries.of.len() <= MOST_NAMES + 1);
    }
}
