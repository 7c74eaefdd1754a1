//! The settings file while the daemon runs: shown, changed and taken over as it changes.
//!
//! A file that changed, by whomever, is read by the rules it was read with at the start. What may change under a
//! running daemon is put in place at once, all together; for the rest the daemon says that it has to be started anew. A file with
//! a mistake changes nothing and is complained about. Whether a change may come over HTTP and how text is edited is in the
//! crate `settings`; what settings mean is the command line's.

mod file;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ::settings::{Change, Forbidden, Hidden, Line, Wrong};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Context, Engine, Options, clock};

/// What makes options of the file's text.
pub type Reader = Arc<dyn Fn(&str) -> Result<Options, Wrong> + Send + Sync>;

/// The largest file.
const MOST: usize = 1024 * 1024;
/// Changes made at once.
const MOST_CHANGES: usize = 200;

/// Settings that a daemon takes at its start alone.
const AT_START: &[&[&str]] =
    &[&["agents"], &["default_agent"], &["local_model"], &["hindsight", "model"], &["sessions"], &["attach"]];

/// The settings file of an engine.
pub(crate) struct Settings {
    file: PathBuf,
    read: Reader,
    state: Mutex<State>,
    /// Held while the file is read, changed and taken over.
    turn: tokio::sync::Mutex<()>,
}

struct State {
    /// The values at the start.
    started: Value,
    taken: SettingsTaken,
    /// The tag of the text that was looked at last.
    tag: String,
}

/// What the daemon made of the file.
#[derive(Clone, Debug)]
pub struct SettingsTaken {
    /// When it was taken over last.
    pub at: domain::Timestamp,
    /// Why the file as it is now was not.
    pub wrong: Option<Wrong>,
    /// Changed settings that wait for a start of the daemon.
    pub restart: Vec<String>,
}

/// The file as people may see it.
pub struct SettingsHere {
    /// Where it is.
    pub file: PathBuf,
    /// Its text, without secrets.
    pub text: String,
    /// What changes with it.
    pub tag: String,
    /// Its values, without secrets.
    pub values: Value,
    /// What the daemon made of it.
    pub taken: SettingsTaken,
}

/// What is to become of the file.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Single values.
    Values(Vec<Change>),
    /// All of it, as it was shown, changed.
    Text(String),
}

/// What became of it.
pub struct Edited {
    /// What changes with the text as it is now.
    pub tag: String,
    /// What differs, secrets hidden.
    pub lines: Vec<Line>,
    /// What the daemon made of it; of a trial, what it makes now.
    pub taken: SettingsTaken,
}

/// Why the file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// This daemon was started without one.
    #[error("this daemon has no settings file")]
    Without,
    /// It is not what was shown any more.
    #[error("the settings were changed meanwhile")]
    Stale(String),
    /// They would not be read.
    #[error("{0}")]
    Wrong(Wrong),
    /// Not from afar.
    #[error("{}", .0.first().map_or_else(String::new, |one| format!("`{}`: {}", one.path.join("."), one.why)))]
    Forbidden(Vec<Forbidden>),
    /// The editing.
    #[error("{0}")]
    Refused(String),
    /// The file.
    #[error("{}: {error}", .file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

