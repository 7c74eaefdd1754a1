//! What becomes of a run that ended: by itself, or because its account met a limit.

use domain::account::{Credit, Standing, Window};
use domain::diff::DiffStat;
use domain::estimate::{Measure, bucket};
use domain::event::LimitStatus;
use domain::placement::{Choice, Placement, place};
use domain::retry::RetryPolicy;
use domain::schedule::Candidate;
use domain::supervise::conclude::{Gathered, Past, conclude, rung};
use domain::supervise::validate::{self, Left};
use domain::supervise::{Decision, Opinion, Verdict};
use domain::work::{Command, End, RunCommand};
use domain::{Event, Outcome};

use super::{Live, World};
use crate::draw::{Finished, Luck};

/// The share of a run's tokens that a second opinion reads.
const REVIEW: f64 = 0.1;

impl World<'_> {
    /// What live runs see of their accounts' windows.
    pub(super) fn look_at_accounts(&mut self) {
        for live in self.jobs.iter().filter_map(|job| job.live.as_ref()) {
            let Some(purse) = self.purses.iter().find(|purse| purse.account.name == live.account) else {
                continue;
            };
            if !self.standings.contains_key(&live.account) {
                self.standings.insert(live.account.clone(), Standing::default());
            }
            let Some(standing) = self.standings.get_mut(&live.account) else { continue };
            for window in &purse.windows.all {
                let status = if window.is_empty() { LimitStatus::Rejected } else { LimitStatus::Allowed };
                let seen = Window {
                    name: window.name.clone(),
                    status,
                    utilization: Some(window.share()),
                    resets_at: window.renews,
                    seen_at: self.now,
                    seen_by: None,
                    per_run: None,
                    alerted: None,
                };
                standing.see(seen, live.id, &purse.account);
            }
        }
    }

    /// Runs whose account has nothing left end there.
    pub(super) fn meet_limits(&mut self) {
        for n in 0..self.jobs.len() {
            let Some(live) = &self.jobs[n].live else { continue };
            let purse = self.purses.iter().find(|purse| purse.account.name == live.account);
            let Some(purse) = purse.filter(|purse| purse.windows.is_empty()) else { continue };
            let until = purse.windows.all.iter().filter(|window| window.is_empty());
            let until = until.filter_map(|window| window.renews).max();
            let Some(live) = self.jobs[n].live.take() else { continue };
            self.jobs[n].left = Some((live.tokens - live.booked).max(1.0));
            self.counts.limited += 1;
            self.report_work(n, &live, None);
            let seed = live.id.created_at().as_millis().unsigned_abs();
            let standing = self.standings.entry(live.account.clone()).or_default();
            standing.limited(until, seed, self.now);
            standing.ran(live.id);
            let placement = Some(self.after_limit(n));
            self.end(n, &live, End { until, placement, ..end(Outcome::Limited) });
        }
    }

    /// Where a task goes on whose run met the limit.
    fn after_limit(&self, n: usize) -> Placement {
        let load = self.load();
        let Some(work) = &self.jobs[n].work else { return Placement::Soon };
        let going_on = work.run.as_ref().map(|run| run.agent.clone());
        let candidate = Candidate { going_on, failed: None, ..Candidate::of(work) };
        let unseen = Standing::default();
        let offers = self.route(&candidate, &self.agents(&load)).offers();
        let choices: Vec<_> = offers
            .iter()
            .map(|offer| Choice {
                account: &offer.account,
                model: offer.model.as_deref(),
                standing: self.standings.get(&offer.account.name).unwrap_or(&unseen),
                live: load.accounts.get(&offer.account.name).copied().unwrap_or(0),
                credit: Credit::default(),
            })
            .collect();
        place(&choices, self.now, &self.week.zone)
    }

    /// A run ended by itself: it is booked, judged, and what follows is done.
    pub(super) fn finish(&mut self, n: usize) {
        let Some(live) = self.jobs[n].live.take() else { return };
        let Some(work) = &self.jobs[n].work else { return };
        let (nature, attempt) = (work.task.asked.nature, work.task.attempt);
        let luck = Luck::of(self.seed, n, attempt);
        let agent = &self.week.agents[&live.agent];
        let drawn =
            luck.work(nature, self.jobs[n].whole, agent.good_at(nature.complexity), self.jobs[n].again);
        self.report_work(n, &live, Some(&drawn));
        let standing = self.standings.entry(live.account.clone()).or_default();
        standing.proved(self.now);
        standing.ran(live.id);
        if drawn.broke {
            let reason = Some("the agent broke off".into());
            self.end(n, &live, End { reason, retryable: true, ..end(Outcome::Failed) });
            return;
        }
        self.count_use(n, &live);
        if drawn.asks && attempt == 1 {
            let ask = RunCommand::Ask { text: "Which of the two?".into(), choices: Vec::new() };
            self.tell(n, Command::OfRun(live.id, ask), "agent");
            self.end(n, &live, end(Outcome::Succeeded));
            return;
        }
        self.jobs[n].good = drawn.good;
        let opinion = self.opinion(luck, &live, drawn.good);
        let verdict = self.verdict(n, &drawn, opinion.as_ref());
        let confidence = verdict.as_ref().map(|verdict| (verdict.confidence, drawn.good));
        self.counts.judged.extend(confidence);
        let approves = verdict.as_ref().is_some_and(|one| matches!(one.decision, Decision::Approve { .. }));
        let summary = Some(drawn.summary.to_owned());
        self.end(n, &live, End { summary, verdict: verdict.map(Box::new), ..end(Outcome::Succeeded) });
        if approves {
            self.counts.by_policy += 1;
            self.approve(n, "policy");
        }
    }

    /// What a run leaves: its session, what it used, and its work if it got that far.
    fn report_work(&mut self, n: usize, live: &Live, drawn: Option<&Finished>) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tokens of a run")]
        let tokens = live.booked.max(0.0) as u64;
        let price = self.week.agents[&live.agent].usd_per_million.unwrap_or(0.0);
        let cost_usd = live.booked / 1e6 * price;
        self.counts.cost_usd += cost_usd;
        let mut told = vec![
            RunCommand::Prepared { base_branch: Some("main".into()), base_commit: "base".into() },
            RunCommand::Tell(Event::RunSession { session: live.agent.clone(), model: None }),
            RunCommand::Tell(Event::UsageRecorded { input: tokens, output: 0, cached: 0, cost_usd }),
        ];
        if let Some(drawn) = drawn.filter(|drawn| !drawn.broke) {
            let sum = |of: fn(&domain::supervise::Changed) -> u32| drawn.change.files.iter().map(of).sum();
            let files = u32::try_from(drawn.change.files.len()).unwrap_or(u32::MAX);
            let diff = DiffStat {
                files,
                insertions: sum(|file| file.insertions),
                deletions: sum(|file| file.deletions),
            };
            told.push(RunCommand::Collected { commit: live.id.to_string(), diff });
            told.extend(drawn.checks.iter().cloned().map(RunCommand::Checked));
        }
        for one in told {
            self.tell(n, Command::OfRun(live.id, one), "agent");
        }
    }

    fn end(&mut self, n: usize, live: &Live, end: End) {
        self.tell(n, Command::OfRun(live.id, RunCommand::End(end)), "engine");
    }

    /// Learns what a run took, as the store does from those that did their work.
    fn count_use(&mut self, n: usize, live: &Live) {
        let Some(work) = &self.jobs[n].work else { return };
        let took = u64::try_from(self.now.since(live.since).as_millis()).unwrap_or(u64::MAX);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tokens of a run")]
        let tokens = live.booked.max(0.0) as u64;
        let project = work.task.asked.project.clone();
        let of = (project.as_str(), live.agent.as_str(), work.task.asked.nature);
        self.known.add(of, Measure::Duration, bucket(took), 1);
        self.known.add(of, Measure::Tokens, bucket(tokens), 1);
        let today = self.used.entry(super::dispatch::day(self.now)).or_default();
        *today.entry(project).or_default() += took;
    }

    /// The second opinion of another model, when there is one whose account may be used.
    fn opinion(&mut self, luck: Luck, live: &Live, good: bool) -> Option<Opinion> {
        let reviewer = &self.week.review.as_ref()?.value;
        let purse = self.purses.iter_mut().find(|purse| purse.account.agent == *reviewer)?;
        if live.agent == *reviewer || purse.windows.is_empty() {
            return None;
        }
        purse.windows.book(live.tokens * REVIEW, self.now);
        Some(luck.opinion(reviewer, good))
    }

    fn verdict(&self, n: usize, drawn: &Finished, opinion: Option<&Opinion>) -> Option<Verdict> {
        let work = self.jobs[n].work.as_ref()?;
        let (task, run) = (&work.task, work.run.as_ref()?);
        let of = (task.asked.project.clone(), run.agent.clone());
        let record = self.settled.get(&of).into_iter().flatten().rev().copied().collect();
        let past = Past { record, pairs: self.pairs.clone(), ..Past::default() };
        let fallback: Vec<String> =
            self.week.projects[&of.0].fallback.iter().map(|name| name.value.clone()).collect();
        let rung = rung(&self.policy, &fallback, task, run, |agent| self.week.agents.contains_key(agent));
        let findings = validate::validate(&Left {
            kind: task.asked.nature.kind,
            task: &task.asked.text,
            summary: drawn.summary,
            errors: &[],
            change: &drawn.change,
        });
        Some(conclude(&Gathered {
            policy: &self.policy,
            past: &past,
            task,
            run,
            change: &drawn.change,
            findings: &findings,
            opinion,
            summary: drawn.summary,
            rung: rung.as_ref(),
            holds: self.holds,
        }))
    }
}

fn end(outcome: Outcome) -> End {
    End {
        outcome,
        reason: None,
        summary: None,
        retryable: false,
        until: None,
        spent: false,
        placement: None,
        verdict: None,
        policy: RetryPolicy::default(),
    }
}
