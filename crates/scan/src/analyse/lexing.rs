//! Small tolerant lexers: they tell code, strings and comments apart and never fail.

use std::ops::Range;

/// The languages that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// JavaScript and TypeScript.
    Script,
    /// Python, `.pth` files included.
    Python,
    /// Rust.
    Rust,
    /// Shell and its relatives.
    Shell,
    /// Anything else that is text.
    Text,
}

/// What a byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Code.
    Code,
    /// The inside of a string or regular expression.
    Text,
    /// A comment.
    Comment,
}

/// One string or comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// String or comment.
    pub(super) kind: Kind,
    /// The bytes between the quotes, or the whole comment.
    pub(super) inner: Range<usize>,
    /// The bytes with quotes.
    pub(super) outer: Range<usize>,
    /// True where backslashes are plain characters.
    pub(super) raw: bool,
}

/// The strings and comments of a file, in order; everything between them is code.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    spans: Vec<Span>,
}

impl Lexed {
    /// What the byte at an offset belongs to.
    pub(super) fn kind_at(&self, offset: usize) -> Kind {
        let index = self.spans.partition_point(|span| span.outer.end <= offset);
        match self.spans.get(index) {
            Some(span) if span.outer.start <= offset => span.kind,
            _ => Kind::Code,
        }
    }

    /// True for a byte of a string or a comment that began before it.
    pub(super) fn is_inside(&self, offset: usize) -> bool {
        let index = self.spans.partition_point(|span| span.outer.end <= offset);
        self.spans.get(index).is_some_and(|span| span.outer.start < offset)
    }

    /// Strings and comments, in order.
    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The strings, in order.
    pub(super) fn strings(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(|span| span.kind == Kind::Text)
    }
}

/// Splits a file into code, strings and comments.
pub(super) fn lex(language: Language, source: &[u8]) -> Lexed {
    let mut lexer = Lexer { source, at: 0, spans: Vec::new() };
    match language {
        Language::Script => lexer.script(),
        Language::Python => lexer.python(),
        Language::Rust => lexer.rust(),
        Language::Shell => lexer.shell(),
        Language::Text => {}
    }
    Lexed { spans: lexer.spans }
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    spans: Vec<Span>,
}

