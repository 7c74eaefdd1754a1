//! Bad input: one clear sentence, the right exit code, nothing lost.

use crate::sidekick::{Bench, said};

fn refused(bench: &Bench, words: &[&str], code: i32, sentence: &str) {
    let output = bench.output(words);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains(sentence), "{words:?} should say `{sentence}`: {text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn requests() {
    let bench = Bench::new();
    let dir = bench.dir.path();
    std::fs::create_dir(dir.join("plain")).unwrap();
    refused(
        &bench,
        &["run", "x", "--agent", "nobody"],
        2,
        "there is no agent `nobody`; known are: claude, codex, gemini, qwen, opencode, aider, rehearsal",
    );
    refused(
        &bench,
        &["run", "x", "--repo", "/no/such/place"],
        2,
        "there is no /no/such/place; check the path",
    );
    refused(&bench, &["run", " "], 2, "the task has no text");
    refused(&bench, &["run", "x", "--project", "nope"], 2, "there is no project `nope`");
    refused(&bench, &["run", "x", "--priority", "12"], 2, "12");
    refused(&bench, &["run", "x", "--scenario", &bench.scenario("- sing: loud\n")], 2, "line 1");
    refused(&bench, &["show", "abcdef"], 4, "there is no task `abcdef`");
    refused(&bench, &["approve", "'; DROP"], 4, "there is no task");
    refused(&bench, &["link"], 1, "no daemon runs on this data directory");
    // What turns out only when the run is prepared is a failed run with its reason.
    let plain = dir.join("plain");
    let done = bench.json(&["run", "x", "--repo", plain.to_str().unwrap(), "--agent", "rehearsal"]);
    assert_eq!(done["status"], "failed");
    assert!(done["reason"].as_str().unwrap().contains("is not a git repository"), "{done}");
    let done = bench.json(&["run", "x", "--base", "nope", "--agent", "rehearsal"]);
    assert!(done["reason"].as_str().unwrap().contains("has no branch or commit `nope`"), "{done}");
}

#[test]
fn configuration() {
    let bench = Bench::new();
    bench.configure("concurrency: 2\nprojcets: {}\n");
    refused(&bench, &["list"], 2, "line 2");
    refused(&bench, &["--config", "/no/such.yaml", "list"], 2, "/no/such.yaml cannot be read");
}

#[test]
fn projects_are_added_and_used() {
    let bench = Bench::new();
    bench.configure("# mine\nretry: {most: 1}\n");
    refused(&bench, &["project", "show", "shop"], 4, "there is no project `shop`");
    refused(&bench, &["project", "add", "shop", "--check", "test"], 2, "is not NAME=COMMAND");
    bench.json(&["project", "add", "shop", "--check", "has=test -f a.txt"]);
    refused(&bench, &["project", "add", "shop"], 2, "there is a project `shop` already");
    assert_eq!(bench.json(&["project"])[0]["checks"]["has"], "test -f a.txt");
    assert_eq!(bench.json(&["project", "show", "shop"])["repo"], bench.repo.path().to_str().unwrap());
    let scenario = bench.scenario("- write: {path: a.txt, content: x}\n");
    let done = bench.json(&["run", "x", "--project", "shop", "--scenario", &scenario]);
    assert_eq!(done["checks"][0]["status"], "passed", "{done}");
    let text = std::fs::read_to_string(bench.data().join("sidekick.yaml")).unwrap();
    assert!(text.starts_with("# mine\nretry: {most: 1}\nprojects:\n"), "{text}");
}

#[test]
fn places() {
    let bench = Bench::new();
    let daemon = bench.serve();
    refused(&bench, &["serve", "--listen", "127.0.0.1:0"], 2, "a sidekick works on");
    let port = daemon.url.rsplit(':').next().unwrap().to_owned();
    let other = Bench::new();
    refused(&other, &["serve", "--listen", &format!("127.0.0.1:{port}")], 2, "cannot be listened on");
    refused(&other, &["serve", "--listen", "0.0.0.0:0"], 2, "is reachable by others");
    drop(daemon);

    std::fs::write(other.dir.path().join("file"), "").unwrap();
    let place = other.dir.path().join("file/data");
    let output = other.output(&["--data-dir", place.to_str().unwrap(), "list"]);
    assert!(!output.status.success());

    let newer = Bench::new();
    newer.output(&["list"]);
    let script = "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute(\"insert into migrations values (999,'later')\"); d.commit()";
    let db = newer.data().join("sidekick.db");
    assert!(
        std::process::Command::new("python3")
            .args(["-c", script, db.to_str().unwrap()])
            .status()
            .unwrap()
            .success()
    );
    refused(&newer, &["list"], 2, "run the newer sidekick");
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let bench = Bench::new();
    let data = bench.data();
    std::fs::create_dir_all(&data).unwrap();
    let binary = env!("CARGO_BIN_EXE_sidekick");
    // A data directory of a few megabytes, in a mount namespace of its own; filled with accepted tasks.
    let script = format!(
        "mount -t tmpfs -o size=3m tmpfs '{data}'; cd '{repo}'; n=0; \
         while '{binary}' --data-dir '{data}' --json run \"$(head -c 100000 /dev/zero | tr '\\0' x)\" --agent rehearsal --detach >>accepted 2>err; \
         do n=$((n+1)); [ $n -lt 100 ]; done; cat err; \
         '{binary}' --data-dir '{data}' --json list -n 500 > listed || cat listed; \
         python3 -c \"import json; given = [json.loads(l)['task'] for l in open('accepted')]; there = [t['id'] for t in json.load(open('listed'))]; \
           print('accepted', len(given), 'missing', len(set(given) - set(there)), 'more', len(set(there) - set(given)))\"",
        data = data.display(),
        repo = bench.repo.path().display()
    );
    let output = std::process::Command::new("unshare").args(["-Urm", "sh", "-c", &script]).output().unwrap();
    let text = said(&output);
    assert!(text.contains("disk") && text.contains("full"), "{text}");
    let last = text.lines().last().unwrap();
    // One more may be there: accepted, with no room left to say so.
    assert!(last.contains(" missing 0 more ") && !last.starts_with("accepted 0"), "{text}");
    assert!(last.ends_with("more 0") || last.ends_with("more 1"), "{text}");
}

