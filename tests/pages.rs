//! The dashboard's pages in a real browser: each is shown whole, with what waits for a person, and what agents say is
//! text in it.

use std::path::Path;
use std::process::Command;

use crate::sidekick::{Bench, Daemon, said};

/// The page as the browser has it once it has come to rest.
fn rendered(home: &Path, address: &str) -> String {
    let mut browser = Command::new("timeout");
    browser.args(["60", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]);
    browser.args(["--virtual-time-budget=10000", &format!("--user-data-dir={}", home.display()), address]);
    let output = browser.env("HOME", home).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A page of the dashboard, by a link of its own.
fn page(bench: &Bench, daemon: &Daemon, path: &str) -> String {
    let link = said(&bench.output(&["link"]));
    let code = link.split_once("#code=").unwrap().1;
    let code: String = code.chars().take_while(char::is_ascii_hexdigit).collect();
    let home = tempfile::tempdir().unwrap();
    let dom = rendered(home.path(), &format!("{}{path}#code={code}", daemon.url));
    assert!(!dom.contains("could not be shown"), "{path}: {dom}");
    dom
}

fn has_browser() -> bool {
    let found = Command::new("sh").args(["-c", "command -v chromium"]).output().unwrap();
    found.status.success()
}

/// What would run if it were taken for HTML.
const HOSTILE: &str = "<img src=x onerror=document.documentElement.dataset.owned=1>";

#[test]
fn every_page_is_shown_and_what_agents_say_is_text() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let index = ureq::get(&daemon.url).call().map(|mut answer| answer.body_mut().read_to_string().unwrap());
    // Without npm the dashboard is not built.
    if !has_browser() || !index.is_ok_and(|index| index.contains("id=\"root\"")) {
        return;
    }
    // The control: where it is HTML it runs.
    let home = tempfile::tempdir().unwrap();
    assert!(rendered(home.path(), &format!("data:text/html,{HOSTILE}")).contains("data-owned=\"1\""));

    assert!(page(&bench, &daemon, "/").contains("Nothing needs you"));
    let asks = bench.scenario(&format!(
        "- say: '{HOSTILE}'\n- ask: {{question: 'Which one? {HOSTILE}', choices: [this, that]}}\n- say: I asked.\n"
    ));
    let accepted = bench.json(&["run", HOSTILE, "--scenario", &asks, "--detach"]);
    let asking = accepted["task"].as_str().unwrap();
    bench.until(asking, |task| task["state"] == "waiting");
    let done = bench.scenario("- write: {path: a.txt, content: x}\n- say: It is there.\n");
    let accepted = bench.json(&["run", "write a file", "--scenario", &done, "--detach"]);
    bench.until(accepted["task"].as_str().unwrap(), |task| task["state"] == "review");

    for (path, shown) in [
        ("/", vec!["2 things need you", "Which one? &lt;img", "Approve and merge", "It is there."]),
        ("/board?state=review", vec!["Review", "write a file"]),
        ("/overview", vec!["Projects", "What comes next", "waits for your answer"]),
        ("/plan", vec!["waits for your answer", "is done and waits for your review"]),
        ("/accounts", vec!["Accounts", "claude"]),
        ("/status", vec!["Sandbox", "rehearsal"]),
        (&format!("/tasks/{asking}"), vec!["&lt;img", "Which one?"]),
    ] {
        let dom = page(&bench, &daemon, path);
        for words in shown {
            assert!(dom.contains(words), "{path} lacks `{words}`: {dom}");
        }
        assert!(!dom.contains("data-owned"), "{path}: {dom}");
    }
    drop(daemon);
}
