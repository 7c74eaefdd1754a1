//! `sidekick calibration`: how good the confidence of verdicts was, on what people did in the end.

use std::process::ExitCode;

use api::CalibrationView;

use super::look;
use crate::args::{Args, Calibration};
use crate::error::Result;
use crate::ui::{Tone, Ui};

pub(crate) fn calibration(args: &Args, asked: &Calibration, ui: &Ui) -> Result<ExitCode> {
    let project = asked.project.as_deref().map(|name| format!("?project={}", api::escaped(name)));
    let path = format!("/api/calibration{}", project.unwrap_or_default());
    let found: CalibrationView = look(args)?.client.get(&path)?;
    if ui.json {
        ui.json(&found);
        return Ok(ExitCode::SUCCESS);
    }
    if found.of == 0 {
        ui.out("Nobody has decided about judged work yet: approve some, send some back, and look again.");
        return Ok(ExitCode::SUCCESS);
    }
    let rows = found.bins.iter().map(|bin| {
        vec![
            (Tone::Strong, format!("{:.1} to {:.1}", bin.from, bin.to)),
            (Tone::Dim, format!("{} verdicts", bin.of)),
            (Tone::Dim, format!("said {:.2}", bin.confidence)),
            (Tone::Dim, format!("was {:.2}", bin.approved)),
        ]
    });
    ui.table(&rows.collect::<Vec<_>>());
    let number =
        |value: Option<f64>| value.map_or_else(|| "not known yet".into(), |value| format!("{value:.3}"));
    ui.out(format!(
        "\n{} of {} were merged without a change. Brier score {} ({} before calibration), correlation {}.",
        found.approved,
        found.of,
        number(found.brier),
        number(found.brier_raw),
        number(found.correlation)
    ));
    if !found.calibrated {
        ui.out(format!("Confidence is by rules until {} are on record.", found.fewest));
    }
    Ok(ExitCode::SUCCESS)
}
