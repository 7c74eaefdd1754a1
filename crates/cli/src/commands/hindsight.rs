//! `sidekick hindsight`: what tasks that are over cost, what would have helped, what is proposed to be remembered.

use std::process::ExitCode;
use std::time::Duration;

use api::{HindsightView, HindsightsView, TaskView, TogetherView, escaped};
use domain::plan::told;

use super::look;
use crate::args::{Args, Hindsight, HindsightAction};
use crate::error::Result;
use crate::show::ago;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn hindsight(args: &Args, wanted: &Hindsight, ui: &Ui) -> Result<ExitCode> {
    match (&wanted.action, &wanted.id) {
        (Some(HindsightAction::Apply { id }), _) => apply(args, id, ui),
        (None, Some(id)) => one(args, id, ui),
        (None, None) => several(args, wanted, ui),
    }
}

fn apply(args: &Args, id: &str, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let path = format!("/api/tasks/{}/hindsight/apply", escaped(id));
    let task: TaskView = connection.client.post(&path, &serde_json::json!({}), None)?;
    if ui.json {
        ui.json(&task.result());
    }
    ui.say(match task.state.as_str() {
        "queued" if connection.is_own() => format!(
            "The lines are in a task of their own, {}: it comes to review with `sidekick attach {}`, or when `sidekick serve` runs.",
            task.short, task.short
        ),
        "queued" => format!("The lines are in a task of their own, {}: it comes to review.", task.short),
        state => format!("The lines are in the task {}, which is {state}.", task.short),
    });
    Ok(ExitCode::SUCCESS)
}

fn one(args: &Args, id: &str, ui: &Ui) -> Result<ExitCode> {
    let path = format!("/api/tasks/{}/hindsight", escaped(id));
    let known: HindsightView = look(args)?.client.get(&path)?;
    if ui.json {
        ui.json(&known);
    } else {
        ui.out(told_in_full(&known));
    }
    Ok(ExitCode::SUCCESS)
}

fn several(args: &Args, wanted: &Hindsight, ui: &Ui) -> Result<ExitCode> {
    let mut path = format!("/api/hindsight?limit={}", wanted.limit);
    if let Some(project) = &wanted.project {
        path += &format!("&project={}", escaped(project));
    }
    let known: HindsightsView = look(args)?.client.get(&path)?;
    if ui.json {
        ui.json(&known);
        return Ok(ExitCode::SUCCESS);
    }
    if known.items.is_empty() {
        ui.out("No task was looked back on yet.");
        return Ok(ExitCode::SUCCESS);
    }
    let now = jiff::Timestamp::now();
    let row = |one: &HindsightView| {
        let proposed = match one.lines.len() {
            0 => String::new(),
            1 => "proposes 1 line".into(),
            n => format!("proposes {n} lines"),
        };
        vec![
            (Tone::Strong, one.short.clone()),
            (Tone::Dim, one.at.as_deref().map(|at| ago(at, now)).unwrap_or_default()),
            (Tone::Dim, plain(&one.sentence)),
            (Tone::Busy, proposed),
        ]
    };
    ui.table(&known.items.iter().map(row).collect::<Vec<_>>());
    for found in &known.together {
        ui.out(together(found, known.items.len()));
    }
    Ok(ExitCode::SUCCESS)
}

/// What several tasks cost, as one sentence.
fn together(found: &TogetherView, of: usize) -> String {
    let what = match found.name.as_str() {
        "runs" => "had runs in vain",
        "check" => "had checks that failed",
        "sent_back" => "were sent back",
        "waited" => "waited",
        "review" => "lay in review",
        "step" => "spent much time beside the agent's own work",
        "landing" => "came back from landing",
        "stuck" => "went in circles",
        "limit" => "met an account's limit",
        other => other,
    };
    let time = Duration::from_secs(found.seconds);
    let time = if found.seconds >= 60 { format!(", for {} in all", told(time)) } else { String::new() };
    format!("{} of {of} {what}{time}", found.tasks)
}

