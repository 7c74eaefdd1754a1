//! Hindsight.

use api::{AppliedView, HindsightView, HindsightsView, Problem, TaskView, TogetherView};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::hindsight::rules::together;
use serde::Deserialize;
use utoipa::IntoParams;

use super::tasks::resolve;
use crate::App;
use crate::access::Caller;
use crate::error::Failure;

/// The most tasks one answer lists.
const MOST: usize = 200;

/// Of which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HindsightQuery {
    /// Only this project.
    project: Option<String>,
    /// At most so many: 50 when left out, 200 at most.
    limit: Option<usize>,
}

/// What a task cost, what would have helped, and what is proposed to be remembered.
#[utoipa::path(get, path = "/api/tasks/{id}/hindsight", params(("id" = String, Path)),
    responses((status = 200, body = HindsightView), (status = 404, body = Problem)))]
pub(crate) async fn get_hindsight(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<HindsightView>, Failure> {
    let id = resolve(&app, id).await?;
    let known = app.engine.hindsight(id).await?;
    let state = match (known.at, known.due) {
        (Some(_), _) => "done",
        (None, true) => "due",
        (None, false) => "open",
    };
    let view = HindsightView::new(id, state, &known.found, known.at);
    let applied = known.applied.map(|task| AppliedView {
        task: task.id.to_string(),
        short: task.id.short(),
        state: task.state.as_str().into(),
    });
    Ok(Json(HindsightView { diff: known.diff, applied, ..view }))
}

/// Makes a task of the lines that are proposed for `AGENTS.md`; it comes to review like any other. The same task when it was
/// made before.
#[utoipa::path(post, path = "/api/tasks/{id}/hindsight/apply", params(("id" = String, Path)),
    responses((status = 201, body = TaskView), (status = 200, body = TaskView), (status = 422, body = Problem)))]
pub(crate) async fn apply_hindsight(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<TaskView>), Failure> {
    let id = resolve(&app, id).await?;
    let accepted = app.engine.apply_hindsight(id, caller.actor).await?;
    let status = if accepted.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(TaskView::new(&accepted.task, None))))
}

/// What was found in hindsight, the latest first, and what was found how often.
#[utoipa::path(get, path = "/api/hindsight", params(HindsightQuery),
    responses((status = 200, body = HindsightsView)))]
pub(crate) async fn list_hindsights(
    State(app): State<App>,
    Query(query): Query<HindsightQuery>,
) -> Result<Json<HindsightsView>, Failure> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let found = app.engine.hindsights(query.project, limit).await?;
    let together = together(found.iter().map(|found| &found.hindsight)).into_iter();
    let together = together.map(|(name, tasks, seconds)| TogetherView { name, tasks, seconds }).collect();
    let items = found
        .iter()
        .map(|found| HindsightView::new(found.task, "done", &found.hindsight, Some(found.at)))
        .collect();
    Ok(Json(HindsightsView { items, together }))
}
