//! Turns rule identifiers and places into findings.

use super::rules;
use super::text;
use crate::SourceFile;
use doorward_protocol::{Finding, Severity, visible};

/// The findings of one package as they come in.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
}

/// What a finding says where the rule's own words are too general.
pub(super) struct Words {
    /// `None` keeps the rule's title.
    pub(super) title: Option<String>,
    pub(super) why: String,
}

impl Report {
    /// Adds a finding at a byte offset; its severity is the rule's, but at most `most`.
    pub(super) fn add(&mut self, rule: &'static str, file: &SourceFile<'_>, offset: usize, most: Severity) {
        let why = rules::text(rule).map(|text| text.why.clone()).unwrap_or_default();
        self.say(rule, file, offset, most, Words { title: None, why });
    }

    /// Adds a finding in words of its own.
    pub(super) fn say(
        &mut self,
        rule: &'static str,
        file: &SourceFile<'_>,
        offset: usize,
        most: Severity,
        words: Words,
    ) {
        let Some(text) = rules::text(rule) else { return };
        let (line, column) = text::position(file.bytes, offset);
        let path = visible(file.path).into_owned();
        let severity = text.severity.min(most);
        let same = |known: &Finding| known.rule == rule && known.path == path && known.line == line;
        if self.findings.iter().any(|known| same(known) && known.severity >= severity) {
            return;
        }
        self.findings.retain(|known| !same(known));
        self.findings.push(Finding {
            rule: rule.to_owned(),
            title: words.title.unwrap_or_else(|| text.title.clone()),
            severity,
            path,
            line,
            column,
            snippet: text::snippet(file.bytes, offset),
            why: visible(&words.why).into_owned(),
        });
    }

    /// True if the rule was found in the file.
    pub(super) fn has(&self, rule: &str, path: &str) -> bool {
        self.findings.iter().any(|known| known.rule == rule && known.path == visible(path))
    }

    /// Path and line of the findings that are at least so severe.
    pub(super) fn places_of(&self, least: Severity) -> impl Iterator<Item = (String, u32)> {
        self.findings
            .iter()
            .filter(move |known| known.severity >= least)
            .map(|known| (known.path.clone(), known.line))
    }

    /// The findings, worst first.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by(|a, b| {
            b.severity
                .cmp(&a.severity)
                .then_with(|| (&a.path, a.line, a.column, &a.rule).cmp(&(&b.path, b.line, b.column, &b.rule)))
        });
        self.findings
    }
}
