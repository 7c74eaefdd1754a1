//! A provider with two accounts, windows and a will of its own, played on a clock of the test's: whatever it
//! answers, work goes on as soon as it may, never before, and never twice.

use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::placement::{Choice, Placement, place};

const START: i64 = 1_795_212_000;
const MINUTE: i64 = 60;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(START + seconds)
}

/// What the provider says when it refuses.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tells {
    /// The renewal of the window that is used up, exactly.
    Truth,
    /// Nothing.
    Nothing,
    /// A time that has passed when the window renews, by that many seconds.
    TooEarly(i64),
}

/// A window as the provider keeps it, in thousandths so that sums are exact.
#[derive(Clone, Debug)]
struct Truth {
    name: &'static str,
    length: i64,
    renews: i64,
    used: u32,
}

impl Truth {
    fn pass(&mut self, now: i64) {
        while self.renews <= now {
            self.renews += self.length;
            self.used = 0;
        }
    }
}

struct Provider {
    accounts: Vec<(Account, Standing, Vec<Truth>, usize)>,
    tells: Tells,
}

struct Task {
    /// Shares it still needs, in thousandths, a minute each.
    left: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Queued,
    Waiting(i64),
    Running { account: usize },
    Done,
}

impl Provider {
    fn new(first_use: u32, tells: Tells) -> Self {
        let account = |name: &str, skew: i64| {
            let windows = vec![
                Truth {
                    name: "five_hour",
                    length: 300 * MINUTE,
                    renews: 300 * MINUTE - skew,
                    used: first_use,
                },
                Truth { name: "seven_day", length: 10_080 * MINUTE, renews: 4_000 * MINUTE - skew, used: 0 },
            ];
            (Account::new(name, "claude"), Standing::default(), windows, 0)
        };
        Self { accounts: vec![account("claude", 0), account("claude/work", 77 * MINUTE)], tells }
    }

    /// A minute of a run's work; whether the provider lets it.
    fn work(&mut self, account: usize, share: u32, run: RunId, now: i64) -> bool {
        let (rules, standing, windows, _) = &mut self.accounts[account];
        let tells = self.tells;
        let mut refused = None;
        for (n, window) in windows.iter_mut().enumerate() {
            window.pass(now);
            // The weekly window is ten times as large.
            let size = if n == 0 { 1000 } else { 10_000 };
            if window.used + share > size {
                refused = refused.max(Some(window.renews));
            }
        }
        let Some(renews) = refused else {
            for window in windows.iter_mut() {
                window.used += share;
            }
            standing.proved(at(now));
            return true;
        };
        for (n, window) in windows.iter().enumerate() {
            let size = if n == 0 { 1000 } else { 10_000 };
            let full = window.used + share > size;
            if tells == Tells::Truth {
                let seen = Window {
                    name: window.name.into(),
                    status: if full { LimitStatus::Rejected } else { LimitStatus::Allowed },
                    utilization: Some(f64::from(window.used) / f64::from(size)),
                    resets_at: Some(at(window.renews)),
                    seen_at: at(now),
                    seen_by: None,
                    per_run: None,
                    alerted: None,
                };
                standing.see(seen, run, rules);
            }
        }
        let told = match tells {
            Tells::Truth => Some(at(renews)),
            Tells::Nothing => None,
            Tells::TooEarly(by) => Some(at(renews - by)),
        };
        standing.limited(told, u64::try_from(now).unwrap_or(0), at(now));
        false
    }
}

