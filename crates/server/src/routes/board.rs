//! What is to be decided, and the board.

use api::{CardView, ColumnView, InboxItemView, InboxView, Problem, TaskView, current_collisions};
use axum::Json;
use axum::extract::{Query, State};
use domain::inbox::{Behind, Item};
use domain::{TaskId, TaskState, Timestamp};
use serde::Deserialize;
use store::board::{self, Card, Cursor, Filter};
use store::{runs, tasks};
use utoipa::IntoParams;

use super::queue;
use crate::App;
use crate::error::{Failure, invalid};

/// The most things one answer lists: nobody decides more at a sitting.
const MOST_ITEMS: usize = 100;

/// What waits for a person, most valuable first: what would soon be decided without anybody, what the most tasks wait
/// for, what is most urgent.
#[utoipa::path(get, path = "/api/inbox", responses((status = 200, body = InboxView)))]
pub(crate) async fn get_inbox(State(app): State<App>) -> Result<Json<InboxView>, Failure> {
    let now = engine::clock::now();
    let (items, left_out) = app.engine.store().read(move |tx| read_inbox(tx, now)).await?;
    Ok(Json(InboxView { items, left_out }))
}

fn read_inbox(tx: &mut store::Tx<'_>, now: Timestamp) -> Result<(Vec<InboxItemView>, usize), store::Error> {
    let behind = Behind::new(board::dependencies(tx)?);
    let states = ["waiting", "review", "failed"].map(String::from).to_vec();
    let listed = tasks::list(tx, &tasks::Filter { states, limit: tasks::MOST, ..tasks::Filter::default() })?;
    let mut waiting: Vec<_> =
        listed.into_iter().filter_map(|task| Some((Item::of(&task, behind.count(task.id))?, task))).collect();
    waiting.sort_by(|one, other| one.0.compare(&other.0, now));
    let left_out = waiting.len().saturating_sub(MOST_ITEMS);
    waiting.truncate(MOST_ITEMS);
    let mut views = Vec::with_capacity(waiting.len());
    for (_, task) in &waiting {
        let run = runs::of_task(tx, task.id, 1)?.into_iter().next();
        views.push(TaskView::new(task, run.as_ref()));
    }
    queue::place(tx, &mut views)?;
    let items = waiting.iter().zip(views).map(|((item, _), view)| InboxItemView::new(item, view));
    Ok((items.collect(), left_out))
}

/// Which cards.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BoardQuery {
    /// The column: a state.
    state: String,
    /// Only this project.
    project: Option<String>,
    /// Only this agent.
    agent: Option<String>,
    /// Only this sort of work.
    kind: Option<String>,
    /// Only tasks whose text has these words.
    text: Option<String>,
    /// At most this many: 200 when left out, 1000 at most.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A column of the board, as much of each task as a card shows.
#[utoipa::path(get, path = "/api/board", params(BoardQuery),
    responses((status = 200, body = ColumnView), (status = 400, body = Problem)))]
pub(crate) async fn get_board(
    State(app): State<App>,
    Query(query): Query<BoardQuery>,
) -> Result<Json<ColumnView>, Failure> {
    if !TaskState::NAMES.contains(&query.state.as_str()) {
        let names = TaskState::NAMES.join(", ");
        return Err(invalid(format!("`{}` is no state; states are {names}", query.state)));
    }
    let after = query.cursor.as_deref().map(cursor).transpose()?;
    let limit = query.limit.unwrap_or(200).clamp(1, board::MOST);
    let text = query.text.filter(|text| !text.trim().is_empty());
    let filter =
        Filter { state: query.state, project: query.project, agent: query.agent, kind: query.kind, text };
    let (mut cards, total) = app
        .engine
        .store()
        .read(move |tx| Ok((board::cards(tx, &filter, after, limit + 1)?, board::count(tx, &filter)?)))
        .await?;
    let more = cards.len() > limit;
    cards.truncate(limit);
    let next_cursor = cards.last().filter(|_| more).map(|card| format!("{}.{}", card.priority, card.id));
    Ok(Json(ColumnView { items: cards.into_iter().map(view).collect(), total, next_cursor }))
}

fn cursor(text: &str) -> Result<Cursor, Failure> {
    let parts = text.split_once('.').and_then(|(priority, task)| {
        Some(Cursor { priority: priority.parse().ok()?, task: task.parse::<TaskId>().ok()? })
    });
    parts.ok_or_else(|| invalid("the cursor is not one of ours"))
}

fn view(card: Card) -> CardView {
    CardView {
        short: card.id.short(),
        id: card.id.to_string(),
        title: card.title,
        project: card.project,
        state: card.state,
        waiting_for: card.waiting_for,
        until: card.waiting_until.map(|at| at.to_string()),
        reason: card.reason,
        priority: card.priority,
        agent: card.agent,
        stage: card.stage,
        kind: card.kind,
        deadline: card.deadline.map(|at| at.to_string()),
        after: card.after.iter().map(ToString::to_string).collect(),
        behind: card.behind,
        collisions: current_collisions(&card.collisions),
        asks: card.asks,
        attempt: card.attempt,
        updated_at: card.updated_at.to_string(),
    }
}
