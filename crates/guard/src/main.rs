//! `doorwardd`: guards secrets against programs that have no business reading them.

use anyhow::{Context, bail};
use doorward_guard::config::{Config, KEYS};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const DEFAULT_CONFIG: &str = "/etc/doorward/doorward.toml";

enum Order {
    Run(Option<PathBuf>),
    Print(String),
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        // It would tell of a failed write on the same closed terminal or full disk, and panic where that fails, too.
        .log_internal_errors(false)
        .init();
    match run() {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "doorwardd: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> anyhow::Result<i32> {
    match understand(std::env::args_os().skip(1).map(PathBuf::from))? {
        Order::Print(text) => {
            writeln!(std::io::stdout(), "{text}").context("writing to stdout failed")?;
            Ok(0)
        }
        Order::Run(path) => {
            let config = match path {
                Some(path) => Config::load(&path)?,
                None if Path::new(DEFAULT_CONFIG).exists() => Config::load(Path::new(DEFAULT_CONFIG))?,
                None => Config::default(),
            };
            Ok(doorward_guard::daemon::run(config)?)
        }
    }
}

fn understand(mut arguments: impl Iterator<Item = PathBuf>) -> anyhow::Result<Order> {
    let mut config = None;
    while let Some(argument) = arguments.next() {
        match argument.to_string_lossy().as_ref() {
            "--config" => config = Some(arguments.next().context("--config needs a file; see --help")?),
            text if text.starts_with("--config=") => config = Some(PathBuf::from(&text["--config=".len()..])),
            "--help" | "-h" => return Ok(Order::Print(help())),
            "--version" | "-V" => {
                return Ok(Order::Print(format!("doorwardd {}", env!("CARGO_PKG_VERSION"))));
            }
            other => bail!("there is no option {other}; see --help"),
        }
    }
    Ok(Order::Run(config))
}

fn help() -> String {
    format!(
        "doorwardd guards secrets against programs that have no business reading them.\n\n\
         Usage: doorwardd [--config FILE]\n\n\
         Runs in the foreground as root and prints `ready` once everything is guarded. Without --config it\n\
         reads {DEFAULT_CONFIG} where that exists.\n\n\
         Keys of the configuration (TOML):\n{KEYS}"
    )
}
