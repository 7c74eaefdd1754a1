//! The shim: what is said is kept exactly, who lives is known, stopped is gone.

use std::time::{Duration, Instant};

use runner::{Follower, Found, Piece, Reason, job};

use crate::harness::{Bench, alive, block_on, marker, mentioning, read_to_end, until};

#[test]
fn output_is_kept_byte_for_byte() {
    let bench = Bench::new();
    let said = bench.run(&bench.bare(r"printf 'a\000\377\n'; printf 'oops\n' >&2; exit 7"));
    assert_eq!(said.out, b"a\0\xff\n");
    assert_eq!(said.err, "oops\n");
    assert_eq!((said.exit.code, said.exit.reason), (Some(7), Reason::Exited));
    let said = bench.run(&bench.boxed("kill -9 $$"));
    assert_eq!(said.exit.code, Some(137), "bubblewrap translates the signal of its child");
}

#[test]
fn a_follower_goes_on_where_it_was() {
    let bench = Bench::new();
    let dir =
        bench.launch("job", &bench.bare("for i in $(seq 2000); do echo line $i; done; cat go; echo end"));
    std::process::Command::new("mkfifo").arg(bench.path("go")).status().unwrap();
    let mut offset = 0;
    let mut out = Vec::new();
    let mut released = false;
    loop {
        // A new follower for every piece: the daemon was killed in between.
        match block_on(async { Follower::open(&dir, offset).next().await.unwrap() }) {
            Piece::Frames(frames, next) => {
                offset = next;
                out.extend(frames.into_iter().flat_map(|frame| frame.payload));
            }
            Piece::Ended(exit) => {
                assert!(exit.code.is_some());
                break;
            }
            Piece::Lost => panic!("lost"),
        }
        if !released && out.ends_with(b"line 2000\n") {
            released = true;
            std::fs::write(bench.path("go"), "go\n").unwrap();
        }
    }
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("line ")).collect();
    assert_eq!(lines.len(), 2000);
    assert!((1..=2000).zip(&lines).all(|(n, line)| *line == format!("line {n}")));
}

#[test]
fn stopped_is_gone_whatever_it_did() {
    let bench = Bench::new();
    let mark = marker();
    // Double-forked, in sessions of their own, deaf to asking.
    let script = format!(
        "for i in 1 2 3 4 5; do setsid sh -c 'trap \"\" TERM INT HUP; sleep {mark} & sleep {mark}' & done; trap '' TERM; echo ready; wait"
    );
    for spec in [bench.bare(&script), bench.boxed(&script)] {
        let dir = bench.launch("job", &spec);
        block_on(async {
            let mut follower = Follower::open(&dir, 0);
            let _ready = follower.next().await.unwrap();
        });
        until("all ten sleepers", || alive(&mark).len() >= 10);
        let began = Instant::now();
        block_on(job::stop(&dir, Duration::from_millis(100), "a person wants it")).unwrap();
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        assert!(alive(&mark).is_empty(), "everything is gone");
        let Found::Finished(exit) = job::find(&dir).unwrap() else { panic!("not finished") };
        assert_eq!(exit.reason, Reason::Stopped);
        std::fs::remove_dir_all(dir).unwrap();
    }
}

#[test]
fn killing_the_group_alone_would_leave_them() {
    // The control: the same children survive what the shim does not rely on.
    let mark = marker();
    let script = format!("setsid sh -c 'trap \"\" TERM; sleep {mark} & sleep {mark}' & echo ready; wait");
    let mut child = std::process::Command::new("setsid")
        .args(["sh", "-c", &script])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("the sleepers", || alive(&mark).len() >= 2);
    std::process::Command::new("kill").args(["-9", "--", &format!("-{}", child.id())]).status().unwrap();
    child.wait().unwrap();
    let left = alive(&mark);
    assert!(left.len() >= 2, "a group kill reached what left the group");
    for pid in left {
        std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    }
}

#[test]
fn a_killed_shim_takes_its_job_with_it() {
    let bench = Bench::new();
    let mark = marker();
    let boxed = bench.boxed(&format!("setsid sleep {mark} & echo ready; sleep {mark}"));
    lose(&bench, &boxed, &mark);
    let bare = bench.bare(&format!("setsid sleep {mark} & echo ready; sleep {mark}"));
    lose(&bench, &bare, &mark);
    // Without a sandbox only a control group reaches what took its marks off.
    let probe = runner::sandbox::probe(std::path::Path::new(crate::harness::SHIM), &bench.path("probe"));
    if probe.parts.iter().any(|(name, ok, _)| name == "memory" && *ok) {
        let bare = bench.bare(&format!("setsid env -i sleep {mark} & echo ready; sleep {mark}"));
        lose(&bench, &bare, &mark);
    }
}

fn lose(bench: &Bench, spec: &runner::JobSpec, mark: &str) {
    let dir = bench.launch("job", spec);
    // Sometimes while the sandbox is being born, sometimes after.
    until("the job", || mentioning(mark).len() >= 2);
    let Found::Alive(shim) = job::find(&dir).unwrap() else { panic!("not alive") };
    std::process::Command::new("kill").args(["-9", &shim.pid.to_string()]).status().unwrap();
    until("the lock to be free", || job::find(&dir).unwrap() == Found::Lost);
    assert!(alive(mark).is_empty(), "lost means that nothing of it lives");
    assert!(matches!(block_on(async { drain(&dir).await }), Piece::Lost));
    std::fs::remove_dir_all(dir).unwrap();
}

async fn drain(dir: &std::path::Path) -> Piece {
    let mut follower = Follower::open(dir, 0);
    loop {
        match follower.next().await.unwrap() {
            Piece::Frames(..) => {}
            last => return last,
        }
    }
}

#[test]
fn a_job_given_up_before_its_shim_came_never_starts() {
    let bench = Bench::new();
    let dir = bench.path("job");
    std::fs::create_dir(&dir).unwrap();
    assert_eq!(job::find(&dir).unwrap(), Found::NotStarted);
    let spec = bench.bare(&format!("echo x > {}", bench.path("canary").display()));
    job::launch(std::path::Path::new(crate::harness::SHIM), &dir, &spec, b"").unwrap();
    until("the shim to look and leave", || mentioning(dir.to_str().unwrap()).is_empty());
    assert_eq!(job::find(&dir).unwrap(), Found::NotStarted);
    assert!(!bench.path("canary").exists());
}

#[test]
fn what_it_left_in_the_background_does_not_keep_it() {
    let bench = Bench::new();
    let mark = marker();
    let said = bench.run(&bench.boxed(&format!("setsid sleep {mark} & echo done")));
    assert_eq!((said.text().as_str(), said.exit.code), ("done\n", Some(0)));
    assert!(alive(&mark).is_empty());
}

#[test]
fn input_is_given_and_raw_output_is_kept() {
    let bench = Bench::new();
    let mut spec = bench.boxed("cat");
    spec.stdout = runner::Stdout::File;
    let dir = bench.path("job");
    job::launch(std::path::Path::new(crate::harness::SHIM), &dir, &spec, b"words\n").unwrap();
    let said = block_on(read_to_end(&dir));
    assert_eq!(said.out, b"");
    assert_eq!(std::fs::read_to_string(job::output(&dir)).unwrap(), "words\n");
}
