//! A model that is served on this machine: looked at before a run starts, and started when it is down and the
//! configuration says how. An agent would try for minutes before it said so.

use std::time::Duration;

use agents::{Driver, Readiness};
use domain::Event;
use domain::work::RunCommand;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::{Broken, Drive};
use crate::accounts::AccountOptions;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a model server that was started may take to listen; some read gigabytes first.
const START: Duration = Duration::from_mins(2);
/// How often is looked while it starts: nothing tells that a port is listened on.
const LOOK: Duration = Duration::from_millis(200);

impl Drive {
    /// Sees to it that the account's local endpoint answers.
    pub(super) async fn endpoint(&mut self, driver: &dyn Driver) -> Result<(), Broken> {
        let run = self.run()?.clone();
        let Some(account) = self.context.agents.account(&run.account).cloned() else { return Ok(()) };
        if self.context.agents.readiness(&account) != Readiness::Ready("local") {
            return Ok(());
        }
        let Some(provider) = driver.provider(&account.env) else { return Ok(()) };
        let authority = authority(&provider.url);
        if answers(&authority).await {
            return Ok(());
        }
        let down = format!("the local endpoint {authority} of {} does not answer", run.account);
        let Some(command) = account.start.clone() else {
            return Err(Broken::Failed {
                reason: format!("{down}: start it, or say how with `start` under agents.{}", run.agent),
                retryable: true,
            });
        };
        self.start(&account, &command, &authority, &down).await?;
        let text = format!("the local endpoint {authority} of {} was down, so it was started", run.account);
        self.tell(vec![RunCommand::Tell(Event::RunWarning { text })], None).await
    }

    async fn start(
        &self,
        account: &AccountOptions,
        command: &str,
        authority: &str,
        down: &str,
    ) -> Result<(), Broken> {
        let failed = |why: String| Broken::Failed { reason: format!("{down}; {why}"), retryable: true };
        let name = account.account.name.replace('/', "-");
        let log = self.context.options().data_dir.join("endpoints").join(format!("{name}.log"));
        // Two runs that find it down start it once.
        let _starting = self.context.starting.lock().await;
        if answers(authority).await {
            return Ok(());
        }
        let mut server = runner::job::start_server(command, &self.context.options().path, &log)
            .map_err(|error| failed(format!("`{command}` cannot be started: {error}")))?;
        let deadline = Instant::now() + START;
        while !answers(authority).await {
            if let Ok(Some(status)) = server.try_wait() {
                let log = log.display();
                return Err(failed(format!("`{command}` was started and ended ({status}): see {log}")));
            }
            if Instant::now() > deadline {
                return Err(failed(format!(
                    "`{command}` was started and does not listen: see {}",
                    log.display()
                )));
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                () = self.context.stopped() => return Err(Broken::Stopping),
            }
        }
        Ok(())
    }
}

/// Host and port of a base URL.
fn authority(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some(_) => authority.to_owned(),
        None => format!("{authority}:{}", if scheme == "https" { 443 } else { 80 }),
    }
}

async fn answers(authority: &str) -> bool {
    matches!(timeout(CONNECT, TcpStream::connect(authority)).await, Ok(Ok(_)))
}
