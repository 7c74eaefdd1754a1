//! Alike questions, answered as one: by who has seen all of them. What they saw has a code; when another task asks the same
//! meanwhile, the code is another, and nothing is answered.

use domain::alike::{Asked, groups};
use domain::work::Command;
use domain::{Actor, TaskId, Work, question};
use sha2::{Digest, Sha256};
use store::tasks;

use crate::intake::Unclear;
use crate::{Engine, Error, clock, secret};

/// The most tasks with open questions that are looked at: the first of them.
pub const MOST: usize = 500;

/// An answer to alike questions.
#[derive(Clone, Debug)]
pub struct ToAll {
    /// A task of the group.
    pub task: TaskId,
    /// Its question; the oldest open one when not said.
    pub question: Option<String>,
    /// The answer, or the number of a choice.
    pub words: String,
    /// The rules of the policy were wrong to ask.
    pub false_alarm: bool,
    /// The code of the group that the person saw; only looked at without.
    pub seen: Option<String>,
}

/// What became of an answer to alike questions.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The group.
    pub group: Vec<Asked>,
    /// Its code now.
    pub code: String,
    /// The tasks that were answered, as they are now; none when nothing was to be answered yet.
    pub answered: Vec<Work>,
    /// Those that were not, and why.
    pub refused: Vec<(TaskId, String)>,
}

/// The code of a group: of every task and every word that a person saw.
pub fn code(group: &[Asked]) -> String {
    let mut lines: Vec<String> =
        group.iter().map(|one| format!("{} {} {:?}", one.task, one.question.id, one.question)).collect();
    lines.sort_unstable();
    secret::hexadecimal(&Sha256::digest(lines.join("\n").as_bytes())[..8])
}

impl Engine {
    /// The open questions of a project, or of all, alike ones together; those that wait longest first.
    pub async fn questions(&self, project: Option<String>) -> Result<Vec<Vec<Asked>>, Error> {
        let asking = self.store().read(move |tx| tasks::asking(tx, project.as_deref(), MOST)).await?;
        let asked = asking.iter().flat_map(|task| {
            question::open(&task.questions).map(|question| Asked {
                task: task.id,
                title: task.title.clone(),
                project: task.asked.project.clone(),
                repo: task.asked.repo.clone(),
                question: question.clone(),
            })
        });
        Ok(groups(asked.collect()))
    }

    /// Answers a question and those that are like it, if these are the ones that the person saw.
    pub async fn answer_alike(&self, answer: ToAll, actor: Actor) -> Result<Answered, Error> {
        let is_meant = |one: &Asked| {
            one.task == answer.task && answer.question.as_ref().is_none_or(|id| *id == one.question.id)
        };
        let groups = self.questions(None).await?;
        let group = groups.into_iter().find(|group| group.iter().any(is_meant));
        let group = group.ok_or_else(|| refused("it has no such open question"))?;
        let code = code(&group);
        let mut done =
            Answered { group: group.clone(), code: code.clone(), answered: Vec::new(), refused: Vec::new() };
        match &answer.seen {
            None => return Ok(done),
            Some(seen) if *seen != code => {
                return Err(refused(
                    "other tasks ask this by now than you saw: look at `sidekick questions` again",
                ));
            }
            Some(_) => {}
        }
        for one in group {
            match self.answer_one(&one, &answer, actor.clone()).await {
                Ok(work) => done.answered.push(work),
                Err(error) => done.refused.push((one.task, error.to_string())),
            }
        }
        Ok(done)
    }

    async fn answer_one(&self, one: &Asked, answer: &ToAll, actor: Actor) -> Result<Work, Error> {
        let (task, question, now) = (one.task, one.question.clone(), clock::now());
        let command = Command::Answer {
            question: Some(question.id.clone()),
            words: answer.words.clone(),
            false_alarm: answer.false_alarm,
        };
        let done = self.store().write(move |tx| {
            let work = tasks::load(tx, task)?;
            let known =
                work.and_then(|work| work.task.questions.into_iter().find(|known| *known == question));
            if known.is_none() {
                return Err(domain::Refusal::Invalid("it does not ask that any more").into());
            }
            tasks::change(tx, task, command, &actor, now)
        });
        let work = done.await?;
        self.context.wake.notify_one();
        self.context.land.notify_one();
        self.context.tidy.notify_one();
        Ok(work)
    }
}

fn refused(why: &'static str) -> Error {
    Unclear::Invalid(why.into()).into()
}
