//! How long a run takes and how many tokens: what ended runs took, by project, agent, kind and complexity, with its
//! spread.
//!
//! What is known is kept as counts of sizes ([`bucket`]), so it takes the same room after a million runs as after a
//! thousand. Where a group has few runs, a coarser one answers; where all have, a table of guesses ([`guess`]), and
//! the estimate says so. Only runs that did their work count: one that failed at once says nothing of the next.

mod guess;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::nature::{Complexity, Kind, Nature};

/// A group with fewer runs says too little.
pub const FEW: u32 = 5;
/// Buckets in a doubling: neighbours differ by a fifth.
const IN_A_DOUBLING: f64 = 4.0;

/// The middle of what is to be expected, and what four of five stay below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Half of them take at most this.
    pub median: u64,
    /// Four of five take at most this.
    pub high: u64,
}

/// What an estimate rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// So many ended runs of its like.
    Runs(u32),
    /// Nothing known: the table of guesses.
    Guess,
}

/// What a run is expected to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Milliseconds.
    pub duration: Spread,
    /// Tokens in and out.
    pub tokens: Spread,
    /// What it rests on.
    pub basis: Basis,
}

impl Estimate {
    /// Half of such runs have ended by then.
    pub fn median(&self) -> Duration {
        Duration::from_millis(self.duration.median)
    }

    /// Four of five such runs have ended by then.
    pub fn high(&self) -> Duration {
        Duration::from_millis(self.duration.high)
    }
}

/// Sizes and how often each was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    counts: BTreeMap<u16, u32>,
    n: u32,
}

impl Sizes {
    /// Counts `n` more of a bucket.
    pub fn add(&mut self, bucket: u16, n: u32) {
        *self.counts.entry(bucket).or_default() += n;
        self.n += n;
    }

    /// The size that this share of what was seen stays below, about.
    fn quantile(&self, share: f64) -> u64 {
        let wanted = f64::from(self.n) * share;
        let mut seen = 0.0;
        for (bucket, n) in &self.counts {
            seen += f64::from(*n);
            if seen >= wanted {
                return size(*bucket);
            }
        }
        self.counts.keys().next_back().map_or(0, |bucket| size(*bucket))
    }

    fn spread(&self) -> Spread {
        Spread { median: self.quantile(0.5), high: self.quantile(0.8) }
    }
}

/// The bucket of a size: a fifth more is the next one.
pub fn bucket(size: u64) -> u16 {
    #[expect(clippy::cast_precision_loss, reason = "a bucket is a fifth wide")]
    let at = (size.max(1) as f64).log2() * IN_A_DOUBLING;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 256")]
    let bucket = at.floor() as u16;
    bucket
}

/// The middle of a bucket.
fn size(bucket: u16) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let size = ((f64::from(bucket) + 0.5) / IN_A_DOUBLING).exp2() as u64;
    size
}

/// What is measured of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Milliseconds from claim to outcome.
    Duration,
    /// Tokens in and out.
    Tokens,
}

impl Measure {
    /// The word for the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Tokens => "tokens",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Duration, Self::Tokens].into_iter().find(|measure| measure.as_str() == text)
    }
}

/// Whose sizes: what is `None` is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Group {
    project: Option<String>,
    agent: Option<String>,
    kind: Option<Kind>,
    complexity: Option<Complexity>,
}

/// What all ended runs took.
#[derive(Clone, Debug, Default)]
pub struct Experience {
    groups: HashMap<Group, [Sizes; 2]>,
    /// Tokens of all runs of an agent, and how many they were.
    agents: HashMap<String, (u64, u32)>,
}

impl Experience {
    /// Counts `n` runs of a size.
    pub fn add(&mut self, of: (&str, &str, Nature), measure: Measure, bucket: u16, n: u32) {
        for group in groups(of) {
            let sizes = self.groups.entry(group).or_default();
            sizes[usize::from(measure == Measure::Tokens)].add(bucket, n);
        }
        if measure == Measure::Tokens {
            let (tokens, runs) = self.agents.entry(of.1.to_owned()).or_default();
            *tokens = tokens.saturating_add(size(bucket).saturating_mul(u64::from(n)));
            *runs += n;
        }
    }

