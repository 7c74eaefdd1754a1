//! Open questions: listed with alike ones together, and answered together.

use api::{AlikeAnswered, AnswerAlike, AskedView, LinkView, Page, Problem, RefusedView, TaskView};
use axum::Json;
use axum::extract::{Query, State};
use domain::Permission;
use domain::alike::Asked;
use engine::alike::{ToAll, code};
use serde::Deserialize;
use utoipa::IntoParams;

use super::tasks::resolve;
use crate::App;
use crate::access::Caller;
use crate::error::{Failure, invalid};

/// Which questions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QuestionsQuery {
    /// Only this project's.
    project: Option<String>,
    /// With a link for each choice, that answers it once without any other login.
    #[serde(default)]
    links: bool,
}

/// The open questions, alike ones together; those that wait longest first.
#[utoipa::path(get, path = "/api/questions", params(QuestionsQuery),
    responses((status = 200, body = Page<AskedView>), (status = 403, body = Problem)))]
pub(crate) async fn list_questions(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<QuestionsQuery>,
) -> Result<Json<Page<AskedView>>, Failure> {
    // Whoever has a link may answer with it, so it is for those who may answer.
    if query.links && !caller.role.may(Permission::Review) {
        let said = "links answer questions, which your role does not allow";
        return Err(Problem::new(403, "forbidden", "Not allowed", said).into());
    }
    let groups = app.engine.questions(query.project).await?;
    let mut items = Vec::with_capacity(groups.len());
    for group in groups {
        let Some(mut view) = AskedView::new(&group, code(&group)) else { continue };
        if query.links {
            link(&app, &group, &mut view)?;
        }
        items.push(view);
    }
    Ok(Json(Page { items, next_cursor: None }))
}

fn link(app: &App, group: &[Asked], view: &mut AskedView) -> Result<(), Failure> {
    for (one, shown) in group.iter().zip(&mut view.tasks) {
        let links = app.engine.links(one.task, &one.question)?.into_iter();
        shown.links = links
            .map(|link| LinkView { choice: link.choice, path: link.path, until: link.until.to_string() })
            .collect();
    }
    Ok(())
}

/// Answers a question and those that are like it: when `alike` is what it was when they were shown. Without it nothing is
/// answered, and the answer says which they are.
#[utoipa::path(post, path = "/api/questions/answer", request_body = AnswerAlike,
    responses((status = 200, body = AlikeAnswered), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn answer_alike(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<AnswerAlike>,
) -> Result<Json<AlikeAnswered>, Failure> {
    let task = resolve(&app, body.task).await?;
    let answer = ToAll {
        task,
        question: body.question,
        words: body.text,
        false_alarm: body.false_alarm,
        seen: body.alike,
    };
    let done = app.engine.answer_alike(answer, caller.actor).await?;
    let asked = AskedView::new(&done.group, done.code).ok_or_else(|| invalid("nothing is asked"))?;
    let answered = done.answered.iter().map(|work| TaskView::new(&work.task, work.run.as_ref())).collect();
    let refused = done.refused.into_iter().map(|(task, why)| RefusedView { task: task.to_string(), why });
    Ok(Json(AlikeAnswered { asked, answered, refused: refused.collect() }))
}