impl Lexer<'_> {
    fn script(&mut self) {
        // Depth of braces at which each `${` of an open template ends.
        let mut templates: Vec<usize> = Vec::new();
        let mut depth = 0usize;
        let mut previous = b'\n';
        let mut word = 0..0;
        while let Some(&byte) = self.source.get(self.at) {
            let start = self.at;
            match byte {
                b'/' if self.peek(1) == b'/' => self.line_comment(),
                b'/' if self.peek(1) == b'*' => self.block_comment(false),
                b'/' if self.regex_may_start(previous, &word) && self.regex() => previous = b')',
                b'#' if start == 0 && self.peek(1) == b'!' => self.line_comment(),
                b'"' | b'\'' => {
                    self.quoted(byte, false);
                    previous = b')';
                }
                b'`' => {
                    self.at += 1;
                    if self.template(start) {
                        templates.push(depth);
                    }
                    previous = b')';
                }
                b'}' if templates.last() == Some(&depth) => {
                    self.at += 1;
                    if !self.template(start) {
                        templates.pop();
                    }
                    previous = b')';
                }
                _ => {
                    match byte {
                        b'{' => depth += 1,
                        b'}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    if is_word(byte) {
                        let end = self.word_end(start);
                        word = start..end;
                        self.at = end;
                        previous = b'w';
                    } else {
                        if !byte.is_ascii_whitespace() {
                            previous = byte;
                        }
                        self.at += 1;
                    }
                }
            }
        }
    }

    /// A slash starts a regular expression where a value cannot have just ended.
    fn regex_may_start(&self, previous: u8, word: &Range<usize>) -> bool {
        match previous {
            b'w' => matches!(
                &self.source[word.clone()],
                b"return"
                    | b"typeof"
                    | b"case"
                    | b"in"
                    | b"of"
                    | b"delete"
                    | b"void"
                    | b"throw"
                    | b"new"
                    | b"else"
            ),
            b')' | b']' | b'}' => false,
            _ => true,
        }
    }

    fn regex(&mut self) -> bool {
        let start = self.at;
        let mut at = start + 1;
        let mut class = false;
        while let Some(&byte) = self.source.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\n' => return false,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    self.spans.push(Span {
                        kind: Kind::Text,
                        inner: start + 1..at,
                        outer: start..at + 1,
                        raw: true,
                    });
                    self.at = at + 1;
                    return true;
                }
                _ => {}
            }
            at += 1;
        }
        false
    }

    /// Reads template text up to its end or the next `${`; true in the latter case.
    fn template(&mut self, start: usize) -> bool {
        let inner = self.at;
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'\\' => self.at += 1,
                b'`' => {
                    self.text(inner..self.at, start..self.at + 1, false);
                    self.at += 1;
                    return false;
                }
                b'$' if self.peek(1) == b'{' => {
                    self.text(inner..self.at, start..self.at + 2, false);
                    self.at += 2;
                    return true;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.rest_is_text(inner, start);
        false
    }

    fn python(&mut self) {
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'#' => self.line_comment(),
                b'"' | b'\'' => {
                    let raw = self.prefix_has(b"rR");
                    if self.peek(1) == byte && self.peek(2) == byte {
                        self.triple(byte)
                    } else {
                        self.quoted(byte, raw)
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    fn triple(&mut self, quote: u8) {
        let start = self.at;
        let mut at = start + 3;
        while let Some(&byte) = self.source.get(at) {
            if byte == b'\\' {
                at += 2;
            } else if byte == quote && self.source[at..].starts_with(&[quote; 3]) {
                if self.starts_statement(start) {
                    self.spans.push(Span {
                        kind: Kind::Comment,
                        inner: start..at + 3,
                        outer: start..at + 3,
                        raw: true,
                    });
                } else {
                    self.text(start + 3..at, start..at + 3, false);
                }
                self.at = at + 3;
                return;
            } else {
                at += 1;
            }
        }
        self.rest_is_text(start + 3, start);
    }

    /// True where a string stands alone as a statement, which makes it documentation.
    fn starts_statement(&self, start: usize) -> bool {
        let line = super::text::line_start(self.source, start);
        let before = self.source[line..start].trim_ascii();
        let above = self.source[..line].trim_ascii_end().last();
        matches!(before, b"" | b"r" | b"u" | b"R")
            && matches!(above, None | Some(b':' | b')' | b'"' | b'\''))
            && !self.inside_call(line)
    }

    /// True where the line above leaves a parenthesis open.
    fn inside_call(&self, line: usize) -> bool {
        let above = self.source[..line].trim_ascii_end();
        matches!(above.last(), Some(b'(' | b',' | b'['))
    }

    fn rust(&mut self) {
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'/' if self.peek(1) == b'/' => self.line_comment(),
                b'/' if self.peek(1) == b'*' => self.block_comment(true),
                b'"' => self.rust_string(),
                b'r' if !self.previous_is_word() && self.raw_hashes().is_some() => {
                    let hashes = self.raw_hashes().unwrap_or(0);
                    self.at += 1 + hashes;
                    self.raw_string(hashes);
                }
                b'\'' => self.char_or_lifetime(),
                _ => self.at += 1,
            }
        }
    }

    fn rust_string(&mut self) {
        let start = self.at;
        let mut at = start + 1;
        while let Some(&byte) = self.source.get(at) {
            match byte {
                b'\\' => at += 1,
                b'"' => {
                    self.text(start + 1..at, start..at + 1, false);
                    self.at = at + 1;
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        self.rest_is_text(start + 1, start);
    }

    /// The number of `#` where a raw string starts at an `r`.
    fn raw_hashes(&self) -> Option<usize> {
        let rest = self.source.get(self.at + 1..)?;
        let hashes = rest.iter().take_while(|&&byte| byte == b'#').count();
        (rest.get(hashes) == Some(&b'"')).then_some(hashes)
    }

    fn raw_string(&mut self, hashes: usize) {
        let start = self.at;
        let mut at = start + 1;
        while at < self.source.len() {
            let closes = self.source[at] == b'"'
                && self.source[at + 1..].iter().take(hashes).filter(|&&byte| byte == b'#').count() == hashes;
            if closes {
                self.spans.push(Span {
                    kind: Kind::Text,
                    inner: start + 1..at,
                    outer: start..at + 1,
                    raw: true,
                });
                self.at = at + 1 + hashes;
                return;
            }
            at += 1;
        }
        self.rest_is_text(start + 1, start);
    }

    fn char_or_lifetime(&mut self) {
        if self.peek(1) == b'\\' {
            let rest = &self.source[self.at + 2..];
            let end = rest.iter().skip(1).take(12).position(|&byte| byte == b'\'');
            self.at += end.map_or(2, |end| end + 4);
        } else {
            let rest = &self.source[self.at + 1..];
            let end = rest.iter().take(5).skip(1).position(|&byte| byte == b'\'');
            let is_char = end.is_some_and(|end| {
                std::str::from_utf8(&rest[..=end]).is_ok_and(|text| text.chars().count() == 1)
            });
            self.at += if is_char { end.unwrap_or(0) + 3 } else { 1 };
        }
    }

    fn shell(&mut self) {
        while let Some(&byte) = self.source.get(self.at) {
            let word_start = self.at == 0 || self.source[self.at - 1].is_ascii_whitespace();
            match byte {
                b'#' if word_start => self.line_comment(),
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn quoted(&mut self, quote: u8, raw: bool) {
        let start = self.at;
        let mut at = start + 1;
        while let Some(&byte) = self.source.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\n' => break,
                _ if byte == quote => {
                    self.text(start + 1..at, start..at + 1, raw);
                    self.at = at + 1;
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        let end = at.min(self.source.len());
        self.text(start + 1..end, start..end, raw);
        self.at = end;
    }

    fn line_comment(&mut self) {
        let start = self.at;
        let end =
            memchr::memchr(b'\n', &self.source[start..]).map_or(self.source.len(), |length| start + length);
        self.spans.push(Span { kind: Kind::Comment, inner: start..end, outer: start..end, raw: true });
        self.at = end;
    }

    fn block_comment(&mut self, nests: bool) {
        let start = self.at;
        let mut depth = 1;
        self.at += 2;
        while depth > 0 && self.at < self.source.len() {
            let rest = &self.source[self.at..];
            if rest.starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
            } else if nests && rest.starts_with(b"/*") {
                depth += 1;
                self.at += 2;
            } else {
                self.at += 1;
            }
        }
        self.spans.push(Span {
            kind: Kind::Comment,
            inner: start..self.at,
            outer: start..self.at,
            raw: true,
        });
    }

    fn text(&mut self, inner: Range<usize>, outer: Range<usize>, raw: bool) {
        let end = self.source.len();
        let clamp = |range: Range<usize>| range.start.min(end)..range.end.min(end);
        self.spans.push(Span { kind: Kind::Text, inner: clamp(inner), outer: clamp(outer), raw });
    }

    fn rest_is_text(&mut self, inner: usize, outer: usize) {
        let end = self.source.len();
        self.text(inner..end, outer..end, true);
        self.at = end;
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn previous_is_word(&self) -> bool {
        self.at > 0 && is_word(self.source[self.at - 1]) && self.source[self.at - 1] != b'b'
    }

    /// True where the letters just before a quote contain one of these.
    fn prefix_has(&self, letters: &[u8]) -> bool {
        self.source[..self.at]
            .iter()
            .rev()
            .take(2)
            .take_while(|byte| byte.is_ascii_alphabetic())
            .any(|byte| letters.contains(byte))
    }

    fn word_end(&self, start: usize) -> usize {
        start + self.source[start..].iter().take_while(|&&byte| is_word(byte)).count()
    }
}

/// True for the bytes of identifiers.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(language: Language, source: &str) -> Vec<&str> {
        lex(language, source.as_bytes()).strings().map(|span| &source[span.inner.clone()]).collect()
    }

    #[test]
    fn script_strings_templates_and_regexes() {
        let source = "// 'no'\nlet a = 'one' + \"t\\\"wo\"; b = x / y / z; c = /[/'\"]/g; d = `p${ f({q: 'in'}) }s`; /* 'no' */";
        assert_eq!(strings(Language::Script, source), ["one", "t\\\"wo", "[/'\"]", "p", "in", "s"]);
    }

    #[test]
    fn an_unfinished_string_ends_with_its_line() {
        assert_eq!(strings(Language::Script, "a = 'broken\nb = 'fine'"), ["broken", "fine"]);
        assert_eq!(strings(Language::Python, "a = '''broken\nb"), ["broken\nb"]);
    }

    #[test]
    fn python_strings() {
        assert_eq!(strings(Language::Python, "# 'no'\nx = r'\\d' \"a\"  '''b'c'''"), ["\\d", "a", "b'c"]);
        assert_eq!(
            strings(Language::Python, "def f():\n    \"\"\"no\"\"\"\n    x = \"\"\"yes\"\"\"\n"),
            ["yes"]
        );
    }

    #[test]
    fn rust_strings_lifetimes_and_characters() {
        let source = "fn f<'a>(x: &'a str) { let q = '\"'; let n = '\\''; g(\"one\", r#\"t\"wo\"#, b\"three\", br\"four\") } /* \"no\" /* */ \"no\" */";
        assert_eq!(strings(Language::Rust, source), ["one", "t\"wo", "three", "four"]);
    }

    #[test]
    fn nothing_makes_a_lexer_fail() {
        for language in [Language::Script, Language::Python, Language::Rust, Language::Shell] {
            for source in ["", "'", "\"\\", "`${", "r#\"", "'\\", "/*", "\\", "'''", "/[", "'é", "\u{feff}'"]
            {
                let _ = lex(language, source.as_bytes());
            }
        }
    }
}
