//! `sidekick chat` on the built binary: one line for scripts, and a person at a prompt.

use std::os::unix::fs::PermissionsExt;

use crate::pty::Terminal;
use crate::sidekick::{Bench, said};

fn bench() -> Bench {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    bench.configure(&format!("projects:\n  shop: {{repo: {repo}}}\n"));
    bench
}

/// A task in review.
fn finished(bench: &Bench) -> String {
    let done = bench.scenario("- write: {path: a.txt, content: x}\n");
    let words = ["run", "Mend the login", "--project", "shop", "--scenario", &done];
    bench.json(&words)["task"].as_str().unwrap().to_owned()
}

#[test]
fn one_line_answers_and_what_it_would_end_is_not_done_unasked() {
    let bench = bench();
    let task = finished(&bench);
    // Without a daemon, too.
    let said_now = bench.json(&["chat", "what", "is", "going", "on"]);
    assert!(said_now["answer"]["text"].as_str().unwrap().contains("Mend the login"), "{said_now}");
    let output = bench.output(&["chat", "retry the login"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(
        said(&output).contains("It would:") && said(&output).contains("--conversation"),
        "{}",
        said(&output)
    );
    assert_eq!(bench.json(&["show", &task])["state"], "review");
    let output = bench.output(&["chat"]);
    assert_eq!(output.status.code(), Some(2), "nothing was said: {}", said(&output));
    let output = bench.output(&["chat", "--conversation", "ffffffff", "hello"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
}

#[test]
fn a_person_talks_decides_and_leaves() {
    let bench = bench();
    let task = finished(&bench);
    let _daemon = bench.serve();
    let mut terminal = Terminal::run(&mut bench.command(&["chat"]));
    // Keys before the prompt is there are the terminal's own.
    let prompt = "›";
    terminal.expect("Ctrl-D leaves.");
    terminal.expect(prompt);
    terminal.keys("what is going on\r");
    terminal.expect("Mend the login");
    terminal.expect(prompt);
    terminal.keys("retry the login\r");
    terminal.expect("It would:");
    terminal.expect("Do it? y, n:");
    terminal.keys("n\r");
    terminal.expect("Not done.");
    terminal.expect(prompt);
    terminal.keys("/lis\t\r");
    terminal.expect("what is going on");
    terminal.expect(prompt);
    terminal.keys("/nonsense\r");
    terminal.expect("is no command");
    terminal.expect(prompt);
    terminal.keys("/quit\r");
    let (status, _) = terminal.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(bench.json(&["show", &task])["state"], "review");
    let history = bench.data().join("chat_history");
    assert_eq!(std::fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&history).unwrap().contains("retry the login"));
}
