//! What holds for every plan: nobody starves, nothing unimportant goes before what something important waits for,
//! nothing starts before what it comes after, no limit is exceeded, the order of the input does not matter, and every
//! reason is true.

use std::collections::HashMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::forecast::{Laid, Setting, forecast};
use super::order::{BAND, OVERTAKES, Urgency, order, urgency};
use super::save::{Save, Verdict, save, startable, verdict};
use super::*;
use crate::account::{Account, Hours, Standing};
use crate::ids::TaskId;
use crate::placement::Offer;
use crate::schedule::{self, Credits, Fate, Hindrance, Limits, Load};
use crate::task::WaitFor;

const HOUR: i64 = 3_600_000;

/// Saturday noon, UTC.
fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T12:00:00Z").unwrap()
}

fn hours(n: i64) -> Timestamp {
    Timestamp::from_millis(now().as_millis() + n * HOUR)
}

fn id(n: usize) -> TaskId {
    format!("01900000-0000-7000-8000-{n:012}").parse().unwrap()
}

fn task(n: usize, project: &str) -> Pending {
    Pending {
        candidate: Candidate {
            id: id(n),
            project: project.into(),
            agent: "claude".into(),
            model: None,
            failed: None,
            hands_on: false,
            fresh: true,
            agent_by: crate::task::ChosenBy::Person,
            nature: Nature::default(),
            going_on: None,
        },
        title: format!("task {n}"),
        priority: 5,
        deadline: None,
        after: Vec::new(),
        nature: Nature::default(),
        created_at: now(),
        stands: Stands::Queued,
        stuck: false,
    }
}

fn waits() -> Stands {
    Stands::Waiting(Waiting { on: WaitFor::Dependency, until: None, reason: "waits for `x`".into() })
}

/// Everything a plan is made of but the tasks.
#[derive(Clone, Default)]
struct World {
    limits: Limits,
    load: Load,
    standings: HashMap<String, Standing>,
    known: Experience,
    used: HashMap<String, u64>,
    accounts: Vec<Account>,
}

impl World {
    fn of(total: usize) -> Self {
        let limits = Limits { total, ..Limits::default() };
        Self { limits, accounts: vec![Account::new("claude", "claude")], ..Self::default() }
    }

    fn ordered(&self, tasks: &[Pending]) -> (Vec<usize>, Urgency) {
        let urgency = urgency(tasks, &self.known, now());
        (order(tasks, &urgency, &self.used, startable), urgency)
    }

    fn ids(&self, tasks: &[Pending]) -> Vec<TaskId> {
        self.ordered(tasks).0.into_iter().map(|at| tasks[at].id()).collect()
    }

