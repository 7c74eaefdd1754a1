//! A daemon to talk to: the one that works on the data directory, or one of our own, inside this process,
//! for the time of the command.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Client;
use engine::Engine;
use server::{Access, Ways};
use store::{Location, Store};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::args::Args;
use crate::config;
use crate::error::{Error, Result};
use crate::places::{Daemon, Lock, Places};
use crate::tmux;

/// Whether queued tasks may be started by a daemon of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To look and decide.
    Look,
    /// To work.
    Work,
}

/// A connection; a daemon of our own ends with it.
pub(crate) struct Connection {
    pub(crate) client: Client,
    own: Option<Embedded>,
}

/// A daemon inside this process.
pub(crate) struct Embedded {
    pub(crate) runtime: Runtime,
    pub(crate) engine: Engine,
    pub(crate) access: Arc<Access>,
    pub(crate) address: SocketAddr,
    stopping: watch::Sender<bool>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
    lock: Lock,
}

impl Connection {
    /// Connects to whoever works on the data directory.
    pub(crate) fn open(args: &Args, purpose: Purpose) -> Result<Self> {
        let places = Places::open(args.data_dir.as_deref())?;
        // A daemon that is just starting or ending holds the directory for an instant.
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            if let Some(lock) = places.try_lock()? {
                let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
                let own = Embedded::start(args, &places, lock, loopback, purpose)?;
                // Without room for it this command still does its work; others wait for its end.
                own.announce().ok();
                let client = Client::new(server::address(own.address), places.token()?);
                return Ok(Self { client, own: Some(own) });
            }
            if let Some(daemon) = places.read_daemon() {
                let client = Client::new(daemon.url, places.token()?);
                if client.get::<api::Health>("/api/health").is_ok() {
                    return Ok(Self { client, own: None });
                }
            }
            if Instant::now() > deadline {
                let data = places.data.display();
                return Err(Error::failed(format!("another process holds {data} and does not answer"))
                    .hint("Wait until it is done, or stop it."));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether a daemon of our own does the work, so that it ends with the command.
    pub(crate) fn is_own(&self) -> bool {
        self.own.is_some()
    }
}

/// A client of the daemon that runs on a data directory; none of our own is started.
pub(crate) fn running(places: &Places) -> Result<Client> {
    let missing = || {
        Error::failed(format!("no sidekick runs on {}", places.data.display()))
            .hint("Start one with `sidekick serve`, then try again.")
    };
    let daemon = places.read_daemon().filter(Daemon::is_alive).ok_or_else(missing)?;
    Ok(Client::new(daemon.url, places.token()?))
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            own.stop();
        }
    }
}

impl Embedded {
    /// Starts everything on a data directory whose lock is ours.
    pub(crate) fn start(
        args: &Args,
        places: &Places,
        lock: Lock,
        listen: SocketAddr,
        purpose: Purpose,
    ) -> Result<Self> {
        let own =
            std::env::current_exe().map_err(|error| Error::failed(format!("our own program: {error}")))?;
        let mut options = config::load(args.config.as_deref(), &places.data, own.clone())?;
        options.dispatch = purpose == Purpose::Work;
        let (file, reader) = config::followed(args.config.as_deref(), &places.data, own);
        let ways = config::ways(args.config.as_deref(), &places.data)?;
        expect_protected(listen, &ways)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Error::failed(format!("no runtime: {error}")))?;
        let store = Store::open(&location(places)).map_err(|error| Error::usage(error.to_string()))?;
        let access = runtime
            .block_on(Access::open(&places.data, store.clone(), ways))
            .map_err(|error| Error::usage(format!("the access token: {error}")))?;
        let access = Arc::new(access);
        let listener = runtime.block_on(tokio::net::TcpListener::bind(listen)).map_err(|error| {
            Error::usage(format!("{listen} cannot be listened on: {error}"))
                .hint("Another program may use the port. Pick another with --listen 127.0.0.1:PORT; port 0 picks a free one.")
        })?;
        let address = listener.local_addr().map_err(|error| Error::failed(error.to_string()))?;
        let (stopping, stop) = watch::channel(false);
        let data = places.data.clone();
        let (engine, serving) = runtime.block_on(async {
            // There before any run goes on: those that live may call at once.
            let door = server::door::bind(&data).map_err(|error| {
                engine::Error::Repository(format!("the socket for agents in {}: {error}", data.display()))
            })?;
            let engine = Engine::start(options, store)?;
            if let Err(error) = engine.follow_settings(file, reader) {
                tracing::warn!(%error, "the settings cannot be followed; a restart takes their changes");
            }
            let answering = server::door::serve(door, engine.clone(), stop.clone());
            tokio::spawn(async move {
                if let Err(error) = answering.await {
                    tracing::error!(%error, "agents are not answered any more");
                }
            });
            let serving = tokio::spawn(server::serve(listener, engine.clone(), Arc::clone(&access), stop));
            Ok::<_, engine::Error>((engine, serving))
        })?;
        if purpose == Purpose::Work && config::in_windows(args.config.as_deref(), &places.data)? {
            runtime.spawn(tmux::watch(engine.clone(), tmux::program(args, &["attach"])?));
        }
        Ok(Self { runtime, engine, access, address, stopping, serving: Some(serving), lock })
    }

    /// Says to other commands how to reach us.
    pub(crate) fn announce(&self) -> Result<()> {
        self.lock.announce(&Daemon { pid: std::process::id(), url: server::address(self.address) })
    }

    /// Stops serving and the engine; runs go on in their shims.
    pub(crate) fn stop(mut self) {
        self.stopping.send_replace(true);
        let serving = self.serving.take();
        let engine = self.engine.clone();
        self.runtime.block_on(async move {
            engine.stop().await;
            if let Some(serving) = serving {
                // Streams end by themselves; a client that holds on is not waited for.
                tokio::time::timeout(Duration::from_secs(2), serving).await.ok();
            }
        });
        self.runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

/// What others can reach is served only when something is said that keeps it from being read on the way.
fn expect_protected(listen: SocketAddr, ways: &Ways) -> Result<()> {
    if listen.ip().is_loopback() || ways.public_url.is_some() || ways.tailnet.is_some() {
        return Ok(());
    }
    Err(Error::usage(format!("{listen} is reachable by others, and what it serves is not encrypted")).hint(
        "Listen on 127.0.0.1 and reach it through an ssh tunnel; or say in sidekick.yaml what protects it: \
         `access: { public_url: https://… }` for a proxy that encrypts, or `access: { tailscale: … }`.",
    ))
}

/// The database: PostgreSQL by URL, else the file in the data directory.
fn location(places: &Places) -> Location {
    match config::variable("SIDEKICK_DATABASE_URL").filter(|url| !url.is_empty()) {
        Some(url) => Location::Postgres(url),
        None => Location::Sqlite(places.database()),
    }
}
