//! Conversations with the brain. Each is read and written by who began it, and by admins.

use api::{
    Chat, ChatView, ConversationView, CreateConversation, MessageView, Page, Problem, RenameConversation,
};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use domain::access::Role;
use domain::conversation::title_of;
use domain::{ConversationId, MessageId, Timestamp};
use serde::Deserialize;
use store::conversations::{self, Conversation, Filter, MOST};
use utoipa::IntoParams;

use crate::App;
use crate::access::Caller;
use crate::error::{Failure, invalid};

/// Which conversations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConversationsQuery {
    /// Only those with these words in the title or in a message.
    search: Option<String>,
    /// At most this many; 200 at the most.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One's own conversations, that of the latest words first.
#[utoipa::path(get, path = "/api/conversations", params(ConversationsQuery),
    responses((status = 200, body = Page<ConversationView>), (status = 400, body = Problem)))]
pub(crate) async fn list_conversations(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ConversationsQuery>,
) -> Result<Json<Page<ConversationView>>, Failure> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let filter = Filter {
        owner: Some(caller.actor.to_string()),
        search: query.search.filter(|search| !search.trim().is_empty()),
        before: query.cursor.as_deref().map(place).transpose()?,
        limit: limit + 1,
    };
    let found = app.engine.store().read(move |tx| conversations::list(tx, &filter)).await?;
    let next_cursor = found.get(limit).and(found.get(limit - 1)).map(cursor);
    Ok(Json(Page { items: found.iter().take(limit).map(view).collect(), next_cursor }))
}

/// Begins a conversation.
#[utoipa::path(post, path = "/api/conversations", request_body = CreateConversation,
    responses((status = 201, body = ConversationView), (status = 400, body = Problem)))]
pub(crate) async fn create_conversation(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateConversation>,
) -> Result<(StatusCode, Json<ConversationView>), Failure> {
    let (title, now) = (body.title.unwrap_or_default(), engine::clock::now());
    let made = app.engine.store().write(move |tx| conversations::create(tx, &title, &caller.actor, now));
    Ok((StatusCode::CREATED, Json(view(&made.await?))))
}

/// A conversation.
#[utoipa::path(get, path = "/api/conversations/{id}", params(("id" = String, Path)),
    responses((status = 200, body = ConversationView), (status = 404, body = Problem)))]
