//! HTTP, WebSocket, access, and the embedded dashboard.
//!
//! A handler extracts, authorises, calls the engine or reads the store, and answers. Every route is on
//! one page, [`router`]. Every request passes [`guard`] first: the Host must be ours, the Origin too,
//! and everything but health, the access link and the static page needs the token or a session. Live runs
//! have a [`door`] of their own, which leads to their tools and to none of this.

mod access;
mod assets;
pub mod door;
mod error;
mod guard;
mod permissions;
mod router;
mod routes;
mod tools;
mod ws;

use std::net::SocketAddr;
use std::sync::Arc;

use engine::Engine;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use access::{Access, Tailnet, Ways};
pub use router::openapi;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) access: Arc<Access>,
    pub(crate) hosts: Arc<[String]>,
    /// The origins of our own pages.
    pub(crate) origins: Arc<[String]>,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Serves until `stopping` becomes true; open streams are ended then.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    access: Arc<Access>,
    stopping: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let (hosts, origins) = guard::own_hosts(listener.local_addr()?, access.ways().public_url.as_deref());
    let app =
        App { engine, access, hosts: hosts.into(), origins: origins.into(), stopping: stopping.clone() };
    let mut stop = stopping;
    let service = router::router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            // An error means that whoever could have stopped us is gone: the same.
            stop.wait_for(|stop| *stop).await.ok();
        })
        .await
}

/// The address people type for a listener.
pub fn address(listener: SocketAddr) -> String {
    format!("http://{listener}")
}
