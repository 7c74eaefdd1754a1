//! What runs take where nothing is known: a table of guesses, never more than that.

use super::{Basis, Estimate, Spread};
use crate::nature::{Complexity, Kind, Nature};

/// A kind, its minutes, its thousands of tokens.
type Row = (Kind, (u64, u64), (u64, u64));

/// Minutes of a run of medium complexity: the middle, and what four of five stay below. Thousands of tokens alike.
const MEDIUM: [Row; 8] = [
    (Kind::Planning, (8, 20), (60, 150)),
    (Kind::Research, (8, 20), (80, 200)),
    (Kind::Implementation, (15, 40), (150, 400)),
    (Kind::Testing, (12, 30), (120, 300)),
    (Kind::Refactoring, (15, 40), (150, 400)),
    (Kind::Documentation, (6, 15), (50, 120)),
    (Kind::Debugging, (15, 45), (150, 450)),
    (Kind::Review, (5, 12), (60, 150)),
];

/// Percent of that.
const BY_COMPLEXITY: [(Complexity, u64); 4] =
    [(Complexity::Low, 35), (Complexity::Medium, 100), (Complexity::High, 250), (Complexity::Critical, 300)];

pub(super) fn of(nature: Nature) -> Estimate {
    let row = MEDIUM.iter().find(|row| row.0 == nature.kind).unwrap_or(&MEDIUM[2]);
    let percent = BY_COMPLEXITY.iter().find(|row| row.0 == nature.complexity).map_or(100, |row| row.1);
    let spread = |(median, high): (u64, u64), unit: u64| Spread {
        median: median * unit * percent / 100,
        high: high * unit * percent / 100,
    };
    Estimate { duration: spread(row.1, 60_000), tokens: spread(row.2, 1000), basis: Basis::Guess }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nature_has_a_guess_and_harder_is_longer() {
        for kind in Kind::ALL {
            let of = |complexity| of(Nature { kind, complexity, gpu: false }).duration;
            let all = Complexity::ALL.map(of);
            assert!(all.iter().all(|spread| 0 < spread.median && spread.median < spread.high));
            assert!(all.is_sorted_by_key(|spread| spread.median), "{kind:?}");
        }
        assert!(MEDIUM.iter().zip(Kind::ALL).all(|(row, kind)| row.0 == kind), "in the order of the kinds");
    }
}
