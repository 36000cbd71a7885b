//! `doorward`: the scanner, the guard's events and the quarantine for terminals, CI and scripts.

mod args;
mod daemon;
mod decoy;
mod describe;
mod drill;
mod events;
mod explain;
mod failure;
mod feed;
mod generate;
mod guard;
mod projects;
mod quarantine;
mod scan;
mod status;
mod terminal;
mod vault;
mod watch;

use args::{Cli, Command};
use clap::Parser as _;
use failure::Failure;
use std::process::ExitCode;

/// The exit code of a command that could not do its work.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            terminal::complain(&failure);
            ExitCode::from(FAILED)
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Scan(args) => scan::run(&args),
        Command::Status(args) => in_runtime(status::run(args)),
        Command::Events(args) => in_runtime(events::run(args)),
        Command::Explain { rule, json } => explain::run(rule.as_deref(), json),
        Command::Feed(command) => feed::run(command),
        Command::Guard(command) => in_runtime(guard::run(command)),
        Command::Quarantine(command) => quarantine::run(command),
        Command::Projects(command) => projects::run(command),
        Command::Drill(args) => in_runtime(drill::run(args)),
        Command::Completions { shell } => generate::completions(shell),
        Command::Man { folder } => generate::man(&folder),
        Command::Thief { file } => drill::steal(&file),
    }
}

/// Runs a command that talks to the daemon; it ends quietly on Ctrl-C.
fn in_runtime(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("starting the asynchronous runtime: {error}")))?;
    runtime.block_on(async {
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
        }
    })
}
