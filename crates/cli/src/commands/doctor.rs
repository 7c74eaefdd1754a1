//! `sidekick agents` and `sidekick doctor`: what is on this machine.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use api::{AccountView, AgentStatus, Page, Status};

use super::look;
use crate::args::Args;
use crate::connect::Connection;
use crate::error::Result;
use crate::ui::{Tone, Ui};

pub(crate) fn agents(args: &Args, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let status = known(&connection, ui)?;
    if ui.json {
        ui.json(&status.agents);
    } else {
        let accounts: Page<AccountView> = connection.client.get("/api/credits")?;
        table(ui, &status.agents, &accounts.items);
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn doctor(args: &Args, ui: &Ui) -> Result<ExitCode> {
    let status = known(&look(args)?, ui)?;
    if ui.json {
        ui.json(&status);
    } else {
        ui.out(ui.tone(Tone::Strong, "Sandbox"));
        let rows: Vec<_> = status
            .sandbox
            .details
            .iter()
            .map(|part| {
                let (tone, word) = if part.ok { (Tone::Good, "ok") } else { (Tone::Bad, "missing") };
                vec![
                    (Tone::Dim, format!("  {}", part.name)),
                    (tone, word.into()),
                    (Tone::Dim, part.text.clone()),
                ]
            })
            .collect();
        ui.table(&rows);
        ui.out(ui.tone(Tone::Strong, "Agents"));
        table(ui, &status.agents, &[]);
    }
    Ok(if status.sandbox.ok { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The status, once the agents said their versions, or would not.
fn known(connection: &Connection, ui: &Ui) -> Result<Status> {
    let spinner = ui.spinner("looking");
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let status: Status = connection.client.get("/api/status")?;
        let asked = status.agents.iter().all(|agent| agent.version.is_some() || agent.state == "missing");
        if asked || Instant::now() > deadline {
            spinner.finish_and_clear();
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// One line for each agent: what it is and what it can. Where it is, or what it lacks, is a line of its own; and what
/// is left in the windows of its accounts.
fn table(ui: &Ui, agents: &[AgentStatus], accounts: &[AccountView]) {
    let row = |agent: &AgentStatus| {
        let tone = if agent.state == "ready" { Tone::Good } else { Tone::Bad };
        vec![
            (Tone::Strong, format!("  {}", agent.name)),
            (tone, agent.state.replace('_', " ")),
            (Tone::Dim, agent.version.clone().unwrap_or_else(|| "-".into())),
            (Tone::Dim, agent.billing.clone().unwrap_or_else(|| "-".into())),
            (Tone::Dim, agent.abilities.join(" ")),
        ]
    };
    let now = jiff::Timestamp::now();
    ui.table(&agents.iter().map(row).collect::<Vec<_>>());
    for agent in agents {
        ui.out(ui.tone(Tone::Strong, format!("  {}", agent.name)));
        for line in wrapped(&agent.detail, 92) {
            ui.out(ui.tone(Tone::Dim, format!("    {line}")));
        }
        for account in accounts.iter().filter(|account| account.agent == agent.name) {
            for line in super::credits::windows(ui, account, now) {
                ui.out(format!("    {line}"));
            }
        }
    }
}

/// Text in lines of at most `most` characters, broken between words.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let open = lines.last().map_or(0, |line| line.chars().count());
        if open > 0 && open + 1 + word.chars().count() > most {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("set THE_KEY in a file", 12), ["set THE_KEY", "in a file"]);
        assert_eq!(wrapped("a /very/long/path b", 5), ["a", "/very/long/path", "b"]);
    }
}
