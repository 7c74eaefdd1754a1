//! A job with a terminal of its own: what is typed, its size, its keys that interrupt, its walls.

use std::path::Path;
use std::time::Duration;

use runner::{Follower, JobSpec, Piece, Reason, Stdout, Typing, job};

use crate::harness::{Bench, block_on};

/// What the job has shown up to `wanted`, or all of it when it ended before.
async fn shown(follower: &mut Follower, seen: &mut String, wanted: &str) -> bool {
    while !seen.contains(wanted) {
        match follower.next().await.unwrap() {
            Piece::Frames(frames, _) => {
                for frame in frames {
                    *seen += &String::from_utf8_lossy(&frame.payload);
                }
            }
            _ => return false,
        }
    }
    true
}

async fn typing(dir: &Path) -> Typing {
    loop {
        // Until its shim listens; the test's own time is the bound.
        match Typing::connect(dir).await {
            Ok(typing) => return typing,
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}

fn both(bench: &Bench, script: &str) -> [(&'static str, JobSpec); 2] {
    [("bare", bench.bare(script)), ("boxed", bench.boxed(script))]
        .map(|(name, spec)| (name, JobSpec { stdout: Stdout::Terminal, ..spec }))
}

#[test]
fn keys_and_sizes_reach_the_job() {
    let bench = Bench::new();
    let script = "test -t 0 && test -t 1 && test -t 2 && : >/dev/tty && echo terminal; stty size; \
                  trap 'stty size' WINCH; echo ready; while ! read -r line; do :; done; echo \"got $line\"; exit 3";
    for (name, spec) in both(&bench, script) {
        let dir = bench.launch(name, &spec);
        block_on(async {
            let (mut follower, mut seen) = (Follower::open(&dir, 0), String::new());
            assert!(shown(&mut follower, &mut seen, "ready").await, "{name}: {seen}");
            assert!(seen.contains("terminal\r\n24 80\r\n"), "{name}: {seen}");
            let mut typing = typing(&dir).await;
            typing.resize(50, 132).await.unwrap();
            assert!(
                shown(&mut follower, &mut seen, "50 132").await,
                "{name}: a change of size is told: {seen}"
            );
            typing.keys(b"h\xc3\xa9llo\r").await.unwrap();
            assert!(shown(&mut follower, &mut seen, "got h\u{e9}llo").await, "{name}: {seen}");
            loop {
                if let Piece::Ended(exit) = follower.next().await.unwrap() {
                    assert_eq!((exit.reason, exit.code), (Reason::Exited, Some(3)), "{name}: {seen}");
                    break;
                }
            }
            assert!(typing.keys(b"x").await.is_err(), "{name}: nobody is there any more");
        });
    }
}

#[test]
fn a_key_that_interrupts_does_and_a_stop_ends_all() {
    let bench = Bench::new();
    let script = "trap 'echo interrupted' INT; echo ready; while :; do sleep 1; done";
    for (name, spec) in both(&bench, script) {
        let dir = bench.launch(name, &spec);
        block_on(async {
            let (mut follower, mut seen) = (Follower::open(&dir, 0), String::new());
            assert!(shown(&mut follower, &mut seen, "ready").await, "{name}: {seen}");
            // In a sandbox bubblewrap is before it, too, and goes with it: programs that know the key read it raw.
            if name == "bare" {
                typing(&dir).await.keys(b"\x03").await.unwrap();
                assert!(shown(&mut follower, &mut seen, "interrupted").await, "{name}: {seen}");
            }
            job::stop(&dir, Duration::from_millis(200), "enough").await.unwrap();
            assert!(!shown(&mut follower, &mut seen, "never").await);
        });
    }
}

#[test]
fn nobody_types_into_a_job_without_a_terminal() {
    let bench = Bench::new();
    let dir = bench.launch("plain", &bench.bare("read -r line; echo ready; sleep 60"));
    block_on(async {
        assert!(typing(&dir).await.keys(b"x\n").await.is_err());
        job::stop(&dir, Duration::ZERO, "enough").await.unwrap();
    });
}

#[test]
fn a_sandboxed_terminal_is_no_way_out() {
    let bench = Bench::new();
    // Typing into one's own terminal is how a program would escape to whoever reads it next.
    let script =
        "python3 -c 'import fcntl, termios; fcntl.ioctl(0, termios.TIOCSTI, b\"x\")' 2>&1; ls /dev/pts";
    let spec = JobSpec { stdout: Stdout::Terminal, ..bench.boxed(script) };
    let dir = bench.launch("job", &spec);
    let (mut follower, mut seen) = (Follower::open(&dir, 0), String::new());
    block_on(async { shown(&mut follower, &mut seen, "never").await });
    assert!(seen.contains("Operation not permitted"), "{seen}");
    assert!(!seen.lines().any(|line| line.trim().parse::<u32>().is_ok()), "the host's terminals: {seen}");
}
