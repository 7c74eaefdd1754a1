//! Which agent, with which model, does a task's next run, and why: an order of all there are, each with its reason.
//!
//! Pure and total: whatever rests, lacks or failed, there is an order, or the reasons why there is none. What goes in is
//! what is known; nothing is asked, nothing waited for. In this order: what a person said; rules of the configuration
//! that name the project; the project's agent; other rules; the configuration's default; the table. Then who cannot is
//! left out, who just failed comes last, and what became of earlier work (`record`) moves those about that a rule or the
//! table left to choose from. Whether an account may start now is `placement`'s question; here it is only told.

mod receipt;
mod table;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;

use crate::ids::TaskId;
use crate::nature::{Complexity, Kind, Nature};
use crate::placement::{Choice, Offer};
use crate::record::{self, Record};
use crate::task::ChosenBy;
use crate::time::Timestamp;

pub use receipt::{Considered, Receipt};

/// The share of choices that try another agent than the first, when the configuration says nothing.
pub const EXPLORE: f64 = 0.05;

/// A rule of the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// Tasks it is for.
    pub when: When,
    /// Who does them, best first.
    pub uses: Vec<Use>,
}

/// Tasks a rule is for; what is empty asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// One of these kinds.
    pub kinds: Vec<Kind>,
    /// One of these complexities.
    pub complexities: Vec<Complexity>,
    /// One of these projects.
    pub projects: Vec<String>,
    /// With or without a graphics processor.
    pub gpu: Option<bool>,
}

/// Who reads and judges best, by the table.
pub fn readers() -> &'static [&'static str] {
    &table::READERS
}

/// An agent, and perhaps its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The agent.
    pub agent: String,
    /// The model it is asked for.
    pub model: Option<String>,
}

impl Use {
    /// `AGENT` or `AGENT/MODEL`.
    pub fn parse(text: &str) -> Option<Self> {
        let (agent, model) = match text.split_once('/') {
            Some((agent, model)) => (agent.trim(), Some(model.trim())),
            None => (text.trim(), None),
        };
        let whole = !agent.is_empty() && model != Some("");
        whole.then(|| Self { agent: agent.into(), model: model.map(Into::into) })
    }
}

impl When {
    fn holds(&self, asking: &Asking<'_>) -> bool {
        let nature = asking.nature;
        (self.kinds.is_empty() || self.kinds.contains(&nature.kind))
            && (self.complexities.is_empty() || self.complexities.contains(&nature.complexity))
            && (self.projects.is_empty() || self.projects.iter().any(|name| name == asking.project))
            && self.gpu.is_none_or(|gpu| gpu == nature.gpu)
    }
}

/// What the configuration says of routing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// The rules; the first that holds counts.
    pub rules: Vec<Rule>,
    /// The share of choices that try another than the first; 0 switches it off.
    pub explore: f64,
}

/// What wants an agent.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What sort of work it is.
    pub nature: Nature,
    /// The project's name.
    pub project: &'a str,
    /// Whether only models of this machine may see it.
    pub sensitive: bool,
    /// The agent in the task, the model, and who chose them.
    pub own: (&'a str, Option<&'a str>, ChosenBy),
    /// Who may take over, by the project.
    pub fallback: &'a [String],
    /// The agent whose session the run would go on with.
    pub going_on: Option<&'a str>,
    /// The agent that just failed at it.
    pub failed: Option<&'a str>,
    /// The project's budget of the month is used up.
    pub spent: bool,
    /// The only accounts that may be used; any when empty.
    pub accounts: &'a [String],
    /// A number from 0 to 1 that decides whether another agent is tried: [`draw`].
    pub draw: f64,
}

/// An agent as it is here.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// Its name.
    pub name: String,
    /// Why it cannot be used at all, if so.
    pub missing: Option<String>,
    /// Whether it can change files.
    pub changes: bool,
    /// Its accounts that can be used, in the order they are used.
    pub accounts: Vec<KnownAccount<'a>>,
}

/// An account of it.
#[derive(Clone, Copy, Debug)]
pub struct KnownAccount<'a> {
    /// The account as it stands; its model is not looked at.
    pub choice: Choice<'a>,
    /// Whether its model is on this machine, or there is none.
    pub local: bool,
    /// Whether it is charged by use.
    pub metered: bool,
}

