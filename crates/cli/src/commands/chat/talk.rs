//! Saying something, showing the answer as it comes, and deciding what the brain proposes.

use std::io::BufRead;
use std::time::Duration;

use api::{Chat, ChatView, Client, ClientError, ConversationView, MessageView, Page};

use crate::error::{Error, Result};
use crate::ui::{Tone, Ui, plain};

/// How often a line that broke is taken up again, and how long is waited before.
const PAUSES: [u64; 6] = [100, 300, 1_000, 2_000, 4_000, 8_000];

/// What is said.
pub(super) struct Words {
    pub(super) text: String,
    /// A machine wrote down what was spoken.
    pub(super) spoken: bool,
}

/// What an answer leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// It proposes nothing.
    Nothing,
    /// A person has to say yes or no.
    Open,
    /// It was decided.
    Done,
    /// There was no answer.
    Failed,
}

impl Decided {
    pub(super) fn of(answer: &MessageView) -> Self {
        match answer.proposal.as_ref().map(|proposal| proposal.state.as_str()) {
            Some("open") => Self::Open,
            Some(_) => Self::Done,
            None if answer.state == "failed" => Self::Failed,
            None => Self::Nothing,
        }
    }
}

/// A conversation, or one that begins.
pub(super) struct Talk<'a> {
    pub(super) client: &'a Client,
    conversation: Option<ConversationView>,
}

impl<'a> Talk<'a> {
    pub(super) fn new(client: &'a Client, conversation: Option<ConversationView>) -> Self {
        Self { client, conversation }
    }

    pub(super) fn conversation(&self) -> Option<&ConversationView> {
        self.conversation.as_ref()
    }

    pub(super) fn switch(&mut self, to: Option<ConversationView>) {
        self.conversation = to;
    }

    /// Says it once, and shows the answer as it comes.
    pub(super) fn say(&mut self, words: Words, ui: &Ui) -> Result<ChatView> {
        let body = Chat {
            message: words.text,
            conversation_id: self.conversation.as_ref().map(|one| one.id.clone()),
            spoken: words.spoken,
        };
        // With its key it is said once, however often it is sent.
        let key = uuid::Uuid::now_v7().to_string();
        let mut said: ChatView = patiently(|| self.client.post("/api/chat", &body, Some(&key)))?;
        self.conversation = Some(said.conversation.clone());
        said.answer = self.follow(said.answer, ui)?;
        Ok(said)
    }

    /// Follows an answer to its end. The log says that there is more of it; what, is read.
    fn follow(&self, answer: MessageView, ui: &Ui) -> Result<MessageView> {
        let mut shown = Shown::new(ui);
        if answer.state != "pending" {
            shown.end(&answer, ui);
            return Ok(answer);
        }
        let id = self.conversation.as_ref().map(|one| one.id.clone()).unwrap_or_default();
        let path = format!("/api/conversations/{id}/messages/{}", answer.id);
        for pause in std::iter::once(&0).chain(&PAUSES) {
            std::thread::sleep(Duration::from_millis(*pause));
            let Ok(events) = self.client.follow_from_now(&id) else { continue };
            // Once before the first event: it may have come already.
            let about = events.map(|event| event.map(|event| event.data["message"] == answer.id.as_str()));
            for is_about in std::iter::once(Ok(true)).chain(about) {
                match is_about {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(_) => break,
                }
                let message: MessageView = match self.client.get(&path) {
                    Ok(message) => message,
                    Err(ClientError::Unreachable { .. }) => break,
                    Err(problem) => return Err(problem.into()),
                };
                if message.state != "pending" {
                    shown.end(&message, ui);
                    return Ok(message);
                }
                shown.so_far(&message, ui);
            }
        }
        Err(Error::failed("the daemon went away before the answer was there; it is not lost")
            .hint("Look again with: sidekick chat --continue"))
    }

