//! The board: one state at a time, in its order, as much of each task as a card shows. Thousands of tasks are read in
//! pages, and none of their long texts.

use domain::collision::Collision;
use domain::{Question, TaskId, TaskState, Timestamp};

use crate::sql::{Row, Tx, Value};
use crate::{Error, tasks};

/// The most cards of one page.
pub const MOST: usize = 1000;
/// Dependencies that are looked at to tell what waits for what.
const MOST_PAIRS: usize = 50_000;

/// Which cards.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The state; one of [`TaskState::NAMES`].
    pub state: String,
    /// Only this project.
    pub project: Option<String>,
    /// Only this agent.
    pub agent: Option<String>,
    /// Only this sort of work.
    pub kind: Option<String>,
    /// Only tasks whose text has these words, in any case.
    pub text: Option<String>,
}

/// The last card of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Its priority.
    pub priority: u8,
    /// Its task.
    pub task: TaskId,
}

/// As much of a task as a card shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The task.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// Its project.
    pub project: String,
    /// Its state.
    pub state: String,
    /// What it waits for.
    pub waiting_for: Option<String>,
    /// Until when.
    pub waiting_until: Option<Timestamp>,
    /// Why it is where it is.
    pub reason: Option<String>,
    /// 1 (most urgent) to 9.
    pub priority: u8,
    /// The agent: of its live run, or the one it is for.
    pub agent: String,
    /// The stage of its live run.
    pub stage: Option<String>,
    /// The sort of work.
    pub kind: String,
    /// When it is to be done.
    pub deadline: Option<Timestamp>,
    /// What it comes after.
    pub after: Vec<TaskId>,
    /// How many tasks come after it, directly.
    pub behind: u32,
    /// Who changes the same files.
    pub collisions: Vec<Collision>,
    /// Whether it asks something that is not answered.
    pub asks: bool,
    /// How many runs it had.
    pub attempt: u32,
    /// When it last changed.
    pub updated_at: Timestamp,
}

const SELECT: &str = "SELECT tasks.id, tasks.title, tasks.project, tasks.state, tasks.waiting_for, tasks.waiting_until,
    tasks.reason, tasks.priority, COALESCE(runs.agent, tasks.agent), runs.stage, tasks.kind, tasks.deadline,
    tasks.after_tasks, (SELECT COUNT(*) FROM dependencies WHERE dependencies.after = tasks.id), tasks.collisions,
    tasks.questions, tasks.attempt, tasks.updated_at
    FROM tasks LEFT JOIN runs ON runs.task = tasks.id AND runs.outcome IS NULL ";

/// The cards of a state: what is at its end newest first, everything else most urgent first.
pub fn cards(
    tx: &mut Tx<'_>,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Card>, Error> {
    let (mut clauses, mut values) = clauses(filter);
    let ended = is_end(&filter.state);
    if let Some(cursor) = after {
        values.push(cursor.task.into());
        let id = values.len();
        if ended {
            clauses.push(format!("tasks.id < ${id}"));
        } else {
            values.push(cursor.priority.into());
            let priority = values.len();
            clauses.push(format!(
                "(tasks.priority > ${priority} OR (tasks.priority = ${priority} AND tasks.id > ${id}))"
            ));
        }
    }
    values.push(limit.clamp(1, MOST + 1).into());
    let order = if ended { "tasks.id DESC" } else { "tasks.priority, tasks.id" };
    let sql = format!("{SELECT} WHERE {} ORDER BY {order} LIMIT ${}", clauses.join(" AND "), values.len());
    tx.query(&sql, &values)?.iter().map(card).collect()
}

/// How many cards there are in all.
pub fn count(tx: &mut Tx<'_>, filter: &Filter) -> Result<u64, Error> {
    if filter.project.is_none() && filter.agent.is_none() && filter.kind.is_none() && filter.text.is_none() {
        let counts = tasks::counts(tx)?;
        return Ok(counts.into_iter().find(|(state, _)| *state == filter.state).map_or(0, |(_, n)| n));
    }
    let (clauses, values) = clauses(filter);
    let sql = format!(
        "SELECT COUNT(*) FROM tasks LEFT JOIN runs ON runs.task = tasks.id AND runs.outcome IS NULL WHERE {}",
        clauses.join(" AND ")
    );
    tx.query_one(&sql, &values)?.map_or(Ok(0), |row| row.u64(0))
}

/// Tasks that have not started, each with one that it comes after.
pub fn dependencies(tx: &mut Tx<'_>) -> Result<Vec<(TaskId, TaskId)>, Error> {
    let rows = tx.query(
        "SELECT dependencies.task, dependencies.after FROM dependencies JOIN tasks ON tasks.id = dependencies.task
         WHERE tasks.state = 'queued' OR tasks.state = 'waiting' LIMIT $1",
        &[MOST_PAIRS.into()],
    )?;
    let id = |row: &Row, n| row.word(n, |text| text.parse().ok());
    rows.iter().map(|row| Ok((id(row, 0)?, id(row, 1)?))).collect()
}

/// Whether a state is an end.
pub fn is_end(state: &str) -> bool {
    debug_assert!(TaskState::NAMES.contains(&state));
    matches!(state, "completed" | "failed" | "cancelled")
}

fn clauses(filter: &Filter) -> (Vec<String>, Vec<Value>) {
    let mut clauses = vec!["tasks.state = $1".to_owned()];
    let mut values: Vec<Value> = vec![(&filter.state).into()];
    let wanted = [
        ("tasks.project = ", filter.project.clone()),
        ("COALESCE(runs.agent, tasks.agent) = ", filter.agent.clone()),
        ("tasks.kind = ", filter.kind.clone()),
        ("LOWER(tasks.text) LIKE ", filter.text.as_deref().map(containing)),
    ];
    for (clause, value) in wanted {
        let Some(value) = value else { continue };
        values.push((&value).into());
        let escape = if clause.ends_with("LIKE ") { " ESCAPE '~'" } else { "" };
        clauses.push(format!("{clause}${}{escape}", values.len()));
    }
    (clauses, values)
}

/// A pattern for LIKE that means these words and nothing else.
fn containing(words: &str) -> String {
    let mut pattern = String::from("%");
    for char in words.to_lowercase().chars() {
        if matches!(char, '%' | '_' | '~') {
            pattern.push('~');
        }
        pattern.push(char);
    }
    pattern.push('%');
    pattern
}

fn card(row: &Row) -> Result<Card, Error> {
    let questions: Vec<Question> = row.word(15, |text| serde_json::from_str(text).ok())?;
    Ok(Card {
        id: row.word(0, |text| text.parse().ok())?,
        title: row.text(1)?,
        project: row.text(2)?,
        state: row.text(3)?,
        waiting_for: row.opt_text(4)?,
        waiting_until: row.opt_at(5)?,
        reason: row.opt_text(6)?,
        priority: u8::try_from(row.int(7)?).unwrap_or(domain::project::DEFAULT_PRIORITY),
        agent: row.text(8)?,
        stage: row.opt_text(9)?,
        kind: row.text(10)?,
        deadline: row.opt_at(11)?,
        after: row.word(12, |text| serde_json::from_str(text).ok())?,
        behind: row.u32(13)?,
        collisions: row.word(14, |text| serde_json::from_str(text).ok())?,
        asks: questions.iter().any(|question| question.answer.is_none()),
        attempt: row.u32(16)?,
        updated_at: row.at(17)?,
    })
}
