//! A job in a directory of its own, run to its end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use runner::spec::PROTOCOL;
use runner::spool::Kind;
use runner::{Exit, Follower, Isolation, JobSpec, Limits, Mount, Network, Piece, Sandbox, Stdout, job};

pub(crate) const SHIM: &str = env!("CARGO_BIN_EXE_runner-shim");

pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) struct Said {
    pub(crate) exit: Exit,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
    pub(crate) notes: String,
}

impl Said {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("sk-job-").tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn bare(&self, script: &str) -> JobSpec {
        JobSpec {
            secret: Vec::new(),
            protocol: PROTOCOL,
            argv: ["/bin/sh", "-c", script].map(String::from).to_vec(),
            env: [("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())].into(),
            cwd: self.dir.path().to_owned(),
            stdout: Stdout::Spool,
            isolation: Isolation::None,
            limits: Limits { total_ms: 60_000, ..Limits::default() },
        }
    }

    /// In the sandbox, on an overlay at `/workspace`.
    pub(crate) fn boxed(&self, script: &str) -> JobSpec {
        let [lower, upper, work, home] = ["lower", "upper", "work", "home"].map(|name| self.path(name));
        for dir in [&lower, &upper, &work, &home] {
            std::fs::create_dir_all(dir).unwrap();
        }
        let at = PathBuf::from("/workspace");
        let sandbox = Sandbox {
            workspace: Mount::Overlay { lower, upper, work, at: at.clone() },
            home: Some(home),
            read_only: Vec::new(),
            writable: Vec::new(),
            network: Network::default(),
        };
        JobSpec { cwd: at, isolation: Isolation::Sandbox(Box::new(sandbox)), ..self.bare(script) }
    }

    pub(crate) fn launch(&self, name: &str, spec: &JobSpec) -> PathBuf {
        let dir = self.path(name);
        job::launch(Path::new(SHIM), &dir, spec, b"").unwrap();
        dir
    }

    pub(crate) fn run(&self, spec: &JobSpec) -> Said {
        let dir = self.launch("job", spec);
        let said = block_on(read_to_end(&dir));
        std::fs::remove_dir_all(dir).unwrap();
        said
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_mins(1), future).await.unwrap() })
}

pub(crate) async fn read_to_end(dir: &Path) -> Said {
    let mut follower = Follower::open(dir, 0);
    let (mut out, mut err, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match follower.next().await.unwrap() {
            Piece::Frames(frames, _) => {
                for frame in frames {
                    match frame.kind {
                        Kind::Stdout => out.extend(frame.payload),
                        Kind::Stderr => err.extend(frame.payload),
                        Kind::Note => notes.extend(frame.payload),
                    }
                }
            }
            Piece::Ended(exit) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                return Said { exit, out, err: text(&err), notes: text(&notes) };
            }
            Piece::Lost => panic!("the shim is lost"),
        }
    }
}

/// Waits for something to become true; the time is a bound for broken code, never a pace.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within 20 s");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The processes that sleep for this marker.
pub(crate) fn alive(marker: &str) -> Vec<i32> {
    processes(|line| line == format!("sleep\0{marker}\0").as_bytes())
}

/// Live processes whose command line has this word.
pub(crate) fn mentioning(word: &str) -> Vec<i32> {
    processes(|line| line.windows(word.len()).any(|window| window == word.as_bytes()))
}

fn processes(wanted: impl Fn(&[u8]) -> bool) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| wanted(&std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default())).collect()
}

/// A number no other test uses, to find processes by: seconds to sleep.
pub(crate) fn marker() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}.{}", 86_400 + std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
