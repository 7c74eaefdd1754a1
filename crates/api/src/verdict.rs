//! Verdicts and their calibration on the wire.

use domain::coverage::{Coverage, FileCoverage};
use domain::supervise::calibrate::{Bin, Reliability};
use domain::supervise::{Decision, Finding, Remark, Supervised, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What supervision made of a task's latest run.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct VerdictView {
    /// `review`, `approve`, `retry`, `escalate` or `ask`.
    pub decision: String,
    /// Why, in one sentence.
    pub reason: String,
    /// That a person would merge it without a change: 0 to 1.
    pub confidence: f64,
    /// The same with its record: `0.82: 47 of 52 such were merged without a change`.
    pub confidence_words: String,
    /// What it is made of.
    pub factors: Vec<FactorView>,
    /// What the rules found.
    pub findings: Vec<FindingView>,
    /// What a second model said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<OpinionView>,
    /// How much of the change ran in tests, where the project's checks measure it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<CoverageView>,
    /// How far the agent is trusted in the project: `new`, `known` or `trusted`.
    pub tier: String,
    /// The expression that approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// The agent that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_to: Option<String>,
    /// How often the task was sent back by itself.
    pub retries: u32,
    /// The commit it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// What entered a confidence.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FactorView {
    /// In a few words.
    pub text: String,
    /// How far it moves the log-odds.
    pub weight: f64,
}

/// Something found in the work, by rules or by a reviewer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FindingView {
    /// Its name; `remark` for a reviewer's.
    pub name: String,
    /// `note`, `warning` or `serious`.
    pub severity: String,
    /// One sentence.
    pub text: String,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// How much of a change ran in tests. Only changed lines that a report knows as executable count.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CoverageView {
    /// `41 of 48 changed lines ran in tests`.
    pub words: String,
    /// Changed lines that ran.
    pub ran: u32,
    /// Changed lines that could have run.
    pub of: u32,
    /// The changed files that the reports name.
    pub files: Vec<FileCoverageView>,
    /// Changed code that no report names: no test loaded it.
    pub unnamed: Vec<String>,
}

/// How much of a changed file ran in tests.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FileCoverageView {
    /// The file.
    pub path: String,
    /// Changed lines that ran.
    pub ran: u32,
    /// Changed lines that could have run.
    pub of: u32,
    /// What did not run, in lines of the new file.
    pub uncovered: Vec<SpanView>,
}

/// Lines in a row, both ends included.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct SpanView {
    /// The first.
    pub from: u32,
    /// The last.
    pub to: u32,
}

/// What a second model said.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OpinionView {
    /// The reviewing agent.
    pub agent: String,
    /// Its model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Whether it wants the work changed.
    pub objects: bool,
    /// Its remarks, each on a line of the change.
    pub remarks: Vec<FindingView>,
    /// Why its opinion does not count, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
}

impl VerdictView {
    /// The verdict on a task's latest run, if one was judged.
    pub fn of(supervised: &Supervised) -> Option<Self> {
        let verdict: &Verdict = supervised.verdict.as_ref()?;
        let factors = verdict.factors.iter();
        Some(Self {
            decision: verdict.decision.as_str().into(),
            reason: verdict.reason.clone(),
            confidence: verdict.confidence,
            confidence_words: verdict.confidence_words(),
            factors: factors
                .map(|factor| FactorView { text: factor.text.clone(), weight: factor.weight })
                .collect(),
            findings: verdict.findings.iter().map(FindingView::from).collect(),
            opinion: verdict.opinion.as_ref().map(|opinion| OpinionView {
                agent: opinion.agent.clone(),
                model: opinion.model.clone(),
                score: opinion.score,
                objects: opinion.objects,
                remarks: opinion.remarks.iter().map(FindingView::from).collect(),
                without: opinion.without.clone(),
            }),
            coverage: verdict.coverage.as_ref().map(CoverageView::from),
            tier: verdict.tier.as_str().into(),
            approved_by: match &verdict.decision {
                Decision::Approve { by } => Some(by.clone()),
                _ => None,
            },
            escalated_to: match &verdict.decision {
                Decision::Escalate { to, .. } => Some(to.to_string()),
                _ => None,
            },
            retries: supervised.retries,
            commit: verdict.commit.clone(),
        })
    }
}

impl From<&Coverage> for CoverageView {
    fn from(coverage: &Coverage) -> Self {
        let file = |file: &FileCoverage| FileCoverageView {
            path: file.path.clone(),
            ran: file.ran,
            of: file.of,
            uncovered: file.missed.iter().map(|span| SpanView { from: span.from, to: span.to }).collect(),
        };
        Self {
            words: coverage.words(),
            ran: coverage.ran,
            of: coverage.of,
            files: coverage.files.iter().map(file).collect(),
            unnamed: coverage.unnamed.iter().map(|file| file.path.clone()).collect(),
        }
    }
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        Self {
            name: finding.name.clone(),
            severity: finding.severity.as_str().into(),
            text: finding.text.clone(),
            file: finding.file.clone(),
            line: finding.line,
        }
    }
}

impl From<&Remark> for FindingView {
    fn from(remark: &Remark) -> Self {
        Self {
            name: "remark".into(),
            severity: remark.severity.as_str().into(),
            text: remark.text.clone(),
            file: Some(remark.file.clone()),
            line: Some(remark.line),
        }
    }
}

/// How good the confidence was, measured on what people did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalibrationView {
    /// How many verdicts a person decided about.
    pub of: usize,
    /// How many of them were approved without a change.
    pub approved: usize,
    /// How many there have to be before confidence is calibrated on them.
    pub fewest: usize,
    /// Whether it is by now.
    pub calibrated: bool,
    /// The mean square of the difference between confidence and outcome: 0 is perfect, 0.25 a coin's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier: Option<f64>,
    /// The same of the scores before calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier_raw: Option<f64>,
    /// Of confidence and outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
    /// The reliability diagram.
    pub bins: Vec<BinView>,
    /// What scores mean by now: rising steps.
    pub steps: Vec<StepView>,
}

/// A bar of the reliability diagram.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct BinView {
    /// It holds confidences from here.
    pub from: f64,
    /// To here.
    pub to: f64,
    /// How many.
    pub of: u32,
    /// Their mean.
    pub confidence: f64,
    /// The share that was approved without a change.
    pub approved: f64,
}

/// A step of the calibration.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// The lowest score in it.
    pub from: f64,
    /// The highest.
    pub to: f64,
    /// How many verdicts.
    pub of: u32,
    /// How many of them were approved without a change.
    pub approved: u32,
}

/// The bars that have anything in them.
pub fn bins(found: &Reliability) -> Vec<BinView> {
    let bin = |(place, bin): (u32, &Bin)| BinView {
        from: f64::from(place) / 10.0,
        to: f64::from(place + 1) / 10.0,
        of: bin.of,
        confidence: bin.confidence,
        approved: bin.approved,
    };
    (0..).zip(&found.bins).filter(|(_, bin)| bin.of > 0).map(bin).collect()
}
