//! The agents' accounts as the engine uses them: which a task may run on, what a run's words change of what is
//! known of them, and what a person sees and switches. The rules are in `domain::account`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use agents::Readiness;
use domain::account::{Alert, Credit, Hold, Standing, Window, window_label};
use domain::placement::{Choice, Offer, Placement, place};
use domain::schedule::{self, Candidate, Decision, Limits};
use domain::work::{Command, End, RunCommand};
use domain::{Account, Event, Outcome, RunId, Timestamp, Usage, Work};
use jiff::tz::TimeZone;
use store::runs::{self, Told};
use store::{Tx, accounts, tasks};

use crate::routing::{Facts, concerns};
use crate::{Context, Engine, Error, clock};

/// Tasks that wait for credits and are looked at in one go.
const MOST_WAITING: usize = 256;

/// An account, with what its agent needs to use it.
#[derive(Clone)]
pub struct AccountOptions {
    /// Its name and rules.
    pub account: Account,
    /// Its variables. Secrets.
    pub env: BTreeMap<String, String>,
    /// A directory that the vendor's own login filled, which stands for the home there.
    pub profile: Option<std::path::PathBuf>,
    /// A command that starts its model server on this machine.
    pub start: Option<String>,
}

impl std::fmt::Debug for AccountOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The values are secrets.
        f.debug_struct("AccountOptions").field("account", &self.account).finish_non_exhaustive()
    }
}

/// An account as it stands, for people.
#[derive(Clone, Debug)]
pub struct AccountHere {
    /// Its name and rules.
    pub account: Account,
    /// How it is billed, or what it lacks.
    pub readiness: Readiness,
    /// What is known of it.
    pub standing: Standing,
    /// Runs that use it now.
    pub live: usize,
    /// Why nothing would start on it now, if so; also as a clause for people.
    pub hold: Option<(Hold, String)>,
    /// What its runs of the last five hours and seven days consumed, and how many they are: an estimate of the
    /// windows that nobody reported.
    pub used: [(Usage, u64); 2],
}

/// What a person does about accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Nothing starts on it.
    Off,
    /// It may be used again.
    On,
    /// Forget that it rests: the person knows better.
    Wake,
}

impl Engine {
    /// Every account, in the order of the configuration.
    pub async fn accounts(&self) -> Result<Vec<AccountHere>, Error> {
        let now = clock::now();
        let (five_hours, week) =
            (now.minus(Duration::from_hours(5)), now.minus(Duration::from_hours(7 * 24)));
        let names: Vec<_> =
            self.context.agents.accounts().iter().map(|known| known.account.name.clone()).collect();
        let (standings, load, used) = self
            .context
            .store
            .read(move |tx| {
                let mut used = HashMap::new();
                for name in names {
                    let spans = [five_hours, week].map(|since| accounts::used_since(tx, &name, since));
                    let [short, long] = spans;
                    used.insert(name, [short?, long?]);
                }
                Ok((accounts::standings(tx)?, runs::load_now(tx)?, used))
            })
            .await?;
        let zone = &self.context.options().zone;
        let here = |known: &AccountOptions| {
            let name = &known.account.name;
            let standing = standings.get(name).cloned().unwrap_or_default();
            let live = load.accounts.get(name).copied().unwrap_or(0);
            let hold = standing.may_start(&known.account, None, live, now, zone).err();
            AccountHere {
                account: known.account.clone(),
                readiness: self.context.agents.readiness(known),
                live,
                hold: hold.map(|hold| {
                    let sentence = hold.sentence(name, zone);
                    (hold, sentence)
                }),
                used: used.get(name).copied().unwrap_or_default(),
                standing,
            }
        };
        Ok(self.context.agents.accounts().iter().map(here).collect())
    }

