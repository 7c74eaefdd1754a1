//! Accounts: what is left of them, over time, and switching them.

use api::{AccountView, Page, Problem, SwitchAccount, TokensView, UsedView, WindowPoint, WindowView};
use axum::Json;
use axum::extract::{Query, State};
use domain::account::{Hold, Window};
use domain::event::LimitStatus;
use domain::{Timestamp, Usage};
use engine::{AccountHere, Readiness, Switch};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;
use crate::error::{Failure, invalid};

/// Every account, in the order they are used.
#[utoipa::path(get, path = "/api/credits", responses((status = 200, body = Page<AccountView>)))]
pub(crate) async fn list_credits(State(app): State<App>) -> Result<Json<Page<AccountView>>, Failure> {
    let now = engine::clock::now();
    let items = app.engine.accounts().await?.iter().map(|here| view(here, now)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Which history.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Only this account.
    account: Option<String>,
    /// Only so many hours back; a week when left out.
    hours: Option<u64>,
}

/// How much of each window was used, over time; the latest 2,000 points.
#[utoipa::path(get, path = "/api/credits/history", params(HistoryQuery),
    responses((status = 200, body = Page<WindowPoint>)))]
pub(crate) async fn list_credit_history(
    State(app): State<App>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Page<WindowPoint>>, Failure> {
    let hours = query.hours.unwrap_or(7 * 24).min(90 * 24);
    let since = engine::clock::now().minus(std::time::Duration::from_secs(hours * 3600));
    let points = app.engine.window_history(query.account, since).await?;
    let items = points.into_iter().map(|point| WindowPoint {
        account: point.account,
        window: point.window,
        at: point.at.to_string(),
        used: point.utilization,
    });
    Ok(Json(Page { items: items.collect(), next_cursor: None }))
}

/// Switches one account or all: off, on, or awake before its time.
#[utoipa::path(post, path = "/api/accounts/switch", request_body = SwitchAccount,
    responses((status = 200, body = Page<AccountView>), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn switch_accounts(
    State(app): State<App>,
    Json(wanted): Json<SwitchAccount>,
) -> Result<Json<Page<AccountView>>, Failure> {
    let switch = match wanted.to.as_str() {
        "on" => Switch::On,
        "off" => Switch::Off,
        "wake" => Switch::Wake,
        other => return Err(invalid(format!("`{other}`: an account is switched `on`, `off` or `wake`"))),
    };
    app.engine.switch_accounts(wanted.account.as_deref(), switch).await?;
    list_credits(State(app)).await
}

fn view(here: &AccountHere, now: Timestamp) -> AccountView {
    let account = &here.account;
    let (state, reason, until, billing) = match (&here.readiness, &here.hold) {
        (Readiness::LoggedOut(hint), _) => ("logged_out", Some((*hint).to_owned()), None, None),
        (Readiness::Ready(billing), None) => ("ready", None, None, Some(*billing)),
        (Readiness::Ready(billing), Some((hold, sentence))) => {
            let state = match hold {
                Hold::Off => "off",
                Hold::Busy | Hold::Probing | Hold::Spoken { .. } | Hold::Paced { .. } => "busy",
                Hold::Resting { .. } | Hold::Kept { .. } | Hold::Quiet { .. } => "resting",
            };
            (state, Some(sentence.clone()), hold.until(), Some(*billing))
        }
    };
    let [short, long] = here.used.map(used);
    AccountView {
        name: account.name.clone(),
        agent: account.agent.clone(),
        state: state.into(),
        reason,
        until: until.map(|at| at.to_string()),
        billing: billing.map(Into::into),
        running: here.live as u64,
        reserve: percent(account.reserve),
        windows: here.standing.windows.iter().map(|known| window(known, now)).collect(),
        last_five_hours: short,
        last_seven_days: long,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is 0 to 1")]
fn percent(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 100.0).round() as u8
}

fn window(window: &Window, now: Timestamp) -> WindowView {
    WindowView {
        name: window.name.clone(),
        label: window.label(),
        status: match window.status {
            LimitStatus::Allowed => "allowed",
            LimitStatus::Warning => "warning",
            LimitStatus::Rejected => "rejected",
        }
        .into(),
        used: window.utilization,
        resets_at: window.resets_at.map(|at| at.to_string()),
        seen_at: window.seen_at.to_string(),
        stale: !window.is_current(now),
    }
}

fn used((usage, runs): (Usage, u64)) -> UsedView {
    let tokens = TokensView { input: usage.input, output: usage.output, cached: usage.cached };
    UsedView { runs, tokens, cost_usd: usage.cost_usd }
}
