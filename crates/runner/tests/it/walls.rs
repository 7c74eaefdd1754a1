//! What a sandboxed job cannot do. Each case has its control: without the sandbox the same attempt works.

use std::io::{Read, Write};
use std::net::TcpListener;

use runner::{Forward, Isolation, JobSpec, Reason};

use crate::harness::Bench;

fn boxed(bench: &Bench, script: &str) -> String {
    let said = bench.run(&bench.boxed(script));
    assert_eq!(said.exit.reason, Reason::Exited, "{:?} {}", said.exit, said.err);
    said.text()
}

fn bare(bench: &Bench, script: &str) -> String {
    bench.run(&bench.bare(script)).text()
}

#[test]
fn the_hosts_files_are_not_there() {
    let bench = Bench::new();
    std::fs::write(bench.path("secret"), "canary-4711").unwrap();
    let script = format!("cat {} 2>/dev/null; echo done", bench.path("secret").display());
    assert_eq!(bare(&bench, &script), "canary-4711done\n", "control");
    assert_eq!(boxed(&bench, &script), "done\n");
    // Nothing of ours is anywhere, under any name.
    let script = format!(
        "grep -rl canary-47'11' / --include=secret 2>/dev/null; ls /root /var/lib /srv /mnt {} 2>/dev/null",
        bench.dir.path().display()
    );
    assert_eq!(boxed(&bench, &script), "");
}

#[test]
fn only_the_workspace_and_the_home_are_written() {
    let bench = Bench::new();
    let said = boxed(
        &bench,
        "for d in / /usr /etc /bin /run /home /workspace /home/agent /tmp /var/tmp; do \
           if touch $d/x 2>/dev/null; then echo $d; fi; done",
    );
    assert_eq!(said, "/workspace\n/home/agent\n/tmp\n");
    assert!(bench.path("upper/x").exists() && bench.path("home/x").exists());
    assert!(!bench.path("lower/x").exists(), "the tree below is not touched");
}

#[test]
fn no_environment_but_its_own_anywhere_in_proc() {
    let bench = Bench::new();
    // This process's own environment holds what cargo put there; the job looks for it everywhere.
    let script = "cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '^CARGO_MANIFEST_DIR='; true";
    assert_ne!(bare(&bench, script), "0\n", "control");
    assert_eq!(boxed(&bench, script), "0\n");
    assert_eq!(
        boxed(&bench, "id -u; tr '\\0' '\\n' </proc/1/environ | cut -d= -f1"),
        "1000\nPATH\nSIDEKICK_JOB\n"
    );
}

#[test]
fn open_descriptors_do_not_come_along() {
    let bench = Bench::new();
    std::fs::write(bench.path("secret"), "canary").unwrap();
    let file = std::fs::File::open(bench.path("secret")).unwrap();
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    let script = "for f in /proc/self/fd/*; do readlink $f; done | grep -c secret; true";
    assert_eq!(bare(&bench, script), "0\n");
    assert_eq!(boxed(&bench, script), "0\n");
}

const SOCKETS: &str = r#"
import socket, ctypes, os
def tell(name, attempt):
    try:
        attempt(); print(name, "yes")
    except OSError as e: print(name, "no")
libc = ctypes.CDLL(None, use_errno=True)
def call(*a):
    if libc.syscall(*a) < 0: raise OSError(ctypes.get_errno(), "")
tell("unix", lambda: socket.socket(socket.AF_UNIX))
tell("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
tell("vsock", lambda: socket.socket(40))
tell("pair", lambda: socket.socketpair())
tell("inet", lambda: socket.socket(socket.AF_INET))
buf = ctypes.create_string_buffer(256)
tell("io_uring", lambda: call(425, 4, buf))
tell("userns", lambda: call(272, 0x10000000))
tell("mount", lambda: call(165, b"none", b"/tmp", b"tmpfs", 0, 0))
"#;

#[test]
fn system_calls_that_reach_past_the_walls_are_denied() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("lower")).unwrap();
    std::fs::write(bench.path("lower/sockets.py"), SOCKETS).unwrap();
    let control = bare(&bench, &format!("/usr/bin/python3 {}", bench.path("lower/sockets.py").display()));
    assert!(
        control.contains("unix yes\n")
            && control.contains("netlink yes\n")
            && control.contains("userns yes\n"),
        "{control}"
    );
    let said = boxed(&bench, "/usr/bin/python3 sockets.py");
    assert_eq!(said, "unix no\nnetlink no\nvsock no\npair yes\ninet yes\nio_uring no\nuserns no\nmount no\n");
}

