//! `sidekick route`: who would do a task, without giving it; and the same of a task, for `sidekick show --why`.

use std::process::ExitCode;

use api::{RoutePreview, RouteView};

use super::look;
use super::run::place;
use crate::args::{Args, Route};
use crate::error::Result;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn route(args: &Args, asked: &Route, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let mut path = format!("/api/routes?text={}", api::escaped(&asked.text));
    let repo = place(asked.repo.as_deref(), asked.project.as_deref())?;
    let gpu = asked.nature.gpu.then(|| "true".to_owned());
    let words = [
        ("project", &asked.project),
        ("repo", &repo),
        ("agent", &asked.agent),
        ("kind", &asked.nature.kind),
        ("complexity", &asked.nature.complexity),
        ("gpu", &gpu),
    ];
    for (name, value) in words {
        if let Some(value) = value {
            path += &format!("&{name}={}", api::escaped(value));
        }
    }
    let preview: RoutePreview = connection.client.get(&path)?;
    if ui.json {
        ui.json(&preview);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(found) = &preview.found {
        ui.out(plain(found));
    }
    let gpu = if preview.gpu { ", needs a graphics processor" } else { "" };
    let sort = format!("{}, {}{gpu}", preview.kind, preview.complexity);
    let by = &preview.classified_by;
    ui.out(format!("{} ({by}: {})", ui.tone(Tone::Strong, sort), plain(&preview.classified_why)));
    tell(ui, &preview.route);
    Ok(ExitCode::SUCCESS)
}

/// The sentence, and everybody with their reason.
pub(super) fn tell(ui: &Ui, route: &RouteView) {
    ui.out(plain(&route.sentence));
    let row = |one: &api::ConsideredView| {
        let tone = match one.stands.as_str() {
            "taken" => Tone::Good,
            "out" => Tone::Dim,
            "rests" => Tone::Busy,
            _ => Tone::Strong,
        };
        let stands = if one.stands == "taken" && !route.taken { "first" } else { &one.stands };
        vec![
            (Tone::Strong, format!("  {}", plain(&one.who))),
            (tone, stands.to_owned()),
            (Tone::Dim, plain(&one.why)),
        ]
    };
    ui.table(&route.considered.iter().map(row).collect::<Vec<_>>());
}
