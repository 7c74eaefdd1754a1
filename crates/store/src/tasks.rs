//! Tasks: accepting, changing, finding and listing them.
//!
//! [`change`] is the only way a task changes: it loads the state, asks the domain, appends the events
//! and writes the state they make, in the caller's transaction.

mod after;
mod fork;
mod merging;
mod race;
mod rows;
mod split;

use std::time::Duration;

use domain::schedule::{Candidate, just_failed};
use domain::supervise::Supervised;
use domain::work::Command;
use domain::{
    ChosenBy, Complexity, Event, Kind, Nature, NewTask, Outcome, Record, Refusal, RunId, Task, TaskId,
    Timestamp, WaitFor, Work,
};

pub use merging::{InQueue, at_work, landed_by, merge_queue, yielding};

use crate::sql::{Row, Tx, Value};
use crate::{Error, checkpoints, estimates, events, hindsights, outbox, records, remarks, runs, verdicts};

pub use after::{adjust, look_again};
pub use fork::fork;
pub use race::{of_race, start};

/// A task that was accepted now, or had been before under the same key.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The task.
    pub task: Task,
    /// Whether it is new.
    pub new: bool,
}

/// Accepts a task. With an idempotency key that was seen before, the task of then is returned.
pub fn create(tx: &mut Tx<'_>, mut asked: NewTask, actor: &str, now: Timestamp) -> Result<Accepted, Error> {
    if let Some(key) = &asked.key
        && let Some(row) = tx.query_one("SELECT id FROM tasks WHERE key = $1", &[key.into()])?
    {
        let id: TaskId = row.word(0, |text| text.parse().ok())?;
        let work = load(tx, id)?.ok_or_else(|| not_found(&id.to_string()))?;
        return Ok(Accepted { task: work.task, new: false });
    }
    after::once_each(&mut asked.after);
    after::expect_room(tx, &asked.after, &[])?;
    let id = TaskId::new(now);
    let record = events::place(tx, id, Work::create(id, asked)?, actor, now)?;
    events::store(tx, &record)?;
    let work = Work::from_created(&record)
        .ok_or(Error::Corrupt { what: "event", value: "a task that was not created".into() })?;
    rows::insert(tx, &work.task)?;
    count(tx, None, work.task.state.as_str())?;
    if work.task.asked.after.is_empty() {
        return Ok(Accepted { task: work.task, new: true });
    }
    after::insert(tx, id, &work.task.asked.after)?;
    let work = after::look_again(tx, id, now)?;
    Ok(Accepted { task: work.task, new: true })
}

/// The moment of the one of number `n`, of several that are accepted at once: their ids are in their order.
fn after_another(now: Timestamp, n: usize) -> Timestamp {
    now.plus(Duration::from_millis(u64::try_from(n).unwrap_or(0)))
}

/// Carries out one command.
pub fn change(
    tx: &mut Tx<'_>,
    id: TaskId,
    command: Command,
    actor: &str,
    now: Timestamp,
) -> Result<Work, Error> {
    change_all(tx, id, vec![command], actor, now, |_| Ok(()))
}

/// Refuses when a task's work is another than the one a person has looked at.
pub fn expect_seen(tx: &mut Tx<'_>, id: TaskId, seen: Option<&str>) -> Result<(), Error> {
    let Some(seen) = seen else { return Ok(()) };
    let task = rows::one(tx, id)?.ok_or_else(|| not_found(&id.to_string()))?;
    if task.commit.as_deref() == Some(seen) { Ok(()) } else { Err(Refusal::Changed.into()) }
}

