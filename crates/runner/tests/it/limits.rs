//! Every bound is met, said, and costs others nothing.

use runner::{Limits, Reason};

use crate::harness::{Bench, alive, marker};

#[test]
fn clocks() {
    let bench = Bench::new();
    let mark = marker();
    let hang = format!("sleep {mark}");
    let talk = "while :; do echo tick; sleep 0.02; done";
    for (script, limits, reason) in [
        (hang.as_str(), Limits { start_ms: 200, ..Limits::default() }, Reason::TimeoutStart),
        ("echo hello; sleep 600", Limits { silent_ms: 200, ..Limits::default() }, Reason::TimeoutSilent),
        (talk, Limits { total_ms: 300, silent_ms: 200, ..Limits::default() }, Reason::TimeoutTotal),
    ] {
        let mut spec = bench.boxed(script);
        spec.limits = limits;
        let said = bench.run(&spec);
        assert_eq!(said.exit.reason, reason, "{script}: {:?}", said.exit);
        assert!(said.exit.detail.is_some());
    }
    assert!(alive(&mark).is_empty());
}

#[test]
fn a_flood_is_cut_at_its_bound() {
    let bench = Bench::new();
    for mut spec in [bench.bare("yes"), bench.boxed("yes")] {
        spec.limits.output_bytes = 3_000_000;
        let said = bench.run(&spec);
        assert_eq!((said.exit.reason, said.out.len()), (Reason::OutputLimit, 3_000_000), "{:?}", said.exit);
    }
}

#[test]
fn a_full_disk_quota_ends_the_job() {
    let bench = Bench::new();
    let mut spec = bench.boxed("i=0; while :; do i=$((i+1)); head -c 8000000 /dev/zero > f$i; done");
    spec.limits.disk_bytes = 100 << 20;
    let said = bench.run(&spec);
    assert_eq!(said.exit.reason, Reason::DiskLimit, "{:?} {}", said.exit, said.err);
}

#[test]
fn one_file_has_a_bound() {
    let bench = Bench::new();
    let mut spec = bench.boxed("head -c 3000000 /dev/zero > big; stat -c %s big");
    spec.limits.file_bytes = 1_000_000;
    assert_eq!(bench.run(&spec).text(), "1000000\n");
}

#[test]
fn a_fork_bomb_meets_a_wall() {
    let bench = Bench::new();
    let mark = marker();
    let script = format!("i=0; while [ $i -lt 400 ]; do sleep {mark} & i=$((i+1)); done; echo all; wait");
    let mut spec = bench.boxed(&script);
    spec.limits.processes = 100;
    spec.limits.total_ms = 5_000;
    let said = bench.run(&spec);
    assert!(!said.text().contains("all"), "400 processes under a bound of 100: {} {}", said.text(), said.err);
    assert!(alive(&mark).is_empty());
}
