//! What a person looks at of a task's work: files, patches, lines, images, what a live run changes, the raw log.
//!
//! What agents made is hostile here: an image is one by its first bytes, everything else is no answer, and nothing is
//! handed out in a way that a browser would run.

use api::{
    ChangedFileView, ChangesView, ChangingView, ContinuationView, FileDiffView, LinesView, Page, Problem,
};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::RunId;
use engine::changes::{Between, MOST_LINES};
use engine::{Engine, FileDiff};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use store::{runs, tasks};
use utoipa::IntoParams;

use super::tasks::resolve;
use crate::App;
use crate::error::{Failure, invalid};

/// Between which commits.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BetweenQuery {
    /// From this commit of the task; its base when left out.
    from: Option<String>,
    /// To this one; its latest work when left out.
    to: Option<String>,
}

/// The files that a task's work changes, without their patches.
#[utoipa::path(get, path = "/api/tasks/{id}/changes", params(("id" = String, Path), BetweenQuery),
    responses((status = 200, body = ChangesView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn get_changes(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<BetweenQuery>,
) -> Result<Json<ChangesView>, Failure> {
    let id = resolve(&app, id).await?;
    let changes = app.engine.changes(id, Between { from: query.from, to: query.to }).await?;
    let view = |file: FileDiff| ChangedFileView {
        path: file.path,
        old_path: file.old_path,
        status: file.status.as_str().into(),
        insertions: file.insertions,
        deletions: file.deletions,
        binary: file.binary,
        content: file.id,
    };
    let files = changes.files.into_iter().map(view).collect();
    Ok(Json(ChangesView { base: changes.base, commit: changes.commit, files }))
}

/// Which file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeQuery {
    /// Its path.
    path: String,
    /// Its path before, when it was renamed.
    old_path: Option<String>,
    /// From this commit of the task; its base when left out.
    from: Option<String>,
    /// To this one; its latest work when left out.
    to: Option<String>,
}

/// One file's change with its patch; without a patch when that is longer than 8 MiB.
#[utoipa::path(get, path = "/api/tasks/{id}/changes/file", params(("id" = String, Path), ChangeQuery),
    responses((status = 200, body = FileDiffView), (status = 404, body = Problem)))]
pub(crate) async fn get_change(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<ChangeQuery>,
) -> Result<Json<FileDiffView>, Failure> {
    let id = resolve(&app, id).await?;
    let between = Between { from: query.from, to: query.to };
    let path = inside(query.path)?;
    let old = query.old_path.map(inside).transpose()?;
    let change = app.engine.change(id, between, path.clone(), old).await?;
    let file = change.ok_or_else(|| missing("changed file", &path))?;
    Ok(Json(FileDiffView {
        path: file.path,
        old_path: file.old_path,
        status: file.status.as_str().into(),
        insertions: file.insertions,
        deletions: file.deletions,
        binary: file.binary,
        patch: file.patch,
    }))
}

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinesQuery {
    /// The file's path.
    path: String,
    /// A commit of the task.
    commit: String,
    /// The first line, from 1.
    first: Option<usize>,
    /// At most this many; 2000 at the most.
    limit: Option<usize>,
}

/// Lines of a file of one of the task's commits.
#[utoipa::path(get, path = "/api/tasks/{id}/files", params(("id" = String, Path), LinesQuery),
    responses((status = 200, body = LinesView), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn get_lines(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<LinesQuery>,
) -> Result<Json<LinesView>, Failure> {
    let bytes = held(&app, id, query.commit, query.path).await?;
    let text = String::from_utf8(bytes).map_err(|_| invalid("the file is no text"))?;
    let first = query.first.unwrap_or(1).max(1);
    let many = query.limit.unwrap_or(MOST_LINES).min(MOST_LINES);
    let lines = text.lines().skip(first - 1).take(many).map(ToOwned::to_owned).collect();
    Ok(Json(LinesView { first, lines, total: text.lines().count() }))
}

/// Which image.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImageQuery {
    /// The file's path.
    path: String,
    /// A commit of the task.
    commit: String,
}

/// An image of one of the task's commits: PNG, JPEG, GIF or WebP, by its first bytes. Nothing else is handed out.
#[utoipa::path(get, path = "/api/tasks/{id}/image", params(("id" = String, Path), ImageQuery),
    responses((status = 200, content_type = "image/png", body = String), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn get_image(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<ImageQuery>,
) -> Result<Response, Failure> {
    let bytes = held(&app, id, query.commit, query.path).await?;
    let kind = image(&bytes).ok_or_else(|| invalid("the file is no PNG, JPEG, GIF or WebP image"))?;
    let mut response = bytes.into_response();
    // The commit and the path name it for ever.
    let cache = HeaderValue::from_static("private, max-age=86400, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    attached(response.headers_mut(), kind, "image");
    Ok(response)
}

/// What a live run has changed in its workspace by now; nothing when none is live.
#[utoipa::path(get, path = "/api/tasks/{id}/changing", params(("id" = String, Path)),
    responses((status = 200, body = Page<ChangingView>), (status = 404, body = Problem)))]
