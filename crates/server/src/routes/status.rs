//! Health and status.

use api::{AgentStatus, Health, Page, Status};
use axum::Json;
use axum::extract::State;

use crate::App;
use crate::error::Failure;

/// Whether the daemon is up.
#[utoipa::path(get, path = "/api/health", responses((status = 200, body = Health)))]
pub(crate) async fn get_health(State(app): State<App>) -> Json<Health> {
    Json(Health {
        status: "ok".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        started_at: app.engine.started_at().to_string(),
    })
}

/// What the daemon found and is doing.
#[utoipa::path(get, path = "/api/status", responses((status = 200, body = Status)))]
pub(crate) async fn get_status(State(app): State<App>) -> Result<Json<Status>, Failure> {
    Ok(Json(crate::routes::status::status(&app).await?))
}

async fn status(app: &App) -> Result<Status, Failure> {
    let (counts, load) =
        app.engine.store().read(|tx| Ok((store::tasks::counts(tx)?, store::runs::load_now(tx)?))).await?;
    let sandbox = app.engine.sandbox().await;
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").into(),
        started_at: app.engine.started_at().to_string(),
        sandbox: api::SandboxStatus {
            kind: "sandbox".into(),
            ok: sandbox.ok,
            summary: sandbox.summary.clone(),
            details: sandbox
                .details
                .iter()
                .map(|detail| api::Detail {
                    name: detail.name.clone(),
                    ok: detail.ok,
                    text: detail.text.clone(),
                })
                .collect(),
        },
        agents: agents_here(app),
        settings: app.engine.settings_taken().as_ref().map(super::settings::taken),
        counts: counts.into_iter().collect(),
        concurrency: api::Concurrency {
            running: load.projects.values().sum::<usize>() as u64,
            limit: app.engine.concurrency() as u64,
        },
    })
}

/// The agents that are known here, and what each lacks.
#[utoipa::path(get, path = "/api/agents", responses((status = 200, body = Page<AgentStatus>)))]
pub(crate) async fn list_agents(State(app): State<App>) -> Json<Page<AgentStatus>> {
    Json(Page { items: agents_here(&app), next_cursor: None })
}

fn agents_here(app: &App) -> Vec<AgentStatus> {
    let agents = app.engine.agents();
    let view = |agent: &engine::AgentHere| AgentStatus {
        name: agent.name.clone(),
        state: agent.state.as_str().into(),
        version: agent.version.clone(),
        billing: agent.billing.clone(),
        detail: agent.detail.clone(),
        abilities: agent.abilities.words().into_iter().map(Into::into).collect(),
    };
    agents.iter().map(view).collect()
}
