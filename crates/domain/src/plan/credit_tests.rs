//! What holds for credits laid out over time: nothing takes a window's room from more urgent work, no limit is exceeded by
//! what is known, who helps out does not use up what has to last, and the order of the input does not matter.

use proptest::prelude::*;

use super::*;
use crate::account::Window;
use crate::event::LimitStatus;
use crate::nature::{Complexity, Nature};

fn window(name: &str, used: f64, renews: Timestamp, per_run: f64) -> Window {
    Window {
        name: name.into(),
        status: LimitStatus::Allowed,
        utilization: Some(used),
        resets_at: Some(renews),
        seen_at: now(),
        seen_by: None,
        per_run: Some(per_run),
        alerted: None,
    }
}

/// A local account that takes one run, and a subscription with that window; the first wanted first.
fn two(name: &str, used: f64, renews: Timestamp, per_run: f64) -> World {
    let mut world = World::of(4);
    let local = Account { concurrency: Some(1), ..Account::new("qwen", "qwen") };
    world.accounts = vec![local, Account::new("claude", "claude")];
    world.standings.entry("claude".into()).or_default().windows.push(window(name, used, renews, per_run));
    world
}

fn running(n: usize, account: &str) -> Pending {
    let mut task =
        Pending { stands: Stands::Running { since: now(), account: account.into() }, ..task(n, "shop") };
    task.candidate.agent = account.into();
    task
}

fn by_router(n: usize) -> Pending {
    let mut task = task(n, "shop");
    task.candidate.agent_by = crate::task::ChosenBy::Router;
    task
}

fn on(fate: &Fate) -> Option<&str> {
    match fate {
        Fate::Start(offer) => Some(&offer.account.name),
        Fate::Wait(..) | Fate::Stays(_) => None,
    }
}

fn why(fate: &Fate) -> String {
    reason::sentence("shop", fate)
}

#[test]
fn room_is_held_for_urgent_work_that_waits_for_what_runs() {
    let mut world = World::of(4);
    world.standings.entry("claude".into()).or_default().windows.push(window(
        "five_hour",
        0.1,
        hours(3),
        0.35,
    ));
    let urgent = Pending { priority: 1, after: vec![id(1)], stands: waits(), ..task(2, "shop") };
    let tasks = [running(1, "elsewhere"), urgent.clone(), Pending { priority: 8, ..task(3, "shop") }];
    let fates = world.fates(&tasks);
    assert_eq!(on(&fates[&id(3)]), Some("claude"), "there is room for both");
    world.standings.get_mut("claude").unwrap().windows[0].utilization = Some(0.45);
    let fates = world.fates(&tasks);
    insta::assert_snapshot!(why(&fates[&id(3)]), @"what is left of the 5-hour window of claude is held for `task 2` (00000002), which is more urgent");
    // For what is less urgent nothing is held, nor for what has long to wait.
    let lazy = Pending { priority: 9, ..urgent.clone() };
    assert_eq!(on(&world.fates(&[tasks[0].clone(), lazy, tasks[2].clone()])[&id(3)]), Some("claude"));
    let far = Pending { after: vec![id(3)], ..urgent };
    assert_eq!(on(&world.fates(&[far, tasks[2].clone()])[&id(3)]), Some("claude"));
}

#[test]
fn who_helps_out_gives_what_would_be_left_over() {
    // Half of the week is over.
    let half = now().plus(Duration::from_hours(84));
    let tasks = [running(1, "qwen"), by_router(2)];
    let fate = |used, tasks: &[Pending]| {
        let mut world = two("seven_day", used, half, 0.01);
        world.load.accounts.insert("qwen".into(), 1);
        world.load.projects.insert("shop".into(), 1);
        world.fates(tasks).remove(&id(2)).unwrap()
    };
    assert_eq!(on(&fate(0.4, &tasks)), Some("claude"), "it used less than its time, which would expire");
    insta::assert_snapshot!(why(&fate(0.55, &tasks)), @"as many runs use qwen as may; claude only helps out here, and its weekly window has to last; it has some to spare at Sat 21 Nov 20:24 UTC");
    // A deadline that would be missed otherwise, and a person's word, count more.
    let pressing = Pending { deadline: Some(now().plus(minutes(50))), ..by_router(2) };
    assert_eq!(on(&fate(0.55, &[running(1, "qwen"), pressing])), Some("claude"));
    assert_eq!(on(&fate(0.55, &[running(1, "qwen"), task(2, "shop")])), Some("claude"));
}

