//! How an answer comes about: by rules, by the model of this machine, by an agent; and what is done with it.

use std::time::Duration;

use domain::conversation::brain::{Answer, Scene, digest, prompt, read};
use domain::conversation::deed::{Asked, must_be_confirmed};
use domain::conversation::intent::{self, FORMS, Intent};
use domain::conversation::{
    CONTEXT, Confirm, Deed, Fate, Message, MessageState, PROPOSAL_LASTS, Proposal, Speaker,
};
use domain::{Actor, Complexity, ConversationId, Kind, Task, TaskState};
use store::{conversations, tasks};
use tokio::sync::mpsc;

use super::doing::{self, looked};
use super::scene::{Reader, day, look, now_of};
use crate::{Engine, Error, Request, clock};

/// How often a model may read more before it answers.
const MOST_ROUNDS: u32 = 3;
/// The project that thinking belongs to.
const PROJECT: &str = "brain";
/// Words that come are told in groups.
const TELL: Duration = Duration::from_millis(120);

/// Whether a task is the brain's own thinking, and nobody's work.
pub(super) fn is_thought(task: &Task) -> bool {
    task.asked.once && task.asked.key.as_deref().is_some_and(|key| key.starts_with(conversations::THOUGHT))
}

/// Goes on with an answer that is owed, or with a proposal that was confirmed.
pub(super) async fn go_on(engine: &Engine, id: ConversationId, message: &Message) -> Result<(), Error> {
    if let Some(proposal) = &message.proposal
        && let Fate::Taken { by } = &proposal.fate
    {
        return carry_out(engine, id, message, proposal, by.clone()).await;
    }
    let Some(task) = message.thinking else {
        return begin(engine, id, message, &[]).await;
    };
    let work = engine.store().read(move |tx| tasks::load(tx, task)).await?;
    let Some(work) = work else { return unanswered(engine, id, message, "its task is gone").await };
    let words = work.task.summary.clone().unwrap_or_default();
    match work.task.state {
        TaskState::Completed | TaskState::Review if !words.trim().is_empty() => {
            heard(engine, id, message, &words, Reader::Elsewhere).await
        }
        TaskState::Completed | TaskState::Review => unanswered(engine, id, message, "it said nothing").await,
        TaskState::Failed | TaskState::Cancelled => {
            let why = work.task.reason.unwrap_or_else(|| "it broke off".into());
            unanswered(engine, id, message, &why).await
        }
        _ => Ok(()),
    }
}

async fn begin(
    engine: &Engine,
    id: ConversationId,
    message: &Message,
    found: &[String],
) -> Result<(), Error> {
    let before = before(engine, id, message).await?;
    let said = before.iter().rev().find(|one| one.speaker == Speaker::User);
    let said = said.map(|one| one.text.clone()).unwrap_or_default();
    if message.rounds == 0 {
        let scene = look(engine, Reader::Here).await?;
        if let Some(intent) = intent::read(&said, &scene) {
            return by_rules(engine, id, message, intent, &scene).await;
        }
    }
    let summary = sum_up(engine, id).await?;
    let named = engine.context.options().brain.agent.clone();
    if named.is_none() && engine.context.local_model.is_some() {
        let text = prompt(&look(engine, Reader::Here).await?, &summary, &before, found);
        think_here(engine, id, message.clone(), text);
        return Ok(());
    }
    let text = prompt(&look(engine, Reader::Elsewhere).await?, &summary, &before, found);
    let request = Request {
        text,
        repo: Some(room(engine)?),
        agent: named.as_ref().map(|rung| rung.agent.clone()),
        model: named.and_then(|rung| rung.model),
        priority: Some(1),
        key: Some(format!("{}{}:{}", conversations::THOUGHT, message.id, message.rounds)),
        once: true,
        kind: Some(Kind::Research),
        complexity: Some(Complexity::Low),
        gpu: Some(false),
        ..Request::default()
    };
    if request.agent.is_none() && !engine.context.agents.anybody_thinks() {
        return unanswered(
            engine,
            id,
            message,
            "no agent that thinks is ready; `sidekick agents` says what is missing",
        )
        .await;
    }
    let accepted = match engine.create(request, Actor::from("brain")).await {
        Ok(accepted) => accepted,
        Err(Error::Unclear(unclear)) => return unanswered(engine, id, message, &unclear.to_string()).await,
        Err(error) => return Err(error),
    };
    let changed = Message { thinking: Some(accepted.task.id), rounds: message.rounds + 1, ..message.clone() };
    write(engine, id, changed).await
}

/// An empty repository in which agents think: there is nothing in it to change.
fn room(engine: &Engine) -> Result<String, Error> {
    let dir = engine.context.options().data_dir.join(PROJECT);
    engine
        .context
        .workspaces
        .room(&dir)
        .map_err(|error| Error::Repository(format!("a room for the brain could not be made: {error}")))?;
    Ok(dir.display().to_string())
}

