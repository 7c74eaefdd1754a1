//! A throw-away PostgreSQL for tests: one server per test process, a fresh database per call.
//!
//! The server dies with the process that started it (a watchdog shell waits on a pipe that the kernel
//! closes with us, so a killed test leaves nothing), and its files go with it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The URL of a fresh, empty database, or `None` where no PostgreSQL is installed. With
/// `REQUIRE_POSTGRES=1` its absence is a failure: a test that did not run is red.
pub fn database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(|| match Server::start("fsync=off") {
        Ok(server) => Some(server),
        Err(reason) => {
            assert!(std::env::var_os("REQUIRE_POSTGRES").is_none(), "no PostgreSQL for the tests: {reason}");
            None
        }
    });
    let server = server.as_ref()?;
    Some(server.create(&format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed))))
}

/// As [`database`], on a server of its own that syncs what it commits; for measuring.
pub fn durable_database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| Server::start("fsync=on").ok());
    Some(server.as_ref()?.create("durable"))
}

struct Server {
    bin: PathBuf,
    dir: PathBuf,
    _watchdog: Child,
}

impl Server {
    fn start(fsync: &str) -> Result<Self, String> {
        let bin = find_bin().ok_or("initdb was not found in /usr/lib/postgresql/*/bin or PATH")?;
        let dir =
            tempfile::Builder::new().prefix("sk-pg-").tempdir_in("/tmp").map_err(|e| e.to_string())?.keep();
        let root = rustix_is_root();
        if root {
            run(Command::new("chown").arg("postgres").arg(&dir))?;
        }
        let as_user = |program: &Path| {
            if root {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
                command
            } else {
                Command::new(program)
            }
        };
        let data = dir.join("data");
        run(as_user(&bin.join("initdb"))
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(&data))?;
        // The watchdog's standard input is our pipe: it ends when we do, however we end.
        let script = r#"trap '' INT TERM; "$@" & server=$!; cat >/dev/null; kill -QUIT $server; wait $server; rm -rf "$DIR""#;
        let mut server = as_user(&bin.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&dir);
        server.args(["-c", "listen_addresses=", "-c", fsync, "-c", "max_connections=200"]);
        let mut watchdog = Command::new("setsid");
        watchdog.args(["sh", "-c", script, "sh"]).arg(server.get_program()).args(server.get_args());
        let watchdog = watchdog
            .env("DIR", &dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| e.to_string())?;
        let server = Self { bin, dir, _watchdog: watchdog };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !server.ready() {
            if Instant::now() > deadline {
                return Err("PostgreSQL did not accept connections within 30 s".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Makes a database; its URL.
    fn create(&self, name: &str) -> String {
        self.sql(&format!("CREATE DATABASE {name}"));
        format!("postgresql://postgres@localhost/{name}?host={}", self.dir.display())
    }

    fn ready(&self) -> bool {
        let mut command = Command::new(self.bin.join("pg_isready"));
        command.arg("-h").arg(&self.dir).stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    fn sql(&self, statement: &str) {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-U", "postgres", "-d", "postgres", "-q", "-c", statement]).arg("-h").arg(&self.dir);
        run(&mut command).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn rustix_is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn find_bin() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.retain(|bin| bin.join("initdb").exists());
    versions.sort();
    versions.pop()
}
