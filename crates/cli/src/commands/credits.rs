//! `sidekick credits` and `sidekick accounts`: what is left of each account, and switching them.

use std::process::ExitCode;

use api::{AccountView, Page, SwitchAccount, UsedView, WindowView};

use super::look;
use crate::args::{AccountAction, Args};
use crate::error::Result;
use crate::show::{ago, local};
use crate::ui::{Tone, Ui};

/// Cells of a bar.
const BAR: u8 = 20;

pub(crate) fn credits(args: &Args, ui: &Ui) -> Result<ExitCode> {
    let page: Page<AccountView> = look(args)?.client.get("/api/credits")?;
    show(ui, &page.items);
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn accounts(args: &Args, action: Option<&AccountAction>, ui: &Ui) -> Result<ExitCode> {
    let (to, account) = match action {
        None | Some(AccountAction::List) => return credits(args, ui),
        Some(AccountAction::Login(login)) => return super::login::login(args, login, ui),
        Some(AccountAction::Off { account }) => ("off", account),
        Some(AccountAction::On { account }) => ("on", account),
        Some(AccountAction::Wake { account }) => ("wake", account),
    };
    let wanted = SwitchAccount { to: to.into(), account: account.clone() };
    let page: Page<AccountView> = look(args)?.client.post("/api/accounts/switch", &wanted, None)?;
    show(ui, &page.items);
    if to == "off" && page.items.iter().any(|account| account.state == "off" && account.running > 0) {
        ui.say("What runs on it goes on to its end; `sidekick stop ID` ends it now.");
    }
    Ok(ExitCode::SUCCESS)
}

fn show(ui: &Ui, accounts: &[AccountView]) {
    if ui.json {
        ui.json(&accounts);
        return;
    }
    let now = jiff::Timestamp::now();
    let (out, known): (Vec<_>, Vec<_>) = accounts
        .iter()
        .partition(|account| account.state == "logged_out" && account.last_seven_days.runs == 0);
    for (n, account) in known.into_iter().enumerate() {
        if n > 0 {
            ui.out("");
        }
        for line in lines(ui, account, now) {
            ui.out(line);
        }
    }
    if !out.is_empty() {
        let names: Vec<_> = out.iter().map(|account| account.name.as_str()).collect();
        let text = format!("\nNot logged in: {}. `sidekick agents` says what each needs.", names.join(", "));
        ui.out(ui.tone(Tone::Dim, text));
    }
}

/// What is left in an account's windows, a line each, with its name.
pub(super) fn windows(ui: &Ui, account: &AccountView, now: jiff::Timestamp) -> Vec<String> {
    let current = account.windows.iter().filter(|window| !window.stale);
    current.map(|known| format!("{}: {}", account.name, window(ui, known, now))).collect()
}

/// An account in a few lines.
fn lines(ui: &Ui, account: &AccountView, now: jiff::Timestamp) -> Vec<String> {
    let tone = match account.state.as_str() {
        "ready" => Tone::Good,
        "resting" | "busy" => Tone::Busy,
        _ => Tone::Bad,
    };
    let mut head = vec![
        ui.tone(Tone::Strong, &account.name),
        ui.tone(tone, account.state.replace('_', " ")),
        account.billing.clone().unwrap_or_default(),
    ];
    if account.running > 0 {
        head.push(format!("{} running", account.running));
    }
    if account.reserve > 0 {
        head.push(format!("{}% kept for you", account.reserve));
    }
    head.retain(|word| !word.is_empty());
    let mut lines = vec![head.join("  ")];
    if let Some(reason) = &account.reason {
        let until = account.until.as_deref().map(|at| format!(" ({})", ago(at, now))).unwrap_or_default();
        lines.push(format!("  {reason}{until}"));
    }
    lines.extend(account.windows.iter().map(|known| format!("  {}", window(ui, known, now))));
    if account.windows.is_empty() && account.last_seven_days.runs > 0 {
        for (label, used) in [("5 hours", &account.last_five_hours), ("7 days", &account.last_seven_days)] {
            lines.push(
                ui.tone(Tone::Dim, format!("  last {label}: {} (estimate, from own runs)", spent(used))),
            );
        }
    }
    lines
}

fn window(ui: &Ui, window: &WindowView, now: jiff::Timestamp) -> String {
    if window.stale {
        let text = format!("{:<16} renewed since it was last reported", window.label);
        return ui.tone(Tone::Dim, text);
    }
    let share = match window.used {
        Some(used) => format!("{} {:>3.0}% left", bar(ui, 1.0 - used), (1.0 - used) * 100.0),
        None => window.status.clone(),
    };
    let renews = window.resets_at.as_deref().map(|at| format!("  renews {} ({})", ago(at, now), local(at)));
    format!("{:<16} {share}{}", window.label, renews.unwrap_or_default())
}

fn bar(ui: &Ui, left: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is 0 to 1")]
    let full = (left.clamp(0.0, 1.0) * f64::from(BAR)).round() as usize;
    let tone = if left > 0.25 {
        Tone::Good
    } else if left > 0.05 {
        Tone::Busy
    } else {
        Tone::Bad
    };
    ui.tone(tone, format!("{}{}", "█".repeat(full), "░".repeat(usize::from(BAR) - full)))
}

fn spent(used: &UsedView) -> String {
    let cost = if used.cost_usd > 0.0 { format!(", ${:.2}", used.cost_usd) } else { String::new() };
    let runs = if used.runs == 1 { "1 run".into() } else { format!("{} runs", used.runs) };
    format!("{runs}, {} tokens in, {} out{cost}", used.tokens.input, used.tokens.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_in_a_few_lines() {
        let ui = Ui::new(true);
        let window = |name: &str, label: &str, used, status: &str, stale| WindowView {
            name: name.into(),
            label: label.into(),
            status: status.into(),
            used,
            resets_at: None,
            seen_at: String::new(),
            stale,
        };
        let account = AccountView {
            name: "claude/work".into(),
            agent: "claude".into(),
            state: "resting".into(),
            reason: Some("the 5-hour window of claude/work is used up until Fri 20 Nov 23:00 UTC".into()),
            until: Some("2026-11-20T23:00:00Z".into()),
            billing: Some("subscription".into()),
            running: 1,
            reserve: 20,
            windows: vec![
                window("five_hour", "5-hour window", Some(1.0), "rejected", false),
                window("seven_day", "weekly window", Some(0.42), "allowed", false),
                window("daily", "daily window", None, "allowed", true),
            ],
            last_five_hours: UsedView::default(),
            last_seven_days: UsedView::default(),
        };
        let now = "2026-11-20T21:30:00Z".parse().unwrap();
        insta::assert_snapshot!(lines(&ui, &account, now).join("\n"), @"
        claude/work  resting  subscription  1 running  20% kept for you
          the 5-hour window of claude/work is used up until Fri 20 Nov 23:00 UTC (in 1 h)
          5-hour window    ░░░░░░░░░░░░░░░░░░░░   0% left
          weekly window    ████████████░░░░░░░░  58% left
          daily window     renewed since it was last reported
        ");
        let key = AccountView {
            name: "codex".into(),
            state: "ready".into(),
            reason: None,
            until: None,
            billing: Some("key".into()),
            running: 0,
            reserve: 0,
            windows: Vec::new(),
            last_seven_days: UsedView { runs: 3, cost_usd: 1.5, ..UsedView::default() },
            ..account
        };
        insta::assert_snapshot!(lines(&ui, &key, now).join("\n"), @"
        codex  ready  key
          last 5 hours: 0 runs, 0 tokens in, 0 out (estimate, from own runs)
          last 7 days: 3 runs, 0 tokens in, 0 out, $1.50 (estimate, from own runs)
        ");
    }
}
