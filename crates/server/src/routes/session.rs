//! Signing in: one-time links for browsers.

use api::{Problem, SessionCode};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::App;
use crate::access::COOKIE;
use crate::error::Failure;

/// Exchanges the code of an access link for a session cookie.
#[utoipa::path(post, path = "/api/session", request_body = SessionCode,
    responses((status = 204), (status = 401, body = Problem)))]
pub(crate) async fn create_session(
    State(app): State<App>,
    Json(body): Json<SessionCode>,
) -> Result<Response, Failure> {
    match app.access.session(body.code.trim()) {
        Ok(Some(session)) => {
            let cookie = format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000");
            let cookie = HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""));
            Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
        }
        Ok(None) => Err(Failure::from(
            Problem::new(
                401,
                "unauthorized",
                "The link was used or is wrong",
                "this access code is not valid",
            )
            .hint("A link works once. Run `sidekick link` for a new one."),
        )),
        Err(error) => {
            tracing::error!(%error, "a session could not be stored");
            Err(Failure::from(Problem::new(
                500,
                "internal",
                "Internal error",
                "the session could not be stored",
            )))
        }
    }
}

/// Makes a one-time access link's code.
#[utoipa::path(post, path = "/api/link", responses((status = 200, body = SessionCode)))]
pub(crate) async fn create_link(State(app): State<App>) -> Result<Json<SessionCode>, Failure> {
    app.access.code().map(|code| Json(SessionCode { code })).map_err(|error| {
        tracing::error!(%error, "no access code could be made");
        Failure::from(Problem::new(500, "internal", "Internal error", "no access code could be made"))
    })
}
