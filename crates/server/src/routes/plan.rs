//! The plan.

use api::{PlanView, PlannedView, Problem};
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;
use crate::error::Failure;

/// The most tasks one answer lists.
const MOST: usize = 1000;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlanQuery {
    /// Only this project.
    project: Option<String>,
    /// Only this task, by its id.
    task: Option<String>,
    /// At most so many: 200 when left out, 1000 at most.
    limit: Option<usize>,
}

/// What will be done when, on which account, what misses its deadline, and why each task stands where it does.
#[utoipa::path(get, path = "/api/plan", params(PlanQuery),
    responses((status = 200, body = PlanView), (status = 503, body = Problem)))]
pub(crate) async fn get_plan(
    State(app): State<App>,
    Query(query): Query<PlanQuery>,
) -> Result<Json<PlanView>, Failure> {
    let plan = app.engine.plan().await?;
    let is_wanted = |task: &domain::plan::Pending| {
        query.project.as_ref().is_none_or(|name| *name == task.candidate.project)
            && query.task.as_ref().is_none_or(|id| *id == task.id().to_string())
    };
    let wanted = plan.planned.iter().map(|planned| (&plan.tasks[planned.at], planned));
    let wanted: Vec<_> = wanted.filter(|(task, _)| is_wanted(task)).collect();
    let limit = query.limit.unwrap_or(200).clamp(1, MOST);
    let tasks = wanted.iter().take(limit).map(|(task, planned)| PlannedView::new(task, planned)).collect();
    let summary = if plan.cut {
        format!("{} Only the {} most urgent tasks are planned.", plan.summary, plan.tasks.len())
    } else {
        plan.summary
    };
    let left_out = wanted.len().saturating_sub(limit);
    Ok(Json(PlanView { made_at: plan.made_at.to_string(), summary, tasks, left_out }))
}