    /// Switches one account, or all of them.
    pub async fn switch_accounts(&self, name: Option<&str>, switch: Switch) -> Result<(), Error> {
        let known = self.context.agents.accounts();
        let names: Vec<String> = known
            .iter()
            .map(|known| known.account.name.clone())
            .filter(|known| name.is_none_or(|name| known == name))
            .collect();
        if names.is_empty() {
            let id = name.unwrap_or("(any)").to_owned();
            return Err(store::Error::NotFound { what: "account", id }.into());
        }
        let write = move |tx: &mut Tx<'_>| {
            for name in &names {
                accounts::change(tx, name, |standing| match switch {
                    Switch::Off => standing.off = true,
                    Switch::On => standing.off = false,
                    Switch::Wake => standing.wake(),
                })?;
            }
            Ok(())
        };
        self.context.store.write(write).await?;
        self.context.reconsider().await?;
        self.context.wake.notify_one();
        Ok(())
    }

    /// The share of windows that was used, over time.
    pub async fn window_history(
        &self,
        account: Option<String>,
        since: Timestamp,
    ) -> Result<Vec<accounts::Point>, Error> {
        Ok(self.context.store.read(move |tx| accounts::history(tx, account.as_deref(), since)).await?)
    }

    /// The zone times are shown in.
    pub fn zone(&self) -> TimeZone {
        self.context.options().zone.clone()
    }
}