    /// How many of an agent's usual runs one like this is as large as, in half of the cases and in four of five; guessed
    /// against the most usual work while none ended.
    pub fn weight(&self, agent: &str, estimate: Estimate) -> (f64, f64) {
        let usual = match self.agents.get(agent) {
            // From the first on: an account's windows know what its runs took by the same runs.
            Some((tokens, runs)) if *runs > 0 => tokens / u64::from(*runs),
            _ => guess::of(Nature::default()).tokens.median,
        };
        #[expect(clippy::cast_precision_loss, reason = "tokens of a run")]
        let weight = |tokens: u64| (tokens as f64 / usual.max(1) as f64).clamp(0.05, 20.0);
        (weight(estimate.tokens.median), weight(estimate.tokens.high))
    }

    /// What a run of this project, agent and nature is expected to take.
    pub fn estimate(&self, project: &str, agent: &str, nature: Nature) -> Estimate {
        for group in groups((project, agent, nature)) {
            let Some([duration, tokens]) = self.groups.get(&group) else { continue };
            if duration.n >= FEW {
                return Estimate {
                    duration: duration.spread(),
                    tokens: tokens.spread(),
                    basis: Basis::Runs(duration.n),
                };
            }
        }
        guess::of(nature)
    }
}

/// The groups of a run, the narrowest first.
fn groups((project, agent, nature): (&str, &str, Nature)) -> [Group; 5] {
    let (project, agent) = (Some(project.to_owned()), Some(agent.to_owned()));
    let (kind, complexity) = (Some(nature.kind), Some(nature.complexity));
    [
        Group { project: project.clone(), agent: agent.clone(), kind, complexity },
        Group { project, agent: None, kind, complexity },
        Group { project: None, agent, kind, complexity },
        Group { project: None, agent: None, kind, complexity },
        Group { project: None, agent: None, kind: None, complexity },
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn learned(runs: &[(&str, &str, u64)]) -> Experience {
        let mut known = Experience::default();
        for (project, agent, ms) in runs {
            known.add((project, agent, Nature::default()), Measure::Duration, bucket(*ms), 1);
            known.add((project, agent, Nature::default()), Measure::Tokens, bucket(ms / 10), 1);
        }
        known
    }

    #[test]
    fn few_runs_ask_their_like_and_none_are_guessed() {
        let minute = 60_000;
        let mut runs = vec![("shop", "claude", minute); 4];
        let of = |runs: &[_], project, agent| learned(runs).estimate(project, agent, Nature::default());
        assert_eq!(of(&runs, "shop", "claude").basis, Basis::Guess, "four are few");
        runs.push(("blog", "claude", 10 * minute));
        assert_eq!(
            of(&runs, "shop", "claude").basis,
            Basis::Runs(5),
            "those of the agent elsewhere count, too"
        );
        assert_eq!(of(&runs, "other", "codex").basis, Basis::Runs(5), "and of its kind, whoever did them");
        runs.extend(vec![("shop", "qwen", 30 * minute); 8]);
        let slow = of(&runs, "shop", "qwen");
        assert_eq!(slow.basis, Basis::Runs(8), "a slow agent's own");
        assert!((25..=35).contains(&(slow.duration.median / minute)), "{slow:?}");
        let hard = Nature { complexity: Complexity::High, ..Nature::default() };
        assert_eq!(learned(&runs).estimate("shop", "qwen", hard).basis, Basis::Guess);
    }

    #[test]
    fn the_spread_is_that_of_what_was_seen() {
        let runs: Vec<_> = (1..=100).map(|n| ("shop", "claude", n * 60_000)).collect();
        let Spread { median, high } = learned(&runs).estimate("shop", "claude", Nature::default()).duration;
        assert!((44..=56).contains(&(median / 60_000)), "{median}");
        assert!((70..=90).contains(&(high / 60_000)), "{high}");
    }

    proptest! {
        #[test]
        fn a_size_is_told_within_a_fifth(n in 10u64..1_000_000_000_000) {
            let told = size(bucket(n));
            prop_assert!(told >= n / 6 * 5 - 1 && told <= n / 5 * 6 + 1, "{n} as {told}");
        }

        #[test]
        fn what_four_of_five_take_is_never_less_than_the_middle(sizes in proptest::collection::vec(0u64..1_000_000_000, 5..50)) {
            let runs: Vec<_> = sizes.iter().map(|ms| ("shop", "claude", *ms)).collect();
            let estimate = learned(&runs).estimate("shop", "claude", Nature::default());
            prop_assert!(estimate.duration.median <= estimate.duration.high);
            prop_assert!(estimate.tokens.median <= estimate.tokens.high);
        }
    }
}
