//! Longer chores of the house: `cargo run -p xtask -- tidy`.

mod tidy;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut err = std::io::stderr();
    if std::env::args().nth(1).as_deref() != Some("tidy") {
        writeln!(err, "usage: cargo run -p xtask -- tidy").ok();
        return ExitCode::from(2);
    }
    let found = tidy::look(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")));
    for complaint in &found {
        writeln!(err, "{complaint}").ok();
    }
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
