//! Tasks: creating, listing, showing, deciding.

use api::{
    AdjustTask, Answer, Approve, CheckpointView, CreateTask, DiffView, FileDiffView, Page, Problem, Reject,
    Retry, Revert, Rollback, RunView, SendBack, TaskView,
};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use domain::supervise::Rung;
use domain::work::{Adjust, Command, Deadline};
use domain::{Complexity, Isolation, Kind, TaskId, TaskState, Timestamp};
use serde::Deserialize;
use store::{checkpoints, runs, tasks};
use utoipa::IntoParams;

use super::queue;
use crate::App;
use crate::access::Caller;
use crate::error::{Failure, invalid};

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// States, separated by commas.
    state: Option<String>,
    /// A project's name.
    project: Option<String>,
    /// An agent session.
    session: Option<String>,
    /// At most this many; 500 at the most.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Tasks, newest first.
#[utoipa::path(get, path = "/api/tasks", params(ListQuery),
    responses((status = 200, body = Page<TaskView>), (status = 400, body = Problem)))]
pub(crate) async fn list_tasks(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<TaskView>>, Failure> {
    let states: Vec<String> =
        query.state.iter().flat_map(|text| text.split(',')).map(|state| state.trim().to_owned()).collect();
    if let Some(unknown) = states.iter().find(|state| !TaskState::NAMES.contains(&state.as_str())) {
        return Err(invalid(format!("`{unknown}` is no state; states are {}", TaskState::NAMES.join(", "))));
    }
    let before = query
        .cursor
        .map(|cursor| cursor.parse::<TaskId>().map_err(|_| invalid("the cursor is not one of ours")))
        .transpose()?;
    let limit = query.limit.unwrap_or(50).clamp(1, tasks::MOST);
    let filter =
        tasks::Filter { states, project: query.project, session: query.session, before, limit: limit + 1 };
    let mut items = app
        .engine
        .store()
        .read(move |tx| {
            let listed = tasks::list(tx, &filter)?;
            let mut views = listed
                .into_iter()
                .map(|task| {
                    let run = runs::of_task(tx, task.id, 1)?.into_iter().next();
                    Ok(TaskView::new(&task, run.as_ref()))
                })
                .collect::<Result<Vec<_>, store::Error>>()?;
            queue::place(tx, &mut views)?;
            Ok(views)
        })
        .await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|task| task.id.clone());
    Ok(Json(Page { items, next_cursor }))
}

/// Accepts a task. With an `Idempotency-Key` seen before, the task of then is returned.
#[utoipa::path(post, path = "/api/tasks", request_body = CreateTask,
    responses((status = 201, body = TaskView), (status = 200, body = TaskView), (status = 422, body = Problem)))]
pub(crate) async fn create_task(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<CreateTask>,
) -> Result<(StatusCode, Json<TaskView>), Failure> {
    let key = key_of(&headers)?;
    let request = requested(&app, body, key).await?;
    let accepted = app.engine.create(request, caller.actor).await?;
    let status = if accepted.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(TaskView::new(&accepted.task, None))))
}

/// The idempotency key of a request, if it has one.
pub(super) fn key_of(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    match headers.get("idempotency-key").map(|value| value.to_str()) {
        Some(Ok(key)) if (1..=200).contains(&key.len()) => Ok(Some(format!("api:{key}"))),
        Some(_) => Err(invalid("the Idempotency-Key must be 1 to 200 characters of plain text")),
        None => Ok(None),
    }
}

/// What a body asks for, each of its words checked.
pub(super) async fn requested(
    app: &App,
    body: CreateTask,
    key: Option<String>,
) -> Result<engine::Request, Failure> {
    let after = resolve_all(app, body.after).await?;
    Ok(engine::Request {
        text: body.text,
        repo: body.repo,
        project: body.project,
        agent: body.agent,
        model: body.model,
        base: body.base,
        priority: body.priority,
        scenario: body.scenario,
        isolation: word(body.isolation, "isolation", Isolation::parse, "sandbox, none")?,
        key,
        once: body.once,
        kind: word(body.kind, "kind", Kind::parse, &Kind::ALL.map(Kind::as_str).join(", "))?,
        complexity: word(
            body.complexity,
            "complexity",
            Complexity::parse,
            &Complexity::ALL.map(Complexity::as_str).join(", "),
        )?,
        gpu: body.gpu,
        pipeline: body.pipeline,
        race: body.race.iter().map(|text| racer(text)).collect::<Result<_, _>>()?,
        deadline: body.deadline.as_deref().map(time).transpose()?,
        after,
    })
}

fn racer(text: &str) -> Result<Rung, Failure> {
    Rung::parse(text).ok_or_else(|| invalid(format!("`{text}` is no AGENT or AGENT/MODEL")))
}

/// All of the race that a task is in.
#[utoipa::path(get, path = "/api/tasks/{id}/race", params(("id" = String, Path)),
    responses((status = 200, body = Vec<TaskView>), (status = 404, body = Problem)))]
