//! What is known of a value without running anything.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::rc::Rc;

/// Where a value comes from, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Taint(u16);

impl Taint {
    pub(super) const NONE: Self = Self(0);
    /// A file that holds a secret.
    pub(super) const SECRET: Self = Self(1);
    /// One environment variable that holds a secret.
    pub(super) const KEY: Self = Self(2);
    /// All environment variables.
    pub(super) const ENVIRONMENT: Self = Self(4);
    /// The user, the machine, its address.
    pub(super) const IDENTITY: Self = Self(8);
    /// The network.
    pub(super) const FETCHED: Self = Self(16);
    /// Something hidden in the package.
    pub(super) const DECODED: Self = Self(32);
    /// The user's home folder.
    pub(super) const HOME: Self = Self(64);
    /// What a program printed.
    pub(super) const OUTPUT: Self = Self(128);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a value is for, beyond its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Thing {
    #[default]
    Plain,
    /// A command under construction; its text is the command line so far.
    Command,
    /// A client, request, response or stream of the network.
    Network,
    /// A file opened for reading.
    Source,
    /// A file opened for writing; its text is the path.
    Sink,
}

/// A value, as far as it is known.
#[derive(Clone, Default)]
pub(super) struct Value<'p> {
    /// Its bytes: of a string, a path, a command line.
    pub(super) text: Option<Rc<[u8]>>,
    pub(super) number: Option<i128>,
    /// Its elements: of an array, a tuple, an iterator.
    pub(super) parts: Option<Rc<Vec<Value<'p>>>>,
    pub(super) taint: Taint,
    pub(super) thing: Thing,
    pub(super) closure: Option<&'p syn::ExprClosure>,
}

/// Longer texts are cut: what is hidden shows itself early.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;
/// Longer lists are not taken apart.
pub(super) const MOST_PARTS: usize = 8192;

impl<'p> Value<'p> {
    pub(super) fn of_text(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        Self { text: Some(text[..text.len().min(LONGEST_TEXT)].into()), ..Self::default() }
    }

    pub(super) fn of_number(number: i128) -> Self {
        Self { number: Some(number), ..Self::default() }
    }

    pub(super) fn of_parts(parts: Vec<Self>) -> Self {
        let taint = parts.iter().fold(Taint::NONE, |all, part| all.and(part.taint));
        Self { parts: Some(Rc::new(parts)), taint, ..Self::default() }
    }

    pub(super) fn of_taint(taint: Taint) -> Self {
        Self { taint, ..Self::default() }
    }

    pub(super) fn tainted(mut self, taint: Taint) -> Self {
        self.taint = self.taint.and(taint);
        self
    }

    pub(super) fn with_thing(mut self, thing: Thing) -> Self {
        self.thing = thing;
        self
    }

    /// Its bytes, put together from its elements where need be.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        if let Some(text) = &self.text {
            return Some(text.to_vec());
        }
        let mut bytes = Vec::new();
        for part in self.parts.as_ref()?.iter() {
            match (&part.text, part.number) {
                (Some(text), _) => bytes.extend_from_slice(text),
                (None, Some(number)) => bytes.push(u8::try_from(number & 0xff).unwrap_or(0)),
                _ => return None,
            }
            if bytes.len() > LONGEST_TEXT {
                break;
            }
        }
        Some(bytes)
    }

    /// How many bytes or elements are known of it.
    pub(super) fn length(&self) -> usize {
        self.text
            .as_ref()
            .map_or_else(|| self.parts.as_ref().map_or(0, |parts| parts.len()), |text| text.len())
    }

    /// Its elements; those of a text are its bytes.
    pub(super) fn elements(&self) -> Option<Rc<Vec<Self>>> {
        if let Some(parts) = &self.parts {
            return (parts.len() <= MOST_PARTS).then(|| Rc::clone(parts));
        }
        let text = self.text.as_ref()?;
        let bytes =
            text.iter().take(MOST_PARTS).map(|&byte| Self::of_number(byte.into()).tainted(self.taint));
        Some(Rc::new(bytes.collect()))
    }

    /// All its texts, each on a line of its own: what a loop over it may meet.
    pub(super) fn lines(&self) -> Option<Vec<u8>> {
        match (&self.text, &self.parts) {
            (Some(text), _) => Some(text.to_vec()),
            (None, Some(parts)) => {
                let known: Vec<Vec<u8>> = parts.iter().take(200).filter_map(Self::lines).collect();
                (!known.is_empty()).then(|| known.join(&b"\n"[..]))
            }
            _ => None,
        }
    }

    /// One of the two, nobody knows which.
    pub(super) fn either(self, other: Self) -> Self {
        let text = match (self.text, other.text) {
            (Some(one), Some(two)) if one != two && one.len() + two.len() < LONGEST_TEXT => {
                Some([&one[..], b"\n", &two[..]].concat().into())
            }
            (one, two) => one.or(two),
        };
        Self {
            text,
            number: if self.number == other.number { self.number } else { None },
            parts: self.parts.or(other.parts),
            taint: self.taint.and(other.taint),
            thing: if self.thing == Thing::Plain { other.thing } else { self.thing },
            closure: self.closure.or(other.closure),
        }
    }
}

/// What base64 text stands for, in either alphabet, with or without padding.
pub(super) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let kept: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|&byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    let settings = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&alphabet::STANDARD, settings).decode(kept).ok().filter(|bytes| !bytes.is_empty())
}

/// What hexadecimal text stands for.
pub(super) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.chunks_exact(2);
    if text.is_empty() || !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
