//! From evidence to a verdict.

use doorward_protocol::{Finding, Severity, Verdict};
use std::collections::BTreeSet;

/// What the model finds.
const SUM: &str = "W-01";

/// Rules that do not bear each other out, for ordinary programs do both: who asks for the address of a machine tells it
/// to somebody, and running what was fetched and asking for an address are most of the sum where they meet it.
const KIN: [(&str, &str); 3] = [("I-13", "I-54"), ("M-01", SUM), ("I-13", SUM)];

/// The verdict and a score from 0 to 100.
///
/// One critical finding is malicious, and so are two different high ones at two places of one file, one beside a high
/// sum of the model (unless they are of one kin); high findings without such company are suspicious; anything less is
/// notable. A user's own project is judged by the same measure.
pub fn judge(findings: &[Finding]) -> (Verdict, u32) {
    let worst = findings.iter().map(|finding| finding.severity).max();
    let high: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == Severity::High).collect();
    // Two rules that point at one place tell of the same deed. The model only points at the heaviest of those it adds up.
    let agree = |one: &Finding, other: &Finding| {
        let kin =
            |&(a, b): &(&str, &str)| (one.rule == a && other.rule == b) || (one.rule == b && other.rule == a);
        other.path == one.path
            && other.rule != one.rule
            && !KIN.iter().any(kin)
            && (one.rule == SUM || (other.line, other.column) != (one.line, one.column))
    };
    let paired = high.iter().any(|one| high.iter().any(|other| agree(one, other)));
    let verdict = match worst {
        None => Verdict::Clean,
        Some(Severity::Critical) => Verdict::Malicious,
        Some(Severity::High) if paired => Verdict::Malicious,
        Some(Severity::High) => Verdict::Suspicious,
        Some(Severity::Low | Severity::Medium) => Verdict::Notable,
    };
    (verdict, score(findings, verdict))
}

/// Each rule counts once, so that a long file is not worse than a short one; every verdict keeps to its own band.
fn score(findings: &[Finding], verdict: Verdict) -> u32 {
    let rules: BTreeSet<(&str, Severity)> =
        findings.iter().map(|finding| (finding.rule.as_str(), finding.severity)).collect();
    let sum: u32 = rules
        .iter()
        .map(|(_, severity)| match severity {
            Severity::Low => 2,
            Severity::Medium => 8,
            Severity::High => 25,
            Severity::Critical => 40,
        })
        .sum();
    let (floor, ceiling) = match verdict {
        Verdict::Clean => (0, 0),
        Verdict::Notable => (1, 39),
        Verdict::Suspicious => (40, 79),
        Verdict::Malicious => (80, 100),
    };
    (floor + sum).clamp(floor, ceiling)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings on lines of their own.
    fn verdict(found: &[(&str, &str, Severity)]) -> (Verdict, u32) {
        let lines = 1..;
        judged(
            &found
                .iter()
                .zip(lines)
                .map(|(&(rule, path, severity), line)| (rule, path, line, severity))
                .collect::<Vec<_>>(),
        )
    }

    fn judged(found: &[(&str, &str, u32, Severity)]) -> (Verdict, u32) {
        let findings: Vec<Finding> = found
            .iter()
            .map(|&(rule, path, line, severity)| Finding {
                rule: rule.into(),
                title: String::new(),
                severity,
                path: path.into(),
                line,
                column: 1,
                snippet: String::new(),
                why: String::new(),
            })
            .collect();
        judge(&findings)
    }

    #[test]
    fn the_worst_finding_decides_and_two_high_ones_in_a_file_agree() {
        use Severity::{Critical, High, Low, Medium};
        assert_eq!(verdict(&[]), (Verdict::Clean, 0));
        assert_eq!(verdict(&[("a", "f", Low), ("b", "f", Medium)]).0, Verdict::Notable);
        assert_eq!(verdict(&[("a", "f", High), ("b", "g", High)]).0, Verdict::Suspicious);
        assert_eq!(verdict(&[("a", "f", High), ("b", "f", High)]).0, Verdict::Malicious);
        assert_eq!(verdict(&[("a", "f", High), ("b", "g", High), ("c", "h", High)]).0, Verdict::Suspicious);
        assert_eq!(verdict(&[("a", "f", Critical)]).0, Verdict::Malicious);
    }

    #[test]
    fn two_rules_that_point_at_one_place_are_one_witness() {
        use Severity::High;
        assert_eq!(judged(&[("a", "f", 7, High), ("b", "f", 7, High)]).0, Verdict::Suspicious);
        assert_eq!(judged(&[("a", "f", 7, High), ("b", "f", 9, High)]).0, Verdict::Malicious);
        assert_eq!(judged(&[("a", "f", 7, High), ("W-01", "f", 7, High)]).0, Verdict::Malicious);
        assert_eq!(judged(&[("a", "f", 7, High), ("W-01", "g", 7, High)]).0, Verdict::Suspicious);
        assert_eq!(judged(&[("M-01", "f", 7, High), ("W-01", "f", 9, High)]).0, Verdict::Suspicious);
        assert_eq!(judged(&[("I-54", "f", 7, High), ("I-13", "f", 9, High)]).0, Verdict::Suspicious);
    }

    #[test]
    fn scores_keep_to_the_band_of_their_verdict() {
        let many: Vec<String> = (0..50).map(|number| number.to_string()).collect();
        let medium: Vec<_> = many.iter().map(|rule| (rule.as_str(), "f", Severity::Medium)).collect();
        assert_eq!(verdict(&medium), (Verdict::Notable, 39));
        assert_eq!(verdict(&[("a", "f", Severity::Critical)]).1, 100);
    }
}
