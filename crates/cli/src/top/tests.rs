//! Frames as people see them, and keys as they press them.

use std::collections::HashMap;

use api::EventView;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::{Effect, Facts, Link, Top, draw};

fn task(n: u8, state: &str, more: &Value) -> api::TaskView {
    let titles = [
        "fix the parser",
        "add a dark mode",
        "écrire les tests du panier 🦀",
        "bump serde",
        "why is it slow",
    ];
    let mut all = json!({
        "id": format!("0000000000000000000000004f2a91b{n}"), "short": format!("4f2a91b{n}"),
        "project": if n.is_multiple_of(2) { "shop" } else { "antenna" }, "repo": "/srv/x",
        "text": "…", "title": titles[usize::from(n) % titles.len()], "state": state, "waiting": null,
        "priority": 5, "agent": "claude", "isolation": "sandbox", "branch": "sidekick/x", "base": "main",
        "attempt": 1, "stopping": false, "diff": null, "checks": [], "warnings": [], "cost_usd": 0.0,
        "tokens": {"input": 0, "output": 0, "cached": 0},
        "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T11:00:00Z",
    });
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn planned(n: u8, state: &str, start: Option<&str>, more: &Value) -> api::PlannedView {
    let task = task(n, state, &json!({}));
    let mut all = json!({
        "id": task.id, "short": task.short, "title": task.title, "project": task.project, "state": state,
        "priority": 5, "agent": "claude", "start_at": start,
        "estimate": {"median_seconds": 900, "high_seconds": 2400, "median_tokens": 0, "high_tokens": 0},
        "verdict": "none", "reason": "waits behind 3 more urgent tasks: 2 run at once",
    });
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn facts() -> Facts {
    let question = json!([{"id": "q1", "text": "Keep the old route?", "choices": ["keep", "drop"]}]);
    let tasks = vec![
        task(0, "running", &json!({"stage": "agent", "model": "opus"})),
        task(1, "running", &json!({"stage": "checks"})),
        task(
            2,
            "review",
            &json!({
                "diff": {"files": 2, "insertions": 31, "deletions": 4},
                "checks": [{"name": "test", "command": "x", "status": "passed", "duration_ms": 5, "output": ""}],
            }),
        ),
        task(
            3,
            "waiting",
            &json!({"questions": question, "priority": 1,
            "waiting": {"for": "breakpoint", "until": null, "reason": "asks"}}),
        ),
        task(4, "failed", &json!({"ended_at": "2026-11-20T11:30:00Z", "reason": "exit status 3"})),
    ];
    let plan = json!({"made_at": "2026-11-20T12:00:00Z", "summary": "", "left_out": 0, "tasks": []});
    let mut plan: api::PlanView = serde_json::from_value(plan).unwrap();
    plan.tasks = vec![
        planned(
            0,
            "running",
            None,
            &json!({"end_at": "2026-11-20T12:20:00Z", "surely_at": "2026-11-20T12:40:00Z"}),
        ),
        planned(
            1,
            "running",
            None,
            &json!({"verdict": "late", "late_seconds": 7260, "save": "would make it with priority 2"}),
        ),
        planned(2, "review", None, &json!({})),
        planned(3, "waiting", None, &json!({})),
        planned(5, "queued", Some("2026-11-20T12:15:00Z"), &json!({})),
        planned(
            6,
            "queued",
            Some("2026-11-21T09:00:00Z"),
            &json!({"verdict": "makes", "reason": "waits for claude, whose 5-hour window renews Fri 20 Nov 23:00 UTC"}),
        ),
    ];
    let project = |name: &str, priority: u8| {
        json!({"name": name, "repo": "/srv/x", "base": null, "agent": null, "priority": priority, "concurrency": 2,
               "isolation": "sandbox", "setup": null, "checks": {}, "network": [], "timeout_minutes": 240})
    };
    let account = |name: &str, state: &str, more: Value| {
        json!({"name": name, "agent": "claude", "state": state, "running": 0, "reserve": 0, "windows": more,
               "last_five_hours": {"runs": 0, "tokens": {"input": 0, "output": 0, "cached": 0}, "cost_usd": 0.0},
               "last_seven_days": {"runs": 1, "tokens": {"input": 0, "output": 0, "cached": 0}, "cost_usd": 0.0}})
    };
    let window = |label: &str, used: f64, at: &str| json!({"name": label, "label": label, "status": "allowed", "used": used, "resets_at": at, "seen_at": "", "stale": false});
    let windows = json!([
        window("5-hour window", 0.58, "2026-11-20T14:30:00Z"),
        window("weekly window", 0.12, "2026-11-24T00:00:00Z")
    ]);
    Facts {
        at: "2026-11-20T12:00:00Z".parse().unwrap(),
        zone: jiff::tz::TimeZone::UTC,
        limit: 4,
        projects: serde_json::from_value(json!([
            project("shop", 1),
            project("antenna", 5),
            project("idle", 2)
        ]))
        .unwrap(),
        accounts: serde_json::from_value(json!([
            account("claude", "ready", windows),
            account("codex", "logged_out", json!([])),
        ]))
        .unwrap(),
        plan: Some(plan),
        tasks,
        cut: false,
    }
}

fn top() -> Top {
    let running = task(0, "running", &json!({})).id;
    Top::new(facts(), HashMap::from([(running, "[Edit] src/parser.rs".to_owned())]))
}

fn frame(top: &Top, columns: u16, rows: u16) -> String {
    let mut screen = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    screen.draw(|frame| draw(frame, top)).unwrap();
    let buffer = screen.backend().buffer();
    let lines = buffer
        .content()
        .chunks(usize::from(columns))
        .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn press(top: &mut Top, keys: &str) -> Option<Effect> {
    let code = |char| match char {
        '\n' => KeyCode::Enter,
        '\u{1b}' => KeyCode::Esc,
        char => KeyCode::Char(char),
    };
    let pressed = keys.chars().map(|char| KeyEvent::new(code(char), KeyModifiers::NONE));
    pressed.fold(None, |before, key| top.take_key(key).or(before))
}

fn event(n: u8, kind: &str, data: &Value) -> EventView {
    let id = task(n, "running", &json!({})).id;
    serde_json::from_value(json!({
        "seq": 7, "task": id, "type": kind, "actor": "agent", "at": "2026-11-20T12:00:00Z", "data": data
    }))
    .unwrap()
}

#[test]
fn a_frame_of_a_small_terminal() {
    insta::assert_snapshot!(frame(&top(), 80, 24));
}

#[test]
fn a_frame_of_a_large_terminal() {
    insta::assert_snapshot!(frame(&top(), 140, 40));
}

#[test]
fn what_is_empty_says_so_and_what_is_too_small_too() {
    let nothing = Top::new(Facts { zone: jiff::tz::TimeZone::UTC, ..Facts::default() }, HashMap::new());
    insta::assert_snapshot!(frame(&nothing, 80, 24));
    assert!(frame(&nothing, 30, 8).contains("Too small: 40 by 12"));
    // Any size is drawn.
    for (columns, rows) in [(1, 1), (40, 12), (41, 13), (119, 15), (120, 12), (300, 100)] {
        frame(&top(), columns, rows);
    }
}

#[test]
fn a_task_is_looked_at_with_its_log_and_its_question_is_answered() {
    let mut top = top();
    let asks = task(3, "waiting", &json!({})).id;
    assert_eq!(
        press(&mut top, "\n"),
        Some(Effect::Open(asks.clone())),
        "the question of the highest priority is first"
    );
    top.take_log(&asks, &[event(3, "agent.text", &json!({"text": "one\ntwo"}))]);
    top.take_event(&event(3, "tool.started", &json!({"name": "Bash", "summary": "cargo test", "id": "t"})));
    insta::assert_snapshot!(frame(&top, 80, 24));
    assert_eq!(press(&mut top, "9"), None, "there is no ninth choice");
    let Some(Effect::Post { path, body, .. }) = press(&mut top, "2") else { panic!("nothing is sent") };
    assert_eq!(
        (path, body),
        (format!("/api/tasks/{asks}/answer"), json!({"text": "drop", "question": "q1"}))
    );
    assert_eq!(press(&mut top, "q"), None, "back");
    assert_eq!(press(&mut top, "q"), Some(Effect::Quit));
}

#[test]
fn nothing_is_done_without_being_sure() {
    let mut top = top();
    assert_eq!(press(&mut top, "a"), None);
    assert!(frame(&top, 80, 24).contains("Only work that waits for review can be approved."));
    assert_eq!(press(&mut top, "ja"), None);
    assert!(frame(&top, 80, 24).contains("into main? y, n"));
    assert_eq!(press(&mut top, "jjkn"), None, "other keys neither do it nor move");
    let Some(Effect::Post { path, .. }) = press(&mut top, "ay") else { panic!("nothing is sent") };
    assert_eq!(path, format!("/api/tasks/{}/approve", task(2, "review", &json!({})).id));
    // A running one.
    let Some(Effect::Post { path, .. }) = press(&mut top, "jjsy") else { panic!("nothing is sent") };
    assert_eq!(path, format!("/api/tasks/{}/stop", task(0, "running", &json!({})).id));
    // One that failed has nothing to stop; one that is queued has.
    assert_eq!(press(&mut top, "ksy"), None);
    let Some(Effect::Post { path, .. }) = press(&mut top, "Gsy") else { panic!("nothing is sent") };
    assert_eq!(path, format!("/api/tasks/{}/stop", task(6, "queued", &json!({})).id));
}

#[test]
fn a_line_is_written_and_sent_back() {
    let mut top = top();
    assert_eq!(press(&mut top, "jr\n"), None, "an empty line is not sent");
    assert_eq!(press(&mut top, "quietly"), None, "letters are letters here");
    top.take_paste("\u{1b}[31m, and\nfaster");
    assert!(frame(&top, 80, 24).contains("What should change: quietly, and faster_"));
    let Some(Effect::Post { path, body, .. }) = press(&mut top, "\n") else { panic!("nothing is sent") };
    assert_eq!(path, format!("/api/tasks/{}/send-back", task(2, "review", &json!({})).id));
    assert_eq!(body, json!({"comment": "quietly, and faster"}));
    assert_eq!(press(&mut top, "r\u{1b}q"), Some(Effect::Quit), "left, it is not sent");
}

#[test]
fn it_lives() {
    let mut top = top();
    press(&mut top, "j");
    let hostile = json!({"text": "\u{1b}]0;evil\u{7}works on it"});
    assert!(!top.take_event(&event(0, "agent.text", &hostile)), "what an agent says changes its line alone");
    let shown = frame(&top, 140, 40);
    assert!(shown.contains("works on it") && !shown.contains("evil"), "{shown}");
    assert!(top.take_event(&event(0, "run.ended", &json!({"outcome": "done"}))), "facts are old now");
    // What was selected stays so, wherever it goes.
    let mut newer = facts();
    newer.tasks.retain(|task| task.state != "waiting");
    top.take_facts(newer, HashMap::new());
    let marked = frame(&top, 80, 24).lines().find(|line| line.starts_with("> ")).unwrap().to_owned();
    assert!(marked.contains("4f2a91b2"), "{marked}");
    top.take_link(Link::Gone);
    assert!(frame(&top, 80, 24).contains("NO DAEMON"));
}
