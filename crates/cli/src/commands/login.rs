//! `sidekick accounts login`: the vendor's own login, in a profile that Sidekick owns. The person's own login of that
//! agent is not touched, and what the vendor stores is not read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::{Args, Login};
use crate::config::{named_well, profile, variable};
use crate::error::{Error, Result};
use crate::places::Places;
use crate::ui::Ui;

pub(crate) fn login(args: &Args, login: &Login, ui: &Ui) -> Result<ExitCode> {
    let agent = login.agent.as_str();
    named_well(agent, &login.name)?;
    let (program, how) = vendor(agent)?;
    let places = Places::open(args.data_dir.as_deref())?;
    let home = profile(&places.data, agent, &login.name);
    let vendor = Vendor { program, home: &home, dirs: how.dirs };
    let was_there = home.exists();
    vendor.make()?;
    ui.say(format!("Starting the login of {agent}. Come back when it is done."));
    let own = how.args.iter().map(|word| (*word).to_owned());
    vendor.run(&own.chain(login.words.clone()).collect::<Vec<_>>())?;
    let refused = if home.join(how.file).is_file() {
        metered(&vendor, &how, agent)?
    } else {
        Some(Error::failed(format!("{agent} left no login, so there is no account")))
    };
    if let Some(error) = refused {
        if !was_there {
            std::fs::remove_dir_all(&home).ok();
        }
        return Err(error);
    }
    let account = format!("{agent}/{}", login.name);
    if ui.json {
        ui.json(&serde_json::json!({ "account": account, "profile": home }));
    }
    ui.say(format!("`{account}` is logged in."));
    if places.read_daemon().is_some_and(|daemon| daemon.is_alive()) {
        ui.say("The running daemon knows it from its next start on.");
    }
    Ok(ExitCode::SUCCESS)
}

/// The agent's program, and how it logs in.
fn vendor(agent: &str) -> Result<(String, agents::Login)> {
    let drivers = agents::builtin();
    let known = drivers.iter().find(|driver| driver.name() == agent);
    if let Some(driver) = known
        && let (Some(login), agents::Program::Named(program)) = (driver.login(), driver.program())
    {
        return Ok((program, login));
    }
    let able: Vec<_> =
        drivers.iter().filter(|driver| driver.login().is_some()).map(|driver| driver.name()).collect();
    Err(Error::usage(format!("`{agent}` has no login of its own that runs could use"))
        .hint(format!("These have one: {}. Others take a key, in sidekick.yaml.", able.join(", "))))
}

/// A login that is a key would go into sandboxes, and be charged by use unnoticed.
fn metered(vendor: &Vendor<'_>, how: &agents::Login, agent: &str) -> Result<Option<Error>> {
    if how.status.is_empty() {
        return Ok(None);
    }
    let said = vendor.ask(how.status)?;
    let metered = how.metered.iter().any(|word| said.contains(word));
    Ok(metered.then(|| {
        Error::usage(format!("this login of {agent} is a key that is charged by use, so it is not kept")).hint(
            "Give the key in sidekick.yaml instead: then it stays outside of sandboxes, and a budget can hold. \
             The README shows how.",
        )
    }))
}

/// The vendor's program with a profile for its home.
struct Vendor<'a> {
    program: String,
    home: &'a Path,
    dirs: &'static [(&'static str, &'static str)],
}

impl Vendor<'_> {
    fn make(&self) -> Result<()> {
        let dirs = self.dirs.iter().map(|(_, dir)| self.home.join(dir));
        for dir in std::iter::once(self.home.to_owned()).chain(dirs) {
            std::fs::create_dir_all(&dir)
                .map_err(|error| Error::failed(format!("{}: {error}", dir.display())))?;
        }
        Ok(())
    }

    /// The person's own environment, but for what names another account or another home.
    fn env(&self) -> BTreeMap<String, PathBuf> {
        let kept =
            ["PATH", "TERM", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "BROWSER", "COLORTERM"];
        let kept = kept.into_iter().filter_map(|name| Some((name.to_owned(), variable(name)?.into())));
        let dirs = self.dirs.iter().map(|(name, dir)| ((*name).to_owned(), self.home.join(dir)));
        kept.chain(dirs).chain([("HOME".to_owned(), self.home.to_owned())]).collect()
    }

    fn run(&self, words: &[String]) -> Result<()> {
        runner::job::attached(&self.program, words, &self.env(), self.home)
            .map(drop)
            .map_err(|error| self.not_started(&error))
    }

    fn ask(&self, words: &[&str]) -> Result<String> {
        runner::job::asked(&self.program, words, &self.env(), self.home)
            .map_err(|error| self.not_started(&error))
    }

    fn not_started(&self, error: &std::io::Error) -> Error {
        Error::usage(format!("`{}` cannot be started: {error}", self.program))
            .hint("Install it, so that it is on your PATH.")
    }
}