impl Context {
    /// Wakes the tasks that wait for credits and could start: after a start, and when a person switched
    /// something. Those whose account renews are woken by their time.
    pub(crate) async fn reconsider(&self) -> Result<(), Error> {
        let (now, zone) = (clock::now(), self.options().zone.clone());
        let budgets = self.budgets(now);
        let (waiting, facts) = self
            .store
            .read(move |tx| {
                let waiting = tasks::waiting_for_credits(tx, MOST_WAITING)?;
                let facts = Facts::look(tx, concerns(&waiting), &budgets)?;
                Ok((waiting, facts))
            })
            .await?;
        // Room is the dispatcher's question; here only the accounts are asked.
        let limits = Limits { total: usize::MAX, ..Limits::default() };
        let offers = |candidate: &Candidate| self.offers(candidate, &self.route(candidate, &facts, now));
        let decided = schedule::pick(&waiting, &facts.load, &limits, offers, &facts.standings, (now, &zone));
        for decision in decided {
            let Decision::Start(id, _) = decision else { continue };
            let wake = move |tx: &mut Tx<'_>| tasks::change(tx, id, Command::Wake, "engine", now);
            match self.store.write(wake).await {
                // A person changed it meanwhile.
                Ok(_) | Err(store::Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// What of the accounts a run's reports are stored with.
#[derive(Clone)]
pub(crate) struct Reporter {
    /// The run's account.
    pub(crate) account: Account,
    pub(crate) zone: TimeZone,
    pub(crate) context: Arc<Context>,
}

impl Reporter {
    /// Stores what a run reported, what that changes of its account, and how far a spool was read for it.
    pub(crate) fn tell(
        &self,
        tx: &mut Tx<'_>,
        run: (domain::TaskId, RunId),
        mut reports: Vec<RunCommand>,
        told: Option<Told<'_>>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Work, store::Error> {
        let (task, run) = run;
        let (mut windows, mut proof, mut ended) = (Vec::new(), false, None);
        for report in &mut reports {
            match report {
                RunCommand::Tell(event) => {
                    windows.extend(window(event, now));
                    proof |= is_proof(event);
                }
                RunCommand::End(end) => {
                    if end.outcome == Outcome::Limited && !end.spent {
                        end.placement = Some(self.after_limit(tx, (task, run), end, now)?);
                    }
                    ended = Some(end.clone());
                }
                _ => {}
            }
        }
        // It refuses before it writes, so it comes first.
        let mut work = runs::tell(tx, task, run, reports, told, actor, now)?;
        for window in windows {
            let (name, left, at) = (window.name.clone(), window.utilization, window.resets_at);
            if let Some(alert) = accounts::see(tx, &self.account, run, window)? {
                let low = self.low(&name, alert, left.map(|used| 1.0 - used), at);
                work = runs::tell(tx, task, run, vec![RunCommand::Tell(low)], None, "engine", now)?;
            }
        }
        let succeeded = ended.as_ref().is_some_and(|end| end.outcome == Outcome::Succeeded);
        if proof || ended.is_some() {
            accounts::change(tx, &self.account.name, |standing| {
                if proof || succeeded {
                    standing.proved(now);
                }
                if let Some(end) = &ended {
                    standing.ran(run);
                    if end.outcome == Outcome::Limited && !end.spent {
                        standing.limited(end.until, seed(run), now);
                    }
                }
            })?;
        }
        Ok(work)
    }

    /// Where a task goes on whose run met the limit.
    fn after_limit(
        &self,
        tx: &mut Tx<'_>,
        (task, run): (domain::TaskId, RunId),
        end: &End,
        now: Timestamp,
    ) -> Result<Placement, store::Error> {
        let work = tasks::load(tx, task)?;
        let work = work.ok_or(store::Error::NotFound { what: "task", id: task.to_string() })?;
        let latest = work.run.as_ref();
        // Its session is the one that the next run goes on with.
        let session = latest.filter(|run| run.session.is_some()).map(|run| run.agent.clone());
        let candidate = Candidate::of(&work);
        let candidate =
            Candidate { going_on: session.or(candidate.going_on.clone()), failed: None, ..candidate };
        let mut facts = Facts::look(tx, concerns([&candidate]), &self.context.budgets(now))?;
        let name = &self.account.name;
        facts.standings.entry(name.clone()).or_default().limited(end.until, seed(run), now);
        if let Some(live) = facts.load.accounts.get_mut(name) {
            // The run that ends now is still counted.
            *live = live.saturating_sub(1);
        }
        let unseen = Standing::default();
        let offers = self.context.offers(&candidate, &self.context.route(&candidate, &facts, now));
        let choices: Vec<_> = offers
            .iter()
            .map(|Offer { account, model }| Choice {
                account,
                model: model.as_deref(),
                standing: facts.standings.get(&account.name).unwrap_or(&unseen),
                live: facts.load.accounts.get(&account.name).copied().unwrap_or(0),
                credit: Credit::default(),
            })
            .collect();
        Ok(place(&choices, now, &self.zone))
    }

    fn low(&self, window: &str, alert: Alert, left: Option<f64>, resets_at: Option<Timestamp>) -> Event {
        let name = &self.account.name;
        let until = resets_at.map(|at| format!(", which renews at {}", at.local(&self.zone)));
        let percent = (left.unwrap_or(0.0) * 100.0).round();
        let said = match alert {
            Alert::Low => format!("{percent}% is left of the {} of {name}", window_label(window)),
            Alert::Threshold => {
                format!(
                    "{percent}% is left of the {} of {name}: nothing new starts on it",
                    window_label(window)
                )
            }
        };
        Event::AccountLow {
            account: name.clone(),
            window: window.to_owned(),
            left: left.unwrap_or(0.0),
            resets_at,
            text: said + &until.unwrap_or_default(),
        }
    }
}

/// Something that spreads guesses.
fn seed(run: RunId) -> u64 {
    run.to_string().bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

/// The window that an event tells of.
fn window(event: &Event, now: Timestamp) -> Option<Window> {
    let Event::LimitSeen { window, status, utilization, resets_at, .. } = event else { return None };
    Some(Window {
        name: window.clone(),
        status: *status,
        // Whatever is told, a share is a share.
        utilization: utilization.filter(|used| used.is_finite()).map(|used| used.clamp(0.0, 1.0)),
        resets_at: *resets_at,
        seen_at: now,
        seen_by: None,
        per_run: None,
        alerted: None,
    })
}

/// Whether an event shows that the model answered.
fn is_proof(event: &Event) -> bool {
    match event {
        Event::ToolStarted { .. } => true,
        Event::UsageRecorded { output, .. } => *output > 0,
        _ => false,
    }
}