/// Plays to the end; the moments at which work went on after a wait, with the account's true renewal before it.
fn play(tasks: &[u32], tells: Tells, first_use: u32) -> Result<(), TestCaseError> {
    let mut provider = Provider::new(first_use, tells);
    let mut tasks: Vec<_> = tasks.iter().map(|left| Task { left: *left, state: State::Queued }).collect();
    let run = RunId::new(at(0));
    let mut now = 0;
    let mut refusals = 0;
    while tasks.iter().any(|task| task.state != State::Done) {
        prop_assert!(now < 60 * 10_080 * MINUTE, "it comes to an end");
        for task in &mut tasks {
            if task.state == State::Waiting(now) {
                task.state = State::Queued;
            }
        }
        // Dispatch, as the engine does it.
        for task in &mut tasks {
            if task.state != State::Queued {
                continue;
            }
            let choices: Vec<_> = provider
                .accounts
                .iter()
                .map(|(account, standing, _, live)| Choice { live: *live, ..Choice::of(account, standing) })
                .collect();
            match place(&choices, at(now), &TimeZone::UTC) {
                Placement::On(offer) => {
                    let n =
                        provider.accounts.iter().position(|(known, ..)| *known == offer.account).unwrap_or(0);
                    let standing = &provider.accounts[n].1;
                    prop_assert!(standing.rests.iter().all(|rest| rest.until <= at(now)), "it rests");
                    provider.accounts[n].3 += 1;
                    task.state = State::Running { account: n };
                }
                Placement::Wait { until, .. } => {
                    let until = until.expect("nothing is switched off");
                    prop_assert!(until > at(now), "a wait ends later");
                    // Told the truth, it is exactly a renewal of one of the accounts: not before, not after.
                    if tells == Tells::Truth {
                        let renewals = provider.accounts.iter().flat_map(|(_, _, windows, _)| windows);
                        let exact = renewals.clone().any(|window| at(window.renews) == until);
                        prop_assert!(exact, "{until} is no renewal");
                    }
                    task.state = State::Waiting((until.as_millis() + 999) / 1000 - START);
                }
                Placement::Soon => {}
            }
        }
        // A minute of work, or to the next moment something is due.
        for task in &mut tasks {
            let State::Running { account } = task.state else { continue };
            let share = task.left.min(40);
            if provider.work(account, share, run, now) {
                task.left -= share;
                if task.left == 0 {
                    task.state = State::Done;
                    provider.accounts[account].3 -= 1;
                }
            } else {
                refusals += 1;
                task.state = State::Queued;
                provider.accounts[account].3 -= 1;
            }
        }
        let busy = tasks.iter().any(|task| matches!(task.state, State::Running { .. } | State::Queued));
        let due = tasks.iter().filter_map(|task| match task.state {
            State::Waiting(until) => Some(until),
            _ => None,
        });
        let next = if busy { Some(now + MINUTE) } else { None };
        now = next.into_iter().chain(due).min().unwrap_or(now + MINUTE).max(now + 1);
    }
    // Nobody hammers: each limit costs each running task one refusal, and guesses are few.
    prop_assert!(refusals < 60 * tasks.len(), "{refusals} refusals");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_the_provider_says_work_goes_on_as_soon_as_it_may(
        tasks in proptest::collection::vec(1u32..3000, 1..8),
        tells in prop_oneof![
            Just(Tells::Truth), Just(Tells::Nothing), (1i64..7200).prop_map(Tells::TooEarly)
        ],
        first_use in 0u32..1000,
    ) {
        play(&tasks, tells, first_use)?;
    }
}

fn seen(name: &str, used: f64, status: LimitStatus, resets: i64) -> Window {
    Window {
        name: name.into(),
        status,
        utilization: Some(used),
        resets_at: Some(at(resets)),
        seen_at: at(0),
        seen_by: None,
        per_run: None,
        alerted: None,
    }
}

fn open(standing: &Standing, account: &Account, model: Option<&str>, now: i64) -> Result<(), Hold> {
    standing.may_start(account, model, 0, at(now), &TimeZone::UTC)
}

#[test]
fn both_windows_bind_and_the_later_one_counts() {
    let (account, run) = (Account::new("claude", "claude"), RunId::new(at(0)));
    let mut standing = Standing::default();
    standing.see(seen("five_hour", 1.0, LimitStatus::Rejected, 3600), run, &account);
    standing.see(seen("seven_day", 1.0, LimitStatus::Rejected, 90_000), run, &account);
    standing.limited(Some(at(3600)), 0, at(10));
    let expected = Hold::Resting { until: at(90_000), told: true, window: "weekly window".into() };
    assert_eq!(open(&standing, &account, None, 3601), Err(expected));
    assert_eq!(open(&standing, &account, None, 90_000), Ok(()));
}

