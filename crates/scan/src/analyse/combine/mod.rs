//! Combinations of signals that mean something, by the stage at which their files run.

mod rule;
mod table;

use super::evidence::{Evidence, language_of};
use super::lexing::Language;
use super::report::Report;
use super::signal::{Hit, Signals, TELLING};
use doorward_protocol::Severity::{High, Low, Medium};
use doorward_protocol::Stage;
use rule::Rule;
use table::{ALWAYS, CAMPAIGN, rules};

/// Files that act together: an install script with what it loads, or one file by itself.
pub(super) struct Scope<'e, 'a> {
    /// When they run.
    pub(super) stage: Stage,
    /// The files, the one that starts first.
    pub(super) files: Vec<&'e Evidence<'a>>,
    /// Count code that waits in functions, too.
    pub(super) waiting_too: bool,
    /// What the rest of the package adds to every file.
    pub(super) package: Signals,
    /// True in a Python package with much code.
    pub(super) much: bool,
}

/// Adds what the scope's signals mean together.
pub(super) fn combine(scope: &Scope<'_, '_>, report: &mut Report) {
    let signals = scope.files.iter().fold(scope.package, |all, evidence| all.and(scope.signals(evidence)));
    let mut told: Vec<&str> = Vec::new();
    let language = scope.files.first().map(|evidence| language_of(evidence.file));
    let is_used = matches!(scope.stage, Stage::Import | Stage::Runtime) && language == Some(Language::Python);
    let much = is_used && scope.much;
    let applies = |rule: &&Rule| {
        rule.at.contains(&scope.stage) && (rule.language.is_none() || rule.language == language)
    };
    for rule in rules().filter(applies) {
        if told.contains(&rule.id) || told.contains(&rule.unless) || !rule.holds(signals) {
            continue;
        }
        if let Some((evidence, hit)) = scope.first(rule) {
            if report.has(rule.id, evidence.file.path) {
                continue;
            }
            // What deceives its readers does so whoever loads it, and wallets are hooked by the scripts of pages.
            let is_anywhere =
                rule.at.len() == ALWAYS.len() && (!rule.id.starts_with("R-") || rule.id == "R-15");
            let most = if rule.first == CAMPAIGN {
                rule.most
            } else if evidence.aside {
                rule.most.min(Low)
            } else if evidence.foreign && !is_anywhere {
                rule.most.min(Medium)
            } else if much && !rule.id.starts_with('O') {
                // Whoever writes much code does one of these things now and then, and means no harm; words that merely
                // stand in one file say less than what was followed, or what importing the package runs.
                let runs = scope.stage == Stage::Import && rule.id.starts_with('M');
                rule.most.min(if runs || rule.rests_on(TELLING) { High } else { Medium })
            } else if is_used && rule.id.starts_with('P') && !rule.rests_on(TELLING) {
                // Some packages are made to change what starts, or who may log in.
                rule.most.min(High)
            } else {
                rule.most
            };
            report.add(rule.id, evidence.file, hit.offset, most);
            told.push(rule.id);
        }
    }
}

impl<'e, 'a> Scope<'e, 'a> {
    fn signals(&self, evidence: &Evidence<'_>) -> Signals {
        if self.waiting_too { evidence.all() } else { evidence.live() }
    }

    /// The place a finding points at.
    fn first(&self, rule: &Rule) -> Option<(&'e Evidence<'a>, &'e Hit)> {
        let alone = |evidence: &Evidence<'_>| self.package.and(self.signals(evidence));
        self.files.iter().filter(|evidence| !rule.in_one_file || rule.holds(alone(evidence))).find_map(
            |evidence| {
                let may_be_bundle = rule.close && language_of(evidence.file) == Language::Script;
                let company = may_be_bundle.then(|| self.company(rule, evidence));
                let counts = |hit: &&Hit| {
                    rule.first.has(hit.signal)
                        && (self.waiting_too || hit.live)
                        && company.iter().flatten().all(|places| is_close(places, hit.offset))
                };
                Some((*evidence, evidence.hits.iter().find(counts)?))
            },
        )
    }

    /// Where the file shows what must stand beside the rule's first signals, by the sets that name it.
    fn company(&self, rule: &Rule, evidence: &Evidence<'_>) -> Vec<Vec<usize>> {
        let wanted = rule.others.iter().filter(|&&set| !self.package.meets(set));
        let places = |set: &Signals| {
            let hits =
                evidence.hits.iter().filter(|hit| set.has(hit.signal) && (self.waiting_too || hit.live));
            let mut places: Vec<usize> = hits.map(|hit| hit.offset).collect();
            places.sort_unstable();
            places
        };
        wanted.map(places).collect()
    }
}

/// True where one of these places, in order, is at most 64 KiB away, as far as one program's parts are.
fn is_close(places: &[usize], offset: usize) -> bool {
    const NEAR: usize = 64 << 10;
    let next = places.partition_point(|&place| place < offset.saturating_sub(NEAR));
    places.get(next).is_some_and(|&place| place <= offset + NEAR)
}

impl Rule {
    /// True where one of these signals is a part of it.
    fn rests_on(&self, signals: Signals) -> bool {
        self.first.meets(signals) || self.others.iter().any(|set| set.meets(signals))
    }

    fn holds(&self, signals: Signals) -> bool {
        signals.shared(self.first) >= self.count && self.others.iter().all(|&set| signals.meets(set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::rules::text;

    #[test]
    fn every_combination_has_its_words() {
        for rule in rules() {
            assert!(text(rule.id).is_some(), "{} has no text in assets/rules", rule.id);
        }
    }
}
