//! `sidekick simulate`: what a week would be like with a configuration; nothing is started, no model is called.

use std::path::Path;
use std::process::ExitCode;

use simulator::{Report, Week};

use crate::args::{Simulate, SimulateFormat};
use crate::error::{Error, Result};
use crate::ui::{Tone, Ui};

pub(crate) fn simulate(wanted: &Simulate, ui: &Ui) -> Result<ExitCode> {
    let report = of(&wanted.week, wanted.seed)?;
    let other = wanted.against.as_deref().map(|path| of(path, wanted.seed)).transpose()?;
    if ui.json || wanted.format == SimulateFormat::Json {
        match &other {
            None => ui.json(&report),
            Some(other) => ui.json(&serde_json::json!({ "week": report, "against": other })),
        }
        return Ok(ExitCode::SUCCESS);
    }
    for line in table(&report, other.as_ref()) {
        ui.out(line);
    }
    ui.say(ui.tone(
        Tone::Dim,
        "Simulated: agents were drawn, none was started. Another seed has other luck: --seed N",
    ));
    Ok(ExitCode::SUCCESS)
}

fn of(path: &Path, seed: u64) -> Result<Report> {
    let wrong = |why: &dyn std::fmt::Display| Error::usage(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let week = Week::read(&text, engine::approval::check).map_err(|error| wrong(&error))?;
    Ok(simulator::simulate(&week, seed, &engine::approval::holds))
}

/// The rows of one week, or of two beside each other.
fn table(report: &Report, other: Option<&Report>) -> Vec<String> {
    let rows = report.rows();
    let others = other.map(Report::rows).unwrap_or_default();
    let wide = |text: &String| text.chars().count();
    let first = rows.iter().chain(&others).map(|row| wide(&row.0)).max().unwrap_or(0);
    let second = rows.iter().map(|row| wide(&row.1)).max().unwrap_or(0);
    let pad = |text: &str, width: usize| {
        format!("{text}{}", " ".repeat(width.saturating_sub(text.chars().count())))
    };
    let beside = |name: &str| others.iter().find(|row| row.0 == name).map(|row| row.1.as_str());
    let line = |row: &(String, String)| {
        let line = format!(
            "{}  {}  {}",
            pad(&row.0, first),
            pad(&row.1, second),
            beside(&row.0).unwrap_or_default()
        );
        line.trim_end().to_owned()
    };
    let only = others.iter().filter(|row| !rows.iter().any(|own| own.0 == row.0));
    let only = only.map(|row| format!("{}  {}  {}", pad(&row.0, first), pad("-", second), row.1));
    rows.iter().map(line).chain(only).collect()
}
