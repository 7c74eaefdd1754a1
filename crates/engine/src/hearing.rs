//! Speech to words: a recording goes to an endpoint that speaks OpenAI's transcriptions, and words come back. Bounded in
//! time, size and number; its key is never printed. What the words mean is found out by the rules, and nothing is done.

use std::sync::Arc;
use std::time::Duration;

use domain::conversation::understood::{Understood, understood};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::brain::whole_scene;
use crate::{Engine, Error};

/// Bytes of a recording.
pub const MOST_AUDIO: usize = 10 * 1024 * 1024;
/// How long an endpoint may take: small models on small machines are slow.
const PATIENCE: Duration = Duration::from_mins(1);
/// Bytes of an answer, and of the words in it.
const MOST_ANSWER: u64 = 256 * 1024;
const MOST_WORDS: usize = 16 * 1024;
/// Recordings at once; further ones wait their turn.
const AT_ONCE: usize = 2;

/// Where the endpoint is.
#[derive(Clone)]
pub struct VoiceOptions {
    /// Its base, as `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// The model's name.
    pub model: String,
    /// A key, if it wants one.
    pub key: Option<String>,
    /// The language that is spoken, as `en`; found out by the model when left out.
    pub language: Option<String>,
}

impl std::fmt::Debug for VoiceOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url, model, language, key: _ } = self;
        let mut shown = f.debug_struct("VoiceOptions");
        shown.field("url", url).field("model", model).field("language", language).finish_non_exhaustive()
    }
}

/// How a recording is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audio {
    /// What browsers record.
    Webm,
    /// What some others record.
    Ogg,
    /// As it is.
    Wav,
    /// What phones of Apple record.
    Mp4,
    /// MP3.
    Mpeg,
}

impl Audio {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Webm, Self::Ogg, Self::Wav, Self::Mp4, Self::Mpeg];

    /// The content type; video types are what browsers call the same containers.
    pub fn parse(kind: &str) -> Option<Self> {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "audio/webm" | "video/webm" => Some(Self::Webm),
            "audio/ogg" | "application/ogg" => Some(Self::Ogg),
            "audio/wav" | "audio/x-wav" | "audio/wave" => Some(Self::Wav),
            "audio/mp4" | "video/mp4" | "audio/x-m4a" | "audio/m4a" => Some(Self::Mp4),
            "audio/mpeg" | "audio/mp3" => Some(Self::Mpeg),
            _ => None,
        }
    }

    /// By the end of a file's name.
    pub fn of_file(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "webm" => Some(Self::Webm),
            "ogg" | "oga" | "opus" => Some(Self::Ogg),
            "wav" => Some(Self::Wav),
            "mp4" | "m4a" => Some(Self::Mp4),
            "mp3" | "mpeg" | "mpga" => Some(Self::Mpeg),
            _ => None,
        }
    }

    /// Its content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Webm => "audio/webm",
            Self::Ogg => "audio/ogg",
            Self::Wav => "audio/wav",
            Self::Mp4 => "audio/mp4",
            Self::Mpeg => "audio/mpeg",
        }
    }

    /// A name for it; endpoints tell the format by its end.
    fn file_name(self) -> &'static str {
        match self {
            Self::Webm => "speech.webm",
            Self::Ogg => "speech.ogg",
            Self::Wav => "speech.wav",
            Self::Mp4 => "speech.mp4",
            Self::Mpeg => "speech.mp3",
        }
    }
}

/// Why nothing was heard.
#[derive(Debug, thiserror::Error)]
pub enum Deaf {
    /// There is no endpoint.
    #[error("no endpoint for speech is configured")]
    Unset,
    /// The endpoint did not do it.
    #[error("{0}")]
    Failed(String),
    /// What was heard could not be understood by us.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// What was heard, and what it would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The words.
    pub text: String,
    /// By the rules.
    pub understood: Understood,
}

/// A way to the endpoint.
pub(crate) struct Ear {
    at: VoiceOptions,
    agent: ureq::Agent,
    places: Arc<Semaphore>,
}

impl Ear {
    pub(crate) fn new(at: VoiceOptions) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // Where it says to go instead is not where the configuration said.
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .tls_config(tls(&at.url))
            .build();
        Self { at, agent: config.new_agent(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    async fn hear(&self, audio: Vec<u8>, kind: Audio) -> Result<String, String> {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Err("speech is not listened to any more".into());
        };
        let (agent, at) = (self.agent.clone(), self.at.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let words = transcribe(&agent, &at, &audio, kind);
            drop(place);
            words
        });
        asked.await.map_err(|_| "listening broke off".to_owned())?
    }
}

impl Engine {
    /// The words of a recording, and what they would do. Nothing is done, and the recording is not kept.
    pub async fn hear(&self, audio: Vec<u8>, kind: Audio) -> Result<Heard, Deaf> {
        let ear = self.context.ear.as_ref().ok_or(Deaf::Unset)?;
        let text = ear.hear(audio, kind).await.map_err(Deaf::Failed)?;
        let scene = whole_scene(self).await?;
        Ok(Heard { understood: understood(&text, &scene), text })
    }
}

