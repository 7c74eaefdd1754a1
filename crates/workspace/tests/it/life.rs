//! From a base to a collected change, over both kinds of workspaces.

use workspace::{Error, Kind, Workspaces};

use crate::bench::Bench;

#[test]
fn changes_of_every_kind_come_back() {
    for kind in [Kind::Overlay, Kind::Copy] {
        let bench = Bench::new();
        bench.repo.write(".gitignore", "*.log\nnode_modules/\n");
        bench.repo.write("gone/a.txt", "a\n");
        bench.repo.write("gone/b.txt", "b\n");
        bench.repo.write("replaced/x.txt", "x\n");
        bench.repo.write("was-dir/x.txt", "x\n");
        bench.repo.commit("More");
        let (base, made) = bench.workspace(kind);
        assert_eq!(bench.sh(&made, "git status --porcelain; git branch --show-current"), "sidekick/abc\n");
        bench.sh(
            &made,
            "echo more >> README.md; mkdir -p new/deep; echo n > new/deep/f; rm -r gone; rm -r replaced; mkdir replaced; \
             echo y > replaced/y.txt; rm -r was-dir; echo file > was-dir; echo l > noise.log; mkdir node_modules; \
             echo j > node_modules/x.js; ln -s README.md link; printf '#!/bin/sh\n' > run.sh; chmod +x run.sh; \
             printf 'odd\n' > \"$(printf 'odd\nname é')\"; mkdir nested; git init -q nested; echo in > nested/in.txt",
        );
        let commit = bench.collect(&made);
        let mut files = bench.diff(&base, &commit);
        files.sort();
        assert_eq!(
            files,
            [
                "added link +1 -0",
                "added nested/in.txt +1 -0",
                "added new/deep/f +1 -0",
                "added odd\nname é +1 -0",
                "added replaced/y.txt +1 -0",
                "added run.sh +1 -0",
                "added was-dir +1 -0",
                "deleted gone/a.txt +0 -1",
                "deleted gone/b.txt +0 -1",
                "deleted replaced/x.txt +0 -1",
                "deleted was-dir/x.txt +0 -1",
                "modified README.md +1 -0",
            ],
            "{kind:?}"
        );
        assert!(!made.lower.join("new").exists(), "the checkout below is not touched");
        bench.spaces.remove("w1").unwrap();
        assert!(bench.spaces.list().unwrap().is_empty());
    }
}

#[test]
fn work_that_only_deletes_comes_back() {
    for kind in [Kind::Overlay, Kind::Copy] {
        let bench = Bench::new();
        bench.repo.write("gone/a.txt", "a\n");
        bench.repo.commit("More");
        let (base, made) = bench.workspace(kind);
        bench.sh(&made, "rm -r gone");
        let commit = bench.collect(&made);
        assert_eq!(bench.diff(&base, &commit), ["deleted gone/a.txt +0 -1"], "{kind:?}");
    }
}

#[test]
fn the_agents_own_commits_are_kept() {
    let bench = Bench::new();
    let (base, made) = bench.workspace(Kind::Overlay);
    bench.sh(&made, "echo one > one; git add one; git commit -qm 'By the agent'; echo two > two");
    let commit = bench.collect(&made);
    assert_eq!(bench.diff(&base, &commit), ["added one +1 -0", "added two +1 -0"]);
    // Collecting again, after a restart, gives the same content.
    assert_eq!(bench.diff(&base, &bench.collect(&made)), ["added one +1 -0", "added two +1 -0"]);
}

#[test]
fn nothing_done_is_nothing() {
    let bench = Bench::new();
    let (base, made) = bench.workspace(Kind::Overlay);
    assert!(made.is_untouched().unwrap());
    bench.sh(&made, "git status >/dev/null; git log >/dev/null");
    assert_eq!(bench.collect(&made), base.commit);
}

#[test]
fn a_broken_git_does_not_lose_the_work() {
    for wreck in [
        "rm -rf .git",
        "rm -rf .git; echo 'gitdir: /nowhere' > .git",
        "git checkout -q --orphan x; git rm -rfq --cached .",
    ] {
        let bench = Bench::new();
        let (base, made) = bench.workspace(Kind::Overlay);
        bench.sh(&made, &format!("echo work > work.txt; {wreck}"));
        let commit = bench.collect(&made);
        assert_eq!(bench.diff(&base, &commit), ["added work.txt +1 -0"], "{wreck}");
    }
}

