//! The page of a link that answers a question. Looking at it changes nothing, whoever looks: previews and scanners do. Its
//! button answers. No script, no style, nothing loaded; whatever is shown is escaped.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::links::{Linked, Stale};

use crate::App;

/// What a link would answer, and the button that does.
pub(crate) async fn show_answer(State(app): State<App>, Path(link): Path<String>) -> Response {
    if let Some(refused) = unknown(&app, &link) {
        return refused;
    }
    match app.engine.linked(&link).await {
        Ok(linked) => page(StatusCode::OK, "Your answer", &asking(&linked)),
        Err(stale) => said(&stale),
    }
}

/// Answers.
pub(crate) async fn give_answer(State(app): State<App>, Path(link): Path<String>) -> Response {
    if let Some(refused) = unknown(&app, &link) {
        return refused;
    }
    match app.engine.answer_by_link(&link).await {
        Ok(linked) => {
            let task = &linked.work.task;
            let body = format!(
                "<h1>Noted</h1><p>{}</p><p>Your answer to <b>{}</b>: <b>{}</b></p><p>The task is {} now.</p>",
                escaped(&task.title),
                escaped(&linked.question.text),
                escaped(&linked.choice),
                task.state.as_str()
            );
            page(StatusCode::OK, "Noted", &body)
        }
        Err(stale) => said(&stale),
    }
}

/// What is none of ours is told so before anything is looked up, and after too many of those not even looked at.
fn unknown(app: &App, link: &str) -> Option<Response> {
    if app.engine.is_link(link) {
        return None;
    }
    if app.access.wrong_try() {
        let body = "<h1>Too many wrong links</h1><p>Wait a minute, then try yours again.</p>";
        return Some(page(StatusCode::TOO_MANY_REQUESTS, "Too many wrong links", body));
    }
    Some(said(&Stale::Wrong))
}

fn asking(linked: &Linked) -> String {
    let Linked { work, question, choice, until } = linked;
    let evidence: String =
        question.evidence.iter().fold(String::new(), |list, seen| list + "<li>" + &escaped(seen) + "</li>");
    let evidence = if evidence.is_empty() { evidence } else { format!("<ul>{evidence}</ul>") };
    format!(
        "<h1>{}</h1><p>Task {} of {}: {}</p>{evidence}<form method=\"post\"><p>Your answer: <b>{}</b></p>\
         <button type=\"submit\">Answer so</button></form><p>Nothing has happened yet. The link works once, until {until}.</p>",
        escaped(&question.text),
        work.task.id.short(),
        escaped(&work.task.asked.project),
        escaped(&work.task.title),
        escaped(choice),
    )
}

/// Why it answers nothing, and what to do.
fn said(stale: &Stale) -> Response {
    let (status, hint) = match stale {
        Stale::Wrong => (
            StatusCode::NOT_FOUND,
            "Copy the whole link, or ask for new ones with <code>sidekick questions --links</code>.",
        ),
        Stale::Expired => (
            StatusCode::GONE,
            "If the question is still open, <code>sidekick questions --links</code> gives new ones.",
        ),
        Stale::Used => (
            StatusCode::GONE,
            "Nothing more is to be done. <code>sidekick show</code> says where the task stands.",
        ),
        Stale::Over => (
            StatusCode::GONE,
            "Nothing was changed by this link. <code>sidekick show</code> says where the task stands.",
        ),
        Stale::Failed(error) => {
            tracing::warn!(%error, "a link could not be followed");
            (
                StatusCode::CONFLICT,
                "Nothing was changed. Try again, or answer with <code>sidekick answer</code>.",
            )
        }
    };
    let body = format!("<h1>No answer given</h1><p>{}.</p><p>{hint}</p>", escaped(&stale.to_string()));
    page(status, "No answer given", &body)
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}: Sidekick</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"robots\" content=\"noindex\"></head><body>{body}</body></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        // The button's request has to say that it comes from this page; the link itself goes nowhere else.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (status, headers, html).into_response()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Overrides of the writing direction can make a choice read as another.
            '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            char if char.is_control() => out.push(' '),
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_shown_does_nothing() {
        let shown = super::escaped("<img src=x onerror='a()'>\u{202e}\"&\u{1b}[2J");
        assert_eq!(shown, "&lt;img src=x onerror=&#39;a()&#39;&gt;&quot;&amp; [2J");
    }
}
