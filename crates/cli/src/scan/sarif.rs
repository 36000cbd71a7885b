//! A report as SARIF 2.1.0, for code hosts and editors.

use doorward_protocol::{Finding, PackageReport, ScanReport, Severity, visible};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// One run with one result per finding.
pub(crate) fn render(report: &ScanReport) -> Value {
    let mut rules = BTreeMap::new();
    for finding in report.packages.iter().flat_map(|package| &package.findings) {
        rules.entry(finding.rule.as_str()).or_insert(finding);
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(index, rule)| (*rule, index)).collect();
    let results: Vec<Value> = report
        .packages
        .iter()
        .flat_map(|package| package.findings.iter().map(move |finding| (package, finding)))
        .map(|(package, finding)| result(package, finding, index[finding.rule.as_str()]))
        .collect();
    let unread: Vec<Value> = report.packages.iter().flat_map(unread).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "doorward",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().map(|finding| rule(finding)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": unread}],
            "results": results,
        }],
    })
}

fn rule(finding: &Finding) -> Value {
    json!({
        "id": finding.rule,
        "shortDescription": {"text": visible(&finding.title)},
        "fullDescription": {"text": visible(&finding.why)},
        "defaultConfiguration": {"level": level(finding.severity)},
    })
}

fn result(package: &PackageReport, finding: &Finding, rule_index: usize) -> Value {
    let mut region = json!({"startLine": finding.line.max(1)});
    if finding.column > 0 {
        region["startColumn"] = json!(finding.column);
    }
    if !finding.snippet.is_empty() {
        region["snippet"] = json!({"text": visible(&finding.snippet)});
    }
    let text = format!("{}: {} {}", package.package(), visible(&finding.title), visible(&finding.why));
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": level(finding.severity),
        "message": {"text": text.trim_end()},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&package.path, &finding.path)},
            "region": region,
        }}],
        "properties": {
            "purl": package.purl,
            "verdict": package.verdict,
            "score": package.score,
        },
    })
}

fn unread(package: &PackageReport) -> impl Iterator<Item = Value> {
    package.unscanned.iter().map(|unscanned| {
        json!({
            "level": "warning",
            "message": {"text": format!("Not read: {}", visible(&unscanned.reason))},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": uri(&package.path, &unscanned.path)},
            }}],
        })
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "note",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical => "error",
    }
}

/// Relative to the working folder where the file is below it, as code hosts want it; else `file://`.
fn uri(package: &Path, file: &str) -> String {
    let path = if file.is_empty() { package.to_path_buf() } else { package.join(file) };
    let here = std::env::current_dir().ok();
    match here.as_deref().and_then(|here| path.strip_prefix(here).ok()) {
        Some(relative) => encode(relative),
        None => format!("file:///{}", encode(&path)),
    }
}

fn encode(path: &Path) -> String {
    let parts = path.components().filter_map(|component| match component {
        Component::Normal(part) => Some(part),
        Component::ParentDir => Some(component.as_os_str()),
        _ => None,
    });
    let mut out = String::new();
    for part in parts {
        if !out.is_empty() {
            out.push('/');
        }
        for byte in part.as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b'@' => {
                    out.push(*byte as char)
                }
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_be_broken_by_a_hostile_name() {
        assert_eq!(uri(Path::new("/srv/a b"), "x\"\n#.js"), "file:///srv/a%20b/x%22%0A%23.js");
    }
}