#[test]
fn what_runs_on_after_the_renewal_is_taken_from_the_next_window() {
    let mut world = World::of(4);
    let start = |world: &mut World, renews: Timestamp| {
        let windows = &mut world.standings.entry("claude".into()).or_default().windows;
        *windows = vec![window("five_hour", 0.89, renews, 0.3)];
        world.fates(&[task(1, "shop")]).remove(&id(1)).unwrap()
    };
    assert!(on(&start(&mut world, hours(2))).is_none(), "it would meet the limit");
    // Five of its fifteen minutes, a third of what it takes.
    assert_eq!(on(&start(&mut world, now().plus(minutes(5)))), Some("claude"));
    let Fate::Wait(Some(until), _) = start(&mut world, now().plus(minutes(20))) else { panic!("it waits") };
    let before = now().plus(minutes(20)).since(until);
    assert_eq!(before.as_secs(), 330, "until so little of it falls before the renewal");
}

/// Tasks in one project, of any urgency, some about to follow what runs.
fn any_queue() -> impl Strategy<Value = Vec<Pending>> {
    let one = (1u8..=9, proptest::option::of(1i64..40), any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 1..12).prop_map(|rows| {
        let made = rows.into_iter().zip(2..).map(|((priority, deadline, follows, routed), n)| {
            let task = if routed { by_router(n) } else { task(n, "shop") };
            let task = Pending { priority, deadline: deadline.map(hours), ..task };
            if follows { Pending { after: vec![id(1)], stands: waits(), ..task } } else { task }
        });
        std::iter::once(running(1, "elsewhere")).chain(made).collect()
    })
}

/// An urgent one that is large, and one that is neither.
fn large_and_small() -> [Pending; 2] {
    let of = |complexity| Nature { complexity, ..Nature::default() };
    let sized = |n, priority, complexity| {
        let mut one = Pending { priority, nature: of(complexity), ..task(n, "shop") };
        one.candidate.nature = of(complexity);
        one
    };
    [sized(2, 1, Complexity::High), sized(3, 8, Complexity::Low)]
}

