//! Speech: a recording comes in, its words go out, with what they would do. Nothing is done, and no recording is kept.

use api::{HeardView, Problem, UnderstoodView};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use engine::{Audio, Deaf};

use crate::App;
use crate::error::Failure;

/// The words of a recording, and what they would do by the rules that need no model. Nothing is done: whoever speaks sees
/// it first, and says it with `spoken` in `POST /api/chat`.
#[utoipa::path(post, path = "/api/voice",
    request_body(content = Vec<u8>, content_type = "audio/webm", description = "At most 10 MB of webm, ogg, wav, mp4 or mpeg"),
    responses((status = 200, body = HeardView), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 501, body = Problem), (status = 502, body = Problem)))]
pub(crate) async fn transcribe_voice(
    State(app): State<App>,
    headers: HeaderMap,
    audio: Result<Bytes, BytesRejection>,
) -> Result<Json<HeardView>, Failure> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).and_then(Audio::parse);
    let Some(kind) = kind else {
        return Err(refused(415, "unsupported_media_type", "a recording is webm, ogg, wav, mp4 or mpeg"));
    };
    let audio = audio.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            refused(413, "too_large", "a recording has at most 10 MB: say it shorter")
        }
        _ => refused(400, "invalid", "the recording did not arrive whole: send it again"),
    })?;
    if audio.is_empty() {
        return Err(refused(400, "invalid", "the recording is empty"));
    }
    let heard = app.engine.hear(audio.to_vec(), kind).await.map_err(|deaf| match deaf {
        Deaf::Unset => Failure::from(
            Problem::new(501, "no_voice", "Nobody listens", "no endpoint for speech is configured")
                .hint("Set `voice: {url: …, model: …}` in sidekick.yaml to one that speaks OpenAI's transcriptions, as a whisper.cpp server."),
        ),
        Deaf::Failed(why) => refused(502, "voice", &why),
        Deaf::Engine(error) => error.into(),
    })?;
    let (means, words) = (heard.understood.means.as_str().into(), heard.understood.words);
    Ok(Json(HeardView { text: heard.text, understood: UnderstoodView { means, words } }))
}

fn refused(status: u16, kind: &str, detail: &str) -> Failure {
    Failure::from(Problem::new(status, kind, "Not heard", detail))
}