/// Carries out commands in order; all or none.
pub(crate) fn change_all(
    tx: &mut Tx<'_>,
    id: TaskId,
    commands: Vec<Command>,
    actor: &str,
    now: Timestamp,
    before_writing: impl FnOnce(&mut Tx<'_>) -> Result<(), Error>,
) -> Result<Work, Error> {
    let before = load(tx, id)?.ok_or_else(|| not_found(&id.to_string()))?;
    let mut work = before.clone();
    let mut placed = Vec::new();
    for command in commands {
        for entry in work.decide(command, now)? {
            let record = events::place(tx, id, entry, actor, now)?;
            work.apply(&record);
            placed.push(record);
        }
    }
    // Nothing is refused any more: from here on it is written.
    before_writing(tx)?;
    for record in &placed {
        records::note(tx, &before, &record.event)?;
        events::store(tx, record)?;
    }
    let known_run = before.run.as_ref().map(|run| run.id);
    match &work.run {
        Some(run) if Some(run.id) != known_run => {
            rows::update(tx, &work.task)?;
            runs::insert(tx, run, &work.task.asked.project)?;
        }
        run => {
            if let Some(run) = run.as_ref().filter(|run| before.run.as_ref() != Some(*run)) {
                runs::update(tx, run)?;
                if !run.is_live() {
                    estimates::learn(tx, &work.task, run)?;
                }
            }
            rows::update(tx, &work.task)?;
        }
    }
    let (from, to) = (before.task.state.as_str(), work.task.state.as_str());
    if from != to {
        count(tx, Some(from), to)?;
        after::reconsider(tx, id, now)?;
        let settled = |record: &Record| matches!(record.event, Event::RaceLost { .. });
        if !placed.iter().any(settled) {
            race::look(tx, &work.task, now)?;
        }
    }
    for record in &placed {
        if let Event::TaskSplit { parts } = &record.event {
            return split::up(tx, &work, parts, now);
        }
    }
    Ok(work)
}

/// Claims a task for a run of this owner, leased until `now + lease`.
pub fn claim(
    tx: &mut Tx<'_>,
    id: TaskId,
    start: domain::work::Start,
    owner: &str,
    lease: Duration,
    now: Timestamp,
) -> Result<Work, Error> {
    let run = start.run;
    let work = change(tx, id, Command::Start(start), "engine", now)?;
    runs::lease(tx, run, owner, now.plus(lease))?;
    Ok(work)
}

/// What an event causes outside, put into the outbox with it.
pub(crate) fn enqueue_what_goes_out(tx: &mut Tx<'_>, record: &Record) -> Result<(), Error> {
    verdicts::note(tx, record)?;
    hindsights::note(tx, record)?;
    remarks::note(tx, record)?;
    match &record.event {
        Event::TaskApproved { .. } => outbox::push(tx, record.task, "land", "{}", record.at),
        Event::CheckpointCreated { .. } => checkpoints::note(tx, record),
        _ => Ok(()),
    }
}

/// A task with its latest run.
pub fn load(tx: &mut Tx<'_>, id: TaskId) -> Result<Option<Work>, Error> {
    let Some(task) = rows::one(tx, id)? else { return Ok(None) };
    let run = runs::of_task(tx, id, 1)?.into_iter().next();
    Ok(Some(Work { task, run }))
}

/// The task a person means: by its id, or by any unique beginning of its id or its short id.
pub fn find(tx: &mut Tx<'_>, text: &str) -> Result<TaskId, Error> {
    let wanted = text.trim().to_ascii_lowercase();
    if let Ok(id) = wanted.parse::<TaskId>() {
        return rows::one(tx, id)?.map(|task| task.id).ok_or_else(|| not_found(text));
    }
    if wanted.is_empty() || !wanted.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return Err(not_found(text));
    }
    let end = format!("{wanted}~");
    let found = tx.query(
        "SELECT id FROM tasks WHERE (short >= $1 AND short < $2) OR (id >= $1 AND id < $2) LIMIT 100",
        &[(&wanted).into(), (&end).into()],
    )?;
    match found.as_slice() {
        [] => Err(not_found(text)),
        [row] => row.word(0, |id| id.parse().ok()),
        many => Err(Error::Ambiguous { id: text.to_owned(), n: many.len() }),
    }
}

/// Which tasks to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these states; all when empty.
    pub states: Vec<String>,
    /// Only this project.
    pub project: Option<String>,
    /// Only the one with this agent session.
    pub session: Option<String>,
    /// Only tasks before this one, for the next page.
    pub before: Option<TaskId>,
    /// At most this many.
    pub limit: usize,
}

/// The most tasks one page may have; one more tells whether there are more.
pub const MOST: usize = 500;

/// Tasks, newest first.
pub fn list(tx: &mut Tx<'_>, filter: &Filter) -> Result<Vec<Task>, Error> {
    let mut clauses = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut bind = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    if !filter.states.is_empty() {
        let places: Vec<_> = filter.states.iter().map(|state| bind(state.into())).collect();
        clauses.push(format!("state IN ({})", places.join(", ")));
    }
    if let Some(project) = &filter.project {
        clauses.push(format!("project = {}", bind(project.into())));
    }
    if let Some(session) = &filter.session {
        clauses.push(format!("session = {}", bind(session.into())));
    }
    if let Some(before) = filter.before {
        clauses.push(format!("id < {}", bind(before.into())));
    }
    let limit = bind(filter.limit.clamp(1, MOST + 1).into());
    rows::select(tx, &format!("WHERE {} ORDER BY id DESC LIMIT {limit}", clauses.join(" AND ")), &values)
}

/// The task that was given with an idempotency key.
pub fn of_key(tx: &mut Tx<'_>, key: &str) -> Result<Option<Task>, Error> {
    Ok(rows::select(tx, "WHERE key = $1", &[key.into()])?.into_iter().next())
}

/// Tasks that may have open questions, the oldest first.
pub fn asking(tx: &mut Tx<'_>, project: Option<&str>, limit: usize) -> Result<Vec<Task>, Error> {
    const WHERE: &str = "WHERE (state = 'waiting' OR state = 'running') AND questions <> '[]'";
    match project {
        Some(project) => rows::select(
            tx,
            &format!("{WHERE} AND project = $1 ORDER BY id LIMIT $2"),
            &[project.into(), limit.into()],
        ),
        None => rows::select(tx, &format!("{WHERE} ORDER BY id LIMIT $1"), &[limit.into()]),
    }
}

