//! `doorward scan`.

mod sarif;
mod text;

use crate::args::{Format, ScanArgs};
use crate::failure::Failure;
use crate::terminal::{self, Paint, put, put_json};
use doorward_protocol::{ScanProgress, ScanReport, Verdict, data_dir, visible};
use doorward_scan::{Cancel, ScanError, ScanOptions};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Scans shorter than this need no progress line.
const PATIENCE: Duration = Duration::from_secs(1);
const REDRAW: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &ScanArgs) -> Result<ExitCode, Failure> {
    if !args.no_feed {
        crate::feed::warn();
    }
    let report = scan(&args.paths, !args.no_feed, !args.no_cache, args.against.as_deref())?;
    match args.format {
        Format::Text => put(&text::render(&report, Paint::stdout()))?,
        Format::Json => put_json(&report)?,
        Format::Sarif => put_json(&sarif::render(&report))?,
    }
    let threshold = Verdict::from(args.fail_on);
    let reached = report.packages.iter().any(|package| package.verdict >= threshold);
    Ok(if reached { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Scans with a progress line on standard error.
pub(crate) fn scan(
    paths: &[PathBuf],
    feed: bool,
    cache: bool,
    against: Option<&Path>,
) -> Result<ScanReport, Failure> {
    let against = against.map(Path::to_owned);
    let cache = if cache { cache_file() } else { None };
    let options =
        ScanOptions { feed, cache, against, lists: crate::feed::folder(), ..ScanOptions::default() };
    let mut progress = Progress::new();
    let report = doorward_scan::scan(paths, &options, &Cancel::default(), &mut |step| progress.tell(&step));
    progress.clear();
    report.map_err(|error| failed(&error))
}

/// The one-line summary that ends a scan.
pub(crate) fn summary(report: &ScanReport, paint: Paint) -> String {
    text::summary(&report.summary, paint)
}

/// Every package that is not clean with its evidence, and what was not read.
pub(crate) fn flagged(report: &ScanReport, paint: Paint) -> String {
    text::flagged(report, paint)
}

/// The file that remembers verdicts. Without it the scan is slower and otherwise the same.
pub(crate) fn cache_file() -> Option<PathBuf> {
    let folder = data_dir()?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("scan-cache"))
}

pub(crate) fn failed(error: &ScanError) -> Failure {
    Failure::caused("scanning", error).hint(error.hint())
}

/// Redraws one line on a terminal; silent everywhere else.
struct Progress {
    shown: bool,
    terminal: bool,
    started: Instant,
    drawn: Instant,
}

impl Progress {
    fn new() -> Self {
        let now = Instant::now();
        Self { shown: false, terminal: io::stderr().is_terminal(), started: now, drawn: now }
    }

    fn tell(&mut self, step: &ScanProgress) {
        if !self.terminal || self.started.elapsed() < PATIENCE || self.drawn.elapsed() < REDRAW {
            return;
        }
        let line = match step {
            ScanProgress::Found { total } => format!("{total} packages found"),
            ScanProgress::Done { done, total, report } => {
                let name: String = visible(&report.name).chars().take(48).collect();
                format!("{done} of {total} packages  {name}")
            }
        };
        terminal::note(&format!("\r\u{1b}[2K{line}"));
        self.shown = true;
        self.drawn = Instant::now();
    }

    fn clear(&self) {
        if self.shown {
            terminal::note("\r\u{1b}[2K");
        }
    }
}
