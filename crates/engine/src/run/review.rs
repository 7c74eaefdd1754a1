//! The second opinion: another model is asked, as a job of the run in a sandbox of its own, with its own account. It is
//! shown the work as data and has none of the writer's files, home or tools. Whatever goes wrong with it is said in the
//! verdict, and the rules decide alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use agents::{Assignment, Driver, Readiness, Verdict as Came};
use domain::account::Standing;
use domain::placement::{Choice, Placement, place};
use domain::supervise::quality::{self, Asked, is_same_model};
use domain::supervise::validate::is_serious;
use domain::supervise::{Change, Finding, Opinion, Review};
use domain::work::RunCommand;
use domain::{CheckStatus, Event, RunId, Stage};
use runner::{Follower, Found, Piece, job};
use tokio::time::{Instant, sleep_until};
use workspace::{Kind, Workspace};

use super::jobs::{GRACE, found};
use super::reading::Reading;
use super::steps::NOBODY;
use super::{Broken, Drive, asked_to_stop};
use crate::clock;

/// The job's name, and where its offset is kept.
const JOB: &str = "review";
/// Variables of accounts that name a model.
const MODELS: [&str; 4] = ["ANTHROPIC_MODEL", "OPENAI_MODEL", "GEMINI_MODEL", "CODEX_MODEL"];

impl Drive {
    /// What another model says of the work, where the project wants to know; not when it is refused already, because
    /// nothing that could be said would lift that.
    pub(super) async fn second_opinion(
        &mut self,
        workspace: &Workspace,
        change: &Change,
        findings: &[Finding],
    ) -> Result<Option<Opinion>, Broken> {
        let Some(review) = self.project.review.clone() else { return Ok(None) };
        let failed = self.work.task.checks.iter().any(|check| check.status != CheckStatus::Passed);
        // One that talks to its reviewer is reviewed all the same: blame still counts.
        let refused = findings
            .iter()
            .any(|one| one.name != "addresses_the_reviewer" && is_serious(std::slice::from_ref(one)));
        if change.files.is_empty() || failed || refused {
            return Ok(None);
        }
        self.enter(Stage::Checking).await?;
        let said = match self.ask_reviewer(workspace, change, &review).await {
            Ok(answer) => answer.and_then(|text| quality::read(&text, change).map_err(ToOwned::to_owned)),
            Err(Broken::Failed { reason, .. }) => Err(reason),
            Err(other) => return Err(other),
        };
        Ok(Some(quality::opinion(&review.agent, review.model.as_deref(), said, findings)))
    }

    /// The reviewer's words, or why there are none.
    async fn ask_reviewer(
        &mut self,
        workspace: &Workspace,
        change: &Change,
        review: &Review,
    ) -> Result<Result<String, String>, Broken> {
        if review.agent == NOBODY {
            return Ok(Err("no other agent is installed and logged in".into()));
        }
        if self.project.sensitive && !self.context.is_local(&review.agent) {
            let why = "it is no model of this machine, and the project is sensitive";
            return Ok(Err(format!("`{}` was not asked: {why}", review.agent)));
        }
        let Some(driver) = self.context.agents.driver(&review.agent) else {
            return Ok(Err(format!("there is no agent `{}`", review.agent)));
        };
        let dir = self.dir().join(JOB);
        let begun = found(&dir)?;
        let account = match self.reviewers_account(review, begun == Found::NotStarted).await? {
            Ok(account) => account,
            Err(why) => return Ok(Err(why)),
        };
        let variables = self.variables_of(&account, driver.as_ref());
        if self.wrote_it(review, &variables)? {
            return Ok(Err("it is the model that wrote the work, and nobody reviews their own".into()));
        }
        let boundary = RunId::new(clock::now()).to_string();
        let asked = Asked {
            task: &self.work.task.asked.text,
            change,
            checks: &self.work.task.checks,
            boundary: &boundary,
        };
        let assignment = Assignment {
            prompt: quality::prompt(&asked),
            task: "Review a change.".into(),
            model: review.model.clone(),
            new_session: RunId::new(clock::now()).to_string(),
            home: runner::sandbox::HOME.into(),
            logged_in: self.profile_of(&account).is_some(),
            account: variables,
            ..Assignment::default()
        };
        match begun {
            Found::Lost => return Ok(Err("its job was lost".into())),
            Found::Finished(_) | Found::Alive(_) => {}
            Found::NotStarted => {
                let launched = self
                    .launch_review(workspace, driver.as_ref(), &assignment, (review, &account), &dir)
                    .await;
                match launched {
                    Ok(()) => {}
                    Err(Broken::Failed { reason, .. }) => return Ok(Err(reason)),
                    Err(other) => return Err(other),
                }
            }
        }
        self.listen(&dir, Reading::new(driver.session(&assignment)), review.patience).await
    }

    async fn launch_review(
        &self,
        workspace: &Workspace,
        driver: &dyn Driver,
        assignment: &Assignment,
        (review, account): (&Review, &str),
        dir: &Path,
    ) -> Result<(), Broken> {
        let room = self.room(workspace)?;
        // What the run may still cost is what its review may cost.
        let budget = self.budget().await?;
        if budget.is_some_and(|(left, _)| left <= self.run().map_or(0.0, |run| run.usage.cost_usd)) {
            return Err(Broken::Failed { reason: "the budget is used up".into(), retryable: false });
        }
        let begin = |it: &Assignment| {
            driver.launch(it).map_err(|error| Broken::Failed { reason: error.to_string(), retryable: false })
        };
        let (mut spec, stdin) =
            self.agent_job((&room, account), driver, assignment.clone(), budget, begin)?;
        spec.limits.total_ms = u64::try_from(review.patience.as_millis()).unwrap_or(u64::MAX);
        Ok(job::launch(&self.context.options().own, dir, &spec, &stdin)?)
    }

