//! The log as a WebSocket: everything after a sequence number, then what comes.
//!
//! The socket holds no queue of its own: the next page is read when the last one is sent, so a slow
//! reader costs a page of memory and misses nothing.

use std::time::Duration;

use api::EventView;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use domain::{ConversationId, TaskId};
use serde::Deserialize;
use store::{Tx, conversations, events, tasks};

use crate::App;
use crate::error::{Failure, invalid};

/// Events read at once.
const PAGE: usize = 200;
/// A socket that takes nothing for this long is closed; it may come back with its sequence number.
const STUCK: Duration = Duration::from_secs(30);

/// Where to follow from, and what.
#[derive(Debug, Deserialize)]
pub(crate) struct From {
    /// Events after this one; from now on when left out.
    after: Option<i64>,
    /// Only this task.
    task: Option<String>,
    /// Only events of these types, separated by commas.
    types: Option<String>,
}

/// The types of events that somebody wants; all when they named none.
#[derive(Clone, Debug)]
pub(crate) struct Wanted(Option<Vec<&'static str>>);

impl Wanted {
    /// As a query names them; one that there is not is told so.
    pub(crate) fn named(types: Option<&str>) -> Result<Self, Failure> {
        let known = |name: &str| {
            let found = domain::Event::KINDS.iter().copied().find(|kind| *kind == name.trim());
            found.ok_or_else(|| invalid(format!("`{name}` is no type of event; one is `task.created`")))
        };
        let named = types.map(|types| types.split(',').map(known).collect::<Result<Vec<_>, _>>());
        Ok(Self(named.transpose()?))
    }

    pub(crate) fn has(&self, record: &domain::Record) -> bool {
        self.0.as_ref().is_none_or(|kinds| kinds.contains(&record.event.kind()))
    }
}

pub(crate) async fn follow(
    State(app): State<App>,
    Path(session): Path<String>,
    Query(from): Query<From>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    let wanted = Wanted::named(from.types.as_deref())?;
    let (task, after) = start(&app, from.task, from.after).await?;
    tracing::debug!(session, after, "a socket follows the log");
    Ok(upgrade
        .max_message_size(64 * 1024)
        .on_upgrade(move |socket| stream(app, socket, (task, wanted), after)))
}

/// Resolves what to follow; shared with the stream of server-sent events.
pub(crate) async fn start(
    app: &App,
    task: Option<String>,
    after: Option<i64>,
) -> Result<(Option<TaskId>, i64), Failure> {
    let store = app.engine.store();
    let task = match task {
        Some(text) => Some(store.read(move |tx| stream_of(tx, &text)).await?),
        None => None,
    };
    let after = match after {
        Some(after) => after,
        None => store.read(events::head).await?,
    };
    Ok((task, after))
}

/// What a name stands for in the log: a conversation by its whole id, else a task.
fn stream_of(tx: &mut Tx<'_>, text: &str) -> Result<TaskId, store::Error> {
    if let Ok(id) = text.parse::<ConversationId>()
        && conversations::load(tx, id).is_ok()
    {
        return Ok(id.stream());
    }
    tasks::find(tx, text)
}

async fn stream(app: App, mut socket: WebSocket, (task, wanted): (Option<TaskId>, Wanted), mut after: i64) {
    let mut head = app.engine.store().head();
    let mut stopping = app.stopping.clone();
    loop {
        head.borrow_and_update();
        let Ok(page) = app.engine.store().read(move |tx| events::after(tx, after, task, PAGE)).await else {
            return;
        };
        for record in &page {
            if !wanted.has(record) {
                after = record.seq;
                continue;
            }
            let text = serde_json::to_string(&EventView::from(record)).unwrap_or_default();
            match tokio::time::timeout(STUCK, socket.send(Message::text(text))).await {
                Ok(Ok(())) => after = record.seq,
                _ => return,
            }
        }
        if !page.is_empty() {
            continue;
        }
        tokio::select! {
            changed = head.changed() => if changed.is_err() { return },
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // Nothing a client says here means anything; pings are answered by the library.
                Some(Ok(_)) => {}
            },
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}
