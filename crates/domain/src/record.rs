//! What became of agents' work: accepted, sent back, discarded, and what it cost. From here the router learns.
//!
//! Here: which event of a task counts for which run, and what a record amounts to. Not here: where records are kept
//! (`store::records`) and what they change (`route`).

use crate::event::Event;
use crate::nature::Kind;
use crate::task::{TaskState, WaitFor};
use crate::work::Work;

/// What a person made of a run's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It was taken, and landed where there was something to land.
    Accepted,
    /// It went back with a comment.
    SentBack,
    /// It was thrown away.
    Discarded,
}

/// A judgement with whom it concerns.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The project's name.
    pub project: String,
    /// The kind of work.
    pub kind: Kind,
    /// The agent of the run that was judged.
    pub agent: String,
    /// Its model, as the agent told.
    pub model: Option<String>,
    /// What the person made of it.
    pub judgement: Judgement,
    /// What that run cost, in US dollars at list price; nothing for a model of this machine.
    pub cost_usd: f64,
}

/// What `event` says of the latest run of `before`, the state it comes upon; `None` when nobody judged an agent's work.
pub fn judged(before: &Work, event: &Event) -> Option<Judged> {
    let run = before.run.as_ref().filter(|run| !run.hands_on)?;
    let state = &before.task.state;
    let lands = state.waiting().is_some_and(|waiting| waiting.on == WaitFor::Landing);
    let judgement = match event {
        Event::TaskCompleted { .. } if lands || *state == TaskState::Review => Judgement::Accepted,
        Event::TaskSentBack { .. } if *state == TaskState::Review => Judgement::SentBack,
        Event::TaskCancelled { .. } | Event::TaskRetried { .. } if *state == TaskState::Review => {
            Judgement::Discarded
        }
        _ => return None,
    };
    let free = matches!(run.billing.as_deref(), Some("local" | "none"));
    Some(Judged {
        project: before.task.asked.project.clone(),
        kind: before.task.asked.nature.kind,
        agent: run.agent.clone(),
        model: run.model.clone(),
        judgement,
        cost_usd: if free { 0.0 } else { run.usage.cost_usd },
    })
}

/// What an agent, or one of its models, has come to with one kind of work in one project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The agent.
    pub agent: String,
    /// The model; `None` when the agent never told.
    pub model: Option<String>,
    /// Runs whose work was accepted.
    pub accepted: u32,
    /// Runs whose work was sent back.
    pub sent_back: u32,
    /// Runs whose work was thrown away.
    pub discarded: u32,
    /// What all of them cost, in US dollars.
    pub cost_usd: f64,
}

/// What a person's look at work that is not accepted counts as, in US dollars. Without it what costs nothing and is
/// never any good would be the cheapest of all.
pub const ATTENTION_USD: f64 = 1.0;

/// Fewer runs than this say nothing yet.
pub const ENOUGH: u32 = 5;

impl Record {
    /// Runs that were judged.
    pub fn tried(&self) -> u32 {
        self.accepted.saturating_add(self.sent_back).saturating_add(self.discarded)
    }

    /// The sum of both, of the first's agent.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            accepted: self.accepted.saturating_add(other.accepted),
            sent_back: self.sent_back.saturating_add(other.sent_back),
            discarded: self.discarded.saturating_add(other.discarded),
            cost_usd: self.cost_usd + other.cost_usd,
            ..self
        }
    }

    /// What an accepted change costs, the attention for the others included; endless when none was accepted.
    pub fn cost_per_accepted(&self) -> f64 {
        let looks = f64::from(self.sent_back.saturating_add(self.discarded));
        if self.accepted == 0 {
            return f64::INFINITY;
        }
        (self.cost_usd.max(0.0) + ATTENTION_USD * looks) / f64::from(self.accepted)
    }

    /// Whether it says something.
    pub fn is_enough(&self) -> bool {
        self.tried() >= ENOUGH
    }

    /// Whether it says that this agent is the wrong one: enough was tried, and less than half accepted.
    pub fn is_bad(&self) -> bool {
        self.is_enough() && u64::from(self.accepted) * 2 < u64::from(self.tried())
    }

    /// For people: `14 of 17 such changes accepted here at $0`.
    pub fn sentence(&self) -> String {
        let each = if self.cost_usd < 0.005 {
            "$0".to_owned()
        } else {
            format!("${:.2} each", self.cost_usd / f64::from(self.tried().max(1)))
        };
        format!("{} of {} such changes accepted here at {each}", self.accepted, self.tried())
    }
}

/// The record of an agent, with one of its models where one is named: a model is named by a part of the name that the
/// agent tells, as `opus`.
pub fn of(records: &[Record], agent: &str, model: Option<&str>) -> Record {
    let concerned = records.iter().filter(|record| record.agent == agent).filter(|record| match model {
        None => true,
        Some(wanted) => record.model.as_deref().is_some_and(|told| told.contains(wanted)),
    });
    let none = Record { agent: agent.into(), model: model.map(Into::into), ..Record::default() };
    concerned.fold(none, Record::plus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_accepted_change_costs() {
        let local = Record { accepted: 4, sent_back: 1, ..Record::default() };
        let cloud = Record { accepted: 5, cost_usd: 3.0, ..Record::default() };
        let useless = Record { discarded: 6, ..Record::default() };
        assert!(local.cost_per_accepted() < cloud.cost_per_accepted());
        assert!(useless.cost_per_accepted().is_infinite() && useless.is_bad() && !local.is_bad());
        insta::assert_snapshot!(local.sentence(), @"4 of 5 such changes accepted here at $0");
        insta::assert_snapshot!(cloud.sentence(), @"5 of 5 such changes accepted here at $0.60 each");
    }

    #[test]
    fn models_are_told_apart_where_they_are_named() {
        let record = |model: &str, accepted| Record {
            agent: "claude".into(),
            model: Some(model.into()),
            accepted,
            ..Record::default()
        };
        let records = [record("claude-opus-4-5", 3), record("claude-sonnet-4-5", 2)];
        assert_eq!(of(&records, "claude", None).accepted, 5);
        assert_eq!(of(&records, "claude", Some("opus")).accepted, 3);
        assert_eq!(of(&records, "qwen", None).tried(), 0);
    }
}
