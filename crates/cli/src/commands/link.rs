//! `sidekick link`: another one-time access link.

use std::process::ExitCode;

use api::{CreateLink, SessionCode};

use super::look;
use crate::args::{Args, Link};
use crate::error::{Error, Result};
use crate::ui::Ui;

pub(crate) fn link(args: &Args, wanted: &Link, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    if connection.is_own() {
        return Err(Error::failed("no daemon runs on this data directory")
            .hint("Start one with `sidekick serve`; it prints a link."));
    }
    let body = CreateLink { user: wanted.user.clone() };
    let code: SessionCode = connection.client.post("/api/link", &body, None)?;
    let link = format!("{}/#code={}", connection.client.base(), code.code);
    if ui.json {
        ui.json(&serde_json::json!({ "link": link }));
    } else {
        ui.out(link);
    }
    Ok(ExitCode::SUCCESS)
}
