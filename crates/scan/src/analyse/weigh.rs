//! A small model: facts about files that run together, each with a weight that was fitted on real packages.
//!
//! Combinations name what is certain; the model adds up what is merely telling. Every weight is at least
//! nothing, so that more evidence never makes a package look better, and the finding lists them all.

use super::evidence::Evidence;
use super::lexing::Language;
use super::shape::shape;
use super::signal::{Signal, Signals};
use crate::PackageFiles;
use doorward_protocol::{Severity, Stage};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What files that run together show, as names of facts such as `import.SendsIdentity`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Every fact once, with the file and the offset that show it where it is not the package's shape.
    pub names: BTreeMap<String, Option<(usize, usize)>>,
}

/// What the model makes of some facts.
pub(super) struct Weighed<'a> {
    facts: &'a Facts,
    /// The summed weight, `0` where nothing tells.
    pub(super) sum: f64,
    /// The facts that count, heaviest first.
    pub(super) parts: Vec<(&'a str, f64)>,
}

impl Weighed<'_> {
    /// How bad the sum is.
    pub(super) fn severity(&self) -> Option<Severity> {
        match self.sum {
            sum if sum >= self.least(weights().malicious) => Some(Severity::Critical),
            sum if sum >= self.least(weights().suspicious) => Some(Severity::High),
            _ => None,
        }
    }

    /// The sum from which on this is as bad as what reaches `threshold` in a small package. Where there is much code, more
    /// of it comes together by chance, but not in what installing it runs.
    fn least(&self, threshold: f64) -> f64 {
        const LARGE: f64 = 1.25;
        let is_small = self.facts.names.contains_key("package.small");
        let installs = self.parts.iter().any(|(name, _)| name.starts_with("install."));
        threshold * if is_small || installs { 1.0 } else { LARGE }
    }

    /// Where the heaviest fact with a place stands: a file's number and an offset.
    pub(super) fn place(&self) -> Option<(usize, usize)> {
        self.parts.iter().find_map(|(fact, _)| *self.facts.names.get(*fact)?)
    }

    /// The reasons in words: each fact with its weight.
    pub(super) fn reasons(&self) -> String {
        let parts: Vec<String> =
            self.parts.iter().map(|(fact, weight)| format!("{fact} {weight:+.1}")).collect();
        format!(
            "Together these weigh {:.1}, where {:.1} is suspicious and {:.1} malicious: {}.",
            self.sum,
            self.least(weights().suspicious),
            self.least(weights().malicious),
            parts.join(", ")
        )
    }
}

/// Adds up what the facts weigh.
pub(super) fn weigh(facts: &Facts) -> Weighed<'_> {
    let table = weights();
    let mut parts: Vec<(&str, f64)> = facts
        .names
        .keys()
        .filter_map(|name| Some((name.as_str(), *table.weights.get(name).filter(|weight| **weight != 0.0)?)))
        .collect();
    parts.sort_by(|one, two| two.1.total_cmp(&one.1));
    let (shape, deeds): (Vec<f64>, Vec<f64>) = parts
        .iter()
        .map(|&(name, weight)| if is_shape(name) { (weight, 0.0) } else { (0.0, weight) })
        .unzip();
    let sum = shape.iter().sum::<f64>().min(table.most_of_shape) + deeds.iter().sum::<f64>();
    Weighed { facts, sum, parts }
}

/// Files that are merely imported by one another say little together where there are more of them.
pub(super) const MOST_TOGETHER: usize = 8;

