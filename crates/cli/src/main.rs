//! The binary `sidekick`: every command, and the roles it plays for itself (shim, rehearsal agent, ACP client).
//!
//! The only crate that reads the environment and configuration, prints, and exits. Each command is a
//! file of its name in `commands`; they all talk to a daemon through `api::Client`, one that runs
//! already or one started inside this process for the time of the command ([`connect`]).

mod acp;
mod args;
mod commands;
mod config;
mod connect;
mod direct;
mod error;
mod interrupt;
mod places;
mod rehearse;
mod show;
mod terminal;
mod tmux;
mod top;
mod ui;

use std::pin::Pin;
use std::process::ExitCode;

use clap::Parser;

/// The gateway, as the shim plays it for jobs that ask for it.
fn play_gateway(
    listener: tokio::net::TcpListener,
    config: serde_json::Value,
    key: Vec<u8>,
    notes: tokio::sync::mpsc::Sender<String>,
) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(gateway::serve(listener, config, key, notes))
}

fn main() -> ExitCode {
    // The roles the binary plays for itself are kept out of clap: they start for every run, and their
    // arguments are ours.
    let mut words = std::env::args_os().skip(1);
    match words.next().as_ref().and_then(|word| word.to_str()) {
        Some("shim") => return runner::shim::main(words.next(), Some(play_gateway)),
        Some("shim-enter") => return runner::shim::enter_main(words.next()),
        Some(agents::acp::ROLE) => return acp::main(words),
        Some(agents::direct::ROLE) => return direct::main(),
        Some("rehearse") => return rehearse::main(words),
        _ => {}
    }
    let args = args::Args::parse();
    let ui = ui::Ui::new(args.json);
    match commands::run(&args, &ui) {
        Ok(code) => code,
        Err(error) => {
            ui.error(&error);
            error.code()
        }
    }
}
