//! Forking a task.

use api::{ForkTask, Problem, TaskView};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use engine::{Fork, Request};

use super::tasks::{key_of, resolve};
use crate::App;
use crate::access::Caller;
use crate::error::Failure;

/// Accepts a task that goes on from this one's work, with its own words, and another agent if wanted. With an
/// `Idempotency-Key` seen before, the task of then is returned.
#[utoipa::path(post, path = "/api/tasks/{id}/fork", params(("id" = String, Path)), request_body = ForkTask,
    responses((status = 201, body = TaskView), (status = 200, body = TaskView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn fork_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ForkTask>,
) -> Result<(StatusCode, Json<TaskView>), Failure> {
    let key = key_of(&headers)?;
    let id = resolve(&app, id).await?;
    let request = Request {
        text: body.text,
        agent: body.agent,
        model: body.model,
        priority: body.priority,
        scenario: body.scenario,
        key,
        ..Request::default()
    };
    let accepted = app.engine.fork(id, Fork { checkpoint: body.checkpoint }, request, caller.actor).await?;
    let status = if accepted.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(TaskView::new(&accepted.task, None))))
}
