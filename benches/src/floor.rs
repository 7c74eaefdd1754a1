//! The machine's own floor: what the work would cost with nothing of ours.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::{Samples, tell};

pub(crate) struct Floor {
    pub(crate) spawn: Samples,
    pub(crate) sync: Samples,
}

pub(crate) fn measure() -> Floor {
    let spawn = Samples::take(300, || {
        let began = Instant::now();
        Command::new("/bin/true").stdin(Stdio::null()).status().unwrap();
        began.elapsed()
    });
    let dir = tempfile::tempdir_in("target").unwrap();
    let mut file = File::create(dir.path().join("file")).unwrap();
    let sync = Samples::take(500, || {
        let began = Instant::now();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        began.elapsed()
    });
    tell("floor: fork+exec of /bin/true", &format!("{:.2} ms, p99 {:.2}", spawn.ms(50), spawn.ms(99)), "");
    tell("floor: append of 4 KiB + fdatasync", &format!("{:.2} ms, p99 {:.2}", sync.ms(50), sync.ms(99)), "");
    Floor { spawn, sync }
}
