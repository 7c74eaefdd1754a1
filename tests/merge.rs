//! The merge queue: approved work lands one by one, merged with the branch as it is, checked again where the branch
//! went on; what cannot land goes back to its agent with both sides told, then to a person.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::sidekick::{Bench, Daemon, said};

/// A shop whose greeting is a function that others call; its check calls them all.
pub(crate) fn shop(more: &str) -> Bench {
    let bench = Bench::new();
    bench.repo.write("lib.sh", "greet() {\n  echo hello\n}\n");
    bench.repo.write("main.sh", ". ./lib.sh\ngreet\n");
    bench.repo.write("notes.txt", "one\ntwo\nthree\n");
    bench.repo.commit("A shop");
    let repo = bench.repo.path().display();
    bench.configure(&format!(
        "retry: {{first_seconds: 0, longest_seconds: 0}}\nprojects:\n  shop:\n    repo: {repo}\n    checks:\n      calls: 'for file in main.sh calls/*.sh; do test ! -e $file || sh $file || exit 1; done'\n{more}"
    ));
    bench
}

/// Lets the rehearsal agent do something, as a task of the shop, and does not wait for it.
pub(crate) fn begin(bench: &Bench, text: &str, scenario: &str) -> String {
    let file = bench.dir.path().join(format!("{}.yaml", text.replace(' ', "-")));
    std::fs::write(&file, scenario).unwrap();
    let accepted =
        bench.json(&["run", text, "--project", "shop", "--scenario", file.to_str().unwrap(), "--detach"]);
    accepted["task"].as_str().unwrap_or_else(|| panic!("{accepted}")).to_owned()
}

pub(crate) fn until_state(bench: &Bench, id: &str, state: &str) -> Value {
    bench.until(id, |task| task["state"] == state)
}

pub(crate) fn work(bench: &Bench, text: &str, scenario: &str) -> String {
    let id = begin(bench, text, scenario);
    until_state(bench, &id, "review");
    id
}

pub(crate) fn events(bench: &Bench, id: &str, kind: &str) -> Vec<Value> {
    let text = String::from_utf8(bench.output(&["--json", "logs", id]).stdout).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["type"] == kind).map(|event| event["data"].clone()).collect()
}

/// Approves without waiting for the merge.
fn approve(bench: &Bench, daemon: &Daemon, id: &str) {
    let token = format!("Bearer {}", bench.token().trim());
    let url = format!("{}/api/tasks/{id}/approve", daemon.url);
    ureq::post(url).header("authorization", token).send_json(serde_json::json!({})).unwrap();
}

const RENAME: &str =
    "- shell: sed -i s/greet/welcome/ lib.sh main.sh\n- say: The greeting is called welcome now.\n";
const CALL: &str =
    "- write: {path: calls/new.sh, content: \". ./lib.sh\\ngreet\\n\"}\n- say: There is a new caller.\n";

#[test]
fn what_does_not_touch_lands_with_its_checks_run_again() {
    let bench = shop("");
    let daemon = bench.serve();
    let one = work(&bench, "one", "- write: {path: a.txt, content: a}\n");
    let two = work(&bench, "two", "- write: {path: b.txt, content: b}\n");
    approve(&bench, &daemon, &one);
    approve(&bench, &daemon, &two);
    let done = until_state(&bench, &one, "completed");
    assert!(done["reason"].as_str().unwrap().contains("moved forward"), "{done}");
    assert!(events(&bench, &one, "landing.checking").is_empty(), "the branch was where the checks ran");
    let done = until_state(&bench, &two, "completed");
    assert!(done["reason"].as_str().unwrap().contains("merged into `main`"), "{done}");
    let checked = events(&bench, &two, "landing.checked");
    assert_eq!((checked.len(), &checked[0]["status"]), (1, &"passed".into()), "{checked:?}");
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "");
    assert_eq!((bench.repo.read("a.txt"), bench.repo.read("b.txt")), ("a".into(), "b".into()));
    drop(daemon);
}

