//! `sidekick answer`: what an agent asked, answered, and it goes on in the same session; or what the policy asked, which
//! is done as it is answered.

use std::process::ExitCode;

use api::TaskView;

use super::look;
use crate::args::{Answer, Args};
use crate::error::Result;
use crate::ui::{Ui, plain};

pub(crate) fn answer(args: &Args, answer: &Answer, ui: &Ui) -> Result<ExitCode> {
    if let Some(code) = &answer.alike {
        return super::questions::answer_alike(args, answer, code, ui);
    }
    let connection = look(args)?;
    let body = api::Answer {
        text: answer.text.clone(),
        question: answer.question.clone(),
        false_alarm: answer.false_alarm,
    };
    let path = format!("/api/tasks/{}/answer", api::escaped(&answer.id));
    let task: TaskView = connection.client.post(&path, &body, None)?;
    if ui.json {
        ui.json(&task.result());
    }
    let next = task.questions.iter().find(|question| question.answer.is_none());
    ui.say(match next {
        Some(question) => format!("{}: noted. It also asks: {}", task.short, plain(&question.text)),
        None if task.state == "queued" && connection.is_own() => format!(
            "{}: noted. It goes on with `sidekick attach {}`, or when `sidekick serve` runs.",
            task.short, task.short
        ),
        None => match task.state.as_str() {
            // What the policy asked is done as it was answered.
            "review" => format!("{}: noted. It is in review.", task.short),
            "cancelled" => format!("{}: discarded.", task.short),
            "waiting" | "completed" => {
                format!("{}: {}.", task.short, task.reason.as_deref().unwrap_or("noted"))
            }
            _ => format!("{}: noted. The agent goes on with your answer.", task.short),
        },
    });
    Ok(ExitCode::SUCCESS)
}
