//! What every request passes before any handler: Host, Origin, credentials; and the headers every
//! answer carries. Defends against rebinding, cross-site requests, framing and scripts in content.

use std::net::SocketAddr;

use api::Problem;
use axum::extract::{MatchedPath, Request, State};
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

/// The values of `Host` that mean this server.
pub(crate) fn own_hosts(listener: SocketAddr) -> Vec<String> {
    let port = listener.port();
    let mut hosts = vec![listener.to_string()];
    if listener.ip().is_loopback() {
        hosts.extend([format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")]);
    }
    hosts.dedup();
    hosts
}

pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let mut response = match admit(&app, &request) {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    };
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

/// Who makes the request, if it needs somebody, and may make it.
fn admit(app: &App, request: &Request) -> Result<Option<Caller>, Failure> {
    let caller = recognise(app, request)?;
    if let Some(caller) = &caller {
        allow(caller, request)?;
    }
    Ok(caller)
}

fn recognise(app: &App, request: &Request) -> Result<Option<Caller>, Failure> {
    let headers = request.headers();
    expect_own_host(app, request)?;
    let origin = header_text(headers, &header::ORIGIN)?;
    if let Some(origin) = origin
        && !app.hosts.iter().any(|host| origin == format!("http://{host}"))
    {
        return Err(forbidden("the request comes from another site"));
    }
    if permissions::is_open(request.method(), request.uri().path()) {
        return Ok(None);
    }
    let bearer = header_text(headers, &header::AUTHORIZATION)?.and_then(|text| text.strip_prefix("Bearer "));
    let cookie = header_text(headers, &header::COOKIE)?.and_then(session_cookie);
    match app.access.shown(bearer, cookie) {
        Shown::Token => Ok(Some(Caller::owner())),
        Shown::Session if request.method() == Method::GET && !is_upgrade(headers) => {
            Ok(Some(Caller::owner()))
        }
        // A cookie comes along by itself; only our own page sends our Origin with it.
        Shown::Session if origin.is_some() && same_origin(headers) => Ok(Some(Caller::owner())),
        Shown::Session => Err(forbidden("a session may only act from the dashboard's own page")),
        Shown::Nothing => Err(not_signed_in()),
        Shown::TooOften => Err(Failure::from(Problem::new(
            429,
            "too_many_tries",
            "Too many wrong tokens",
            "too many wrong tokens were tried; wait a minute",
        ))),
    }
}

/// Whether who makes a request may do what its route does.
fn allow(caller: &Caller, request: &Request) -> Result<(), Failure> {
    let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let needed = permissions::needed(request.method(), matched);
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

fn expect_own_host(app: &App, request: &Request) -> Result<(), Failure> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(forbidden("the request must name one host"));
    };
    let ours = |host: &str| app.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
    let authority_fits = request.uri().authority().is_none_or(|authority| ours(authority.as_str()));
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
