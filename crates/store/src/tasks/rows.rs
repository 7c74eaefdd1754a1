//! Tasks as rows.

use std::sync::LazyLock;

use domain::delegation::Parent;
use domain::task::Next;
use domain::{
    CheckResult, ChosenBy, Complexity, Isolation, Kind, Nature, NewTask, Question, Task, TaskId, TaskState,
    WaitFor, Waiting,
};

use super::waiting_columns;
use crate::Error;
use crate::runs::{diff, usage};
use crate::sql::{Row, Tx, Value};

/// The columns that are set once (but for the priority, which people adjust), then those that change; [`fixed`],
/// [`moving`] and [`task`] follow this order.
const FIXED: [&str; 16] = [
    "id",
    "short",
    "project",
    "repo",
    "text",
    "priority",
    "model",
    "scenario",
    "isolation",
    "base",
    "key",
    "branch",
    "created_at",
    "parent",
    "parent_run",
    "depth",
];
const MOVING: [&str; 46] = [
    "agent",
    "title",
    "state",
    "waiting_for",
    "waiting_until",
    "attempt",
    "failures",
    "stopping",
    "base_branch",
    "base_commit",
    "commit_id",
    "next_workspace",
    "next_from",
    "next_resume",
    "next_feedback",
    "session",
    "summary",
    "reason",
    "diff_files",
    "diff_insertions",
    "diff_deletions",
    "checks",
    "warnings",
    "tokens_input",
    "tokens_output",
    "tokens_cached",
    "cost_usd",
    "updated_at",
    "started_at",
    "ended_at",
    "questions",
    // Set once; here because what was added later comes last.
    "once",
    "next_hands_on",
    "kind",
    "complexity",
    "gpu",
    "deadline",
    "after_tasks",
    "supervised",
    "agent_by",
    "classified",
    "found",
    "landing",
    "collisions",
    "stuck",
    "yields_to",
];

static SELECT: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {}, {} FROM tasks ", FIXED.join(", "), MOVING.join(", ")));

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let places: Vec<_> = (1..=FIXED.len() + MOVING.len()).map(|n| format!("${n}")).collect();
    format!("INSERT INTO tasks ({}, {}) VALUES ({})", FIXED.join(", "), MOVING.join(", "), places.join(", "))
});

static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let sets: Vec<_> = MOVING.iter().zip(2..).map(|(column, n)| format!("{column} = ${n}")).collect();
    format!("UPDATE tasks SET {}, priority = ${} WHERE id = $1", sets.join(", "), MOVING.len() + 2)
});

pub(super) fn insert(tx: &mut Tx<'_>, task: &Task) -> Result<(), Error> {
    let mut values = fixed(task);
    values.extend(moving(task)?);
    tx.execute(&INSERT, &values)?;
    Ok(())
}

pub(super) fn update(tx: &mut Tx<'_>, task: &Task) -> Result<(), Error> {
    let mut values = vec![task.id.into()];
    values.extend(moving(task)?);
    values.push(task.asked.priority.into());
    tx.execute(&UPDATE, &values)?;
    Ok(())
}

pub(super) fn one(tx: &mut Tx<'_>, id: TaskId) -> Result<Option<Task>, Error> {
    Ok(select(tx, "WHERE id = $1", &[id.into()])?.into_iter().next())
}

/// `rest` is what follows FROM: our own text, never a caller's.
pub(super) fn select(tx: &mut Tx<'_>, rest: &str, values: &[Value]) -> Result<Vec<Task>, Error> {
    tx.query(&format!("{}{rest}", *SELECT), values)?.iter().map(task).collect()
}

fn fixed(task: &Task) -> Vec<Value> {
    let asked = &task.asked;
    vec![
        task.id.into(),
        (&task.id.short()).into(),
        (&asked.project).into(),
        (&asked.repo).into(),
        (&asked.text).into(),
        asked.priority.into(),
        asked.model.as_deref().into(),
        asked.scenario.as_deref().into(),
        asked.isolation.as_str().into(),
        asked.base.as_deref().into(),
        asked.key.as_deref().into(),
        (&task.branch).into(),
        task.created_at.into(),
        asked.parent.map(|parent| parent.task).into(),
        asked.parent.map(|parent| parent.run).into(),
        asked.parent.map(|parent| parent.depth).into(),
    ]
}