#[test]
fn a_window_of_one_model_leaves_the_others_alone() {
    let (account, run) = (Account::new("claude", "claude"), RunId::new(at(0)));
    let mut standing = Standing::default();
    standing.see(seen("seven_day_opus", 1.0, LimitStatus::Rejected, 90_000), run, &account);
    standing.limited(Some(at(90_000)), 0, at(10));
    assert_eq!(open(&standing, &account, Some("claude-sonnet-4-5"), 20), Ok(()));
    assert!(open(&standing, &account, Some("claude-opus-4-5"), 20).is_err());
    assert!(open(&standing, &account, None, 20).is_err(), "without a model it could be that one");
}

#[test]
fn guesses_grow_and_one_run_goes_first() {
    let account = Account::new("gemini", "gemini");
    let mut standing = Standing::default();
    let (mut now, mut waits) = (0, Vec::new());
    for _ in 0..7 {
        standing.limited(None, 0, at(now));
        // Others that fail at the same time do not push it further away.
        standing.limited(None, 99, at(now + 1));
        let until = standing.rests[0].until;
        waits.push(until.since(at(now)).as_secs() / 60);
        now += i64::try_from(until.since(at(now)).as_secs()).unwrap();
    }
    assert_eq!(waits, [5, 15, 30, 60, 60, 60, 60]);
    let zone = TimeZone::UTC;
    assert_eq!(standing.may_start(&account, None, 0, at(now), &zone), Ok(()));
    assert_eq!(standing.may_start(&account, None, 1, at(now), &zone), Err(Hold::Probing));
    standing.proved(at(now));
    assert_eq!(standing.may_start(&account, None, 1, at(now), &zone), Ok(()));
}

#[test]
fn what_is_kept_for_the_person_is_not_started_into() {
    let run = RunId::new(at(0));
    let account = Account { reserve: 0.2, ..Account::new("claude", "claude") };
    let mut standing = Standing::default();
    standing.see(seen("five_hour", 0.79, LimitStatus::Allowed, 3600), run, &account);
    assert_eq!(open(&standing, &account, None, 1), Ok(()));
    assert_eq!(
        standing.see(seen("five_hour", 0.8, LimitStatus::Allowed, 3600), run, &account),
        Some(Alert::Threshold)
    );
    let kept =
        Hold::Kept { window: "5-hour window".into(), renews: at(3600), until: at(3600), reserve: true };
    assert_eq!(open(&standing, &account, None, 1), Err(kept));
    assert_eq!(open(&standing, &account, None, 3600), Ok(()), "a window that renewed holds nothing back");
}

#[test]
fn what_cannot_fit_does_not_start_unless_it_may() {
    let account = Account::new("claude", "claude");
    let mut standing = Standing::default();
    for n in 0..3i32 {
        let run = RunId::new(at(i64::from(n)));
        let from = 0.2 * f64::from(n);
        standing.see(seen("five_hour", from, LimitStatus::Allowed, 3600), run, &account);
        standing.see(seen("five_hour", from + 0.2, LimitStatus::Allowed, 3600), run, &account);
        standing.ran(run);
    }
    assert_eq!(open(&standing, &account, None, 1), Ok(()), "0.6 used, 0.2 a run");
    let run = RunId::new(at(9));
    standing.see(seen("five_hour", 0.9, LimitStatus::Allowed, 3600), run, &account);
    assert!(matches!(open(&standing, &account, None, 1), Err(Hold::Kept { reserve: false, .. })));
    assert_eq!(open(&standing, &Account { overfill: true, ..account }, None, 1), Ok(()));
}

#[test]
fn alerts_come_once_in_a_period() {
    let (account, run) = (Account::new("claude", "claude"), RunId::new(at(0)));
    let mut standing = Standing::default();
    let mut see =
        |used, resets| standing.see(seen("five_hour", used, LimitStatus::Allowed, resets), run, &account);
    assert_eq!(see(0.5, 3600), None);
    assert_eq!(see(0.76, 3600), Some(Alert::Low));
    assert_eq!(see(0.9, 3601), None);
    assert_eq!(see(1.0, 3600), Some(Alert::Threshold));
    assert_eq!(see(0.8, 3600 + 18_000), Some(Alert::Low), "a new period");
}

#[test]
fn a_reset_in_the_far_future_is_not_believed() {
    let mut standing = Standing::default();
    standing.limited(Some(at(365 * 86_400)), 0, at(0));
    assert_eq!(standing.rests[0].until.since(at(0)), Duration::from_hours(8 * 24));
}
