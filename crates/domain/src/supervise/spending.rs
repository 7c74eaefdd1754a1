//! What a task may take while nothing of it could be accepted: money, tokens, a share of an account's window. The more of
//! it is gone, the less is tried: first the whole, then less of it, then with another model, and then a person is asked
//! one question. Here: how much is gone, and which step of that ladder follows. Not here: the budgets of runs and months
//! (`Project::budget`), which stop a run whatever it came to.

use super::policy::Policy;

/// From here on the agent is told to do less.
const SHRINK: f64 = 1.0 / 3.0;
/// From here on another one does it.
const ANOTHER: f64 = 2.0 / 3.0;

/// What a task took so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// US dollars at list price.
    pub cost_usd: f64,
    /// Tokens, in and out.
    pub tokens: u64,
    /// The largest share, 0 to 1, that it took of a window, and the window's name: `claude's 5-hour window`.
    pub window: Option<(f64, String)>,
}

/// How far a task is in the tightest of its budgets.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    /// 1 is all of it.
    pub share: f64,
    /// `$2.10 of $3.00`.
    pub words: String,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ladder {
    /// It is sent back as it is.
    Whole,
    /// The agent is told to do the least that stands by itself.
    Shrink,
    /// Another agent or model goes on.
    Another,
    /// A person is asked.
    Ask,
}

impl Spent {
    /// Of the budgets that the policy sets the one of which most is gone; none where it sets none.
    pub fn of(policy: &Policy, taken: &Taken) -> Option<Self> {
        let share = |taken: f64, most: f64| if most > 0.0 { taken / most } else { f64::INFINITY };
        let money = policy.most_usd.map(|most| Self {
            share: share(taken.cost_usd, most),
            words: format!("${:.2} of ${most:.2}", taken.cost_usd),
        });
        #[expect(clippy::cast_precision_loss, reason = "a share, for which a double is exact enough")]
        let tokens = policy.most_tokens.map(|most| Self {
            share: share(taken.tokens as f64, most as f64),
            words: format!("{} of {most} tokens", taken.tokens),
        });
        let window = policy.most_percent.zip(taken.window.as_ref());
        let window = window.map(|(most, (used, name))| Self {
            share: share(*used, f64::from(most) / 100.0),
            words: format!("{:.0}% of the {most}% of {name}", used * 100.0),
        });
        [money, tokens, window].into_iter().flatten().max_by(|one, other| one.share.total_cmp(&other.share))
    }

    /// The step of the ladder.
    pub fn ladder(&self) -> Ladder {
        match self.share {
            share if share >= 1.0 => Ladder::Ask,
            share if share >= ANOTHER => Ladder::Another,
            share if share >= SHRINK => Ladder::Shrink,
            _ => Ladder::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_tightest_budget_counts() {
        let policy = Policy {
            most_usd: Some(3.0),
            most_tokens: Some(1000),
            most_percent: Some(20),
            ..Policy::default()
        };
        let window = Some((0.15, "claude's 5-hour window".to_owned()));
        let taken = Taken { cost_usd: 1.0, tokens: 500, window };
        let spent = Spent::of(&policy, &taken).unwrap();
        assert_eq!(spent.words, "15% of the 20% of claude's 5-hour window");
        assert_eq!(spent.ladder(), Ladder::Another);
        assert_eq!(Spent::of(&Policy::default(), &taken), None);
        let nothing = Policy { most_usd: Some(0.0), ..Policy::default() };
        assert_eq!(Spent::of(&nothing, &taken).unwrap().ladder(), Ladder::Ask);
    }

    proptest! {
        #[test]
        fn who_takes_more_never_climbs_down(most in 1u64..10_000, one in 0u64..20_000, more in 0u64..20_000) {
            let policy = Policy { most_tokens: Some(most), ..Policy::default() };
            let at = |tokens| Spent::of(&policy, &Taken { tokens, ..Taken::default() }).unwrap().ladder();
            prop_assert!(at(one) <= at(one + more));
        }
    }
}
