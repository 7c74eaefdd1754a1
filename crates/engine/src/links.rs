//! Links that answer a question without any other login: each says one choice of one question, once, until it expires. A
//! link is what it says with a code over it, made with a secret of the data directory; nothing is kept of it before it is
//! used. Looking at one changes nothing.

use std::io;
use std::path::Path;
use std::time::Duration;

use domain::work::Command;
use domain::{Question, TaskId, Timestamp, Work, question};
use sha2::{Digest, Sha256};
use store::{links, tasks};

use crate::secret::{self, Secret};
use crate::{Engine, Error, clock};

/// The file of the secret, in the data directory. Without it, all links are void.
const FILE: &str = "links.key";
/// What its codes are for.
const PURPOSE: &str = "answer";
/// How long a link is good when its question waits for ever.
const LONGEST: Duration = Duration::from_hours(7 * 24);
/// Who answers by a link: whoever has it.
const ACTOR: &str = "person:link";
/// Bytes of the longest that can be one of ours.
const MOST: usize = 400;

/// Makes and reads links.
pub(crate) struct Links {
    secret: Secret,
}

/// A link.
#[derive(Clone, Debug)]
pub struct Link {
    /// What it answers.
    pub choice: String,
    /// Its path.
    pub path: String,
    /// When it expires.
    pub until: Timestamp,
}

/// What a link would answer, or did.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The task.
    pub work: Work,
    /// The question.
    pub question: Question,
    /// The answer.
    pub choice: String,
    /// When it expires.
    pub until: Timestamp,
}

/// Why a link answers nothing.
#[derive(Debug, thiserror::Error)]
pub enum Stale {
    /// It is none of ours, or not whole.
    #[error("this link is not one of ours, or a part of it got lost")]
    Wrong,
    /// Too late.
    #[error("this link has expired")]
    Expired,
    /// It did what it was for.
    #[error("this link was used already; it works once")]
    Used,
    /// The question is not asked any more, or is another by now.
    #[error("this question was answered already, or is not asked any more")]
    Over,
    /// It could not be done.
    #[error("{0}")]
    Failed(Error),
}

impl From<store::Error> for Stale {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// What a link says.
struct Said {
    task: TaskId,
    question: String,
    /// The number of the choice.
    choice: usize,
    until: Timestamp,
    nonce: String,
    /// Over the words of the question and the choice: a link never answers what nobody has read.
    words: String,
}

impl Links {
    /// With the data directory's secret, which is made if there is none.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        Ok(Self { secret: Secret::open(data_dir, FILE)? })
    }

    /// A link for each choice of a question.
    fn of(&self, task: TaskId, question: &Question, now: Timestamp) -> io::Result<Vec<Link>> {
        let until = question.until.unwrap_or_else(|| now.plus(LONGEST));
        let one = |(n, choice): (usize, &String)| {
            let nonce = secret::hexadecimal(&secret::random::<16>()?);
            let (name, at, words) = (&question.id, until.as_millis(), words(question, n));
            let said = format!("{task}~{name}~{}~{at}~{nonce}~{words}", n + 1);
            let path = format!("/answer/{said}~{}", self.secret.code(PURPOSE, &said));
            Ok(Link { choice: choice.clone(), path, until })
        };
        question.choices.iter().enumerate().map(one).collect()
    }

    /// What a link says, if it is one of ours.
    fn read(&self, link: &str) -> Option<Said> {
        if link.len() > MOST {
            return None;
        }
        let (said, code) = link.rsplit_once('~')?;
        if !self.secret.is_code(PURPOSE, said, code) {
            return None;
        }
        let parts: Vec<&str> = said.split('~').collect();
        let [task, question, choice, until, nonce, words] = parts.as_slice() else { return None };
        Some(Said {
            task: task.parse().ok()?,
            question: (*question).to_owned(),
            choice: choice.parse::<usize>().ok()?.checked_sub(1)?,
            until: Timestamp::from_millis(until.parse().ok()?),
            nonce: (*nonce).to_owned(),
            words: (*words).to_owned(),
        })
    }
}

/// A code over what is asked and what would be answered.
fn words(question: &Question, choice: usize) -> String {
    let mut hash = Sha256::new();
    for text in [&question.text, question.choices.get(choice).unwrap_or(&question.text)] {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    }
    secret::hexadecimal(&hash.finalize()[..16])
}

impl Said {
    /// The question and the answer as they stand; `None` when it is asked no more, or in other words.
    fn stands(&self, work: &Work) -> Option<(Question, String)> {
        let mut open = question::open(&work.task.questions);
        let question = open.find(|question| question.id == self.question)?;
        let choice = question.choices.get(self.choice)?;
        (words(question, self.choice) == self.words).then(|| (question.clone(), choice.clone()))
    }

    /// What it answers now, if it does.
    fn linked(&self, used: bool, work: Option<Work>, now: Timestamp) -> Result<Linked, Stale> {
        if used {
            return Err(Stale::Used);
        }
        if now >= self.until {
            return Err(Stale::Expired);
        }
        let work = work.ok_or(Stale::Over)?;
        let (question, choice) = self.stands(&work).ok_or(Stale::Over)?;
        Ok(Linked { work, question, choice, until: self.until })
    }
}

impl Engine {
    /// Links for the choices of a task's open question; none where there is nothing to choose.
    pub fn links(&self, task: TaskId, question: &Question) -> Result<Vec<Link>, Error> {
        let made = self.context.links.of(task, question, clock::now());
        made.map_err(|error| Error::Repository(format!("no link could be made: {error}")))
    }

