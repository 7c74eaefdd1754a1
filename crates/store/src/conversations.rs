//! Conversations and their messages, each change with its event under the conversation's own id. Not here: who may read
//! them (the doors), what the brain says (`engine::brain`).

use domain::conversation::{Message, title_of};
use domain::work::Entry;
use domain::{ConversationId, Event, MessageId, Timestamp};

use crate::sql::{Row, Tx, Value};
use crate::{Error, events};

/// The most of a page.
pub const MOST: usize = 200;
/// Messages that a search looks for at the most.
const MOST_FOUND: usize = 50;

/// How the idempotency keys begin of tasks in which an agent thinks about an answer.
pub const THOUGHT: &str = "brain:";

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its title.
    pub title: String,
    /// Who began it.
    pub owner: String,
    /// What was said before the messages that are shown to a model.
    pub summary: String,
    /// How many messages the summary stands for.
    pub summed: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When something was last said in it.
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "SELECT id, title, owner, summary, summed, created_at, updated_at FROM conversations";

/// Begins one.
pub fn create(tx: &mut Tx<'_>, title: &str, owner: &str, now: Timestamp) -> Result<Conversation, Error> {
    let one = Conversation {
        id: ConversationId::new(now),
        title: title_of(title),
        owner: owner.to_owned(),
        summary: String::new(),
        summed: 0,
        created_at: now,
        updated_at: now,
    };
    tx.execute(
        "INSERT INTO conversations (id, title, owner, summary, summed, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            one.id.to_string().as_str().into(),
            (&one.title).into(),
            owner.into(),
            "".into(),
            0i64.into(),
            now.into(),
            now.into(),
        ],
    )?;
    append(tx, one.id, Event::ConversationChanged {}, owner, now)?;
    Ok(one)
}

/// One, or that there is none.
pub fn load(tx: &mut Tx<'_>, id: ConversationId) -> Result<Conversation, Error> {
    let row = tx.query_one(&format!("{COLUMNS} WHERE id = $1"), &[id.to_string().as_str().into()])?;
    row.as_ref().map(conversation).transpose()?.ok_or_else(|| missing(id))
}

/// Whose, and how they are called.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those of this actor; everybody's when left out.
    pub owner: Option<String>,
    /// Only those with these words in the title or in a message.
    pub search: Option<String>,
    /// Only those before this one in the list: when something was last said in it, and its id.
    pub before: Option<(Timestamp, ConversationId)>,
    /// At most this many.
    pub limit: usize,
}

/// Conversations, that of the latest words first.
pub fn list(tx: &mut Tx<'_>, filter: &Filter) -> Result<Vec<Conversation>, Error> {
    let mut clauses = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    if let Some(owner) = &filter.owner {
        values.push(owner.into());
        clauses.push(format!("owner = ${}", values.len()));
    }
    if let Some((at, id)) = filter.before {
        values.push(at.into());
        let at = values.len();
        values.push(id.to_string().as_str().into());
        clauses.push(format!("(updated_at < ${at} OR (updated_at = ${at} AND id < ${}))", at + 1));
    }
    if let Some(search) = &filter.search {
        values.push((&pattern(search)).into());
        let words = values.len();
        clauses.push(format!(
            "(LOWER(title) LIKE ${words} ESCAPE '\\' OR id IN (SELECT conversation FROM messages
              WHERE words LIKE ${words} ESCAPE '\\' ORDER BY id DESC LIMIT {MOST_FOUND}))"
        ));
    }
    values.push(filter.limit.min(MOST + 1).into());
    let sql = format!(
        "{COLUMNS} WHERE {} ORDER BY updated_at DESC, id DESC LIMIT ${}",
        clauses.join(" AND "),
        values.len()
    );
    tx.query(&sql, &values)?.iter().map(conversation).collect()
}

/// What stands anywhere in a text, whatever marks it has.
fn pattern(search: &str) -> String {
    let escaped = search.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Gives it another title.
pub fn rename(
    tx: &mut Tx<'_>,
    id: ConversationId,
    title: &str,
    actor: &str,
    now: Timestamp,
) -> Result<Conversation, Error> {
    let title = title_of(title);
    let sql = "UPDATE conversations SET title = $2 WHERE id = $1";
    if tx.execute(sql, &[id.to_string().as_str().into(), (&title).into()])? == 0 {
        return Err(missing(id));
    }
    append(tx, id, Event::ConversationChanged {}, actor, now)?;
    load(tx, id)
}

/// Deletes it with its messages; the log never had their words.
pub fn delete(tx: &mut Tx<'_>, id: ConversationId, actor: &str, now: Timestamp) -> Result<(), Error> {
    load(tx, id)?;
    let key = id.to_string();
    tx.execute("DELETE FROM messages WHERE conversation = $1", &[key.as_str().into()])?;
    tx.execute("DELETE FROM conversations WHERE id = $1", &[key.as_str().into()])?;
    append(tx, id, Event::ConversationDeleted {}, actor, now)
}

/// Keeps what was said before in short.
pub fn sum_up(tx: &mut Tx<'_>, id: ConversationId, summary: &str, summed: u64) -> Result<(), Error> {
    tx.execute(
        "UPDATE conversations SET summary = $2, summed = $3 WHERE id = $1",
        &[id.to_string().as_str().into(), summary.into(), summed.into()],
    )?;
    Ok(())
}

/// Adds a message at the end. A `key` is a person's own, and was not seen before: see [`said`].
pub fn add(
    tx: &mut Tx<'_>,
    id: ConversationId,
    message: Message,
    key: Option<&str>,
    now: Timestamp,
) -> Result<Message, Error> {
    load(tx, id)?;
    let conversation = id.to_string();
    let place = tx.query_one(
        "SELECT COALESCE(MAX(place), 0) FROM messages WHERE conversation = $1",
        &[conversation.as_str().into()],
    )?;
    let place = place.map_or(Ok(0), |row| row.int(0))? + 1;
    tx.execute(
        "INSERT INTO messages (id, conversation, place, state, words, message, key) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            message.id.to_string().as_str().into(),
            conversation.as_str().into(),
            place.into(),
            message.state.as_str().into(),
            (&message.text.to_lowercase()).into(),
            (&written(&message)).into(),
            key.map_or(Value::Null, Into::into),
        ],
    )?;
    let sql = "UPDATE conversations SET updated_at = $2 WHERE id = $1";
    tx.execute(sql, &[conversation.as_str().into(), now.into()])?;
    let actor = message.actor.clone();
    append(tx, id, Event::MessageAdded { message: message.id }, &actor, now)?;
    Ok(message)
}

