//! `sidekick questions`: what waits for your answer, alike questions together; and answering those together.

use std::process::ExitCode;

use api::{AlikeAnswered, AnswerAlike, AskedView, Page};

use super::look;
use crate::args::{Answer, Args, Questions};
use crate::error::{Error, Result};
use crate::show::local;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn questions(args: &Args, wanted: &Questions, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    if wanted.links && connection.is_own() {
        return Err(Error::failed("no daemon runs on this data directory, so no link would lead anywhere")
            .hint("Start one with `sidekick serve`, then ask for links."));
    }
    let mut path = format!("/api/questions?links={}", wanted.links);
    if let Some(project) = &wanted.project {
        path += &format!("&project={}", api::escaped(project));
    }
    let page: Page<AskedView> = connection.client.get(&path)?;
    if ui.json {
        ui.json(&page.items);
        return Ok(ExitCode::SUCCESS);
    }
    if page.items.is_empty() {
        ui.out("Nobody asks you anything.");
    }
    for (n, asked) in page.items.iter().enumerate() {
        if n > 0 {
            ui.out("");
        }
        ui.out(ui.tone(Tone::Strong, plain(&asked.question.text)));
        ui.out(told(asked, connection.client.base()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers alike questions together, or says which they are.
pub(super) fn answer_alike(args: &Args, answer: &Answer, code: &str, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let body = AnswerAlike {
        task: answer.id.clone(),
        question: answer.question.clone(),
        text: answer.text.clone(),
        false_alarm: answer.false_alarm,
        alike: (!code.is_empty()).then(|| code.to_owned()),
    };
    let done: AlikeAnswered = connection.client.post("/api/questions/answer", &body, None)?;
    if ui.json {
        ui.json(&done);
    }
    if code.is_empty() {
        let n = done.asked.tasks.len();
        return Err(match &done.asked.alike {
            None => Error::usage("no other task asks the same; nothing was answered")
                .hint("Answer it without --alike."),
            Some(code) => Error::usage(format!(
                "{n} tasks ask the same; nothing was answered yet:\n{}",
                told(&done.asked, "")
            ))
            .hint(format!("Answer all of them with --alike={code}.")),
        });
    }
    for task in &done.answered {
        ui.say(format!("{}: noted. It is {} now: {}", task.short, task.state, plain(&task.title)));
    }
    for refused in &done.refused {
        ui.say(format!("{}: not answered: {}", refused.task, plain(&refused.why)));
    }
    let all = if done.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    Ok(all)
}

/// A question with its choices, who asks it, and how to answer.
fn told(asked: &AskedView, base: &str) -> String {
    let mut lines = Vec::new();
    for (n, choice) in asked.question.choices.iter().zip(1..) {
        lines.push(format!("  {choice}  {}", plain(n)));
    }
    if let (Some(default), Some(until)) = (&asked.question.default, &asked.question.until) {
        lines.push(format!("  by itself on {}: {}", local(until), plain(default)));
    }
    for task in &asked.tasks {
        lines.push(format!(
            "  {} {} in {}: {}",
            task.short,
            task.question,
            plain(&asked.project),
            plain(&task.title)
        ));
        lines.extend(task.evidence.iter().map(|seen| format!("      {}", plain(seen))));
        for link in &task.links {
            lines.push(format!("      {}: {base}{}", plain(&link.choice), link.path));
        }
    }
    if let Some(task) = asked.tasks.first() {
        let choice = if asked.question.choices.is_empty() { "\"your words\"" } else { "1" };
        lines.push(format!(
            "  Answer:     sidekick answer {} {choice} --question {}",
            task.short, task.question
        ));
        if let Some(code) = &asked.alike {
            lines.push(format!(
                "  Answer all: sidekick answer {} {choice} --question {} --alike={code}",
                task.short, task.question
            ));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use api::{AskingView, LinkView, QuestionView};

    use super::*;

    #[test]
    fn alike_questions_in_lines() {
        let task = |short: &str, links: Vec<LinkView>| AskingView {
            task: String::new(),
            short: short.into(),
            title: "mend the parser".into(),
            question: "1.1".into(),
            evidence: vec!["it touches Cargo.lock".into()],
            links,
        };
        let link = LinkView { choice: "blue".into(), path: "/answer/x".into(), until: String::new() };
        let asked = AskedView {
            project: "shop".into(),
            question: QuestionView {
                id: "1.1".into(),
                text: "Which colour?".into(),
                choices: vec!["blue".into(), "green".into()],
                answer: None,
                rules: Vec::new(),
                evidence: Vec::new(),
                default: None,
                until: None,
            },
            tasks: vec![task("4f2a91bc", vec![link]), task("77aa0012", Vec::new())],
            alike: Some("0123456789abcdef".into()),
        };
        insta::assert_snapshot!(told(&asked, "http://127.0.0.1:4517"), @r"
        1  blue
        2  green
        4f2a91bc 1.1 in shop: mend the parser
            it touches Cargo.lock
            blue: http://127.0.0.1:4517/answer/x
        77aa0012 1.1 in shop: mend the parser
            it touches Cargo.lock
        Answer:     sidekick answer 4f2a91bc 1 --question 1.1
        Answer all: sidekick answer 4f2a91bc 1 --question 1.1 --alike=0123456789abcdef
        ");
    }
}
