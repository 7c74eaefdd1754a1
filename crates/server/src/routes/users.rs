//! Users, tokens, signed-in browsers, and the audit of what all of them did.

use std::time::Duration;

use api::{
    AuditView, BrowserView, ChangeUser, CreateToken, CreateUser, NewToken, Page, Problem, TokenView, UserView,
};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::Role;
use serde::Deserialize;
use store::access::{self, User};
use utoipa::IntoParams;

use crate::App;
use crate::access::people::UserChange;
use crate::access::{By, Caller};
use crate::error::{Failure, invalid};

/// Every user, by name.
#[utoipa::path(get, path = "/api/users", responses((status = 200, body = Page<UserView>)))]
pub(crate) async fn list_users(State(app): State<App>) -> Json<Page<UserView>> {
    Json(Page { items: app.access.users().iter().map(user_view).collect(), next_cursor: None })
}

/// Adds a user.
#[utoipa::path(post, path = "/api/users", request_body = CreateUser,
    responses((status = 201, body = UserView), (status = 400, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn create_user(
    State(app): State<App>,
    Json(body): Json<CreateUser>,
) -> Result<(StatusCode, Json<UserView>), Failure> {
    let role = role(&body.role)?;
    let user = app.access.create_user(body.name, role, body.password, engine::clock::now()).await?;
    Ok((StatusCode::CREATED, Json(user_view(&user))))
}

/// Changes a user's role or password, or keeps them out.
#[utoipa::path(patch, path = "/api/users/{name}", params(("name" = String, Path)), request_body = ChangeUser,
    responses((status = 200, body = UserView), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn change_user(
    State(app): State<App>,
    Path(name): Path<String>,
    Json(body): Json<ChangeUser>,
) -> Result<Json<UserView>, Failure> {
    let role = body.role.as_deref().map(role).transpose()?;
    let change = UserChange { role, password: body.password, disabled: body.disabled };
    Ok(Json(user_view(&app.access.change_user(name, change).await?)))
}

/// Removes a user, with their tokens and sessions.
#[utoipa::path(delete, path = "/api/users/{name}", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove_user(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    app.access.remove_user(name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own tokens; an admin sees all. No secret is among them.
#[utoipa::path(get, path = "/api/tokens", responses((status = 200, body = Page<TokenView>)))]
pub(crate) async fn list_tokens(State(app): State<App>, caller: Caller) -> Json<Page<TokenView>> {
    let items = app.access.tokens(&caller).into_iter().map(|token| TokenView {
        id: token.id,
        name: token.name,
        user: token.person,
        role: token.role.to_string(),
        created_at: token.created_at.to_string(),
        expires_at: token.expires_at.map(|at| at.to_string()),
        used_at: token.used_at.map(|at| at.to_string()),
    });
    Json(Page { items: items.collect(), next_cursor: None })
}

/// Makes a token of one's own. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/tokens", request_body = CreateToken,
    responses((status = 201, body = NewToken), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn create_token(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateToken>,
) -> Result<(StatusCode, Json<NewToken>), Failure> {
    let role = body.role.as_deref().map(role).transpose()?.unwrap_or(caller.role);
    let now = engine::clock::now();
    let days = |days: u32| now.plus(Duration::from_secs(u64::from(days.clamp(1, 3650)) * 86_400));
    let made = app.access.create_token(&caller, body.name, role, body.days.map(days), now).await?;
    let (id, secret) = made;
    Ok((StatusCode::CREATED, Json(NewToken { id, secret })))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/tokens/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn revoke_token(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    app.access.revoke_token(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own signed-in browsers; an admin sees all. The one seen last comes first.
#[utoipa::path(get, path = "/api/browsers", responses((status = 200, body = Page<BrowserView>)))]
pub(crate) async fn list_browsers(State(app): State<App>, caller: Caller) -> Json<Page<BrowserView>> {
    let items = app.access.browsers(&caller).into_iter().map(|browser| BrowserView {
        current: caller.by == By::Browser(browser.id.clone()),
        id: browser.id,
        user: browser.person,
        program: browser.program,
        created_at: browser.created_at.to_string(),
        seen_at: browser.seen_at.to_string(),
        expires_at: browser.expires_at.to_string(),
    });
    Json(Page { items: items.collect(), next_cursor: None })
}

/// Signs a browser out.
#[utoipa::path(delete, path = "/api/browsers/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn sign_out_browser(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    app.access.sign_out(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which part of the audit.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// At most this many; 500 at the most.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What everybody did, and who was refused, the latest first.
#[utoipa::path(get, path = "/api/audit", params(AuditQuery),
    responses((status = 200, body = Page<AuditView>), (status = 400, body = Problem)))]
pub(crate) async fn list_audit(
    State(app): State<App>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditView>>, Failure> {
    let cursor = query.cursor.map(|text| text.parse().map_err(|_| invalid("the cursor is not one of ours")));
    let (before, limit) = (cursor.transpose()?, query.limit.unwrap_or(50).clamp(1, access::AUDIT_PAGE));
    let mut entries = app.engine.store().read(move |tx| access::audited(tx, before, limit + 1)).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next_cursor = entries.last().filter(|_| more).map(|entry| entry.number.to_string());
    let items = entries.into_iter().map(|entry| AuditView {
        number: entry.number,
        at: entry.at.to_string(),
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        status: entry.status,
    });
    Ok(Json(Page { items: items.collect(), next_cursor }))
}

fn role(text: &str) -> Result<Role, Failure> {
    text.parse().map_err(|error: String| invalid(error))
}

fn user_view(user: &User) -> UserView {
    UserView {
        name: user.name.clone(),
        role: user.role.to_string(),
        password: user.password.is_some(),
        disabled: user.disabled,
        created_at: user.created_at.to_string(),
    }
}
