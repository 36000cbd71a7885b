//! What a package's name and version alone give away. None of it is proof: a name only says where to look twice.

mod confusion;
mod edits;
mod lure;

pub use confusion::poses_as_internal;
pub use edits::How;
pub use lure::lures;

use crate::feed;
use doorward_protocol::Ecosystem;
use std::collections::HashMap;
use std::sync::OnceLock;

/// A widely used package that a name could be taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookAlike {
    /// The widely used name.
    pub imitates: String,
    /// What tells the two names apart.
    pub how: How,
}

impl LookAlike {
    /// True where nobody would choose such a name by accident; an affix alone is often an honest add-on.
    pub fn is_close(&self) -> bool {
        self.how != How::Affix
    }
}

/// The widely used package that a name imitates; `None` for names that are widely used themselves.
pub fn look_alike(ecosystem: Ecosystem, name: &str) -> Option<LookAlike> {
    let index = index(ecosystem);
    let name = comparable(ecosystem, name);
    if index.ranks.contains_key(&name) || name.len() > 100 {
        return None;
    }
    let found = |imitates: String, how| Some(LookAlike { imitates, how });
    if let Some(known) = index.squeezed.get(&squeezed(&name))
        && known.len() >= 5
        && may_drop(scope_of(known), scope_of(&name))
    {
        return found(known.clone(), How::Separator);
    }
    let close = edits::of(&name).find(|(candidate, how)| index.is_target(candidate, *how));
    if let Some((imitates, how)) = close {
        return found(imitates, how);
    }
    if let Some((scope, rest)) = name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        // A scope of one's own is nothing; one that reads like a well-known scope is.
        let near = |candidate: &(String, How)| {
            candidate.0.len() >= 5 && index.scopes.get(&candidate.0).is_some_and(|&count| count >= 3)
        };
        let known = index.scopes.contains_key(scope);
        let close = edits::of(scope).find(|candidate| !known && near(candidate));
        return close.and_then(|(scope, how)| found(format!("@{scope}/{rest}"), how));
    }
    edits::without_affix(&name)
        .find(|base| {
            base.len() >= 4 && index.ranks.get(*base).is_some_and(|&rank| rank <= MOST_RANK_OF_AFFIXED)
        })
        .and_then(|base| found(base.to_owned(), How::Affix))
}

/// Names further down the list are too little known to be worth an imitation.
const MOST_RANK: u32 = 4000;
const MOST_RANK_OF_AFFIXED: u32 = 400;

/// The widely used names of one ecosystem.
struct Index {
    ranks: HashMap<String, u32>,
    /// Names without separators and scope marks, for those that differ in nothing else.
    squeezed: HashMap<String, String>,
    /// Scopes, and how many of the best known packages each one holds.
    scopes: HashMap<String, usize>,
}

impl Index {
    fn new(ecosystem: Ecosystem) -> Self {
        let mut ranks = HashMap::new();
        for name in feed::popular_names(ecosystem) {
            let rank = feed::popularity(ecosystem, &name).unwrap_or(0);
            ranks.insert(comparable(ecosystem, &name), rank);
        }
        if ecosystem == Ecosystem::Cargo {
            ranks.extend(CRATES.lines().map(|name| (comparable(ecosystem, name), 0)));
        }
        let mut squeezed_names = HashMap::new();
        let mut scopes: HashMap<String, usize> = HashMap::new();
        for (name, &rank) in &ranks {
            if let Some(scope) = scope_of(name) {
                *scopes.entry(scope.to_owned()).or_default() += usize::from(rank <= MOST_RANK);
            }
            if rank > MOST_RANK {
                continue;
            }
            // Of two names that only separators tell apart the better known one is the one imitated.
            let known = squeezed_names.entry(squeezed(name)).or_insert((rank, name));
            *known = (*known).min((rank, name));
        }
        let squeezed = squeezed_names.iter().map(|(key, (_, name))| (key.clone(), (*name).clone()));
        Self { squeezed: squeezed.collect(), scopes, ranks }
    }

    fn is_target(&self, candidate: &str, how: How) -> bool {
        let Some(&rank) = self.ranks.get(candidate) else { return false };
        // Short names are near each other by nature.
        let bare = candidate.rsplit('/').next().unwrap_or(candidate);
        let (shortest, most_rank) = match how {
            How::Swapped | How::Repeated | How::Homoglyph => (5, MOST_RANK),
            _ => (6, MOST_RANK / 2),
        };
        bare.len() >= shortest && rank <= most_rank
    }
}