/// What was said with a key, and the answer to it.
pub fn said(tx: &mut Tx<'_>, key: &str) -> Result<Option<(ConversationId, Message, Message)>, Error> {
    let sql = "SELECT said.conversation, said.message, answer.message FROM messages said
        JOIN messages answer ON answer.conversation = said.conversation AND answer.place = said.place + 1
        WHERE said.key = $1";
    let Some(row) = tx.query_one(sql, &[key.into()])? else { return Ok(None) };
    Ok(Some((row.word(0, |text| text.parse().ok())?, read(&row, 1)?, read(&row, 2)?)))
}

/// Replaces a message by how it stands now.
pub fn change(
    tx: &mut Tx<'_>,
    id: ConversationId,
    message: &Message,
    actor: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let changed = tx.execute(
        "UPDATE messages SET state = $2, words = $3, message = $4 WHERE id = $1",
        &[
            message.id.to_string().as_str().into(),
            message.state.as_str().into(),
            (&message.text.to_lowercase()).into(),
            (&written(message)).into(),
        ],
    )?;
    if changed == 0 {
        return Err(Error::NotFound { what: "message", id: message.id.to_string() });
    }
    append(tx, id, Event::MessageChanged { message: message.id }, actor, now)
}

/// The words so far of an answer that is not all there yet. Once it is, or was deleted, nothing changes.
pub fn say(tx: &mut Tx<'_>, id: ConversationId, message: &Message, now: Timestamp) -> Result<(), Error> {
    let changed = tx.execute(
        "UPDATE messages SET message = $2 WHERE id = $1 AND state = 'pending'",
        &[message.id.to_string().as_str().into(), (&written(message)).into()],
    )?;
    if changed == 0 {
        return Ok(());
    }
    append(tx, id, Event::MessageSaid { message: message.id }, "brain", now)
}

/// One message of a conversation.
pub fn message(tx: &mut Tx<'_>, id: ConversationId, message: MessageId) -> Result<Message, Error> {
    let row = tx.query_one(
        "SELECT message FROM messages WHERE id = $1 AND conversation = $2",
        &[message.to_string().as_str().into(), id.to_string().as_str().into()],
    )?;
    let row = row.ok_or(Error::NotFound { what: "message", id: message.to_string() })?;
    read(&row, 0)
}

/// The last messages before a place, oldest first, each with its place.
pub fn messages(
    tx: &mut Tx<'_>,
    id: ConversationId,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<(i64, Message)>, Error> {
    let rows = tx.query(
        "SELECT place, message FROM messages WHERE conversation = $1 AND place < $2 ORDER BY place DESC LIMIT $3",
        &[id.to_string().as_str().into(), before.unwrap_or(i64::MAX).into(), limit.min(MOST + 1).into()],
    )?;
    rows.iter().rev().map(|row| Ok((row.int(0)?, read(row, 1)?))).collect()
}

/// Answers that the brain still owes, and proposals that are being done, the oldest first.
pub fn pending(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<(ConversationId, Message)>, Error> {
    let rows = tx.query(
        "SELECT conversation, message FROM messages WHERE state = 'pending' ORDER BY id LIMIT $1",
        &[limit.into()],
    )?;
    rows.iter().map(|row| Ok((row.word(0, |text| text.parse().ok())?, read(row, 1)?))).collect()
}

fn append(
    tx: &mut Tx<'_>,
    id: ConversationId,
    event: Event,
    actor: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let record = events::place(tx, id.stream(), Entry { run: None, event }, actor, now)?;
    events::store(tx, &record)
}

fn written(message: &Message) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

fn read(row: &Row, column: usize) -> Result<Message, Error> {
    row.word(column, |text| serde_json::from_str(text).ok())
}

fn conversation(row: &Row) -> Result<Conversation, Error> {
    Ok(Conversation {
        id: row.word(0, |text| text.parse().ok())?,
        title: row.text(1)?,
        owner: row.text(2)?,
        summary: row.text(3)?,
        summed: row.u64(4)?,
        created_at: row.at(5)?,
        updated_at: row.at(6)?,
    })
}

fn missing(id: ConversationId) -> Error {
    Error::NotFound { what: "conversation", id: id.to_string() }
}
