//! `voice`: where speech is written down.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::accounts::{self, Secret};
use crate::error::{Error, Result};

/// An endpoint that speaks OpenAI's transcriptions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoiceFile {
    url: Spanned<String>,
    model: String,
    key: Option<Secret>,
    /// The language that is spoken, as `en`.
    language: Option<Spanned<String>>,
}

pub(super) fn options(file: VoiceFile) -> Result<engine::VoiceOptions> {
    let wrong = |line: u64, what: &str| Error::usage(format!("line {line}: voice: {what}"));
    let url = &file.url.value;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(wrong(
            file.url.referenced.line(),
            "the url begins with http:// or https://, as http://127.0.0.1:8080/v1",
        ));
    }
    if let Some(language) = &file.language {
        let letters = language.value.chars().all(|char| char.is_ascii_lowercase());
        if !letters || !(2..=3).contains(&language.value.len()) {
            let line = language.referenced.line();
            return Err(wrong(line, "the language is a code of two or three letters, as `en`"));
        }
    }
    let key = file.key.map(|secret| accounts::resolve("voice", "key", secret)).transpose()?;
    Ok(engine::VoiceOptions {
        url: file.url.value,
        model: file.model,
        key,
        language: file.language.map(|language| language.value),
    })
}