/// The older messages in short; kept, so that each is summed up once.
async fn sum_up(engine: &Engine, id: ConversationId) -> Result<String, Error> {
    let summed = engine.store().write(move |tx| {
        let known = conversations::load(tx, id)?;
        let shown = conversations::messages(tx, id, None, CONTEXT + 2)?;
        let Some((first, _)) = shown.first() else { return Ok(known.summary) };
        let until = u64::try_from(first - 1).unwrap_or(0);
        if until <= known.summed {
            return Ok(known.summary);
        }
        let most =
            usize::try_from(until - known.summed).unwrap_or(conversations::MOST).min(conversations::MOST);
        let older = conversations::messages(tx, id, Some(*first), most)?;
        let older: Vec<_> = older.into_iter().map(|(_, message)| message).collect();
        let summary = digest(&known.summary, &older);
        conversations::sum_up(tx, id, &summary, until)?;
        Ok(summary)
    });
    Ok(summed.await?)
}

/// Asks the model of this machine, and shows its words as they come.
fn think_here(engine: &Engine, id: ConversationId, message: Message, text: String) {
    if !engine.context.thinking.enter(message.id) {
        return;
    }
    let engine = engine.clone();
    tokio::spawn(async move {
        let answer = tokio::select! {
            answer = stream(&engine, id, &message, text) => Some(answer),
            () = engine.context.stopped() => None,
        };
        let settled = match answer {
            // The next daemon asks again.
            None => Ok(()),
            Some(Ok(words)) => {
                let message = Message { rounds: message.rounds + 1, ..message.clone() };
                heard(&engine, id, &message, &words, Reader::Here).await
            }
            Some(Err(why)) => unanswered(&engine, id, &message, &why).await,
        };
        engine.context.thinking.leave(message.id);
        if let Err(error) = settled {
            tracing::warn!(%error, "an answer could not be kept");
        }
    });
}

async fn stream(
    engine: &Engine,
    id: ConversationId,
    message: &Message,
    text: String,
) -> Result<String, String> {
    let Some(model) = &engine.context.local_model else { return Err("there is no local model".into()) };
    // Whoever was shown words of a daemon before begins anew.
    let anew = Message { text: String::new(), ..message.clone() };
    write(engine, id, anew).await.map_err(|error| error.to_string())?;
    let (sender, mut words) = mpsc::channel::<String>(64);
    let tell = async {
        let mut so_far = Message { text: String::new(), ..message.clone() };
        while let Some(more) = words.recv().await {
            so_far.text += &more;
            tokio::time::sleep(TELL).await;
            while let Ok(more) = words.try_recv() {
                so_far.text += &more;
            }
            let now = clock::now();
            // What it wants to do is told when it is done, not while it is written.
            let shown = Message { text: read(&so_far.text).words, ..so_far.clone() };
            if engine.store().write(move |tx| conversations::say(tx, id, &shown, now)).await.is_err() {
                return;
            }
        }
    };
    let (answer, ()) = tokio::join!(model.stream(text, sender), tell);
    answer
}

/// What a model said: its words are told, and what it wants is done, proposed, or read.
async fn heard(
    engine: &Engine,
    id: ConversationId,
    message: &Message,
    words: &str,
    reader: Reader,
) -> Result<(), Error> {
    let Answer { mut words, deeds, wrong } = read(words);
    let scene = look(engine, Reader::Here).await?;
    if deeds.iter().any(Deed::is_look) && deeds.iter().all(Deed::is_look) && message.rounds < MOST_ROUNDS {
        let found = looked(engine, &deeds, &scene, reader).await;
        let next = Message { thinking: None, ..message.clone() };
        return Box::pin(begin(engine, id, &next, &found)).await;
    }
    if let Some(wrong) = wrong {
        words += &format!("\n\nNothing was done: {wrong}.");
    }
    let said = said_before(engine, id, message).await?;
    act(engine, id, message, words, deeds, &scene, Asked::ByModel { said: &said, scene: &scene }).await
}

/// Does or proposes what an answer wants.
async fn act(
    engine: &Engine,
    id: ConversationId,
    message: &Message,
    words: String,
    deeds: Vec<Deed>,
    scene: &Scene,
    asked: Asked<'_>,
) -> Result<(), Error> {
    let deeds: Vec<Deed> = deeds.into_iter().filter(|deed| !deed.is_look()).collect();
    let mut message = Message { text: words, state: MessageState::Complete, ..message.clone() };
    let allowed = deeds.iter().all(|deed| message.role.may(deed.permission()));
    if allowed && must_be_confirmed(&deeds, asked, confirm_of(engine, id, &message).await?) {
        let words = deeds.iter().map(|deed| deed.words(scene)).collect();
        let until = clock::now().plus(PROPOSAL_LASTS);
        message.proposal = Some(Proposal { deeds, words, until, fate: Fate::Open });
        return write(engine, id, message).await;
    }
    let came = doing::all(engine, &message, &deeds, scene).await;
    for one in came {
        message.tasks.extend(one.task);
        message.text += &format!("\n\n{}", one.line);
    }
    message.text = message.text.trim().to_owned();
    write(engine, id, message).await
}