#[test]
fn there_is_no_way_out_but_the_proxy() {
    let bench = Bench::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            // How much of the request came does not matter.
            let _some = stream.read(&mut head).unwrap_or(0);
            drop(
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"),
            );
        }
    });
    let direct = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached; exec 3<>/dev/tcp/1.1.1.1/443 && echo out"
    );
    let bash =
        |spec: JobSpec| JobSpec { argv: vec!["/bin/bash".into(), "-c".into(), spec.argv[2].clone()], ..spec };
    let control = bench.run(&bash(bench.bare(&direct)));
    assert!(control.text().contains("reached"), "control: {}", control.err);
    let said = bench.run(&bash(bench.boxed(&direct)));
    assert_eq!(said.text(), "", "no address is reached");

    let through = format!(
        "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT 127.0.0.1:{port} HTTP/1.1\\r\\n\\r\\n' >&3; head -n 1 <&3; \
         exec 4<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT evil.example:443 HTTP/1.1\\r\\n\\r\\n' >&4; head -n 1 <&4"
    );
    let mut spec = bash(bench.boxed(&through));
    let Isolation::Sandbox(sandbox) = &mut spec.isolation else { unreachable!() };
    sandbox.network.allow = vec![format!("127.0.0.1:{port}")];
    let said = bench.run(&spec);
    assert_eq!(
        said.text(),
        "HTTP/1.1 200 Connection established\r\nHTTP/1.1 403 Forbidden\r\n",
        "{}",
        said.err
    );
    assert!(
        said.notes.contains(r#"{"note":"egress_denied","host":"evil.example","port":443}"#),
        "{}",
        said.notes
    );

    let mut spec = bash(bench.boxed(&direct.replace("exec 3<>/dev/tcp/1.1.1.1/443 && echo out", "true")));
    let Isolation::Sandbox(sandbox) = &mut spec.isolation else { unreachable!() };
    sandbox.network.forwards = vec![Forward::Loopback(port)];
    assert_eq!(bench.run(&spec).text(), "reached\n", "a forward is the one port it names");
}

#[test]
fn a_forward_leads_to_a_socket_the_job_cannot_see() {
    let bench = Bench::new();
    // Longer than a socket's name may be.
    let dir = bench.path(&"deep/".repeat(40));
    std::fs::create_dir_all(&dir).unwrap();
    let opened = std::fs::File::open(&dir).unwrap();
    let name = format!("/proc/self/fd/{}/door.sock", std::os::fd::AsRawFd::as_raw_fd(&opened));
    let server = std::os::unix::net::UnixListener::bind(name).unwrap();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            stream.unwrap().write_all(b"hello from the socket\n").unwrap();
        }
    });
    let script = "exec 3<>/dev/tcp/127.0.0.1/3129 && head -n 1 <&3";
    let mut spec = bench.boxed(script);
    spec.argv = vec!["/bin/bash".into(), "-c".into(), script.into()];
    assert_eq!(bench.run(&spec).text(), "", "control: without the forward nothing answers");
    let Isolation::Sandbox(sandbox) = &mut spec.isolation else { unreachable!() };
    sandbox.network.forwards = vec![Forward::Socket { port: 3129, socket: dir.join("door.sock") }];
    assert_eq!(bench.run(&spec).text(), "hello from the socket\n");
}

#[test]
fn a_sandbox_that_cannot_be_set_up_starts_nothing() {
    let bench = Bench::new();
    let mut spec = bench.boxed("echo ran > /workspace/canary");
    let Isolation::Sandbox(sandbox) = &mut spec.isolation else { unreachable!() };
    sandbox.read_only.push((bench.path("not-there"), "/opt/tool".into()));
    let said = bench.run(&spec);
    assert!(!said.exit.is_success(), "{:?}", said.exit);
    assert!(!bench.path("upper/canary").exists());
    let mut spec = bench.boxed("echo ran > /workspace/canary");
    std::fs::remove_dir_all(bench.path("lower")).unwrap();
    spec.limits.total_ms = 5_000;
    let said = bench.run(&spec);
    assert_eq!(said.exit.reason, Reason::SetupFailed);
    assert!(said.exit.detail.unwrap().contains("overlay"), "says what could not be set up");
}

#[test]
fn the_probe_sees_a_working_sandbox() {
    let bench = Bench::new();
    let probe = runner::sandbox::probe(std::path::Path::new(crate::harness::SHIM), &bench.path("probe"));
    assert!(probe.ok && probe.overlay, "{probe:?}");
}
