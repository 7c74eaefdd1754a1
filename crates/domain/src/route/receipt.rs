//! A choice in words: the sentence that is stored with a run, and all who were considered.

use serde::{Deserialize, Serialize};

use super::{Rank, Ranked, Route};
use crate::account::Standing;
use crate::placement::Offer;
use crate::time::Timestamp;

/// The most that are kept of those considered.
const MOST: usize = 16;

/// Why an agent was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// One sentence.
    pub sentence: String,
    /// All that were considered, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub considered: Vec<Considered>,
}

/// One that was considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// The agent, with its model if one was named: `claude/opus`.
    pub who: String,
    /// `taken`, `open`, `rests` or `out`.
    pub stands: String,
    /// Why it stands there.
    pub why: String,
}

impl Ranked {
    /// `claude`, or `claude/opus`.
    pub fn who(&self) -> String {
        match &self.model {
            Some(model) => format!("{}/{model}", self.agent),
            None => self.agent.clone(),
        }
    }

    /// All that is to be said of it.
    fn sentence(&self) -> String {
        let parts = [Some(&self.why), self.record.as_ref(), self.but.as_ref()];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("; ")
    }
}

impl Route {
    /// The receipt of a run that starts with `offer`, which is one of [`Route::offers`].
    pub fn receipt(&self, offer: &Offer) -> Receipt {
        let taken = self.ranked.iter().position(|one| one.offers.contains(offer));
        let sentence = match taken.and_then(|at| self.ranked.get(at)) {
            Some(one) => self.sentence(one, offer),
            None => format!("{}: it was all there was", offer.account.agent),
        };
        Receipt { sentence, considered: self.considered(taken) }
    }

    /// The order as it is now, before anything is taken.
    pub fn preview(&self) -> Receipt {
        let open = self.ranked.iter().find(|one| one.rank == Rank::Open);
        let offer = open.and_then(|one| one.offers.first());
        match offer {
            Some(offer) => self.receipt(offer),
            None => Receipt { sentence: self.complaint(), considered: self.considered(None) },
        }
    }

    /// Why nothing starts: everybody's own reason.
    pub fn complaint(&self) -> String {
        let able = self.ranked.iter().any(|one| one.rank != Rank::Out);
        let concerned = self.ranked.iter().filter(|one| !able || one.rank != Rank::Out);
        let mut reasons: Vec<String> = Vec::new();
        for one in concerned {
            let Some(but) = &one.but else { continue };
            let reason = if able { but.clone() } else { format!("{}: {but}", one.who()) };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        match reasons.is_empty() {
            true => "no agent may do this here".into(),
            false if able => reasons.join("; "),
            false => format!("no agent may do this here: {}", reasons.join("; ")),
        }
    }

    fn sentence(&self, taken: &Ranked, offer: &Offer) -> String {
        let mut said = format!("{}: ", taken.who());
        said += &taken.why;
        if let Some(record) = &taken.record {
            said += &format!("; {record}");
        }
        if offer.account.name != taken.agent {
            said += &format!("; on {}", offer.account.name);
        }
        let before = self.ranked.iter().take_while(|one| *one != taken);
        let mut held =
            before.filter_map(|one| Some((one, one.but.as_ref().filter(|_| one.rank == Rank::Rests)?)));
        if let Some((_, but)) = held.next() {
            return said + &format!("; {but}");
        }
        // Whose credits it saves.
        let mut saved = self.ranked.iter().filter(|one| one.agent != taken.agent && one.rank == Rank::Open);
        match saved.find_map(|one| Some((one, one.left.as_ref()?))) {
            Some((other, left)) => said + &format!("; {} keeps {left}", other.agent),
            None => said,
        }
    }

    fn considered(&self, taken: Option<usize>) -> Vec<Considered> {
        let one = |(n, one): (usize, &Ranked)| Considered {
            who: one.who(),
            stands: match one.rank {
                _ if Some(n) == taken => "taken",
                Rank::Open => "open",
                Rank::Rests => "rests",
                Rank::Out => "out",
            }
            .into(),
            why: one.sentence(),
        };
        self.ranked.iter().enumerate().take(MOST).map(one).collect()
    }
}

/// The least that is left of an account's windows: `38% of its weekly window`.
pub(super) fn left(standing: &Standing, model: Option<&str>, now: Timestamp) -> Option<String> {
    let concerns =
        |scope: Option<&str>| scope.is_none_or(|scope| model.is_some_and(|model| model.contains(scope)));
    let windows = standing.windows.iter().filter(|window| window.is_current(now) && concerns(window.scope()));
    let known = windows.filter_map(|window| Some((window, window.utilization?)));
    let (window, used) = known.max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(format!("{}% of its {}", ((1.0 - used) * 100.0).round(), window.label()))
}