#[test]
fn what_passes_alone_and_fails_together_is_caught_and_repaired() {
    let bench = shop("");
    let daemon = bench.serve();
    let rename = work(&bench, "rename greet", RENAME);
    let call = work(
        &bench,
        "add a caller",
        &format!(
            "parts:\n  - {}\n  - - shell: sed -i s/greet/welcome/ calls/new.sh\n    - say: 'It said: {{{{ feedback }}}}'\n",
            CALL.replace('\n', "\n    ").trim_end()
        ),
    );
    assert_eq!(bench.output(&["approve", &rename]).status.code(), Some(0));
    let before = bench.repo.head();
    let output = bench.output(&["approve", &call]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let task = until_state(&bench, &call, "review");
    assert_eq!(bench.repo.head(), before, "what is red does not land");
    let back = events(&bench, &call, "landing.returned");
    assert_eq!(back.len(), 1, "{task}");
    let reason = back[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("passed alone, fails together with `rename greet` (commit "), "{reason}");
    let comment = back[0]["comment"].as_str().unwrap();
    for told in ["task `rename greet`", "The greeting is called welcome now.", "greet: not found"] {
        assert!(comment.contains(told), "{told}: {comment}");
    }
    assert!(
        task["summary"].as_str().unwrap().starts_with("It said: Sidekick: your work was approved"),
        "{task}"
    );
    assert!(task["reason"].as_str().unwrap().contains("approve again"), "{task}");
    assert_eq!(task["checks"][0]["status"], "passed", "on the merge: {task}");
    // The other's work is not shown as its own.
    assert_eq!(task["diff"]["files"], 1, "{task}");
    assert_eq!(bench.output(&["approve", &call]).status.code(), Some(0));
    assert_eq!(bench.repo.read("calls/new.sh"), ". ./lib.sh\nwelcome\n");
    drop(daemon);
}

fn conflicting(bench: &Bench, repair: &str) -> (String, String) {
    let one = work(bench, "number two is deux", "- shell: sed -i s/two/deux/ notes.txt\n- say: French.\n");
    let two = work(
        bench,
        "number two is zwei",
        &format!(
            "parts:\n  - - shell: sed -i s/two/zwei/ notes.txt\n    - write: {{path: extra.txt, content: x}}\n    - say: German.\n{repair}"
        ),
    );
    assert_eq!(bench.output(&["approve", &one]).status.code(), Some(0));
    (one, two)
}

const MENDS: &str = "  - - shell: 'git status --porcelain notes.txt; printf \"one\\ndeux, zwei\\nthree\\n\" > notes.txt'\n    - say: Both.\n";

#[test]
fn a_conflict_goes_to_the_agent_with_both_sides() {
    let bench = shop("");
    let daemon = bench.serve();
    let (_, two) = conflicting(&bench, MENDS);
    let session = bench.json(&["show", &two])["session"].clone();
    bench.output(&["approve", &two]);
    let task = until_state(&bench, &two, "review");
    assert_eq!((&task["session"], &task["attempt"]), (&session, &2.into()), "the same session goes on");
    let back = events(&bench, &two, "landing.returned");
    let comment = back[0]["comment"].as_str().unwrap();
    for told in [
        "`number two is deux` (commit ",
        "French.",
        "`number two is zwei`: German.",
        "- notes.txt",
        "<<<<<<< ",
        "deux\n",
        "zwei\n",
    ] {
        assert!(comment.contains(told), "{told}: {comment}");
    }
    let tool = events(&bench, &two, "tool.finished");
    assert!(
        tool.iter().any(|event| event["output"].as_str().unwrap().starts_with("UU notes.txt")),
        "{tool:?}"
    );
    assert_eq!(task["diff"]["files"], 2, "{task}");
    assert_eq!(bench.output(&["approve", &two]).status.code(), Some(0));
    assert_eq!(bench.repo.read("notes.txt"), "one\ndeux, zwei\nthree\n");
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "");
    drop(daemon);
}

