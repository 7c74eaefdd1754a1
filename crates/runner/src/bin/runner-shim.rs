//! The shim alone, for this crate's tests and benches; `sidekick` plays the same roles.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    match words.next().as_ref().and_then(|word| word.to_str()) {
        Some("shim") => runner::shim::main(words.next(), None),
        Some("shim-enter") => runner::shim::enter_main(words.next()),
        _ => ExitCode::from(2),
    }
}