pub(crate) async fn get_race(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Vec<TaskView>>, Failure> {
    let id = resolve(&app, id).await?;
    let racers = app.engine.store().read(move |tx| {
        let Some(work) = store::tasks::load(tx, id)? else { return Ok(Vec::new()) };
        match &work.task.asked.race {
            Some(race) => store::tasks::of_race(tx, race),
            None => Ok(vec![work.task]),
        }
    });
    let racers = racers.await.map_err(engine::Error::from)?;
    Ok(Json(racers.iter().map(|task| TaskView::new(task, None)).collect()))
}

fn time(text: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse(text)
        .ok_or_else(|| invalid(format!("`{text}` is no time as in RFC 3339: 2026-11-23T18:00:00Z")))
}

/// Changes a task's place in the plan: how urgent it is, when it is to be done, what it comes after.
#[utoipa::path(patch, path = "/api/tasks/{id}", params(("id" = String, Path)), request_body = AdjustTask,
    responses((status = 200, body = TaskView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn adjust_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<AdjustTask>,
) -> Result<Json<TaskView>, Failure> {
    let id = resolve(&app, id).await?;
    let deadline = match body.deadline.as_deref() {
        None => None,
        Some("none") => Some(Deadline::Never),
        Some(text) => Some(Deadline::At(time(text)?)),
    };
    let after = match body.after {
        Some(after) => Some(resolve_all(&app, after).await?),
        None => None,
    };
    let work =
        app.engine.adjust(id, Adjust { priority: body.priority, deadline, after }, caller.actor).await?;
    Ok(Json(TaskView::new(&work.task, work.run.as_ref())))
}

/// One of the words of a list, if one is given.
fn word<T>(
    text: Option<String>,
    what: &str,
    parse: impl Fn(&str) -> Option<T>,
    words: &str,
) -> Result<Option<T>, Failure> {
    let known = |text: String| {
        parse(&text).ok_or_else(|| invalid(format!("`{text}` is no {what}; it is one of: {words}")))
    };
    text.map(known).transpose()
}

/// A task.
#[utoipa::path(get, path = "/api/tasks/{id}", params(("id" = String, Path, description = "An id, or any unique beginning of one")),
    responses((status = 200, body = TaskView), (status = 404, body = Problem)))]
pub(crate) async fn get_task(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<TaskView>, Failure> {
    let id = resolve(&app, id).await?;
    view(&app, id).await
}

/// A task's runs, latest first.
#[utoipa::path(get, path = "/api/tasks/{id}/runs", params(("id" = String, Path)),
    responses((status = 200, body = Page<RunView>), (status = 404, body = Problem)))]
pub(crate) async fn list_runs(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Page<RunView>>, Failure> {
    let runs = app
        .engine
        .store()
        .read(move |tx| {
            let id = tasks::find(tx, &id)?;
            runs::of_task(tx, id, 200)
        })
        .await?;
    Ok(Json(Page { items: runs.iter().map(RunView::from).collect(), next_cursor: None }))
}

/// The change a task's work makes.
#[utoipa::path(get, path = "/api/tasks/{id}/diff", params(("id" = String, Path)),
    responses((status = 200, body = DiffView), (status = 404, body = Problem)))]
pub(crate) async fn get_diff(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<DiffView>, Failure> {
    let id = resolve(&app, id).await?;
    let (base, commit, diff) = app.engine.diff(id).await?;
    Ok(Json(DiffView {
        base,
        commit,
        files: diff
            .files
            .into_iter()
            .map(|file| FileDiffView {
                path: file.path,
                old_path: file.old_path,
                status: file.status.as_str().into(),
                insertions: file.insertions,
                deletions: file.deletions,
                binary: file.binary,
                patch: file.patch,
            })
            .collect(),
        truncated: diff.truncated,
    }))
}

/// A task's checkpoints, oldest first.
#[utoipa::path(get, path = "/api/tasks/{id}/checkpoints", params(("id" = String, Path)),
    responses((status = 200, body = Page<CheckpointView>), (status = 404, body = Problem)))]
pub(crate) async fn list_checkpoints(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Page<CheckpointView>>, Failure> {
    let points = app
        .engine
        .store()
        .read(move |tx| {
            let id = tasks::find(tx, &id)?;
            checkpoints::of_task(tx, id)
        })
        .await?;
    let items = points
        .into_iter()
        .map(|point| CheckpointView {
            name: point.name,
            commit: point.commit,
            attempt: point.attempt,
            at: point.at.to_string(),
        })
        .collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Approves the work: it is merged into the branch it started from.
#[utoipa::path(post, path = "/api/tasks/{id}/approve", params(("id" = String, Path)), request_body = Approve,
    responses((status = 200, body = TaskView), (status = 409, body = Problem)))]
pub(crate) async fn approve_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Approve>,
) -> Result<Json<TaskView>, Failure> {
    decide(&app, caller, id, body.seen, Command::Approve).await
}

/// Discards the work.
#[utoipa::path(post, path = "/api/tasks/{id}/reject", params(("id" = String, Path)), request_body = Reject,
    responses((status = 200, body = TaskView), (status = 409, body = Problem)))]