#[test]
fn repaired_work_lands_by_itself_where_the_project_says_so() {
    let bench = shop("    repaired: land\n");
    let daemon = bench.serve();
    let (_, two) = conflicting(&bench, MENDS);
    bench.output(&["approve", &two]);
    until_state(&bench, &two, "completed");
    assert_eq!(bench.repo.read("notes.txt"), "one\ndeux, zwei\nthree\n");
    // Who does more than repair is looked at.
    bench.repo.write("notes.txt", "one\ntwo\nthree\n");
    bench.repo.commit("Back");
    let more = format!("{MENDS}    - write: {{path: main.sh, content: \". ./lib.sh\\ngreet\\ngreet\\n\"}}\n");
    let (_, two) = conflicting(&bench, &more);
    bench.output(&["approve", &two]);
    let task = until_state(&bench, &two, "review");
    assert!(task["reason"].as_str().unwrap().contains("it changed `main.sh`"), "{task}");
    drop(daemon);
}

#[test]
fn a_conflict_that_is_not_repaired_goes_to_a_person() {
    let bench = shop("");
    let daemon = bench.serve();
    let (_, two) = conflicting(&bench, "  - - say: I leave it.\n  - - say: And again.\n");
    let before = bench.repo.head();
    bench.output(&["approve", &two]);
    let task = until_state(&bench, &two, "review");
    assert_eq!(task["attempt"], 3, "two tries: {task}");
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("`notes.txt`") && reason.contains("a person has to decide"), "{reason}");
    assert_eq!((bench.repo.head(), bench.repo.git(&["status", "--porcelain"])), (before, String::new()));
    drop(daemon);
}

#[test]
fn a_daemon_that_comes_back_finds_the_checks_and_goes_on() {
    let bench = shop("");
    let yaml = std::fs::read_to_string(bench.data().join("sidekick.yaml")).unwrap();
    // Long enough to be met in the middle; on the merge only, where both files are.
    let slow = "      slow: 'test ! -e a.txt || test ! -e b.txt || { sleep 2; echo ran; }'\n";
    bench.configure(&(yaml + slow));
    let daemon = bench.serve();
    let one = work(&bench, "one", "- write: {path: a.txt, content: a}\n");
    let two = work(&bench, "two", "- write: {path: b.txt, content: b}\n");
    let three = work(&bench, "three", "- write: {path: c.txt, content: c}\n");
    assert_eq!(bench.output(&["approve", &one]).status.code(), Some(0));
    approve(&bench, &daemon, &two);
    approve(&bench, &daemon, &three);
    bench.until(&two, |_| !events(&bench, &two, "landing.checking").is_empty());
    let shown = bench.json(&["show", &three]);
    assert_eq!((&shown["queue"]["position"], &shown["queue"]["of"]), (&2.into(), &2.into()), "{shown}");
    let queue = daemon.get(&bench, "/api/queue");
    assert_eq!(queue[0]["items"][0]["task"], two.as_str(), "{queue}");
    let text = said(&bench.output(&["queue"]));
    assert!(text.contains("main in ") && text.contains("1  ") && text.contains("three"), "{text}");
    drop(daemon);
    let daemon = bench.serve();
    until_state(&bench, &two, "completed");
    until_state(&bench, &three, "completed");
    let slow: Vec<_> =
        events(&bench, &two, "landing.checked").into_iter().filter(|check| check["name"] == "slow").collect();
    assert_eq!(slow.len(), 1, "{slow:?}");
    assert!(slow[0]["duration_ms"].as_u64().unwrap() >= 2000, "the job of before was followed: {slow:?}");
    assert_eq!(events(&bench, &two, "landing.checking").len(), 1, "the same merge");
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "");
    drop(daemon);
}

