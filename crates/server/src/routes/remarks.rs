//! Remarks of people on a task's work: listed, written, changed, taken back. They go back with it (`tasks::send_back_task`).

use api::{EditRemark, Page, Problem, RemarkView, WriteRemark};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use domain::remark::Side;
use engine::{NewRemark, Spot};
use store::remarks;

use super::tasks::{key_of, resolve};
use crate::App;
use crate::access::Caller;
use crate::error::{Failure, invalid};

/// A task's remarks: those that are open first, then those that were sent, by attempt.
#[utoipa::path(get, path = "/api/tasks/{id}/remarks", params(("id" = String, Path)),
    responses((status = 200, body = Page<RemarkView>), (status = 404, body = Problem)))]
pub(crate) async fn list_remarks(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Page<RemarkView>>, Failure> {
    let id = resolve(&app, id).await?;
    let found = app.engine.store().read(move |tx| remarks::of_task(tx, id)).await?;
    Ok(Json(Page { items: found.into_iter().map(RemarkView::from).collect(), next_cursor: None }))
}

/// Keeps a remark until the work is sent back. With an `Idempotency-Key` seen before, the remark of then is returned.
#[utoipa::path(post, path = "/api/tasks/{id}/remarks", params(("id" = String, Path)), request_body = WriteRemark,
    responses((status = 201, body = RemarkView), (status = 200, body = RemarkView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn write_remark(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<WriteRemark>,
) -> Result<(StatusCode, Json<RemarkView>), Failure> {
    let side = Side::parse(&body.side).ok_or_else(|| invalid("the side is one of: old, new, plan"))?;
    let key = key_of(&headers)?;
    let id = resolve(&app, id).await?;
    let spot = Spot {
        commit: body.commit,
        file: body.file,
        side,
        line: body.line,
        end: body.end.unwrap_or(body.line),
        quote: body.quote,
    };
    let kept = app.engine.remark(id, NewRemark { spot, text: body.text, key }, caller.actor).await?;
    let status = if kept.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(kept.remark.into())))
}

/// Gives an open remark other words.
#[utoipa::path(patch, path = "/api/tasks/{id}/remarks/{remark}",
    params(("id" = String, Path), ("remark" = String, Path)), request_body = EditRemark,
    responses((status = 200, body = RemarkView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn change_remark(
    State(app): State<App>,
    caller: Caller,
    Path((id, remark)): Path<(String, String)>,
    Json(body): Json<EditRemark>,
) -> Result<Json<RemarkView>, Failure> {
    let id = resolve(&app, id).await?;
    let now = engine::clock::now();
    let change =
        move |tx: &mut store::Tx<'_>| remarks::change(tx, id, (&remark, body.text), &caller.actor, now);
    Ok(Json(app.engine.store().write(change).await?.into()))
}

/// Takes an open remark back.
#[utoipa::path(delete, path = "/api/tasks/{id}/remarks/{remark}",
    params(("id" = String, Path), ("remark" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn remove_remark(
    State(app): State<App>,
    caller: Caller,
    Path((id, remark)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let id = resolve(&app, id).await?;
    let now = engine::clock::now();
    app.engine.store().write(move |tx| remarks::remove(tx, id, &remark, &caller.actor, now)).await?;
    Ok(StatusCode::NO_CONTENT)
}
