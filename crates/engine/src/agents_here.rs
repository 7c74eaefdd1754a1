//! The agents found on this machine: where, which version, logged in or not.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use agents::{Abilities, Driver, Program, Readiness};
use domain::{Account, ChosenBy};

use crate::Options;
use crate::accounts::AccountOptions;
use crate::intake::{Unclear, listed};

/// Whether an agent can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// Yes.
    Ready,
    /// Its program is not on this machine.
    Missing,
    /// It lacks a login.
    LoggedOut,
}

impl AgentState {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Missing => "missing",
            Self::LoggedOut => "logged_out",
        }
    }
}

/// An agent as it was found.
#[derive(Clone, Debug)]
pub struct AgentHere {
    /// Its name.
    pub name: String,
    /// Whether it can be used.
    pub state: AgentState,
    /// What it says of itself, once asked.
    pub version: Option<String>,
    /// How it is billed.
    pub billing: Option<String>,
    /// What it can.
    pub abilities: Abilities,
    /// Where it is, or what to do.
    pub detail: String,
    /// Its program, links resolved.
    pub(crate) program: Option<PathBuf>,
}

/// All agents.
pub struct AgentsHere {
    drivers: Vec<Arc<dyn Driver>>,
    found: Arc<Mutex<Vec<AgentHere>>>,
    /// Programs are asked for their versions when somebody wants to see them: a start waits for nobody, and
    /// some take a second of the machine's time to say it.
    asked: Once,
    accounts: Vec<AccountOptions>,
    default: Option<String>,
}

impl AgentsHere {
    pub(crate) fn look(options: &Options) -> Self {
        let mut drivers: Vec<Arc<dyn Driver>> = agents::builtin().into_iter().map(Arc::from).collect();
        drivers.extend(options.commands.iter().map(|custom| Arc::new(custom.clone()) as Arc<dyn Driver>));
        drivers.extend(options.models.iter().map(|model| Arc::new(model.clone()) as Arc<dyn Driver>));
        drivers.extend(options.acp.iter().map(|agent| Arc::new(agent.clone()) as Arc<dyn Driver>));
        // An agent without an account of its own configuration has one without variables.
        let mut accounts = options.accounts.clone();
        for driver in &drivers {
            if !accounts.iter().any(|known| known.account.agent == driver.name()) {
                let account = Account::new(driver.name(), driver.name());
                accounts.push(AccountOptions { account, env: BTreeMap::new(), profile: None, start: None });
            }
        }
        let found: Vec<_> = drivers
            .iter()
            .map(|driver| {
                let of = accounts.iter().filter(|known| known.account.agent == driver.name());
                let readiness: Vec<_> = of.map(|known| readiness(driver.as_ref(), known)).collect();
                look_for(driver.as_ref(), &options.path, &readiness)
            })
            .collect();
        let found = Arc::new(Mutex::new(found));
        Self { drivers, found, asked: Once::new(), accounts, default: options.default_agent.clone() }
    }

    /// All, for people to see; versions come as they are told.
    pub(crate) fn list(&self) -> Vec<AgentHere> {
        self.asked.call_once(|| ask_versions(Arc::clone(&self.found)));
        self.all()
    }

    /// All, as they were found.
    pub(crate) fn all(&self) -> Vec<AgentHere> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn get(&self, name: &str) -> Option<AgentHere> {
        self.all().into_iter().find(|agent| agent.name == name)
    }

    /// Where a program of an agent is: its own as it was found, or another that it names.
    pub(crate) fn program(&self, agent: &str, name: &str, path: &str) -> Option<PathBuf> {
        match self.driver(agent)?.program() {
            Program::Named(own) | Program::Through { program: own, .. } if own == name => {
                self.get(agent)?.program
            }
            _ => find(name, path),
        }
    }

    pub(crate) fn driver(&self, name: &str) -> Option<Arc<dyn Driver>> {
        self.drivers.iter().find(|driver| driver.name() == name).cloned()
    }

    /// Every account, in the order they are used.
    pub(crate) fn accounts(&self) -> &[AccountOptions] {
        &self.accounts
    }

    /// An account by its name.
    pub(crate) fn account(&self, name: &str) -> Option<&AccountOptions> {
        self.accounts.iter().find(|known| known.account.name == name)
    }

    /// Whether an account's variables let its agent work.
    pub(crate) fn readiness(&self, account: &AccountOptions) -> Readiness {
        let Some(driver) = self.driver(&account.account.agent) else {
            return Readiness::LoggedOut("its agent is not known");
        };
        readiness(driver.as_ref(), account)
    }

    /// How an account is billed: `subscription`, `key`, `local`, `none`; unknown when it cannot be used.
    pub(crate) fn billing(&self, name: &str) -> Option<String> {
        match self.readiness(self.account(name)?) {
            Readiness::Ready(billing) => Some(billing.to_owned()),
            Readiness::LoggedOut(_) => None,
        }
    }

    /// The agent of that name, if it can be used.
    pub(crate) fn usable(&self, name: &str) -> Result<String, Unclear> {
        let agent = self.get(name).ok_or_else(|| Unclear::NoAgent {
            name: name.into(),
            known: listed(self.drivers.iter().map(|driver| driver.name())),
        })?;
        match agent.state {
            AgentState::Ready => Ok(agent.name),
            _ => Err(Unclear::NotReady { name: name.into(), reason: agent.detail }),
        }
    }

