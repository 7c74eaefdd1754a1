//! What an agent is told: the project's memory, where the work stands, the task, the comment.

use domain::{Run, Work};

/// The most of one file of the project's memory that is put before the agent.
pub(crate) const MOST_MEMORY: u64 = 16 * 1024;

/// What the prompt is made of.
pub(crate) struct Parts<'a> {
    pub(crate) work: &'a Work,
    /// `AGENTS.md` and `CLAUDE.md` of the base.
    pub(crate) memory: Option<&'a str>,
    /// `CONTINUATION.md` of the run before.
    pub(crate) continuation: Option<&'a str>,
}

/// What a script asks, in its own words: the first question or the next one. Only the project's memory comes
/// before it, once.
fn as_it_is(parts: &Parts<'_>, run: &Run) -> String {
    let text = run.feedback.as_ref().unwrap_or(&parts.work.task.asked.text);
    match (&run.resume, parts.memory) {
        (None, Some(memory)) => format!("What the project tells agents:\n\n{memory}\n\n{text}"),
        _ => text.clone(),
    }
}

/// The whole prompt.
pub(crate) fn compose(parts: &Parts<'_>) -> String {
    let Some(run) = &parts.work.run else { return parts.work.task.asked.text.clone() };
    let text = &parts.work.task.asked.text;
    if parts.work.task.asked.once {
        return as_it_is(parts, run);
    }
    match (&run.resume, &run.feedback) {
        (Some(_), Some(feedback)) => {
            format!("A reviewer looked at your work and sent it back with this comment:\n\n{feedback}\n")
        }
        (Some(_), None) => "Continue from where you left off.\n".into(),
        (None, feedback) => {
            let mut prompt = String::new();
            if let Some(memory) = parts.memory {
                prompt += &format!("What the project tells agents:\n\n{memory}\n\n");
            }
            if let Some(continuation) = parts.continuation {
                prompt += &format!(
                    "Where earlier work on this task stands (CONTINUATION.md):\n\n{continuation}\n\n"
                );
            }
            prompt += &format!("Your task, in the repository you are in:\n\n{text}\n");
            if let Some(feedback) = feedback {
                prompt += &format!("\nA reviewer looked at the work so far and said:\n\n{feedback}\n");
            }
            prompt += "\nNobody can answer questions while you work: decide, and say at the end what you decided. Leave your \
                       work in the working tree; it is committed for you. End with a short summary of what you changed.\n";
            prompt
        }
    }
}
