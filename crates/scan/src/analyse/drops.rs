//! Chat services as places where stolen data is dropped: only the token or the channel says whose they are.

/// Addresses that many libraries hold, and that lead nowhere without what follows them.
const SERVICES: [&[u8]; 4] = [
    b"api.telegram.org",
    b"api.telegram.org/bot",
    b"discord.com/api/webhooks",
    b"discordapp.com/api/webhooks",
];

/// What follows a chat service's address, from its first byte; `None` where the word is another address or is
/// followed by a number, with which every token and every channel begins.
pub(super) fn open_end(text: &[u8], start: usize, end: usize) -> Option<&[u8]> {
    let rest = SERVICES.contains(&text.get(start..end)?).then(|| &text[end..])?;
    let rest = rest.strip_prefix(b"/").unwrap_or(rest);
    let rest = rest.strip_prefix(b"bot").unwrap_or(rest);
    (!rest.first().is_some_and(u8::is_ascii_digit)).then_some(rest)
}

/// True where a text holds the token of a chat bot: whoever writes it down sends to that bot's owner.
pub(super) fn holds_bot_token(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b":AA").any(|at| {
        let digits = text[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let is_key = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let key = text[at + 1..].iter().take_while(is_key).count();
        (8..=10).contains(&digits) && (33..=36).contains(&key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_its_token_is_nobodys() {
        let is_open = |text: &str, word: &str| {
            let start = text.find(word).expect("the word");
            open_end(text.as_bytes(), start, start + word.len()).is_some()
        };
        assert!(is_open("https://api.telegram.org/bot{}/sendMessage", "api.telegram.org/bot"));
        assert!(is_open("'https://api.telegram.org/bot' + token", "api.telegram.org"));
        assert!(!is_open("https://api.telegram.org/bot123:AA/x", "api.telegram.org"));
        assert!(!is_open("https://discord.com/api/webhooks/12/ab", "discord.com/api/webhooks"));
        assert!(!is_open("https://files.invalid/in", "files.invalid"));
    }
}