/// For the page of a task: nothing where nothing stands out.
pub(super) fn in_short(known: &HindsightView) -> Option<String> {
    if known.costs.is_empty() {
        return None;
    }
    let lines = if known.lines.is_empty() { "" } else { "; it proposes lines for AGENTS.md" };
    Some(format!("In hindsight: {}{lines}. `sidekick hindsight {}`", plain(&known.sentence), known.short))
}

fn told_in_full(known: &HindsightView) -> String {
    let mut text = match known.state.as_str() {
        "due" => "It was not looked back on yet; this is what the rules see.\n".to_owned(),
        "open" => "It is not over, or is not looked back on; this is what the rules see.\n".to_owned(),
        _ => String::new(),
    };
    if known.costs.is_empty() {
        text += "Nothing stands out.\n";
    } else {
        text += "What it cost:\n";
    }
    for cost in &known.costs {
        text += &format!("  {}\n", plain(&cost.text));
    }
    for advice in &known.advice {
        text += &format!("\nIt would have helped: {}\n", plain(&advice.why));
        text.extend(plain(&advice.snippet).lines().map(|line| format!("    {line}\n")));
    }
    if let (Some(cause), Some(model)) = (&known.cause, &known.model) {
        text += &format!("\nThe likeliest cause, says {}: {}\n", plain(model), plain(cause));
    }
    if let Some(diff) = &known.diff {
        text += match known.applied {
            None => "\nProposed for the project's memory; nothing is done with it before you say so:\n",
            Some(_) => "\nProposed for the project's memory:\n",
        };
        text.extend(plain(diff).lines().map(|line| format!("    {line}\n")));
        text += &match &known.applied {
            None => format!("\nApply: sidekick hindsight apply {}\n", known.short),
            Some(task) => format!("\nApplied: the task {}, which is {}.\n", task.short, task.state),
        };
    } else if !known.lines.is_empty() {
        text += "\nWhat it proposed for AGENTS.md is there by now, or cannot be shown as a change.\n";
    }
    if let Some(without) = &known.without {
        text += &format!("\nBy the rules alone: {}.\n", plain(without));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use api::{AdviceView, AppliedView, CostView};

    use super::*;

    #[test]
    fn what_a_person_reads() {
        let cost = CostView {
            name: "check".into(),
            text: "the check `test` failed in 1 of 2 runs".into(),
            seconds: 60,
            tokens: 0,
            usd: 0.0,
        };
        let advice = AdviceView {
            name: "policy".into(),
            why: "with a policy it goes back by itself".into(),
            snippet: "projects:\n  shop:\n    policy: {retries: 2}\n".into(),
        };
        let mut known = HindsightView {
            task: String::new(),
            short: "4f2a91bc".into(),
            state: "done".into(),
            sentence: "the check `test` failed in 1 of 2 runs".into(),
            costs: vec![cost],
            advice: vec![advice],
            cause: Some("no database\u{1b}[2J".into()),
            lines: vec!["Run make db first".into()],
            applied: None,
            diff: Some("@@ -0,0 +1,1 @@\n+- Run make db first\n".into()),
            model: Some("small".into()),
            without: None,
            at: None,
        };
        insta::assert_snapshot!(told_in_full(&known), @r"
        What it cost:
          the check `test` failed in 1 of 2 runs

        It would have helped: with a policy it goes back by itself
            projects:
              shop:
                policy: {retries: 2}

        The likeliest cause, says small: no database

        Proposed for the project's memory; nothing is done with it before you say so:
            @@ -0,0 +1,1 @@
            +- Run make db first

        Apply: sidekick hindsight apply 4f2a91bc
        ");
        insta::assert_snapshot!(in_short(&known).unwrap(), @r"
        In hindsight: the check `test` failed in 1 of 2 runs; it proposes lines for AGENTS.md. `sidekick hindsight 4f2a91bc`
        ");
        let (short, state) = ("77aa0012".into(), "review".into());
        known.applied = Some(AppliedView { task: String::new(), short, state });
        let text = told_in_full(&known);
        assert!(text.ends_with("Applied: the task 77aa0012, which is review."), "{text}");
        known.costs.clear();
        assert_eq!(in_short(&known), None);
        let found = TogetherView { name: "check".into(), tasks: 3, seconds: 7200 };
        assert_eq!(together(&found, 5), "3 of 5 had checks that failed, for 2 h in all");
    }
}
