//! What each route needs, in one table. A route that is not in it needs an admin, and a test says that it is missing.

use axum::http::Method;
use domain::Permission;
use domain::Permission::{Administer, Oneself, Operate, Review, See};

/// Method, path as the router has it, what it needs.
const NEEDS: &[(Method, &str, Permission)] = &[
    (Method::GET, "/api/status", See),
    (Method::GET, "/api/agents", See),
    (Method::GET, "/api/projects", See),
    (Method::GET, "/api/plan", See),
    (Method::GET, "/api/inbox", See),
    (Method::GET, "/api/board", See),
    (Method::GET, "/api/sessions", See),
    (Method::GET, "/api/credits", See),
    (Method::GET, "/api/credits/history", See),
    (Method::GET, "/api/costs", See),
    (Method::POST, "/api/accounts/switch", Operate),
    (Method::POST, "/api/link", Administer),
    (Method::DELETE, "/api/session", Oneself),
    (Method::GET, "/api/me", Oneself),
    (Method::PUT, "/api/me/password", Oneself),
    (Method::GET, "/api/users", Administer),
    (Method::POST, "/api/users", Administer),
    (Method::PATCH, "/api/users/{name}", Administer),
    (Method::DELETE, "/api/users/{name}", Administer),
    (Method::GET, "/api/tokens", Oneself),
    (Method::POST, "/api/tokens", Oneself),
    (Method::DELETE, "/api/tokens/{id}", Oneself),
    (Method::GET, "/api/browsers", Oneself),
    (Method::DELETE, "/api/browsers/{id}", Oneself),
    (Method::GET, "/api/audit", Administer),
    (Method::GET, "/api/tasks", See),
    (Method::POST, "/api/tasks", Operate),
    (Method::GET, "/api/tasks/{id}", See),
    (Method::PATCH, "/api/tasks/{id}", Operate),
    (Method::GET, "/api/routes", See),
    (Method::GET, "/api/push/key", See),
    // To be told is to see; a browser is taken in by whoever may answer what it is told.
    (Method::POST, "/api/push/subscriptions", Review),
    (Method::DELETE, "/api/push/subscriptions", Review),
    (Method::POST, "/api/push/test", Review),
    (Method::GET, "/api/alerts", See),
    (Method::POST, "/api/alerts/dismiss", Review),
    (Method::GET, "/api/settings", Operate),
    (Method::PATCH, "/api/settings", Administer),
    (Method::PUT, "/api/settings/text", Administer),
    (Method::GET, "/api/tasks/{id}/route", See),
    (Method::GET, "/api/tasks/{id}/runs", See),
    (Method::GET, "/api/tasks/{id}/diff", See),
    (Method::GET, "/api/inbox", See),
    (Method::GET, "/api/board", See),
    (Method::GET, "/api/tasks/{id}/changes", See),
    (Method::GET, "/api/tasks/{id}/changes/file", See),
    (Method::GET, "/api/tasks/{id}/files", See),
    (Method::GET, "/api/tasks/{id}/image", See),
    (Method::GET, "/api/tasks/{id}/changing", See),
    (Method::GET, "/api/tasks/{id}/continuation", See),
    (Method::GET, "/api/tasks/{id}/log", See),
    (Method::GET, "/api/tasks/{id}/remarks", See),
    (Method::POST, "/api/tasks/{id}/remarks", Review),
    (Method::PATCH, "/api/tasks/{id}/remarks/{remark}", Review),
    (Method::DELETE, "/api/tasks/{id}/remarks/{remark}", Review),
    (Method::POST, "/api/tasks/{id}/fork", Operate),
    (Method::GET, "/api/tasks/{id}/checkpoints", See),
    (Method::POST, "/api/tasks/{id}/approve", Review),
    (Method::POST, "/api/tasks/{id}/reject", Review),
    (Method::POST, "/api/tasks/{id}/send-back", Review),
    (Method::POST, "/api/tasks/{id}/takeover", Operate),
    (Method::POST, "/api/tasks/{id}/answer", Review),
    (Method::GET, "/api/questions", See),
    (Method::POST, "/api/questions/answer", Review),
    (Method::POST, "/api/tasks/{id}/stop", Operate),
    (Method::POST, "/api/tasks/{id}/retry", Operate),
    (Method::POST, "/api/tasks/{id}/rollback", Operate),
    (Method::POST, "/api/tasks/{id}/reverted", Review),
    (Method::GET, "/api/calibration", See),
    (Method::GET, "/api/tasks/{id}/hindsight", See),
    (Method::POST, "/api/tasks/{id}/hindsight/apply", Operate),
    (Method::GET, "/api/hindsight", See),
    // One's own; what the brain does for somebody needs what doing it oneself needs.
    (Method::POST, "/api/chat", Oneself),
    (Method::GET, "/api/conversations", Oneself),
    (Method::POST, "/api/conversations", Oneself),
    (Method::GET, "/api/conversations/{id}", Oneself),
    (Method::PATCH, "/api/conversations/{id}", Oneself),
    (Method::DELETE, "/api/conversations/{id}", Oneself),
    (Method::GET, "/api/conversations/{id}/messages", Oneself),
    (Method::GET, "/api/conversations/{id}/messages/{message}", Oneself),
    (Method::POST, "/api/conversations/{id}/messages/{message}/confirm", Oneself),
    (Method::POST, "/api/conversations/{id}/messages/{message}/drop", Oneself),
    (Method::POST, "/api/voice", Oneself),
    (Method::GET, "/api/queue", See),
    (Method::GET, "/api/tasks/{id}/race", See),
    (Method::GET, "/api/memory", See),
    (Method::POST, "/api/memory", Review),
    (Method::GET, "/api/tasks/{id}/events", See),
    (Method::GET, "/api/events", See),
    (Method::GET, "/api/openapi.json", See),
    (Method::GET, "/ws/{session_id}", See),
];

