//! Who does what, and why: of a task, and of a text that is none yet.

use api::{CreateTask, Problem, RoutePreview, RouteView};
use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::tasks::{requested, resolve};
use crate::App;
use crate::error::Failure;

/// Why a task's latest run went where it went; of one that waits, where it would go now.
#[utoipa::path(get, path = "/api/tasks/{id}/route", params(("id" = String, Path)),
    responses((status = 200, body = RouteView), (status = 404, body = Problem)))]
pub(crate) async fn get_task_route(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<RouteView>, Failure> {
    let id = resolve(&app, id).await?;
    let (receipt, taken) = app.engine.why(id).await?;
    Ok(Json(RouteView::new(&receipt, taken)))
}

/// What to look at.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PreviewQuery {
    /// What would be done.
    text: String,
    /// A configured project.
    project: Option<String>,
    /// Path or URL of the repository.
    repo: Option<String>,
    /// The agent, if one would be named.
    agent: Option<String>,
    /// The kind, if it would be named.
    kind: Option<String>,
    /// The complexity, if it would be named.
    complexity: Option<String>,
    /// Whether it needs a graphics processor, if that would be said.
    gpu: Option<bool>,
}

/// What a text would become as a task, and who would do it; nothing is accepted.
#[utoipa::path(get, path = "/api/routes", params(PreviewQuery),
    responses((status = 200, body = RoutePreview), (status = 422, body = Problem)))]
pub(crate) async fn preview_route(
    State(app): State<App>,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<RoutePreview>, Failure> {
    let PreviewQuery { text, project, repo, agent, kind, complexity, gpu } = query;
    let body = CreateTask { text, project, repo, agent, kind, complexity, gpu, ..CreateTask::default() };
    let request = requested(&app, body, None).await?;
    let (asked, receipt) = app.engine.preview(request).await?;
    Ok(Json(RoutePreview {
        project: asked.project,
        found: asked.found,
        kind: asked.nature.kind.as_str().into(),
        complexity: asked.nature.complexity.as_str().into(),
        gpu: asked.nature.gpu,
        classified_by: asked.classified.by.as_str().into(),
        classified_why: asked.classified.reason,
        route: RouteView::new(&receipt, false),
    }))
}
