//! The words of the rules, from `assets/rules`.

use doorward_protocol::Severity;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What a rule says to a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Stable identifier, such as `B-01`.
    pub id: String,
    /// What was found, in a few words.
    pub title: String,
    /// The most it can weigh; where it stands may make it weigh less.
    pub severity: Severity,
    /// Why it matters, in a sentence.
    pub why: String,
    /// What to do about it.
    pub advice: String,
}

/// Every rule, in the order of their identifiers.
pub fn all() -> impl Iterator<Item = &'static RuleText> {
    catalog().values()
}

/// The words of one rule.
pub fn text(id: &str) -> Option<&'static RuleText> {
    catalog().get(id)
}

const FILES: &[&str] = &[
    include_str!("../../../../assets/rules/install.toml"),
    include_str!("../../../../assets/rules/build.toml"),
    include_str!("../../../../assets/rules/import.toml"),
    include_str!("../../../../assets/rules/runtime.toml"),
    include_str!("../../../../assets/rules/camouflage.toml"),
    include_str!("../../../../assets/rules/persistence.toml"),
    include_str!("../../../../assets/rules/agents.toml"),
    include_str!("../../../../assets/rules/list.toml"),
];

#[derive(Deserialize)]
struct RuleFile {
    rule: Vec<RuleText>,
}

fn catalog() -> &'static BTreeMap<String, RuleText> {
    static CATALOG: OnceLock<BTreeMap<String, RuleText>> = OnceLock::new();
    CATALOG.get_or_init(|| {
        // The files are compiled in; a unit test reads every one of them.
        let files = FILES.iter().filter_map(|file| toml::from_str::<RuleFile>(file).ok());
        files.flat_map(|file| file.rule).map(|rule| (rule.id.clone(), rule)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_file_is_well_formed_and_every_identifier_is_unique() {
        let mut count = 0;
        for file in FILES {
            count += toml::from_str::<RuleFile>(file).expect("a rule file").rule.len();
        }
        assert_eq!(count, catalog().len());
        assert!(
            all()
                .all(|rule| rule.why.ends_with('.') && !rule.why.contains('!') && !rule.title.ends_with('.'))
        );
    }
}
