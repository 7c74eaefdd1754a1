//! The prompt: a person types, with history, completion and several lines.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;

use api::{ConversationView, Page, ProjectView, RenameConversation, TaskView};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Cmd, CompletionType, Config, Context, Editor, Helper, KeyCode, KeyEvent, Modifiers};

use super::talk::{Talk, Words, find, short};
use crate::error::{Error, Result};
use crate::places::Places;
use crate::show::local;
use crate::ui::{Tone, Ui, plain};

/// Lines that are remembered.
const MOST_HISTORY: usize = 1_000;
/// Tasks whose ids are completed.
const MOST_TASKS: usize = 200;

/// What can be typed besides words, and what it does.
const COMMANDS: &[(&str, &str)] = &[
    ("/list", "list the conversations"),
    ("/switch", "go on with another: /switch ID"),
    ("/new", "begin another"),
    ("/rename", "give this one another title: /rename TITLE"),
    ("/delete", "delete this one with all its messages"),
    ("/yes", "do what was proposed last"),
    ("/no", "do not do it"),
    ("/help", "say this"),
    ("/quit", "leave; Ctrl-D does, too"),
];

type Line = Editor<Completing, DefaultHistory>;

/// What may come next, for Tab.
#[derive(Default)]
struct Completing {
    words: Vec<String>,
    conversations: Vec<String>,
}

impl Completing {
    /// The beginning of what is completed, and what it can become.
    fn found(&self, line: &str) -> (usize, Vec<String>) {
        let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let begun = &line[start..];
        let from: Vec<&str> = if start == 0 && begun.starts_with('/') {
            COMMANDS.iter().map(|(name, _)| *name).collect()
        } else if line.starts_with("/switch ") {
            self.conversations.iter().map(String::as_str).collect()
        } else if begun.is_empty() {
            return (start, Vec::new());
        } else {
            self.words.iter().map(String::as_str).collect()
        };
        let lower = begun.to_lowercase();
        let fits = from.into_iter().filter(|word| word.to_lowercase().starts_with(&lower));
        (start, fits.map(str::to_owned).collect())
    }
}

impl Completer for Completing {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.found(&line[..at]))
    }
}

