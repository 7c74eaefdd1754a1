//! A task's life: each change is a command that `domain::Work` decides about, and the events it causes are folded in and
//! learned from as the store does.

use domain::dependency::{self, Earlier};
use domain::record::{self, Judgement, Record};
use domain::supervise::{Decision, Settled};
use domain::work::{Command, Entry};
use domain::{Event, TaskId, TaskState, Work};

use super::{World, asked};

impl World<'_> {
    /// A task is given.
    pub(super) fn arrive(&mut self, n: usize) {
        let after: Vec<TaskId> = self.jobs[n].after.iter().map(|at| self.jobs[*at].id).collect();
        let Ok(entry) = Work::create(self.jobs[n].id, asked(&self.jobs[n], self.week, after)) else { return };
        let record = self.record(n, entry, "person:simulated");
        self.jobs[n].work = Work::from_created(&record);
        self.counts.tasks += 1;
        self.depend(n);
    }

    /// Looks at what a task comes after.
    fn depend(&mut self, n: usize) {
        let stands = |at: &usize| {
            let work = self.jobs[*at].work.as_ref();
            let state = work.map_or("queued", |work| work.task.state.as_str());
            Earlier { id: self.jobs[*at].id, title: self.title(*at), state: state.into() }
        };
        let before: Vec<_> = self.jobs[n].after.iter().map(stands).collect();
        if !before.is_empty() {
            let reason = dependency::hold(self.jobs[n].id, &before);
            self.tell(n, Command::Depend(reason), "engine");
        }
    }

    /// Ends a wait whose time has come.
    pub(super) fn wake(&mut self, n: usize) {
        let waiting = self.jobs[n].work.as_ref().and_then(|work| work.task.state.waiting());
        if waiting.and_then(|waiting| waiting.until).is_some_and(|until| until <= self.now) {
            self.tell(n, Command::Wake, "engine");
        }
    }

    /// Carries out a command; whether it was taken.
    pub(super) fn tell(&mut self, n: usize, command: Command, actor: &str) -> bool {
        let Some(work) = &self.jobs[n].work else { return false };
        let Ok(entries) = work.decide(command, self.now) else {
            self.counts.refused += 1;
            return false;
        };
        for entry in entries {
            let record = self.record(n, entry, actor);
            self.learn(n, &record);
            if let Some(work) = &mut self.jobs[n].work {
                work.apply(&record);
            }
        }
        let state = self.jobs[n].work.as_ref().map(|work| &work.task.state);
        if matches!(state, Some(TaskState::Completed | TaskState::Failed | TaskState::Cancelled)) {
            if state == Some(&TaskState::Completed) {
                self.jobs[n].done.get_or_insert(self.now);
            }
            for later in
                (0..self.jobs.len()).filter(|at| self.jobs[*at].after.contains(&n)).collect::<Vec<_>>()
            {
                self.depend(later);
            }
        }
        true
    }

    /// Approves what a task has, and merges it at once.
    pub(super) fn approve(&mut self, n: usize, actor: &str) {
        if self.tell(n, Command::Approve, actor) {
            self.land(n);
        }
    }

    pub(super) fn land(&mut self, n: usize) {
        self.counts.bad_merged += u32::from(!self.jobs[n].good);
        let landed = Command::Landed { commit: "landed".into(), how: "merged".into() };
        self.tell(n, landed, "engine");
    }

    fn record(&mut self, n: usize, Entry { run, event }: Entry, actor: &str) -> domain::Record {
        self.seq += 1;
        domain::Record {
            seq: self.seq,
            task: self.jobs[n].id,
            run: run.map(|(id, _)| id),
            attempt: run.map(|(_, attempt)| attempt),
            actor: actor.into(),
            at: self.now,
            event,
        }
    }

    /// What an event teaches, before it is folded in.
    fn learn(&mut self, n: usize, event: &domain::Record) {
        let Some(work) = &self.jobs[n].work else { return };
        let project = work.task.asked.project.clone();
        if matches!(event.event, Event::QuestionAsked { .. }) {
            self.counts.asked.push(event.at);
        }
        if let Some(judged) = record::judged(work, &event.event) {
            let key = (judged.project.clone(), judged.kind);
            let own =
                Record { agent: judged.agent.clone(), model: judged.model.clone(), ..Record::default() };
            let records = self.records.entry(key).or_default();
            let at = records.iter().position(|known| known.agent == own.agent).unwrap_or_else(|| {
                records.push(own);
                records.len() - 1
            });
            let known = &mut records[at];
            known.cost_usd += judged.cost_usd;
            match judged.judgement {
                Judgement::Accepted => known.accepted += 1,
                Judgement::SentBack => known.sent_back += 1,
                Judgement::Discarded => known.discarded += 1,
            }
        }
        let agent = work.run.as_ref().map(|run| run.agent.clone()).unwrap_or_default();
        let settled = Settled::by(event);
        if let (Some(settled), Some((raw, whose))) =
            (settled, self.jobs[n].open.take_if(|_| settled.is_some()))
        {
            self.pairs.extend(settled.content().map(|content| (raw, content)));
            self.settled.entry((project, whose)).or_default().push(settled);
        }
        if let Event::TaskJudged { verdict } = &event.event {
            match &verdict.decision {
                Decision::Retry { .. } => self.jobs[n].again += 1,
                Decision::Escalate { .. } => self.counts.escalated += 1,
                _ => self.jobs[n].open = Some((verdict.raw, agent)),
            }
        }
        if matches!(event.event, Event::TaskSentBack { .. }) {
            self.jobs[n].again += 1;
        }
    }

    pub(super) fn title(&self, n: usize) -> String {
        let spec = self.jobs[n].spec;
        spec.name.clone().unwrap_or_else(|| format!("{} in {}", spec.kind.as_str(), spec.project.value))
    }
}
