//! `doorward status`.

use crate::args::StatusArgs;
use crate::daemon::Daemon;
use crate::describe;
use crate::failure::Failure;
use crate::terminal::{Paint, put, put_json};
use doorward_protocol::{Asked, Coverage, CoverageLevel, GuardState, Hello, Policy, visible};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

/// What `--json` prints.
#[derive(Serialize)]
struct Status<'a> {
    schema: u32,
    running: bool,
    version: Option<&'a str>,
    pid: Option<u32>,
    state: Option<&'a GuardState>,
    asked: &'a [Asked],
    error: Option<&'a str>,
    hint: Option<&'a str>,
}

pub(crate) async fn run(args: StatusArgs) -> Result<ExitCode, Failure> {
    match Daemon::connect().await {
        Ok((_, hello)) => {
            if args.json {
                put_json(&Status {
                    schema: 1,
                    running: true,
                    version: Some(&hello.version),
                    pid: Some(hello.pid),
                    state: Some(&hello.state),
                    asked: &hello.asked,
                    error: None,
                    hint: None,
                })?;
            } else {
                put(&text(&hello, Paint::stdout()))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            if args.json {
                put_json(&Status {
                    schema: 1,
                    running: false,
                    version: None,
                    pid: None,
                    state: None,
                    asked: &[],
                    error: Some(&failure.message),
                    hint: Some(&failure.hint),
                })?;
            } else {
                let paint = Paint::stdout();
                put(&format!(
                    "{}\n  {}\n  {} {}\n",
                    paint.amber("Not guarded: packages can be scanned, reads of secrets are not seen."),
                    visible(&failure.message),
                    paint.teal("hint:"),
                    visible(&failure.hint)
                ))?;
            }
            Ok(ExitCode::from(1))
        }
    }
}

fn text(hello: &Hello, paint: Paint) -> String {
    let state = &hello.state;
    let mut out = String::new();
    let headline = match state.paused_until {
        Some(until) => {
            paint.amber(&format!("Paused until {until}: everything is observed, nothing is denied."))
        }
        None => paint.teal(&headline(state)),
    };
    let _ = writeln!(out, "{headline}");
    let _ = writeln!(
        out,
        "  doorwardd {} (process {}), kernel {}",
        visible(&hello.version),
        hello.pid,
        visible(&state.kernel.release)
    );
    let counters = &state.counters;
    let _ = writeln!(
        out,
        "  since it started: {} reads answered, {} denied, {} asked",
        counters.answered, counters.denied, counters.asked
    );
    out.push('\n');
    out.push_str(&modes(&state.policy, paint));
    out.push('\n');
    out.push_str(&coverage(&state.coverage, paint));
    if !state.gaps.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("Left open by this machine"));
        for gap in &state.gaps {
            let _ = writeln!(out, "  {}", visible(gap));
        }
    }
    if !hello.asked.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            paint.bold("Waiting for your answer (doorward guard answer EVENT allow|deny)")
        );
        for asked in &hello.asked {
            let _ = writeln!(out, "{}", describe::event(&asked.event, paint));
        }
    }
    out
}

fn headline(state: &GuardState) -> String {
    let guarded = state.coverage.iter().filter(|line| line.level != CoverageLevel::None).count();
    match guarded {
        0 => "The guard runs; no secret of yours was found to guard.".to_owned(),
        1 => "Guarded: 1 file or pattern.".to_owned(),
        count => format!("Guarded: {count} files and patterns."),
    }
}

/// The modes in force, one line each.
pub(crate) fn modes(policy: &Policy, paint: Paint) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", paint.bold("Modes"));
    for (what, mode) in [
        ("scripts of packages", policy.for_packages()),
        ("tier 1: keys, wallets, tokens", policy.for_tier(1)),
        ("tier 2: histories, .env files", policy.for_tier(2)),
        ("tier 3: counts towards a sweep", policy.for_tier(3)),
    ] {
        let _ = writeln!(out, "  {what:<32}{}", describe::mode(mode));
    }
    out
}

fn coverage(lines: &[Coverage], paint: Paint) -> String {
    let mut by_class: BTreeMap<(u8, &str, &str), Vec<&Coverage>> = BTreeMap::new();
    for line in lines {
        by_class.entry((line.tier, &line.title, &line.class)).or_default().push(line);
    }
    let mut out = String::new();
    let _ = writeln!(out, "{}", paint.bold("Secrets"));
    for ((tier, title, class), lines) in by_class {
        let _ = writeln!(
            out,
            "  {} {}",
            visible(title),
            paint.dim(&format!("({}, tier {tier})", visible(class)))
        );
        for line in lines {
            let level = match line.level {
                CoverageLevel::Full => paint.teal("guarded    "),
                CoverageLevel::Opens => paint.amber("opens only "),
                CoverageLevel::None => paint.red("not guarded"),
            };
            let note =
                if line.note.is_empty() { String::new() } else { format!("  {}", visible(&line.note)) };
            let _ = writeln!(out, "    {level}  {}{}", describe::shown(&line.path), paint.dim(&note));
        }
    }
    out
}
