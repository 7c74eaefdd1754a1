//! `sidekick serve`: the daemon with its dashboard.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::{Args, Serve};
use crate::connect::{Embedded, Purpose};
use crate::error::{Error, Result};
use crate::places::{Lock, Places};
use crate::ui::Ui;

pub(crate) fn serve(args: &Args, serve: &Serve, ui: &Ui) -> Result<ExitCode> {
    log();
    let places = Places::open(args.data_dir.as_deref())?;
    let data = places.data.display().to_string();
    let Some(lock) = take(&places)? else {
        let by = places.read_daemon().map(|daemon| format!(" (process {}, {})", daemon.pid, daemon.url));
        return Err(Error::usage(format!("a sidekick works on {data} already{}", by.unwrap_or_default()))
            .hint("Use that one, stop it, or give another place with --data-dir."));
    };
    let daemon = Embedded::start(args, &places, lock, serve.listen, Purpose::Work)?;
    let code = daemon.access.code().map_err(|error| Error::failed(format!("no access link: {error}")))?;
    daemon.announce()?;
    let address = server::address(daemon.address);
    if ui.json {
        ui.json(&serde_json::json!({ "address": address, "link": format!("{address}/#code={code}"), "data_dir": data }));
    } else {
        ui.out(format!("Sidekick {} is ready: {address}/#code={code}", env!("CARGO_PKG_VERSION")));
    }
    daemon.runtime.block_on(async {
        tokio::select! {
            () = introduce(&daemon, ui, &data) => {}
            result = until_asked() => return result,
        }
        until_asked().await
    })?;
    ui.say("Stopping. Runs go on by themselves and are taken up at the next start.");
    daemon.stop();
    Ok(ExitCode::SUCCESS)
}

/// Takes the data directory. One that was just killed may be held for an instant by what it was starting.
fn take(places: &Places) -> Result<Option<Lock>> {
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        let lock = places.try_lock()?;
        let holder_lives = places.read_daemon().is_some_and(|daemon| daemon.is_alive());
        if lock.is_some() || holder_lives || Instant::now() > deadline {
            return Ok(lock);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What was found, once it is known.
async fn introduce(daemon: &Embedded, ui: &Ui, data: &str) {
    if ui.json {
        return;
    }
    let sandbox = daemon.engine.sandbox().await;
    ui.out("  The link works once; `sidekick link` prints another.");
    ui.out(format!("  sandbox: {}", sandbox.summary));
    for agent in daemon.engine.agents() {
        ui.out(format!(
            "  agent {}: {}, {}",
            agent.name,
            agent.state.as_str().replace('_', " "),
            agent.detail
        ));
    }
    ui.out(format!("  data: {data}"));
}

async fn until_asked() -> Result<()> {
    let listen = |kind| signal(kind).map_err(|error| Error::failed(format!("signals: {error}")));
    let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}

/// The daemon's log, on standard error.
fn log() {
    // The protocol's library tells of every request of every agent.
    let wanted = Targets::new().with_default(LevelFilter::INFO).with_target("rmcp", LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    // A second one in the same process is none of ours.
    tracing_subscriber::registry().with(lines.with_filter(wanted)).try_init().ok();
}
