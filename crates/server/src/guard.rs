//! What every request passes before any handler: Host, Origin, credentials; and the headers every
//! answer carries. Defends against rebinding, cross-site requests, framing and scripts in content.

use std::net::SocketAddr;

use api::Problem;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access::{COOKIE, Caller, Shown, not_signed_in};
use crate::error::Failure;
use crate::{App, permissions};

/// Nothing runs in the page but our own files; nothing leaves to anywhere else.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// The page may listen when the person speaks to it; nothing else of the device is for it.
const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=(), display-capture=(), usb=()";

/// The type of an error's body.
const PROBLEM: &str = "application/problem+json";
/// Bytes that are taken of what a library says of a request.
const MOST_SAID: usize = 16 * 1024;

/// The values of `Host` that mean this server, and the origins of its own pages.
pub(crate) fn own_hosts(listener: SocketAddr, public_url: Option<&str>) -> (Vec<String>, Vec<String>) {
    let port = listener.port();
    let mut hosts = vec![listener.to_string()];
    if listener.ip().is_loopback() {
        hosts.extend([format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")]);
    }
    hosts.dedup();
    let mut origins: Vec<_> = hosts.iter().map(|host| format!("http://{host}")).collect();
    if let Some(url) = public_url {
        let url = url.trim_end_matches('/');
        origins.push(url.to_owned());
        hosts.extend(url.split_once("://").map(|(_, host)| host.to_owned()));
    }
    (hosts, origins)
}

pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut request, body) = request.into_parts();
    let (method, path) = (request.method.clone(), request.uri.path().to_owned());
    let route = request.extensions.get::<MatchedPath>().map_or(path.clone(), |route| route.as_str().into());
    let (caller, admitted) = admit(&app, &request).await;
    let mut response = match admitted {
        Ok(()) => {
            if let Some(caller) = caller.clone() {
                request.extensions.insert(caller);
            }
            next.run(Request::from_parts(request, body)).await
        }
        Err(failure) => failure.into_response(),
    };
    if path.starts_with("/api/") || path.starts_with("/ws/") {
        response = explained(response).await;
    }
    // Signing in is audited where it is known who it was.
    let looks = matches!(method, Method::GET | Method::HEAD);
    if let Some(caller) = caller.filter(|_| !looks) {
        let status = response.status().as_u16();
        app.access.audit(&caller.actor, &format!("{method} {route}"), &path, status).await;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert("permissions-policy", HeaderValue::from_static(PERMISSIONS));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

/// An error that no handler made (a body that does not fit, a method that is not there) is a problem like all others.
async fn explained(response: Response) -> Response {
    let status = response.status();
    let told = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    if told || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let said = axum::body::to_bytes(body, MOST_SAID).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let (code, title) = match status {
        StatusCode::NOT_FOUND => ("not_found", "Not found"),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "Not done to this"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "Too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported", "Not JSON"),
        StatusCode::INTERNAL_SERVER_ERROR => ("internal", "Internal error"),
        _ => ("invalid", "Not understood"),
    };
    let said = if said.is_empty() { status.canonical_reason().unwrap_or(title).to_owned() } else { said };
    let mut response = Failure::from(Problem::new(status.as_u16(), code, title, said)).into_response();
    for (name, value) in &parts.headers {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// Who makes the request, if it needs somebody, and whether it may be made.
async fn admit(app: &App, request: &Parts) -> (Option<Caller>, Result<(), Failure>) {
    if let Err(failure) = expect_own(app, request) {
        return (None, Err(failure));
    }
    if permissions::is_open(&request.method, request.uri.path()) {
        return (None, Ok(()));
    }
    let (caller, from_browser) = match recognise(app, request).await {
        Ok(known) => known,
        Err(failure) => return (None, Err(failure)),
    };
    let may = if from_browser { expect_own_page(request) } else { Ok(()) };
    let may = may.and_then(|()| allow(&caller, request));
    (Some(caller), may)
}

/// The Host must be ours, and the Origin, where there is one.
fn expect_own(app: &App, request: &Parts) -> Result<(), Failure> {
    expect_own_host(app, request)?;
    let origin = header_text(&request.headers, &header::ORIGIN)?;
    match origin {
        Some(origin) if !app.origins.iter().any(|own| own == origin) => {
            Err(forbidden("the request comes from another site"))
        }
        _ => Ok(()),
    }
}

/// Who it is, and whether a browser sends that along by itself.
async fn recognise(app: &App, request: &Parts) -> Result<(Caller, bool), Failure> {
    let headers = &request.headers;
    let bearer = header_text(headers, &header::AUTHORIZATION)?.and_then(|text| text.strip_prefix("Bearer "));
    let cookie = header_text(headers, &header::COOKIE)?.and_then(session_cookie);
    match app.access.shown(bearer, cookie, engine::clock::now()) {
        Shown::Token(caller) => Ok((caller, false)),
        Shown::Browser(caller) => Ok((caller, true)),
        Shown::Nothing => {
            let peer = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
            let known = match peer {
                Some(peer) => app.access.of_network(peer).await,
                None => None,
            };
            known.map(|caller| (caller, true)).ok_or_else(not_signed_in)
        }
        Shown::Wrong => Err(not_signed_in()),
        Shown::TooOften => Err(Failure::from(Problem::new(
            429,
            "too_many_tries",
            "Too many wrong tokens",
            "too many wrong tokens were tried; wait a minute",
        ))),
    }
}

/// A cookie comes along by itself, and so does the place in a network; only our own page sends our Origin with it.
fn expect_own_page(request: &Parts) -> Result<(), Failure> {
    let headers = &request.headers;
    let looks = matches!(request.method, Method::GET | Method::HEAD) && !is_upgrade(headers);
    if looks || (headers.contains_key(header::ORIGIN) && same_origin(headers)) {
        return Ok(());
    }
    Err(forbidden("a session may only act from the dashboard's own page"))
}

/// Whether who makes a request may do what its route does.
fn allow(caller: &Caller, request: &Parts) -> Result<(), Failure> {
    let matched = request.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let needed = permissions::needed(&request.method, matched);
    if caller.role.may(needed) {
        return Ok(());
    }
    let (role, least) = (caller.role, needed.least());
    Err(Failure::from(
        Problem::new(
            403,
            "forbidden",
            "Not allowed",
            format!("this needs the role {least}; yours is {role}"),
        )
        .hint("An admin can change your role: `sidekick users set NAME --role ROLE`."),
    ))
}

fn expect_own_host(app: &App, request: &Parts) -> Result<(), Failure> {
    let mut hosts = request.headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(forbidden("the request must name one host"));
    };
    let ours = |host: &str| app.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
    let authority_fits = request.uri.authority().is_none_or(|authority| ours(authority.as_str()));
    if host.to_str().is_ok_and(ours) && authority_fits {
        return Ok(());
    }
    Err(forbidden("the request is for another host"))
}

fn same_origin(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
}

fn session_cookie(cookies: &str) -> Option<&str> {
    cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Result<Option<&'a str>, Failure> {
    headers.get(name).map(|value| value.to_str().map_err(|_| forbidden("a header is not text"))).transpose()
}

fn forbidden(detail: &str) -> Failure {
    Failure::from(Problem::new(StatusCode::FORBIDDEN.as_u16(), "forbidden", "Not allowed", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(response: Response) -> serde_json::Value {
        let bytes = axum::body::to_bytes(response.into_body(), MOST_SAID).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn errors_of_the_library_are_problems_too() {
        let allow = [(header::ALLOW, "GET")];
        let response = explained((StatusCode::METHOD_NOT_ALLOWED, allow).into_response()).await;
        assert_eq!(
            (&response.headers()[header::ALLOW], &response.headers()[header::CONTENT_TYPE]),
            (&HeaderValue::from_static("GET"), &HeaderValue::from_static(PROBLEM))
        );
        let problem = told(response).await;
        assert_eq!((&problem["status"], &problem["code"]), (&405.into(), &"method_not_allowed".into()));
        let response = (StatusCode::UNPROCESSABLE_ENTITY, "missing field `text`").into_response();
        let problem = told(explained(response).await).await;
        assert_eq!(
            (&problem["code"], &problem["detail"]),
            (&"invalid".into(), &"missing field `text`".into())
        );
        // What is a problem already, and what is none, stays what it is.
        let own = told(explained(forbidden("because").into_response()).await).await;
        assert_eq!(own["detail"], "because");
        let fine = explained("fine".into_response()).await;
        assert_eq!(axum::body::to_bytes(fine.into_body(), 10).await.unwrap(), "fine");
    }
}
