//! How deep a file nests, before a parser that calls itself is let near it.
//!
//! Nothing here understands the language; it only must never count less than the parser will descend.
//! Where a slash could start either a division or a regular expression and the difference matters, or
//! where text could hide brackets, the answer is "too deep".

/// The deepest nesting that is parsed. Bundles reach about 200.
const DEEPEST: usize = 1500;

/// True where parsing descends at most [`DEEPEST`] levels.
pub(super) fn is_shallow(source: &[u8]) -> bool {
    Scan {
        source,
        at: 0,
        levels: vec![Level::default()],
        total: 1,
        previous: Previous::Start,
        before_else: 0,
    }
    .run()
    .is_some()
}

/// What was read last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Previous {
    Start,
    /// Something that a division can follow.
    Value,
    /// Something that a regular expression can follow.
    Operator,
    /// The end of a block or object: something that either can follow.
    Unclear,
    /// As unclear, but what follows belongs to it.
    Prefix,
}

#[derive(Default, Clone, Copy)]
struct Level {
    /// The bracket that opened it.
    open: u8,
    /// Operators in a row that may nest into each other.
    chain: usize,
    /// True where the bracket belongs to `if`, `for`, `while` or `with`.
    header: bool,
}

struct Scan<'a> {
    source: &'a [u8],
    at: usize,
    levels: Vec<Level>,
    /// All levels and their chains together.
    total: usize,
    previous: Previous,
    /// The chain that an `else` goes on with.
    before_else: usize,
}

