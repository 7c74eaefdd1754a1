//! The brain: answers people in conversations, and does for them what they could do themselves with a command.
//!
//! An answer that is owed is a message in the store, so nothing is lost with a daemon: the next one goes on with it. It comes
//! from rules where plain words are certain ([`domain::conversation::intent`]), else from a model: the one of this machine,
//! whose words are shown as they come, or any agent, which answers as a task of its own, contained and counted as all are.
//! Where there is none, or it does not answer, the rules say what they can. [`scene`] is what the brain knows, [`doing`] how
//! its deeds are done, [`answering`] how an answer comes about. Not here: what may be done without asking (`domain`).

mod answering;
mod doing;
mod scene;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::access::Role;
use domain::conversation::brain::Scene;
use domain::conversation::{Closed, Confirm, Fate, Message, MessageState, Speaker, complaint, title_of};
use domain::supervise::Rung;
use domain::{Actor, ConversationId, MessageId, Refusal};
use store::conversations::{self, Conversation};

use crate::{Engine, Error, Unclear, clock};

/// Answers that are looked after at once; further ones come after.
const MOST_PENDING: usize = 64;
/// Events come in groups: one look for all of them.
const PAUSE: Duration = Duration::from_millis(30);
/// Without any event is looked at least so often.
const FALLBACK: Duration = Duration::from_mins(1);

/// What there is, for the person.
pub(crate) async fn whole_scene(engine: &Engine) -> Result<Scene, Error> {
    scene::look(engine, scene::Reader::Here).await
}

/// How the brain is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrainOptions {
    /// Who thinks; when left out, the model of this machine, else who the router takes for questions.
    pub agent: Option<Rung>,
    /// What a person confirms.
    pub confirm: Confirm,
}

/// Answers that are being thought about in this daemon.
#[derive(Debug, Default)]
pub(crate) struct Thinking(Mutex<HashSet<MessageId>>);

impl Thinking {
    /// Whether nobody was at it.
    fn enter(&self, message: MessageId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(message)
    }

    fn leave(&self, message: MessageId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&message);
    }

    fn is_at(&self, message: MessageId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&message)
    }
}

/// What a person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// As it is written, or was written down.
    pub text: String,
    /// Whether a machine wrote down what was spoken.
    pub spoken: bool,
}

/// What was said, and the answer that is owed.
#[derive(Clone, Debug)]
pub struct Said {
    /// Where.
    pub conversation: Conversation,
    /// The person's message.
    pub message: Message,
    /// The brain's.
    pub answer: Message,
    /// False when it was said before, with the same key.
    pub new: bool,
}

pub(crate) async fn serve(engine: Engine) {
    let mut head = engine.context.store.head();
    loop {
        if let Err(error) = run_once(&engine).await {
            tracing::warn!(%error, "conversations could not be looked after; trying again");
        }
        tokio::select! {
            changed = head.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(FALLBACK) => {}
            () = engine.context.stopped() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = engine.context.stopped() => return,
        }
    }
}

/// Goes on with every answer that is owed, as far as that is possible now.
pub(crate) async fn run_once(engine: &Engine) -> Result<(), Error> {
    let owed = engine.store().read(|tx| conversations::pending(tx, MOST_PENDING)).await?;
    for (conversation, message) in owed {
        if engine.context.thinking.is_at(message.id) {
            continue;
        }
        if let Err(error) = answering::go_on(engine, conversation, &message).await {
            match &error {
                Error::Store(store::Error::Unavailable(_) | store::Error::DiskFull) => return Err(error),
                // Deleted meanwhile.
                Error::Store(store::Error::NotFound { .. }) => {}
                _ => answering::fail(engine, conversation, message, &error.to_string()).await?,
            }
        }
    }
    Ok(())
}

