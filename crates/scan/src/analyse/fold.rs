//! Text that is not written as it is used: strings glued together, paths joined from parts,
//! escapes, base64 and hexadecimal. One level is undone and searched again.

use super::decoding;
use super::dictionary::{self, Match};
use super::lexing::{Lexed, Span};

const LONGEST_DECODED: usize = 1 << 20;
const SHORTEST_ENCODED: usize = 16;
const BLOB: usize = 300;

/// What undoing one file's strings brought to light.
#[derive(Debug, Default)]
pub(super) struct Unfolded {
    /// Words found in text that was glued or decoded, with the offset of the string that held it.
    pub(super) words: Vec<(Match, usize)>,
    /// Where long strings of encoded data start.
    pub(super) blobs: Vec<usize>,
}

/// Glues and decodes the strings of a file and searches the result.
pub(super) fn unfold(source: &[u8], lexed: &Lexed) -> Unfolded {
    let mut found = Unfolded::default();
    let strings: Vec<&Span> = lexed.strings().collect();
    for chain in chains(source, &strings) {
        let mut glued = Vec::new();
        let mut seams = Vec::new();
        for link in &chain {
            glued.extend_from_slice(link.joiner);
            seams.push(glued.len());
            glued.extend_from_slice(&source[link.span.inner.clone()]);
        }
        let offset = chain.first().map_or(0, |link| link.span.inner.start);
        for link in &chain {
            let piece = decode(&source[link.span.inner.clone()]).unwrap_or_default();
            found.words.extend(dictionary::search(&piece).map(|word| (word, link.span.inner.start)));
        }
        if chain.len() > 1 {
            // Words inside one piece were found already; only those across a seam are new.
            let across =
                |word: &Match| seams.iter().skip(1).any(|&seam| word.start < seam && seam < word.end + 1);
            found.words.extend(dictionary::search(&glued).filter(across).map(|word| (word, offset)));
            let whole = decode(&glued).unwrap_or_default();
            found.words.extend(dictionary::search(&whole).map(|word| (word, offset)));
        }
        if glued.len() >= BLOB && is_encoded(&glued) && !lists_words(source, &chain) {
            found.blobs.push(offset);
        }
    }
    found
}

struct Link<'a> {
    span: &'a Span,
    joiner: &'static [u8],
}

/// Strings with nothing but glue between them.
fn chains<'a>(source: &[u8], strings: &[&'a Span]) -> Vec<Vec<Link<'a>>> {
    let mut chains: Vec<Vec<Link<'a>>> = Vec::new();
    let mut end = 0;
    for &span in strings {
        let joiner = chains.last().and_then(|_| glue(source.get(end..span.outer.start)?));
        end = span.outer.end;
        match (joiner, chains.last_mut()) {
            (Some(joiner), Some(chain)) if chain.len() < 64 => chain.push(Link { span, joiner }),
            _ => chains.push(vec![Link { span, joiner: b"" }]),
        }
    }
    chains
}

/// How the code between two strings joins them: `+` glues, a comma or `.join(` makes a path.
fn glue(between: &[u8]) -> Option<&'static [u8]> {
    if between.len() > 40 {
        return None;
    }
    let mut code: Vec<u8> = between.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    while code.last().is_some_and(|last| matches!(last, b'b' | b'r' | b'f' | b'u')) && code.len() > 1 {
        code.pop();
    }
    match code.as_slice() {
        b"+" | b"" if !between.is_empty() => Some(b""),
        b"," | b"/" | b").join(" | b")/" => Some(b"/"),
        _ => None,
    }
}

/// The text behind base64, hexadecimal or escapes, where it is mostly printable.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() < SHORTEST_ENCODED || text.len() > LONGEST_DECODED {
        return None;
    }
    let decoded = if text.starts_with(b"\\x") {
        unescape(text)
    } else if text.iter().all(u8::is_ascii_hexdigit) && text.len().is_multiple_of(2) {
        decoding::hexadecimal(text)
    } else if text.iter().all(|&byte| is_base64(byte)) {
        decoding::base64(text)
    } else {
        None
    }?;
    let printable =
        decoded.iter().filter(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()).count();
    (printable * 10 >= decoded.len() * 9).then_some(decoded)
}

fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4);
    let mut at = 0;
    while at < text.len() {
        match text.get(at..at + 4) {
            Some([b'\\', b'x', high, low]) => {
                out.extend(decoding::hexadecimal(&[*high, *low])?);
                at += 4;
            }
            _ => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    Some(out)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

fn is_encoded(text: &[u8]) -> bool {
    text.starts_with(b"\\x") || text.iter().all(|&byte| is_base64(byte) || matches!(byte, b'\n' | b'\\'))
}

/// True for a list of names, numbered ones too: hardly a piece of what was encoded has all its digits at its end.
fn lists_words(source: &[u8], chain: &[Link<'_>]) -> bool {
    let is_word = |link: &&Link<'_>| {
        let piece = &source[link.span.inner.clone()];
        let end = piece.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |last| last + 1);
        end > 1 && piece[..end].iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
    };
    let is_list = chain.iter().any(|link| !link.joiner.is_empty());
    is_list && chain.iter().filter(is_word).count() * 2 > chain.len()
}

#[cfg(test)]
mod tests {
    use super::super::lexing::{Language, lex};
    use super::super::signal::Signal;
    use super::*;

    fn shown(language: Language, source: &str) -> Vec<Signal> {
        unfold(source.as_bytes(), &lex(language, source.as_bytes()))
            .words
            .iter()
            .map(|(word, _)| word.decoded_signal())
            .collect()
    }

    #[test]
    fn glued_strings_are_read_as_one() {
        assert!(shown(Language::Script, "x = 'webhook' + '.si' + 'te'").contains(&Signal::DropHost));
        assert!(shown(Language::Python, "x = 'web' 'hook.site'").contains(&Signal::DropHost));
        assert!(
            shown(Language::Script, "path.join(h, '.aws', 'credentials')").contains(&Signal::SecretCloud)
        );
        assert!(
            shown(Language::Rust, "home.join(\".config\").join(\"solana\")").contains(&Signal::SecretWallet)
        );
        assert!(shown(Language::Python, "Path.home() / '.config' / 'gcloud'").contains(&Signal::SecretCloud));
    }

    #[test]
    fn a_list_of_names_is_no_blob_and_one_of_encoded_pieces_is() {
        let list = |piece: &str| {
            let source = format!("x = [{}]", format!("'{piece}', ").repeat(60));
            unfold(source.as_bytes(), &lex(Language::Script, source.as_bytes())).blobs.len()
        };
        assert_eq!(list("enter_underline_mode_cursor_normal"), 0);
        assert_eq!(list("function_key_12"), 0);
        assert_eq!(list("aHR0cHM6Ly93ZWJob29rLnNpdGUveA"), 1);
    }

    #[test]
    fn encoded_strings_are_read_as_what_they_hide() {
        // base64 and hex of "https://webhook.site/x", and escapes.
        assert!(
            shown(Language::Script, "atob('aHR0cHM6Ly93ZWJob29rLnNpdGUveA==')").contains(&Signal::DropHost)
        );
        assert!(
            shown(Language::Script, "'68747470733a2f2f776562686f6f6b2e736974652f78'")
                .contains(&Signal::DropHost)
        );
        assert!(shown(Language::Python, r"'\x77\x65\x62\x68\x6f\x6f\x6b.site'").contains(&Signal::DropHost));
        assert!(shown(Language::Script, "'an ordinary sentence of words'").is_empty());
    }
}
