//! What a combination is, and how the table writes one.

use super::super::lexing::Language;
use super::super::signal::Signals;
use doorward_protocol::{Severity, Stage};

/// One combination. The finding points at the first hit of `first`.
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) at: &'static [Stage],
    pub(super) first: Signals,
    /// So many different signals of `first`.
    pub(super) count: u32,
    pub(super) others: &'static [Signals],
    pub(super) most: Severity,
    /// Not told where this stronger rule was.
    pub(super) unless: &'static str,
    /// All of it must stand in one file: files that are merely loaded together say little.
    pub(super) in_one_file: bool,
    /// In scripts, all of it must stand close together: bundles hold the words of many programs.
    pub(super) close: bool,
    /// Holds for files of this language only: what is rare in one is ordinary in another.
    pub(super) language: Option<Language>,
}

pub(super) const fn when(
    id: &'static str,
    at: &'static [Stage],
    first: Signals,
    others: &'static [Signals],
    most: Severity,
) -> Rule {
    Rule {
        id,
        at,
        first,
        count: 1,
        others,
        most,
        unless: "",
        in_one_file: false,
        close: false,
        language: None,
    }
}

pub(super) const fn several(count: u32, rule: Rule) -> Rule {
    Rule { count, ..rule }
}

pub(super) const fn unless(stronger: &'static str, rule: Rule) -> Rule {
    Rule { unless: stronger, ..rule }
}

pub(super) const fn in_one_file(rule: Rule) -> Rule {
    Rule { in_one_file: true, ..rule }
}

pub(super) const fn close(rule: Rule) -> Rule {
    Rule { close: true, ..rule }
}

pub(super) const fn python(rule: Rule) -> Rule {
    Rule { language: Some(Language::Python), ..rule }
}

pub(super) const fn script(rule: Rule) -> Rule {
    Rule { language: Some(Language::Script), ..rule }
}

pub(super) const fn rust(rule: Rule) -> Rule {
    Rule { language: Some(Language::Rust), ..rule }
}