impl Validator for Completing {
    /// A line that ends in a backslash goes on.
    fn validate(&self, line: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if line.input().ends_with('\\') {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Hinter for Completing {
    type Hint = String;
}

impl Highlighter for Completing {}

impl Helper for Completing {}

/// Talks until the person leaves.
pub(super) fn run(talk: &mut Talk<'_>, places: &Places, ui: &Ui) -> Result<ExitCode> {
    let failed = |error: ReadlineError| Error::failed(format!("the prompt: {error}"));
    let history = places.data.join("chat_history");
    // Made for its owner alone before anything is in it.
    let made = OpenOptions::new().create(true).append(true).mode(0o600).open(&history);
    made.map_err(|error| Error::failed(format!("{}: {error}", history.display())))?;
    let config = Config::builder()
        .max_history_size(MOST_HISTORY)
        .map_err(failed)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .bracketed_paste(true)
        .build();
    let mut line = Line::with_config(config).map_err(failed)?;
    for key in [KeyEvent(KeyCode::Enter, Modifiers::ALT), KeyEvent(KeyCode::Char('J'), Modifiers::CTRL)] {
        line.bind_sequence(key, Cmd::Newline);
    }
    line.load_history(&history).ok();
    line.set_helper(Some(completing(talk)));
    match talk.conversation() {
        Some(one) => ui.out(ui.tone(Tone::Dim, format!("Going on with “{}”.", plain(&one.title)))),
        None => ui.out(ui.tone(Tone::Dim, "Ask, or say what should change. /help says more; Ctrl-D leaves.")),
    }
    loop {
        let typed = match line.readline("› ") {
            Ok(typed) => typed.replace("\\\n", "\n"),
            // What was typed is given up, and not the conversation.
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(failed(error)),
        };
        let typed = typed.trim();
        if typed.is_empty() {
            continue;
        }
        line.add_history_entry(typed).ok();
        // Kept at once: a terminal that is closed loses nothing.
        line.append_history(&history).ok();
        match react(talk, typed, ui) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => ui.error(&error),
        }
        line.set_helper(Some(completing(talk)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Does what was typed; whether to go on.
fn react(talk: &mut Talk<'_>, typed: &str, ui: &Ui) -> Result<bool> {
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let rest = rest.trim();
    match word {
        "/quit" | "/exit" => return Ok(false),
        "/help" => COMMANDS.iter().for_each(|(name, does)| ui.out(format!("  {name:<9} {does}"))),
        "/list" => list(talk, ui)?,
        "/new" => {
            talk.switch(None);
            ui.out(ui.tone(Tone::Dim, "A new conversation begins with what you say."));
        }
        "/switch" => {
            let to = find(talk.client, rest)?;
            ui.out(ui.tone(Tone::Dim, format!("Going on with “{}”.", plain(&to.title))));
            talk.switch(Some(to));
        }
        "/rename" => {
            let path = format!("/api/conversations/{}", here(talk)?.id);
            let body = RenameConversation { title: rest.to_owned() };
            let renamed: ConversationView = talk.client.patch(&path, &body)?;
            ui.out(ui.tone(Tone::Dim, format!("It is called “{}” now.", plain(&renamed.title))));
            talk.switch(Some(renamed));
        }
        "/delete" => {
            talk.client.delete(&format!("/api/conversations/{}", here(talk)?.id))?;
            talk.switch(None);
            ui.out(ui.tone(Tone::Dim, "Deleted. A new conversation begins with what you say."));
        }
        "/yes" => drop(talk.decide(&talk.open()?, "confirm", ui)?),
        "/no" => drop(talk.decide(&talk.open()?, "drop", ui)?),
        _ if word.starts_with('/') && !word[1..].contains('/') => {
            return Err(Error::usage(format!("{word} is no command")).hint("/help lists them."));
        }
        _ => {
            let said = talk.say(Words { text: typed.to_owned(), spoken: false }, ui)?;
            talk.ask(&said.answer, ui)?;
        }
    }
    Ok(true)
}

fn here<'a>(talk: &'a Talk<'_>) -> Result<&'a ConversationView> {
    talk.conversation()
        .ok_or_else(|| Error::usage("nothing was said yet").hint("Say something, or /switch to one."))
}

fn list(talk: &Talk<'_>, ui: &Ui) -> Result<()> {
    let page: Page<ConversationView> = talk.client.get("/api/conversations?limit=50")?;
    if page.items.is_empty() {
        ui.out("No conversation yet.");
    }
    let now = talk.conversation().map(|one| one.id.as_str());
    let row = |one: &ConversationView| {
        let tone = if now == Some(one.id.as_str()) { Tone::Strong } else { Tone::Dim };
        vec![
            (tone, short(&one.id).to_owned()),
            (Tone::Dim, local(&one.updated_at)),
            (tone, plain(&one.title)),
        ]
    };
    ui.table(&page.items.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

/// What there is to be named. Without an answer there is less to complete.
fn completing(talk: &Talk<'_>) -> Completing {
    let tasks = talk.client.get::<Page<TaskView>>(&format!("/api/tasks?limit={MOST_TASKS}"));
    let projects = talk.client.get::<Page<ProjectView>>("/api/projects");
    let conversations = talk.client.get::<Page<ConversationView>>("/api/conversations?limit=50");
    let mut words: Vec<String> =
        projects.map(|page| page.items.into_iter().map(|one| one.name).collect()).unwrap_or_default();
    words.extend(tasks.into_iter().flat_map(|page| page.items).map(|task| task.short));
    let conversations = conversations.into_iter().flat_map(|page| page.items);
    Completing { words, conversations: conversations.map(|one| short(&one.id).to_owned()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_come_next() {
        let completing = Completing {
            words: vec!["Antenna".into(), "4f2a91bc".into()],
            conversations: vec!["deadbeef".into()],
        };
        assert_eq!(completing.found("/sw"), (0, vec!["/switch".into()]));
        assert_eq!(completing.found("/switch "), (8, vec!["deadbeef".into()]));
        assert_eq!(completing.found("prioritise ant"), (11, vec!["Antenna".into()]));
        assert_eq!(completing.found("stop 4f"), (5, vec!["4f2a91bc".into()]));
        assert_eq!(completing.found("stop "), (5, vec![]));
        assert_eq!(completing.found("é an"), (3, vec!["Antenna".into()]));
    }
}
