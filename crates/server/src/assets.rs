//! The dashboard's files, embedded.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use api::Problem;

use crate::error::Failure;

#[derive(rust_embed::Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
struct Dist;

/// A file of the dashboard; its page for every path of the application; never anything under `/api`.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path.starts_with("ws/") || !matches!(method, Method::GET | Method::HEAD) {
        let detail = format!("there is no {method} {}", uri.path());
        return Failure::from(Problem::new(404, "not_found", "Not found", detail)).into_response();
    }
    let hashed = path.starts_with("assets/");
    let known = if Dist::get(path).is_some() { path } else { "index.html" };
    if hashed && known != path {
        return StatusCode::NOT_FOUND.into_response();
    }
    let takes_gzip = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    let zipped = if takes_gzip { Dist::get(&format!("{known}.gz")) } else { None };
    let encoded = zipped.is_some();
    let Some(file) = zipped.or_else(|| Dist::get(known)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = file.data.into_owned().into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(known)));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoded {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// A JSON text as an answer.
pub(crate) fn json(text: &str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text.to_owned()).into_response()
}

/// The types of the files Vite makes; anything else is shown as nothing but bytes.
fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
