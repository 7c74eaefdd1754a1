//! `sidekick top`: the overview in the terminal, live.
//!
//! Three threads say something to the one that draws: one follows the log, one reads keys, one talks to the daemon, so
//! that a slow answer never holds up a key. What is shown and what keys mean is in [`crate::top`].

use std::collections::{HashMap, HashSet};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use api::{Client, EventView, Page, PlanView, ProjectView, Status, TaskView};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};

use super::look;
use crate::args::{self, Args};
use crate::connect;
use crate::error::{Error, Result};
use crate::places::Places;
use crate::top::{Effect, Facts, Link, Top, draw, line_of};
use crate::ui::Ui;

/// The facts are asked for again at most so often, however much happens.
const AT_MOST_EVERY: Duration = Duration::from_millis(250);
/// What is said relative to now is said anew so often.
const CLOCK: Duration = Duration::from_secs(20);
/// Between tries to reach a daemon that is gone.
const AGAIN: Duration = Duration::from_secs(1);
/// Tasks asked for at once.
const MOST_TASKS: usize = 500;
/// Running tasks whose last line is looked up in the log.
const MOST_LOOKED_UP: usize = 50;

#[derive(Deserialize)]
struct EventPage {
    items: Vec<EventView>,
}

/// What the drawing thread is told.
enum Told {
    Event(Box<EventView>),
    Link(Link),
    Key(KeyEvent),
    Paste(String),
    Resized,
    Facts(Box<(Facts, HashMap<String, String>)>),
    NoFacts,
    Log(String, Vec<EventView>),
    Said(String),
    End,
}

/// What the talking thread is asked.
enum Wanted {
    Facts(HashSet<String>),
    Log(String),
    Post { path: String, body: serde_json::Value, said: String },
}

/// The daemon, which may come back elsewhere.
type Shared = Arc<RwLock<Client>>;

pub(crate) fn top(args: &Args, wanted: &args::Top, ui: &Ui) -> Result<ExitCode> {
    if wanted.once || ui.json {
        return once(args, wanted, ui);
    }
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Error::usage("this is no terminal").hint("`sidekick top --once` prints one frame."));
    }
    let places = Places::open(args.data_dir.as_deref())?;
    let client = connect::running(&places)?;
    let (facts, lines) = facts(&client, &HashSet::new())?;
    let mut screen = ratatui::try_init()
        .map_err(|error| Error::failed(format!("the terminal cannot be used: {error}")))?;
    let ended = watch(&mut screen, places, client, Top::new(facts, lines));
    ratatui::restore();
    ended.map(|()| ExitCode::SUCCESS)
}

