//! Parsing hostile text: nothing that would make the parser or its tree too deep is parsed at all.

use ruff_python_ast::{ModModule, PySourceType};
use ruff_python_parser::{Parsed, parse_unchecked_source};

/// Longer files are bundles; their words still count.
const LONGEST: usize = 8 << 20;
const DEEPEST_BRACKETS: usize = 180;
const DEEPEST_INDENT: usize = 400;
/// Operators on one line of code: a chain of them is a tree as deep as it is long.
const LONGEST_CHAIN: usize = 20_000;
/// The parser, the walk and the tree's own end all recurse; this holds the deepest that is let through.
const STACK: usize = 96 << 20;

/// The tree of a text, with the parts left out that are not Python; `None` where it would be too deep.
pub(super) fn parse(source: &str) -> Option<Parsed<ModModule>> {
    (source.len() <= LONGEST && is_shallow(source.as_bytes()))
        .then(|| parse_unchecked_source(source, PySourceType::Python))
}

/// Runs on a stack that holds every tree that [`parse`] lets through.
pub(super) fn with_deep_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::grow(STACK, work)
}

/// Looks at brackets, indents and chains without caring for strings: what looks too deep is not worth the risk.
fn is_shallow(source: &[u8]) -> bool {
    let (mut open, mut chain, mut indent, mut fresh) = (0usize, 0usize, 0usize, true);
    let mut quote = 0u8;
    let mut at = 0;
    while let Some(&byte) = source.get(at) {
        at += 1;
        if quote != 0 {
            match byte {
                b'\\' => at += 1,
                b'\n' => quote = 0,
                _ if byte == quote => quote = 0,
                _ => {}
            }
            if byte != b'\n' {
                continue;
            }
        }
        match byte {
            b'\n' => {
                (indent, fresh) = (0, true);
                if open == 0 {
                    chain = 0;
                }
                continue;
            }
            b' ' | b'\t' if fresh => {
                indent += 1;
                if indent > DEEPEST_INDENT && source.get(at).is_some_and(|next| !next.is_ascii_whitespace()) {
                    return false;
                }
                continue;
            }
            b'\'' | b'"' => quote = byte,
            b'(' | b'[' | b'{' => {
                open += 1;
                chain += 1;
            }
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            // The point of a number makes no tree deeper.
            b'.' if source.get(at).is_some_and(u8::is_ascii_digit) => {}
            b'+' | b'-' | b'*' | b'/' | b'.' | b'~' | b'^' | b'|' | b'&' | b'%' | b'<' | b'>' | b':' => {
                chain += 1
            }
            b' ' => chain += usize::from(source.get(at).is_some_and(u8::is_ascii_alphabetic)),
            _ => {}
        }
        fresh = false;
        if open > DEEPEST_BRACKETS || chain > LONGEST_CHAIN && open < 2 || chain > 40 * LONGEST_CHAIN {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_is_not_parsed() {
        for bomb in [
            "(".repeat(1_000_000),
            "[".repeat(300),
            format!("x = {}1", "-".repeat(1_000_000)),
            format!("x = {}", "1+".repeat(500_000)),
            format!("x = a{}", ".b".repeat(500_000)),
            (0..2000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect(),
            format!("x = {}1", "not ".repeat(200_000)),
            format!("x = {}1", "lambda: ".repeat(200_000)),
        ] {
            assert!(parse(&bomb).is_none(), "{}", &bomb[..40]);
        }
    }

    #[test]
    fn long_but_ordinary_text_is_parsed_and_dropped() {
        with_deep_stack(|| {
            let chain = format!("x = {}''", "'a' + ".repeat(9_000));
            assert!(parse(&chain).is_some());
            let table = format!("x = [{}]", "'a', 1.5, ".repeat(50_000));
            assert!(parse(&table).is_some());
            assert!(parse("def broken(:\n  x = \n\nprint 'two'\n").is_some());
        });
    }
}