/// The most urgent tasks that wait for credits.
pub fn waiting_for_credits(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<Candidate>, Error> {
    candidates(tx, "state = 'waiting' AND waiting_for = 'credits'", limit)
}

/// What a candidate is read from: the first columns of a row.
pub(crate) const CANDIDATE: &str = "tasks.id, tasks.project, tasks.agent, tasks.model, tasks.next_hands_on, tasks.failures,
    tasks.agent_by, tasks.kind, tasks.complexity, tasks.gpu, tasks.next_resume, tasks.attempt, tasks.supervised,
    CASE WHEN tasks.attempt > 0 THEN
      (SELECT last.agent FROM runs last WHERE last.task = tasks.id ORDER BY last.attempt DESC LIMIT 1) END,
    CASE WHEN tasks.attempt > 0 THEN
      (SELECT last.outcome FROM runs last WHERE last.task = tasks.id ORDER BY last.attempt DESC LIMIT 1) END";
/// How many columns that are.
pub(crate) const CANDIDATE_COLUMNS: usize = 15;

pub(crate) fn candidate(row: &Row) -> Result<Candidate, Error> {
    let latest = row.opt_text(13)?;
    let (by, resumes) = (row.word(6, ChosenBy::parse)?, row.opt_text(10)?.is_some());
    let failed = just_failed(by, row.u32(5)?, row.opt_word(14, Outcome::parse)?);
    let supervised: Supervised = row.word(12, |text| serde_json::from_str(text).ok())?;
    Ok(Candidate {
        id: row.word(0, |text| text.parse().ok())?,
        project: row.text(1)?,
        agent: row.text(2)?,
        model: if supervised.escalations > 0 { supervised.model } else { row.opt_text(3)? },
        hands_on: row.int(4)? != 0,
        failed: latest.clone().filter(|_| failed),
        agent_by: by,
        nature: Nature {
            kind: row.word(7, Kind::parse)?,
            complexity: row.word(8, Complexity::parse)?,
            gpu: row.int(9)? != 0,
        },
        going_on: latest.filter(|_| resumes),
        fresh: row.int(11)? == 0,
    })
}

fn candidates(tx: &mut Tx<'_>, which: &str, limit: usize) -> Result<Vec<Candidate>, Error> {
    let sql = format!("SELECT {CANDIDATE} FROM tasks WHERE {which} ORDER BY priority, id LIMIT $1");
    tx.query(&sql, &[limit.into()])?.iter().map(candidate).collect()
}

/// Waiting tasks whose time has come.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<TaskId>, Error> {
    let rows = tx.query(
        "SELECT id FROM tasks WHERE state = 'waiting' AND waiting_until <= $1 ORDER BY waiting_until LIMIT $2",
        &[now.into(), limit.into()],
    )?;
    rows.iter().map(|row| row.word(0, |text| text.parse().ok())).collect()
}

/// When the next waiting task's time comes.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Error> {
    let row = tx.query_one("SELECT MIN(waiting_until) FROM tasks WHERE state = 'waiting'", &[])?;
    row.map_or(Ok(None), |row| row.opt_at(0))
}

/// How many tasks a run has handed on.
pub fn delegated(tx: &mut Tx<'_>, run: RunId) -> Result<usize, Error> {
    let row = tx.query_one("SELECT COUNT(*) FROM tasks WHERE parent_run = $1", &[run.into()])?;
    row.map_or(Ok(0), |row| Ok(usize::try_from(row.int(0)?).unwrap_or(usize::MAX)))
}

/// How many tasks are in each state.
pub fn counts(tx: &mut Tx<'_>) -> Result<Vec<(String, u64)>, Error> {
    let rows = tx.query("SELECT state, n FROM task_counts", &[])?;
    rows.iter().map(|row| Ok((row.text(0)?, row.u64(1)?))).collect()
}

/// Live runs a person wants stopped, with their tasks.
pub fn stopping(tx: &mut Tx<'_>) -> Result<Vec<(TaskId, RunId)>, Error> {
    let rows = tx.query(
        "SELECT tasks.id, runs.id FROM runs JOIN tasks ON tasks.id = runs.task
         WHERE runs.outcome IS NULL AND tasks.stopping = 1",
        &[],
    )?;
    rows.iter()
        .map(|row| Ok((row.word(0, |text| text.parse().ok())?, row.word(1, |text| text.parse().ok())?)))
        .collect()
}

fn count(tx: &mut Tx<'_>, from: Option<&str>, to: &str) -> Result<(), Error> {
    if from == Some(to) {
        return Ok(());
    }
    if let Some(from) = from {
        tx.execute("UPDATE task_counts SET n = n - 1 WHERE state = $1", &[from.into()])?;
    }
    tx.execute("UPDATE task_counts SET n = n + 1 WHERE state = $1", &[to.into()])?;
    Ok(())
}

fn not_found(id: &str) -> Error {
    Error::NotFound { what: "task", id: id.to_owned() }
}

/// What a task's waiting column holds, for other modules' filters.
pub(crate) fn waiting_columns(task: &Task) -> (Option<WaitFor>, Option<Timestamp>) {
    task.state.waiting().map_or((None, None), |waiting| (Some(waiting.on), waiting.until))
}
