//! What the eye does not see: invisible characters, reversed text, code far off the screen.

use super::lexing::{Language, is_word};
use memchr::memmem::Finder;
use std::sync::OnceLock;

/// Eight invisible characters in a row carry a message; emoji and scripts of living languages never need so many.
const LONG_RUN: usize = 8;
/// A country's flag is a black flag and up to seven invisible letters, which some lists of emoji join one by one.
const LONG_RUN_OF_FLAG: usize = 16;
const BLACK_FLAG: &str = "\u{1F3F4}";
const FAR_RIGHT: usize = 200;

/// Offset of the first long run of invisible characters.
pub(super) fn long_run(bytes: &[u8]) -> Option<usize> {
    let mut run_start = 0;
    let mut run = 0;
    let mut differs = false;
    let mut is_list = true;
    let (mut previous, mut last) = ('\0', '\0');
    let mut expected = usize::MAX;
    for at in lead_bytes(bytes) {
        let Some((character, length)) = character_at(bytes, at) else { continue };
        if !is_invisible(character) {
            continue;
        }
        if at != expected {
            run_start = at;
            run = 0;
            differs = false;
            is_list = true;
            previous = character;
        }
        run += 1;
        differs |= character != previous;
        // Programs that look for such characters list them in order, each once.
        is_list &= (run == 1 || character > last) && !is_selector(character);
        last = character;
        expected = at + length;
        // One character over and over carries no message; some programs pad with it.
        let is_flag = bytes[..run_start].ends_with(BLACK_FLAG.as_bytes());
        if differs && !is_list && run >= (if is_flag { LONG_RUN_OF_FLAG } else { LONG_RUN }) {
            return Some(run_start);
        }
    }
    None
}

/// Offset of the first character that reverses or isolates the direction of text.
pub(super) fn bidi_override(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(0xE2, bytes).find(|&at| {
        matches!(character_at(bytes, at), Some(('\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}', _)))
    })
}

/// Every invisible character that ordinary writing would not put there: joiners between emoji or
/// letters that join, a selector after a symbol and a mark at the very start are left out.
pub(super) fn stray_invisibles(text: &str) -> Vec<usize> {
    let mut strays = Vec::new();
    let mut previous = ' ';
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map_or(' ', |&(_, next)| next);
        if is_invisible(character) && !is_ordinary(at, previous, character, next) {
            strays.push(at);
        }
        previous = character;
    }
    strays
}

/// Offset of code that follows 200 spaces on its line, where `is_code` says that it is neither text nor comment.
pub(super) fn far_right(bytes: &[u8], language: Language, is_code: impl Fn(usize) -> bool) -> Option<usize> {
    static SPACES: OnceLock<Finder<'static>> = OnceLock::new();
    let finder = SPACES.get_or_init(|| Finder::new(&[b' '; FAR_RIGHT]).into_owned());
    let mut from = 0;
    while let Some(found) = finder.find(&bytes[from..]) {
        let start = from + found;
        let end = start + bytes[start..].iter().take_while(|&&byte| byte == b' ').count();
        let line = super::text::line_start(bytes, start);
        let has_before = bytes[line..start].iter().any(|byte| !byte.is_ascii_whitespace());
        let after = bytes.get(end).copied().unwrap_or(b'\n');
        let is_more = after != b'\n' && after != b'\r';
        if has_before && is_more && runs_code(&bytes[end..], language) && is_code(end) {
            return Some(end);
        }
        from = end;
    }
    None
}

/// True for what does something by its words, or in Python, where nobody ends a line so, is a statement of its own that
/// calls something.
fn runs_code(rest: &[u8], language: Language) -> bool {
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let is_statement = line.strip_prefix(b";").is_some_and(|line| !line.trim_ascii().is_empty());
    language == Language::Python && is_statement && line.contains(&b'(')
        || ["eval", "exec", "require", "global", "__import__", "import ", "Function", "atob", "fetch"]
            .iter()
            .any(|word| super::text::contains(line, word))
}

fn is_ordinary(at: usize, previous: char, character: char, next: char) -> bool {
    match character {
        '\u{FEFF}' => at == 0,
        '\u{FE0E}' | '\u{FE0F}' => !previous.is_ascii_alphabetic() && !previous.is_whitespace(),
        '\u{200C}' | '\u{200D}' => !previous.is_ascii() && (!next.is_ascii() || next.is_whitespace()),
        // Right-to-left writing has its own marks.
        '\u{200E}' | '\u{200F}' | '\u{061C}' => is_right_to_left(previous) || is_right_to_left(next),
        '\u{00AD}' => previous.is_alphabetic() && next.is_alphabetic(),
        // Flags of regions are spelt with tags after a black flag.
        '\u{E0020}'..='\u{E007F}' => matches!(previous, '\u{1F3F4}' | '\u{E0020}'..='\u{E007F}'),
        _ => false,
    }
}