/// Who may come in without saying who they are: health, whoever signs in, a link that is itself an answer, the files of the
/// dashboard.
pub(crate) fn is_open(method: &Method, path: &str) -> bool {
    let looks = matches!(*method, Method::GET | Method::HEAD);
    (path == "/api/health" && looks)
        || (path == "/api/session" && method == Method::POST)
        || (path.starts_with("/answer/") && method == Method::POST)
        || (looks && !path.starts_with("/api/") && !path.starts_with("/ws/"))
}

/// What a request to a route needs: `matched` is the route's path, none when no route is there to be called.
pub(crate) fn needed(method: &Method, matched: Option<&str>) -> Permission {
    let Some(matched) = matched else { return See };
    named(if method == Method::HEAD { &Method::GET } else { method }, matched).unwrap_or(Administer)
}

pub(crate) fn named(method: &Method, path: &str) -> Option<Permission> {
    NEEDS.iter().find(|(known, pattern, _)| known == method && *pattern == path).map(|(.., needs)| *needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every operation of the document, and what the document leaves out.
    fn operations() -> Vec<(Method, String)> {
        let document: serde_json::Value = serde_json::from_str(&crate::openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
            methods.map(move |method| (method.to_uppercase().parse().unwrap(), path.clone()))
        });
        operations.collect()
    }

    #[test]
    fn every_route_says_what_it_needs() {
        let missing: Vec<_> = operations()
            .into_iter()
            .filter(|(method, path)| named(method, path).is_none() && !is_open(method, path))
            .collect();
        assert!(missing.is_empty(), "add these to NEEDS: {missing:?}");
    }

    #[test]
    fn nothing_that_changes_something_is_open_to_who_only_looks() {
        assert!(NEEDS.iter().all(|(method, _, needs)| method == Method::GET || *needs != See));
        let open: Vec<_> = operations().into_iter().filter(|(method, path)| is_open(method, path)).collect();
        let open: Vec<_> = open.iter().map(|(method, path)| format!("{method} {path}")).collect();
        assert_eq!(open, ["GET /api/health", "POST /api/session"]);
    }

    #[test]
    fn what_is_forgotten_needs_an_admin() {
        assert_eq!(needed(&Method::DELETE, Some("/api/tasks/{id}")), Administer);
        assert_eq!(needed(&Method::GET, Some("/api/new")), Administer);
        assert_eq!(needed(&Method::HEAD, Some("/api/tasks")), See);
    }
}