    /// Whether a link is one of ours; nothing is looked up.
    pub fn is_link(&self, link: &str) -> bool {
        self.context.links.read(link).is_some()
    }

    /// What a link would answer; nothing is changed.
    pub async fn linked(&self, link: &str) -> Result<Linked, Stale> {
        let said = self.context.links.read(link).ok_or(Stale::Wrong)?;
        let (task, nonce) = (said.task, said.nonce.clone());
        let read = self.store().read(move |tx| Ok((links::is_used(tx, &nonce)?, tasks::load(tx, task)?)));
        let (used, work) = read.await?;
        said.linked(used, work, clock::now())
    }

    /// Answers what a link says, once.
    pub async fn answer_by_link(&self, link: &str) -> Result<Linked, Stale> {
        let said = self.context.links.read(link).ok_or(Stale::Wrong)?;
        let now = clock::now();
        let done = self.store().write(move |tx| {
            // In the transaction: of two who come at once, one is late.
            let (used, work) = (links::is_used(tx, &said.nonce)?, tasks::load(tx, said.task)?);
            let linked = match said.linked(used, work, now) {
                Ok(linked) => linked,
                Err(stale) => return Ok(Err(stale)),
            };
            let command = Command::Answer {
                question: Some(said.question),
                // By its number: a choice may be a number of its own.
                words: (said.choice + 1).to_string(),
                false_alarm: false,
            };
            let used = links::Used { nonce: said.nonce, until: said.until };
            let work = links::follow(tx, &used, said.task, command, ACTOR, now)?;
            Ok(Ok(Linked { work, ..linked }))
        });
        let linked = done.await??;
        self.context.wake.notify_one();
        self.context.land.notify_one();
        self.context.tidy.notify_one();
        Ok(linked)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn question() -> Question {
        let choices = vec!["blue".into(), "green".into()];
        Question { id: "1.1".into(), text: "Which colour?".into(), choices, ..Question::default() }
    }

    #[test]
    fn a_link_says_one_thing_and_no_part_of_it_can_be_changed() {
        let dir = tempfile::tempdir().unwrap();
        let links = Links::open(dir.path()).unwrap();
        let (task, now) = (TaskId::new(clock::now()), clock::now());
        let made = links.of(task, &question(), now).unwrap();
        assert_eq!((made.len(), made[1].choice.as_str(), made[1].until), (2, "green", now.plus(LONGEST)));
        let token = made[1].path.strip_prefix("/answer/").unwrap();
        let said = links.read(token).unwrap();
        assert_eq!((said.task, said.question.as_str(), said.choice), (task, "1.1", 1));
        assert!(Links::open(dir.path()).unwrap().read(token).is_some(), "after a restart");
        let other = tempfile::tempdir().unwrap();
        assert!(Links::open(other.path()).unwrap().read(token).is_none(), "another secret");
        // Every part matters, and so does every letter.
        for at in 0..token.len() {
            let mut forged = token.as_bytes().to_vec();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(links.read(&forged).is_none(), "{forged}");
        }
        for forged in
            ["", "~", "~~~~~~", &token[1..], &format!("{token}0"), &token.to_uppercase(), &"x".repeat(9000)]
        {
            assert!(links.read(forged).is_none(), "{forged}");
        }
        let again = links.of(task, &question(), now).unwrap();
        assert_ne!(again[1].path, made[1].path, "each is used up by itself");
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_used_late_or_asked_otherwise_answers_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let links = Links::open(dir.path()).unwrap();
        let now = clock::now();
        let asked = domain::NewTask::new("shop", "/srv/shop", "x", "rehearsal");
        let id = TaskId::new(now);
        let entry = Work::create(id, asked).unwrap();
        let record = domain::Record {
            seq: 1,
            task: id,
            run: None,
            attempt: None,
            actor: "test".into(),
            at: now,
            event: entry.event,
        };
        let mut work = Work::from_created(&record).unwrap();
        work.task.questions.push(question());
        let made = links.of(id, &question(), now).unwrap();
        let said = links.read(made[1].path.strip_prefix("/answer/").unwrap()).unwrap();
        let late = now.plus(LONGEST);
        let just = late.minus(Duration::from_millis(1));
        assert_eq!(said.linked(false, Some(work.clone()), just).unwrap().choice, "green", "the control");
        assert!(matches!(said.linked(true, Some(work.clone()), just), Err(Stale::Used)));
        assert!(matches!(said.linked(false, Some(work.clone()), late), Err(Stale::Expired)));
        assert!(matches!(said.linked(false, None, just), Err(Stale::Over)));
        work.task.questions[0].choices[1] = "red".into();
        assert!(matches!(said.linked(false, Some(work.clone()), just), Err(Stale::Over)), "other words");
        work.task.questions[0] = Question { answer: Some("blue".into()), ..question() };
        assert!(matches!(said.linked(false, Some(work), just), Err(Stale::Over)), "answered");
        // It expires with its question, when that does.
        let soon = now.plus(Duration::from_mins(1));
        let asked = Question { until: Some(soon), ..question() };
        assert_eq!(links.of(id, &asked, now).unwrap()[0].until, soon);
    }

    #[test]
    fn the_same_name_in_other_words_is_another_question() {
        let other = Question { text: "Which size?".into(), ..question() };
        assert_ne!(words(&question(), 0), words(&other, 0));
        assert_ne!(words(&question(), 0), words(&question(), 1));
        let shifted = Question { text: "Which colour?b".into(), choices: vec!["lue".into()], ..question() };
        assert_ne!(words(&question(), 0), words(&shifted, 0));
    }
}
