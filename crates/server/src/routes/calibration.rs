//! How good the confidence of verdicts was.

use api::{CalibrationView, Problem, StepView};
use axum::Json;
use axum::extract::{Query, State};
use domain::supervise::calibrate::{FEWEST, fit, reliability};
use serde::Deserialize;
use store::memory::Place;
use store::verdicts::{self, Measured};
use utoipa::IntoParams;

use crate::App;
use crate::error::{Failure, invalid};

/// Whose.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CalibrationQuery {
    /// A configured project; all work when left out.
    project: Option<String>,
}

/// The reliability diagram of confidences, their Brier score and correlation, on what people did in the end.
#[utoipa::path(get, path = "/api/calibration", params(CalibrationQuery),
    responses((status = 200, body = CalibrationView), (status = 400, body = Problem)))]
pub(crate) async fn get_calibration(
    State(app): State<App>,
    Query(query): Query<CalibrationQuery>,
) -> Result<Json<CalibrationView>, Failure> {
    let place = match query.project {
        None => None,
        Some(name) => {
            let project = app.engine.projects().into_iter().find(|project| project.name == name);
            let project = project.ok_or_else(|| invalid(format!("there is no project `{name}`")))?;
            Some(Place { project: project.name.clone(), repo: project.repo.clone() })
        }
    };
    let measured = app.engine.store().read(move |tx| verdicts::measured(tx, place.as_ref())).await?;
    let shown: Vec<_> = measured.iter().map(Measured::shown).collect();
    let learned: Vec<_> = measured.iter().map(Measured::learned).collect();
    let found = reliability(&shown);
    let steps = fit(&learned).into_iter();
    Ok(Json(CalibrationView {
        of: measured.len(),
        approved: measured.iter().filter(|one| one.approved).count(),
        fewest: FEWEST,
        calibrated: measured.len() >= FEWEST,
        brier: found.brier,
        brier_raw: reliability(&learned).brier,
        correlation: found.correlation,
        bins: api::bins(&found),
        steps: steps
            .map(|step| StepView { from: step.from, to: step.to, of: step.of, approved: step.approved })
            .collect(),
    }))
}