    /// Asks the person about an open proposal; the message as it is then, if there was something to decide.
    pub(super) fn ask(&self, answer: &MessageView, ui: &Ui) -> Result<Option<MessageView>> {
        if Decided::of(answer) != Decided::Open {
            return Ok(None);
        }
        ui.out_raw("Do it? y, n: ");
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        if read.is_err() || line.is_empty() {
            ui.out("");
            return Ok(None);
        }
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => self.decide(answer, "confirm", ui).map(Some),
            "n" | "no" => self.decide(answer, "drop", ui).map(Some),
            _ => {
                ui.say("Not decided: say /yes or /no when you know.");
                Ok(None)
            }
        }
    }

    /// Confirms or drops what a message proposes.
    pub(super) fn decide(&self, answer: &MessageView, what: &str, ui: &Ui) -> Result<MessageView> {
        let id = self.conversation.as_ref().map(|one| one.id.clone()).unwrap_or_default();
        let path = format!("/api/conversations/{id}/messages/{}/{what}", answer.id);
        let decided: MessageView = self.client.post(&path, &serde_json::json!({}), None)?;
        let came = decided.proposal.as_ref().map(|proposal| proposal.came.as_slice()).unwrap_or_default();
        match what {
            "drop" => ui.say("Not done."),
            _ if came.is_empty() => ui.say("It is being done."),
            _ => came.iter().for_each(|line| ui.say(format!("{} {}", ui.tone(Tone::Good, "·"), plain(line)))),
        }
        Ok(decided)
    }

    /// The latest message that proposes something, if it is still open.
    pub(super) fn open(&self) -> Result<MessageView> {
        let nothing = || Error::usage("nothing is proposed here that is not decided");
        let id = self.conversation.as_ref().map(|one| one.id.clone()).ok_or_else(nothing)?;
        let page: Page<MessageView> =
            self.client.get(&format!("/api/conversations/{id}/messages?limit=50"))?;
        page.items.into_iter().rev().find(|message| Decided::of(message) == Decided::Open).ok_or_else(nothing)
    }
}

/// The one conversation whose id begins so.
pub(super) fn find(client: &Client, id: &str) -> Result<ConversationView> {
    let wanted = id.to_lowercase();
    if wanted.len() == 36 {
        return Ok(client.get(&format!("/api/conversations/{}", api::escaped(&wanted)))?);
    }
    let page: Page<ConversationView> = client.get("/api/conversations?limit=200")?;
    let fits = |one: &&ConversationView| one.id.starts_with(&wanted) || short(&one.id).starts_with(&wanted);
    let mut found = page.items.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.clone()),
        (Some(_), Some(_)) => {
            Err(Error::usage(format!("several conversations begin with {id}: say more of it")))
        }
        (None, _) => Err(Error {
            exit: crate::error::Exit::NotFound,
            message: format!("no conversation begins with {id}"),
            hint: Some("`/list` in `sidekick chat` lists them.".into()),
        }),
    }
}

/// An id as people type it.
pub(super) fn short(id: &str) -> &str {
    id.get(id.len().saturating_sub(8)..).unwrap_or(id)
}

/// Tries a request again that the daemon may not have heard.
fn patiently<T>(ask: impl Fn() -> std::result::Result<T, ClientError>) -> Result<T> {
    for pause in PAUSES.iter().take(4) {
        match ask() {
            Err(ClientError::Unreachable { .. }) => std::thread::sleep(Duration::from_millis(*pause)),
            answered => return Ok(answered?),
        }
    }
    Ok(ask()?)
}

/// What of an answer is on the screen already.
struct Shown {
    text: String,
    streams: bool,
    thinking: Option<String>,
    spinner: indicatif::ProgressBar,
}

impl Shown {
    fn new(ui: &Ui) -> Self {
        Self { text: String::new(), streams: !ui.json, thinking: None, spinner: ui.spinner("thinking") }
    }

    /// The words so far.
    fn so_far(&mut self, message: &MessageView, ui: &Ui) {
        if message.thinking.is_some() && message.thinking != self.thinking {
            self.thinking.clone_from(&message.thinking);
            let task = message.thinking.as_deref().map(short).unwrap_or_default();
            self.spinner.set_message(format!("thinking: sidekick logs -f {task}"));
        }
        // The end may still change: a space that a block follows is none.
        let text = message.text.trim_end();
        if !self.streams || text.is_empty() || text == self.text {
            return;
        }
        self.spinner.finish_and_clear();
        ui.out_raw(&plain(&more(&self.text, text)));
        text.clone_into(&mut self.text);
    }

    /// All of it is there.
    fn end(&mut self, message: &MessageView, ui: &Ui) {
        self.spinner.finish_and_clear();
        if ui.json {
            return;
        }
        ui.out(plain(&more(&self.text, &message.text)));
        for task in &message.tasks {
            ui.out(ui.tone(Tone::Dim, format!("  sidekick show {}", short(task))));
        }
        if let Some(proposal) = &message.proposal {
            ui.out(ui.tone(Tone::Strong, "It would:"));
            proposal.changes.iter().for_each(|change| ui.out(format!("  · {}", plain(change))));
        }
    }
}

/// What has to be shown after what is shown already; all of it, when it began again.
fn more(shown: &str, text: &str) -> String {
    match text.strip_prefix(shown) {
        Some(rest) => rest.to_owned(),
        None => format!("\n{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_not_shown_again() {
        assert_eq!(more("It wa", "It waits."), "its.");
        assert_eq!(more("It wa", "No."), "\nNo.");
        assert_eq!(more("", "No."), "No.");
    }

    #[test]
    fn ids_as_people_type_them() {
        assert_eq!(short("0190aaaa-0000-7000-8000-0000deadbeef"), "deadbeef");
        assert_eq!(short("x"), "x");
    }
}
