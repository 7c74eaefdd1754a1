//! A person's terminal: a command on a pty, what it shows, what is typed.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

pub(crate) struct Terminal {
    pub(crate) child: Child,
    ours: std::fs::File,
    shown: Receiver<Vec<u8>>,
    seen: String,
    /// So much of it, solid, was expected already.
    past: usize,
}

impl Terminal {
    pub(crate) fn run(command: &mut Command) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        tcsetwinsize(&ours, Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let theirs: OwnedFd = ioctl_tiocgptpeer(&ours, flags).unwrap();
        command.stdin(theirs.try_clone().unwrap()).stdout(theirs.try_clone().unwrap()).stderr(theirs);
        let child = command.env("TERM", "xterm-256color").spawn().unwrap();
        // The command keeps copies of the job's side otherwise, and the end is never seen.
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        let ours = std::fs::File::from(ours);
        let mut reading = ours.try_clone().unwrap();
        let (sender, shown) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(n @ 1..) = reading.read(&mut buffer) {
                answer(&mut reading, &String::from_utf8_lossy(&buffer[..n]));
                if sender.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, ours, shown, seen: String::new(), past: 0 }
    }

    pub(crate) fn keys(&mut self, keys: &str) {
        self.ours.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this is shown, whatever is between its words; the time is a bound for broken code.
    pub(crate) fn expect(&mut self, text: &str) {
        self.wait_for(text, None);
    }

    /// Presses keys, again and again as a person does whom a program has not heard, until this is shown.
    pub(crate) fn insist(&mut self, keys: &str, text: &str) {
        self.keys(keys);
        self.wait_for(text, Some(keys));
    }

    fn wait_for(&mut self, text: &str, again: Option<&str>) {
        let wanted = solid(text);
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let shown = solid(&self.seen);
            if let Some(at) = shown.get(self.past..).and_then(|rest| rest.find(&wanted)) {
                // What comes next is looked for behind it.
                self.past += at + wanted.len();
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left.min(Duration::from_secs(1))) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(RecvTimeoutError::Timeout) if !left.is_zero() => {
                    if let Some(keys) = again {
                        self.keys(keys);
                    }
                }
                Err(why) => {
                    self.child.kill().ok();
                    panic!("`{text}` was not shown ({why}); shown was: {}", solid(&self.seen));
                }
            }
        }
    }

    /// Makes the window smaller and larger, so that all is drawn anew, until this is shown.
    pub(crate) fn resize_until(&mut self, text: &str) {
        let wanted = solid(text);
        let deadline = Instant::now() + Duration::from_mins(1);
        for rows in [30, 40].into_iter().cycle() {
            assert!(Instant::now() < deadline, "`{text}` was not shown; shown was: {}", solid(&self.seen));
            tcsetwinsize(&self.ours, Winsize { ws_row: rows, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 })
                .unwrap();
            let pid = rustix::process::Pid::from_child(&self.child);
            rustix::process::kill_process(pid, rustix::process::Signal::WINCH).unwrap();
            let mut shown = String::new();
            while let Ok(bytes) = self.shown.recv_timeout(Duration::from_millis(500)) {
                shown += &String::from_utf8_lossy(&bytes);
                if solid(&shown).contains(&wanted) {
                    self.seen += &shown;
                    self.past = solid(&self.seen).len();
                    return;
                }
            }
            self.seen += &shown;
        }
    }

    /// Presses keys, again and again, until the command ends.
    pub(crate) fn leave(mut self, keys: &str) -> (ExitStatus, String) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it does not end; shown was: {}", solid(&self.seen));
            // Without a reader nobody cares any more; the child is looked at again.
            self.ours.write_all(keys.as_bytes()).ok();
            if let Ok(bytes) = self.shown.recv_timeout(Duration::from_secs(1)) {
                self.seen += &String::from_utf8_lossy(&bytes);
            }
        }
        self.end()
    }

    /// The command's end, and what it showed before.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let status = self.child.wait().unwrap();
        loop {
            match self.shown.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(RecvTimeoutError::Disconnected) => return (status, solid(&self.seen)),
                Err(RecvTimeoutError::Timeout) => panic!("somebody keeps the terminal"),
            }
        }
    }
}

/// Answers as terminals do: where the cursor is, what kind it is.
fn answer(terminal: &mut std::fs::File, shown: &str) {
    for (asked, answer) in
        [("\u{1b}[6n", "\u{1b}[1;1R"), ("\u{1b}[c", "\u{1b}[?62;22c"), ("\u{1b}[0c", "\u{1b}[?62;22c")]
    {
        for _ in shown.matches(asked) {
            // The command may be gone.
            terminal.write_all(answer.as_bytes()).ok();
        }
    }
}

/// Text without escape sequences and without spaces: programs move the cursor instead of writing them.
fn solid(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|char| !('\u{40}'..='\u{7e}').contains(&char)) {},
                Some(']') => while chars.next().is_some_and(|char| char != '\u{7}' && char != '\u{1b}') {},
                _ => {}
            },
            char if char.is_whitespace() || char.is_control() => {}
            char => out.push(char),
        }
    }
    out
}