/// The last messages before an answer, oldest first: by their places, because ids of one moment have no order.
async fn before(engine: &Engine, id: ConversationId, answer: &Message) -> Result<Vec<Message>, Error> {
    let last = engine.store().read(move |tx| conversations::messages(tx, id, None, CONTEXT + 2)).await?;
    Ok(last.into_iter().map(|(_, message)| message).take_while(|message| message.id != answer.id).collect())
}

async fn said_before(engine: &Engine, id: ConversationId, answer: &Message) -> Result<String, Error> {
    let before = before(engine, id, answer).await?;
    let said = before.into_iter().rev().find(|one| one.speaker == Speaker::User);
    Ok(said.map(|one| one.text).unwrap_or_default())
}

/// What is confirmed first: all of it, when a machine wrote down what the person spoke.
async fn confirm_of(engine: &Engine, id: ConversationId, message: &Message) -> Result<Confirm, Error> {
    let configured = engine.context.options().brain.confirm;
    let before = before(engine, id, message).await?;
    let said = before.into_iter().rev().find(|one| one.speaker == Speaker::User);
    Ok(said.map_or(configured, |said| said.confirm(configured)))
}

async fn by_rules(
    engine: &Engine,
    id: ConversationId,
    message: &Message,
    intent: Intent,
    scene: &Scene,
) -> Result<(), Error> {
    let words = match intent {
        Intent::Do(deeds) => {
            let confirm = confirm_of(engine, id, message).await?;
            let words = if must_be_confirmed(&deeds, Asked::Plainly, confirm) {
                "I understood this. Shall I do it?"
            } else {
                "Done."
            };
            return act(engine, id, message, words.into(), deeds, scene, Asked::Plainly).await;
        }
        Intent::Explain(tasks) => tasks
            .iter()
            .filter_map(|task| scene.task(task))
            .map(|task| {
                // The plan's reasons go on after a name: "waits for your answer".
                let why = if task.why.is_empty() { format!("is {}", task.state) } else { task.why.clone() };
                format!("**{}** ({}, {}) {why}", task.title, task.short, task.state)
            })
            .collect::<Vec<_>>()
            .join("\n\n"),
        Intent::Day => day(engine, Reader::Here).await?,
        Intent::Now => now_of(scene),
        Intent::Which { what, could_be } => {
            let list: Vec<_> = could_be.iter().map(|one| format!("- {one}")).collect();
            format!("“{what}” could be several. Say it with its id:\n{}", list.join("\n"))
        }
        Intent::Nothing(what) => format!("No open task and no project is called “{what}”."),
    };
    write(engine, id, Message { text: words, state: MessageState::Complete, ..message.clone() }).await
}

/// Nobody answered: says so, and what is understood without a model.
async fn unanswered(engine: &Engine, id: ConversationId, message: &Message, why: &str) -> Result<(), Error> {
    let text =
        format!("The brain did not answer: {}. Without it I understand: {FORMS}.", why.trim_end_matches('.'));
    write(engine, id, Message { text, state: MessageState::Failed, ..message.clone() }).await
}

/// An answer that cannot come about ends so.
pub(super) async fn fail(
    engine: &Engine,
    id: ConversationId,
    message: Message,
    why: &str,
) -> Result<(), Error> {
    unanswered(engine, id, &message, why).await
}

/// Does what a person confirmed.
async fn carry_out(
    engine: &Engine,
    id: ConversationId,
    message: &Message,
    proposal: &Proposal,
    by: String,
) -> Result<(), Error> {
    if !engine.context.thinking.enter(message.id) {
        return Ok(());
    }
    let scene = look(engine, Reader::Here).await;
    let came = match &scene {
        Ok(scene) => doing::all(engine, message, &proposal.deeds, scene).await,
        Err(_) => Vec::new(),
    };
    let written = match scene {
        Ok(_) => {
            let lines = came.iter().map(|one| one.line.clone()).collect();
            let mut message = Message { state: MessageState::Complete, ..message.clone() };
            message.tasks.extend(came.iter().filter_map(|one| one.task));
            message.proposal = Some(Proposal { fate: Fate::Done { by, came: lines }, ..proposal.clone() });
            write(engine, id, message).await
        }
        Err(error) => Err(error),
    };
    engine.context.thinking.leave(message.id);
    written
}

async fn write(engine: &Engine, id: ConversationId, message: Message) -> Result<(), Error> {
    let now = clock::now();
    Ok(engine.store().write(move |tx| conversations::change(tx, id, &message, "brain", now)).await?)
}
