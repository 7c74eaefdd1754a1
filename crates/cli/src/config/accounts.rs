//! The agents' accounts in the configuration, and what the person's environment adds to them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::Account;
use domain::account::Hours;
use engine::AccountOptions;
use serde::Deserialize;

use super::variable;
use crate::error::{Error, Result};

/// An account in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AccountFile {
    /// Variables; a value is text, or a reference to the daemon's environment or a file.
    pub(super) env: BTreeMap<String, Secret>,
    /// Percent of each window that is kept for the person.
    pub(super) reserve: Option<u8>,
    /// Hours of the day that are kept for the person.
    pub(super) quiet: Vec<String>,
    /// How many runs may use it at once.
    pub(super) concurrency: Option<usize>,
    /// A command that starts its model server on this machine, when that does not answer.
    pub(super) start: Option<String>,
    /// Whether a run may start that will probably not fit into what is left.
    pub(super) overfill: bool,
}

/// A value that may be a secret: never printed.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Secret {
    Text(String),
    From(Reference),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reference {
    Env(String),
    File(PathBuf),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// An agent's accounts, in the order they are used: its own, then the named ones. Without variables of its own
/// the first is there only when no other is.
pub(super) fn of_agent(
    agent: &str,
    first: AccountFile,
    named: BTreeMap<String, AccountFile>,
) -> Result<Vec<AccountOptions>> {
    let mut accounts = Vec::new();
    if !first.env.is_empty() || named.is_empty() || has_ambient(agent) {
        accounts.push(account(agent.to_owned(), agent, first)?);
    }
    for (name, file) in named {
        let usual = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
        if name.is_empty() || !name.chars().all(usual) {
            return Err(Error::usage(format!(
                "agent `{agent}`: `{name}` is no name for an account: use letters, digits, `-`, `_` and `.`"
            )));
        }
        accounts.push(account(format!("{agent}/{name}"), agent, file)?);
    }
    Ok(accounts)
}

fn account(name: String, agent: &str, file: AccountFile) -> Result<AccountOptions> {
    let wrong = |what: String| Error::usage(format!("account `{name}`: {what}"));
    if file.reserve.is_some_and(|percent| percent > 100) {
        return Err(wrong("reserve is a percentage of each window, 0 to 100".into()));
    }
    let hours = |text: &String| {
        Hours::parse(text).ok_or_else(|| wrong(format!("quiet: `{text}` is not like 09:00-18:00")))
    };
    let quiet = file.quiet.iter().map(hours).collect::<Result<Vec<_>>>()?;
    let mut env = BTreeMap::new();
    for (variable, secret) in file.env {
        let value = resolve(&format!("account `{name}`"), &variable, secret)?;
        env.insert(variable, value);
    }
    let account = Account {
        reserve: f64::from(file.reserve.unwrap_or(0)) / 100.0,
        quiet,
        concurrency: file.concurrency,
        overfill: file.overfill,
        ..Account::new(name, agent)
    };
    Ok(AccountOptions { account, env, start: file.start })
}

/// The value of a secret, for whoever is named.
pub(super) fn resolve(of: &str, name: &str, secret: Secret) -> Result<String> {
    match secret {
        Secret::Text(text) => Ok(text),
        Secret::From(Reference::Env(from)) => variable(&from).ok_or_else(|| {
            Error::usage(format!("{of}: {name} is to come from the variable {from}, which is not set"))
        }),
        Secret::From(Reference::File(path)) => match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim_end().to_owned()),
            Err(error) => Err(Error::usage(format!("{of}: {name}: {}: {error}", path.display()))),
        },
    }
}

/// Adds the credentials that the person exported for an agent to its first account; the configuration's own go
/// before.
pub(super) fn ambient(accounts: &mut Vec<AccountOptions>) {
    for driver in agents::builtin() {
        let of_agent = |known: &AccountOptions| known.account.agent == driver.name();
        let at = accounts.iter().position(|known| known.account.name == driver.name());
        let at = match at {
            Some(at) => at,
            None if accounts.iter().any(of_agent) => continue,
            None => {
                let account = Account::new(driver.name(), driver.name());
                accounts.push(AccountOptions { account, env: BTreeMap::new(), start: None });
                accounts.len() - 1
            }
        };
        let env = &mut accounts[at].env;
        if driver.account_variables().iter().any(|name| env.contains_key(*name)) {
            continue;
        }
        for name in driver.account_variables() {
            if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
                env.insert((*name).to_owned(), value);
            }
        }
    }
}

/// Whether the person exported credentials for an agent.
fn has_ambient(agent: &str) -> bool {
    let drivers = agents::builtin();
    let driver = drivers.iter().find(|driver| driver.name() == agent);
    let mut names = driver.into_iter().flat_map(|driver| driver.account_variables());
    names.any(|name| variable(name).is_some_and(|value| !value.is_empty()))
}