/// Crates that many use and the feed's list does not name.
const CRATES: &str = include_str!("../../../../assets/lists/popular-crates.txt");

fn index(ecosystem: Ecosystem) -> &'static Index {
    static NPM: OnceLock<Index> = OnceLock::new();
    static PYPI: OnceLock<Index> = OnceLock::new();
    static CARGO: OnceLock<Index> = OnceLock::new();
    let cell = match ecosystem {
        Ecosystem::Npm => &NPM,
        Ecosystem::Pypi => &PYPI,
        Ecosystem::Cargo => &CARGO,
    };
    cell.get_or_init(|| Index::new(ecosystem))
}

/// A name in the form in which its registry compares names.
fn comparable(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        Ecosystem::Npm => name.to_lowercase(),
        Ecosystem::Pypi => crate::manifest::canonical_name(name),
        Ecosystem::Cargo => name.to_ascii_lowercase().replace('_', "-"),
    }
}

fn scope_of(name: &str) -> Option<&str> {
    name.strip_prefix('@')?.split_once('/').map(|(scope, _)| scope)
}

/// Many packages moved into a scope and kept their old names outside; only type declarations never had one.
fn may_drop(known: Option<&str>, scope: Option<&str>) -> bool {
    match (known, scope) {
        (None, None) => true,
        (Some(known), None) => known == "types",
        _ => false,
    }
}

fn squeezed(name: &str) -> String {
    name.chars().filter(|character| !matches!(character, '-' | '_' | '.' | '@' | '/')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ecosystem::{Cargo, Npm, Pypi};

    #[track_caller]
    fn imitates(ecosystem: Ecosystem, name: &str, of: &str, how: How) {
        let expected = LookAlike { imitates: of.into(), how };
        assert_eq!(look_alike(ecosystem, name), Some(expected), "{name}");
    }

    #[test]
    fn every_kind_of_imitation_names_what_it_imitates() {
        imitates(Npm, "expres", "express", How::Omitted);
        imitates(Npm, "loadsh", "lodash", How::Swapped);
        imitates(Npm, "axioss", "axios", How::Repeated);
        imitates(Npm, "crossenv", "cross-env", How::Separator);
        imitates(Npm, "types-node", "@types/node", How::Separator);
        imitates(Npm, "@bable/core", "@babel/core", How::Swapped);
        imitates(Npm, "commanfer", "commander", How::Typo);
        imitates(Npm, "lodash-js", "lodash", How::Affix);
        imitates(Pypi, "reqests", "requests", How::Omitted);
        imitates(Pypi, "colourama", "colorama", How::Added);
        imitates(Pypi, "nurnpy", "numpy", How::Homoglyph);
        imitates(Pypi, "pycryptod0me", "pycryptodome", How::Homoglyph);
        imitates(Pypi, "cryptogrqphy", "cryptography", How::Typo);
        imitates(Pypi, "python3-requests", "requests", How::Affix);
        imitates(Cargo, "rustdecimal", "rust-decimal", How::Separator);
        imitates(Cargo, "serde_jsom", "serde-json", How::Typo);
        imitates(Cargo, "tokoi", "tokio", How::Swapped);
    }

    #[test]
    fn widely_used_neighbours_and_honest_names_imitate_nobody() {
        for (ecosystem, names) in [
            (
                Npm,
                ["preact", "mobx", "vuex", "nock", "lodash.merge", "chai", "@vue/cli-service", "my-own-app"],
            ),
            (
                Pypi,
                [
                    "psycopg2-binary",
                    "wsgiref",
                    "flask-login",
                    "pyyaml",
                    "attrs",
                    "fastapi",
                    "tqdm",
                    "internal-tool",
                ],
            ),
            (
                Cargo,
                [
                    "tokio-util",
                    "serde_yaml",
                    "futures-util",
                    "hashbrown",
                    "sha1",
                    "sha2",
                    "doorward-scan",
                    "rand",
                ],
            ),
        ] {
            for name in names {
                assert_eq!(look_alike(ecosystem, name), None, "{name}");
            }
        }
    }

    #[test]
    fn no_widely_used_name_is_taken_for_another() {
        for ecosystem in [Npm, Pypi, Cargo] {
            for name in feed::popular_names(ecosystem) {
                assert_eq!(look_alike(ecosystem, &name), None, "{name}");
            }
        }
    }
}
