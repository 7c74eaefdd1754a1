//! The memory of projects, for people.

use api::{MemoryView, Page, Problem, WriteMemory, Written};
use axum::Json;
use axum::extract::{Query, State};
use engine::Note;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;
use crate::access::Caller;
use crate::error::Failure;

/// Whose memory: a configured project's, or that of a repository.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaceQuery {
    /// A configured project.
    project: Option<String>,
    /// Path or URL of a repository.
    repo: Option<String>,
}

/// A project's memory, by name.
#[utoipa::path(get, path = "/api/memory", params(PlaceQuery),
    responses((status = 200, body = Page<MemoryView>), (status = 422, body = Problem)))]
pub(crate) async fn read_memory(
    State(app): State<App>,
    Query(query): Query<PlaceQuery>,
) -> Result<Json<Page<MemoryView>>, Failure> {
    let place = app.engine.place(query.project.as_deref(), query.repo.as_deref())?;
    let entries = app.engine.memory(&place).await?;
    let items = entries
        .into_iter()
        .map(|entry| MemoryView {
            name: entry.name,
            version: entry.version,
            text: entry.text,
            actor: entry.actor,
            task: entry.task.map(|task| task.to_string()),
            at: entry.at.to_string(),
        })
        .collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Writes an entry of a project's memory.
#[utoipa::path(post, path = "/api/memory", request_body = WriteMemory,
    responses((status = 200, body = Written), (status = 409, body = Problem)))]
pub(crate) async fn write_memory(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<WriteMemory>,
) -> Result<Json<Written>, Failure> {
    let place = app.engine.place(body.project.as_deref(), body.repo.as_deref())?;
    let note = Note { name: body.name, text: body.text, expected: body.version, task: None };
    let version = app.engine.write_memory(&place, note, caller.actor).await?;
    Ok(Json(Written { version }))
}
