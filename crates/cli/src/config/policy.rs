//! A project's policy and its reviewer in the configuration; every mistake with its line.

use std::time::Duration;

use domain::pipeline::Split;
use domain::supervise::decide::MOST_RETRIES;
use domain::supervise::policy::DEFAULT_PATIENCE;
use domain::supervise::{Policy, Review, Rung, Tier};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::error::{Error, Result};

/// Patterns and rungs of a project.
const MOST: usize = 100;
/// A week.
const MOST_MINUTES: u32 = 7 * 24 * 60;

/// What may happen without a person.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PolicyFile {
    approve: Option<Spanned<String>>,
    trust: Option<Spanned<String>>,
    risky_paths: Vec<String>,
    only_paths: Vec<String>,
    threshold: Option<Spanned<f64>>,
    retries: Option<Spanned<u32>>,
    escalate: Vec<Spanned<String>>,
    most_files: Option<u32>,
    most_lines: Option<u32>,
    most_usd: Option<Spanned<f64>>,
    most_tokens: Option<u64>,
    most_percent: Option<Spanned<u8>>,
    split: Split,
    answer_minutes: Option<Spanned<u32>>,
}

/// Who gives a second opinion.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewFile {
    agent: Spanned<String>,
    model: Option<String>,
    timeout_minutes: Option<f64>,
}

fn wrong<T>(project: &str, at: &Spanned<T>, what: &str) -> Error {
    Error::usage(format!("line {}: project `{project}`: {what}", at.referenced.line()))
}

/// The policy; without one and without a reviewer, supervision only tells what it found.
pub(super) fn policy(
    project: &str,
    file: Option<PolicyFile>,
    reviewed: bool,
    is_agent: &dyn Fn(&str) -> bool,
) -> Result<Policy> {
    let default = Policy::default();
    let Some(file) = file else { return Ok(Policy { acts: reviewed, ..default }) };
    if let Some(rule) = &file.approve {
        engine::approval::check(&rule.value)
            .map_err(|said| wrong(project, rule, &format!("`approve` is no rule: {said}")))?;
    }
    let tier = |word: &Spanned<String>| match Tier::parse(&word.value) {
        Some(Tier::New) | None => Err(wrong(
            project,
            word,
            "`trust` is `known` or `trusted`: an agent that nobody knows never goes without a person",
        )),
        Some(tier) => Ok(tier),
    };
    if let Some(share) = file.threshold.as_ref().filter(|share| !(0.0..=1.0).contains(&share.value)) {
        return Err(wrong(project, share, "`threshold` is from 0 to 1"));
    }
    if let Some(retries) = file.retries.as_ref().filter(|retries| retries.value > MOST_RETRIES) {
        return Err(wrong(project, retries, &format!("`retries` is at most {MOST_RETRIES}")));
    }
    if let Some(most) = file.most_usd.as_ref().filter(|most| most.value.is_nan() || most.value < 0.0) {
        return Err(wrong(project, most, "`most_usd` is a sum of money, as 5"));
    }
    if let Some(most) = file.most_percent.as_ref().filter(|most| !(1..=100).contains(&most.value)) {
        return Err(wrong(project, most, "`most_percent` is from 1 to 100, of a window of an account"));
    }
    let minutes = file.answer_minutes.as_ref();
    if let Some(minutes) = minutes.filter(|minutes| !(1..=MOST_MINUTES).contains(&minutes.value)) {
        return Err(wrong(
            project,
            minutes,
            &format!("`answer_minutes` is from 1 to {MOST_MINUTES}, a week"),
        ));
    }
    if file.escalate.len().max(file.risky_paths.len()).max(file.only_paths.len()) > MOST {
        return Err(Error::usage(format!(
            "project `{project}`: a list of its policy has more than {MOST} entries"
        )));
    }
    let rung = |text: &Spanned<String>| {
        let rung = Rung::parse(&text.value).filter(|rung| is_agent(&rung.agent));
        rung.ok_or_else(|| wrong(project, text, &format!("`{}` is no AGENT or AGENT/MODEL", text.value)))
    };
    Ok(Policy {
        acts: true,
        approve: file.approve.map(|rule| rule.value),
        trust: file.trust.as_ref().map(tier).transpose()?.unwrap_or(default.trust),
        risky_paths: file.risky_paths,
        only_paths: file.only_paths,
        threshold: file.threshold.map_or(default.threshold, |share| share.value),
        retries: file.retries.map_or(default.retries, |retries| retries.value),
        escalate: file.escalate.iter().map(rung).collect::<Result<_>>()?,
        most_files: file.most_files.unwrap_or(default.most_files),
        most_lines: file.most_lines.unwrap_or(default.most_lines),
        most_usd: file.most_usd.map(|most| most.value),
        most_tokens: file.most_tokens,
        most_percent: file.most_percent.map(|most| most.value),
        split: file.split,
        answer_minutes: file.answer_minutes.map_or(default.answer_minutes, |minutes| minutes.value),
    })
}

/// The tools that agents have, each by its name.
pub(super) fn tools(project: &str, tools: Vec<Spanned<String>>) -> Result<Vec<String>> {
    let known = |tool: Spanned<String>| match mcp::Name::parse(&tool.value) {
        Some(name) => Ok(name.as_str().to_owned()),
        None => Err(wrong(
            project,
            &tool,
            &format!("there is no tool `{}`; docs/agents.md lists them", tool.value),
        )),
    };
    tools.into_iter().map(known).collect()
}

/// The reviewer: not the writer itself.
pub(super) fn review(
    project: &str,
    file: ReviewFile,
    writer: Option<&str>,
    is_agent: &dyn Fn(&str) -> bool,
) -> Result<Review> {
    let ReviewFile { agent, model, timeout_minutes } = file;
    if !is_agent(&agent.value) {
        return Err(wrong(project, &agent, &format!("there is no agent `{}` to review", agent.value)));
    }
    if model.is_none() && writer == Some(agent.value.as_str()) {
        let what = format!(
            "`{}` writes here, and nobody reviews their own work: name another agent, or another model of it",
            agent.value
        );
        return Err(wrong(project, &agent, &what));
    }
    let patience = timeout_minutes.map_or(Ok(DEFAULT_PATIENCE), |n| Duration::try_from_secs_f64(n * 60.0));
    let patience = patience.ok().filter(|span| !span.is_zero() && *span <= Duration::from_hours(1));
    let patience =
        patience.ok_or_else(|| wrong(project, &agent, "`timeout_minutes` of the review is from 0 to 60"))?;
    Ok(Review { agent: agent.value, model, patience })
}
