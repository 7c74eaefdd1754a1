//! `sidekick chat`: talking with the brain. One line for scripts, or a person at a prompt ([`prompt`]); how a message is said
//! and its answer shown is in [`talk`].

mod prompt;
mod talk;

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use api::{ConversationView, HeardView, Page};

use crate::args::{Args, Chat};
use crate::connect::{Connection, Purpose};
use crate::error::{Error, Result};
use crate::places::Places;
use crate::ui::{Tone, Ui, plain};

use talk::{Decided, Talk, Words};

/// Something waits for a person's yes, and nobody was there to give it.
const UNDECIDED: u8 = 3;
/// Bytes of a message.
const MOST_WORDS: u64 = 64 * 1024;

pub(crate) fn chat(args: &Args, wanted: &Chat, ui: &Ui) -> Result<ExitCode> {
    let has_keys = std::io::stdin().is_terminal();
    let words = match (&wanted.audio, wanted.words.as_slice()) {
        (Some(_), _) => None,
        (None, []) if has_keys => None,
        (None, []) => Some(standard_input()?),
        (None, words) => Some(words.join(" ")),
    };
    let is_prompt = words.is_none() && wanted.audio.is_none();
    if is_prompt && !ui.is_terminal() {
        return Err(Error::usage("there is nothing to say, and nobody to type it")
            .hint("Say it on the command line: sidekick chat \"what is going on?\""));
    }
    // Somebody has to think, and what is confirmed has to begin.
    let connection = Connection::open(args, Purpose::Work)?;
    let mut talk = Talk::new(&connection.client, which(&connection, wanted)?);
    if is_prompt {
        return prompt::run(&mut talk, &Places::open(args.data_dir.as_deref())?, ui);
    }
    let words = match (&wanted.audio, words) {
        (Some(file), _) => heard(&connection, file, ui)?,
        (None, text) => Words { text: text.unwrap_or_default(), spoken: false },
    };
    once(&mut talk, words, has_keys && ui.is_terminal(), ui)
}

/// Says one thing, and ends as it came out.
fn once(talk: &mut Talk<'_>, words: Words, somebody: bool, ui: &Ui) -> Result<ExitCode> {
    let mut said = talk.say(words, ui)?;
    if somebody && let Some(decided) = talk.ask(&said.answer, ui)? {
        said.answer = decided;
    }
    if ui.json {
        ui.json(&said);
    }
    Ok(match Decided::of(&said.answer) {
        Decided::Open => {
            if !ui.json {
                let id = talk.conversation().map(|one| one.id.clone()).unwrap_or_default();
                ui.say(format!("Nothing is done yet. To decide: sidekick chat --conversation {id}"));
            }
            ExitCode::from(UNDECIDED)
        }
        Decided::Failed => ExitCode::FAILURE,
        Decided::Nothing | Decided::Done => ExitCode::SUCCESS,
    })
}

/// The conversation to go on with.
fn which(connection: &Connection, wanted: &Chat) -> Result<Option<ConversationView>> {
    if let Some(id) = &wanted.conversation {
        return Ok(Some(talk::find(&connection.client, id)?));
    }
    if !wanted.last {
        return Ok(None);
    }
    let page: Page<ConversationView> = connection.client.get("/api/conversations?limit=1")?;
    let last = page.items.into_iter().next();
    last.map(Some).ok_or_else(|| {
        Error::usage("there is no conversation to go on with").hint("Begin one: leave out --continue.")
    })
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MOST_WORDS + 1).read_to_string(&mut text);
    read.map_err(|error| Error::usage(format!("standard input: {error}")))?;
    Ok(text)
}

/// The words of a recording, shown with what they would do.
fn heard(connection: &Connection, file: &Path, ui: &Ui) -> Result<Words> {
    let kind = file.extension().and_then(|end| end.to_str()).and_then(engine::Audio::of_file);
    let kind = kind.ok_or_else(|| {
        Error::usage(format!(
            "{}: a recording is webm, ogg, wav, mp4 or mp3, and is named so",
            file.display()
        ))
    })?;
    let wrong = |error: std::io::Error| Error::usage(format!("{}: {error}", file.display()));
    let most = engine::MOST_AUDIO as u64;
    let mut audio = Vec::new();
    std::fs::File::open(file).map_err(wrong)?.take(most + 1).read_to_end(&mut audio).map_err(wrong)?;
    if audio.len() as u64 > most {
        return Err(Error::usage(format!("{} has more than 10 MB: say it shorter", file.display())));
    }
    let heard: HeardView = connection.client.post_bytes("/api/voice", kind.content_type(), &audio)?;
    ui.say(format!("{} {}", ui.tone(Tone::Dim, "Heard:"), plain(&heard.text)));
    for one in &heard.understood.words {
        ui.say(ui.tone(Tone::Dim, format!("  {}: {}", heard.understood.means, plain(one))));
    }
    Ok(Words { text: heard.text, spoken: true })
}
