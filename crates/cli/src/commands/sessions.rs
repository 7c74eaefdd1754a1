//! `sidekick sessions`: sessions of agents, ours and those that people started by hand.

use std::process::ExitCode;

use api::{SessionView, Sessions};

use super::look;
use crate::args::{Args, ListSessions};
use crate::error::Result;
use crate::show::ago;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn sessions(args: &Args, list: &ListSessions, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let found: Sessions = connection.client.get(&format!("/api/sessions?limit={}", list.limit))?;
    if ui.json {
        ui.json(&found.items);
    } else if found.items.is_empty() {
        ui.out("No sessions.");
    } else {
        let now = jiff::Timestamp::now();
        ui.table(&found.items.iter().map(|session| row(session, now)).collect::<Vec<_>>());
    }
    if !found.by_hand {
        ui.aside().say(
            "Only Sidekick's own: `sessions: true` in sidekick.yaml shows those you start by hand, too.",
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn row(session: &SessionView, now: jiff::Timestamp) -> Vec<(Tone, String)> {
    let consumed = match (session.cost_usd, session.estimate_usd) {
        (Some(cost), _) => format!("${cost:.4}"),
        (None, Some(cost)) => format!("~${cost:.4} at list price"),
        (None, None) => {
            let tokens = session.tokens;
            format!("{} in, {} out", tokens.input + tokens.cached, tokens.output)
        }
    };
    let whose = match &session.task {
        Some(task) => format!("task {}", &task[task.len().saturating_sub(8)..]),
        None => "by hand".to_owned(),
    };
    vec![
        (Tone::Strong, plain(&session.session)),
        (Tone::Dim, session.agent.clone()),
        (Tone::Dim, whose),
        (Tone::Dim, ago(&session.updated_at, now)),
        (Tone::Dim, consumed),
        (Tone::Strong, plain(session.title.as_deref().unwrap_or("(no prompt)"))),
        (Tone::Dim, plain(session.directory.as_deref().unwrap_or_default())),
    ]
}
