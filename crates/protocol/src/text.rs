use std::borrow::Cow;
use std::fmt::Write as _;

/// Makes untrusted text safe to print on a terminal or in a window: control characters, escape
/// codes, bidirectional overrides, zero-width and other invisible characters become `\u{…}`.
///
/// Ordinary text comes back borrowed. Tabs become spaces; line breaks are made visible too, so that
/// a name can never start a line of its own.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\t' => out.push(' '),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            hidden if needs_escape(hidden) => {
                let _ = write!(out, "\\u{{{:04X}}}", u32::from(hidden));
            }
            plain => out.push(plain),
        }
    }
    Cow::Owned(out)
}

/// True for characters that a terminal or a text renderer would obey or hide instead of showing.
fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0x00AD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F
            | 0xFEFF | 0xFFA0 | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF | 0xE000..=0xF8FF
            | 0xF0000..=0x10FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed_and_unchanged() {
        assert!(matches!(visible("naïve – 名前"), Cow::Borrowed("naïve – 名前")));
    }

    #[test]
    fn escape_codes_bidi_and_zero_width_become_visible() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{001B}[31mb");
        assert_eq!(visible("x\u{202E}y\u{200B}z"), "x\\u{202E}y\\u{200B}z");
        assert_eq!(visible("one\ntwo\rthree\tfour"), "one\\ntwo\\rthree four");
        assert_eq!(visible("\u{E0041}"), "\\u{E0041}");
    }
}