#[test]
fn a_person_takes_work_out_of_the_queue() {
    let bench = shop("");
    let yaml = std::fs::read_to_string(bench.data().join("sidekick.yaml")).unwrap();
    bench.configure(&(yaml + "      slow: 'test ! -e a.txt || test ! -e b.txt || sleep 600'\n"));
    let daemon = bench.serve();
    let one = work(&bench, "one", "- write: {path: a.txt, content: a}\n");
    let two = work(&bench, "two", "- write: {path: b.txt, content: b}\n");
    assert_eq!(bench.output(&["approve", &one]).status.code(), Some(0));
    approve(&bench, &daemon, &two);
    bench.until(&two, |_| !events(&bench, &two, "landing.checking").is_empty());
    let started = Instant::now();
    bench.output(&["stop", &two]);
    let task = until_state(&bench, &two, "review");
    assert!(started.elapsed() < Duration::from_secs(30), "it does not wait for the check");
    assert_eq!(task["reason"], "taken out of the merge queue by a person");
    drop(daemon);
}

/// What would conflict is known before anything is approved.
#[test]
fn the_preview_says_what_would_conflict() {
    let bench = shop("");
    let daemon = bench.serve();
    let one = work(&bench, "deux", "- shell: sed -i s/two/deux/ notes.txt\n");
    let two = work(&bench, "zwei", "- shell: sed -i s/two/zwei/ notes.txt\n");
    let three = work(&bench, "else", "- write: {path: b.txt, content: b}\n");
    let before = bench.repo.head();
    let queue = daemon.get(&bench, "/api/queue?preview=true");
    let items: Vec<_> =
        queue[0]["items"].as_array().unwrap().iter().map(|item| (&item["task"], &item["lands"])).collect();
    let expected =
        [(&one.into(), &true.into()), (&two.into(), &false.into()), (&Value::from(three), &true.into())];
    assert_eq!(items, expected, "{queue}");
    assert_eq!(queue[0]["items"][1]["conflicts"], serde_json::json!(["notes.txt"]));
    let text = said(&bench.output(&["queue", "--preview"]));
    assert!(text.contains("would conflict in notes.txt"), "{text}");
    assert_eq!(bench.repo.head(), before);
    drop(daemon);
}

/// Killed whenever it writes into the person's working tree, the daemon that comes after it leaves no half of a merge:
/// at each restart the tree is as one of the two commits says, and in the end all is in.
#[test]
fn a_kill_in_the_middle_of_a_merge_leaves_no_half_of_it() {
    let bench = shop("");
    let many = "- shell: 'i=0; while [ $i -lt 4000 ]; do echo $i > f$i.txt; i=$((i+1)); done; sed -i s/one/uno/ notes.txt; rm main.sh'\n";
    let daemon = bench.serve();
    let one = work(&bench, "one", "- write: {path: a.txt, content: a}\n");
    let two = work(&bench, "many files", many);
    assert_eq!(bench.output(&["approve", &one]).status.code(), Some(0));
    bench.repo.write("mine.txt", "not committed\n");
    approve(&bench, &daemon, &two);
    let lock = bench.repo.path().join(".git/index.lock");
    let mut daemon = Some(daemon);
    let (mut met, deadline) = (0, Instant::now() + Duration::from_mins(1));
    for pause in [0, 1, 3, 8, 15, 30, 60] {
        while !lock.exists() && bench.repo.git(&["log", "--oneline"]).lines().count() < 4 {
            assert!(Instant::now() < deadline);
            std::thread::sleep(Duration::from_micros(200));
        }
        met += u32::from(lock.exists());
        std::thread::sleep(Duration::from_millis(pause));
        drop(daemon.take());
        daemon = Some(bench.serve());
    }
    assert!(met > 0, "it was never met in the middle");
    until_state(&bench, &two, "completed");
    assert!(!lock.exists(), "the repository is not left locked");
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "?? mine.txt");
    assert_eq!(
        (bench.repo.read("f3999.txt"), bench.repo.read("mine.txt")),
        ("3999\n".into(), "not committed\n".into())
    );
    assert!(!bench.repo.path().join("main.sh").exists());
    assert_eq!(
        std::fs::read_dir(bench.data().join("landings")).unwrap().count(),
        0,
        "nothing is noted any more"
    );
    drop(daemon);
}