    /// An empty place to work in: what a reviewer leaves is no part of the work, and the writer's home is not its own.
    fn room(&self, workspace: &Workspace) -> Result<Workspace, Broken> {
        let room = Workspace {
            id: format!("{}-{JOB}", self.id),
            kind: Kind::Copy,
            dir: self.dir().join("review-room"),
            ..workspace.clone()
        };
        for dir in [room.upper(), room.home()] {
            std::fs::create_dir_all(&dir).map_err(|error| Broken::Failed {
                reason: format!("{}: {error}", dir.display()),
                retryable: true,
            })?;
        }
        Ok(room)
    }

    /// The first of the reviewer's accounts that may be used now.
    async fn reviewers_account(
        &self,
        review: &Review,
        fresh: bool,
    ) -> Result<Result<String, String>, Broken> {
        let agents = &self.context.agents;
        let of = agents.accounts().iter().filter(|known| known.account.agent == review.agent);
        let ready: Vec<_> = of
            .filter(|known| matches!(agents.readiness(known), Readiness::Ready(_)))
            .map(|known| known.account.clone())
            .collect();
        let Some(first) = ready.first() else {
            return Ok(Err(format!("`{}` is not logged in; `sidekick agents` says more", review.agent)));
        };
        if !fresh {
            return Ok(Ok(first.name.clone()));
        }
        let standings = self.context.store.read(store::accounts::standings).await?;
        let unseen = Standing::default();
        let choices: Vec<_> = ready
            .iter()
            .map(|account| Choice {
                model: review.model.as_deref(),
                ..Choice::of(account, standings.get(&account.name).unwrap_or(&unseen))
            })
            .collect();
        Ok(match place(&choices, clock::now(), &self.context.options().zone) {
            Placement::On(offer) => Ok(offer.account.name),
            Placement::Wait { reason, .. } => Err(reason),
            Placement::Soon => Err(format!("every account of `{}` is busy", review.agent)),
        })
    }

    /// Whether the reviewer is who wrote it, as far as anybody can tell.
    fn wrote_it(&self, review: &Review, variables: &BTreeMap<String, String>) -> Result<bool, Broken> {
        let run = self.run()?;
        let given = MODELS.iter().find_map(|name| variables.get(*name));
        let reviewing = review.model.as_ref().or(given);
        Ok(match (reviewing, &run.model) {
            (Some(one), Some(other)) => is_same_model(one, other),
            // The same agent with whatever model it chooses is taken to choose the same.
            _ => review.agent == run.agent,
        })
    }

    /// Follows the reviewer to its end, for as long as anybody has patience.
    async fn listen(
        &mut self,
        dir: &Path,
        mut reading: Reading,
        patience: Duration,
    ) -> Result<Result<String, String>, Broken> {
        let mut follower = Follower::open(dir, 0);
        let (mut stop, mut asked, mut offset) = (self.stop.clone(), false, 0);
        let (mut used, deadline) = (Vec::new(), Instant::now() + patience);
        loop {
            let piece = tokio::select! {
                piece = follower.next() => piece?,
                () = asked_to_stop(&mut stop), if !asked => {
                    asked = true;
                    job::stop(dir, GRACE, "stopped by a person").await?;
                    continue;
                }
                () = sleep_until(deadline), if !asked => {
                    asked = true;
                    job::stop(dir, GRACE, "nobody waits for it any longer").await?;
                    continue;
                }
                () = self.context.stopped() => return Err(Broken::Stopping),
            };
            match piece {
                Piece::Frames(frames, _) => {
                    let events = reading.take(&frames, &mut offset, 0);
                    // Only what it cost is the run's: what it says is not the agent's word.
                    used.extend(
                        events.into_iter().filter(|event| matches!(event, Event::UsageRecorded { .. })),
                    );
                }
                Piece::Ended(exit) => {
                    used.extend(
                        reading
                            .rest()
                            .into_iter()
                            .filter(|event| matches!(event, Event::UsageRecorded { .. })),
                    );
                    self.charge(used).await?;
                    let late = asked || exit.reason == runner::Reason::TimeoutTotal;
                    let finish = reading.finish(&agents::Exit { code: exit.code, signal: exit.signal });
                    let minutes = patience.as_secs_f64() / 60.0;
                    return Ok(match (finish.verdict, finish.summary) {
                        (Came::Succeeded, Some(text)) => Ok(text),
                        _ if late => Err(format!("it did not answer within {minutes:.0} minutes")),
                        (Came::Limited { .. }, _) => Err("the limit of its account is reached".into()),
                        (_, _) => Err(finish.reason.unwrap_or_else(|| "it gave no answer".into())),
                    });
                }
                Piece::Lost => return Ok(Err("its job was lost".into())),
            }
        }
    }

    /// Counts what the reviewer used, once.
    async fn charge(&mut self, used: Vec<Event>) -> Result<(), Broken> {
        let run = self.id;
        let told = self.context.store.read(move |tx| store::runs::read_to(tx, run, JOB)).await?;
        if told > 0 || used.is_empty() {
            return Ok(());
        }
        let reports = used.into_iter().map(RunCommand::Tell).collect();
        self.tell(reports, Some((JOB, 0, 1))).await
    }
}
