//! Sessions of agents: ours, and those that people started by hand.

use api::{Problem, SessionView, Sessions, TokensView};
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;
use crate::error::Failure;

/// The most sessions that are listed.
const MOST: usize = 500;

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// At most this many; 500 at the most.
    limit: Option<usize>,
}

/// Sessions, newest first. The logs of those that people started are read on first, when that is configured.
#[utoipa::path(get, path = "/api/sessions", params(SessionsQuery),
    responses((status = 200, body = Sessions), (status = 503, body = Problem)))]
pub(crate) async fn list_sessions(
    State(app): State<App>,
    Query(query): Query<SessionsQuery>,
) -> Result<Json<Sessions>, Failure> {
    let found = app.engine.sessions(query.limit.unwrap_or(50).clamp(1, MOST)).await?;
    let items = found
        .into_iter()
        .map(|session| SessionView {
            session: session.session,
            agent: session.agent,
            title: session.title,
            model: session.model,
            directory: session.directory,
            tokens: TokensView::from(session.usage),
            cost_usd: Some(session.usage.cost_usd).filter(|cost| *cost > 0.0),
            estimate_usd: session.estimate_usd,
            started_at: session.started_at.map(|at| at.to_string()),
            updated_at: session.updated_at.to_string(),
            task: session.run.as_ref().map(|run| run.task.to_string()),
            run: session.run.map(|run| run.id.to_string()),
        })
        .collect();
    Ok(Json(Sessions { items, by_hand: app.engine.reads_sessions() }))
}
