//! What work costs.

use std::collections::BTreeMap;
use std::time::Duration;

use api::{CostsView, SpentView, TokensView};
use axum::Json;
use axum::extract::{Query, State};
use domain::Timestamp;
use engine::Spent;
use jiff::civil::Date;
use jiff::{ToSpan, tz::TimeZone};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;
use crate::error::Failure;

/// The most days that one answer looks back.
const MOST_DAYS: u32 = 366;

/// How far back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CostsQuery {
    /// Only so many days back, today included: 30 when left out, 366 at most.
    days: Option<u32>,
    /// Only this project.
    project: Option<String>,
}

/// What was spent: by day, project, agent and kind of work, and for each work that was taken.
#[utoipa::path(get, path = "/api/costs", params(CostsQuery), responses((status = 200, body = CostsView)))]
pub(crate) async fn get_costs(
    State(app): State<App>,
    Query(query): Query<CostsQuery>,
) -> Result<Json<CostsView>, Failure> {
    let (zone, now) = (app.engine.zone(), engine::clock::now());
    let days = query.days.unwrap_or(30).clamp(1, MOST_DAYS);
    // A day more, because days are those of the zone.
    let since = now.minus(Duration::from_secs(u64::from(days + 1) * 24 * 3600));
    let mut spent = app.engine.spending(since).await?;
    spent.retain(|one| query.project.as_ref().is_none_or(|project| one.project == *project));
    Ok(Json(view(&spent, days, date(now, &zone), &zone)))
}

fn date(at: Timestamp, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    at.to_zoned(zone.clone()).date()
}

fn view(spent: &[Spent], days: u32, today: Date, zone: &TimeZone) -> CostsView {
    let first = today.saturating_sub(i64::from(days - 1).days());
    let mut by_day: BTreeMap<Date, SpentView> = BTreeMap::new();
    for n in 0..days {
        let day = first.saturating_add(i64::from(n).days());
        by_day.insert(day, empty(&day.to_string()));
    }
    let mut total = empty("all");
    let mut by = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
    for one in spent {
        let Some(day) = by_day.get_mut(&date(one.at, zone)) else { continue };
        add(day, one);
        add(&mut total, one);
        for (by, name) in by.iter_mut().zip([&one.project, &one.agent, &one.kind]) {
            add(by.entry(name.clone()).or_insert_with(|| empty(name)), one);
        }
    }
    let [by_project, by_agent, by_kind] = by.map(|by| {
        let mut by: Vec<SpentView> = by.into_values().map(per_accepted).collect();
        by.sort_by(|a, b| b.cost_usd.total_cmp(&a.cost_usd).then_with(|| a.name.cmp(&b.name)));
        by
    });
    CostsView {
        days,
        total: per_accepted(total),
        by_day: by_day.into_values().map(per_accepted).collect(),
        by_project,
        by_agent,
        by_kind,
    }
}

fn empty(name: &str) -> SpentView {
    SpentView {
        name: name.into(),
        runs: 0,
        accepted: 0,
        tokens: TokensView::default(),
        cost_usd: 0.0,
        charged_usd: 0.0,
        usd_per_accepted: None,
    }
}

fn add(to: &mut SpentView, one: &Spent) {
    to.runs += one.runs;
    to.accepted += one.accepted;
    to.tokens.input += one.usage.input;
    to.tokens.output += one.usage.output;
    to.tokens.cached += one.usage.cached;
    to.cost_usd += one.usage.cost_usd;
    to.charged_usd += one.charged_usd;
}

#[expect(clippy::cast_precision_loss, reason = "nobody accepts that many")]
fn per_accepted(of: SpentView) -> SpentView {
    SpentView { usd_per_accepted: (of.accepted > 0).then(|| of.cost_usd / of.accepted as f64), ..of }
}

#[cfg(test)]
mod tests {
    use domain::Usage;

    use super::*;

    fn spent(at: &str, project: &str, accepted: u64, cost_usd: f64) -> Spent {
        let at: jiff::Timestamp = at.parse().unwrap();
        Spent {
            at: Timestamp::from_millis(at.as_millisecond()),
            project: project.into(),
            agent: "claude".into(),
            kind: "implementation".into(),
            runs: 1,
            accepted,
            usage: Usage { input: 10, output: 2, cached: 0, cost_usd },
            charged_usd: 0.0,
        }
    }

    #[test]
    fn days_are_those_of_the_zone_and_sums_agree() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let all = [
            spent("2026-11-27T23:00:00Z", "shop", 1, 1.0),
            spent("2026-11-27T21:00:00Z", "shop", 1, 2.0),
            spent("2026-11-26T10:00:00Z", "web", 0, 4.0),
            spent("2026-11-20T10:00:00Z", "web", 0, 8.0),
        ];
        let view = view(&all, 3, jiff::civil::date(2026, 11, 28), &zone);
        let days: Vec<_> = view.by_day.iter().map(|day| (day.name.as_str(), day.cost_usd)).collect();
        assert_eq!(days, [("2026-11-26", 4.0), ("2026-11-27", 2.0), ("2026-11-28", 1.0)]);
        assert_eq!((view.total.cost_usd, view.total.usd_per_accepted), (7.0, Some(3.5)));
        let projects: Vec<_> = view.by_project.iter().map(|it| (it.name.as_str(), it.cost_usd)).collect();
        assert_eq!(projects, [("web", 4.0), ("shop", 3.0)]);
        assert_eq!(view.by_project[0].usd_per_accepted, None);
    }
}
