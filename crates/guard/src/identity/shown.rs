//! What of a process's own words goes into an event. A process chooses their length, and an event is
//! kept in memory, written down and sent; so only their beginning is told.

/// Of a reader's arguments, in bytes.
pub(super) const READER: usize = 4096;
/// Of a parent's arguments, in bytes.
pub(super) const PARENT: usize = 512;
/// Of a variable's value, in bytes.
pub(super) const VALUE: usize = 512;

/// As many words as fit; `…` stands for the rest.
pub(super) fn words(words: &[String], mut room: usize) -> Vec<String> {
    let mut shown = Vec::new();
    for word in words {
        if room == 0 {
            shown.push("…".to_owned());
            break;
        }
        shown.push(text(word, room));
        room = room.saturating_sub(word.len() + 1);
    }
    shown
}

/// The beginning of a text; `…` stands for the rest.
pub(super) fn text(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(room)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn what_fits_is_told_whole() {
        assert_eq!(words(&list(&["cat", "", "key"]), 16), ["cat", "", "key"]);
    }

    #[test]
    fn the_rest_is_hinted_at_and_no_character_is_cut() {
        assert_eq!(words(&list(&["sh", "-c", "cat a; cat b"]), 9), ["sh", "-c", "cat…"]);
        assert_eq!(words(&list(&["ab", "cd", "ef"]), 4), ["ab", "c…", "…"]);
        assert_eq!(text("aä", 2), "a…");
    }
}
