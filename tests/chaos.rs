//! `kill -9` of the daemon and of shims at random instants over a stream of tasks: none lost, none done
//! twice, no event missing or doubled, nothing left behind.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::sidekick::Bench;

/// A small random source: what matters is that its seed is printed and repeats.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

#[test]
fn chaos_kills_lose_nothing() {
    let kills: u64 = std::env::var("SIDEKICK_CHAOS_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let seed: u64 = std::env::var("SIDEKICK_CHAOS_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(4711);
    eprintln!("seed {seed}, {kills} kills");
    let mut dice = Dice(seed);
    let bench = Bench::new();
    bench.configure("concurrency: 3\nretry: {most: 20, first_seconds: 0, longest_seconds: 0}\n");
    let scenario = bench.scenario(
        "- say: start {{ task }}\n- write: {path: a.txt, content: \"{{ task }}\\n\"}\n- sleep: 40ms\n- say: end {{ task }}\n",
    );
    let mut tasks: BTreeMap<String, String> = BTreeMap::new();
    let mut shims = 0;
    for kill in 0..kills {
        // Sometimes before it could even say that it is ready: in the middle of its recovery.
        if dice.roll(8) == 0 {
            let mut child = bench.start();
            std::thread::sleep(Duration::from_millis(dice.roll(40)));
            child.kill().unwrap();
            child.wait().unwrap();
            continue;
        }
        let daemon = bench.serve();
        for _ in 0..dice.roll(3) {
            let key = format!("task-{}", tasks.len());
            let output =
                bench.output(&["--json", "run", &key, "--scenario", &scenario, "--key", &key, "--detach"]);
            if let Ok(accepted) = serde_json::from_slice::<serde_json::Value>(&output.stdout) {
                tasks.insert(key, accepted["task"].as_str().unwrap().to_owned());
            }
        }
        let pause = if kill % 4 == 0 { dice.roll(15) } else { dice.roll(250) };
        std::thread::sleep(Duration::from_millis(pause));
        if dice.roll(4) == 0 {
            shims += u64::from(kill_a_shim(&bench, &mut dice));
        }
        drop(daemon);
    }
    eprintln!("{} tasks, {shims} shims killed", tasks.len());
    assert!(kills < 100 || shims > 0, "no shim was met alive");
    let daemon = bench.serve();
    for (key, id) in &tasks {
        let task = bench
            .until(id, |task| !["queued", "running", "waiting"].contains(&task["state"].as_str().unwrap()));
        assert_eq!(task["state"], "review", "{key}: {task}");
        assert_eq!(task["diff"]["files"], 1, "{key}: {task}");
        check_log(&bench, key, id, task["attempt"].as_u64().unwrap());
        assert_eq!(bench.json(&["reject", id])["status"], "cancelled");
    }
    let listed = bench.json(&["list", "-n", "5000"]);
    assert_eq!(listed.as_array().unwrap().len(), tasks.len(), "one task for each key");
    until_empty(&bench);
    drop(daemon);
}

/// Its supervisor killed, an attempt is closed as lost, in plain sight, and a new one is opened.
#[test]
fn a_killed_shim_is_a_lost_attempt() {
    let bench = Bench::new();
    bench.configure("retry: {first_seconds: 0, longest_seconds: 0}\n");
    let daemon = bench.serve();
    let scenario = bench.scenario("- shell: 'test -e once || { touch once; sleep 600; }'\n- say: Done.\n");
    let accepted = bench.json(&["run", "x", "--scenario", &scenario, "--detach"]);
    let id = accepted["task"].as_str().unwrap();
    let log = || String::from_utf8(bench.output(&["--json", "logs", id]).stdout).unwrap();
    bench.until(id, |_| log().contains("tool.started"));
    assert!(kill_a_shim(&bench, &mut Dice(1)));
    let task = bench.until(id, |task| task["state"] == "review");
    assert_eq!(task["attempt"], 2, "{task}");
    let ended: Vec<serde_json::Value> = log()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["type"] == "run.ended")
        .map(|event| event["data"]["outcome"].clone())
        .collect();
    assert_eq!(ended, ["lost", "succeeded"]);
    drop(daemon);
}

/// Kills one of the shims that live now; whether there was one.
fn kill_a_shim(bench: &Bench, dice: &mut Dice) -> bool {
    let shims: Vec<_> = bench.processes().into_iter().filter(|line| line.contains(" shim ")).collect();
    let Some(shim) = shims.get(usize::try_from(dice.roll(shims.len().max(1) as u64)).unwrap()) else {
        return false;
    };
    let pid = shim.split(' ').next().unwrap().parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL)
        .is_ok()
}

/// Sequence numbers rise, attempts are dense, and each attempt that ended well said everything once.
fn check_log(bench: &Bench, key: &str, id: &str, attempts: u64) {
    let text = String::from_utf8(bench.output(&["--json", "logs", id]).stdout).unwrap();
    let events: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{key}: {seqs:?}");
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    let started: Vec<_> = of("run.started").iter().map(|event| event["attempt"].as_u64().unwrap()).collect();
    assert_eq!(started, (1..=attempts).collect::<Vec<_>>(), "{key}: attempts are dense");
    let ended: Vec<_> =
        of("run.ended").iter().map(|event| event["data"]["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        ended.iter().filter(|outcome| *outcome == "succeeded").count(),
        1,
        "{key}: done once: {ended:?}"
    );
    let last: Vec<_> = of("agent.text").into_iter().filter(|event| event["attempt"] == attempts).collect();
    let said: Vec<_> = last.iter().map(|event| event["data"]["text"].as_str().unwrap()).collect();
    if attempts == 1 {
        assert_eq!(said, [format!("start {key}"), format!("end {key}")], "{key}: nothing missing or doubled");
    }
}

/// Every task is decided, so no workspace is needed any more.
fn until_empty(bench: &Bench) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let dir = bench.data().join("workspaces");
    loop {
        let left = std::fs::read_dir(&dir).unwrap().count();
        if left == 0 {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{left} workspaces are left behind");
        std::thread::sleep(Duration::from_millis(50));
    }
}
