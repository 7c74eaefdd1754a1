//! Projects, as they are configured.

use api::{Page, ProjectView};
use axum::Json;
use axum::extract::State;

use crate::App;

/// The configured projects.
#[utoipa::path(get, path = "/api/projects", responses((status = 200, body = Page<ProjectView>)))]
pub(crate) async fn list_projects(State(app): State<App>) -> Json<Page<ProjectView>> {
    let items = app.engine.projects().iter().map(ProjectView::from).collect();
    Json(Page { items, next_cursor: None })
}