/// How an agent stands to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// It may start now.
    Open,
    /// It may do it, and no account of it may start now.
    Rests,
    /// It may not do it.
    Out,
}

/// One of the order.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// The agent.
    pub agent: String,
    /// The model it would be asked for.
    pub model: Option<String>,
    /// How it stands.
    pub rank: Rank,
    /// Why it is where it is, as a clause.
    pub why: String,
    /// What became of its work, if enough did.
    pub record: Option<String>,
    /// Why it cannot start now, or at all.
    pub but: Option<String>,
    /// The least that is left of a window of its account, as `38% of its weekly window`.
    pub left: Option<String>,
    /// Whether every account of it is charged by use.
    pub charged: bool,
    /// Where it may run, best first.
    pub offers: Vec<Offer>,
}

/// The order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// Those that may do it, best first; then those that may not.
    pub ranked: Vec<Ranked>,
}

/// A number from 0 to 1 that is the same whenever the task is asked about.
pub fn draw(id: TaskId) -> f64 {
    // FNV-1a; the ids' random part makes it even enough for one in twenty.
    let hash = id.to_string().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    f64::from(u32::try_from(hash >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

/// Orders all that could do it. `records` are of the project and the kind.
pub fn route(
    asking: &Asking<'_>,
    rules: &Rules,
    known: &[Known<'_>],
    records: &[Record],
    at: (Timestamp, &TimeZone),
) -> Route {
    let wanted = preferences(asking, rules, known);
    let by_table = wanted.iter().any(|wish| wish.table);
    let (mut ranked, mut free, mut out) = (Vec::new(), Vec::new(), Vec::new());
    let (group, fixed): (Vec<_>, Vec<_>) = wanted.iter().partition(|wish| wish.free);
    for wish in group {
        let judged = judge(asking, wish, known, records, at);
        if judged.rank == Rank::Out { out.push(judged) } else { free.push(judged) }
    }
    learn(&mut free, records);
    explore(&mut free, asking, rules.explore);
    if by_table && !asking.fallback.is_empty() {
        // Who may take over was said; the table chooses the first only.
        let stays = |n: usize, one: &Ranked| n == 0 || Some(one.agent.as_str()) == asking.going_on;
        free = keep(free, &mut out, stays, || format!("{} lets others take over", asking.project));
    }
    ranked.append(&mut free);
    for wish in fixed {
        let known_already = |one: &Ranked| one.agent == wish.agent && one.model == wish.model;
        if ranked.iter().any(known_already) {
            continue;
        }
        out.retain(|one| !known_already(one));
        let judged = judge(asking, wish, known, records, at);
        if judged.rank == Rank::Out { out.push(judged) } else { ranked.push(judged) }
    }
    last_things(&mut ranked, asking);
    if by_table && goes_on(&ranked, asking).is_some() {
        // Half done work changes hands only where somebody said that it may.
        let stays = |n: usize, one: &Ranked| n == 0 || asking.fallback.contains(&one.agent);
        let but = || format!("{} does not let it take over what is half done", asking.project);
        ranked = keep(ranked, &mut out, stays, but);
    }
    ranked.append(&mut out);
    Route { ranked }
}

/// Those that stay; the others are out, with the reason.
fn keep(
    all: Vec<Ranked>,
    out: &mut Vec<Ranked>,
    stays: impl Fn(usize, &Ranked) -> bool,
    but: impl Fn() -> String,
) -> Vec<Ranked> {
    let (stay, go): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(n, one)| stays(*n, one));
    let gone = |one: Ranked| Ranked { rank: Rank::Out, but: Some(but()), offers: Vec::new(), ..one };
    out.extend(go.into_iter().map(|(_, one)| gone(one)));
    stay.into_iter().map(|(_, one)| one).collect()
}

/// Somebody who is wanted, and by whom.
struct Wish {
    agent: String,
    model: Option<String>,
    why: String,
    /// Experience may move it among the others that are free.
    free: bool,
    table: bool,
}

impl Wish {
    fn fixed(agent: &str, model: Option<&str>, why: impl Into<String>) -> Self {
        let model = model.map(Into::into);
        Self { agent: agent.into(), model, why: why.into(), free: false, table: false }
    }
}

fn preferences(asking: &Asking<'_>, rules: &Rules, known: &[Known<'_>]) -> Vec<Wish> {
    let (own, model, by) = asking.own;
    let rule = || rules.rules.iter().enumerate().find(|(_, rule)| rule.when.holds(asking));
    let of_project = || rule().filter(|(_, rule)| !rule.when.projects.is_empty());
    let chosen = match by {
        ChosenBy::Person | ChosenBy::Supervision => None,
        ChosenBy::Project => of_project(),
        ChosenBy::Configuration | ChosenBy::Router => rule(),
    };
    let mut wishes: Vec<Wish> = match (chosen, by) {
        (Some((n, rule)), _) => {
            let wish = |one: &Use| Wish {
                free: true,
                ..Wish::fixed(
                    &one.agent,
                    one.model.as_deref(),
                    format!("rule {} of the configuration", n + 1),
                )
            };
            rule.uses.iter().map(wish).collect()
        }
        (None, ChosenBy::Person) => vec![Wish::fixed(own, model, "a person asked for it")],
        (None, ChosenBy::Supervision) => {
            vec![Wish::fixed(own, model, "supervision called it, because others did not get it right")]
        }
        (None, ChosenBy::Project) => {
            vec![Wish::fixed(own, model, format!("it is the agent of {}", asking.project))]
        }
        (None, ChosenBy::Configuration) => vec![Wish::fixed(own, model, "it is the default agent")],
        (None, ChosenBy::Router) => table::wishes(asking.nature, known),
    };
    for name in asking.fallback {
        if !wishes.iter().any(|wish| wish.agent == *name && !wish.table) {
            wishes.push(Wish::fixed(name, None, format!("{} lets it take over", asking.project)));
        }
    }
    wishes
}

/// How one stands to the task.
fn judge(
    asking: &Asking<'_>,
    wish: &Wish,
    known: &[Known<'_>],
    records: &[Record],
    (now, zone): (Timestamp, &TimeZone),
) -> Ranked {
    let record = record::of(records, &wish.agent, wish.model.as_deref());
    let mut ranked = Ranked {
        agent: wish.agent.clone(),
        model: wish.model.clone(),
        rank: Rank::Out,
        why: wish.why.clone(),
        record: (record.tried() > 0).then(|| record.sentence()),
        but: None,
        left: None,
        charged: false,
        offers: Vec::new(),
    };
    let agent = known.iter().find(|agent| agent.name == wish.agent);
    let accounts = match agent.map(|agent| able(asking, wish, agent)) {
        Some(Ok(accounts)) => accounts,
        Some(Err(why)) => return Ranked { but: Some(why), ..ranked },
        None => return Ranked { but: Some("there is no such agent".into()), ..ranked },
    };
    ranked.charged = accounts.iter().all(|one| one.metered);
    let model = wish.model.as_deref();
    let mut holds = Vec::new();
    for KnownAccount { choice, .. } in &accounts {
        match choice.standing.may_start(choice.account, model, choice.live, now, zone) {
            Ok(()) => ranked.rank = Rank::Open,
            Err(hold) => holds.push(hold.sentence(&choice.account.name, zone)),
        }
        ranked.offers.push(Offer { account: choice.account.clone(), model: wish.model.clone() });
    }
    if ranked.rank == Rank::Out {
        (ranked.rank, ranked.but) = (Rank::Rests, Some(holds.join("; ")));
    }
    ranked.left = accounts.first().and_then(|first| receipt::left(first.choice.standing, model, now));
    ranked
}

/// The accounts that may do it, or why none may.
fn able<'a>(asking: &Asking<'_>, wish: &Wish, agent: &Known<'a>) -> Result<Vec<KnownAccount<'a>>, String> {
    let named = !wish.free;
    if asking.sensitive && !agent.accounts.is_empty() && agent.accounts.iter().all(|one| !one.local) {
        let project = asking.project;
        return Err(format!("{project} is sensitive, and its model is not on this machine"));
    }
    if let Some(missing) = &agent.missing {
        return Err(missing.clone());
    }
    if !agent.changes && changes_files(asking.nature.kind) && !named {
        return Err("it cannot change files".into());
    }
    let allowed = |one: &&KnownAccount<'a>| {
        asking.accounts.is_empty() || asking.accounts.contains(&one.choice.account.name)
    };
    let accounts: Vec<_> = agent.accounts.iter().filter(allowed).copied().collect();
    if accounts.is_empty() {
        return Err(format!("none of its accounts may be used in {}", asking.project));
    }
    let accounts: Vec<_> = accounts.into_iter().filter(|one| one.local || !asking.sensitive).collect();
    if accounts.is_empty() {
        return Err(format!("{} is sensitive, and its model is not on this machine", asking.project));
    }
    Ok(accounts)
}

/// Whether the result of this kind of work is a change, not words.
fn changes_files(kind: Kind) -> bool {
    !matches!(kind, Kind::Planning | Kind::Research | Kind::Review)
}

/// Those of whom enough is known change places among themselves, the cheapest accepted change first; whose work is
/// mostly not accepted comes after all others.
fn learn(free: &mut Vec<Ranked>, records: &[Record]) {
    let of = |one: &Ranked| record::of(records, &one.agent, one.model.as_deref());
    let (bad, mut good): (Vec<_>, Vec<_>) = free.drain(..).partition(|one| of(one).is_bad());
    let places: Vec<usize> =
        good.iter().enumerate().filter(|(_, one)| of(one).is_enough()).map(|(n, _)| n).collect();
    let mut known: Vec<Ranked> = places.iter().filter_map(|n| good.get(*n).cloned()).collect();
    known.sort_by(|a, b| of(a).cost_per_accepted().total_cmp(&of(b).cost_per_accepted()));
    for (place, one) in places.into_iter().zip(known) {
        if let Some(slot) = good.get_mut(place) {
            *slot = one;
        }
    }
    let demoted =
        bad.into_iter().map(|one| Ranked { why: format!("{}, behind those not tried", one.why), ..one });
    good.extend(demoted);
    *free = good;
}

/// Now and then another than the first is tried, so that what is known of it does not grow old.
fn explore(free: &mut Vec<Ranked>, asking: &Asking<'_>, share: f64) {
    let goes_on = asking.going_on.is_some() || asking.failed.is_some();
    if goes_on || asking.nature.complexity == Complexity::Critical || asking.draw >= share {
        return;
    }
    let open: Vec<usize> = (1..free.len()).filter(|n| free[*n].rank == Rank::Open).collect();
    // Where in its share the draw lies says which.
    let place = scaled(asking.draw / share, open.len());
    let Some(at) = open.get(place).copied() else { return };
    let tried = free.remove(at);
    let why = format!("tried in place of {}, as one in {} is", free[0].agent, (1.0 / share).round());
    free.insert(0, Ranked { why, ..tried });
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "0 to n"
)]
fn scaled(part: f64, n: usize) -> usize {
    ((part.clamp(0.0, 1.0) * n as f64) as usize).min(n.saturating_sub(1))
}

/// What counts more than any preference but a person's: a session is gone on with by its agent; money that is not there
/// is not spent while there is another way; and who just failed comes last.
fn last_things(ranked: &mut [Ranked], asking: &Asking<'_>) {
    if let Some(at) = goes_on(ranked, asking) {
        ranked[..=at].rotate_right(1);
        ranked[0].why = "it goes on in its session".into();
    }
    if asking.spent && !asking.own.2.is_fixed() {
        ranked.sort_by_key(|one| one.charged);
        for one in ranked.iter_mut().filter(|one| one.charged) {
            one.why += ", late because the month's budget is used up";
        }
    }
    ranked.sort_by_key(|one| Some(one.agent.as_str()) == asking.failed);
    for one in ranked.iter_mut().filter(|one| Some(one.agent.as_str()) == asking.failed) {
        one.why += ", last because it just failed";
    }
}

/// Where the one is whose session is gone on with.
fn goes_on(ranked: &[Ranked], asking: &Asking<'_>) -> Option<usize> {
    let agent = asking.going_on.filter(|agent| !asking.own.2.is_fixed() && asking.failed != Some(*agent))?;
    ranked.iter().position(|one| one.agent == agent)
}

impl Route {
    /// Where it may run, best first.
    pub fn offers(&self) -> Vec<Offer> {
        self.ranked.iter().flat_map(|one| one.offers.iter().cloned()).collect()
    }

    /// The first that may do it.
    pub fn first(&self) -> Option<&Ranked> {
        self.ranked.first().filter(|one| one.rank != Rank::Out)
    }
}
