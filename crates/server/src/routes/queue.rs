//! The merge queue: what lands next in each branch, and what would become of it.

use std::collections::HashMap;

use api::{PlaceView, QueueItemView, QueueView, TaskView};
use axum::Json;
use axum::extract::{Query, State};
use domain::{Task, TaskId};
use engine::{QueuePlace, queue_places};
use serde::Deserialize;
use store::tasks;
use store::tasks::Filter;
use utoipa::IntoParams;

use crate::App;
use crate::error::Failure;

/// Which view of it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QueueQuery {
    /// Whether it is tried out, in the store alone, what would conflict when all of it, and then all that is to be
    /// reviewed, landed in this order.
    #[serde(default)]
    preview: bool,
}

/// The merge queues, one for each branch that something waits for.
#[utoipa::path(get, path = "/api/queue", params(QueueQuery), responses((status = 200, body = Vec<QueueView>)))]
pub(crate) async fn get_queue(
    State(app): State<App>,
    Query(query): Query<QueueQuery>,
) -> Result<Json<Vec<QueueView>>, Failure> {
    let (places, reviewed) = app
        .engine
        .store()
        .read(move |tx| {
            let places = queue_places(&tasks::merge_queue(tx)?);
            let mut placed = Vec::new();
            for place in places {
                if let Some(work) = tasks::load(tx, place.task)? {
                    placed.push((place, work.task));
                }
            }
            let filter = Filter { states: vec!["review".into()], limit: tasks::MOST, ..Filter::default() };
            let mut reviewed = if query.preview { tasks::list(tx, &filter)? } else { Vec::new() };
            // The longest known first, as a person would look at them.
            reviewed.reverse();
            Ok((placed, reviewed))
        })
        .await?;
    let mut queues: Vec<(QueueView, Vec<TaskId>)> = Vec::new();
    for (place, task) in places {
        let item = item(&task, Some(place.position));
        add(&mut queues, &place.repo, place.branch.as_deref(), item, task.id);
    }
    // Nothing to land, nothing to foresee.
    for task in reviewed.iter().filter(|task| task.commit.is_some() && task.commit != task.base_commit) {
        add(&mut queues, &task.asked.repo, task.base_branch.as_deref(), item(task, None), task.id);
    }
    let mut views = Vec::new();
    for (mut view, ids) in queues {
        if let (true, Some(branch)) = (query.preview, view.branch.clone()) {
            let (tip, foreseen) = app.engine.foresee(view.repo.clone(), branch, ids).await?;
            view.tip = Some(tip);
            for (item, seen) in view.items.iter_mut().zip(foreseen) {
                item.lands = Some(seen.conflicts.is_empty());
                item.conflicts = seen.conflicts;
            }
        }
        views.push(view);
    }
    Ok(Json(views))
}

fn add(
    queues: &mut Vec<(QueueView, Vec<TaskId>)>,
    repo: &str,
    branch: Option<&str>,
    item: QueueItemView,
    id: TaskId,
) {
    let known = queues.iter_mut().find(|(view, _)| view.repo == repo && view.branch.as_deref() == branch);
    if let Some((view, ids)) = known {
        view.items.push(item);
        ids.push(id);
        return;
    }
    let branch = branch.map(ToOwned::to_owned);
    queues.push((QueueView { repo: repo.to_owned(), branch, tip: None, items: vec![item] }, vec![id]));
}

fn item(task: &Task, position: Option<usize>) -> QueueItemView {
    QueueItemView {
        task: task.id.to_string(),
        short: task.id.short(),
        title: task.title.clone(),
        position,
        reason: match position {
            Some(_) => task.reason.clone().unwrap_or_default(),
            None => "to be reviewed".into(),
        },
        lands: None,
        conflicts: Vec::new(),
    }
}

/// Tells those views that are of approved work where it stands.
pub(super) fn place(tx: &mut store::Tx<'_>, views: &mut [TaskView]) -> Result<(), store::Error> {
    let waits = |view: &TaskView| view.waiting.as_ref().is_some_and(|waiting| waiting.on == "landing");
    if !views.iter().any(waits) {
        return Ok(());
    }
    let places: HashMap<String, QueuePlace> = queue_places(&tasks::merge_queue(tx)?)
        .into_iter()
        .map(|place| (place.task.to_string(), place))
        .collect();
    for view in views.iter_mut().filter(|view| waits(view)) {
        view.queue = places.get(&view.id).map(|place| PlaceView {
            position: place.position,
            of: place.of,
            branch: place.branch.clone(),
        });
    }
    Ok(())
}
