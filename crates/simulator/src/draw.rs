//! What chance decides: how large a task is, whether a run's work is good, what checks and a reviewer make of it.
//!
//! Each draw is a function of the seed, the task and the run's number, so that the same task has the same luck whoever
//! else is there: two configurations are compared on the same week, and a task can be tried alone.

use domain::check::{CheckResult, CheckStatus};
use domain::estimate::Spread;
use domain::ids::{RunId, TaskId};
use domain::supervise::{Change, Changed, Opinion, Status};
use domain::{Nature, Timestamp};

/// Of the tokens of a run, the share that is written; the others are read.
const WRITTEN: f64 = 0.12;
/// Seconds that reading and running tools take for a thousand tokens.
const OTHER_SECONDS: f64 = 3.0;
/// How often a project's tests fail on work that is bad, and on work that is good.
const CAUGHT: f64 = 0.6;
const FLAKY: f64 = 0.02;
/// How often work touches a path that is risky anywhere.
const RISKY: f64 = 0.05;
/// How often an agent asks something, and how often a run breaks.
const ASKS: f64 = 0.03;
const BREAKS: f64 = 0.02;

/// The luck of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Luck(u64);

/// Finished work, as it is and as it looks.
pub(crate) struct Finished {
    /// Whether a person who looks closely would merge it.
    pub(crate) good: bool,
    pub(crate) checks: Vec<CheckResult>,
    pub(crate) change: Change,
    pub(crate) summary: &'static str,
    /// Its agent asks something first.
    pub(crate) asks: bool,
    /// It broke: there is no work.
    pub(crate) broke: bool,
}

impl Luck {
    /// That of a task's run; run 0 is the task's own.
    pub(crate) fn of(seed: u64, task: usize, run: u32) -> Self {
        let task = u64::try_from(task).unwrap_or(u64::MAX);
        Self(mixed(mixed(mixed(seed) ^ task) ^ u64::from(run)))
    }

    /// The next number from 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = mixed(self.0);
        f64::from(u32::try_from(self.0 >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.next() < share
    }

    /// About a normal distribution: twelve even draws.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }

    /// The tokens a task takes: half of them below the median, four of five below the high figure.
    pub(crate) fn tokens(mut self, spread: Spread) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "tokens of a run")]
        let (median, high) = (spread.median.max(1) as f64, spread.high.max(1) as f64);
        // Four of five lie below 0.84 deviations.
        let deviation = (high / median).ln() / 0.84;
        median * (deviation * self.normal().clamp(-1.3, 1.3)).exp()
    }

    /// What a run comes to with an agent that gets it right in `good` of its first tries. Each time that it was sent
    /// back it knows more.
    pub(crate) fn work(mut self, nature: Nature, tokens: f64, good: f64, sent_back: u32) -> Finished {
        // In this order: the luck is the same whoever works.
        let (broke, asks) = (self.chance(BREAKS), self.chance(ASKS));
        let good = self.chance(1.0 - (1.0 - good) / f64::from(1 + sent_back));
        let failed = self.chance(if good { FLAKY } else { CAUGHT });
        let hedges = self.chance(if good { 0.05 } else { 0.3 });
        let status = if failed { CheckStatus::Failed } else { CheckStatus::Passed };
        let check = CheckResult {
            name: "test".into(),
            command: "make test".into(),
            status,
            duration_ms: 60_000,
            output: String::new(),
            coverage: None,
        };
        Finished {
            good,
            checks: vec![check],
            change: self.change(nature, tokens),
            summary: if hedges { "It should work now." } else { "Done." },
            asks,
            broke,
        }
    }

    fn change(&mut self, nature: Nature, tokens: f64) -> Change {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand lines")]
        let lines = (tokens / 1500.0).clamp(3.0, 2000.0) as u32;
        let file = |path: &str, insertions: u32| Changed {
            path: path.into(),
            status: Status::Modified,
            insertions,
            deletions: insertions / 4,
            patch: patch(insertions, insertions / 4),
            ..Changed::default()
        };
        let documents = nature.kind == domain::Kind::Documentation;
        let (tested, risky) = (self.chance(0.7), self.chance(RISKY));
        let mut files =
            vec![if documents { file("docs/guide.md", lines) } else { file("src/orders.rs", lines) }];
        if !documents && tested {
            files.push(file("tests/orders.rs", lines / 3 + 1));
        }
        if risky {
            files.push(file("src/auth/session.rs", 5));
        }
        Change { files }
    }

    /// What a second model says of the work.
    pub(crate) fn opinion(mut self, agent: &str, good: bool) -> Opinion {
        let score = if good { 0.85 + 0.1 * self.normal() } else { 0.45 + 0.2 * self.normal() };
        let score = score.clamp(0.0, 1.0);
        Opinion {
            agent: agent.into(),
            model: None,
            score: Some(score),
            objects: score < 0.45,
            remarks: Vec::new(),
            without: None,
        }
    }
}

/// A diff of so many lines, in which nothing is to be found.
fn patch(insertions: u32, deletions: u32) -> String {
    let lines = |sign: &str, n: u32| format!("{sign}    total += price(order);\n").repeat(n as usize);
    format!("@@ -1,{deletions} +1,{insertions} @@\n{}{}", lines("-", deletions), lines("+", insertions))
}

/// The id of a task: as the daemon makes them, but for the random part.
pub(crate) fn task_id(seed: u64, task: usize, at: Timestamp) -> TaskId {
    id(Luck::of(seed, task, 0), at).parse().unwrap_or_else(|_| TaskId::new(at))
}

/// The id of a run.
pub(crate) fn run_id(seed: u64, task: usize, run: u32, at: Timestamp) -> RunId {
    id(Luck::of(seed, task, run), at).parse().unwrap_or_else(|_| RunId::new(at))
}

fn id(luck: Luck, at: Timestamp) -> String {
    let ms = at.as_millis().unsigned_abs() & ((1 << 48) - 1);
    let (a, b) = (mixed(luck.0 ^ 0x51), mixed(luck.0 ^ 0x52));
    let (high, low) = (ms << 16 | 0x7000 | (a & 0xfff), b >> 2 | 1 << 63);
    let hex = format!("{high:016x}{low:016x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The step of a well-known small generator: neighbours come out far apart.
fn mixed(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How long an agent takes for `tokens`, in seconds.
pub(crate) fn seconds(tokens: f64, tokens_per_second: f64) -> f64 {
    (tokens * WRITTEN / tokens_per_second.max(0.1) + tokens / 1000.0 * OTHER_SECONDS).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luck_is_even_and_the_same_again() {
        let drawn: Vec<f64> = (0..2000).map(|task| Luck::of(7, task, 1).next()).collect();
        let mean = drawn.iter().sum::<f64>() / 2000.0;
        assert!((0.47..0.53).contains(&mean), "{mean}");
        assert_eq!(Luck::of(7, 3, 1).next().to_bits(), drawn[3].to_bits());
        let spread = Spread { median: 100_000, high: 200_000 };
        let below = |most: f64| (0..2000).filter(|task| Luck::of(1, *task, 0).tokens(spread) < most).count();
        assert!((950..1050).contains(&below(100_000.0)), "half below the median");
        assert!((1540..1660).contains(&below(200_000.0)), "four of five below the high figure");
    }

    #[test]
    fn ids_are_those_of_a_moment() {
        let at = Timestamp::from_millis(1_795_212_857_250);
        let (one, other) = (task_id(1, 0, at), task_id(1, 1, at));
        assert!(one != other && one.created_at() == at, "{one}");
    }
}