    /// Who chooses for a task that names no agent: the configuration where it names a default that can be used.
    pub(crate) fn chosen_by(&self) -> ChosenBy {
        let named = self.default.as_deref().is_some_and(|name| self.usable(name).is_ok());
        if named { ChosenBy::Configuration } else { ChosenBy::Router }
    }

    /// The agent for a task that names none: the configured one, else claude when it is ready, else the
    /// rehearsal, which says so wherever it appears.
    /// Whether there is an agent that can be asked something.
    pub(crate) fn anybody_thinks(&self) -> bool {
        self.list().iter().any(|agent| agent.state == AgentState::Ready && agent.name != "rehearsal")
    }

    pub(crate) fn choose(&self) -> String {
        let wanted = self.default.iter().map(String::as_str).chain(["claude"]);
        wanted.into_iter().find_map(|name| self.usable(name).ok()).unwrap_or_else(|| "rehearsal".into())
    }
}

/// Whether an account lets its agent work: by the vendor's own login where it has one, else by its variables.
fn readiness(driver: &dyn Driver, account: &AccountOptions) -> Readiness {
    match (&account.profile, driver.login()) {
        (Some(profile), Some(login)) if profile.join(login.file).is_file() => {
            Readiness::Ready("subscription")
        }
        (Some(_), _) => Readiness::LoggedOut("run `sidekick accounts login` with its agent and --name again"),
        (None, _) => driver.readiness(&account.env),
    }
}

fn look_for(driver: &dyn Driver, path: &str, accounts: &[Readiness]) -> AgentHere {
    let ready = accounts.iter().find(|readiness| matches!(readiness, Readiness::Ready(_)));
    let readiness = ready.or(accounts.first()).cloned().unwrap_or(Readiness::LoggedOut("it has no account"));
    let program = match driver.program() {
        Program::Own => None,
        Program::Named(name) | Program::Through { program: name, .. } => match find(&name, path) {
            Some(program) => Some(program),
            None => {
                return AgentHere {
                    name: driver.name().into(),
                    state: AgentState::Missing,
                    version: None,
                    billing: None,
                    abilities: driver.abilities(),
                    detail: format!("`{name}` is not on the PATH of the daemon; install it"),
                    program: None,
                };
            }
        },
    };
    let built_in = match readiness {
        Readiness::Ready("none") => "built in; calls no model",
        _ => "built in; asks its model without a harness",
    };
    let place = program.as_ref().map_or_else(|| built_in.to_owned(), |path| path.display().to_string());
    let (state, billing, detail) = match readiness {
        Readiness::Ready(billing) => (AgentState::Ready, Some(billing.to_owned()), place),
        Readiness::LoggedOut(hint) => (AgentState::LoggedOut, None, format!("not logged in: {hint}")),
    };
    AgentHere {
        name: driver.name().into(),
        state,
        version: None,
        billing,
        abilities: driver.abilities(),
        detail,
        program,
    }
}

/// The program of that name on `path`, links resolved.
fn find(name: &str, path: &str) -> Option<PathBuf> {
    let runs = |file: &Path| {
        file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return std::fs::canonicalize(name).ok().filter(|file| runs(file));
    }
    path.split(':')
        .map(|dir| Path::new(dir).join(name))
        .find(|file| runs(file))
        .and_then(|file| std::fs::canonicalize(file).ok())
}

/// What a script asks `env` to run it with, found on `path`.
pub(crate) fn interpreter(script: &Path, path: &str) -> Option<PathBuf> {
    let mut head = Vec::new();
    std::fs::File::open(script).ok()?.take(256).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let mut words = head.lines().next()?.strip_prefix("#!")?.split_whitespace();
    let name = words.next().filter(|word| word.ends_with("/env")).and_then(|_| words.next())?;
    find(name, path)
}

/// What a Python program needs beside itself when it was installed into an environment of its own (pipx, uv):
/// that environment, and the interpreter it was made from. Nothing when its file says something else.
pub(crate) fn environment(program: &Path) -> Vec<PathBuf> {
    let Some(root) = program.parent().and_then(Path::parent) else { return Vec::new() };
    let Ok(text) = std::fs::read_to_string(root.join("pyvenv.cfg")) else { return Vec::new() };
    let home = text.lines().find_map(|line| line.strip_prefix("home").and_then(|rest| rest.split_once('=')));
    let bin = home.and_then(|(_, dir)| std::fs::canonicalize(dir.trim()).ok());
    let Some(prefix) = bin.as_deref().and_then(Path::parent) else { return Vec::new() };
    // A directory that is no interpreter's, as a person's home, never comes along.
    let libraries = std::fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten();
    let is_python = libraries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .any(|name| name.starts_with("python3"));
    if !is_python {
        return Vec::new();
    }
    vec![root.to_owned(), prefix.to_owned()]
}

/// Asked aside, on a thread of its own.
fn ask_versions(found: Arc<Mutex<Vec<AgentHere>>>) {
    let ask = move || {
        let programs: Vec<_> = found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|agent| (agent.program.clone(), agent.state))
            .collect();
        for (n, program) in programs.into_iter().enumerate() {
            let version = match program {
                (Some(program), _) => runner::job::version_of(&program, Duration::from_secs(10)),
                (None, AgentState::Missing) => None,
                (None, _) => Some(env!("CARGO_PKG_VERSION").to_owned()),
            };
            if let Some(agent) = found.lock().unwrap_or_else(PoisonError::into_inner).get_mut(n) {
                agent.version = version;
            }
        }
    };
    // Without a thread the versions stay unknown; nothing depends on them.
    std::thread::Builder::new().name("agent-versions".into()).spawn(ask).ok();
}
