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

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use table::Section;

fn main() -> Result<()> {
    // cargo itself adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [first, file] = arguments.as_slice()
        && first == "--read"
    {
        return guard::read_repeatedly(&PathBuf::from(file));
    }
    let sections: Vec<&Section> =
        [guard::SECTIONS, scan::SECTIONS, idle::SECTIONS].into_iter().flatten().collect();
    let chosen: Vec<_> = sections.iter().filter(|section| section.is_wanted(&arguments)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = sections.iter().map(|section| section.name).collect();
        bail!("ONLY={}: there are only {}", arguments.join(" "), names.join(", "));
    }
    let bin = std::env::var_os("DOORWARD_BIN_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release")),
        PathBuf::from,
    );
    let bin = bin.canonicalize().with_context(|| format!("{}: build the programs first", bin.display()))?;
    table::head();
    chosen.iter().for_each(|section| section.run(&bin));
    Ok(())
}
