//! Repositories that want the host's git to run their programs. Each vector is planted in the agent's
//! workspace and in the person's repository; nothing of it may run. The control shows that each would.

use std::path::Path;
use std::process::Command;

use testkit::repo::Repo;
use workspace::{Kind, Landing};

use crate::bench::Bench;

/// Configuration that makes ordinary git commands run `touch CANARY`, and the attributes that select it.
fn plant(git: impl Fn(&str), canary: &Path) {
    let touch = format!("touch {}", canary.display());
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "diff.external",
        "gpg.program",
        "core.askPass",
    ] {
        git(&format!("git config {key} '{touch}; false'"));
    }
    git(&format!("git config core.fsmonitor '{touch}; false #'"));
    for (driver, kinds) in [
        ("filter", ["clean", "smudge", "process"].as_slice()),
        ("diff", &["command", "textconv"]),
        ("merge", &["driver"]),
    ] {
        for kind in kinds {
            git(&format!("git config {driver}.evil.{kind} '{touch}; cat #'"));
        }
    }
    git("git config protocol.ext.allow always; git config uploadpack.packObjectsHook 'touch x'");
    git(&format!("git config uploadpack.packObjectsHook '{touch}; false #'"));
    git(&format!("git config url.'ext::sh -c \"{touch}\" '.insteadOf /"));
    let hooks = "pre-commit post-commit post-checkout post-index-change reference-transaction post-merge update \
                 pre-receive post-receive post-update pre-auto-gc post-rewrite fsmonitor-watchman proc-receive";
    git(&format!(
        "mkdir -p .git/hooks; for h in {hooks}; do printf '#!/bin/sh\\n{touch}\\n' > .git/hooks/$h; chmod +x .git/hooks/$h; done"
    ));
    git("printf '* filter=evil diff=evil merge=evil\\n' > .git/info/attributes");
    git(
        "printf '[core]\\n\\tfsmonitor = false\\n' > .git/config.worktree; git config include.path config.worktree",
    );
}

fn sh(dir: &Path, script: &str) {
    Command::new("sh")
        .args(["-c", script])
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
}

#[test]
fn the_control_fires() {
    let dir = tempfile::tempdir().unwrap();
    let repo = Repo::new(dir.path().join("shop"));
    let canary = dir.path().join("canary");
    plant(|script| sh(repo.path(), script), &canary);
    for command in ["git status", "git diff", "git add -A", "git commit --allow-empty -m x"] {
        std::fs::remove_file(&canary).ok();
        sh(repo.path(), &format!("echo change >> README.md; {command}"));
        assert!(canary.exists(), "{command} was expected to run something planted");
    }
}

#[test]
fn nothing_of_the_persons_repository_runs() {
    let bench = Bench::new();
    let canary = bench.dir.path().join("canary");
    bench.repo.write(".gitattributes", "* filter=evil diff=evil merge=evil\n");
    bench.repo.commit("Attributes");
    plant(|script| sh(bench.repo.path(), script), &canary);
    std::fs::remove_file(&canary).ok();
    std::fs::write(bench.repo.path().join("README.md"), "dirty\n").unwrap();
    let base = bench.spaces.sync(bench.source(), None).unwrap();
    std::fs::write(bench.repo.path().join("README.md"), "# Sample\n").unwrap();
    let made = bench.spaces.create("w1", &base, "sidekick/abc", Kind::Overlay, bench.source(), &[]).unwrap();
    bench.sh(&made, "echo work > work.txt");
    let commit = bench.collect(&made);
    bench.spaces.diff(&base.repo, &base.commit, &commit).unwrap();
    let landing = Landing {
        source: bench.source(),
        repo: &base.repo,
        branch: Some("main"),
        commit: &commit,
        message: "m",
    };
    bench.spaces.land(&landing).unwrap();
    assert!(!canary.exists(), "something planted in the person's repository ran");
    assert_eq!(bench.repo.read("work.txt"), "work\n");
}

#[test]
fn nothing_of_the_agents_git_runs_on_the_host() {
    let wrecks = [
        "true",
        "mv .git .git2; ln -s .git2 .git",
        "mv .git ../evil 2>/dev/null || mv .git evil; echo 'gitdir: evil' > .git",
        "git init -q deep/nested; cp -r .git/hooks .git/config .git/info deep/nested/.git/; echo x > deep/nested/f",
        "printf '[submodule \"s\"]\\n\\tpath = s\\n\\turl = ext::sh -c evil\\n' > .gitmodules; git add .gitmodules",
        "echo /etc > .git/objects/info/alternates",
        "git replace HEAD $(git commit-tree -m evil 'HEAD^{tree}'); echo ../../x > .git/commondir",
    ];
    for wreck in wrecks {
        let bench = Bench::new();
        // A path that exists inside only as part of the read-only host: a touch from inside fails, one
        // from outside does not.
        let canary = bench.dir.path().join("canary");
        let (base, made) = bench.workspace(Kind::Overlay);
        bench.sh(
            &made,
            "echo work > work.txt; printf '* filter=evil diff=evil merge=evil\\n' > .gitattributes",
        );
        plant(|script| drop(bench.sh(&made, &format!("{script} || true"))), &canary);
        bench.sh(&made, &format!("({wreck}) || true"));
        let commit = bench.collect(&made);
        let files = bench.diff(&base, &commit);
        assert!(files.contains(&"added work.txt +1 -0".to_owned()), "{wreck}: {files:?}");
        let landing = Landing {
            source: bench.source(),
            repo: &base.repo,
            branch: Some("main"),
            commit: &commit,
            message: "m",
        };
        bench.spaces.land(&landing).unwrap();
        bench.spaces.remove("w1").unwrap();
        assert!(!canary.exists(), "{wreck}: something the agent planted ran on the host");
        assert_eq!(bench.repo.git(&["rev-parse", "main"]), commit);
    }
}

#[test]
fn links_are_not_followed_out() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("secret"), "s").unwrap();
    let tree = dir.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    std::os::unix::fs::symlink("../secret", tree.join("link")).unwrap();
    std::os::unix::fs::symlink("..", tree.join("up")).unwrap();
    for path in ["link", "up/secret", "../secret", "/etc/passwd"] {
        assert_eq!(workspace::files::read(&tree, Path::new(path), 100).unwrap(), None, "{path}");
    }
    assert_eq!(std::fs::read(tree.join("link")).unwrap(), b"s", "control: an ordinary read follows");
    assert!(workspace::files::write(&tree, Path::new("up/evil"), b"x").is_err());
    workspace::files::write(&tree, Path::new("link"), b"x").unwrap();
    assert_eq!(std::fs::read(dir.path().join("secret")).unwrap(), b"s", "replaced, not written through");
}