impl From<::settings::Refused> for SettingsError {
    fn from(refused: ::settings::Refused) -> Self {
        match refused {
            ::settings::Refused::Wrong(wrong) => Self::Wrong(wrong),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl Engine {
    /// Follows the settings file from now on; the options of the start were read from it.
    pub fn follow_settings(&self, file: PathBuf, read: Reader) -> Result<(), SettingsError> {
        let text = file::read(&file).map_err(|error| SettingsError::File { file: file.clone(), error })?;
        let taken = SettingsTaken { at: clock::now(), wrong: None, restart: Vec::new() };
        let started = ::settings::parse(&text).unwrap_or_default();
        let state = Mutex::new(State { started, taken, tag: tag(&text) });
        let here = Arc::new(Settings { file, read, state, turn: tokio::sync::Mutex::default() });
        if self.context.settings.set(Arc::clone(&here)).is_err() {
            return Ok(());
        }
        let context = Arc::clone(&self.context);
        let component = tokio::spawn(async move {
            let watched = here.file.clone();
            let follow = file::follow(&watched, || async { here.take_over(&context).await });
            tokio::select! {
                failed = follow => if let Err(error) = failed {
                    tracing::warn!(%error, file = %watched.display(), "changes of the settings are not noticed; a restart takes them");
                },
                () = context.stopped() => {}
            }
        });
        self.components.lock().unwrap_or_else(PoisonError::into_inner).push(component);
        Ok(())
    }

    /// What the daemon made of its settings; `None` when it has no file.
    pub fn settings_taken(&self) -> Option<SettingsTaken> {
        Some(self.context.settings.get()?.lock().taken.clone())
    }

    /// The options as they are in force.
    pub fn options(&self) -> Arc<Options> {
        self.context.options()
    }

    /// The settings as people may see them.
    pub async fn settings(&self) -> Result<SettingsHere, SettingsError> {
        let here = self.context.settings.get().ok_or(SettingsError::Without)?;
        let _turn = here.turn.lock().await;
        let text = here.text()?;
        here.take(&self.context, &text);
        // A text that cannot be read cannot be searched for secrets, so nothing of it is shown.
        let hidden = ::settings::hide(&text)?;
        let values = ::settings::parse(hidden.text()).map_err(SettingsError::Wrong)?;
        let taken = here.lock().taken.clone();
        Ok(SettingsHere {
            file: here.file.clone(),
            text: hidden.text().to_owned(),
            tag: tag(&text),
            values,
            taken,
        })
    }

    /// Changes the settings, if they are still those with this tag; a trial only says what would be.
    pub async fn edit_settings(&self, edit: Edit, shown: &str, trial: bool) -> Result<Edited, SettingsError> {
        let here = self.context.settings.get().ok_or(SettingsError::Without)?;
        let _turn = here.turn.lock().await;
        let before = here.text()?;
        if tag(&before) != shown {
            return Err(SettingsError::Stale(tag(&before)));
        }
        let hidden = ::settings::hide(&before)?;
        let after = edited(edit, &before, &hidden)?;
        let values = |text: &str| ::settings::parse(text).map_err(SettingsError::Wrong);
        let forbidden = ::settings::forbidden(&values(&before)?, &values(&after)?);
        if !forbidden.is_empty() {
            return Err(SettingsError::Forbidden(forbidden));
        }
        (here.read)(&after).map_err(|wrong| SettingsError::Wrong(wrong.placed(&after)))?;
        let lines = ::settings::differ(hidden.text(), ::settings::hide(&after)?.text());
        if trial || after == before {
            let taken = here.lock().taken.clone();
            return Ok(Edited { tag: tag(&before), lines, taken });
        }
        file::replace(&here.file, &before, &after)
            .map_err(|error| SettingsError::File { file: here.file.clone(), error })?;
        here.take(&self.context, &after);
        let taken = here.lock().taken.clone();
        Ok(Edited { tag: tag(&after), lines, taken })
    }
}

fn edited(edit: Edit, before: &str, hidden: &Hidden) -> Result<String, SettingsError> {
    match edit {
        Edit::Values(changes) if changes.len() > MOST_CHANGES => {
            Err(SettingsError::Refused(format!("at most {MOST_CHANGES} changes are made at once")))
        }
        Edit::Values(changes) => Ok(::settings::change(before, &changes)?),
        Edit::Text(text) if text.len() > MOST => Err(SettingsError::Refused("the text is too long".into())),
        Edit::Text(text) => Ok(hidden.restore(&text)?),
    }
}

impl Settings {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self) -> Result<String, SettingsError> {
        file::read(&self.file).map_err(|error| SettingsError::File { file: self.file.clone(), error })
    }

    async fn take_over(&self, context: &Context) {
        let _turn = self.turn.lock().await;
        match self.text() {
            Ok(text) => self.take(context, &text),
            Err(error) => tracing::warn!(%error, "the settings cannot be read"),
        }
    }

    /// Puts in force what this text says, unless that was done.
    fn take(&self, context: &Context, text: &str) {
        let mut state = self.lock();
        let tag = tag(text);
        if state.tag == tag {
            return;
        }
        state.tag = tag;
        let read = (self.read)(text).map_err(|wrong| wrong.placed(text));
        match (read, ::settings::parse(text)) {
            (Ok(options), Ok(values)) => {
                context.put_options(options);
                let restart = waiting(&state.started, &values);
                tracing::info!(file = %self.file.display(), ?restart, "the settings were taken over");
                state.taken = SettingsTaken { at: clock::now(), wrong: None, restart };
            }
            (Err(wrong), _) | (_, Err(wrong)) => {
                let file = self.file.display();
                tracing::warn!(%file, %wrong, "the settings have a mistake; those of before stay in force");
                state.taken.wrong = Some(wrong);
            }
        }
    }
}

/// The settings of the start alone that are others by now.
fn waiting(started: &Value, now: &Value) -> Vec<String> {
    let at = |values: &Value, path: &[&str]| {
        path.iter().try_fold(values, |value, name| value.get(name)).filter(|value| !value.is_null()).cloned()
    };
    let changed = AT_START.iter().filter(|path| at(started, path) != at(now, path));
    changed.map(|path| path.join(".")).collect()
}

fn tag(text: &str) -> String {
    Sha256::digest(text.as_bytes())[..16]
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl Context {
    /// The options in force. Whoever does several things by them keeps what this returns.
    pub(crate) fn options(&self) -> Arc<Options> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts new ones in force, but for what a running engine cannot change.
    fn put_options(&self, new: Options) {
        {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let old = current.as_ref().clone();
            *current = Arc::new(Options {
                projects: new.projects,
                prices: new.prices,
                routing: new.routing,
                pipelines: new.pipelines,
                concurrency: new.concurrency,
                review_limit: new.review_limit,
                gpu: new.gpu,
                retry: new.retry,
                limits: new.limits,
                no_progress: new.no_progress,
                keep_runs: new.keep_runs,
                hindsight: crate::HindsightOptions { off: new.hindsight.off, ..old.hindsight.clone() },
                ..old
            });
        }
        self.wake.notify_one();
        self.land.notify_one();
        self.tidy.notify_one();
    }
}

/// Where the copy of before is kept.
pub fn kept_before(file: &Path) -> PathBuf {
    file.with_extension("yaml.before")
}