/// Every group of Python files of a package that run together, with its facts.
pub(super) fn facts(
    package: &PackageFiles<'_>,
    gathered: &[Option<Evidence<'_>>],
    name: Signals,
) -> Vec<Facts> {
    let mut shape: Shape = shape(package).into_iter().map(|name| (name, None)).collect();
    shape.extend(name.names().map(|signal| (format!("package.{signal:?}"), None)));
    let odd = odd_content(package, &shape);
    let has_odd = !odd.is_empty();
    shape.extend(odd);
    let python: Vec<Member<'_, '_>> = gathered
        .iter()
        .enumerate()
        .filter_map(|(file, evidence)| Some((file, evidence.as_ref()?)))
        .filter(|(_, evidence)| super::evidence::language_of(evidence.file) == Language::Python)
        .collect();
    let mut groups: Vec<Vec<Member<'_, '_>>> = Vec::new();
    let install: Vec<_> =
        python.iter().copied().filter(|(_, evidence)| evidence.stage == Stage::Install).collect();
    if (2..=MOST_TOGETHER).contains(&install.len()) {
        groups.push(install);
    }
    groups.extend(python.iter().map(|member| vec![*member]));
    if shape.contains_key("package.small") && python.len() > 1 {
        groups.push(python.iter().copied().filter(|(_, evidence)| !evidence.aside).collect());
    }
    groups.retain(|group| !group.is_empty());
    if groups.is_empty() && has_odd {
        groups.push(Vec::new());
    }
    groups.iter().map(|group| facts_of(group, &shape)).collect()
}

/// What holds for the whole package, with the place that shows it.
type Shape = BTreeMap<String, Option<(usize, usize)>>;

/// What a small honest library does as well, once it is called.
const EVERYDAY: Signals = Signals::of(&[
    Signal::Fetch,
    Signal::Send,
    Signal::Spawn,
    Signal::Eval,
    Signal::Decode,
    Signal::Decrypt,
    Signal::Blob,
    Signal::HomeFolder,
    Signal::TemporaryFile,
    Signal::AppendFile,
    Signal::Identity,
    Signal::EnvironmentKey,
    Signal::DnsLookup,
    Signal::PagesHost,
    Signal::Downloader,
    Signal::TlsOff,
    Signal::Detach,
    Signal::Clipboard,
    Signal::SendsFile,
    Signal::DropsFetched,
    Signal::MakeExecutable,
]);

/// What can be done with data that was encoded.
const ACTS: Signals = Signals::of(&[
    Signal::Eval,
    Signal::EvalDecoded,
    Signal::OpaqueCode,
    Signal::HiddenCall,
    Signal::Spawn,
    Signal::AppendFile,
    Signal::RunsDecoded,
    Signal::Shellcode,
    Signal::Fetch,
    Signal::Send,
    Signal::Decrypt,
]);

/// A file of the package by its number, with its evidence.
type Member<'e, 'a> = (usize, &'e Evidence<'a>);

fn facts_of(group: &[Member<'_, '_>], shape: &Shape) -> Facts {
    let mut names = shape.clone();
    // The same deed tells more where it is nearly, or really, all that there is.
    let is_tiny = shape.contains_key("package.tiny");
    let is_hollow = shape.contains_key("package.hollow");
    // And where nobody says what it is for, or on which terms.
    let is_bare = is_tiny && shape.contains_key("package.undescribed");
    let is_unlicensed = is_tiny && shape.contains_key("package.no-license");
    for (file, evidence) in group {
        let stage = match evidence.stage {
            Stage::Install => "install",
            Stage::Build => "build",
            _ if evidence.aside => "aside",
            _ => "import",
        };
        for hit in &evidence.hits {
            let when = if hit.live || stage == "aside" { stage } else { "waits" };
            let place = Some((*file, hit.offset));
            names.entry(format!("{when}.{:?}", hit.signal)).or_insert(place);
            if is_tiny && when != "aside" && (hit.live || !EVERYDAY.has(hit.signal)) {
                for (is, kind) in [(true, "tiny"), (is_bare, "bare"), (is_unlicensed, "unlicensed")] {
                    if is {
                        names.entry(format!("{kind}.{:?}", hit.signal)).or_insert(place);
                    }
                }
            }
            if is_hollow && when != "aside" {
                names.entry(format!("hollow.{:?}", hit.signal)).or_insert(place);
            }
        }
        if !evidence.aside {
            names.extend(texture(evidence.file.bytes).map(|name| (format!("text.{name}"), None)));
        }
    }
    // Encoded data that no line runs, writes or sends is data.
    let acts = |(_, evidence): &Member<'_, '_>| evidence.all().meets(ACTS);
    if !group.iter().any(acts) {
        names.retain(|name, _| !name.ends_with(".Blob") && !name.ends_with(".Decode"));
    }
    // Naming a host and contacting it is one deed.
    for when in ["install", "build", "import", "waits", "tiny", "bare", "unlicensed", "hollow"] {
        if names.contains_key(&format!("{when}.ContactsDrop")) {
            names.remove(&format!("{when}.DropHost"));
        }
    }
    Facts { names }
}

/// How a file is written: what no hand types.
fn texture(bytes: &[u8]) -> impl Iterator<Item = &'static str> {
    let longest = bytes.split(|&byte| byte == b'\n').map(<[u8]>::len).max().unwrap_or(0);
    let escapes = memchr::memmem::find_iter(bytes, b"\\x").take(61).count();
    let swallowed = memchr::memmem::find(bytes, b"except:").is_some()
        || memchr::memmem::find(bytes, b"except Exception:\n").is_some();
    [
        (longest > 1500, "long-line"),
        (longest > 20_000, "very-long-line"),
        (bytes.len() < 3000, "short-file"),
        (swallowed, "swallows-errors"),
        (bytes.len() > 1500 && longest * 2 > bytes.len(), "one-line"),
        (escapes > 60, "escapes"),
        (mangled_names(bytes) > 15, "mangled-names"),
    ]
    .into_iter()
    .filter_map(|(is, name)| is.then_some(name))
}