fn transcribe(agent: &ureq::Agent, at: &VoiceOptions, audio: &[u8], kind: Audio) -> Result<String, String> {
    let failed = |why: &dyn std::fmt::Display| {
        format!("the speech endpoint at {} did not write down what was said: {why}", at.url)
    };
    let (boundary, body) = form(at, audio, kind);
    let mut request = agent
        .post(format!("{}/audio/transcriptions", at.url.trim_end_matches('/')))
        .header("Content-Type", format!("multipart/form-data; boundary={boundary}"));
    if let Some(key) = &at.key {
        request = request.header("Authorization", format!("Bearer {key}"));
    }
    let mut response = request.send(&body).map_err(|error| match error {
        ureq::Error::Timeout(_) => failed(&format!("it took longer than {} seconds", PATIENCE.as_secs())),
        other => failed(&other),
    })?;
    let status = response.status().as_u16();
    let answer = response.body_mut().with_config().limit(MOST_ANSWER).read_json::<Value>();
    if status != 200 {
        let said = answer.ok().and_then(|answer| answer["error"]["message"].as_str().map(str::to_owned));
        let said = said.map(|said| format!(", {}", said.chars().take(300).collect::<String>()));
        return Err(failed(&format!("HTTP {status}{}", said.unwrap_or_default())));
    }
    let answer = answer.map_err(|_| failed(&"its answer is not as OpenAI's"))?;
    let Some(text) = answer["text"].as_str() else { return Err(failed(&"its answer has no words")) };
    let text: String = text.trim().chars().filter(|char| !char.is_control() || *char == '\n').collect();
    if text.is_empty() {
        return Err("nothing was heard: say it again, nearer to the microphone".into());
    }
    if text.len() > MOST_WORDS {
        return Err(failed(&"it answered with more words than anybody says"));
    }
    Ok(text)
}

/// The fields as OpenAI documents them, with a boundary that is nowhere in the recording.
fn form(at: &VoiceOptions, audio: &[u8], kind: Audio) -> (String, Vec<u8>) {
    let is_in = |mark: &str| audio.windows(mark.len()).any(|part| part == mark.as_bytes());
    let boundary =
        (0..=u32::MAX).map(|n| format!("sidekick-{n:08x}")).find(|mark| !is_in(mark)).unwrap_or_default();
    let mut body = Vec::with_capacity(audio.len() + 1024);
    let fields = [("model", Some(&at.model)), ("language", at.language.as_ref())];
    let json = "json".to_owned();
    for (name, value) in fields.into_iter().chain([("response_format", Some(&json))]) {
        let Some(value) = value else { continue };
        let field =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(field.as_bytes());
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        kind.file_name(),
        kind.content_type()
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(audio);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (boundary, body)
}

/// Encrypted endpoints are believed by the roots of this machine.
fn tls(url: &str) -> ureq::tls::TlsConfig {
    let builder = ureq::tls::TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    if !url.starts_with("https://") {
        return builder.build();
    }
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        tracing::warn!(errors = ?found.errors, "this machine has no root certificates; speech cannot be sent over https");
    }
    let roots: Vec<_> =
        found.certs.iter().map(|root| ureq::tls::Certificate::from_der(root).to_owned()).collect();
    builder.root_certs(ureq::tls::RootCerts::Specific(Arc::new(roots))).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> VoiceOptions {
        VoiceOptions {
            url: "http://127.0.0.1:1/v1".into(),
            model: "whisper-1".into(),
            key: Some("sk-secret".into()),
            language: Some("en".into()),
        }
    }

    #[test]
    fn the_key_is_never_shown() {
        assert!(!format!("{:?}", options()).contains("sk-secret"));
    }

    #[test]
    fn no_recording_ends_its_own_field() {
        let (boundary, body) =
            form(&options(), b"x\r\n--sidekick-00000000--\r\nsidekick-00000001", Audio::Wav);
        assert_eq!(boundary, "sidekick-00000002");
        let text = String::from_utf8(body).unwrap();
        assert_eq!(text.matches(&format!("--{boundary}")).count(), 5, "{text}");
        assert!(
            text.contains("name=\"language\"\r\n\r\nen\r\n") && text.contains("filename=\"speech.wav\""),
            "{text}"
        );
    }

    #[test]
    fn kinds_of_recordings() {
        for kind in Audio::ALL {
            assert_eq!(Audio::parse(kind.content_type()), Some(kind));
            let (_, end) = kind.file_name().split_once('.').unwrap();
            assert_eq!(Audio::of_file(end), Some(kind));
        }
        assert_eq!(Audio::parse("audio/webm;codecs=opus"), Some(Audio::Webm));
        assert_eq!(Audio::parse("text/html"), None);
    }
}
