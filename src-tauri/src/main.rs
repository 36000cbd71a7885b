//! The tray app: watches, scans, asks, and shows what the guard does.

mod commands;
mod controller;
mod failure;
mod keyring;
mod link;
mod notify;
mod process;
mod scans;
mod settings;
mod shell;
mod start;
mod tray;
mod windows;

use anyhow::Context;
use start::Invocation;
use std::io::Write;

fn main() -> anyhow::Result<()> {
    let invocation = match Invocation::parse(std::env::args_os().skip(1)) {
        Ok(invocation) => invocation,
        Err(why) => {
            eprintln!("doorward-app: {why}\n\n{}", start::USAGE);
            std::process::exit(2);
        }
    };
    match invocation {
        Invocation::Help => say(start::USAGE),
        Invocation::Version => say(concat!("doorward-app ", env!("CARGO_PKG_VERSION"))),
        Invocation::Run { background } => {
            start::again_without_gl();
            start::run(background)
        }
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("could not write to the standard output")
}
