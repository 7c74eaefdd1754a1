//! Saying something, showing the answer as it comes, and deciding what the brain proposes.

use std::io::BufRead;
use std::time::Duration;

use api::{Chat, ChatView, Client, ClientError, ConversationView, MessageView, Page};
use domain::conversation::Message;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::ui::{Tone, Ui, plain};

/// How often a line that broke is taken up again, and how long is waited before.
const PAUSES: [u64; 6] = [100, 300, 1_000, 2_000, 4_000, 8_000];
/// How the block begins in which a model says what it wants to do: that is for us, not for people.
const BLOCK: &str = "```sidekick";

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

#[derive(Deserialize)]
struct EventPage {
    last_seq: i64,
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
        let after = match &self.conversation {
            Some(one) => {
                let page: EventPage =
                    self.client.get(&format!("/api/conversations/{}/events?tail=true&limit=1", one.id))?;
                page.last_seq
            }
            None => 0,
        };
        let body = Chat {
            message: words.text,
            conversation_id: self.conversation.as_ref().map(|one| one.id.clone()),
            spoken: words.spoken,
        };
        // With its key it is said once, however often it is sent.
        let key = uuid::Uuid::now_v7().to_string();
        let mut said: ChatView = patiently(|| self.client.post("/api/chat", &body, Some(&key)))?;
        self.conversation = Some(said.conversation.clone());
        said.answer = self.follow(said.answer, after, ui)?;
        Ok(said)
    }

    /// Follows an answer to its end.
    fn follow(&self, answer: MessageView, mut after: i64, ui: &Ui) -> Result<MessageView> {
        let mut shown = Shown::new(ui);
        if answer.state != "pending" {
            shown.end(&answer, ui);
            return Ok(answer);
        }
        let id = self.conversation.as_ref().map(|one| one.id.clone()).unwrap_or_default();
        for pause in std::iter::once(&0).chain(&PAUSES) {
            std::thread::sleep(Duration::from_millis(*pause));
            let Ok(events) = self.client.follow(Some(&id), after) else { continue };
            for event in events {
                let Ok(event) = event else { break };
                after = event.seq;
                match event.kind.as_str() {
                    "message.said" if event.data["message"] == answer.id.as_str() => {
                        shown.more(event.data["text"].as_str().unwrap_or_default(), ui);
                    }
                    "message.changed" if event.data["message"]["id"] == answer.id.as_str() => {
                        let Ok(message) = serde_json::from_value::<Message>(event.data["message"].clone())
                        else {
                            continue;
                        };
                        let message = MessageView::new(&message, engine::clock::now());
                        if message.state != "pending" {
                            shown.end(&message, ui);
                            return Ok(message);
                        }
                        shown.anew(&message, ui);
                    }
                    "conversation.deleted" => return Err(Error::failed("the conversation was deleted")),
                    _ => {}
                }
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
        (Some(_), Some(_)) => Err(Error::usage(format!("several conversations begin with {id}: say more of it"))),
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
    whole: String,
    /// Bytes of it that are shown.
    upto: usize,
    streams: bool,
    thinking: Option<String>,
    spinner: indicatif::ProgressBar,
}

impl Shown {
    fn new(ui: &Ui) -> Self {
        Self { whole: String::new(), upto: 0, streams: !ui.json, thinking: None, spinner: ui.spinner("thinking") }
    }

    fn more(&mut self, text: &str, ui: &Ui) {
        self.whole += text;
        self.show(ready(&self.whole), ui);
    }

    fn show(&mut self, upto: usize, ui: &Ui) {
        if !self.streams || upto <= self.upto {
            return;
        }
        self.spinner.finish_and_clear();
        ui.out_raw(&plain(&self.whole[self.upto..upto]));
        self.upto = upto;
    }

    /// The answer begins again: with another daemon, or in an agent's task.
    fn anew(&mut self, message: &MessageView, ui: &Ui) {
        if self.upto > 0 {
            ui.out("\n…");
        }
        (self.whole, self.upto) = (String::new(), 0);
        if message.thinking.is_some() && message.thinking != self.thinking {
            self.thinking.clone_from(&message.thinking);
            let task = message.thinking.as_deref().map(short).unwrap_or_default();
            self.spinner.set_message(format!("thinking: sidekick logs -f {task}"));
        }
    }

    /// All of it is there.
    fn end(&mut self, message: &MessageView, ui: &Ui) {
        self.spinner.finish_and_clear();
        if ui.json {
            return;
        }
        let before = self.whole[..self.upto].to_owned();
        match message.text.strip_prefix(before.as_str()) {
            Some(rest) => ui.out(plain(rest)),
            None => ui.out(format!("\n{}", plain(&message.text))),
        }
        for task in &message.tasks {
            ui.out(ui.tone(Tone::Dim, format!("  sidekick show {}", short(task))));
        }
        if let Some(proposal) = &message.proposal {
            ui.out(ui.tone(Tone::Strong, "It would:"));
            proposal.changes.iter().for_each(|change| ui.out(format!("  · {}", plain(change))));
        }
    }
}

/// How much of an answer can be shown: neither the block of what is to be done nor what may become its beginning.
fn ready(text: &str) -> usize {
    if let Some(at) = text.find(BLOCK) {
        return text[..at].trim_end().len();
    }
    let held = (1..=BLOCK.len().min(text.len())).rev().find(|n| BLOCK.as_bytes().starts_with(&text.as_bytes()[text.len() - n..]));
    text[..text.len() - held.unwrap_or(0)].trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_of_deeds_is_not_shown_whatever_its_pieces() {
        let answer = "I stop it.\n\n```sidekick\n[{\"do\":\"stop\"}]\n```";
        for n in (0..=answer.len()).filter(|n| answer.is_char_boundary(*n)) {
            let shown = &answer[..ready(&answer[..n])];
            assert!("I stop it.".starts_with(shown), "{shown:?}");
        }
        assert_eq!(ready(answer), "I stop it.".len());
        assert_eq!(ready("a ```rust\nlet x;"), "a ```rust\nlet x;".len());
        assert_eq!(ready("a ``"), 1, "it may become one");
        assert_eq!(ready(""), 0);
    }

    #[test]
    fn ids_as_people_type_them() {
        assert_eq!(short("0190aaaa-0000-7000-8000-0000deadbeef"), "deadbeef");
        assert_eq!(short("x"), "x");
    }
}
