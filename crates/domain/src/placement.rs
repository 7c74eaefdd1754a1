//! On which account a task's next run starts, or until when it waits for one. Pure: what is known of the
//! accounts goes in, one decision comes out, with its reason for people.

use jiff::tz::TimeZone;

use crate::account::{Account, Hold, Standing};
use crate::time::Timestamp;

/// An account that could take a run, as it stands.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The account.
    pub account: &'a Account,
    /// What is known of it.
    pub standing: &'a Standing,
    /// Live runs that use it.
    pub live: usize,
}

/// What becomes of a task that wants to start.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// It starts on this account.
    On(Account),
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
pub fn place(choices: &[Choice<'_>], model: Option<&str>, now: Timestamp, zone: &TimeZone) -> Placement {
    let mut holds: Vec<(&Account, Hold)> = Vec::with_capacity(choices.len());
    for choice in choices {
        match choice.standing.may_start(choice.account, model, choice.live, now, zone) {
            Ok(()) => return Placement::On(choice.account.clone()),
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
pub fn short_holds(choices: &[Choice<'_>], model: Option<&str>, now: Timestamp, zone: &TimeZone) -> String {
    let held = |choice: &Choice<'_>| {
        let hold = choice.standing.may_start(choice.account, model, choice.live, now, zone).err()?;
        hold.is_short().then(|| hold.sentence(&choice.account.name, zone))
    };
    choices.iter().filter_map(held).collect::<Vec<_>>().join("; ")
}

/// The agents a task may be done by, best first: its own, then the fallbacks. One that just failed comes last,
/// because the same again is the least likely to work.
pub fn agents_in_order<'a>(own: &'a str, fallback: &'a [String], just_failed: Option<&str>) -> Vec<&'a str> {
    let mut agents: Vec<&str> = vec![own];
    for name in fallback {
        if !agents.contains(&name.as_str()) {
            agents.push(name);
        }
    }
    if let Some(at) = agents.iter().position(|name| Some(*name) == just_failed) {
        let failed = agents.remove(at);
        agents.push(failed);
    }
    agents
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
        let choice = |account, standing| Choice { account, standing, live: 0 };
        let zone = TimeZone::UTC;
        let both = [choice(&own, &resting), choice(&work, &open)];
        assert_eq!(place(&both, None, at(1), &zone), Placement::On(work.clone()));
        let none = [choice(&own, &resting), choice(&work, &off)];
        let expected = Placement::Wait {
            until: Some(at(60)),
            reason: "the limit of claude is used up until Fri 20 Nov 23:00 UTC; claude/work is switched off"
                .into(),
        };
        assert_eq!(place(&none, None, at(1), &zone), expected);
        assert_eq!(place(&none, None, at(60), &zone), Placement::On(own));
    }

    #[test]
    fn whoever_just_failed_comes_last() {
        let fallback = ["codex".to_owned(), "claude".to_owned(), "qwen".to_owned()];
        assert_eq!(agents_in_order("claude", &fallback, None), ["claude", "codex", "qwen"]);
        assert_eq!(agents_in_order("claude", &fallback, Some("claude")), ["codex", "qwen", "claude"]);
        assert_eq!(agents_in_order("claude", &[], Some("claude")), ["claude"]);
    }
}