#[test]
fn a_read_only_data_directory_is_said() {
    let bench = Bench::new();
    let done = bench.rehearse("- write: {path: a.txt, content: x}\n");
    assert_eq!(done["status"], "review");
    let script = format!(
        "mount --bind '{data}' '{data}' && mount -o remount,bind,ro '{data}' && cd '{repo}' || exit 99; \
         for words in 'list' 'run x --agent rehearsal' 'serve --listen 127.0.0.1:0'; do \
           '{binary}' --data-dir '{data}' $words; echo \"code $?\"; done",
        binary = env!("CARGO_BIN_EXE_sidekick"),
        data = bench.data().display(),
        repo = bench.repo.path().display()
    );
    let output = std::process::Command::new("unshare").args(["-Urm", "sh", "-c", &script]).output().unwrap();
    let text = said(&output);
    assert_eq!(text.matches("code 2").count(), 3, "{text}");
    assert_eq!(text.matches("cannot be used: Read-only file system").count(), 3, "{text}");
    assert_eq!(bench.json(&["list"]).as_array().unwrap().len(), 1, "nothing is lost");
}

#[test]
fn repositories_in_odd_states() {
    let bench = Bench::new();
    let work = bench.scenario("- write: {path: a.txt, content: x}\n");
    // Empty: nothing to start from.
    let empty = bench.dir.path().join("empty");
    std::process::Command::new("git").args(["init", "-q"]).arg(&empty).status().unwrap();
    let done = bench.json(&["run", "x", "--repo", empty.to_str().unwrap(), "--scenario", &work]);
    assert_eq!(done["status"], "failed");
    assert!(done["reason"].as_str().unwrap().contains("has no commit yet"), "{done}");

    // Dirty: the run starts from the commit and says so; the person's work is neither seen nor touched.
    bench.repo.write("README.md", "changed, not committed\n");
    bench.repo.write("a.txt", "in the way\n");
    let done = bench.json(&["run", "x", "--scenario", &work]);
    let id = done["task"].as_str().unwrap();
    let warnings = bench.json(&["show", id])["warnings"].to_string();
    assert!(warnings.contains("uncommitted"), "{warnings}");
    let output = bench.output(&["approve", id]);
    assert!(said(&output).contains("uncommitted work there is in the way"), "{}", said(&output));
    assert_eq!(bench.repo.read("a.txt"), "in the way\n");
    assert_eq!(bench.json(&["show", id])["state"], "review", "nothing is lost");
    bench.repo.git(&["stash", "--include-untracked", "--quiet"]);
    assert_eq!(bench.output(&["approve", id]).status.code(), Some(0));

    // A branch of the run's name: it is the person's, and stays as it is.
    let done =
        bench.json(&["run", "y", "--scenario", &bench.scenario("- write: {path: b.txt, content: y}\n")]);
    let branch = done["branch"].as_str().unwrap();
    bench.repo.git(&["branch", branch, "HEAD~1"]);
    let before = bench.repo.git(&["rev-parse", branch]);
    assert_eq!(bench.output(&["approve", done["task"].as_str().unwrap()]).status.code(), Some(0));
    assert_eq!(bench.repo.git(&["rev-parse", branch]), before);

    // Detached: the work is made, and there is no branch to merge it into.
    bench.repo.git(&["checkout", "--quiet", "--detach"]);
    let done =
        bench.json(&["run", "z", "--scenario", &bench.scenario("- write: {path: c.txt, content: z}\n")]);
    assert_eq!(done["status"], "review", "{done}");
    let output = bench.output(&["approve", done["task"].as_str().unwrap()]);
    assert!(said(&output).contains("there is no branch to merge into"), "{}", said(&output));
}
