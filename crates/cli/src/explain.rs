//! `doorward explain`: what a finding means and what to do about it.

use crate::failure::Failure;
use crate::terminal::{Paint, put, put_json};
use doorward_protocol::Severity;
use doorward_scan::analyse::rules::{self, RuleText};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(id: Option<&str>, json: bool) -> Result<ExitCode, Failure> {
    let found: Vec<&RuleText> = match id {
        None => rules::all().collect(),
        Some(id) => vec![rules::text(&id.to_uppercase()).ok_or_else(|| {
            Failure::new(format!("explaining {id}: there is no finding with this identifier"))
                .hint("doorward explain lists them all")
        })?],
    };
    let paint = Paint::stdout();
    for rule in &found {
        if json {
            put_json(&json!({
                "schema": 1, "rule": rule.id, "title": rule.title, "severity": rule.severity,
                "stage": stage(&rule.id), "why": rule.why, "advice": rule.advice,
            }))?;
        } else if id.is_none() {
            put(&format!(
                "{:<6} {:<8}  {}\n",
                paint.bold(&format!("{:<6}", rule.id)),
                level(rule.severity),
                rule.title
            ))?;
        } else {
            put(&page(rule, paint))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn page(rule: &RuleText, paint: Paint) -> String {
    let section = |title: &str, text: &str| format!("\n{}\n  {text}\n", paint.teal(title));
    [
        format!("{}  {}\n", paint.bold(&rule.id), paint.bold(&rule.title)),
        section("Where", &format!("{}; it weighs at most {}.", stage(&rule.id), level(rule.severity))),
        section("Why it matters", &rule.why),
        section("What to do", &rule.advice),
    ]
    .concat()
}

/// What the letter of an identifier stands for.
fn stage(id: &str) -> &'static str {
    match id.split('-').next().unwrap_or_default() {
        "I" => "Runs when the package is installed",
        "B" => "Runs when the package is built",
        "M" => "Runs when the package is imported or started",
        "R" => "What the code can do when it runs",
        "O" => "How the code hides what it does",
        "P" => "How it stays or spreads",
        "A" => "Files that steer AI assistants and editors",
        "N" => "What the package is called and where it comes from",
        "V" => "What is new against the version before",
        "W" => "The sum of what the package does, with the weight of each part",
        "FEED" => "The list of known-bad packages (doorward feed status)",
        "X" => "A mark of a known campaign",
        _ => "Anywhere in the package",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}