fn is_right_to_left(character: char) -> bool {
    matches!(u32::from(character), 0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFC)
}

/// Variation selectors and tags, of which there are enough to spell words in order.
fn is_selector(character: char) -> bool {
    matches!(u32::from(character), 0xFE00..=0xFE0F | 0xE0000..=0xE01EF)
}

fn is_invisible(character: char) -> bool {
    matches!(u32::from(character),
        0x00AD | 0x061C | 0x180E | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2064 | 0x2066..=0x2069
        | 0xFEFF | 0xFE00..=0xFE0F | 0xE0000..=0xE007F | 0xE0100..=0xE01EF)
}

/// Offsets of the bytes that can start an invisible character in runs: E2, EF and F3.
fn lead_bytes(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr3_iter(0xE2, 0xEF, 0xF3, bytes)
}

fn character_at(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let end = (at + 4).min(bytes.len());
    let chunk = &bytes[at..end];
    let valid = match std::str::from_utf8(chunk) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&chunk[..error.valid_up_to()]).ok()?,
    };
    let character = valid.chars().next()?;
    Some((character, character.len_utf8()))
}

/// True where a `_0x1a2b` style of naming shows that a file went through an obfuscator.
pub(super) fn looks_obfuscated(bytes: &[u8]) -> Option<usize> {
    let mut count = 0;
    let mut first = None;
    for at in memchr::memmem::find_iter(bytes, b"_0x") {
        let digits = bytes[at + 3..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits >= 4 && !(at > 0 && is_word(bytes[at - 1])) {
            first = first.or(Some(at));
            count += 1;
            if count >= 12 {
                return first;
            }
        }
    }
    None
}

/// Offset of the call that lets a file of PyArmor's unpack itself.
pub(super) fn armoured(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"__pyarmor__(")
}

/// Offset of a powerful function's name in letters that only look like ordinary ones: Python takes them for the same.
pub(super) fn dressed_up_name(bytes: &[u8]) -> Option<usize> {
    const POWERFUL: [&str; 5] = ["exec", "eval", "compile", "getattr", "__import__"];
    let mut from = 0;
    while let Some(open) = memchr::memchr(b'(', &bytes[from..]).map(|at| from + at) {
        from = open + 1;
        // Four bytes a letter at most.
        let window = &bytes[open.saturating_sub(48)..open];
        if window.last().is_none_or(u8::is_ascii) {
            continue;
        }
        let text = String::from_utf8_lossy(window);
        let name: Vec<(char, char)> =
            text.chars().rev().map_while(|character| Some((character, plain_letter(character)?))).collect();
        let plain: String = name.iter().rev().map(|(_, plain)| plain).collect();
        if POWERFUL.contains(&plain.as_str()) {
            return Some(open - name.iter().map(|(letter, _)| letter.len_utf8()).sum::<usize>());
        }
    }
    None
}

/// The ordinary letter that Python reads a decorated one as.
fn plain_letter(character: char) -> Option<char> {
    let code = u32::from(character);
    match character {
        'a'..='z' | 'A'..='Z' | '_' => Some(character),
        'ℯ' => Some('e'),
        'ℊ' => Some('g'),
        'ℴ' => Some('o'),
        // Mathematical alphabets follow each other, capitals first.
        '\u{1D400}'..='\u{1D6A3}' => {
            let letter = u8::try_from((code - 0x1D400) % 52).ok()?;
            Some(char::from(if letter < 26 { b'A' + letter } else { b'a' + letter - 26 }))
        }
        '\u{FF21}'..='\u{FF5A}' => char::from_u32(code - 0xFEE0).filter(char::is_ascii_alphabetic),
        _ => None,
    }
}

