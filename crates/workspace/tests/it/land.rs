//! Landing in the person's repository, whatever state it is in.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, UNIX_EPOCH};

use workspace::{Error, Kind, Landing, Plan};

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
    assert_eq!(bench.repo.read("own.txt"), "changed\n");
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), " M own.txt");
}

/// In the very second in which git noted the file, and as long as before: git compares no more than that of its stamps,
/// and looks into a file only where its index is no younger.
#[test]
fn what_was_changed_in_the_same_second_is_not_overwritten() {
    for (name, is_in_the_way) in [("own.txt", false), ("README.md", true)] {
        let (bench, repo, commit) = with_work();
        bench.repo.write("own.txt", "tracked\n");
        bench.repo.commit("Own");
        let known = bench.repo.read(name);
        let changed = known.to_uppercase();
        let path = bench.repo.path().join(name);
        let second = || std::fs::metadata(&path).unwrap().mtime();
        let same = (0..10).any(|_| {
            bench.repo.write(name, &known);
            bench.repo.git(&["add", name]);
            let noted = second();
            bench.repo.write(name, &changed);
            second() == noted
        });
        assert!(same && changed != known, "no try was within a second");
        while i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap() == second() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let landed = land(&bench, &repo, &commit);
        assert_eq!(landed.is_err(), is_in_the_way, "{landed:?}");
        assert_eq!(bench.repo.read(name), changed);
        assert_eq!(bench.repo.git(&["status", "--porcelain"]), format!(" M {name}"));
    }
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

/// What a process that was killed left: its note, its lock, and some of the files.
fn cut_off(bench: &Bench, repo: &str, old: &str, new: &str) {
    use std::os::unix::fs::MetadataExt;
    let lock = bench.repo.path().join(".git/index.lock");
    std::fs::write(&lock, "").unwrap();
    let common = bench.repo.path().join(".git");
    let note = serde_json::json!({
        "repo": repo, "branch": "main", "tree": bench.repo.path(), "git_dir": common, "common": common,
        "old": old, "new": new, "lock": std::fs::metadata(&lock).unwrap().ino(),
    });
    // As `Begun::name` has it.
    let name = format!("landings/{repo}-main.json");
    std::fs::write(bench.data().join(name), note.to_string()).unwrap();
}

#[test]
fn what_a_kill_left_is_taken_back_and_lands_after_all() {
    let (bench, repo, commit) = with_work();
    let old = bench.repo.head();
    bench.repo.write("mine.txt", "mine\n");
    // The objects are there, one file is written, the other is not.
    let plain = land(&bench, &repo, &commit).unwrap();
    bench.repo.git(&["reset", "-q", "--hard", &old]);
    bench.repo.write("README.md", "# Sample\nmore\n");
    cut_off(&bench, &repo, &old, &plain.commit);
    let (settled, errors) = bench.spaces.recover_landings();
    assert_eq!((settled, errors.len()), (1, 0));
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "?? mine.txt", "as before it began");
    assert_eq!(bench.spaces.recover_landings().0, 0, "once");
    land(&bench, &repo, &commit).unwrap();
    assert_eq!(bench.repo.git(&["status", "--porcelain"]), "?? mine.txt");
    assert_eq!((bench.repo.head(), bench.repo.read("work.txt")), (commit, "work\n".into()));
}

#[test]
fn a_branch_that_had_moved_is_finished() {
    let (bench, repo, commit) = with_work();
    let old = bench.repo.head();
    land(&bench, &repo, &commit).unwrap();
    // All but the last step: the index is still in the lock.
    let index = std::fs::read(bench.repo.path().join(".git/index")).unwrap();
    bench.repo.git(&["read-tree", &old]);
    cut_off(&bench, &repo, &old, &commit);
    std::fs::write(bench.repo.path().join(".git/index.lock"), index).unwrap();
    assert_eq!(bench.spaces.recover_landings().0, 1);
    assert_eq!((bench.repo.head(), bench.repo.git(&["status", "--porcelain"])), (commit, String::new()));
}

#[test]
fn what_the_person_wrote_meanwhile_is_theirs() {
    let (bench, repo, commit) = with_work();
    let old = bench.repo.head();
    land(&bench, &repo, &commit).unwrap();
    bench.repo.git(&["reset", "-q", "--hard", &old]);
    bench.repo.write("README.md", "# Sample\nmy own words\n");
    bench.repo.write("work.txt", "work\n");
    cut_off(&bench, &repo, &old, &commit);
    assert_eq!(bench.spaces.recover_landings().0, 1);
    assert_eq!(bench.repo.read("README.md"), "# Sample\nmy own words\n");
    assert!(!bench.repo.path().join("work.txt").exists(), "ours is taken back");
    assert!(!bench.repo.path().join(".git/index.lock").exists());
}

/// A branch that moves at the last moment leaves the working tree as it was.
#[test]
fn from_the_tip_of_the_plan_or_not_at_all() {
    let (bench, repo, commit) = with_work();
    let landing = Landing {
        source: bench.source(),
        repo: &repo,
        branch: Some("main"),
        commit: &commit,
        message: "Approved",
    };
    let Plan::Forward { onto } = bench.spaces.plan(&landing, None).unwrap() else { panic!("forward") };
    bench.repo.write("other.txt", "by the person\n");
    let theirs = bench.repo.commit("Meanwhile");
    let refused = bench.spaces.land_onto(&landing, &onto, &commit);
    assert!(matches!(refused, Err(Error::BranchMoved(_))), "{refused:?}");
    assert_eq!((bench.repo.head(), bench.repo.git(&["status", "--porcelain"])), (theirs, String::new()));
    let Plan::Merge { onto, commit: merge } = bench.spaces.plan(&landing, None).unwrap() else {
        panic!("merge")
    };
    let again = bench.spaces.plan(&landing, Some((&onto, &merge))).unwrap();
    assert_eq!(again, Plan::Merge { onto, commit: merge }, "the merge that was made is used again");
}