impl Scan<'_> {
    fn run(mut self) -> Option<()> {
        let mut header = false;
        let mut newline = false;
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'\n' | b'\r' => {
                    newline = true;
                    self.at += 1;
                }
                b' ' | b'\t' => self.at += 1,
                b'/' if self.next() == b'/' => self.skip_to(b'\n'),
                b'/' if self.next() == b'*' => {
                    let end = memchr::memmem::find(&self.source[self.at + 2..], b"*/")?;
                    self.at += end + 4;
                }
                b'#' if self.at == 0 && self.next() == b'!' => self.skip_to(b'\n'),
                b'/' => self.slash()?,
                b'"' | b'\'' => {
                    self.string(byte)?;
                    self.value(newline);
                    newline = false;
                }
                b'`' => {
                    self.at += 1;
                    self.open(b'`', false)?;
                    self.template()?;
                    newline = false;
                }
                b'(' | b'[' | b'{' => {
                    self.at += 1;
                    self.open(byte, std::mem::take(&mut header))?;
                    self.previous = Previous::Operator;
                    newline = false;
                }
                b')' | b']' => {
                    let level = self.close(if byte == b')' { b'(' } else { b'[' })?;
                    self.at += 1;
                    self.previous = if level.header { Previous::Operator } else { Previous::Value };
                    newline = false;
                }
                b'}' => {
                    self.at += 1;
                    if self.levels.last()?.open == b'$' {
                        self.close(b'$')?;
                        self.template()?;
                    } else {
                        self.close(b'{')?;
                        self.previous = Previous::Unclear;
                    }
                    newline = false;
                }
                b';' | b',' => {
                    self.reset(byte == b';');
                    self.at += 1;
                    self.previous = Previous::Operator;
                }
                b'<' if self.source[self.at..].starts_with(b"<!--") => return None,
                b'-' if newline && self.source[self.at..].starts_with(b"-->") => return None,
                _ if is_word(byte) => {
                    let start = self.at;
                    let rest = &self.source[start..];
                    self.at += rest.iter().take_while(|&&byte| is_word(byte)).count();
                    let member = self.source[..start].trim_ascii_end().last() == Some(&b'.');
                    header = self.word(start, member, newline)?;
                    newline = false;
                }
                _ => {
                    self.at += 1;
                    self.deeper()?;
                    let doubled = matches!(byte, b'+' | b'-') && self.source.get(self.at) == Some(&byte);
                    if doubled {
                        self.at += 1;
                    }
                    self.previous =
                        if doubled || byte == b'>' { Previous::Prefix } else { Previous::Operator };
                    newline = false;
                }
            }
        }
        Some(())
    }

    fn next(&self) -> u8 {
        self.source.get(self.at + 1).copied().unwrap_or(b' ')
    }

    fn skip_to(&mut self, byte: u8) {
        self.at =
            memchr::memchr(byte, &self.source[self.at..]).map_or(self.source.len(), |end| self.at + end);
    }

    fn deeper(&mut self) -> Option<()> {
        self.levels.last_mut()?.chain += 1;
        self.total += 1;
        (self.total <= DEEPEST).then_some(())
    }

    fn open(&mut self, open: u8, header: bool) -> Option<()> {
        self.levels.push(Level { open, chain: 0, header });
        self.total += 1;
        (self.total <= DEEPEST).then_some(())
    }

    fn close(&mut self, open: u8) -> Option<Level> {
        let level = self.levels.pop()?;
        self.total -= 1 + level.chain;
        (level.open == open && !self.levels.is_empty()).then_some(level)
    }

    /// What follows stands beside what was, not inside it; `else` alone goes on where the `if` was.
    fn reset(&mut self, statement: bool) {
        if let Some(level) = self.levels.last_mut() {
            self.before_else = if statement { level.chain } else { 0 };
            self.total -= level.chain;
            level.chain = 0;
        }
    }

    /// Two values in a row on different lines: a statement ended between them.
    fn value(&mut self, newline: bool) {
        if newline && matches!(self.previous, Previous::Value | Previous::Unclear) {
            self.reset(true);
        }
        self.previous = Previous::Value;
    }

    /// True where the word's bracket is a header that a regular expression may follow.
    fn word(&mut self, start: usize, member: bool, newline: bool) -> Option<bool> {
        let word = &self.source[start..self.at];
        if member {
            self.previous = Previous::Value;
            return Some(false);
        }
        match word {
            b"else" => {
                let before = std::mem::take(&mut self.before_else) + 1;
                self.levels.last_mut()?.chain += before;
                self.total += before;
                self.previous = Previous::Operator;
                (self.total <= DEEPEST).then_some(false)
            }
            b"if" | b"for" | b"while" | b"with" => {
                self.value(newline);
                self.deeper()?;
                self.previous = Previous::Operator;
                Some(true)
            }
            b"return" | b"typeof" | b"case" | b"in" | b"instanceof" | b"delete" | b"void" | b"throw"
            | b"new" | b"do" | b"extends" | b"default" | b"class" | b"function" => {
                if !matches!(word, b"in" | b"instanceof") {
                    self.value(newline);
                }
                self.deeper()?;
                self.previous = Previous::Operator;
                Some(false)
            }
            b"yield" | b"await" | b"of" | b"let" | b"async" | b"as" | b"satisfies" => {
                if !matches!(word, b"of" | b"as" | b"satisfies") {
                    self.value(newline);
                }
                self.deeper()?;
                self.previous = Previous::Prefix;
                // `for await (` is a header, too.
                Some(word == b"await")
            }
            _ => {
                self.value(newline);
                Some(false)
            }
        }
    }

    fn string(&mut self, quote: u8) -> Option<()> {
        self.at += 1;
        loop {
            match self.source.get(self.at)? {
                b'\\' => self.at += 2,
                b'\n' | b'\r' => return None,
                byte if *byte == quote => {
                    self.at += 1;
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }

    /// The text of a template up to its end or its next hole.
    fn template(&mut self) -> Option<()> {
        loop {
            match self.source.get(self.at)? {
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    self.close(b'`')?;
                    self.previous = Previous::Value;
                    return Some(());
                }
                b'$' if self.next() == b'{' => {
                    self.at += 2;
                    self.previous = Previous::Operator;
                    return self.open(b'$', false);
                }
                _ => self.at += 1,
            }
        }
    }

    fn slash(&mut self) -> Option<()> {
        match self.previous {
            Previous::Value => {
                self.at += 1;
                self.previous = Previous::Operator;
                self.deeper()
            }
            Previous::Start | Previous::Operator => {
                self.at = self.regex_end()?;
                self.previous = Previous::Value;
                Some(())
            }
            // Both readings are the same as long as the regular expression would hold nothing that matters.
            Previous::Unclear | Previous::Prefix => {
                let harmless = |byte: &u8| !b"()[]{}`'\"/\\".contains(byte);
                match self.regex_end() {
                    Some(end) if !self.source[self.at + 1..end - 1].iter().all(harmless) => None,
                    _ => {
                        self.at += 1;
                        self.previous = Previous::Operator;
                        self.deeper()
                    }
                }
            }
        }
    }

    /// Where a regular expression that starts here would end.
    fn regex_end(&self) -> Option<usize> {
        let mut at = self.at + 1;
        let mut class = false;
        loop {
            match self.source.get(at)? {
                b'\\' => at += 1,
                b'\n' | b'\r' => return None,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => return Some(at + 1),
                _ => {}
            }
            at += 1;
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'@' | b'\\') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_code_is_shallow() {
        let long =
            "const a = b / c / d; x = /[(]/.test(y) ? `${f(`a${1}`)}` : {}\nlet z = 'x('\n".repeat(3000);
        assert!(is_shallow(long.as_bytes()));
        assert!(is_shallow("if (a) b; else if (c) d; else e;\nfoo()\n".repeat(3000).as_bytes()));
        assert!(is_shallow(b"switch (x) { case 'a': return /}/.exec(y); default: }"));
    }

    #[test]
    fn whatever_nests_is_not() {
        for pattern in [
            "(",
            "[",
            "{",
            "!",
            "-",
            "a+",
            "a=",
            "a?",
            "a=>",
            "f(",
            "`${",
            "if(1)",
            "if(1);else ",
            "new ",
            "a.b.",
            "a:",
            "x=[",
            "typeof ",
            "a?.",
            "for(;;)",
            "while(1)",
            "async()=>",
            "await ",
            "a,(",
            "await\n",
            "a>\n",
            "class\nA extends ",
            "function\nf(a=",
        ] {
            let deep = pattern.repeat(40_000);
            assert!(!is_shallow(deep.as_bytes()), "{pattern}");
        }
    }

    #[test]
    fn brackets_that_only_seem_to_close_do_not_count() {
        for pattern in
            ["(function(){if(1)/}/;", "({}/)/,(", "(a++/)/b,", "(<!--)\n", "(/*)*/", "(')',", "(`)`,"]
        {
            let deep = pattern.repeat(40_000);
            assert!(!is_shallow(deep.as_bytes()), "{pattern}");
        }
    }
}
