//! Whether a file may be given to the parser, whose depth of recursion the file decides.

use crate::analyse::lexing::{Kind, Lexed, is_word};

/// So many tokens may stand in one unfinished expression, those around it counted too. Every one of them can be
/// a step of recursion: `!!!!x`, `a+a+a`, `&&&&T`.
const DEEPEST: u32 = 1500;
/// A bracket takes the parser through many more functions than any other token.
const BRACKET: u32 = 25;
/// Longer files are data.
const LONGEST: usize = 1 << 20;

/// True where parsing the file cannot exhaust the stack.
pub(super) fn is_shallow(source: &[u8], lexed: &Lexed) -> bool {
    if source.len() > LONGEST {
        return false;
    }
    // Tokens of the unfinished expression on every level of brackets.
    let mut levels: Vec<u32> = vec![0];
    let mut total: u32 = 0;
    let mut at = 0;
    let mut spans = lexed.spans().iter().peekable();
    while at < source.len() {
        if let Some(span) = spans.next_if(|span| span.outer.start <= at) {
            at = at.max(span.outer.end);
            if span.kind == Kind::Text {
                count(&mut levels, &mut total, 1);
            }
            continue;
        }
        let byte = source[at];
        match byte {
            b'(' | b'[' | b'{' => {
                count(&mut levels, &mut total, BRACKET);
                levels.push(0);
            }
            b')' | b']' | b'}' => {
                if levels.len() > 1 {
                    total -= levels.pop().unwrap_or(0);
                }
                if byte == b'}' && !goes_on(&source[at + 1..]) {
                    finish(&mut levels, &mut total);
                }
            }
            b';' | b',' => finish(&mut levels, &mut total),
            _ if byte.is_ascii_whitespace() => {}
            _ if is_word(byte) => {
                count(&mut levels, &mut total, 1);
                at += source[at..].iter().take_while(|&&byte| is_word(byte)).count() - 1;
            }
            _ => count(&mut levels, &mut total, 1),
        }
        if total > DEEPEST {
            return false;
        }
        at += 1;
    }
    true
}

fn count(levels: &mut [u32], total: &mut u32, tokens: u32) {
    if let Some(level) = levels.last_mut() {
        *level += tokens;
        *total += tokens;
    }
}

fn finish(levels: &mut [u32], total: &mut u32) {
    if let Some(level) = levels.last_mut() {
        *total -= *level;
        *level = 0;
    }
}

/// True where what follows a closing brace belongs to the same expression.
fn goes_on(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    rest.starts_with(b"else")
        || rest.first().is_some_and(|byte| !is_word(*byte) && !matches!(byte, b'#' | b'}' | b'/' | b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::lexing::{Language, lex};

    fn shallow(source: &str) -> bool {
        is_shallow(source.as_bytes(), &lex(Language::Rust, source.as_bytes()))
    }

    #[test]
    fn ordinary_files_are_shallow_and_every_kind_of_tower_is_not() {
        let many = "fn f() { if a { b(); } else { c(); } }\n".repeat(5000);
        assert!(shallow(&many));
        assert!(shallow(&format!("const X: [u8; 9000] = [{}];", "1, ".repeat(9000))));
        for tower in [
            "(",
            "!",
            "a+",
            "&",
            "a.b",
            "f(",
            "{",
            "else if a {}",
            "return ",
            "Vec<",
            "|| ",
            "- ",
            "[[",
            "x = ",
        ] {
            assert!(!shallow(&format!("fn f() {{ {}", tower.repeat(100_000))), "{tower}");
        }
    }
}
