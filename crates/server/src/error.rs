//! Errors as answers: translated once, here.

use api::Problem;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A problem on its way out.
#[derive(Debug)]
pub(crate) struct Failure(Box<Problem>);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(self.0.as_ref()).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, kind)], body).into_response()
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        use store::Error;
        let text = error.to_string();
        Self::from(match error {
            Error::Refused(_) => Problem::new(409, "refused", "Not possible now", text),
            Error::NotFound { .. } => Problem::new(404, "not_found", "Not found", text),
            Error::Ambiguous { .. } => Problem::new(400, "ambiguous", "Several fit", text),
            Error::DiskFull => Problem::new(507, "disk_full", "The disk is full", text),
            Error::Unavailable(_) => Problem::new(503, "unavailable", "The database is not available", text),
            Error::Newer { .. } | Error::Database(_) | Error::Corrupt { .. } => {
                tracing::error!(error = %text, "a request failed in the database");
                Problem::new(500, "internal", "Internal error", "the daemon's log has the details")
            }
        })
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Store(error) => error.into(),
            engine::Error::Unclear(unclear) => {
                Self::from(Problem::new(422, "invalid", "Not understood", unclear.to_string()))
            }
            engine::Error::Repository(text) => {
                Self::from(Problem::new(409, "repository", "The repository does not allow it", text))
            }
        }
    }
}

/// The body or a parameter is malformed.
pub(crate) fn invalid(detail: impl Into<String>) -> Failure {
    Failure::from(Problem::new(400, "invalid", "Not understood", detail))
}
