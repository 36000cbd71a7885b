//! Places in a file: lines, columns, and a line that is safe to show.

use doorward_protocol::visible;

const SNIPPET: usize = 200;
const BEFORE: usize = 60;
/// So many bytes of what is no text are shown.
const BYTES: usize = 16;

/// Line and column of a byte offset, both from 1; the column counts characters.
pub(super) fn position(bytes: &[u8], offset: usize) -> (u32, u32) {
    let before = &bytes[..offset.min(bytes.len())];
    let line = 1 + memchr::memchr_iter(b'\n', before).count();
    let start = line_start(bytes, offset);
    let column = 1 + before[start..].iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
    (saturate(line), saturate(column))
}

/// Byte offset of the first byte of a line counted from 1.
pub(super) fn offset_of_line(bytes: &[u8], line: u32) -> usize {
    let breaks = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    match breaks {
        0 => 0,
        _ => memchr::memchr_iter(b'\n', bytes).nth(breaks - 1).map_or(0, |at| at + 1),
    }
}

/// The line around an offset, at most 200 characters, with hidden characters made visible.
pub(super) fn snippet(bytes: &[u8], offset: usize) -> String {
    let offset = offset.min(bytes.len());
    let start = line_start(bytes, offset);
    let end = memchr::memchr(b'\n', &bytes[offset..]).map_or(bytes.len(), |length| offset + length);
    let from = if offset - start > SNIPPET - BEFORE { offset - BEFORE } else { start };
    let to = end.min(from + 4 * SNIPPET);
    let text = String::from_utf8_lossy(&bytes[from..to]);
    // What is no text says more as numbers.
    let unreadable = text.chars().filter(|&letter| letter == '\u{FFFD}').count();
    if unreadable * 5 > text.chars().count() {
        let numbers: Vec<String> =
            bytes[from..to].iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
        return numbers.join(" ") + "…";
    }
    let shown = visible(text.trim().trim_start_matches('\u{FFFD}'));
    match shown.char_indices().nth(SNIPPET - 1) {
        Some((cut, last)) if cut + last.len_utf8() < shown.len() => format!("{}…", &shown[..cut]),
        _ => shown.into_owned(),
    }
}

/// Byte offset where the line of an offset starts.
pub(super) fn line_start(bytes: &[u8], offset: usize) -> usize {
    memchr::memrchr(b'\n', &bytes[..offset.min(bytes.len())]).map_or(0, |at| at + 1)
}

/// The bytes of the line of an offset.
pub(super) fn line_at(bytes: &[u8], offset: usize) -> &[u8] {
    let start = line_start(bytes, offset);
    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length);
    &bytes[start..end]
}

/// True if the bytes contain the word.
pub(super) fn contains(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find(bytes, word.as_bytes()).is_some()
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let bytes = "a\nnaïve x".as_bytes();
        assert_eq!(position(bytes, 0), (1, 1));
        assert_eq!(position(bytes, bytes.len() - 1), (2, 7));
        assert_eq!(position(bytes, 999), (2, 8));
        assert_eq!(offset_of_line(bytes, 2), 2);
        assert_eq!(offset_of_line(bytes, 9), 0);
    }

    #[test]
    fn snippets_are_short_and_visible() {
        assert_eq!(snippet(b"one\n  two\x1b\nthree", 5), "two\\u{001B}");
        assert_eq!(snippet(b"\xd8\xff\x95\x82 a\n", 0), "d8 ff 95 82 20 61…");
        assert_eq!(snippet("größe".as_bytes(), 0), "größe");
        let long = "x".repeat(5000);
        assert_eq!(snippet(long.as_bytes(), 2500).chars().count(), 200);
    }
}
