//! An agent that attacks: from inside the sandbox, and through the repository it leaves.

use crate::sidekick::Bench;

#[test]
fn nothing_of_the_host_is_seen_or_touched() {
    let mut bench = Bench::new();
    bench.env.push(("SECRET_OF_THE_DAEMON".into(), "canary-4711".into()));
    let home = bench.dir.path().display().to_string();
    std::fs::write(bench.dir.path().join("secret"), "canary-4711").unwrap();
    let scenario = format!(
        "- shell: 'cat {home}/secret {home}/data/token {home}/data/sidekick.db; ls {home}; cat /proc/*/environ | tr \"\\0\" \"\\n\" | grep SECRET; true'\n\
         - shell: 'touch {home}/evil /usr/evil /etc/evil 2>&1; python3 -c \"import socket; socket.create_connection((\\\"1.1.1.1\\\", 443), 2)\" 2>&1 | tail -1'\n\
         - say: done\n"
    );
    let done = bench.rehearse(&scenario);
    assert_eq!(done["status"], "review", "{done}");
    let log =
        String::from_utf8(bench.output(&["--json", "logs", done["task"].as_str().unwrap()]).stdout).unwrap();
    assert!(!log.contains("canary-4711"), "{log}");
    assert!(log.contains("Network is unreachable") || log.contains("unreachable"), "{log}");
    assert!(!bench.dir.path().join("evil").exists() && !std::path::Path::new("/usr/evil").exists());

    // The control: without a sandbox the same agent reads it, and the run says what it is.
    let path = bench.scenario(&scenario);
    let done = bench.json(&["run", "x", "--scenario", &path, "--isolation", "none"]);
    assert_eq!(
        (done["status"].as_str(), done["isolation"].as_str()),
        (Some("review"), Some("none")),
        "{done}"
    );
    let task = bench.json(&["show", done["task"].as_str().unwrap()]);
    assert!(task["warnings"].to_string().contains("not isolated"), "{task}");
    let log =
        String::from_utf8(bench.output(&["--json", "logs", done["task"].as_str().unwrap()]).stdout).unwrap();
    assert!(log.contains("canary-4711"));
    std::fs::remove_file(bench.dir.path().join("evil")).ok();
    std::fs::remove_file("/usr/evil").ok();
    std::fs::remove_file("/etc/evil").ok();
}

#[test]
fn the_hosts_git_runs_nothing_the_agent_left() {
    let bench = Bench::new();
    let canary = bench.dir.path().join("canary");
    let touch = format!("touch {}", canary.display());
    let scenario = format!(
        r"
- shell: |
    for h in pre-commit post-commit post-checkout post-index-change reference-transaction post-merge; do
      printf '#!/bin/sh\n{touch}\n' > .git/hooks/$h 2>/dev/null || (mkdir -p .git/hooks; printf '#!/bin/sh\n{touch}\n' > .git/hooks/$h)
      chmod +x .git/hooks/$h
    done
    git config core.fsmonitor '{touch}; false #'
    git config filter.evil.clean '{touch}; cat #'
    git config filter.evil.smudge '{touch}; cat #'
    git config diff.evil.textconv '{touch}; cat #'
    git config merge.evil.driver '{touch} #'
    git config diff.external '{touch} #'
    printf '* filter=evil diff=evil merge=evil\n' > .gitattributes
    echo work > work.txt
    git init -q nested; cp -r .git/hooks .git/config nested/.git/; echo x > nested/f
- say: planted
"
    );
    let done = bench.rehearse(&scenario);
    assert_eq!(done["status"], "review", "{done}");
    let id = done["task"].as_str().unwrap();
    bench.json(&["diff", id]);
    bench.repo.write("other.txt", "so that a merge is needed\n");
    bench.repo.commit("Meanwhile");
    assert!(bench.output(&["approve", id]).status.success());
    assert!(!canary.exists(), "something that the agent planted ran on the host");
    assert_eq!(bench.repo.read("work.txt"), "work\n");
}