    fn setting<R>(&self, work: impl FnOnce(&Setting<'_>) -> R) -> R {
        let offers = |_: &Candidate| self.accounts.iter().cloned().map(Offer::any).collect::<Vec<_>>();
        work(&Setting {
            limits: &self.limits,
            load: &self.load,
            offers: &offers,
            standings: &self.standings,
            known: &self.known,
            used: &self.used,
            now: now(),
            zone: &TimeZone::UTC,
        })
    }

    fn laid(&self, tasks: &[Pending]) -> HashMap<TaskId, Laid> {
        let (order, urgency) = self.ordered(tasks);
        let laid = self.setting(|setting| forecast(tasks, (&order, &urgency), setting, None));
        tasks.iter().map(Pending::id).zip(laid).collect()
    }

    fn fates(&self, tasks: &[Pending]) -> HashMap<TaskId, Fate> {
        let (order, urgency) = self.ordered(tasks);
        let mut fates = HashMap::new();
        self.setting(|setting| {
            let queued = order.iter().filter(|at| tasks[**at].is_queued());
            let candidates = queued.map(|at| urgency.entrant(tasks, *at));
            let credits = Credits { standings: setting.standings, ledger: setting.ledger(tasks, &urgency) };
            let at = (now(), &TimeZone::UTC);
            let tell = |candidate: &Candidate, fate| drop(fates.insert(candidate.id, fate));
            schedule::each(candidates, setting.load, setting.limits, setting.offers, credits, at, tell);
        });
        fates
    }
}

fn minutes(n: u64) -> Duration {
    Duration::from_mins(n)
}

#[test]
fn a_tighter_deadline_goes_first_and_a_priority_can_outweigh_it() {
    let world = World::of(1);
    let relaxed = Pending { deadline: Some(hours(72)), ..task(1, "shop") };
    let tight = Pending { deadline: Some(hours(2)), ..task(2, "shop") };
    let urgent = Pending { priority: 1, ..task(3, "shop") };
    let idle = Pending { priority: 9, ..task(4, "shop") };
    let least = Pending { priority: 9, deadline: Some(hours(2)), ..task(5, "shop") };
    let tasks = [idle, relaxed, least, urgent, tight];
    assert_eq!(world.ids(&tasks), [2, 3, 5, 1, 4].map(id));
}

#[test]
fn among_equals_the_project_that_used_less_goes_first_and_they_take_turns() {
    let mut world = World::of(1);
    let tasks: Vec<_> = (0..6).map(|n| task(n, if n < 3 { "shop" } else { "blog" })).collect();
    assert_eq!(world.ids(&tasks), [0, 3, 1, 4, 2, 5].map(id), "by turns");
    world.used.insert("shop".into(), 60 * 60_000);
    assert_eq!(world.ids(&tasks), [3, 4, 5, 0, 1, 2].map(id), "whoever used less catches up");
}

#[test]
fn what_something_urgent_waits_for_is_urgent() {
    let world = World::of(1);
    let mut tasks = vec![
        Pending { priority: 9, ..task(1, "shop") },
        Pending { priority: 3, ..task(2, "shop") },
        Pending { priority: 1, after: vec![id(1)], stands: waits(), ..task(3, "shop") },
    ];
    assert_eq!(world.ids(&tasks)[0], id(1));
    // Its deadline presses on what comes before it, by what it takes itself.
    tasks[2] = Pending { deadline: Some(hours(8)), ..tasks[2].clone() };
    let (_, urgency) = world.ordered(&tasks);
    assert_eq!(urgency.deadline(0), Some(hours(8).minus(minutes(40))));
}

#[test]
fn windows_quiet_hours_and_rests_are_laid_around() {
    let mut world = World::of(4);
    world.accounts[0].quiet = vec![Hours::parse("12:10-14:00").unwrap()];
    world.accounts[0].concurrency = Some(1);
    let tasks: Vec<_> = (0..3).map(|n| task(n, "shop")).collect();
    let laid = world.laid(&tasks);
    let starts: Vec<_> = (0..3).map(|n| laid[&id(n)].start.unwrap()).collect();
    assert_eq!(starts, [now(), hours(2), hours(2).plus(minutes(15))], "one before the quiet hours");

    world.accounts[0].quiet.clear();
    let window = crate::account::Window {
        name: "five_hour".into(),
        status: crate::event::LimitStatus::Allowed,
        utilization: Some(0.3),
        resets_at: Some(hours(3)),
        seen_at: now(),
        seen_by: None,
        per_run: Some(0.4),
        alerted: None,
    };
    world.standings.entry("claude".into()).or_default().windows.push(window);
    let laid = world.laid(&tasks);
    let starts: Vec<_> = (0..3).map(|n| laid[&id(n)].start.unwrap()).collect();
    assert_eq!(
        starts,
        [
            now(),
            hours(3).minus(Duration::from_millis(253_125)),
            hours(3).minus(Duration::from_millis(253_125)).plus(minutes(15))
        ],
        "of the second four minutes fit in four of five cases, so it begins so long before the renewal"
    );
}

#[test]
fn what_only_a_person_can_start_has_no_time() {
    let mut world = World::of(4);
    world.limits.review = Some(2);
    world.load.reviews.insert("shop".into(), 2);
    let stuck = Pending { after: vec![id(9)], stuck: true, stands: waits(), ..task(3, "blog") };
    let asks = Stands::Waiting(Waiting { on: WaitFor::Breakpoint, until: None, reason: "?".into() });
    let mut sent_back = task(5, "shop");
    sent_back.candidate.fresh = false;
    let tasks =
        [task(1, "shop"), task(2, "blog"), stuck, Pending { stands: asks, ..task(4, "blog") }, sent_back];
    let laid = world.laid(&tasks);
    let started: Vec<_> = (1..6).filter(|n| laid[&id(*n)].start.is_some()).collect();
    assert_eq!(started, [2, 5], "what was sent back is no more to review");
}

#[test]
fn a_late_task_is_told_what_would_save_it() {
    let mut world = World::of(1);
    let others = [Account::new("codex", "codex")];
    let saved = |world: &World, tasks: &[Pending]| {
        let late = &tasks[tasks.len() - 1];
        let laid = world.laid(tasks).remove(&late.id()).unwrap();
        assert!(matches!(verdict(late, &laid), Verdict::Late(_)), "{laid:?}");
        world.setting(|setting| save(tasks, tasks.len() - 1, setting, &others))
    };
    let mut tasks: Vec<_> = (0..8).map(|n| Pending { priority: 2, ..task(n, "shop") }).collect();
    tasks.push(Pending { priority: 9, deadline: Some(hours(1)), ..task(8, "shop") });
    assert_eq!(
        saved(&world, &tasks),
        Save::Priority(7),
        "with the weight of its deadline the mildest that does"
    );
    tasks[8].deadline = Some(now().plus(minutes(10)));
    assert_eq!(saved(&world, &tasks), Save::Impossible { work: minutes(15), left: minutes(10) });
    // All the room there is does not help while its account rests.
    world.limits.total = 100;
    world.standings.entry("claude".into()).or_default().limited(Some(hours(5)), 0, now());
    tasks[8].deadline = Some(hours(1));
    assert_eq!(saved(&world, &tasks), Save::Account("codex".into()));
    let chain = Pending {
        after: vec![id(8)],
        stands: waits(),
        deadline: Some(now().plus(minutes(20))),
        ..task(9, "shop")
    };
    tasks.push(chain);
    assert_eq!(saved(&world, &tasks), Save::Impossible { work: minutes(30), left: minutes(20) });
}

/// Tasks as they may stand, some after earlier ones, each in one of three projects.
fn any_tasks() -> impl Strategy<Value = Vec<Pending>> {
    let one = (
        1u8..=9,
        0usize..3,
        proptest::option::of(-10i64..200),
        0i64..800,
        proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
        0u8..8,
    );
    proptest::collection::vec(one, 1..40).prop_map(|rows| {
        let rows = rows.into_iter().enumerate();
        let made = rows.map(|(n, (priority, project, deadline, age, after, stands))| {
            let mut after: Vec<_> =
                after.into_iter().filter(|_| n > 0).map(|index| id(index.index(n))).collect();
            after.sort_unstable();
            after.dedup();
            let waiting = |on, until| Stands::Waiting(Waiting { on, until, reason: "for a reason".into() });
            let stands = match stands {
                _ if !after.is_empty() => waits(),
                0 => Stands::Running { since: hours(-1), account: "claude".into() },
                1 => Stands::Review,
                4 => Stands::Landing,
                2 => waiting(WaitFor::Retry, Some(hours(1))),
                3 => waiting(WaitFor::Breakpoint, None),
                _ => Stands::Queued,
            };
            let created_at = hours(-age);
            let mut made = Pending {
                priority,
                deadline: deadline.map(hours),
                after,
                created_at,
                stands,
                ..task(n, ["a", "b", "c"][project])
            };
            made.candidate.nature.gpu = n % 3 == 0;
            made
        });
        made.collect()
    })
}

fn world_for(tasks: &[Pending], total: usize, each: usize, review: Option<usize>) -> World {
    let mut world = World::of(total);
    world.limits.projects = ["a", "b"].map(|name| (name.to_owned(), each)).into();
    world.limits.review = review;
    world.limits.gpu = Some(2);
    world.accounts[0].concurrency = Some(3);
    for task in tasks {
        let project = task.candidate.project.clone();
        match &task.stands {
            Stands::Running { account, .. } => {
                *world.load.projects.entry(project).or_default() += 1;
                *world.load.accounts.entry(account.clone()).or_default() += 1;
                world.load.gpu += usize::from(task.candidate.nature.gpu);
            }
            Stands::Review => *world.load.reviews.entry(project).or_default() += 1,
            _ => {}
        }
    }
    world
}

proptest! {
    #[test]
    fn whoever_waits_long_enough_comes_first(tasks in any_tasks(), old in any::<prop::sample::Index>()) {
        let mut tasks = tasks;
        let old = old.index(tasks.len());
        let youngest = tasks.iter().map(|task| task.created_at).max().unwrap();
        tasks[old].created_at = youngest.minus(OVERTAKES);
        tasks[old].stands = Stands::Queued;
        let (order, urgency) = World::of(1).ordered(&tasks);
        let place = order.iter().position(|at| *at == old).unwrap();
        // Only what is as old, or what those wait for, may stand before it; within a band it may be another project's turn.
        for before in &order[..place] {
            prop_assert!(urgency.points(*before) + BAND > urgency.points(old) || tasks[*before].created_at < youngest);
        }
        let alone: Vec<_> = tasks.iter().map(|task| Pending { after: Vec::new(), ..task.clone() }).collect();
        let (order, _) = World::of(1).ordered(&alone);
        for before in order.iter().take_while(|at| **at != old) {
            prop_assert!(alone[*before].created_at < youngest, "it is overtaken by what came fifteen days later");
        }
    }

    #[test]
    fn nothing_less_urgent_goes_before_what_something_urgent_waits_for(tasks in any_tasks()) {
        let (order, urgency) = World::of(1).ordered(&tasks);
        let place: HashMap<usize, usize> = order.iter().enumerate().map(|(place, at)| (*at, place)).collect();
        for (at, task) in tasks.iter().enumerate() {
            let before = |(_, other): &(usize, &Pending)| task.after.contains(&other.id());
            for (earlier, _) in tasks.iter().enumerate().filter(before) {
                prop_assert!(urgency.points(earlier) >= urgency.points(at));
                let Some(stands) = place.get(&earlier) else { continue };
                for (other, before) in &place {
                    // A quarter of a step of priority is no difference.
                    let less = urgency.points(*other) + 250 < urgency.points(at);
                    prop_assert!(!less || before > stands, "{other} before {earlier}, which {at} waits for");
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(tasks in any_tasks().prop_flat_map(|tasks| (Just(tasks.clone()), Just(tasks).prop_shuffle()))) {
        let (one, other) = tasks;
        let world = world_for(&one, 3, 2, Some(2));
        prop_assert_eq!(world.ids(&one), world.ids(&other));
        prop_assert_eq!(world.laid(&one), world.laid(&other));
        prop_assert_eq!(world.fates(&one), world.fates(&other));
    }

    #[test]
    fn a_forecast_keeps_every_limit_and_every_dependency(tasks in any_tasks(), total in 1usize..6, each in 1usize..3) {
        let world = world_for(&tasks, total, each, Some(3));
        let laid = world.laid(&tasks);
        let standing = |id: &TaskId| tasks.iter().find(|task| task.id() == *id);
        for task in &tasks {
            let Laid { start: Some(start), end: Some(end), surely: Some(surely), .. } = &laid[&task.id()] else { continue };
            prop_assert!(start < end && end <= surely);
            if matches!(task.stands, Stands::Running { .. }) {
                continue;
            }
            prop_assert!(*start >= now());
            for earlier in task.after.iter().filter_map(standing).filter(|earlier| !earlier.stands.is_worked_off()) {
                prop_assert!(laid[&earlier.id()].end.is_some_and(|end| end <= *start), "started too early");
            }
            // Who lives at the moment it starts, itself included.
            let live = |other: &&Pending| {
                let laid = &laid[&other.id()];
                laid.start.is_some_and(|at| at <= *start) && laid.end.is_some_and(|at| at > *start)
            };
            let living: Vec<_> = tasks.iter().filter(live).collect();
            let of = |project: &str| living.iter().filter(|other| other.candidate.project == project).count();
            // What starts finds room, however many ran before.
            prop_assert!(living.len() <= total && living.len() <= 3, "{living:#?}");
            let gpu = living.iter().filter(|other| other.candidate.nature.gpu).count();
            prop_assert!(!task.candidate.nature.gpu || gpu <= 2, "each has a graphics processor");
            prop_assert!(task.candidate.project == "c" || of(&task.candidate.project) <= each);
        }
        // Nothing that could start is forgotten: what has no time waits for a person, itself or by what it comes after.
        for task in tasks.iter().filter(|task| laid[&task.id()].start.is_none() && task.is_queued()) {
            let reviews = world.load.reviews.get(&task.candidate.project).copied().unwrap_or(0);
            prop_assert!(reviews >= 3, "{} was forgotten", task.title);
        }
    }

    /// What is named is removed, as far as the reason says; then the task starts, or something else holds it back.
    #[test]
    fn every_reason_is_true(tasks in any_tasks(), total in 0usize..6, each in 0usize..3, review in proptest::option::of(0usize..4)) {
        let world = world_for(&tasks, total, each, review);
        let fates = world.fates(&tasks);
        for (id, fate) in &fates {
            let project = tasks.iter().find(|task| task.id() == *id).unwrap().candidate.project.clone();
            let mut freed = world.clone();
            let live: usize = world.load.projects.values().sum();
            let live_here = world.load.projects.get(&project).copied().unwrap_or(0);
            match fate {
                Fate::Start(_) | Fate::Wait(..) => continue,
                Fate::Stays(Hindrance::Review { .. }) => {
                    freed.load.reviews.remove(&project);
                    freed.limits.review = None;
                }
                Fate::Stays(Hindrance::Places { ahead, .. }) => {
                    freed.limits.total = freed.limits.total.max(live) + ahead + 1;
                }
                Fate::Stays(Hindrance::Project { ahead, total, .. }) => {
                    let limit = freed.limits.projects.get_mut(&project).unwrap();
                    *limit = (*limit).max(live_here) + ahead + 1;
                    if total.is_some() {
                        freed.limits.total = freed.limits.total.max(live) + ahead + 1;
                    }
                }
                Fate::Stays(Hindrance::Gpu { ahead, limit }) => {
                    freed.limits.gpu = Some((*limit).max(world.load.gpu) + ahead + 1);
                }
                Fate::Stays(Hindrance::Account { ahead, .. }) => {
                    freed.accounts[0].concurrency = Some(3.max(live) + ahead + 1);
                }
            }
            let then = freed.fates(&tasks).remove(id).unwrap();
            let same = match (fate, &then) {
                (Fate::Stays(one), Fate::Stays(other)) => std::mem::discriminant(one) == std::mem::discriminant(other),
                _ => false,
            };
            prop_assert!(!same, "{fate:?} was removed, and it is held back by {then:?}");
        }
    }
}

#[test]
fn reasons_are_sentences() {
    let said = |hindrance| reason::sentence("shop", &Fate::Stays(hindrance));
    let total = Some(4);
    let all = [
        Hindrance::Places { ahead: 0, limit: 4 },
        Hindrance::Places { ahead: 0, limit: 1 },
        Hindrance::Places { ahead: 3, limit: 4 },
        Hindrance::Project { ahead: 0, limit: 2, total },
        Hindrance::Project { ahead: 1, limit: 2, total: None },
        Hindrance::Project { ahead: 5, limit: 2, total },
        Hindrance::Review { waiting: 3, limit: 3 },
        Hindrance::Gpu { ahead: 0, limit: 1 },
        Hindrance::Gpu { ahead: 2, limit: 2 },
        Hindrance::Account { ahead: 2, reason: "as many runs use claude as may".into() },
    ];
    insta::assert_snapshot!(all.map(said).join("\n"), @r"
    starts as soon as one of 4 runs ends
    starts as soon as the run that lives ends
    waits behind 3 more urgent tasks: 4 run at once
    starts as soon as one of the 2 runs of `shop` ends
    waits behind one more urgent task of `shop` (limit 2)
    waits behind 5 more urgent tasks: 2 of `shop` and 4 in all run at once
    nothing new starts in `shop` before you review: 3 tasks of it are ready (limit 3)
    starts as soon as the graphics processor is free: one run uses it at a time
    waits behind 2 more urgent tasks for a graphics processor (limit 2)
    as many runs use claude as may; 2 more urgent tasks wait for it, too
    ");
}

#[path = "credit_tests.rs"]
mod credit;