proptest! {
    /// What starts leaves what is held for all that is more urgent and about to start.
    #[test]
    fn no_start_takes_the_room_of_more_urgent_work(tasks in any_queue(), used in 0.0..1.0f64, per_run in 0.05..0.4f64) {
        let mut world = World::of(20);
        world.standings.entry("claude".into()).or_default().windows.push(window("five_hour", used, hours(4), per_run));
        let (_, urgency) = world.ordered(&tasks);
        let fates = world.fates(&tasks);
        let starts: Vec<usize> = (0..tasks.len()).filter(|at| fates.get(&tasks[*at].id()).and_then(on).is_some()).collect();
        for at in &starts {
            let held = (0..tasks.len()).filter(|other| {
                !tasks[*other].after.is_empty() && urgency.points(*other) >= urgency.points(*at) + super::super::order::BAND
            });
            // Each start was decided with those before it; the last one saw them all.
            let before = starts.iter().filter(|other| urgency.points(**other) >= urgency.points(*at)).count();
            let held = per_run * f64::from(u32::try_from(held.count()).unwrap());
            // The first that is held for is held for as far as there is room, so one start's size is the slack.
            let taken = used + per_run * f64::from(u32::try_from(before).unwrap());
            prop_assert!(held == 0.0 || taken + held.min(per_run) <= 1.0 + 1e-6, "{taken} used, {held} held");
        }
        // And never more than there is.
        let whole = used + per_run * f64::from(u32::try_from(starts.len()).unwrap());
        prop_assert!(starts.is_empty() || whole <= 1.0 + 1e-6, "{whole}");
    }

    #[test]
    fn who_helps_out_stays_behind_the_pace(tasks in any_queue(), used in 0.0..1.0f64, passed in 1u64..167) {
        let renews = now().plus(Duration::from_hours(168 - passed));
        let mut world = two("seven_day", used, renews, 0.02);
        world.load.accounts.insert("qwen".into(), 1);
        let fates = world.fates(&tasks);
        let pace = f64::from(u32::try_from(passed).unwrap()) / 168.0;
        for task in tasks.iter().filter(|task| task.deadline.is_none() && task.candidate.agent_by == crate::task::ChosenBy::Router) {
            let helped = fates.get(&task.id()).and_then(on) == Some("claude");
            prop_assert!(!helped || used < pace, "{used} used in {pace} of the week");
        }
    }

    /// Nothing takes the room that a more urgent task waits for because it does not fit yet.
    #[test]
    fn who_does_not_fit_yet_is_not_overtaken_on_the_same_account(used in 0.0..1.0f64, per_run in 0.02..0.4f64, renews in 1i64..5) {
        let mut world = World::of(4);
        world.standings.entry("claude".into()).or_default().windows.push(window("five_hour", used, hours(renews), per_run));
        let fates = world.fates(&large_and_small());
        prop_assert!(on(&fates[&id(2)]).is_some() || on(&fates[&id(3)]).is_none(), "{:?}", fates[&id(2)]);
    }

    /// However large a run is thought to be, a week is no reason to hold it back that has more left than the short window
    /// gives it before it meets the limit there.
    #[test]
    fn a_large_run_takes_no_more_of_the_week_than_the_short_window_has(used in 0.0..0.84f64, per_run in 0.2..0.6f64) {
        let mut world = World::of(4);
        let week = window("seven_day", used, hours(100), per_run / 7.0);
        let windows = &mut world.standings.entry("claude".into()).or_default().windows;
        *windows = vec![window("five_hour", 0.0, hours(5), per_run), week];
        let fates = world.fates(&large_and_small());
        prop_assert_eq!(on(&fates[&id(2)]), Some("claude"));
    }

    #[test]
    fn what_is_not_due_is_a_day_ahead_of_the_pace_at_most(used in 0.0..1.0f64, passed in 1u64..167, due in any::<bool>()) {
        let renews = now().plus(Duration::from_hours(168 - passed));
        let mut world = World::of(4);
        world.standings.entry("claude".into()).or_default().windows.push(window("seven_day", used, renews, 0.001));
        let task = Pending { deadline: due.then(|| hours(60)), ..by_router(1) };
        let started = on(&world.fates(&[task])[&id(1)]) == Some("claude");
        let pace = f64::from(u32::try_from(passed + 24).unwrap()) / 168.0;
        prop_assert!(due || !started || used < pace, "{used} used in {passed} hours");
        prop_assert!(!due || started || used > 0.95, "what is due is not paced: {used}");
    }

    #[test]
    fn credits_do_not_depend_on_the_order_of_the_input(tasks in any_queue().prop_flat_map(|tasks| (Just(tasks.clone()), Just(tasks).prop_shuffle())), used in 0.0..1.0f64) {
        let (one, other) = tasks;
        let mut world = two("seven_day", used, hours(80), 0.1);
        world.load.accounts.insert("qwen".into(), 1);
        prop_assert_eq!(world.fates(&one), world.fates(&other));
        prop_assert_eq!(world.laid(&one), world.laid(&other));
    }
}

#[test]
fn a_decision_holds_for_all_that_are_alike() {
    // One that presses is no like of one that does not, though all else is the same.
    let half = now().plus(Duration::from_hours(84));
    let mut world = two("seven_day", 0.55, half, 0.01);
    world.load.accounts.insert("qwen".into(), 1);
    let pressing = Pending { deadline: Some(now().plus(minutes(30))), priority: 9, ..by_router(3) };
    let fates = world.fates(&[by_router(2), pressing]);
    assert_eq!([on(&fates[&id(2)]), on(&fates[&id(3)])], [None, Some("claude")]);
}
