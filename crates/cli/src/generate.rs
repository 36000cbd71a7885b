//! Completion scripts and manual pages, made from the command line's own description.

use crate::args::Cli;
use crate::failure::Failure;
use crate::terminal::put;
use clap::CommandFactory as _;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "doorward", &mut script);
    put(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(folder: &Path) -> Result<ExitCode, Failure> {
    let doing = || format!("writing the manual pages: {}", folder.display());
    std::fs::create_dir_all(folder).map_err(|error| Failure::caused(doing(), &error))?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| Failure::caused(doing(), &error))?;
    Ok(ExitCode::SUCCESS)
}