/// One frame as text, or its facts as JSON.
fn once(args: &Args, wanted: &args::Top, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let (facts, lines) = facts(&connection.client, &HashSet::new())?;
    if ui.json {
        ui.json(&serde_json::json!({
            "projects": facts.projects, "accounts": facts.accounts, "plan": facts.plan, "tasks": facts.tasks,
            "progress": lines,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let failed = |error: std::convert::Infallible| Error::failed(error.to_string());
    let mut screen = Terminal::new(TestBackend::new(wanted.columns, wanted.rows)).map_err(failed)?;
    let top = Top::new(facts, lines);
    screen.draw(|frame| draw(frame, &top)).map_err(failed)?;
    let buffer = screen.backend().buffer();
    for row in buffer.content().chunks(usize::from(wanted.columns.max(1))) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        ui.out(line.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

fn watch(screen: &mut ratatui::DefaultTerminal, places: Places, client: Client, mut top: Top) -> Result<()> {
    let failed = |error: std::io::Error| Error::failed(format!("the terminal: {error}"));
    let (telling, told) = sync_channel(1024);
    let (asking, asked) = sync_channel(64);
    let shared = Arc::new(RwLock::new(client));
    let begin = |name: &str, work: Box<dyn FnOnce() + Send>| {
        // They end with the process: each may wait for something that never comes.
        std::thread::Builder::new().name(name.into()).spawn(work).map(drop).map_err(failed)
    };
    let (teller, daemon) = (telling.clone(), Arc::clone(&shared));
    begin("events", Box::new(move || follow(&places, &daemon, &teller)))?;
    let teller = telling.clone();
    begin("talk", Box::new(move || talk(&shared, &asked, &teller)))?;
    let teller = telling.clone();
    begin("keys", Box::new(move || keys(&teller)))?;
    begin("signals", Box::new(move || signals(&telling)))?;
    let mut stale = false;
    // Some while an answer is awaited.
    let mut awaited = false;
    let mut last = Instant::now();
    loop {
        screen.draw(|frame| draw(frame, &top)).map_err(failed)?;
        let patience = if stale && !awaited { AT_MOST_EVERY.saturating_sub(last.elapsed()) } else { CLOCK };
        let mut next = match told.recv_timeout(patience) {
            Ok(first) => Some(first),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        top.take_time(jiff::Timestamp::now());
        // All that is there is taken before it is drawn once.
        while let Some(one) = next {
            match take(&mut top, one, &asking) {
                Taken::End => return Ok(()),
                Taken::Stale => stale = true,
                Taken::Answer => (awaited, last) = (false, Instant::now()),
                Taken::NoAnswer => (stale, awaited, last) = (true, false, Instant::now()),
                Taken::Nothing => {}
            }
            next = told.try_recv().ok();
        }
        if stale
            && !awaited
            && last.elapsed() >= AT_MOST_EVERY
            && asking.try_send(Wanted::Facts(top.known())).is_ok()
        {
            (stale, awaited, last) = (false, true, Instant::now());
        }
    }
}

/// What became of what was told.
enum Taken {
    Nothing,
    /// The facts are older than what is.
    Stale,
    /// They were brought.
    Answer,
    /// They could not be, and are still wanted.
    NoAnswer,
    End,
}

fn take(top: &mut Top, told: Told, asking: &SyncSender<Wanted>) -> Taken {
    let effect = match told {
        Told::End => return Taken::End,
        Told::Event(event) => {
            return if top.take_event(&event) { Taken::Stale } else { Taken::Nothing };
        }
        Told::Link(link) => {
            top.take_link(link);
            return Taken::Stale;
        }
        Told::Facts(facts) => {
            top.take_facts(facts.0, facts.1);
            return Taken::Answer;
        }
        Told::NoFacts => return Taken::NoAnswer,
        Told::Log(id, events) => {
            top.take_log(&id, &events);
            return Taken::Nothing;
        }
        Told::Said(sentence) => {
            top.say(sentence);
            return Taken::Stale;
        }
        Told::Resized => return Taken::Nothing,
        Told::Paste(text) => {
            top.take_paste(&text);
            return Taken::Nothing;
        }
        Told::Key(key) => top.take_key(key),
    };
    let wanted = match effect {
        None => return Taken::Nothing,
        Some(Effect::Quit) => return Taken::End,
        Some(Effect::Open(id)) => Wanted::Log(id),
        Some(Effect::Post { path, body, said }) => Wanted::Post { path, body, said },
    };
    if asking.try_send(wanted).is_err() {
        top.say("The daemon has not answered yet; try that again.");
    }
    Taken::Nothing
}

/// Follows the log, over restarts of the daemon.
fn follow(places: &Places, shared: &Shared, tell: &SyncSender<Told>) {
    let mut after = None;
    loop {
        let client = shared.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Ok(events) = client.follow_all(after) {
            if tell.send(Told::Link(Link::Live)).is_err() {
                return;
            }
            for event in events {
                let Ok(event) = event else { break };
                after = Some(event.seq);
                if tell.send(Told::Event(Box::new(event))).is_err() {
                    return;
                }
            }
        }
        if tell.send(Told::Link(Link::Gone)).is_err() {
            return;
        }
        std::thread::sleep(AGAIN);
        if let Ok(client) = connect::running(places) {
            *shared.write().unwrap_or_else(PoisonError::into_inner) = client;
        }
    }
}

/// Brings what is wanted, one after the other.
fn talk(shared: &Shared, asked: &Receiver<Wanted>, tell: &SyncSender<Told>) {
    while let Ok(wanted) = asked.recv() {
        let client = shared.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = match wanted {
            Wanted::Facts(known) => {
                if let Ok(facts) = facts(&client, &known) {
                    Told::Facts(Box::new(facts))
                } else {
                    // Whoever follows the log says that the daemon is gone; what is shown stays.
                    std::thread::sleep(AGAIN);
                    Told::NoFacts
                }
            }
            Wanted::Log(id) => {
                let path = format!("/api/tasks/{}/events?tail=true&limit=300", api::escaped(&id));
                match client.get::<EventPage>(&path) {
                    Ok(page) => Told::Log(id, page.items),
                    Err(error) => Told::Said(error.to_string()),
                }
            }
            Wanted::Post { path, body, said } => {
                match client.post::<_, serde_json::Value>(&path, &body, None) {
                    Ok(_) => Told::Said(said),
                    Err(error) => Told::Said(error.to_string()),
                }
            }
        };
        if tell.send(answer).is_err() {
            return;
        }
    }
}

fn keys(tell: &SyncSender<Told>) {
    loop {
        let told = match event::read() {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Told::Key(key),
            Ok(Event::Paste(text)) => Told::Paste(text),
            Ok(Event::Resize(..)) => Told::Resized,
            Ok(_) => continue,
            // The terminal is gone.
            Err(_) => Told::End,
        };
        let ends = matches!(told, Told::End);
        if tell.send(told).is_err() || ends {
            return;
        }
    }
}

/// A request to end puts the terminal back first.
fn signals(tell: &SyncSender<Told>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let first = async {
        let (mut term, mut hang) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
        tokio::select! {
            _ = term.recv() => {}
            _ = hang.recv() => {}
        }
        std::io::Result::Ok(())
    };
    if runtime.block_on(first).is_ok() {
        tell.send(Told::End).ok();
    }
}

/// All there is to show, and the last lines of running tasks that are not known yet.
fn facts(client: &Client, known: &HashSet<String>) -> Result<(Facts, HashMap<String, String>)> {
    let status: Status = client.get("/api/status")?;
    let path = format!("/api/tasks?state=running,waiting,review,failed&limit={MOST_TASKS}");
    let tasks: Page<TaskView> = client.get(&path)?;
    let plan: PlanView = client.get("/api/plan?limit=200")?;
    let accounts: Page<api::AccountView> = client.get("/api/credits")?;
    let projects: Page<ProjectView> = client.get("/api/projects")?;
    let running = tasks.items.iter().filter(|task| task.state == "running" && !known.contains(&task.id));
    let ui = Ui::new(true);
    let mut lines = HashMap::new();
    for task in running.take(MOST_LOOKED_UP) {
        let page: EventPage = client.get(&format!("/api/tasks/{}/events?tail=true&limit=30", task.id))?;
        let last = page.items.iter().rev().find_map(|event| line_of(&ui, event));
        lines.extend(last.map(|line| (task.id.clone(), line)));
    }
    let facts = Facts {
        at: jiff::Timestamp::now(),
        zone: jiff::tz::TimeZone::system(),
        limit: status.concurrency.limit,
        projects: projects.items,
        accounts: accounts.items,
        plan: Some(plan),
        cut: tasks.next_cursor.is_some(),
        tasks: tasks.items,
    };
    Ok((facts, lines))
}