fn moving(task: &Task) -> Result<Vec<Value>, Error> {
    let (waiting_for, waiting_until) = waiting_columns(task);
    Ok(vec![
        (&task.asked.agent).into(),
        (&task.title).into(),
        task.state.as_str().into(),
        waiting_for.map(WaitFor::as_str).into(),
        waiting_until.into(),
        task.attempt.into(),
        task.failures.into(),
        task.stopping.into(),
        task.base_branch.as_deref().into(),
        task.base_commit.as_deref().into(),
        task.commit.as_deref().into(),
        task.next.workspace.into(),
        task.next.from.as_deref().into(),
        task.next.resume.as_deref().into(),
        task.next.feedback.as_deref().into(),
        task.session.as_deref().into(),
        task.summary.as_deref().into(),
        task.reason.as_deref().into(),
        task.diff.map(|diff| diff.files).into(),
        task.diff.map(|diff| diff.insertions).into(),
        task.diff.map(|diff| diff.deletions).into(),
        (&json(&task.checks)?).into(),
        (&json(&task.warnings)?).into(),
        task.usage.input.into(),
        task.usage.output.into(),
        task.usage.cached.into(),
        task.usage.cost_usd.into(),
        task.updated_at.into(),
        task.started_at.into(),
        task.ended_at.into(),
        (&json(&task.questions)?).into(),
        task.asked.once.into(),
        task.next.hands_on.into(),
        task.asked.nature.kind.as_str().into(),
        task.asked.nature.complexity.as_str().into(),
        task.asked.nature.gpu.into(),
        task.asked.deadline.into(),
        (&json(&task.asked.after)?).into(),
        (&json(&task.supervised)?).into(),
        task.asked.agent_by.as_str().into(),
        (&json(&task.asked.classified)?).into(),
        task.asked.found.as_deref().into(),
        (&json(&task.landing)?).into(),
        (&json(&task.collisions)?).into(),
        (&json(&task.stuck)?).into(),
        task.yields_to.into(),
    ])
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::Corrupt { what: "value to store", value: error.to_string() })
}

fn task(row: &Row) -> Result<Task, Error> {
    let asked = NewTask {
        project: row.text(2)?,
        repo: row.text(3)?,
        text: row.text(4)?,
        priority: u8::try_from(row.int(5)?).unwrap_or(domain::project::DEFAULT_PRIORITY),
        agent: row.text(16)?,
        model: row.opt_text(6)?,
        scenario: row.opt_text(7)?,
        isolation: row.word(8, Isolation::parse)?,
        base: row.opt_text(9)?,
        key: row.opt_text(10)?,
        parent: parent(row)?,
        once: row.int(47)? != 0,
        nature: Nature {
            kind: row.word(49, Kind::parse)?,
            complexity: row.word(50, Complexity::parse)?,
            gpu: row.int(51)? != 0,
        },
        deadline: row.opt_at(52)?,
        after: row.word(53, |text| serde_json::from_str(text).ok())?,
        agent_by: row.word(55, ChosenBy::parse)?,
        classified: row.word(56, |text| serde_json::from_str(text).ok())?,
        found: row.opt_text(57)?,
    };
    let reason = row.opt_text(33)?;
    Ok(Task {
        id: row.word(0, |text| text.parse().ok())?,
        asked,
        title: row.text(17)?,
        state: state(row, reason.as_deref())?,
        attempt: row.u32(21)?,
        failures: row.u32(22)?,
        stopping: row.int(23)? != 0,
        branch: row.text(11)?,
        base_branch: row.opt_text(24)?,
        base_commit: row.opt_text(25)?,
        commit: row.opt_text(26)?,
        next: Next {
            workspace: row.opt_word(27, |text| text.parse().ok())?,
            from: row.opt_text(28)?,
            resume: row.opt_text(29)?,
            feedback: row.opt_text(30)?,
            hands_on: row.int(48)? != 0,
        },
        session: row.opt_text(31)?,
        summary: row.opt_text(32)?,
        reason,
        diff: diff(row, 34)?,
        checks: row.word(37, |text| serde_json::from_str::<Vec<CheckResult>>(text).ok())?,
        warnings: row.word(38, |text| serde_json::from_str::<Vec<String>>(text).ok())?,
        questions: row.word(46, |text| serde_json::from_str::<Vec<Question>>(text).ok())?,
        supervised: row.word(54, |text| serde_json::from_str(text).ok())?,
        landing: row.word(58, |text| serde_json::from_str(text).ok())?,
        collisions: row.word(59, |text| serde_json::from_str(text).ok())?,
        stuck: row.word(60, |text| serde_json::from_str(text).ok())?,
        yields_to: row.opt_word(61, |text| text.parse().ok())?,
        usage: usage(row, 39)?,
        created_at: row.at(12)?,
        updated_at: row.at(43)?,
        started_at: row.opt_at(44)?,
        ended_at: row.opt_at(45)?,
    })
}

fn parent(row: &Row) -> Result<Option<Parent>, Error> {
    let Some(task) = row.opt_word(13, |text| text.parse().ok())? else { return Ok(None) };
    let depth = u8::try_from(row.int(15)?).unwrap_or(u8::MAX);
    Ok(Some(Parent { task, run: row.word(14, |text| text.parse().ok())?, depth }))
}

fn state(row: &Row, reason: Option<&str>) -> Result<TaskState, Error> {
    let waiting = row.opt_word(19, WaitFor::parse)?;
    Ok(match (row.text(18)?.as_str(), waiting) {
        ("queued", None) => TaskState::Queued,
        ("running", None) => TaskState::Running,
        ("review", None) => TaskState::Review,
        ("completed", None) => TaskState::Completed,
        ("failed", None) => TaskState::Failed,
        ("cancelled", None) => TaskState::Cancelled,
        ("waiting", Some(on)) => TaskState::Waiting(Waiting {
            on,
            until: row.opt_at(20)?,
            reason: reason.unwrap_or_default().to_owned(),
        }),
        other => return Err(Error::Corrupt { what: "task state", value: format!("{other:?}") }),
    })
}
