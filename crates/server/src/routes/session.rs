//! Signing in and out, and who one is.

use api::{ChangePassword, CreateLink, Me, Problem, SessionCode, SignIn};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Actor, Permission};

use crate::App;
use crate::access::{By, COOKIE, Caller, SIGNED_IN, people::UserChange, people::too_often};
use crate::error::{Failure, invalid};

/// Signs a browser in: with the code of an access link, or with a name and a password. The answer sets the cookie.
#[utoipa::path(post, path = "/api/session", request_body = SignIn,
    responses((status = 204), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn create_session(
    State(app): State<App>,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<Response, Failure> {
    let (person, claimed) = match body {
        SignIn::Code { code } => {
            let person = app.access.redeem(code.trim());
            if person.is_none() && app.access.wrong_try() {
                return Err(too_often());
            }
            (person, "a link".to_owned())
        }
        SignIn::Password { user, password } => {
            let right = app.access.is_password_of(&user, password).await;
            if let Err(failure) = right {
                app.access.audit(&nobody(), "sign in refused", &user, 429).await;
                return Err(failure);
            }
            (right?.then(|| user.clone()), user)
        }
    };
    let program = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let secret = match &person {
        Some(person) => app.access.sign_in(person, program, engine::clock::now()).await?,
        None => None,
    };
    let (Some(secret), Some(person)) = (secret, person) else {
        app.access.audit(&nobody(), "sign in refused", &claimed, 401).await;
        let detail = "the access code, or the name and password, are not valid";
        return Err(Problem::new(401, "unauthorized", "Not signed in", detail)
            .hint("A link works once. Run `sidekick link` for a new one.")
            .into());
    };
    app.access.audit(&Actor::person(&person), "sign in", &claimed, 204).await;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&app, &secret, SIGNED_IN.as_secs()))])
        .into_response())
}

fn nobody() -> Actor {
    Actor::from("nobody")
}

fn cookie(app: &App, value: &str, seconds: u64) -> HeaderValue {
    let encrypted = app.access.ways().public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    let secure = if encrypted { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Signs out the browser that asks.
#[utoipa::path(delete, path = "/api/session", responses((status = 204)))]
pub(crate) async fn delete_session(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    if let By::Browser(id) = &caller.by {
        app.access.sign_out(&caller, id.clone()).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&app, "", 0))]).into_response())
}

/// Makes a one-time access link's code, for oneself or for a user.
#[utoipa::path(post, path = "/api/link", request_body = CreateLink,
    responses((status = 200, body = SessionCode), (status = 404, body = Problem)))]
pub(crate) async fn create_link(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateLink>,
) -> Result<Json<SessionCode>, Failure> {
    let person = body.user.unwrap_or(caller.name);
    app.access.expect_person(&person)?;
    app.access.code_for(&person).map(|code| Json(SessionCode { code })).map_err(|error| {
        tracing::error!(%error, "no access code could be made");
        Failure::from(Problem::new(500, "internal", "Internal error", "no access code could be made"))
    })
}

/// Who makes the request, and what they may do.
#[utoipa::path(get, path = "/api/me", responses((status = 200, body = Me)))]
pub(crate) async fn get_me(State(app): State<App>, caller: Caller) -> Json<Me> {
    let may = Permission::ALL.into_iter().filter(|permission| caller.role.may(*permission));
    let by = match caller.by {
        By::Owner | By::Token(_) => "token",
        By::Browser(_) => "browser",
        By::Network => "network",
    };
    Json(Me {
        role: caller.role.to_string(),
        actor: caller.actor.to_string(),
        by: by.into(),
        may: may.map(|permission| permission.as_str().to_owned()).collect(),
        password: app.access.user(&caller.name).is_ok_and(|user| user.password.is_some()),
        name: caller.name,
    })
}

/// Changes one's own password. All browsers of one's own have to sign in again.
#[utoipa::path(put, path = "/api/me/password", request_body = ChangePassword,
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn change_password(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, Failure> {
    let user = app.access.user(&caller.name)?;
    if user.password.is_some() {
        let old = body.old.ok_or_else(|| invalid("say the password of before, too"))?;
        if !app.access.is_password_of(&caller.name, old).await? {
            let detail = "the password of before is another";
            return Err(Problem::new(401, "unauthorized", "Wrong password", detail).into());
        }
    }
    let change = UserChange { password: Some(body.new), ..UserChange::default() };
    app.access.change_user(caller.name, change).await?;
    Ok(StatusCode::NO_CONTENT)
}
