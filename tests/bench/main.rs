//! `make bench`: the figures of design §7, each as a ratio within this run wherever the machine's own
//! speed matters. Nothing here is a test; a row that falls short says so and the run goes on.
//!
//! Needs root for the guard's rows and the registries for the trees it scans; a row that cannot be
//! measured says why.
#![allow(clippy::print_stdout, reason = "the table is this program's output")]

mod guard;
mod idle;
mod scan;
mod table;

use anyhow::{Context, Result};
use std::path::PathBuf;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "--read") {
        return guard::read_repeatedly(&PathBuf::from(arguments.next().context("--read FILE")?));
    }
    let bin = std::env::var_os("DOORWARD_BIN_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release")),
        PathBuf::from,
    );
    table::head();
    for rows in [guard::rows, scan::rows, idle::rows] {
        for row in rows(&bin) {
            row.print();
        }
    }
    Ok(())
}
