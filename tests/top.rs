//! `sidekick top` on the built binary: a frame for scripts, and a person at a terminal.

use serde_json::json;

use crate::pty::Terminal;
use crate::sidekick::{Bench, said};

#[test]
fn a_frame_for_scripts_needs_no_terminal_and_no_daemon() {
    let bench = Bench::new();
    let done = bench.rehearse("- write: {path: a.txt, content: x}\n");
    let id = done["task"].as_str().unwrap();
    let short = &id[id.len() - 8..];
    let output = bench.output(&["top", "--once", "--columns", "80", "--rows", "24"]);
    let frame = said(&output);
    assert_eq!(frame.lines().count(), 24, "{frame}");
    assert!(
        frame.contains("1 waits for you") && frame.contains(short) && !frame.contains('\u{1b}'),
        "{frame}"
    );
    let facts = bench.json(&["top"]);
    assert_eq!(facts["tasks"][0]["state"], "review", "{facts}");
    let output = bench.output(&["top"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("sidekick top --once"), "{}", said(&output));
}

#[test]
fn a_person_sees_what_happens_and_decides() {
    let bench = Bench::new();
    let _daemon = bench.serve();
    let mut terminal = Terminal::run(&mut bench.command(&["top"]));
    terminal.expect("Nothing waits for you.");
    // It comes by itself.
    let scenario = bench.scenario("- write: {path: a.txt, content: x}\n- say: all done\n");
    let done = bench.json(&["run", "write a file", "--scenario", &scenario, "--detach"]);
    let id = done["task"].as_str().unwrap();
    bench.until(id, |task| task["state"] == "review");
    terminal.resize_until("1 waits for you");
    terminal.keys("\r");
    terminal.resize_until("all done");
    terminal.keys("qa");
    terminal.resize_until("into main? y, n");
    terminal.keys("y");
    bench.until(id, |task| task["state"] == "completed");
    terminal.resize_until("0 wait for you");
    assert_eq!(bench.repo.read("a.txt"), "x");
    terminal.keys("q");
    let (status, _) = terminal.end();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn it_outlives_its_daemon_and_puts_the_terminal_back() {
    let bench = Bench::new();
    let output = Terminal::run(&mut bench.command(&["top"])).end();
    assert!(output.0.code() == Some(1) && output.1.contains("sidekickserve"), "{}", output.1);
    let daemon = bench.serve();
    let mut terminal = Terminal::run(&mut bench.command(&["top"]));
    terminal.expect("Nothing waits for you.");
    drop(daemon);
    terminal.resize_until("NO DAEMON");
    // The next one listens elsewhere.
    let _daemon = bench.serve();
    let done = bench.rehearse("- write: {path: a.txt, content: x}\n");
    assert_eq!(done["status"], json!("review"));
    terminal.resize_until("1 waits for you");
    // Ended from outside, the screen is left as well.
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&terminal.child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    assert_eq!(terminal.end().0.code(), Some(0));
}
