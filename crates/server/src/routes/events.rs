//! The log over HTTP: pages of a task's events, and everything as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use api::EventView;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use domain::TaskId;
use futures_util::stream::{self, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use store::{events, tasks};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::error::Failure;
use crate::ws::{self, Wanted};

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageOf {
    /// Events after this sequence number.
    after: Option<i64>,
    /// At most this many; 1000 at the most.
    limit: Option<usize>,
    /// The last `limit` events instead of the first.
    #[serde(default)]
    tail: bool,
    /// The last `limit` events before this sequence number: the page before a page.
    before: Option<i64>,
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// Oldest first.
    items: Vec<EventView>,
    /// Go on after this one.
    last_seq: i64,
}

/// A task's events, oldest first.
#[utoipa::path(get, path = "/api/tasks/{id}/events", params(("id" = String, Path), PageOf),
    responses((status = 200, body = EventPage), (status = 404, body = api::Problem)))]
pub(crate) async fn list_task_events(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PageOf>,
) -> Result<Json<EventPage>, Failure> {
    let after = query.after.unwrap_or(0);
    let limit = query.limit.unwrap_or(500);
    let page = app
        .engine
        .store()
        .read(move |tx| {
            let task = tasks::find(tx, &id)?;
            match query.before {
                Some(before) => return events::before(tx, task, before, limit),
                None if query.tail => return events::last(tx, task, limit),
                None => {}
            }
            events::after(tx, after, Some(task), limit)
        })
        .await?;
    let last_seq = page.last().map_or(after, |record| record.seq);
    Ok(Json(EventPage { items: page.iter().map(EventView::from).collect(), last_seq }))
}

/// What to follow.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Follow {
    /// Events after this sequence number; from now on when left out.
    after: Option<i64>,
    /// Only this task.
    task: Option<String>,
    /// Only events of these types, separated by commas: `task.created,task.completed`.
    types: Option<String>,
}

/// The log as server-sent events: the twin of the WebSocket, for `curl` and programs. Who comes back goes on
/// after the `Last-Event-ID` they show.
#[utoipa::path(get, path = "/api/events",
    params(Follow, ("Last-Event-ID" = Option<i64>, Header, description = "The last event that was read")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 400, body = api::Problem)))]
pub(crate) async fn follow_events(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<Follow>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let wanted = Wanted::named(query.types.as_deref())?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse().ok());
    let (task, after) = ws::start(&app, query.task, last.or(query.after)).await?;
    let stream = pages(app, (task, wanted), after).flat_map(stream::iter);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Pages of events as they come; ends with the daemon.
fn pages(
    app: App,
    (task, wanted): (Option<TaskId>, Wanted),
    after: i64,
) -> impl Stream<Item = Vec<Result<Event, Infallible>>> {
    let head = app.engine.store().head();
    stream::unfold((app, head, after, wanted), move |(app, mut head, mut after, wanted)| async move {
        let mut stopping = app.stopping.clone();
        loop {
            head.borrow_and_update();
            let page = app.engine.store().read(move |tx| events::after(tx, after, task, 200)).await.ok()?;
            if let Some(last) = page.last().map(|record| record.seq) {
                after = last;
                let chosen = page.iter().filter(|record| wanted.has(record));
                let events: Vec<_> = chosen.map(|record| Ok(sse(record))).collect();
                if events.is_empty() {
                    continue;
                }
                return Some((events, (app, head, after, wanted)));
            }
            tokio::select! {
                changed = head.changed() => changed.ok()?,
                _ = stopping.wait_for(|stop| *stop) => return None,
            }
        }
    })
}

fn sse(record: &domain::Record) -> Event {
    let view = EventView::from(record);
    let data = serde_json::to_string(&view).unwrap_or_default();
    Event::default().id(record.seq.to_string()).event(view.kind).data(data)
}