/// Names that nobody can read: `O0OO0O`, `IlIIlI`, `________`.
fn mangled_names(bytes: &[u8]) -> usize {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_mangled = |name: &&[u8]| {
        let only = |letters: &[u8]| name.iter().all(|byte| letters.contains(byte));
        (8..80).contains(&name.len())
            && !name[0].is_ascii_digit()
            && (only(b"O0o_") || only(b"Il1_") || only(b"_"))
    };
    bytes.split(|byte| !is_name(byte)).filter(is_mangled).take(16).count()
}

/// Packages that call themselves a trial of such things.
fn odd_content(package: &PackageFiles<'_>, shape: &Shape) -> Shape {
    const SMALL: usize = 64 << 10;
    const CONFESSIONS: [&str; 9] = [
        "dependency confusion",
        "typosquat",
        "typo squat",
        "bug bounty",
        "hackerone",
        "bugcrowd",
        "proof of concept",
        "proof-of-concept",
        "malicious",
    ];
    let mut odd = Shape::new();
    if package.manifest.pypi.is_none() {
        return odd;
    }
    for (index, file) in package.files.iter().enumerate() {
        let is_told = shape.contains_key("package.tiny") && file.bytes.len() <= SMALL;
        if is_told && !super::evidence::is_aside(file.path) {
            let text = file.bytes.to_ascii_lowercase();
            if let Some(at) = CONFESSIONS.iter().find_map(|word| memchr::memmem::find(&text, word.as_bytes()))
            {
                odd.entry("said.Confesses".into()).or_insert(Some((index, at)));
            }
        }
    }
    odd
}

/// What a package says of itself only adds to what its code does: anybody can write a description.
fn is_shape(name: &str) -> bool {
    name.starts_with("package.") || name.starts_with("text.")
}

const WEIGHTS: &str = include_str!("../../../../assets/rules/weights.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Weights {
    suspicious: f64,
    malicious: f64,
    most_of_shape: f64,
    weights: BTreeMap<String, f64>,
}

fn weights() -> &'static Weights {
    static READ: OnceLock<Weights> = OnceLock::new();
    READ.get_or_init(|| {
        // The file is compiled in; a unit test reads it.
        toml::from_str(WEIGHTS).unwrap_or(Weights {
            suspicious: f64::MAX,
            malicious: f64::MAX,
            most_of_shape: 0.0,
            weights: BTreeMap::new(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_well_formed_and_never_excuse() {
        let weights: Weights = toml::from_str(WEIGHTS).expect("the weights");
        assert!(weights.malicious > weights.suspicious && weights.suspicious > 0.0);
        assert!(weights.weights.values().all(|weight| *weight >= 0.0));
    }
}