pub(crate) async fn reject_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Reject>,
) -> Result<Json<TaskView>, Failure> {
    decide(&app, caller, id, body.seen, Command::Discard { reason: body.message }).await
}

/// Sends the work back with a comment and all open remarks on its lines; the agent goes on in the same session.
#[utoipa::path(post, path = "/api/tasks/{id}/send-back", params(("id" = String, Path)), request_body = SendBack,
    responses((status = 200, body = TaskView), (status = 409, body = Problem)))]
pub(crate) async fn send_back_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<SendBack>,
) -> Result<Json<TaskView>, Failure> {
    decide(&app, caller, id, body.seen, Command::SendBack { comment: body.comment }).await
}

/// Gives a task to a person, in its agent's own interactive UI (`sidekick takeover`); what runs is stopped first.
#[utoipa::path(post, path = "/api/tasks/{id}/takeover", params(("id" = String, Path)),
    responses((status = 200, body = TaskView), (status = 409, body = Problem)))]
pub(crate) async fn take_over_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TaskView>, Failure> {
    let id = resolve(&app, id).await?;
    let work = app.engine.take_over(id, caller.actor).await?;
    Ok(Json(TaskView::new(&work.task, work.run.as_ref())))
}

/// Answers what the task's agent asked; once all is answered, it goes on in the same session.
#[utoipa::path(post, path = "/api/tasks/{id}/answer", params(("id" = String, Path)), request_body = Answer,
    responses((status = 200, body = TaskView), (status = 409, body = Problem)))]
pub(crate) async fn answer_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Answer>,
) -> Result<Json<TaskView>, Failure> {
    command(
        &app,
        caller,
        id,
        Command::Answer { question: body.question, words: body.text, false_alarm: body.false_alarm },
    )
    .await
}

/// Stops a task: what runs, or what would.
#[utoipa::path(post, path = "/api/tasks/{id}/stop", params(("id" = String, Path)),
    responses((status = 200, body = TaskView), (status = 409, body = Problem)))]
pub(crate) async fn stop_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TaskView>, Failure> {
    command(&app, caller, id, Command::Stop).await
}

/// Tries a finished task afresh, or a waiting one now.
#[utoipa::path(post, path = "/api/tasks/{id}/retry", params(("id" = String, Path)), request_body = Retry,
    responses((status = 200, body = TaskView), (status = 409, body = Problem)))]
pub(crate) async fn retry_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Retry>,
) -> Result<Json<TaskView>, Failure> {
    let agent = body.agent.map(|name| app.engine.usable_agent(&name)).transpose()?;
    command(&app, caller, id, Command::Retry { agent }).await
}

/// Notes that landed work was taken back: its agent is trusted less from now on. The repository is not touched.
#[utoipa::path(post, path = "/api/tasks/{id}/reverted", params(("id" = String, Path)), request_body = Revert,
    responses((status = 200, body = TaskView), (status = 409, body = Problem)))]
pub(crate) async fn revert_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Revert>,
) -> Result<Json<TaskView>, Failure> {
    command(&app, caller, id, Command::Revert { reason: body.message }).await
}

/// Makes a checkpoint the state to review and to go on from.
#[utoipa::path(post, path = "/api/tasks/{id}/rollback", params(("id" = String, Path)), request_body = Rollback,
    responses((status = 200, body = TaskView), (status = 404, body = Problem)))]
pub(crate) async fn roll_back_task(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Rollback>,
) -> Result<Json<TaskView>, Failure> {
    let id = resolve(&app, id).await?;
    app.engine.roll_back(id, body.checkpoint, caller.actor).await?;
    view(&app, id).await
}

pub(super) async fn resolve(app: &App, text: String) -> Result<TaskId, Failure> {
    Ok(app.engine.store().read(move |tx| tasks::find(tx, &text)).await?)
}

async fn resolve_all(app: &App, texts: Vec<String>) -> Result<Vec<TaskId>, Failure> {
    let mut ids = Vec::with_capacity(texts.len());
    for text in texts {
        ids.push(resolve(app, text).await?);
    }
    Ok(ids)
}

async fn command(app: &App, caller: Caller, id: String, command: Command) -> Result<Json<TaskView>, Failure> {
    decide(app, caller, id, None, command).await
}

/// As `command`, on the commit that was looked at.
async fn decide(
    app: &App,
    caller: Caller,
    id: String,
    seen: Option<String>,
    command: Command,
) -> Result<Json<TaskView>, Failure> {
    let id = resolve(app, id).await?;
    let work = app.engine.decide(id, seen, command, caller.actor).await?;
    Ok(Json(TaskView::new(&work.task, work.run.as_ref())))
}

async fn view(app: &App, id: TaskId) -> Result<Json<TaskView>, Failure> {
    let view = app.engine.store().read(move |tx| {
        let work = tasks::load(tx, id)?.ok_or(store::Error::NotFound { what: "task", id: id.to_string() })?;
        let mut views = [TaskView::new(&work.task, work.run.as_ref())];
        queue::place(tx, &mut views)?;
        let [view] = views;
        Ok(view)
    });
    Ok(Json(view.await?))
}
