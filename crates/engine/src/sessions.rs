//! Sessions that people started by hand, read from the agents' own logs beside our runs.
//!
//! Logs are read when somebody wants to see them, each from where it was read to before; nothing watches or polls.
//! They are the person's and only ever read: no link is followed, nothing but session logs is opened, and what is
//! kept of them is what a list shows (`agents::logs`). Off unless configured: what people say to their own agents is
//! theirs to share.

mod reading;

use std::path::PathBuf;
use std::sync::Arc;

use agents::logs::{Format, LogReading};
use domain::price::{Price, Prices, Tokens};
use domain::{Run, Timestamp, Usage};
use store::{sessions, tasks};

use crate::{Context, Engine, Error, blocking};

/// Where an agent keeps its logs.
#[derive(Clone, Debug)]
pub struct SessionLogs {
    /// Which logs.
    pub format: Format,
    /// The directory they are below.
    pub dir: PathBuf,
}

/// A session, of a person's or of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id, as the agent knows it.
    pub session: String,
    /// The agent.
    pub agent: String,
    /// What it is about.
    pub title: Option<String>,
    /// The latest model.
    pub model: Option<String>,
    /// The directory a person started it in; our runs have workspaces of their own.
    pub directory: Option<String>,
    /// What it consumed.
    pub usage: Usage,
    /// What that costs at list prices, in US dollars, where nothing tells a cost and the model has a price.
    pub estimate_usd: Option<f64>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When something last happened.
    pub updated_at: Timestamp,
    /// The run it is of, if we started it.
    pub run: Option<Run>,
}

impl Engine {
    /// Whether logs of sessions started by hand are read.
    pub fn reads_sessions(&self) -> bool {
        !self.context.options().sessions.is_empty()
    }

    /// The latest sessions, newest first: ours, and those that people started, as far as their logs are read.
    pub async fn sessions(&self, limit: usize) -> Result<Vec<Session>, Error> {
        read_on(&self.context).await?;
        let listed = self.context.store.read(move |tx| {
            let mut found = Vec::new();
            for log in sessions::latest(tx, limit)? {
                let run = log.session.as_deref().map_or(Ok(None), |session| sessions::run_of(tx, session))?;
                found.extend(by_hand(log, run));
            }
            for run in sessions::delegated(tx, limit)? {
                let Some(session) = run.session.clone() else { continue };
                // Several runs of ours, or one of ours that a person went on with, are one session.
                if !found.iter().any(|known: &Session| known.session == session && known.agent == run.agent) {
                    let title = tasks::load(tx, run.task)?.map(|work| work.task.title);
                    found.push(delegated(session, title, run));
                }
            }
            Ok(found)
        });
        let mut found = listed.await?;
        found.sort_by_key(|session| std::cmp::Reverse(session.updated_at));
        found.truncate(limit);
        let prices = Prices::with(self.context.options().prices.clone());
        for session in &mut found {
            session.estimate_usd = estimate(session, &prices);
        }
        Ok(found)
    }
}

fn estimate(session: &Session, prices: &Prices) -> Option<f64> {
    let free = session.run.as_ref().is_some_and(|run| run.billing.as_deref() == Some("local"));
    if free || session.usage.cost_usd > 0.0 || session.usage == Usage::default() {
        return None;
    }
    let Usage { input, output, cached, .. } = session.usage;
    // Prices of long prompts are of single requests, which are not known here.
    let price = Price { above: None, ..*prices.of(session.model.as_deref()?)? };
    Some(price.cost(Tokens { input, cached, cache_write: 0, output }))
}

fn by_hand(log: sessions::Log, run: Option<Run>) -> Option<Session> {
    // What an older version wrote may not be understood; the next change of the log mends it.
    let reading: LogReading = serde_json::from_str(&log.reading).ok()?;
    Some(Session {
        session: log.session?,
        agent: log.agent,
        title: reading.title,
        model: reading.model,
        directory: reading.directory,
        usage: reading.usage,
        estimate_usd: None,
        started_at: reading.started_at,
        updated_at: log.updated_at,
        run,
    })
}

fn delegated(session: String, title: Option<String>, run: Run) -> Session {
    Session {
        session,
        agent: run.agent.clone(),
        title,
        model: run.model.clone(),
        directory: None,
        usage: run.usage,
        estimate_usd: None,
        started_at: Some(run.started_at),
        updated_at: run.ended_at.unwrap_or(run.started_at),
        run: Some(run),
    }
}

/// Reads every log that changed, as far as one look goes.
async fn read_on(context: &Arc<Context>) -> Result<(), Error> {
    // Two who look at once would read the same twice.
    let _one = context.reading_sessions.lock().await;
    let mut budget = reading::BUDGET;
    for logs in context.options().sessions.clone() {
        let format = logs.format;
        let files = blocking(move || Ok(reading::find(&logs))).await?;
        for file in files {
            if budget == 0 {
                // The rest is read at the next look.
                return Ok(());
            }
            let name = file.name.clone();
            let known = context.store.read(move |tx| sessions::log(tx, format.agent(), &name)).await?;
            if known.as_ref().is_some_and(|known| known.read_to == file.size) {
                continue;
            }
            let read = blocking(move || Ok(reading::read(format, &file, known, budget))).await?;
            let Some((log, bytes)) = read else { continue };
            budget = budget.saturating_sub(bytes);
            context.store.write(move |tx| sessions::store(tx, &log)).await?;
        }
    }
    Ok(())
}
