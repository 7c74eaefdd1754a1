//! A command that is interrupted, or whose time is over, stops its task before it ends.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use api::{Client, TaskView};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};

/// What made the command stop its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// A person or a program: Ctrl-C, a signal, a terminal that is gone.
    Interrupted,
    /// The time it was given is over.
    Late,
}

/// Listens from its making on, on a thread of its own that ends with the process.
pub(crate) struct Interrupt {
    why: Arc<OnceLock<Why>>,
    task: Sender<(Client, String)>,
}

impl Interrupt {
    /// Begins to listen; `within` is the time from now on.
    pub(crate) fn listen(within: Option<Duration>) -> Result<Self> {
        let failed = |error: std::io::Error| Error::failed(format!("signals cannot be listened to: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let listen = |kind| {
            // Signals are listened to by a runtime.
            let _inside = runtime.enter();
            signal(kind).map_err(failed)
        };
        let signals = [
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ];
        let why = Arc::new(OnceLock::new());
        let (task, tasks) = channel::<(Client, String)>();
        let noted = Arc::clone(&why);
        let wait = move || {
            let reason = runtime.block_on(first(signals, within));
            // Kept before anything is stopped, so that whoever sees the stop finds out why.
            noted.set(reason).ok();
            // Without a task nothing has to be stopped, and none will come.
            let Ok((client, id)) = tasks.recv() else { return };
            // What ended meanwhile is refused, and that is as good.
            let stop =
                client.post::<_, TaskView>(&format!("/api/tasks/{id}/stop"), &serde_json::json!({}), None);
            drop(stop);
        };
        std::thread::Builder::new().name("interrupt".into()).spawn(wait).map_err(failed)?;
        Ok(Self { why, task })
    }

    /// From now on it is this task that is stopped; at once, if the time for it was before.
    pub(crate) fn stops(&self, client: &Client, id: &str) {
        self.task.send((client.clone(), id.to_owned())).ok();
    }

    /// Why the task was stopped, if it was.
    pub(crate) fn why(&self) -> Option<Why> {
        self.why.get().copied()
    }
}

/// Until the first signal, or the end of the time.
async fn first(signals: [Signal; 3], within: Option<Duration>) -> Why {
    let late = async {
        match within {
            Some(within) => tokio::time::sleep(within).await,
            None => std::future::pending().await,
        }
    };
    let [mut int, mut term, mut hang] = signals;
    tokio::select! {
        _ = int.recv() => Why::Interrupted,
        _ = term.recv() => Why::Interrupted,
        _ = hang.recv() => Why::Interrupted,
        () = late => Why::Late,
    }
}
