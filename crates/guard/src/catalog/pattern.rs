use std::fmt;
use std::path::{Component, Path};

/// A path pattern: `*` and `?` within one name, `**` across folders, `{a,b}` and `[a-z]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    source: Box<str>,
    alternatives: Box<[Box<[Segment]>]>,
    absolute: bool,
    below_home: bool,
}

/// One part of a pattern between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Any number of folders.
    Deep,
    /// Exactly this name.
    Name(Box<str>),
    /// Names of this shape.
    Shape(Box<[char]>),
}

/// Why a pattern cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is nothing in it.
    #[error("the pattern is empty")]
    Empty,
    /// A bracket or brace is not closed.
    #[error("`{0}` is not closed")]
    Unclosed(char),
    /// It has `.`, `..` or an empty part.
    #[error("`{0}` is not a name that a folder can hold")]
    OddSegment(String),
    /// Its braces multiply to more than 1,024 patterns.
    #[error("the braces stand for more than {MAX_ALTERNATIVES} patterns")]
    TooMany,
}

const MAX_ALTERNATIVES: usize = 1024;

impl Pattern {
    /// Understands a pattern.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        if source.is_empty() {
            return Err(PatternError::Empty);
        }
        let below_home = source.starts_with("~/");
        let absolute = source.starts_with('/');
        let body = source.trim_start_matches("~/").trim_start_matches('/');
        let mut alternatives = Vec::new();
        for text in expand_braces(body)? {
            alternatives.push(text.split('/').map(Segment::new).collect::<Result<Box<[_]>, _>>()?);
        }
        Ok(Self { source: source.into(), alternatives: alternatives.into(), absolute, below_home })
    }

    /// True where the pattern starts at the root rather than at a home or project.
    pub fn is_absolute(&self) -> bool {
        self.absolute
    }

    /// True where the pattern was written with a leading `~/`.
    pub fn is_below_home(&self) -> bool {
        self.below_home
    }

    /// True where the path fits. Absolute patterns want absolute paths, others relative ones.
    pub fn matches(&self, path: &Path) -> bool {
        self.weight(path).is_some()
    }

    /// How exactly the pattern names a path that fits: the more of it is spelt out, the heavier.
    pub fn weight(&self, path: &Path) -> Option<usize> {
        if path.is_absolute() != self.absolute {
            return None;
        }
        let mut names = Vec::new();
        for component in path.components() {
            match component {
                Component::RootDir => {}
                Component::Normal(name) => names.push(name.to_string_lossy()),
                _ => return None,
            }
        }
        let fitting = self.alternatives.iter().filter(|segments| fits(segments, &names));
        fitting.map(|segments| segments.iter().map(Segment::weight).sum()).max()
    }

    pub(super) fn alternatives(&self) -> &[Box<[Segment]>] {
        &self.alternatives
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Segment {
    fn new(text: &str) -> Result<Self, PatternError> {
        match text {
            "**" => Ok(Self::Deep),
            "" | "." | ".." => Err(PatternError::OddSegment(text.into())),
            _ if text.contains(['*', '?', '[']) => {
                let shape: Box<[char]> = text.chars().collect();
                let mut open = false;
                for character in &shape {
                    match character {
                        '[' if !open => open = true,
                        ']' => open = false,
                        _ => {}
                    }
                }
                if open { Err(PatternError::Unclosed('[')) } else { Ok(Self::Shape(shape)) }
            }
            _ => Ok(Self::Name(text.into())),
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Deep => 0,
            Self::Name(name) => 2 * name.chars().count() + 8,
            Self::Shape(shape) => shape.iter().filter(|c| !"*?[]".contains(**c)).count() + 1,
        }
    }

    pub(super) fn fits(&self, name: &str) -> bool {
        match self {
            Self::Deep => true,
            Self::Name(own) => **own == *name,
            Self::Shape(shape) => shape_fits(shape, &name.chars().collect::<Vec<_>>()),
        }
    }
}

fn fits<S: AsRef<str>>(segments: &[Segment], names: &[S]) -> bool {
    // The usual two-pointer wildcard match, over names instead of characters: linear in practice,
    // never exponential, whatever a hostile path looks like.
    let (mut segment, mut name) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while name < names.len() {
        match segments.get(segment) {
            // A closing `**` wants at least one more name: `.ssh/**` is not `.ssh` itself.
            Some(Segment::Deep) => {
                if segment + 1 == segments.len() {
                    return true;
                }
                retry = Some((segment, name));
                segment += 1;
                continue;
            }
            Some(own) if own.fits(names[name].as_ref()) => {
                segment += 1;
                name += 1;
                continue;
            }
            _ => {}
        }
        match retry {
            Some((deep, from)) => {
                retry = Some((deep, from + 1));
                segment = deep + 1;
                name = from + 1;
            }
            None => return false,
        }
    }
    segment == segments.len()
}

pub(super) fn shape_fits(shape: &[char], name: &[char]) -> bool {
    let (mut s, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match shape.get(s) {
            Some('*') => {
                retry = Some((s, n));
                s += 1;
                continue;
            }
            Some('?') => {
                s += 1;
                n += 1;
                continue;
            }
            Some('[') => {
                if let Some(end) = shape[s..].iter().position(|c| *c == ']').map(|at| s + at)
                    && in_set(&shape[s + 1..end], name[n])
                {
                    s = end + 1;
                    n += 1;
                    continue;
                }
            }
            Some(own) if *own == name[n] => {
                s += 1;
                n += 1;
                continue;
            }
            _ => {}
        }
        match retry {
            Some((star, from)) => {
                retry = Some((star, from + 1));
                s = star + 1;
                n = from + 1;
            }
            None => return false,
        }
    }
    shape[s..].iter().all(|c| *c == '*')
}

fn in_set(set: &[char], character: char) -> bool {
    let (negated, set) = match set {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let mut at = 0;
    let mut found = false;
    while at < set.len() {
        if at + 2 < set.len() && set[at + 1] == '-' {
            found |= (set[at]..=set[at + 2]).contains(&character);
            at += 3;
        } else {
            found |= set[at] == character;
            at += 1;
        }
    }
    found != negated
}

fn expand_braces(text: &str) -> Result<Vec<String>, PatternError> {
    let Some(open) = text.find('{') else { return Ok(vec![text.into()]) };
    let (mut depth, mut start, mut choices, mut close) = (0, open + 1, Vec::new(), None);
    for (at, character) in text.char_indices().skip_while(|(at, _)| *at < open) {
        match character {
            '{' => depth += 1,
            ',' if depth == 1 => {
                choices.push(&text[start..at]);
                start = at + 1;
            }
            '}' => {
                depth -= 1;
                if depth == 0 {
                    choices.push(&text[start..at]);
                    close = Some(at);
                    break;
                }
            }
            _ => {}
        }
    }
    let close = close.ok_or(PatternError::Unclosed('{'))?;
    let mut out = Vec::new();
    for choice in choices {
        out.extend(expand_braces(&format!("{}{choice}{}", &text[..open], &text[close + 1..]))?);
        if out.len() > MAX_ALTERNATIVES {
            return Err(PatternError::TooMany);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        Pattern::new(pattern).expect("pattern").matches(Path::new(path))
    }

    #[test]
    fn a_star_stays_within_one_name() {
        assert!(fits(".ssh/id_*", ".ssh/id_ed25519"));
        assert!(!fits(".ssh/id_*", ".ssh/id_x/y"));
        assert!(fits("*.kdbx", "a.kdbx"));
        assert!(!fits("*.kdbx", "x/a.kdbx"));
        assert!(fits(".*_history", ".bash_history"));
        assert!(fits("a*b*c", "a-b-b-c") && !fits("a*b*c", "a-b-b"));
        assert!(fits("?.key", "é.key") && !fits("?.key", ".key"));
    }

    #[test]
    fn two_stars_cross_folders() {
        assert!(fits("**/.env", ".env") && fits("**/.env", "a/b/.env"));
        assert!(!fits("**/.env", "a/.env/b") && !fits("**/.env", "a/x.env"));
        assert!(fits(".gnupg/x/**", ".gnupg/x/a") && fits(".gnupg/x/**", ".gnupg/x/a/b"));
        assert!(!fits(".gnupg/x/**", ".gnupg/x"));
        assert!(fits("a/**/b/**/c", "a/b/b/x/c") && !fits("a/**/b/**/c", "a/x/c"));
    }

    #[test]
    fn braces_and_brackets_are_choices() {
        assert!(fits(".config/{Code,Code - OSS}/x", ".config/Code - OSS/x"));
        assert!(fits("{a,b{c,d}}.x", "bd.x") && !fits("{a,b{c,d}}.x", "b.x"));
        assert!(fits("chrome{,-beta}", "chrome") && fits("chrome{,-beta}", "chrome-beta"));
        assert!(fits("[0-9a]*", "7x") && fits("[0-9a]*", "a") && !fits("[0-9]*", "x"));
        assert!(fits("[!.]x", "ax") && !fits("[!.]x", ".x"));
    }

    #[test]
    fn absolute_and_relative_never_meet() {
        assert!(fits("/etc/shadow*", "/etc/shadow-") && !fits("/etc/shadow", "etc/shadow"));
        assert!(!fits("etc/shadow", "/etc/shadow"));
        assert!(fits("~/.local/bin/x", ".local/bin/x"));
        assert!(!fits("**", "a/../b"), "a path that climbs fits nothing");
    }

    #[test]
    fn mistakes_are_told() {
        assert_eq!(Pattern::new(""), Err(PatternError::Empty));
        assert_eq!(Pattern::new("{a,b"), Err(PatternError::Unclosed('{')));
        assert_eq!(Pattern::new("[ab"), Err(PatternError::Unclosed('[')));
        assert_eq!(Pattern::new("a//b"), Err(PatternError::OddSegment(String::new())));
        assert_eq!(Pattern::new("{a,b}".repeat(11).as_str()), Err(PatternError::TooMany));
    }

    #[test]
    fn hostile_names_cost_no_time() {
        let pattern = Pattern::new(&format!("{}b", "*a".repeat(40))).expect("pattern");
        assert!(!pattern.matches(Path::new(&"a".repeat(250))));
        let deep = Pattern::new(&format!("{}b", "**/a/".repeat(20))).expect("pattern");
        assert!(!deep.matches(Path::new(&"a/".repeat(400))));
    }
}
