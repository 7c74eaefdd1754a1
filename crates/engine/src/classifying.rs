//! Asking the model of this machine what sort of work a task is, where the rules are not sure: off the path of whoever
//! gave it, and only as long as the task is not begun. A model that is down, slow or talks nonsense changes nothing.

use std::sync::Arc;

use domain::work::Command;
use domain::{Judge, Task, classify};
use store::tasks;

use crate::{Context, clock};

/// Tasks that may wait to be asked about; of further ones the rules' answer stays.
pub(crate) const MOST: usize = 64;

/// Asks about a task that was just accepted, if there is something to ask.
pub(crate) fn refine(context: &Arc<Context>, task: &Task) {
    let asked = &task.asked;
    if context.local_model.is_none() || asked.once || asked.classified.said.all() {
        return;
    }
    if classify::by_rules(&asked.text).sure {
        return;
    }
    let Ok(place) = Arc::clone(&context.classifying).try_acquire_owned() else {
        tracing::info!(task.id = %task.id, "the local model has too much to classify; task {} is as the rules say", task.id.short());
        return;
    };
    let (context, id, text) = (Arc::clone(context), task.id, asked.text.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = ask(&context, id, &text) => {}
            () = context.stopped() => {}
        }
        drop(place);
    });
}

async fn ask(context: &Context, id: domain::TaskId, text: &str) {
    let Some(model) = &context.local_model else { return };
    let answer = match model.fill_in(classify::question(text), classify::schema()).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(task.id = %id, error, "task {} is as the rules say", id.short());
            return;
        }
    };
    let Some((found, reason)) = classify::answer(&answer) else {
        tracing::info!(task.id = %id, "the local model's answer is none; task {} is as the rules say", id.short());
        return;
    };
    let command = Command::Classify { found, by: Judge::Model, reason };
    let now = clock::now();
    match context.store.write(move |tx| tasks::change(tx, id, command, "engine", now)).await {
        Ok(_) => context.wake.notify_one(),
        // It was begun meanwhile: then it is what the rules said.
        Err(store::Error::Refused(_)) => {}
        Err(error) => {
            tracing::warn!(task.id = %id, %error, "the kind of task {} could not be stored", id.short());
        }
    }
}
