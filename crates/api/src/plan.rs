//! The plan on the wire.

use domain::estimate::Basis;
use domain::plan::save::Verdict;
use domain::plan::{Pending, Planned, Stands};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What will be done when.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanView {
    /// When it was made.
    pub made_at: String,
    /// In a few sentences.
    pub summary: String,
    /// The tasks that are not at their end, by the time of starting; what only a person can start comes last.
    pub tasks: Vec<PlannedView>,
    /// Tasks that are not listed here.
    pub left_out: usize,
}

/// A task in the plan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlannedView {
    /// The task's id.
    pub id: String,
    /// The short form of it.
    pub short: String,
    /// Its title.
    pub title: String,
    /// The project's name.
    pub project: String,
    /// `queued`, `running`, `waiting`, `review`, or `landing` while its approved work is being merged.
    pub state: String,
    /// 1 (most urgent) to 9.
    pub priority: u8,
    /// The agent.
    pub agent: String,
    /// The account it runs on, as far as that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// When it starts, or did; none when only a person can start it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<String>,
    /// When half of such runs would have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_at: Option<String>,
    /// When four of five would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surely_at: Option<String>,
    /// What a run of it is expected to take.
    pub estimate: EstimateView,
    /// When it is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// `none`, `makes` (in four of five cases), `tight` (in half of them), `late` or `unknown`.
    pub verdict: String,
    /// By how much it will be late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_seconds: Option<u64>,
    /// What would save it, looked for where few are late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save: Option<String>,
    /// Why it runs, starts or waits, in one sentence.
    pub reason: String,
}

/// What a run is expected to take.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct EstimateView {
    /// Half of such runs take at most this.
    pub median_seconds: u64,
    /// Four of five do.
    pub high_seconds: u64,
    /// Half of such runs need at most so many tokens.
    pub median_tokens: u64,
    /// Four of five do.
    pub high_tokens: u64,
    /// The ended runs it is learned from; none when it is a guess.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
}

impl PlannedView {
    /// A task with its place in the plan.
    pub fn new(task: &Pending, planned: &Planned) -> Self {
        let (estimate, laid) = (&planned.estimate, &planned.laid);
        let (verdict, late) = match planned.verdict {
            Verdict::None => ("none", None),
            Verdict::Makes => ("makes", None),
            Verdict::Tight => ("tight", None),
            Verdict::Late(by) => ("late", Some(by.as_secs())),
            Verdict::Unknown => ("unknown", None),
        };
        let state = match task.stands {
            Stands::Queued => "queued",
            Stands::Running { .. } => "running",
            Stands::Waiting(_) => "waiting",
            Stands::Review => "review",
            Stands::Landing => "landing",
        };
        Self {
            id: task.id().to_string(),
            short: task.id().short(),
            title: task.title.clone(),
            project: task.candidate.project.clone(),
            state: state.into(),
            priority: task.priority,
            agent: task.candidate.agent.clone(),
            account: laid.account.clone(),
            start_at: laid.start.map(|at| at.to_string()),
            end_at: laid.end.map(|at| at.to_string()),
            surely_at: laid.surely.map(|at| at.to_string()),
            estimate: EstimateView {
                median_seconds: estimate.median().as_secs(),
                high_seconds: estimate.high().as_secs(),
                median_tokens: estimate.tokens.median,
                high_tokens: estimate.tokens.high,
                runs: match estimate.basis {
                    Basis::Runs(n) => Some(n),
                    Basis::Guess => None,
                },
            },
            deadline: task.deadline.map(|at| at.to_string()),
            verdict: verdict.into(),
            late_seconds: late,
            save: planned.save.as_ref().map(domain::plan::save::Save::sentence),
            reason: planned.reason.clone(),
        }
    }
}
