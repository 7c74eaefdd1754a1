//! The settings file: shown without secrets, changed by values or as text, with a trial before.

use api::{
    ChangeSettings, DiffLineView, EffectiveView, MistakeView, Problem, SettingsChanged, SettingsTakenView,
    SettingsView, WriteSettings,
};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use engine::{Change, Edit, Edited, Options, SettingsError, SettingsTaken};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use crate::App;
use crate::error::Failure;

/// How a change is made.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HowToChange {
    /// Only say what would differ.
    #[serde(default)]
    dry_run: bool,
}

/// The settings: the file's text and values without secrets, what is in force, what waits for a restart.
#[utoipa::path(get, path = "/api/settings",
    responses((status = 200, body = SettingsView), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn get_settings(State(app): State<App>) -> Result<Response, Failure> {
    let here = app.engine.settings().await?;
    let effective = effective(&app.engine.options(), &here.values);
    let view = SettingsView {
        file: here.file.display().to_string(),
        tag: here.tag,
        text: here.text,
        values: here.values,
        effective,
        taken: taken(&here.taken),
    };
    Ok((tagged(&view.tag), Json(view)).into_response())
}

/// Changes single settings in the file, comments kept. `If-Match` names the text that was seen.
#[utoipa::path(patch, path = "/api/settings", request_body = ChangeSettings,
    params(HowToChange, ("If-Match" = String, Header, description = "the tag that was shown, in quotes")),
    responses((status = 200, body = SettingsChanged), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub(crate) async fn change_settings(
    State(app): State<App>,
    Query(how): Query<HowToChange>,
    headers: HeaderMap,
    Json(body): Json<ChangeSettings>,
) -> Result<Response, Failure> {
    let changes = body.changes.into_iter();
    let changes = changes.map(|one| Change { path: one.path, to: one.to.filter(|to| !to.is_null()) });
    edit(&app, Edit::Values(changes.collect()), &headers, how.dry_run).await
}

/// Writes the whole text, as it was shown, changed. `If-Match` names the text that was seen.
#[utoipa::path(put, path = "/api/settings/text", request_body = WriteSettings,
    params(HowToChange, ("If-Match" = String, Header, description = "the tag that was shown, in quotes")),
    responses((status = 200, body = SettingsChanged), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub(crate) async fn write_settings(
    State(app): State<App>,
    Query(how): Query<HowToChange>,
    headers: HeaderMap,
    Json(body): Json<WriteSettings>,
) -> Result<Response, Failure> {
    edit(&app, Edit::Text(body.text), &headers, how.dry_run).await
}

async fn edit(app: &App, edit: Edit, headers: &HeaderMap, trial: bool) -> Result<Response, Failure> {
    let Some(shown) = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()) else {
        let detail = "a change of the settings names the text it was made from in `If-Match`";
        let problem = Problem::new(428, "precondition_required", "Which settings were seen", detail);
        return Err(problem.hint("`GET /api/settings` answers with it as `ETag`.").into());
    };
    let before = shown.trim().trim_start_matches("W/").trim_matches('"');
    let edited = app.engine.edit_settings(edit, before, trial).await?;
    let view = changed(&edited, before);
    Ok((tagged(&view.tag), Json(view)).into_response())
}

fn tagged(tag: &str) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, format!("\"{tag}\""))]
}

fn changed(edited: &Edited, before: &str) -> SettingsChanged {
    let lines = edited.lines.iter().map(|line| DiffLineView {
        kind: match line.mark {
            '+' => "added",
            '-' => "removed",
            _ => "same",
        }
        .into(),
        text: line.text.clone(),
    });
    SettingsChanged {
        tag: edited.tag.clone(),
        written: edited.tag != before,
        lines: lines.collect(),
        taken: taken(&edited.taken),
    }
}

pub(crate) fn taken(taken: &SettingsTaken) -> SettingsTakenView {
    SettingsTakenView {
        at: taken.at.to_string(),
        wrong: taken.wrong.as_ref().map(|wrong| MistakeView {
            pointer: None,
            line: wrong.line,
            detail: wrong.what.clone(),
        }),
        restart: taken.restart.clone(),
    }
}

/// The single values in force.
fn effective(options: &Options, values: &Value) -> Vec<EffectiveView> {
    let mb = |bytes: u64| json!(bytes >> 20);
    #[expect(clippy::cast_precision_loss, reason = "minutes are far below 2^52")]
    let minutes = |ms: u64| json!(ms as f64 / 60_000.0);
    let limits = &options.limits;
    let known = [
        ("concurrency", Some(json!(options.concurrency))),
        ("review_limit", options.review_limit.map(|limit| json!(limit))),
        ("gpu", options.gpu.map(|gpu| json!(gpu))),
        ("default_agent", options.default_agent.as_ref().map(|agent| json!(agent))),
        ("retry.most", Some(json!(options.retry.most))),
        ("retry.first_seconds", Some(json!(options.retry.first.as_secs()))),
        ("retry.longest_seconds", Some(json!(options.retry.longest.as_secs()))),
        ("limits.no_progress_minutes", Some(json!(options.no_progress.as_secs() / 60))),
        ("limits.keep_days", Some(json!(options.keep_runs.as_secs() / 86_400))),
        ("limits.silent_minutes", Some(minutes(limits.silent_ms))),
        ("limits.start_minutes", Some(minutes(limits.start_ms))),
        ("limits.output_mb", Some(mb(limits.output_bytes))),
        ("limits.memory_mb", Some(mb(limits.memory_bytes))),
        ("limits.disk_mb", Some(mb(limits.disk_bytes))),
        ("limits.processes", Some(json!(limits.processes))),
        ("routing.explore", Some(json!(options.routing.explore))),
    ];
    let from = |name: &str| {
        let found = name.split('.').try_fold(values, |value, name| value.get(name));
        if found.is_some_and(|value| !value.is_null()) { "file" } else { "default" }
    };
    known.map(|(name, value)| EffectiveView { name: name.into(), value, from: from(name).into() }).into()
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let text = error.to_string();
        let pointer = |path: &[String]| {
            let names = path.iter().map(|name| name.replace('~', "~0").replace('/', "~1"));
            names.fold(String::new(), |pointer, name| pointer + "/" + &name)
        };
        let problem = match error {
            SettingsError::Without => Problem::new(404, "not_found", "No settings", text),
            SettingsError::Stale(_) => Problem::new(412, "stale", "Changed meanwhile", text)
                .hint("Read them again, and make the change on what is there now."),
            SettingsError::Wrong(wrong) => {
                let at = MistakeView { pointer: None, line: wrong.line, detail: wrong.what };
                Problem::new(422, "invalid", "The settings would not be read", text).at(vec![at])
            }
            SettingsError::Forbidden(all) => {
                let at = all.iter().map(|one| MistakeView {
                    pointer: Some(pointer(&one.path)),
                    line: None,
                    detail: one.why.clone(),
                });
                Problem::new(403, "file_only", "In the file only", text)
                    .at(at.collect())
                    .hint("Whoever may write the file on the daemon's machine can change it there.")
            }
            SettingsError::Refused(_) => Problem::new(422, "invalid", "Not possible", text),
            SettingsError::File { .. } => Problem::new(500, "file", "The file cannot be used", text),
        };
        Self::from(problem)
    }
}
