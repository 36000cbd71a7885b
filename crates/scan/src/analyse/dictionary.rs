//! The words the scanner looks for, each with what it shows and where it must stand.
//!
//! One automaton searches a whole file for all of them at once; everything else works from its hits.

use super::lexing::{Kind, Language, is_word};
use super::signal::Signal;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::Deserialize;
use std::sync::OnceLock;

/// Where a word must stand to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// In a string.
    Text,
    /// In code.
    Code,
    /// In code or in a string.
    Live,
    /// Anywhere, comments too.
    Everywhere,
}

/// The languages in which a word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum In {
    All,
    Script,
    Python,
    Rust,
}

impl In {
    fn admits(self, language: Language) -> bool {
        match self {
            Self::All => true,
            Self::Script => language == Language::Script,
            Self::Python => language == Language::Python,
            Self::Rust => language == Language::Rust,
        }
    }
}

/// What one word shows.
struct Entry {
    word: String,
    signal: Signal,
    place: Place,
    languages: In,
}

/// A word found, before anyone knows whether it stands in code, a string or a comment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    entry: usize,
    /// Byte offset of its first byte.
    pub(super) start: usize,
    /// Byte offset after its last byte.
    pub(super) end: usize,
}

impl Match {
    /// What the word shows, if it counts in this language and at such a place.
    pub(super) fn signal(self, language: Language, kind: Kind) -> Option<Signal> {
        let entry = &dictionary().entries[self.entry];
        let placed = match entry.place {
            Place::Everywhere => true,
            Place::Live => kind != Kind::Comment,
            Place::Text => {
                kind == Kind::Text
                    || kind == Kind::Code && matches!(language, Language::Shell | Language::Text)
            }
            Place::Code => kind == Kind::Code,
        };
        (placed && entry.languages.admits(language)).then_some(entry.signal)
    }

    /// What the word shows where the text was hidden: decoded text is code and string at once.
    pub(super) fn decoded_signal(self) -> Signal {
        dictionary().entries[self.entry].signal
    }
}

/// All words in `text` that stand on their own, in order of their ends.
pub(super) fn search(text: &[u8]) -> impl Iterator<Item = Match> {
    let dictionary = dictionary();
    dictionary.automaton.iter().flat_map(move |automaton| {
        automaton.find_overlapping_iter(text).filter_map(move |found| {
            let candidate =
                Match { entry: found.pattern().as_usize(), start: found.start(), end: found.end() };
            stands_alone(text, candidate.start, candidate.end).then_some(candidate)
        })
    })
}

/// The first word that is known of one campaign. There are so few that whole trees of texts and maps, in which no
/// other word counts, are gone through many times faster than [`search`] would.
pub(super) fn campaign(text: &[u8]) -> Option<usize> {
    let automaton = dictionary().campaigns.as_ref()?;
    automaton
        .find_iter(text)
        .find(|found| stands_alone(text, found.start(), found.end()))
        .map(|found| found.start())
}

/// A word must not be the middle of a longer one: `.ssh` counts in `~/.ssh`, not in `host.sshd`.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).map_or(b' ', |at| text[at]);
    let after = text.get(end).copied().unwrap_or(b' ');
    let first = text[start];
    let last = text[end - 1];
    let opens = match first {
        b'.' => !is_word(before) && before != b')' && before != b']' && before != b'}',
        _ if is_word(first) => !is_word(before),
        _ => true,
    };
    opens && !(is_word(last) && is_word(after) && after < 0x80)
}

struct Dictionary {
    entries: Vec<Entry>,
    automaton: Option<AhoCorasick>,
    /// Finds the words of campaigns alone.
    campaigns: Option<AhoCorasick>,
}

const WORDS: &str = include_str!("../../../../assets/rules/words.toml");

/// The file of words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordFile {
    words: Vec<WordGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordGroup {
    signal: Signal,
    place: Place,
    language: In,
    words: Vec<String>,
}

fn dictionary() -> &'static Dictionary {
    static DICTIONARY: OnceLock<Dictionary> = OnceLock::new();
    DICTIONARY.get_or_init(|| {
        // The file is compiled in; a unit test reads it and builds the automaton.
        let file = toml::from_str(WORDS).unwrap_or(WordFile { words: Vec::new() });
        let entries: Vec<Entry> = file.words.into_iter().flat_map(entries_of).collect();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::Standard)
            .build(entries.iter().map(|entry| entry.word.as_bytes()))
            .ok();
        let of_campaigns = entries.iter().filter(|entry| entry.signal == Signal::Campaign);
        // Only a search for the leftmost match looks at many bytes at once.
        let campaigns = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(of_campaigns.map(|entry| entry.word.as_bytes()))
            .ok();
        Dictionary { entries, automaton, campaigns }
    })
}

fn entries_of(group: WordGroup) -> impl Iterator<Item = Entry> {
    let WordGroup { signal, place, language, words } = group;
    words.into_iter().map(move |word| Entry { word, signal, place, languages: language })
}

#[cfg(test)]
mod tests {
    use super::Signal::*;
    use super::*;

    #[test]
    fn the_dictionary_builds() {
        let file = toml::from_str::<WordFile>(WORDS);
        assert!(file.is_ok(), "{:?}", file.err());
        assert!(dictionary().automaton.is_some());
        assert!(dictionary().entries.len() > 300);
    }

    #[test]
    fn words_must_stand_alone() {
        let signals =
            |text: &str| -> Vec<Signal> { search(text.as_bytes()).map(Match::decoded_signal).collect() };
        assert!(signals("~/.ssh").contains(&SecretSsh));
        assert!(!signals("host.sshd options.ssh").contains(&SecretSsh));
        assert!(signals("x/.aws/credentials").contains(&SecretCloud));
        assert!(!signals("evaluate(").contains(&Eval));
    }
}
