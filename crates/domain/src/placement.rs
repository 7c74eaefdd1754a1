//! On which account a task's next run starts, or until when it waits for one. Pure: what is known of the
//! accounts goes in, one decision comes out, with its reason for people.

use jiff::tz::TimeZone;

use crate::account::{Account, Credit, Hold, Standing};
use crate::time::Timestamp;

/// An account that could take a run, as it stands.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The account.
    pub account: &'a Account,
    /// The model a run would ask for.
    pub model: Option<&'a str>,
    /// What is known of it.
    pub standing: &'a Standing,
    /// Live runs that use it.
    pub live: usize,
    /// What is known of the run's credits there.
    pub credit: Credit<'a>,
}

impl<'a> Choice<'a> {
    /// An account that nobody uses, for a run of which nothing else is known.
    pub fn of(account: &'a Account, standing: &'a Standing) -> Self {
        Self { account, model: None, standing, live: 0, credit: Credit::default() }
    }

    /// Whether the run may start there now.
    pub fn may_start(&self, now: Timestamp, zone: &TimeZone) -> Result<(), Hold> {
        self.standing.may_take(self.account, self.model, self.live, self.credit, (now, zone))
    }
}

/// An account that a run may use, and the model it asks for there.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The account.
    pub account: Account,
    /// The model; the agent's own choice when `None`.
    pub model: Option<String>,
}

impl Offer {
    /// An account with whatever model its agent takes.
    pub fn any(account: Account) -> Self {
        Self { account, model: None }
    }
}

/// What becomes of a task that wants to start.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// It starts on this account.
    On(Offer),
    /// It waits.
    Wait {
        /// Until then at the longest; `None` when only a person ends it.
        until: Option<Timestamp>,
        /// Why, for people: all accounts it could use, each with its reason.
        reason: String,
    },
    /// It stays where it is: an account is about to be free.
    Soon,
}

/// Takes the first of `choices` that may start a run now. They come in the order the person prefers.
pub fn place(choices: &[Choice<'_>], now: Timestamp, zone: &TimeZone) -> Placement {
    let mut holds: Vec<(&Account, Hold)> = Vec::with_capacity(choices.len());
    for choice in choices {
        match choice.may_start(now, zone) {
            Ok(()) => {
                let model = choice.model.map(ToOwned::to_owned);
                return Placement::On(Offer { account: choice.account.clone(), model });
            }
            Err(hold) => holds.push((choice.account, hold)),
        }
    }
    if holds.iter().any(|(_, hold)| hold.is_short()) {
        return Placement::Soon;
    }
    let until = holds.iter().filter_map(|(_, hold)| hold.until()).min();
    let sentences: Vec<_> = holds.iter().map(|(account, hold)| hold.sentence(&account.name, zone)).collect();
    let reason = if sentences.is_empty() {
        "no account of its agent may be used here".to_owned()
    } else {
        sentences.join("; ")
    };
    Placement::Wait { until, reason }
}

/// Why a task stays in the queue that an account is about to be free for: those accounts, each with its reason.
pub fn short_holds(choices: &[Choice<'_>], now: Timestamp, zone: &TimeZone) -> String {
    let held = |choice: &Choice<'_>| {
        let hold = choice.may_start(now, zone).err()?;
        hold.is_short().then(|| hold.sentence(&choice.account.name, zone))
    };
    choices.iter().filter_map(held).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_seconds(1_795_212_000 + minutes * 60)
    }

    #[test]
    fn the_first_open_account_is_taken_and_a_wait_says_why() {
        let (own, work) = (Account::new("claude", "claude"), Account::new("claude/work", "claude"));
        let (mut resting, mut off, open) = (Standing::default(), Standing::default(), Standing::default());
        resting.limited(Some(at(60)), 7, at(0));
        off.off = true;
        let choice = Choice::of;
        let zone = TimeZone::UTC;
        let both = [choice(&own, &resting), choice(&work, &open)];
        assert_eq!(place(&both, at(1), &zone), Placement::On(Offer::any(work.clone())));
        let none = [choice(&own, &resting), choice(&work, &off)];
        let expected = Placement::Wait {
            until: Some(at(60)),
            reason: "the limit of claude is used up until Fri 20 Nov 23:00 UTC; claude/work is switched off"
                .into(),
        };
        assert_eq!(place(&none, at(1), &zone), expected);
        assert_eq!(place(&none, at(60), &zone), Placement::On(Offer::any(own)));
    }
}