impl Engine {
    /// Says something to the brain, in a conversation or in a new one. When this returns it is on disk, and an answer is owed.
    pub async fn say(
        &self,
        to: Option<ConversationId>,
        words: Words,
        (actor, role): (Actor, Role),
        key: Option<String>,
    ) -> Result<Said, Error> {
        let Words { text, spoken } = words;
        if let Some(complaint) = complaint(&text) {
            return Err(Unclear::Invalid(complaint.into()).into());
        }
        let now = clock::now();
        let said = self.store().write(move |tx| {
            if let Some(key) = &key
                && let Some((id, message, answer)) = conversations::said(tx, key)?
            {
                let conversation = conversations::load(tx, id)?;
                return Ok(Said { conversation, message, answer, new: false });
            }
            let conversation = match to {
                Some(id) => conversations::load(tx, id)?,
                None => conversations::create(tx, &text, &actor, now)?,
            };
            // One begun without words is called as its first ones.
            let first = conversations::messages(tx, conversation.id, None, 1)?.is_empty();
            let conversation = if first && to.is_some() && conversation.title == title_of("") {
                conversations::rename(tx, conversation.id, &text, &actor, now)?
            } else {
                conversation
            };
            let message =
                Message { spoken, ..written(Speaker::User, MessageState::Complete, text, &actor, role) };
            let message = conversations::add(tx, conversation.id, message, key.as_deref(), now)?;
            let answer = written(Speaker::Assistant, MessageState::Pending, String::new(), &actor, role);
            let answer = conversations::add(tx, conversation.id, answer, None, now)?;
            let conversation = conversations::load(tx, conversation.id)?;
            Ok(Said { conversation, message, answer, new: true })
        });
        Ok(said.await?)
    }

    /// Confirms what the brain proposed: it is done as if the person had done each of it.
    pub async fn confirm_proposal(
        &self,
        conversation: ConversationId,
        id: MessageId,
        (actor, role): (Actor, Role),
    ) -> Result<Message, Error> {
        let by = actor.to_string();
        let taken =
            self.decide_proposal(conversation, id, (actor, role), MessageState::Pending, Fate::Taken { by });
        let message = taken.await?;
        answering::go_on(self, conversation, &message).await?;
        Ok(self.store().read(move |tx| conversations::message(tx, conversation, id)).await?)
    }

    /// Drops what the brain proposed.
    pub async fn drop_proposal(
        &self,
        conversation: ConversationId,
        id: MessageId,
        (actor, role): (Actor, Role),
    ) -> Result<Message, Error> {
        let by = actor.to_string();
        self.decide_proposal(conversation, id, (actor, role), MessageState::Complete, Fate::Dropped { by })
            .await
    }

    async fn decide_proposal(
        &self,
        conversation: ConversationId,
        id: MessageId,
        (actor, role): (Actor, Role),
        state: MessageState,
        fate: Fate,
    ) -> Result<Message, Error> {
        let now = clock::now();
        let decided = self.store().write(move |tx| {
            let mut message = conversations::message(tx, conversation, id)?;
            let proposal = message.open_proposal(now).map_err(|closed| {
                Refusal::Invalid(match closed {
                    Closed::Missing => "nothing is proposed in this message",
                    Closed::Decided => "this was decided before; nothing is done twice",
                    Closed::Expired => {
                        "this was proposed more than a day ago, and things have moved on: ask again"
                    }
                })
            })?;
            if let Some(deed) = proposal.deeds.iter().find(|deed| !role.may(deed.permission())) {
                tracing::info!(?deed, %actor, "somebody may not confirm this");
                return Err(Refusal::Invalid("your role does not allow this; ask somebody whose does").into());
            }
            proposal.fate = fate;
            message.state = state;
            (message.actor, message.role) = (actor.to_string(), role);
            conversations::change(tx, conversation, &message, &actor, now)?;
            Ok(message)
        });
        Ok(decided.await?)
    }
}

fn written(speaker: Speaker, state: MessageState, text: String, actor: &Actor, role: Role) -> Message {
    let at = clock::now();
    Message {
        id: MessageId::new(at),
        speaker,
        state,
        text,
        tasks: Vec::new(),
        thinking: None,
        rounds: 0,
        proposal: None,
        actor: actor.to_string(),
        role,
        at,
        spoken: false,
    }
}