pub(crate) async fn get_conversation(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ConversationView>, Failure> {
    Ok(Json(view(&own(&app, &caller, &id).await?)))
}

/// Gives it another title.
#[utoipa::path(patch, path = "/api/conversations/{id}", params(("id" = String, Path)), request_body = RenameConversation,
    responses((status = 200, body = ConversationView), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn rename_conversation(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<RenameConversation>,
) -> Result<Json<ConversationView>, Failure> {
    if body.title.trim().is_empty() {
        return Err(invalid("the title has no words"));
    }
    let (id, now) = (own(&app, &caller, &id).await?.id, engine::clock::now());
    let title = title_of(&body.title);
    let renamed =
        app.engine.store().write(move |tx| conversations::rename(tx, id, &title, &caller.actor, now)).await?;
    Ok(Json(view(&renamed)))
}

/// Deletes it with all its messages, in the log, too. Tasks that it started stay.
#[utoipa::path(delete, path = "/api/conversations/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn delete_conversation(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let (id, now) = (own(&app, &caller, &id).await?.id, engine::clock::now());
    app.engine.store().write(move |tx| conversations::delete(tx, id, &caller.actor, now)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessagesQuery {
    /// At most this many; 200 at the most.
    limit: Option<usize>,
    /// The `next_cursor` of the page before: what was said earlier.
    cursor: Option<String>,
}

/// The last messages of a conversation, oldest first; the next page is what was said before.
#[utoipa::path(get, path = "/api/conversations/{id}/messages", params(("id" = String, Path), MessagesQuery),
    responses((status = 200, body = Page<MessageView>), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list_messages(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<MessagesQuery>,
) -> Result<Json<Page<MessageView>>, Failure> {
    let id = own(&app, &caller, &id).await?.id;
    let before = query
        .cursor
        .map(|cursor| cursor.parse::<i64>().map_err(|_| invalid("the cursor is not one of ours")))
        .transpose()?;
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let mut found =
        app.engine.store().read(move |tx| conversations::messages(tx, id, before, limit + 1)).await?;
    let more = found.len() > limit;
    if more {
        found.remove(0);
    }
    let next_cursor = found.first().filter(|_| more).map(|(place, _)| place.to_string());
    let now = engine::clock::now();
    let items = found.iter().map(|(_, message)| MessageView::new(message, now)).collect();
    Ok(Json(Page { items, next_cursor }))
}

/// One message, with the words so far while it is pending.
#[utoipa::path(get, path = "/api/conversations/{id}/messages/{message}",
    params(("id" = String, Path), ("message" = String, Path)),
    responses((status = 200, body = MessageView), (status = 404, body = Problem)))]
pub(crate) async fn get_message(
    State(app): State<App>,
    caller: Caller,
    Path((id, message)): Path<(String, String)>,
) -> Result<Json<MessageView>, Failure> {
    let id = own(&app, &caller, &id).await?.id;
    let message = message_id(&message)?;
    let found = app.engine.store().read(move |tx| conversations::message(tx, id, message)).await?;
    Ok(Json(MessageView::new(&found, engine::clock::now())))
}

/// Says something to the brain; its answer comes in the log. With an `Idempotency-Key` seen before, nothing is said twice.
#[utoipa::path(post, path = "/api/chat", request_body = Chat,
    responses((status = 201, body = ChatView), (status = 200, body = ChatView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn chat(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<Chat>,
) -> Result<(StatusCode, Json<ChatView>), Failure> {
    let key = match headers.get("idempotency-key").map(|value| value.to_str()) {
        Some(Ok(key)) if (1..=200).contains(&key.len()) => Some(format!("{}:{key}", caller.actor)),
        Some(_) => return Err(invalid("the Idempotency-Key must be 1 to 200 characters of plain text")),
        None => None,
    };
    let to = match body.conversation_id.as_deref() {
        Some(id) => Some(own(&app, &caller, id).await?.id),
        None => None,
    };
    let words = engine::Words { text: body.message, spoken: body.spoken };
    let said = app.engine.say(to, words, (caller.actor, caller.role), key).await?;
    let now = engine::clock::now();
    let status = if said.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((
        status,
        Json(ChatView {
            conversation: view(&said.conversation),
            message: MessageView::new(&said.message, now),
            answer: MessageView::new(&said.answer, now),
        }),
    ))
}

/// Confirms what the brain proposed in a message: it is done, once.
#[utoipa::path(post, path = "/api/conversations/{id}/messages/{message}/confirm",
    params(("id" = String, Path), ("message" = String, Path)),
    responses((status = 200, body = MessageView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn confirm_proposal(
    State(app): State<App>,
    caller: Caller,
    Path((id, message)): Path<(String, String)>,
) -> Result<Json<MessageView>, Failure> {
    let id = own(&app, &caller, &id).await?.id;
    let done = app.engine.confirm_proposal(id, message_id(&message)?, (caller.actor, caller.role)).await?;
    Ok(Json(MessageView::new(&done, engine::clock::now())))
}

/// Drops what the brain proposed in a message.
#[utoipa::path(post, path = "/api/conversations/{id}/messages/{message}/drop",
    params(("id" = String, Path), ("message" = String, Path)),
    responses((status = 200, body = MessageView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn drop_proposal(
    State(app): State<App>,
    caller: Caller,
    Path((id, message)): Path<(String, String)>,
) -> Result<Json<MessageView>, Failure> {
    let id = own(&app, &caller, &id).await?.id;
    let dropped = app.engine.drop_proposal(id, message_id(&message)?, (caller.actor, caller.role)).await?;
    Ok(Json(MessageView::new(&dropped, engine::clock::now())))
}

/// A conversation that the caller may see; another's is not there.
async fn own(app: &App, caller: &Caller, id: &str) -> Result<Conversation, Failure> {
    let missing = || store::Error::NotFound { what: "conversation", id: id.to_owned() };
    let id: ConversationId = id.parse().map_err(|_| missing())?;
    let found = app.engine.store().read(move |tx| conversations::load(tx, id)).await?;
    if found.owner == caller.actor.as_str() || caller.role == Role::Admin {
        return Ok(found);
    }
    Err(missing().into())
}

fn message_id(text: &str) -> Result<MessageId, Failure> {
    text.parse().map_err(|_| store::Error::NotFound { what: "message", id: text.to_owned() }.into())
}

fn cursor(conversation: &Conversation) -> String {
    format!("{}_{}", conversation.updated_at.as_millis(), conversation.id)
}

fn place(cursor: &str) -> Result<(Timestamp, ConversationId), Failure> {
    let read = cursor
        .split_once('_')
        .and_then(|(at, id)| Some((Timestamp::from_millis(at.parse().ok()?), id.parse().ok()?)));
    read.ok_or_else(|| invalid("the cursor is not one of ours"))
}

fn view(conversation: &Conversation) -> ConversationView {
    ConversationView {
        id: conversation.id.to_string(),
        title: conversation.title.clone(),
        owner: conversation.owner.clone(),
        created_at: conversation.created_at.to_string(),
        updated_at: conversation.updated_at.to_string(),
    }
}
