//! Browsers that are told when something needs a person, and alerts of budgets and credits.

use api::{AlertView, DismissAlert, Page, Problem, PushKeyView, PushTried, SubscribePush, UnsubscribePush};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use store::push::Subscription;

use crate::App;
use crate::access::Caller;
use crate::error::Failure;

/// The key that a browser subscribes with.
#[utoipa::path(get, path = "/api/push/key", responses((status = 200, body = PushKeyView)))]
pub(crate) async fn get_push_key(State(app): State<App>) -> Json<PushKeyView> {
    Json(PushKeyView { key: app.engine.push_key() })
}

/// Tells this browser from now on. Repeating it renews it.
#[utoipa::path(post, path = "/api/push/subscriptions", request_body = SubscribePush,
    responses((status = 204), (status = 422, body = Problem)))]
pub(crate) async fn subscribe_push(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<SubscribePush>,
) -> Result<StatusCode, Failure> {
    let new = Subscription {
        endpoint: body.endpoint,
        person: caller.actor.to_string(),
        p256dh: body.keys.p256dh,
        auth: body.keys.auth,
        created_at: engine::clock::now(),
    };
    app.engine.subscribe(new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells this browser no more.
#[utoipa::path(delete, path = "/api/push/subscriptions", request_body = UnsubscribePush, responses((status = 204)))]
pub(crate) async fn unsubscribe_push(
    State(app): State<App>,
    Json(body): Json<UnsubscribePush>,
) -> Result<StatusCode, Failure> {
    app.engine.unsubscribe(body.endpoint).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a trial to this person's browsers.
#[utoipa::path(post, path = "/api/push/test", responses((status = 200, body = PushTried)))]
pub(crate) async fn test_push(State(app): State<App>, caller: Caller) -> Result<Json<PushTried>, Failure> {
    let (told, failed) = app.engine.try_push(caller.actor.to_string()).await?;
    Ok(Json(PushTried { told, failed }))
}

/// What of budgets and credits is about to stop work, or does.
#[utoipa::path(get, path = "/api/alerts", responses((status = 200, body = Page<AlertView>)))]
pub(crate) async fn list_alerts(State(app): State<App>) -> Result<Json<Page<AlertView>>, Failure> {
    let alerts = app.engine.alerts().await?;
    Ok(Json(Page { items: alerts.iter().map(AlertView::from).collect(), next_cursor: None }))
}

/// Shows this occurrence of an alert no more.
#[utoipa::path(post, path = "/api/alerts/dismiss", request_body = DismissAlert,
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn dismiss_alert(
    State(app): State<App>,
    Json(body): Json<DismissAlert>,
) -> Result<StatusCode, Failure> {
    if app.engine.dismiss_alert(&body.id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(store::Error::NotFound { what: "alert", id: body.id }.into())
}
