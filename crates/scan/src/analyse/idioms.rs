//! Ways of writing that hide what code does: each is worth a line in the report, none a verdict.
//!
//! `assets/rules/idioms.toml` lists them. They are looked for last, so that a graver finding of the same kind stands
//! alone, and only in files that users of the package come to run.

use super::evidence::{Evidence, is_aside, is_binary, is_declaration, language_of};
use super::lexing::{Kind, Language, Lexed, lex};
use super::report::{Report, Words};
use super::rules;
use super::signal::{Signal, Signals};
use crate::{PackageFiles, SourceFile};
use doorward_protocol::Severity;
use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use std::sync::OnceLock;

/// Longer files are bundles and tables.
const LONGEST: usize = 1 << 20;

/// Tells each idiom once a file.
pub(super) fn inspect(package: &PackageFiles<'_>, gathered: &[Option<Evidence<'_>>], report: &mut Report) {
    for (file, evidence) in package.files.iter().zip(gathered) {
        let language = language_of(file);
        let is_read = language != Language::Text
            && file.bytes.len() <= LONGEST
            && !is_aside(file.path)
            && !is_declaration(file.path)
            && !is_binary(file.bytes);
        if is_read {
            let shown = evidence.as_ref().map(Evidence::all).unwrap_or_default();
            read(file, language, shown, report);
        }
    }
}

fn read(file: &SourceFile<'_>, language: Language, shown: Signals, report: &mut Report) {
    let mut lexed = None;
    let applies = |idiom: &&Idiom| {
        idiom.language.is_none_or(|only| only == language)
            && idiom.shows.is_none_or(|signal| shown.has(signal))
    };
    for idiom in idioms().iter().filter(applies) {
        if report.has(idiom.rule, file.path) {
            continue;
        }
        if let Some(offset) = idiom.place_in(file.bytes, language, &mut lexed) {
            let words = Words { title: idiom.title.clone(), why: idiom.why.clone() };
            report.say(idiom.rule, file, offset, Severity::Low, words);
        }
    }
}

/// One way of writing.
struct Idiom {
    rule: &'static str,
    title: Option<String>,
    /// `None` for all.
    language: Option<Language>,
    kind: Kind,
    shows: Option<Signal>,
    needs: Vec<Finder<'static>>,
    pattern: Regex,
    why: String,
}

impl Idiom {
    /// Where the idiom stands first; the file is split into code, strings and comments only if it may be there.
    fn place_in(&self, bytes: &[u8], language: Language, lexed: &mut Option<Lexed>) -> Option<usize> {
        /// A file that only quotes an idiom, over and over, is not read for ever.
        const TRIED: usize = 50;
        if self.needs.iter().any(|word| word.find(bytes).is_none()) {
            return None;
        }
        let mut places = self.pattern.find_iter(bytes).map(|found| found.start()).take(TRIED);
        places.find(|&offset| lexed.get_or_insert_with(|| lex(language, bytes)).kind_at(offset) == self.kind)
    }
}

const IDIOMS: &str = include_str!("../../../../assets/rules/idioms.toml");

/// The file of idioms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdiomFile {
    idiom: Vec<Entry>,
}

/// One idiom as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    title: Option<String>,
    language: In,
    place: Place,
    shows: Option<Signal>,
    #[serde(default)]
    needs: Vec<String>,
    pattern: String,
    why: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum In {
    All,
    Script,
    Python,
    Rust,
    Shell,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Code,
    Text,
    Comment,
}

impl Entry {
    /// `None` where the rule is unknown or the pattern is none; a unit test reads every one of them.
    fn compile(self) -> Option<Idiom> {
        Some(Idiom {
            rule: &rules::text(&self.rule)?.id,
            title: self.title,
            language: match self.language {
                In::All => None,
                In::Script => Some(Language::Script),
                In::Python => Some(Language::Python),
                In::Rust => Some(Language::Rust),
                In::Shell => Some(Language::Shell),
            },
            kind: match self.place {
                Place::Code => Kind::Code,
                Place::Text => Kind::Text,
                Place::Comment => Kind::Comment,
            },
            shows: self.shows,
            needs: self.needs.iter().map(|word| Finder::new(word.as_bytes()).into_owned()).collect(),
            pattern: RegexBuilder::new(&self.pattern).unicode(false).build().ok()?,
            why: self.why,
        })
    }
}

fn idioms() -> &'static [Idiom] {
    static READ: OnceLock<Vec<Idiom>> = OnceLock::new();
    READ.get_or_init(|| {
        let file = toml::from_str(IDIOMS).unwrap_or(IdiomFile { idiom: Vec::new() });
        file.idiom.into_iter().filter_map(Entry::compile).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_idiom_is_well_formed() {
        let file: IdiomFile = toml::from_str(IDIOMS).expect("the idioms");
        assert_eq!(file.idiom.len(), idioms().len());
        assert!(idioms().iter().all(|idiom| idiom.why.ends_with('.') && !idiom.why.contains('!')));
    }
}