pub(crate) async fn list_changing(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Page<ChangingView>>, Failure> {
    let id = resolve(&app, id).await?;
    let changing = app.engine.changing(id).await?.into_iter();
    let view = |file: engine::changes::Changing| ChangingView {
        path: file.path,
        gone: file.gone,
        insertions: file.lines.map(|lines| lines.0),
        deletions: file.lines.map(|lines| lines.1),
    };
    Ok(Json(Page { items: changing.map(view).collect(), next_cursor: None }))
}

/// `CONTINUATION.md` of the task: where it stands, as its next agent reads it.
#[utoipa::path(get, path = "/api/tasks/{id}/continuation", params(("id" = String, Path)),
    responses((status = 200, body = ContinuationView), (status = 404, body = Problem)))]
pub(crate) async fn get_continuation(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<ContinuationView>, Failure> {
    let id = resolve(&app, id).await?;
    Ok(Json(ContinuationView { text: app.engine.continuation(id).await? }))
}

/// Of which attempt.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// The number of the run; the latest when left out.
    attempt: Option<u32>,
}

/// All that the agent of a run wrote, as it came.
#[utoipa::path(get, path = "/api/tasks/{id}/log", params(("id" = String, Path), LogQuery),
    responses((status = 200, content_type = "application/octet-stream", body = String), (status = 404, body = Problem)))]
pub(crate) async fn download_log(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Failure> {
    let id = resolve(&app, id).await?;
    let found = app.engine.store().read(move |tx| {
        let runs = runs::of_task(tx, id, tasks::MOST)?;
        Ok(runs.into_iter().find(|run| query.attempt.is_none_or(|attempt| run.attempt == attempt)))
    });
    let run = found.await?.ok_or_else(|| missing("run of this task", "that number"))?;
    let gone = || missing("raw log of this run: it is removed some time after its end, its events stay", "");
    let first = app.engine.raw_log(run.id, 0).await?.ok_or_else(gone)?;
    let mut response = Body::from_stream(pieces(app.engine, run.id, first)).into_response();
    attached(
        response.headers_mut(),
        "application/octet-stream",
        &format!("{}-{}.log", id.short(), run.attempt),
    );
    Ok(response)
}

/// The pieces of a raw log, one in memory at a time; it ends where it is when it is asked for.
fn pieces(
    engine: Engine,
    run: RunId,
    first: (Vec<u8>, u64),
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    stream::unfold(Some((engine, first, 0)), move |state| async move {
        let (engine, (bytes, next), before) = state?;
        if next == before {
            return None;
        }
        let read = engine.raw_log(run, next).await.map_err(std::io::Error::other);
        match read {
            Ok(Some(more)) => Some((Ok(Bytes::from(bytes)), Some((engine, more, next)))),
            Ok(None) => Some((Ok(Bytes::from(bytes)), None)),
            Err(error) => Some((Err(error), None)),
        }
    })
}

async fn held(app: &App, id: String, commit: String, path: String) -> Result<Vec<u8>, Failure> {
    let path = inside(path)?;
    let id = resolve(app, id).await?;
    match app.engine.file(id, commit, path.clone()).await? {
        engine::Held::Bytes(bytes) => Ok(bytes),
        engine::Held::Missing => Err(missing("file in that commit", &path)),
        engine::Held::Other => Err(invalid("it is no regular file, or larger than 4 MiB")),
    }
}

/// A path inside of a repository, by its look; it is only ever looked up in a commit.
fn inside(path: String) -> Result<String, Failure> {
    let plain = !path.is_empty()
        && path.len() <= 4096
        && !path.starts_with('/')
        && !path.contains('\0')
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if plain { Ok(path) } else { Err(invalid("the path must be one inside of the repository")) }
}

/// The type of an image, by its first bytes.
fn image(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Bytes that are kept, or drawn as the image they are; never a page.
fn attached(headers: &mut HeaderMap, kind: &'static str, name: &str) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"sidekick-{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
}

fn missing(what: &'static str, id: &str) -> Failure {
    store::Error::NotFound { what, id: id.to_owned() }.into()
}
