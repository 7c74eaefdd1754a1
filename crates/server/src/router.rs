//! Every route, on one page.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::routes::{
    accounts, answers, board, calibration, changes, conversations, costs, events, fork, hindsight, memory,
    plan, projects, push, questions, queue, remarks, routing, session, sessions, settings, status, tasks,
    users, voice,
};
use crate::{App, assets, guard, ws};

/// The largest body a request may have.
const MOST_BODY: usize = 1024 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sidekick",
        description = "Delegate work to coding agents. Walk away. Get told. Review.",
        license(name = "Apache-2.0")
    ),
    components(schemas(api::EventView, api::Problem))
)]
struct Document;

fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(status::get_health))
        .routes(routes!(status::get_status))
        .routes(routes!(status::list_agents))
        .routes(routes!(projects::list_projects))
        .routes(routes!(plan::get_plan))
        .routes(routes!(push::get_push_key))
        .routes(routes!(push::subscribe_push, push::unsubscribe_push))
        .routes(routes!(push::test_push))
        .routes(routes!(push::list_alerts))
        .routes(routes!(push::dismiss_alert))
        .routes(routes!(board::get_inbox))
        .routes(routes!(board::get_board))
        .routes(routes!(settings::get_settings, settings::change_settings))
        .routes(routes!(settings::write_settings))
        .routes(routes!(sessions::list_sessions))
        .routes(routes!(accounts::list_credits))
        .routes(routes!(accounts::list_credit_history))
        .routes(routes!(accounts::switch_accounts))
        .routes(routes!(costs::get_costs))
        .routes(routes!(session::create_session, session::delete_session))
        .routes(routes!(session::get_me))
        .routes(routes!(session::change_password))
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::change_user, users::remove_user))
        .routes(routes!(users::list_tokens, users::create_token))
        .routes(routes!(users::revoke_token))
        .routes(routes!(users::list_browsers))
        .routes(routes!(users::sign_out_browser))
        .routes(routes!(users::list_audit))
        .routes(routes!(session::create_link))
        .routes(routes!(tasks::list_tasks, tasks::create_task))
        .routes(routes!(tasks::get_task, tasks::adjust_task))
        .routes(routes!(routing::preview_route))
        .routes(routes!(routing::get_task_route))
        .routes(routes!(tasks::list_runs))
        .routes(routes!(tasks::get_diff))
        .routes(routes!(changes::get_changes))
        .routes(routes!(changes::get_change))
        .routes(routes!(changes::get_lines))
        .routes(routes!(changes::get_image))
        .routes(routes!(changes::list_changing))
        .routes(routes!(changes::get_continuation))
        .routes(routes!(changes::download_log))
        .routes(routes!(remarks::list_remarks, remarks::write_remark))
        .routes(routes!(remarks::change_remark, remarks::remove_remark))
        .routes(routes!(tasks::list_checkpoints))
        .routes(routes!(tasks::approve_task))
        .routes(routes!(tasks::reject_task))
        .routes(routes!(tasks::send_back_task))
        .routes(routes!(fork::fork_task))
        .routes(routes!(tasks::take_over_task))
        .routes(routes!(tasks::answer_task))
        .routes(routes!(questions::list_questions))
        .routes(routes!(questions::answer_alike))
        .routes(routes!(tasks::stop_task))
        .routes(routes!(tasks::retry_task))
        .routes(routes!(tasks::roll_back_task))
        .routes(routes!(tasks::revert_task))
        .routes(routes!(calibration::get_calibration))
        .routes(routes!(hindsight::get_hindsight))
        .routes(routes!(hindsight::apply_hindsight))
        .routes(routes!(hindsight::list_hindsights))
        .routes(routes!(conversations::chat))
        .routes(routes!(conversations::list_conversations, conversations::create_conversation))
        .routes(routes!(
            conversations::get_conversation,
            conversations::rename_conversation,
            conversations::delete_conversation
        ))
        .routes(routes!(conversations::list_messages))
        .routes(routes!(conversations::get_message))
        .routes(routes!(conversations::confirm_proposal))
        .routes(routes!(conversations::drop_proposal))
        .routes(routes!(voice::transcribe_voice).layer(DefaultBodyLimit::max(engine::MOST_AUDIO)))
        .routes(routes!(queue::get_queue))
        .routes(routes!(tasks::get_race))
        .routes(routes!(memory::read_memory, memory::write_memory))
        .routes(routes!(events::list_task_events))
        .routes(routes!(events::follow_events))
}

pub(crate) fn router(app: App) -> Router {
    let (router, document) = documented().split_for_parts();
    let document: std::sync::Arc<str> = serde_json::to_string(&document).unwrap_or_default().into();
    router
        .route("/api/openapi.json", axum::routing::get(move || async move { assets::json(&document) }))
        .route("/answer/{link}", axum::routing::get(answers::show_answer).post(answers::give_answer))
        .route("/ws/{session_id}", axum::routing::get(ws::follow))
        .fallback(assets::serve)
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

/// The `OpenAPI` document, as JSON.
pub fn openapi() -> String {
    let (_, document) = documented().split_for_parts();
    document.to_pretty_json().unwrap_or_default()
}
