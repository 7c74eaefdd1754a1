//! What is removed and packed over months, and what never is.

use std::time::{Duration, SystemTime};

use workspace::Kind;

use crate::bench::Bench;

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn checkouts_that_nobody_uses_go() {
    let bench = Bench::new();
    let (_, kept) = bench.workspace(Kind::Overlay);
    bench.repo.write("later.txt", "x\n");
    bench.repo.commit("Later");
    let base = bench.spaces.sync(bench.source(), None).unwrap();
    let left = bench.spaces.create("w2", &base, "b", Kind::Overlay, bench.source(), &[]).unwrap();
    bench.spaces.remove("w2").unwrap();
    let now = SystemTime::now();
    assert_eq!(bench.spaces.prune_checkouts(HOUR, now).unwrap(), 0, "used a moment ago");
    assert_eq!(bench.spaces.prune_checkouts(HOUR, now + 2 * HOUR).unwrap(), 1);
    assert!(!left.lower.exists() && kept.lower.join("README.md").exists(), "a workspace lies over the other");
    // It is made again when it is wanted again.
    bench.spaces.create("w3", &base, "b", Kind::Overlay, bench.source(), &[]).unwrap();
    assert!(left.lower.join("later.txt").exists());
}

#[test]
fn packs_become_few_and_nothing_is_lost() {
    let bench = Bench::new();
    for round in 0..4 {
        for n in 0..120 {
            bench.repo.write(&format!("{round}/{n}.txt"), &format!("{round} {n}\n"));
        }
        bench.repo.commit("Many");
        bench.spaces.sync(bench.source(), None).unwrap();
    }
    let (base, made) = bench.workspace(Kind::Overlay);
    bench.sh(&made, "echo work > work.txt");
    let commit = bench.collect(&made);
    let packs = || std::fs::read_dir(made.objects.join("pack")).unwrap().count() / 3;
    let before = packs();
    assert_eq!((bench.spaces.pack_stores(before + 1).unwrap(), packs()), (0, before));
    assert_eq!((bench.spaces.pack_stores(before).unwrap(), packs()), (1, 1));
    assert_eq!(bench.diff(&base, &commit), ["added work.txt +1 -0"]);
    assert_eq!(bench.sh(&made, "git status --porcelain; git log --oneline | wc -l"), "?? work.txt\n5\n");
}
