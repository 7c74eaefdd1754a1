//! The judgement of a run whose agent ended well: the facts are gathered here, what they mean is `domain::supervise`.
//! Whatever cannot be found out leaves the work to a person.

use std::sync::Arc;

use domain::pipeline;
use domain::supervise::breakpoint::Alarms;
use domain::supervise::calibrate::{self, FEWEST, Pair};
use domain::supervise::decide::{self, MOST_ESCALATIONS, Risk};
use domain::supervise::validate::{self, Left};
use domain::supervise::{
    Change, Changed, Decision, Finding, Opinion, Rung, Settled, Spent, Status, Taken, Tier, Verdict,
    confidence, trust,
};
use domain::work::{Command, End, RunCommand};
use domain::{CheckStatus, Event};
use store::memory::Place;
use store::{accounts, tasks, verdicts};
use workspace::{FileStatus, Workspace};

use super::{Broken, Drive};
use crate::{approval, blocking, clock};

/// The last events of a run that are looked at for errors.
const MOST_EVENTS: usize = 200;

/// What earlier work says.
struct Past {
    record: Vec<Settled>,
    alarms: Alarms,
    pairs: Vec<Pair>,
    /// The largest share that the task took of a window, and the window's name.
    window: Option<(f64, String)>,
}

impl Drive {
    /// Looks at the work, runs the project's checks, asks for a second opinion, and says what follows.
    pub(super) async fn judge(&mut self, workspace: &Workspace, end: End) -> Result<End, Broken> {
        let task = &self.work.task;
        if self.run()?.hands_on || task.asked.once || !task.questions.is_empty() {
            self.check(workspace).await?;
            return Ok(end);
        }
        let (change, past) = match (self.change().await, self.past().await) {
            (Ok(change), Ok(past)) => (change, past),
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(run.id = %self.id, %error, "run {} could not be judged; a person looks at it", self.id);
                self.check(workspace).await?;
                return Ok(end);
            }
        };
        let errors = self.errors().await?;
        let findings = validate::validate(&Left {
            kind: self.work.task.asked.nature.kind,
            task: &self.work.task.asked.text,
            summary: end.summary.as_deref().unwrap_or_default(),
            errors: &errors,
            change: &change,
        });
        let acts = self.project.policy.acts;
        // What was not done is neither checked nor reviewed: that would be paid for nothing.
        if !(acts && change.files.is_empty()) {
            self.check(workspace).await?;
        }
        if self.is_stopping() {
            return Ok(end);
        }
        let opinion = self.second_opinion(workspace, &change, &findings).await?;
        let verdict = self.verdict(&end, &change, findings, opinion, &past)?;
        Ok(End { verdict: Some(Box::new(verdict)), ..end })
    }

    fn verdict(
        &self,
        end: &End,
        change: &Change,
        findings: Vec<Finding>,
        opinion: Option<Opinion>,
        past: &Past,
    ) -> Result<Verdict, Broken> {
        let (run, task, policy) = (self.run()?, &self.work.task, &self.project.policy);
        let risks = decide::risks(policy, &past.alarms, change);
        let content = |wanted| past.record.iter().filter(|settled| settled.content() == Some(wanted)).count();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let tier = trust::tier(past.record.iter().copied());
        let (raw, factors) = confidence::raw(&confidence::Evidence {
            checks: &task.checks,
            findings: &findings,
            change,
            risks: risks.len(),
            opinion: opinion.as_ref(),
            record: (number(content(true)), number(content(false))),
            retries: task.supervised.retries,
            summary: end.summary.as_deref().unwrap_or_default(),
        });
        let (confidence, precedent) = calibrate::calibrated(&past.pairs, raw);
        let facts = self.facts(change, &risks, opinion.as_ref(), confidence, tier);
        let rung = self.rung();
        let taken = Taken {
            cost_usd: task.usage.cost_usd,
            tokens: task.usage.input.saturating_add(task.usage.output),
            window: past.window.clone(),
        };
        let spent = Spent::of(policy, &taken);
        let before = task.supervised.verdict.as_ref();
        let (decision, reason) = decide::decide(&decide::Facts {
            policy,
            alarms: &past.alarms,
            findings: &findings,
            checks: &task.checks,
            opinion: opinion.as_ref(),
            change,
            risks: &risks,
            confidence,
            tier,
            retries: task.supervised.retries,
            nothing_before: before
                .is_some_and(|verdict| verdict.findings.iter().any(|finding| finding.name == "nothing_done")),
            rung: rung.as_ref(),
            spent: spent.as_ref(),
            splits: pipeline::may_split(task),
            allowed: policy.approve.as_ref().is_some_and(|expression| approval::holds(expression, &facts)),
        });
        let commit = run.commit.clone();
        Ok(Verdict { commit, findings, opinion, raw, confidence, factors, precedent, tier, decision, reason })
    }

    fn facts(
        &self,
        change: &Change,
        risks: &[Risk],
        opinion: Option<&Opinion>,
        confidence: f64,
        tier: Tier,
    ) -> approval::Facts {
        let task = &self.work.task;
        let sum = |of: fn(&Changed) -> u32| change.files.iter().map(of).fold(0, u32::saturating_add);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let score = opinion.and_then(|opinion| opinion.score);
        approval::Facts {
            cost: task.usage.cost_usd,
            diff_lines: change.size(),
            files: number(change.files.len()),
            insertions: sum(|file| file.insertions),
            deletions: sum(|file| file.deletions),
            checks: number(task.checks.len()),
            checks_passed: !task.checks.is_empty()
                && task.checks.iter().all(|check| check.status == CheckStatus::Passed),
            confidence,
            risky: !risks.is_empty(),
            tests_touched: change.files.iter().any(Changed::is_test),
            reviewed: score.is_some(),
            review_score: score.unwrap_or(0.0),
            retries: task.supervised.retries,
            priority: task.asked.priority,
            kind: task.asked.nature.kind.as_str().into(),
            complexity: task.asked.nature.complexity.as_str().into(),
            agent: self.work.run.as_ref().map(|run| run.agent.clone()).unwrap_or_default(),
            tier: tier.as_str().into(),
        }
    }

    /// Who may be called next: the policy's ladder, else who may take over anyway.
    fn rung(&self) -> Option<Rung> {
        let (policy, run) = (&self.project.policy, self.work.run.as_ref()?);
        let called = self.work.task.supervised.escalations;
        if called >= MOST_ESCALATIONS {
            return None;
        }
        let ladder = if policy.escalate.is_empty() {
            let agents = self.project.fallback.iter();
            agents.map(|agent| Rung { agent: agent.clone(), model: None }).collect()
        } else {
            policy.escalate.clone()
        };
        let another =
            |rung: &Rung| rung.agent != run.agent || (rung.model.is_some() && rung.model != run.model);
        let ladder = ladder.into_iter().skip(usize::try_from(called).unwrap_or(usize::MAX));
        ladder.filter(another).find(|rung| self.context.agents.usable(&rung.agent).is_ok())
    }

    /// The work against the task's base.
    async fn change(&self) -> Result<Change, crate::Error> {
        let (base, commit) = (self.work.task.base_commit.clone(), self.work.task.commit.clone());
        let (Some(base), Some(commit)) = (base, commit) else { return Ok(Change::default()) };
        let (context, source) = (Arc::clone(&self.context), self.work.task.asked.repo.clone());
        let diff = blocking(move || {
            let repo = context.repo_of(&source)?;
            context.workspaces.diff(&repo, &base, &commit)
        });
        let file = |file: workspace::FileDiff| Changed {
            path: file.path,
            old_path: file.old_path,
            status: match file.status {
                FileStatus::Added => Status::Added,
                FileStatus::Modified => Status::Modified,
                FileStatus::Deleted => Status::Deleted,
                FileStatus::Renamed => Status::Renamed,
            },
            insertions: file.insertions,
            deletions: file.deletions,
            binary: file.binary,
            patch: file.patch,
        };
        Ok(Change { files: diff.await?.files.into_iter().map(file).collect() })
    }

    async fn past(&self) -> Result<Past, crate::Error> {
        let asked = &self.work.task.asked;
        let place = Place { project: asked.project.clone(), repo: asked.repo.clone() };
        let agent = self.work.run.as_ref().map(|run| run.agent.clone()).unwrap_or_default();
        let (id, now, wanted) = (self.work.task.id, clock::now(), self.project.policy.most_percent.is_some());
        let read = self.context.store.read(move |tx| {
            let mut measured = verdicts::measured(tx, Some(&place))?;
            if measured.len() < FEWEST {
                // A project of few works is measured with all others.
                measured = verdicts::measured(tx, None)?;
            }
            Ok(Past {
                record: verdicts::record_of(tx, &place, &agent)?,
                alarms: verdicts::alarms(tx, &place)?,
                pairs: measured.iter().map(verdicts::Measured::learned).collect(),
                window: if wanted { accounts::share_of_window(tx, id, now)? } else { None },
            })
        });
        Ok(read.await?)
    }

    /// The errors that the agent reported last.
    async fn errors(&self) -> Result<Vec<String>, Broken> {
        let (task, run) = (self.work.task.id, self.id);
        let last = self.context.store.read(move |tx| store::events::last(tx, task, MOST_EVENTS)).await?;
        let error = |record: domain::Record| match record.event {
            Event::AgentError { text } if record.run == Some(run) => Some(text),
            _ => None,
        };
        Ok(last.into_iter().filter_map(error).collect())
    }

    /// Stores the end of a run that the policy approves, and its approval, together.
    pub(super) async fn tell_approved(&mut self, end: End) -> Result<(), Broken> {
        let (task, run, now) = (self.work.task.id, self.id, clock::now());
        let reporter = self.reporter()?;
        let written = self.context.store.write(move |tx| {
            let work = reporter.tell(tx, (task, run), vec![RunCommand::End(end)], None, "engine", now)?;
            // A person may have stopped it, or answered something, meanwhile: then it is not for the policy any more. And
            // of a race only who wins is approved.
            let verdict = work.task.supervised.verdict.as_ref();
            let approves = verdict.is_some_and(|verdict| {
                matches!(verdict.decision, Decision::Approve { .. }) && verdict.commit == work.task.commit
            });
            if !approves || work.task.state != domain::TaskState::Review || work.task.asked.race.is_some() {
                return Ok(work);
            }
            match tasks::change(tx, task, Command::Approve, "policy", now) {
                // Whatever stands against it: then a person looks.
                Err(store::Error::Refused(_)) => Ok(work),
                approved => approved,
            }
        });
        self.work = written.await?;
        self.context.land.notify_one();
        Ok(())
    }
}
