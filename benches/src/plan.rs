//! Planning: how long the order and the whole plan take as the queue grows, and a round of the dispatcher.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::estimate::Experience;
use domain::plan::forecast::Setting;
use domain::plan::ledger::Ledger;
use domain::plan::order::{order, urgency};
use domain::plan::{Pending, Stands, plan};
use domain::schedule::{self, Candidate, Credits, Limits, Load};
use domain::{Account, Nature, NewTask, TaskId, Timestamp};
use jiff::tz::TimeZone;
use store::{Location, Store, backlog, tasks};

use crate::{Samples, tell};

const HOUR: i64 = 3_600_000;
const NOW: i64 = 1_795_262_400_000;

/// Five projects, four agents, priorities and ages of all sorts; one in five has a deadline, one in ten comes after
/// another.
fn queue(n: usize) -> Vec<Pending> {
    let now = Timestamp::from_millis(NOW);
    let mut ids: Vec<TaskId> = Vec::with_capacity(n);
    let mut made = Vec::with_capacity(n);
    // A small generator of our own: the same queue every time.
    let mut state = 7u64;
    let mut random = move |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    for at in 0..n {
        let created_at = now.minus(Duration::from_millis(random(100 * 3_600_000)));
        let id = TaskId::new(created_at);
        let after = if at > 0 && random(10) == 0 {
            let earlier = usize::try_from(random(at as u64)).unwrap();
            vec![ids[earlier]]
        } else {
            Vec::new()
        };
        let deadline = (random(5) == 0)
            .then(|| Timestamp::from_millis(NOW + HOUR * 24 * i64::try_from(random(3000)).unwrap()));
        let waiting =
            domain::Waiting { on: domain::WaitFor::Dependency, until: None, reason: "waits".into() };
        made.push(Pending {
            candidate: Candidate {
                id,
                project: format!("project-{}", random(5)),
                agent: ["claude", "codex", "gemini", "qwen"][usize::try_from(random(4)).unwrap()].into(),
                model: None,
                failed: None,
                hands_on: false,
                fresh: true,
                agent_by: domain::ChosenBy::Person,
                nature: Nature::default(),
                going_on: None,
            },
            title: format!("task {at}"),
            priority: u8::try_from(random(9)).unwrap() + 1,
            deadline,
            stands: if after.is_empty() { Stands::Queued } else { Stands::Waiting(waiting) },
            after,
            nature: Nature::default(),
            created_at,
            stuck: false,
        });
        ids.push(id);
    }
    made
}

fn samples(n: usize, mut work: impl FnMut()) -> Samples {
    Samples::take(n, || {
        let began = Instant::now();
        work();
        began.elapsed()
    })
}

pub(crate) fn measure() {
    let mut first: Option<[f64; 3]> = None;
    for n in [1_000, 10_000, 100_000] {
        let tasks = queue(n);
        let (known, used) = (Experience::default(), HashMap::new());
        let now = Timestamp::from_millis(NOW);
        let limits = Limits {
            total: 8,
            projects: (0..5).map(|n| (format!("project-{n}"), 2)).collect(),
            gpu: None,
            review: None,
            explore: 0.0,
        };
        let (load, standings) = (Load::default(), HashMap::new());
        let offers = |candidate: &Candidate| {
            let one = Account { concurrency: Some(2), ..Account::new(&candidate.agent, &candidate.agent) };
            vec![domain::placement::Offer::any(one)]
        };
        let runs = if n > 10_000 { 20 } else { 100 };
        let ordered = samples(runs, || {
            let urgency = urgency(&tasks, &known, now);
            let order = order(&tasks, &urgency, &used, Pending::is_queued);
            std::hint::black_box(order);
        });
        let urgencies = urgency(&tasks, &known, now);
        let queued = order(&tasks, &urgencies, &used, Pending::is_queued);
        // As the dispatcher does it: with who wants the accounts' credits next.
        let picked = samples(runs, || {
            let first = |candidate: &Candidate| Some(candidate.agent.clone());
            let ledger = Ledger::of(&tasks, &urgencies, &known, first, now);
            let candidates = queued.iter().map(|at| urgencies.entrant(&tasks, *at));
            let (credits, at) = (Credits { standings: &standings, ledger }, (now, &TimeZone::UTC));
            std::hint::black_box(schedule::pick(candidates, &load, &limits, offers, credits, at));
        });
        let setting = Setting {
            limits: &limits,
            load: &load,
            offers: &offers,
            standings: &standings,
            known: &known,
            used: &used,
            now,
            zone: &TimeZone::UTC,
        };
        let whole = samples(runs.min(20), || drop(std::hint::black_box(plan(&tasks, &setting, &[]))));
        let figures = [&ordered, &picked, &whole].map(|samples| samples.ms(50));
        for (name, samples, at) in [
            ("order", &ordered, 0),
            ("what starts now", &picked, 1),
            ("the whole plan, with reasons and ways out", &whole, 2),
        ] {
            let growth = first
                .map_or_else(String::new, |first| format!("{:.1} x that of 1,000", figures[at] / first[at]));
            tell(
                &format!("{name}: {n} tasks"),
                &format!("{:.2} ms, p99 {:.2}", samples.ms(50), samples.ms(99)),
                &growth,
            );
        }
        first.get_or_insert(figures);
    }
    rounds();
}

/// What a round of the dispatcher reads with 10,000 tasks in the queue.
fn rounds() {
    let dir = tempfile::tempdir_in("target").unwrap();
    let store = Store::open(&Location::Sqlite(dir.path().join("plan.db"))).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let asked = |n: usize| NewTask::new("bench", "/srv/bench", format!("task {n}"), "rehearsal");
    let now = Timestamp::from_millis(NOW);
    runtime.block_on(async {
        for n in 0..10_000 {
            store.write(move |tx| tasks::create(tx, asked(n), "bench", now)).await.unwrap();
        }
    });
    let anew = samples(20, || drop(runtime.block_on(store.read(|tx| backlog::all(tx, 100_001))).unwrap()));
    let mut seq = runtime.block_on(store.read(store::events::head)).unwrap();
    let mut n = 10_000;
    let on = samples(500, || {
        let changes = runtime.block_on(store.read(move |tx| backlog::since(tx, seq))).unwrap().unwrap();
        seq = changes.head;
    });
    let changed = Samples::take(500, || {
        n += 1;
        let create = store.write(move |tx| tasks::create(tx, asked(n), "bench", now));
        runtime.block_on(create).unwrap();
        let began = Instant::now();
        let changes = runtime.block_on(store.read(move |tx| backlog::since(tx, seq))).unwrap().unwrap();
        let took = began.elapsed();
        seq = changes.head;
        took
    });
    let ms = |samples: &Samples| format!("{:.3} ms, p99 {:.3}", samples.ms(50), samples.ms(99));
    tell("10,000 queued tasks read at the start of a daemon", &ms(&anew), "once");
    tell("a round's reading, nothing changed", &ms(&on), "");
    tell("a round's reading, one task changed", &ms(&changed), "");
}
