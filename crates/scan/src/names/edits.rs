//! The names that one slip of a finger, an eye or a bit leads away from.

/// What tells a name from the one it imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Two neighbouring characters changed places.
    Swapped,
    /// A character stands twice.
    Repeated,
    /// Characters that look alike.
    Homoglyph,
    /// Only separators or the scope's marks differ.
    Separator,
    /// A character is missing.
    Omitted,
    /// A character too many.
    Added,
    /// A neighbouring key, another vowel, or one flipped bit.
    Typo,
    /// Something meaningless stands before or behind it, such as `-js` or `python-`.
    Affix,
}

impl How {
    /// The difference in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Swapped => "two characters changed places",
            Self::Repeated => "a character stands twice",
            Self::Homoglyph => "characters that look alike were exchanged",
            Self::Separator => "only the separators differ",
            Self::Omitted => "a character is missing",
            Self::Added => "a character was added",
            Self::Typo => "one character differs",
            Self::Affix => "only a meaningless addition differs",
        }
    }
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789-";

/// Pairs that look alike, read in both directions.
const GLYPHS: [(&str, &str); 12] = [
    ("0", "o"),
    ("1", "l"),
    ("1", "i"),
    ("l", "i"),
    ("5", "s"),
    ("rn", "m"),
    ("vv", "w"),
    ("cl", "d"),
    ("q", "g"),
    ("3", "e"),
    ("4", "a"),
    ("8", "b"),
];

/// Letters of other scripts that look like these.
const FOREIGN: [(char, &str); 14] = [
    ('а', "a"),
    ('е', "e"),
    ('о', "o"),
    ('р', "p"),
    ('с', "c"),
    ('х', "x"),
    ('у', "y"),
    ('і', "i"),
    ('ѕ', "s"),
    ('ј', "j"),
    ('ο', "o"),
    ('α', "a"),
    ('ν', "v"),
    ('ı', "i"),
];

/// Every name that the given one could be a slip of, the surest kinds first.
pub(super) fn of(name: &str) -> impl Iterator<Item = (String, How)> {
    let ascii = name.is_ascii();
    let bytes: Vec<u8> = if ascii { name.bytes().collect() } else { Vec::new() };
    let foreign = (!ascii).then(|| (without_foreign(name), How::Homoglyph));
    foreign
        .into_iter()
        .chain(swapped(bytes.clone()))
        .chain(glyphs(name.to_owned()))
        .chain(shorter(bytes.clone()))
        .chain(longer(bytes.clone()))
        .chain(typos(bytes))
}

/// The names left when something meaningless is taken off either end.
pub(super) fn without_affix(name: &str) -> impl Iterator<Item = &str> {
    const AFFIXES: [&str; 20] = [
        "js", "node", "nodejs", "npm", "ts", "python", "python3", "py", "py3", "pypi", "pip", "rs", "rust",
        "crate", "lib", "pkg", "official", "latest", "new", "fixed",
    ];
    AFFIXES.iter().flat_map(move |affix| {
        let behind = name.strip_suffix(affix).and_then(|base| base.strip_suffix(['-', '.']));
        let before = name.strip_prefix(affix).and_then(|base| base.strip_prefix(['-', '.']));
        // `requestspy`: only the shortest are glued on.
        let glued = name.strip_suffix(affix).filter(|_| matches!(*affix, "js" | "py" | "rs"));
        [behind, before, glued].into_iter().flatten()
    })
}

fn without_foreign(name: &str) -> String {
    name.chars()
        .map(|character| {
            FOREIGN
                .iter()
                .find(|(foreign, _)| *foreign == character)
                .map_or_else(|| character.to_string(), |(_, letter)| (*letter).to_owned())
        })
        .collect()
}

fn swapped(bytes: Vec<u8>) -> impl Iterator<Item = (String, How)> {
    (1..bytes.len()).filter_map(move |at| {
        let mut other = bytes.clone();
        other.swap(at - 1, at);
        (other != bytes).then(|| (text(other), How::Swapped))
    })
}

fn glyphs(name: String) -> impl Iterator<Item = (String, How)> {
    GLYPHS.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]).flat_map(move |(seen, meant)| {
        let spots: Vec<String> = name
            .match_indices(seen)
            .map(|(at, _)| [&name[..at], meant, &name[at + seen.len()..]].concat())
            .collect();
        spots.into_iter().map(|other| (other, How::Homoglyph))
    })
}

/// One character less: it was repeated, or added.
fn shorter(bytes: Vec<u8>) -> impl Iterator<Item = (String, How)> {
    let once = {
        let bytes = bytes.clone();
        (0..bytes.len()).map(move |at| {
            let mut other = bytes.clone();
            let gone = other.remove(at);
            let repeats = at > 0 && bytes[at - 1] == gone;
            let counts = at + 1 == bytes.len() && gone.is_ascii_digit();
            let how = if counts {
                How::Affix
            } else if repeats {
                How::Repeated
            } else {
                How::Added
            };
            (text(other), how)
        })
    };
    let (repeated, added): (Vec<_>, Vec<_>) = once.partition(|(_, how)| *how == How::Repeated);
    repeated.into_iter().chain(added)
}

fn longer(bytes: Vec<u8>) -> impl Iterator<Item = (String, How)> {
    (0..=bytes.len()).flat_map(move |at| {
        let bytes = bytes.clone();
        LETTERS.bytes().map(move |letter| {
            let mut other = bytes.clone();
            other.insert(at, letter);
            (text(other), How::Omitted)
        })
    })
}

fn typos(bytes: Vec<u8>) -> impl Iterator<Item = (String, How)> {
    (0..bytes.len()).flat_map(move |at| {
        let (bytes, meant) = (bytes.clone(), bytes[at]);
        LETTERS.bytes().filter(move |&letter| letter != meant && is_slip(meant, letter)).map(move |letter| {
            let mut other = bytes.clone();
            other[at] = letter;
            (text(other), How::Typo)
        })
    })
}

/// True where one key, vowel or bit makes one character of the other.
fn is_slip(one: u8, other: u8) -> bool {
    const ROWS: [&[u8]; 4] = [b"1234567890-", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
    const VOWELS: &[u8] = b"aeiou";
    let place = |key: u8| {
        ROWS.iter().enumerate().find_map(|(row, keys)| {
            keys.iter().position(|&known| known == key).map(|column| (row as i32, column as i32))
        })
    };
    let neighbours = match (place(one), place(other)) {
        (Some((row, column)), Some((other_row, other_column))) => {
            // Each row of keys lies half a key to the right of the one above.
            (row - other_row).abs() <= 1 && (column - other_column).abs() <= 1
        }
        _ => false,
    };
    let letters = one.is_ascii_alphabetic() && other.is_ascii_alphabetic();
    letters
        && (neighbours || VOWELS.contains(&one) && VOWELS.contains(&other) || (one ^ other).count_ones() == 1)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}
