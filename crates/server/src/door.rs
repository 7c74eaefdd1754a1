//! The door for live runs: a socket in the data directory that serves the tools and nothing of the API. A run comes to
//! it through a forward of its sandbox and shows its pass; one that has ended is refused.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::Engine;
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, watch};

use crate::tools::RunDesk;

/// Calls at once; further ones wait their turn.
const MOST_CALLS: usize = 64;

/// Bytes that are taken from somebody who is refused.
const MOST_UNHEARD: usize = 64 * 1024;

#[derive(Clone)]
struct Door {
    engine: Engine,
    places: Arc<Semaphore>,
}

/// Binds the socket in a data directory that is ours alone. What a daemon before us left there is replaced. A path too
/// long for a socket's name is reached through a descriptor.
pub fn bind(data_dir: &Path) -> io::Result<UnixListener> {
    let socket = data_dir.join(engine::SOCKET);
    match std::fs::remove_file(&socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let dir = std::fs::File::open(data_dir)?;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/{}", dir.as_raw_fd(), engine::SOCKET))?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves until `stopping` becomes true.
pub async fn serve(
    listener: UnixListener,
    engine: Engine,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let door = Door { engine, places: Arc::new(Semaphore::new(MOST_CALLS)) };
    let router = Router::new().route("/mcp", axum::routing::any(answer)).with_state(door);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            // An error means that whoever could have stopped us is gone: the same.
            stopping.wait_for(|stop| *stop).await.ok();
        })
        .await
}

async fn answer(State(door): State<Door>, request: Request) -> Response {
    let Ok(_place) = door.places.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let pass = shown.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    match door.engine.caller(pass).await {
        Ok(Some(caller)) => {
            let desk = Arc::new(RunDesk { engine: door.engine.clone(), caller });
            mcp::answer(desk, request).await.map(Body::new)
        }
        Ok(None) => {
            // A client that still sends when the connection closes may miss the answer.
            axum::body::to_bytes(request.into_body(), MOST_UNHEARD).await.ok();
            let why = "sidekick: this is for live runs, and the request carries no pass of one\n";
            (StatusCode::UNAUTHORIZED, why).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a run's pass could not be looked at");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
