//! `sidekick plan`: what will be done when, by whom, and why.

use std::process::ExitCode;

use api::{PlanView, PlannedView};
use domain::plan::told;
use jiff::tz::TimeZone;

use super::look;
use crate::args::{Args, Plan};
use crate::error::Result;
use crate::show::tone_of;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn plan(args: &Args, wanted: &Plan, ui: &Ui) -> Result<ExitCode> {
    let mut path = format!("/api/plan?limit={}", wanted.limit);
    if let Some(project) = &wanted.project {
        path += &format!("&project={}", api::escaped(project));
    }
    let plan: PlanView = look(args)?.client.get(&path)?;
    if ui.json {
        ui.json(&plan);
        return Ok(ExitCode::SUCCESS);
    }
    let now = jiff::Timestamp::now();
    let rows: Vec<_> = plan.tasks.iter().map(|task| row(task, now, &TimeZone::system())).collect();
    ui.table(&rows);
    if plan.left_out > 0 {
        ui.say(format!("{} more: -n {} shows them.", plan.left_out, plan.left_out + plan.tasks.len()));
    }
    if !rows.is_empty() {
        ui.out("");
    }
    ui.out(&plan.summary);
    Ok(ExitCode::SUCCESS)
}

/// When, which, by whom, for how long, its deadline, what, why.
fn row(task: &PlannedView, now: jiff::Timestamp, zone: &TimeZone) -> Vec<(Tone, String)> {
    let (tone, verdict) = verdict(task);
    let seconds = |n: u64| std::time::Duration::from_secs(n);
    let takes = told(seconds(task.estimate.median_seconds));
    let guessed = if task.estimate.runs.is_none() { "~" } else { "" };
    vec![
        (tone_of(&task.state), start(task, now, zone)),
        (Tone::Strong, task.short.clone()),
        (Tone::Dim, task.account.clone().unwrap_or_else(|| task.agent.clone())),
        (Tone::Dim, format!("{guessed}{takes}")),
        (tone, verdict),
        (Tone::Strong, plain(&task.title).chars().take(40).collect()),
        (Tone::Dim, plain(&task.reason)),
    ]
}

fn start(task: &PlannedView, now: jiff::Timestamp, zone: &TimeZone) -> String {
    let at = task.start_at.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    match (task.state.as_str(), at) {
        ("running", _) => "runs".into(),
        (done @ ("review" | "landing"), _) => done.into(),
        (_, None) => "needs you".into(),
        (_, Some(at)) if at.as_second() <= now.as_second() => "now".into(),
        (_, Some(at)) => {
            let (at, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()).date());
            let form = if at.date() == today { "%H:%M" } else { "%a %-d %b %H:%M" };
            at.strftime(form).to_string()
        }
    }
}

/// How it stands to its deadline, and what would save it.
fn verdict(task: &PlannedView) -> (Tone, String) {
    match task.verdict.as_str() {
        "makes" => (Tone::Good, "in time".into()),
        "tight" => (Tone::Busy, "tight".into()),
        "late" => {
            let by = told(std::time::Duration::from_secs(task.late_seconds.unwrap_or(0)));
            let save = task.save.as_ref().map(|save| format!(", {save}")).unwrap_or_default();
            (Tone::Bad, format!("{by} late{save}"))
        }
        "unknown" => (Tone::Busy, "has a deadline".into()),
        _ => (Tone::Dim, "-".into()),
    }
}

#[cfg(test)]
mod tests {
    use api::EstimateView;

    use super::*;

    #[test]
    fn a_plan_in_lines() {
        let task = |state: &str, start: Option<&str>, verdict: &str, reason: &str| PlannedView {
            id: String::new(),
            short: "4f2a91bc".into(),
            title: "fix the parser".into(),
            project: "shop".into(),
            state: state.into(),
            priority: 5,
            agent: "claude".into(),
            account: start.map(|_| "claude/work".into()),
            start_at: start.map(Into::into),
            end_at: None,
            surely_at: None,
            estimate: EstimateView {
                median_seconds: 900,
                high_seconds: 2400,
                median_tokens: 0,
                high_tokens: 0,
                runs: (state == "running").then_some(12),
            },
            deadline: None,
            verdict: verdict.into(),
            late_seconds: Some(7260),
            save: (verdict == "late").then(|| "would make it with priority 2".into()),
            reason: reason.into(),
        };
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let tasks = [
            task(
                "running",
                Some("2026-11-21T11:50:00Z"),
                "makes",
                "runs on claude/work since Sat 21 Nov 11:50 UTC",
            ),
            task("queued", Some("2026-11-21T12:00:00Z"), "none", "starts now on claude/work"),
            task("queued", Some("2026-11-21T12:15:00Z"), "tight", "starts as soon as one of 2 runs ends"),
            task(
                "queued",
                Some("2026-11-22T09:00:00Z"),
                "late",
                "waits behind 3 more urgent tasks: 2 run at once",
            ),
            task("waiting", None, "unknown", "waits for your answer: which colour?"),
        ];
        let lines = tasks.iter().map(|task| {
            let cells = row(task, now, &TimeZone::UTC).into_iter().map(|(_, cell)| cell);
            cells.collect::<Vec<_>>().join(" | ")
        });
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
        runs | 4f2a91bc | claude/work | 15 min | in time | fix the parser | runs on claude/work since Sat 21 Nov 11:50 UTC
        now | 4f2a91bc | claude/work | ~15 min | - | fix the parser | starts now on claude/work
        12:15 | 4f2a91bc | claude/work | ~15 min | tight | fix the parser | starts as soon as one of 2 runs ends
        Sun 22 Nov 09:00 | 4f2a91bc | claude/work | ~15 min | 2 h 1 min late, would make it with priority 2 | fix the parser | waits behind 3 more urgent tasks: 2 run at once
        needs you | 4f2a91bc | claude | ~15 min | has a deadline | fix the parser | waits for your answer: which colour?
        ");
    }
}