#[test]
fn sources_that_cannot_be_used_are_named() {
    let bench = Bench::new();
    let dir = bench.dir.path();
    let text = |path: &std::path::Path, base| {
        bench
            .spaces
            .sync(path.to_str().unwrap(), base)
            .unwrap_err()
            .to_string()
            .replace(dir.to_str().unwrap(), "DIR")
    };
    assert_eq!(text(&dir.join("nowhere"), None), "there is no DIR/nowhere; check the path");
    std::fs::create_dir(dir.join("plain")).unwrap();
    assert!(text(&dir.join("plain"), None).starts_with("DIR/plain is not a git repository"));
    std::fs::create_dir(dir.join("empty")).unwrap();
    std::process::Command::new("git").args(["init", "-q"]).arg(dir.join("empty")).status().unwrap();
    assert!(text(&dir.join("empty"), None).starts_with("DIR/empty has no commit yet"));
    assert_eq!(text(bench.repo.path(), Some("nope")), "DIR/shop has no branch or commit `nope`");
    assert!(matches!(
        bench.spaces.sync(bench.source(), Some("--upload-pack=x")),
        Err(Error::UnknownBase { .. })
    ));
}

#[test]
fn detached_dirty_linked_and_bare_sources_work() {
    let bench = Bench::new();
    bench.repo.write("README.md", "changed\n");
    let base = bench.spaces.sync(bench.source(), None).unwrap();
    assert_eq!(base.warnings, ["1 uncommitted files of the working tree are not part of the run"]);
    bench.repo.git(&["checkout", "-q", "--", "."]);
    bench.repo.git(&["worktree", "add", "-q", "../linked", "-b", "side"]);
    let linked = bench.dir.path().join("linked");
    assert_eq!(bench.spaces.sync(linked.to_str().unwrap(), None).unwrap().branch.as_deref(), Some("side"));
    bench.repo.git(&["checkout", "-q", "--detach"]);
    let base = bench.spaces.sync(bench.source(), None).unwrap();
    assert_eq!((base.branch, base.warnings.len()), (None, 1));
    bench.repo.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let bare = bench.dir.path().join("bare.git");
    assert_eq!(bench.spaces.sync(bare.to_str().unwrap(), Some("main")).unwrap().commit, bench.repo.head());
}

#[test]
fn files_given_by_rule_come_along_and_stay_out_of_the_work() {
    let bench = Bench::new();
    bench.repo.write(".gitignore", ".env*\n");
    bench.repo.commit("Ignore");
    bench.repo.write(".env", "KEY=1\n");
    bench.repo.write(".env.local", "KEY=2\n");
    std::os::unix::fs::symlink("/etc/passwd", bench.repo.path().join(".env.link")).unwrap();
    let base = bench.spaces.sync(bench.source(), None).unwrap();
    let rules = [".env", ".env.*", "config/*.key"].map(String::from);
    let made =
        bench.spaces.create("w1", &base, "sidekick/abc", Kind::Overlay, bench.source(), &rules).unwrap();
    assert_eq!(
        bench.sh(&made, "cat .env .env.local; ls -A"),
        "KEY=1\nKEY=2\n.env\n.env.local\n.git\n.gitignore\nREADME.md\n"
    );
    assert_eq!(made.warnings.len(), 2, "{:?}", made.warnings);
    assert!(made.is_untouched().unwrap());
    assert_eq!(bench.collect(&made), base.commit);
}

#[test]
fn a_workspace_half_made_is_made_anew() {
    let bench = Bench::new();
    let (base, made) = bench.workspace(Kind::Overlay);
    std::fs::remove_file(made.dir.join("meta.json")).unwrap();
    assert!(bench.spaces.get("w1").is_none());
    std::fs::write(made.upper().join("half"), "").unwrap();
    let again = bench.spaces.create("w1", &base, "sidekick/abc", Kind::Overlay, bench.source(), &[]).unwrap();
    assert!(!again.upper().join("half").exists());
    drop(Workspaces::open(&bench.dir.path().join("data"), workspace::Person::default()).unwrap());
}
