//! The commands, one file each.

mod agent_run;
mod answer;
mod calibration;
mod chat;
mod credits;
mod decide;
mod demo;
mod diff;
mod doctor;
mod fork;
mod hindsight;
mod link;
mod list;
mod login;
mod logs;
mod mcp;
mod memory;
mod plan;
mod project;
mod questions;
mod queue;
mod race;
mod rollback;
mod route;
mod run;
mod serve;
mod sessions;
mod set;
mod show;
mod simulate;
mod takeover;
mod top;
mod users;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::{Args, Command};
use crate::connect::{Connection, Purpose};
use crate::error::Result;
use crate::ui::Ui;

/// Carries out what was typed.
pub(crate) fn run(args: &Args, ui: &Ui) -> Result<ExitCode> {
    match &args.command {
        Command::Serve(serve) => serve::serve(args, serve, ui),
        Command::Run(run) => run::run(args, run, ui),
        Command::AgentRun(asked) => agent_run::agent_run(args, asked, ui),
        Command::List(list) => list::list(args, list, ui),
        Command::Plan(wanted) => plan::plan(args, wanted, ui),
        Command::Chat(wanted) => chat::chat(args, wanted, ui),
        Command::Top(wanted) => top::top(args, wanted, ui),
        Command::Simulate(wanted) => simulate::simulate(wanted, ui),
        Command::Sessions(list) => sessions::sessions(args, list, ui),
        Command::Show(wanted) => show::show(args, wanted, ui),
        Command::Route(asked) => route::route(args, asked, ui),
        Command::Logs(logs) => logs::logs(args, logs, ui),
        Command::Attach(attach) => logs::attach(args, attach, ui),
        Command::Takeover(takeover) => takeover::takeover(args, takeover, ui),
        Command::Diff(diff) => diff::diff(args, diff, ui),
        Command::Approve(id) => decide::approve(args, &id.id, ui),
        Command::Reject(reject) => decide::reject(args, reject, ui),
        Command::Questions(wanted) => questions::questions(args, wanted, ui),
        Command::Answer(answer) => answer::answer(args, answer, ui),
        Command::Reverted(reverted) => decide::reverted(args, reverted, ui),
        Command::Calibration(asked) => calibration::calibration(args, asked, ui),
        Command::Retry(retry) => decide::retry(args, retry, ui),
        Command::Fork(fork) => fork::fork(args, fork, ui),
        Command::Set(wanted) => set::set(args, wanted, ui),
        Command::Stop(id) => decide::stop(args, &id.id, ui),
        Command::Rollback(rollback) => rollback::rollback(args, rollback, ui),
        Command::Project(project) => project::project(args, project.action.as_ref(), ui),
        Command::Queue(wanted) => queue::queue(args, wanted, ui),
        Command::Race(wanted) => race::race(args, wanted, ui),
        Command::Credits => credits::credits(args, ui),
        Command::Accounts(accounts) => credits::accounts(args, accounts.action.as_ref(), ui),
        Command::Agents => doctor::agents(args, ui),
        Command::Doctor => doctor::doctor(args, ui),
        Command::Demo(demo) => demo::demo(args, demo, ui),
        Command::Memory(wanted) => memory::memory(args, wanted, ui),
        Command::Hindsight(wanted) => hindsight::hindsight(args, wanted, ui),
        Command::Mcp(wanted) => mcp::mcp(args, wanted),
        Command::Link(wanted) => link::link(args, wanted, ui),
        Command::Users(users) => users::users(args, users.action.as_ref(), ui),
        Command::Tokens(tokens) => users::tokens(args, tokens.action.as_ref(), ui),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Args::command(), "sidekick", &mut text);
            ui.out_raw(&String::from_utf8_lossy(&text));
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi => {
            ui.out(server::openapi());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A connection for looking and deciding.
fn look(args: &Args) -> Result<Connection> {
    Connection::open(args, Purpose::Look)
}
