//! `CONTINUATION.md`: where a task stands at the end of a run, for whoever goes on with it.

use domain::event::{PlanItem, PlanStatus};
use domain::{Timestamp, Work};

/// The text, from what is known of the task.
pub(crate) fn render(work: &Work, plan: &[PlanItem], files: &[String], now: Timestamp) -> String {
    let task = &work.task;
    let mut text = format!("# Continuation: {}\n\nLast updated: {now}\n", task.title);
    if let Some(run) = &work.run {
        text += &format!("Agent: {} (attempt {})\n", run.agent, run.attempt);
    }
    text += &format!("\n## Task\n\n{}\n\n## Progress\n\n", task.asked.text);
    if plan.is_empty() {
        text += "No plan was shown.\n";
    }
    for item in plan {
        let mark = if item.status == PlanStatus::Completed { "x" } else { " " };
        text += &format!("- [{mark}] {}\n", item.text);
    }
    text += "\n## Context\n\n";
    match files {
        [] => text += "No file was changed.\n",
        files => {
            text += "Changed so far:\n\n";
            for file in files.iter().take(50) {
                text += &format!("- `{file}`\n");
            }
        }
    }
    if let Some(summary) = &task.summary {
        text += &format!("\n## Last words of the agent\n\n{summary}\n");
    }
    text += &format!("\n## Blockers\n\n{}\n", task.reason.as_deref().unwrap_or("None known."));
    let failed: Vec<_> =
        task.checks.iter().filter(|check| check.status != domain::CheckStatus::Passed).collect();
    for check in &failed {
        text += &format!("\nCheck `{}` ({}) did not pass.\n", check.name, check.command);
    }
    let next = match (
        &task.next.feedback,
        plan.iter().find(|item| item.status != PlanStatus::Completed),
        failed.first(),
    ) {
        (Some(feedback), ..) => format!("Answer the reviewer: {feedback}"),
        (None, Some(item), _) => item.text.clone(),
        (None, None, Some(check)) => format!("Make the check `{}` pass.", check.name),
        (None, None, None) => "Wait for the review.".into(),
    };
    text + &format!("\n## Next action\n\n{next}\n")
}
