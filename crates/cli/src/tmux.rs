//! Windows of the person's tmux, in the session `sidekick`: each run watched in one, or a takeover in one.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use domain::Event;
use engine::Engine;

use crate::args::Args;
use crate::error::{Error, Result};
use crate::places::Places;

/// The session all windows are in.
pub(crate) const SESSION: &str = "sidekick";
/// Events looked at in one go.
const MOST_EVENTS: usize = 500;

/// Opens a window of that name, which runs this program with these words; one that is there already is left.
pub(crate) fn open(name: &str, program: &[OsString]) -> Result<()> {
    let session = format!("={SESSION}");
    let known = tmux(&["list-windows", "-t", &session, "-F", "#{window_name}"], &[])?;
    if known.as_ref().is_ok_and(|names| names.lines().any(|known| known == name)) {
        return Ok(());
    }
    // Without a session there is one now; or somebody else was faster, and then it has this window, too.
    if known.is_err() && tmux(&["new-session", "-d", "-s", SESSION, "-n", name, "--"], program)?.is_ok() {
        return Ok(());
    }
    tmux(&["new-window", "-d", "-t", &format!("{session}:"), "-n", name, "--"], program)?
        .map(drop)
        .map_err(|said| Error::failed(format!("tmux could not open a window: {said}")))
}

/// What a window runs: a command of ours on the same data directory.
pub(crate) fn program(args: &Args, words: &[&str]) -> Result<Vec<OsString>> {
    let own = std::env::current_exe().map_err(|error| Error::failed(format!("our own program: {error}")))?;
    let mut program = vec![own.into_os_string(), "--data-dir".into()];
    program.push(Places::open(args.data_dir.as_deref())?.data.into_os_string());
    if let Some(config) = &args.config {
        let path = std::path::absolute(config).map_err(|error| Error::usage(error.to_string()))?;
        program.extend(["--config".into(), path.into_os_string()]);
    }
    program.extend(words.iter().map(OsString::from));
    Ok(program)
}

/// Opens a window for each run that lives or starts, until the daemon stops. A tmux that is not there is told of in
/// the log, once; runs go on without.
pub(crate) async fn watch(engine: Engine, program: Vec<OsString>) {
    let mut head = engine.store().head();
    let begun = engine.store().read(|tx| Ok((store::events::head(tx)?, store::runs::live(tx)?))).await;
    let Ok((mut seq, live)) = begun else { return };
    let mut tasks: Vec<_> = live.into_iter().filter(|run| !run.hands_on).map(|run| run.task).collect();
    loop {
        for task in tasks.drain(..) {
            let mut program = program.clone();
            program.push(task.to_string().into());
            let opened = tokio::task::spawn_blocking(move || open(&task.short(), &program)).await;
            if let Ok(Err(error)) = opened {
                tracing::warn!(
                    error = error.message,
                    "runs are not shown in tmux windows: {}",
                    error.message
                );
                return;
            }
        }
        let events = engine.store().read(move |tx| store::events::after(tx, seq, None, MOST_EVENTS)).await;
        let Ok(events) = events else { return };
        if let Some(last) = events.last() {
            seq = last.seq;
            tasks.extend(events.iter().filter(|event| is_start(&event.event)).map(|event| event.task));
            continue;
        }
        if head.wait_for(|head| *head > seq).await.is_err() {
            return;
        }
    }
}

/// A run that a person works in has a terminal already.
fn is_start(event: &Event) -> bool {
    matches!(event, Event::RunStarted { hands_on: false, .. })
}

/// What tmux answers: its output, or what it complains of. An error when it is not there.
#[expect(clippy::disallowed_methods, reason = "the person's own terminal program, asked by its command line")]
fn tmux(words: &[&str], program: &[OsString]) -> Result<std::result::Result<String, String>> {
    let output = Command::new("tmux").args(words).args(program).stdin(Stdio::null()).output();
    let output = output.map_err(|error| {
        Error::usage(format!("tmux cannot be started: {error}")).hint("Install it: `apt install tmux`.")
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
}
