//! A report for reading.

use crate::describe::shown;
use crate::terminal::Paint;
use doorward_protocol::{Finding, PackageReport, ScanReport, Summary, Verdict, visible};
use std::fmt::Write as _;

/// Every package that is not clean with its evidence, what was not read, and a summary.
pub(crate) fn render(report: &ScanReport, paint: Paint) -> String {
    let mut out = flagged(report, paint);
    out.push_str(&summary(&report.summary, paint));
    out
}

/// The same without the summary.
pub(crate) fn flagged(report: &ScanReport, paint: Paint) -> String {
    let mut out = String::new();
    let mut told: Vec<&PackageReport> = report
        .packages
        .iter()
        .filter(|package| package.verdict > Verdict::Clean || !package.unscanned.is_empty())
        .collect();
    told.sort_by_key(|package| std::cmp::Reverse((package.verdict, package.score)));
    for package in told {
        self::package(&mut out, package, paint);
        out.push('\n');
    }
    out
}

/// One line of counts, and one about what to do where something was found.
pub(crate) fn summary(counts: &Summary, paint: Paint) -> String {
    let noun = if counts.packages == 1 { "package" } else { "packages" };
    let mut parts = Vec::new();
    for (count, name, colour) in [
        (counts.malicious, "malicious", Paint::red as fn(Paint, &str) -> String),
        (counts.suspicious, "suspicious", Paint::amber),
        (counts.notable, "notable", Paint::bold),
        (counts.clean, "clean", Paint::teal),
    ] {
        if count > 0 {
            parts.push(colour(paint, &format!("{count} {name}")));
        }
    }
    if counts.unscanned > 0 {
        parts.push(paint.amber(&format!("{} not read in full", counts.unscanned)));
    }
    let parts = if parts.is_empty() { "nothing to scan".to_owned() } else { parts.join(", ") };
    let mut out = format!(
        "{} {noun}: {parts}  ({} in {})\n",
        counts.packages,
        size(counts.bytes),
        duration(counts.duration_ms)
    );
    if counts.malicious > 0 {
        out.push_str("Do not install or run the malicious ones. `doorward quarantine seal FOLDER` locks a package away.\n");
    } else if counts.suspicious > 0 {
        out.push_str("Read the lines named above before the suspicious ones run.\n");
    }
    out
}

fn package(out: &mut String, package: &PackageReport, paint: Paint) {
    let verdict = match package.verdict {
        Verdict::Clean => paint.teal("clean"),
        Verdict::Notable => paint.bold("notable"),
        Verdict::Suspicious => paint.amber("suspicious"),
        Verdict::Malicious => paint.red("malicious"),
    };
    let name = paint.bold(&package.package().to_string());
    let _ = writeln!(out, "{verdict}  {name} ({}), score {}", package.ecosystem, package.score);
    let _ = writeln!(out, "  {}", paint.dim(&shown(&package.path)));
    for finding in &package.findings {
        self::finding(out, finding, paint);
    }
    for unscanned in &package.unscanned {
        let what = if unscanned.path.is_empty() { "the package" } else { unscanned.path.as_str() };
        let _ =
            writeln!(out, "  {}  {}: {}", paint.amber("not read"), visible(what), visible(&unscanned.reason));
    }
}

fn finding(out: &mut String, finding: &Finding, paint: Paint) {
    let place = match (finding.line, finding.column) {
        (0, _) => visible(&finding.path).into_owned(),
        (line, 0) => format!("{}:{line}", visible(&finding.path)),
        (line, column) => format!("{}:{line}:{column}", visible(&finding.path)),
    };
    let _ = writeln!(
        out,
        "  {}  {} {}",
        place,
        visible(&finding.title),
        paint.dim(&format!("[{}]", visible(&finding.rule)))
    );
    if !finding.snippet.is_empty() {
        let _ = writeln!(out, "      {} {}", paint.dim("│"), visible(&finding.snippet));
    }
    if !finding.why.is_empty() {
        let _ = writeln!(out, "      {}", visible(&finding.why));
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

fn duration(millis: u64) -> String {
    if millis < 1_000 {
        format!("{millis} ms")
    } else {
        format!("{}.{} s", millis / 1_000, millis % 1_000 / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_protocol::{Ecosystem, SCHEMA_VERSION, Severity, Unscanned};

    fn report() -> ScanReport {
        let evil = PackageReport {
            purl: "pkg:npm/evil@1.2.3".into(),
            ecosystem: Ecosystem::Npm,
            name: "evil\u{1b}[2J".into(),
            version: "1.2.3".into(),
            path: "/srv/shop/node_modules/evil".into(),
            verdict: Verdict::Malicious,
            score: 92,
            findings: vec![Finding {
                rule: "B-01".into(),
                title: "Reads SSH keys during install".into(),
                severity: Severity::Critical,
                path: "index.js".into(),
                line: 3,
                column: 7,
                snippet: "read('.ssh/id_ed25519')".into(),
                why: "An install script has no use for your keys.".into(),
            }],
            unscanned: vec![Unscanned { path: "big.bin".into(), reason: "larger than 16 MB".into() }],
        };
        let mut summary = Summary { bytes: 2_500_000, duration_ms: 1_234, ..Summary::default() };
        summary.add(&evil);
        ScanReport { schema: SCHEMA_VERSION, summary, packages: vec![evil] }
    }

    #[test]
    fn shows_evidence_at_its_line_and_names_what_was_not_read() {
        let text = render(&report(), Paint::plain());
        for expected in [
            "malicious  evil\\u{001B}[2J 1.2.3 (npm), score 92",
            "  index.js:3:7  Reads SSH keys during install [B-01]",
            "      │ read('.ssh/id_ed25519')",
            "      An install script has no use for your keys.",
            "  not read  big.bin: larger than 16 MB",
            "1 package: 1 malicious, 1 not read in full  (2.5 MB in 1.2 s)",
        ] {
            assert!(text.contains(expected), "{expected:?} is missing in:\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "an escape code reached the terminal");
    }

    #[test]
    fn a_clean_tree_is_one_line() {
        let summary = Summary { packages: 3, clean: 3, bytes: 12_000, duration_ms: 40, ..Summary::default() };
        let report = ScanReport { schema: SCHEMA_VERSION, summary, packages: Vec::new() };
        assert_eq!(render(&report, Paint::plain()), "3 packages: 3 clean  (12 kB in 40 ms)\n");
    }
}