/// Offset of a last line that is very long and disguised although the lines above are ordinary.
pub(super) fn odd_tail(bytes: &[u8]) -> Option<usize> {
    const LONG: usize = 1200;
    const LINES: usize = 8;
    let body = bytes.trim_ascii_end();
    let start = super::text::line_start(body, body.len());
    let last = &body[start..];
    let above = &body[..start];
    let lines = memchr::memchr_iter(b'\n', above).count();
    if last.len() < LONG || lines < LINES || above.len() / lines > 90 || last.starts_with(b"//") {
        return None;
    }
    let code = |line: &[u8]| {
        let line = line.trim_ascii();
        matches!(line.last(), Some(b';' | b'{' | b'}' | b')' | b','))
            && !matches!(line.first(), Some(b'*' | b'/'))
    };
    if above.split(|&byte| byte == b'\n').filter(|line| code(line)).count() < LINES {
        return None;
    }
    let longest = above.split(|&byte| byte == b'\n').map(<[u8]>::len).max().unwrap_or(0);
    if longest > 400 {
        return None;
    }
    let disguised = looks_obfuscated(last).is_some()
        || ["eval(", "Function(", "fromCharCode", "atob(", "global["]
            .iter()
            .any(|word| super::text::contains(last, word));
    let code = last.iter().filter(|&&byte| matches!(byte, b'(' | b')' | b';' | b'=' | b'[' | b']')).count();
    (disguised && code * 20 > last.len()).then_some(start)
}

/// Offset of code that is written so that nobody can read it: nothing but brackets and signs, or escapes
/// where letters would do.
pub(super) fn unreadable(bytes: &[u8]) -> Option<usize> {
    const SHORTEST: usize = 60;
    let is_sign = |byte: &u8| b"()[]!+{}".contains(byte);
    let mut searched = 0;
    // Letters are made of signs out of empty lists, so that only what lies around one need be looked at.
    while let Some(list) = memchr::memmem::find(&bytes[searched..], b"[]").map(|found| searched + found) {
        let start = list - bytes[searched..list].iter().rev().take_while(|byte| is_sign(byte)).count();
        let end = list + bytes[list..].iter().take_while(|byte| is_sign(byte)).count();
        let coerces = || bytes[start..end].windows(3).any(|signs| matches!(signs, b"![]" | b"[+[" | b"+[]"));
        if end - start > SHORTEST && coerces() {
            return Some(start);
        }
        searched = end;
    }
    let escapes: Vec<usize> = memchr::memmem::find_iter(bytes, b"\\x").take(40_000).collect();
    let letters = escapes
        .iter()
        .filter(|&&at| {
            let digits = bytes.get(at + 2..at + 4).and_then(super::decoding::hexadecimal);
            digits.is_some_and(|byte| byte[0].is_ascii_alphanumeric())
        })
        .count();
    // A table of control characters escapes them too; letters need no escape.
    (letters >= 20 && letters * 20 > bytes.len() && letters * 2 > escapes.len()).then(|| escapes[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_and_living_scripts_are_ordinary() {
        for text in ["👩‍💻 ❤️ 👨‍👩‍👧‍👦 1️⃣", "می‌خواهم", "क्‍ष", "\u{FEFF}start", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "עברית\u{200F} text"]
        {
            assert!(stray_invisibles(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn hidden_text_is_found() {
        assert_eq!(stray_invisibles("run\u{200B}this"), [3]);
        assert_eq!(
            long_run("x = '\u{FE01}\u{FE02}\u{FE03}\u{FE04}\u{FE05}\u{FE06}\u{FE07}\u{FE08}'".as_bytes()),
            Some(5)
        );
        assert_eq!(long_run("❤️ 1️⃣ ordinary".as_bytes()), None);
        let tags: Vec<String> = ('\u{E0061}'..='\u{E0067}').map(String::from).collect();
        let flag = format!("x = '\u{1F3F4}{}'", tags[..6].join("\u{200D}"));
        assert_eq!(long_run(flag.as_bytes()), None, "a flag joined one by one");
        let message = format!("x = '\u{1F3F4}{}'", tags.concat().repeat(3));
        assert!(long_run(message.as_bytes()).is_some(), "more than any flag");
        let list = "x = '\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}'";
        assert_eq!(long_run(list.as_bytes()), None, "what a program looks for, each once");
        let bits = list.replace('\u{202C}', "\u{200E}");
        assert!(long_run(bits.as_bytes()).is_some(), "the same with one of them twice");
        assert_eq!(bidi_override("a\u{202E}b".as_bytes()), Some(1));
    }

    #[test]
    fn code_far_to_the_right_is_found() {
        let hidden = format!("module.exports = {{}};{}eval(x)", " ".repeat(300));
        assert!(far_right(hidden.as_bytes(), Language::Script, |_| true).is_some());
        assert!(far_right(hidden.as_bytes(), Language::Script, |_| false).is_none());
        assert!(far_right(format!("{}x", " ".repeat(300)).as_bytes(), Language::Script, |_| true).is_none());
    }
}
