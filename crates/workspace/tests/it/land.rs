//! Landing in the person's repository, whatever state it is in.

use workspace::{Error, Kind, Landing};

use crate::bench::Bench;

/// A bench with collected work: `work.txt` is new and the README has a second line.
fn with_work() -> (Bench, String, String) {
    let bench = Bench::new();
    let (base, made) = bench.workspace(Kind::Overlay);
    bench.sh(&made, "echo work > work.txt; echo more >> README.md");
    let commit = bench.collect(&made);
    (bench, base.repo, commit)
}

fn land(bench: &Bench, repo: &str, commit: &str) -> Result<workspace::Landed, Error> {
    bench.spaces.land(&Landing {
        source: bench.source(),
        repo,
        branch: Some("main"),
        commit,
        message: "Approved",
    })
}

#[test]
fn forward_with_the_working_tree() {
    let (bench, repo, commit) = with_work();
    bench.repo.write("untracked.txt", "mine\n");
    let landed = land(&bench, &repo, &commit).unwrap();
    assert_eq!(
        (landed.commit.as_str(), landed.how.as_str()),
        (commit.as_str(), "`main` was moved forward to the work")
    );
    assert_eq!(bench.repo.head(), commit);
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "?? untracked.txt");
    assert_eq!(
        (bench.repo.read("work.txt"), bench.repo.read("README.md")),
        ("work\n".into(), "# Sample\nmore\n".into())
    );
    assert_eq!(
        land(&bench, &repo, &commit).unwrap().how,
        "`main` has the work already",
        "a repeat finds it done"
    );
    assert!(bench.repo.git(&["fsck"]).is_empty());
}

#[test]
fn merged_when_the_branch_went_on() {
    let (bench, repo, commit) = with_work();
    bench.repo.write("other.txt", "by the person\n");
    let theirs = bench.repo.commit("Meanwhile");
    let landed = land(&bench, &repo, &commit).unwrap();
    assert_eq!(bench.repo.git(&["rev-parse", "HEAD^1", "HEAD^2"]), format!("{theirs}\n{commit}"));
    assert_eq!(landed.how, "the work was merged into `main`");
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "");
    assert_eq!(bench.repo.read("work.txt"), "work\n");
}

#[test]
fn a_conflict_changes_nothing() {
    let (bench, repo, commit) = with_work();
    bench.repo.write("README.md", "# Sample\nanother second line\n");
    let head = bench.repo.commit("Meanwhile");
    let refused = land(&bench, &repo, &commit).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the work conflicts with `main` in `README.md`; send it back to be rebased, or merge by hand"
    );
    assert_eq!((bench.repo.head(), bench.repo.git(&["status", "--porcelain"])), (head, String::new()));
}

#[test]
fn uncommitted_work_is_never_overwritten() {
    for (path, text) in [("README.md", "mine\n"), ("work.txt", "mine, not tracked\n")] {
        let (bench, repo, commit) = with_work();
        let head = bench.repo.head();
        bench.repo.write(path, text);
        let refused = land(&bench, &repo, &commit).unwrap_err();
        assert!(matches!(refused, Error::InTheWay { .. }), "{refused}");
        assert_eq!((bench.repo.head(), bench.repo.read(path)), (head, text.to_owned()));
        assert!(!bench.repo.path().join(".git/index.lock").exists());
    }
    // What is elsewhere is not in the way, and stays uncommitted.
    let (bench, repo, commit) = with_work();
    bench.repo.write("own.txt", "tracked\n");
    bench.repo.commit("Own");
    bench.repo.write("own.txt", "changed\n");
    land(&bench, &repo, &commit).unwrap();
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), " M own.txt");
}

#[test]
fn branches_elsewhere() {
    // Not checked out: only the branch moves.
    let (bench, repo, commit) = with_work();
    bench.repo.git(&["checkout", "-q", "-b", "other"]);
    land(&bench, &repo, &commit).unwrap();
    assert_eq!(bench.repo.git(&["rev-parse", "main"]), commit);
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "");
    assert!(!bench.repo.path().join("work.txt").exists());

    // Checked out in a linked working tree: that one is brought along.
    let (bench, repo, commit) = with_work();
    bench.repo.git(&["checkout", "-q", "-b", "other"]);
    bench.repo.git(&["worktree", "add", "-q", "../linked", "main"]);
    land(&bench, &repo, &commit).unwrap();
    assert_eq!(std::fs::read_to_string(bench.dir.path().join("linked/work.txt")).unwrap(), "work\n");

    // A held lock is somebody working: nothing happens.
    let (bench, repo, commit) = with_work();
    std::fs::write(bench.repo.path().join(".git/index.lock"), "").unwrap();
    assert!(matches!(land(&bench, &repo, &commit), Err(Error::InTheWay { .. })));
    assert!(bench.repo.path().join(".git/index.lock").exists(), "somebody else's lock is left alone");
}

#[test]
fn a_task_from_a_commit_has_no_branch_to_land_on() {
    let (bench, repo, commit) = with_work();
    let landing = Landing { source: bench.source(), repo: &repo, branch: None, commit: &commit, message: "" };
    assert!(matches!(bench.spaces.land(&landing), Err(Error::NoTarget { .. })));
}
