//! Makes a page to embed where the dashboard was not built, so that `cargo build` needs no Node.

use std::path::Path;

fn main() {
    let dist = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dist"));
    println!("cargo::rerun-if-changed={}", dist.display());
    let index = dist.join("index.html");
    if !index.exists() {
        let page = "<!doctype html><title>Sidekick</title><p>The dashboard was not built into this binary. \
                    Run `make web` and build again; the command line and the API work without it.</p>\n";
        std::fs::create_dir_all(dist).and_then(|()| std::fs::write(index, page)).unwrap_or_else(|error| {
            println!("cargo::warning=no placeholder for the dashboard: {error}");
        });
    }
}
