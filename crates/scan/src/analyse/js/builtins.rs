//! What the language's own functions make of constants.

use super::value::{HOLE, Is, Origin, Origins, Value};
use crate::analyse::decoding;
use std::rc::Rc;

/// Text longer than this is not built.
const LONGEST: usize = 1 << 20;

/// A method of a constant, called with these arguments; `None` where the outcome is not known.
pub(super) fn method(object: &Value, name: &str, arguments: &[Value]) -> Option<Value> {
    let from = arguments.iter().fold(object.from, |from, argument| from.and(argument.from));
    let is = match &object.is {
        Is::Text(text) => text_method(text, name, arguments)?,
        Is::Bytes(bytes) => bytes_method(bytes, name, arguments)?,
        Is::List(list) => list_method(list, name, arguments)?,
        Is::Number(number) if name == "toString" => {
            let radix = arguments.first().and_then(whole).unwrap_or(10);
            text(&in_radix(*number, u32::try_from(radix).ok()?)?)
        }
        _ => return None,
    };
    let built = matches!(name, "concat" | "join" | "reverse" | "replace" | "replaceAll" | "split" | "repeat");
    let from = if built { from.and(Origins::of(&[Origin::Built])) } else { from };
    Some(Value { is, from })
}

/// A function of the language by its dotted name.
pub(super) fn function(name: &str, arguments: &[Value]) -> Option<Value> {
    let decoded = |is: Is| Some(Value { is, from: Origins::of(&[Origin::Decoded]) });
    let first = arguments.first();
    let outcome = match name {
        "String.fromCharCode" | "String.fromCodePoint" => {
            let codes = spread(arguments);
            let all: Option<String> =
                codes.iter().map(|code| char::from_u32(u32::try_from(whole(code)?).ok()?)).collect();
            decoded(text(&all?))
        }
        "atob" => decoded(Is::Text(latin1(&base64(first?.as_text()?)?).into())),
        "btoa" => None,
        "unescape" | "decodeURIComponent" | "decodeURI" => decoded(text(&unescape(first?.as_text()?))),
        "Buffer.from" | "Buffer" => {
            let encoding = arguments.get(1).and_then(Value::as_text).map_or("utf8", |encoding| encoding);
            match &first?.is {
                Is::Text(text) if !text.contains(HOLE) => {
                    let bytes = encode(text, encoding)?;
                    let plain = matches!(encoding, "utf8" | "utf-8" | "ascii" | "latin1" | "binary");
                    if plain {
                        Some(Value { is: Is::Bytes(bytes.into()), from: Origins::NONE })
                    } else {
                        decoded(Is::Bytes(bytes.into()))
                    }
                }
                Is::List(list) => {
                    let bytes: Option<Vec<u8>> =
                        list.iter().map(|item| u8::try_from(whole(item)? & 0xFF).ok()).collect();
                    decoded(Is::Bytes(bytes?.into()))
                }
                Is::Bytes(bytes) => Some(Value { is: Is::Bytes(Rc::clone(bytes)), from: Origins::NONE }),
                _ => None,
            }
        }
        "Buffer.concat" => {
            let Is::List(list) = &first?.is else { return None };
            let mut all = Vec::new();
            for part in list.iter() {
                let Is::Bytes(bytes) = &part.is else { return None };
                all.extend_from_slice(bytes);
            }
            decoded(Is::Bytes(all.into()))
        }
        "TextDecoder().decode" | "Uint8Array.from" | "Uint8Array" | "Array.from" | "Array.of" | "Array" => {
            let value = first?;
            match (&value.is, name) {
                (Is::Bytes(bytes), "TextDecoder().decode") => decoded(text(&String::from_utf8_lossy(bytes))),
                (Is::List(list), "TextDecoder().decode" | "Uint8Array.from" | "Uint8Array") => {
                    let bytes: Option<Vec<u8>> =
                        list.iter().map(|item| u8::try_from(whole(item)? & 0xFF).ok()).collect();
                    decoded(Is::Bytes(bytes?.into()))
                }
                (Is::Text(text), "Array.from") => Some(Value { is: characters(text), from: Origins::NONE }),
                (Is::List(_) | Is::Bytes(_), _) => Some(value.clone()),
                _ => None,
            }
        }
        "parseInt" | "Number" | "parseFloat" | "Number.parseInt" => {
            let value = first?;
            let radix = arguments.get(1).and_then(whole).unwrap_or(10);
            Some(Value {
                is: Is::Number(parse_number(value, u32::try_from(radix).ok()?, name)?),
                from: Origins::NONE,
            })
        }
        "String" | "JSON.stringify" => Some(Value { is: text(&first?.shown()?), from: Origins::NONE }),
        "Math.floor" | "Math.round" | "Math.ceil" | "Math.abs" => {
            let Is::Number(number) = first?.is else { return None };
            let rounded = match name {
                "Math.floor" => number.floor(),
                "Math.round" => number.round(),
                "Math.ceil" => number.ceil(),
                _ => number.abs(),
            };
            Some(Value { is: Is::Number(rounded), from: Origins::NONE })
        }
        "path.join" | "path.resolve" | "path.posix.join" | "path.win32.join" => {
            Some(joined(&spread(arguments), "/"))
        }
        "path.dirname" => Some(Value::default()),
        _ => None,
    };
    let from = arguments.iter().fold(Origins::NONE, |from, argument| from.and(argument.from));
    // The folder of this file, and what else lies in it, is not this file.
    let ends_in_it = arguments.last().is_some_and(|last| last.from.has(Origin::OwnFile));
    let is_beside = name == "path.dirname" || name.starts_with("path.") && !ends_in_it;
    let from = if is_beside { from.without(Origins::of(&[Origin::OwnFile])) } else { from };
    outcome.map(|value| value.with(from))
}

/// Values put one after another; what is not known leaves a hole.
pub(super) fn joined(parts: &[Value], between: &str) -> Value {
    let mut all = String::new();
    let mut from = Origins::NONE;
    let mut known = 0;
    for (index, part) in parts.iter().enumerate() {
        from = from.and(part.from);
        if index > 0 {
            all.push_str(between);
        }
        match part.shown() {
            Some(text) => {
                known += 1;
                all.push_str(&text);
            }
            None => all.push(HOLE),
        }
        if all.len() > LONGEST {
            return Value::unknown(from);
        }
    }
    if known == 0 {
        return Value::unknown(from);
    }
    let from = if parts.len() > 1 { from.and(Origins::of(&[Origin::Built])) } else { from };
    Value { is: Is::Text(all.into()), from }
}

/// An index or count.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match &value.is {
        #[expect(clippy::cast_possible_truncation, reason = "JavaScript cuts numbers off in the same way")]
        Is::Number(number) if number.is_finite() => Some(*number as i64),
        Is::Text(text) => text.parse().ok(),
        Is::Flag(flag) => Some(i64::from(*flag)),
        _ => None,
    }
}

/// The characters of a text, one by one.
pub(super) fn characters(text: &str) -> Is {
    Is::List(Rc::new(text.chars().map(|character| Value::text(character.to_string())).collect()))
}

/// A text's character by its index.
pub(super) fn character(text: &str, index: i64) -> Option<char> {
    let index = usize::try_from(index).ok()?;
    if text.is_ascii() {
        text.as_bytes().get(index).map(|&byte| char::from(byte))
    } else {
        text.chars().nth(index)
    }
}

fn text(text: &str) -> Is {
    Is::Text(text.into())
}

fn number(number: usize) -> Is {
    Is::Number(f64::from(u32::try_from(number).unwrap_or(u32::MAX)))
}

/// Arguments with the lists that are spread into them taken apart.
fn spread(arguments: &[Value]) -> Vec<Value> {
    let mut all = Vec::new();
    for argument in arguments {
        match &argument.is {
            Is::List(list) => all.extend(list.iter().cloned()),
            _ => all.push(argument.clone()),
        }
    }
    all
}

fn text_method(own: &Rc<str>, name: &str, arguments: &[Value]) -> Option<Is> {
    let argument = |index: usize| arguments.get(index);
    let string = |index: usize| argument(index).and_then(Value::as_text);
    let index = |index: usize| argument(index).and_then(whole);
    Some(match name {
        "toString" | "valueOf" | "normalize" => Is::Text(Rc::clone(own)),
        "trim" => text(own.trim()),
        "trimEnd" => text(own.trim_end()),
        "trimStart" => text(own.trim_start()),
        "toLowerCase" | "toLocaleLowerCase" => text(&own.to_lowercase()),
        "toUpperCase" | "toLocaleUpperCase" => text(&own.to_uppercase()),
        "concat" => {
            let mut all = vec![Value { is: Is::Text(Rc::clone(own)), from: Origins::NONE }];
            all.extend(arguments.iter().cloned());
            return match joined(&all, "").is {
                Is::Unknown => None,
                is => Some(is),
            };
        }
        "split" => match string(0) {
            Some(by) if by.is_empty() => characters(own),
            Some(by) => Is::List(Rc::new(own.split(&**by).map(Value::text).collect())),
            None => return None,
        },
        "repeat" => {
            let times = usize::try_from(index(0)?).ok()?;
            if own.len().checked_mul(times)? > LONGEST {
                return None;
            }
            text(&own.repeat(times))
        }
        // Decoders read on until nothing is there any more.
        "charAt" => {
            text(&character(own, index(0).unwrap_or(0)).map_or(String::new(), |found| found.to_string()))
        }
        "at" => text(&character(own, index(0).unwrap_or(0))?.to_string()),
        "charCodeAt" => Is::Number(
            character(own, index(0).unwrap_or(0)).map_or(f64::NAN, |found| f64::from(u32::from(found))),
        ),
        "codePointAt" => Is::Number(f64::from(u32::from(character(own, index(0).unwrap_or(0))?))),
        "indexOf" => match own.find(&**string(0)?) {
            Some(at) => number(own[..at].chars().count()),
            None => Is::Number(-1.0),
        },
        "slice" | "substring" | "substr" => {
            text(&cut(own, name, index(0).unwrap_or(0), argument(1).map(whole))?)
        }
        "replace" | "replaceAll" => {
            let with = string(1)?;
            match &argument(0)?.is {
                Is::Text(what) if what.is_empty() => return None,
                Is::Text(what) if name == "replaceAll" => text(&own.replace(&**what, with)),
                Is::Text(what) => text(&own.replacen(&**what, with, 1)),
                Is::Pattern(source, global) => text(&replace_pattern(own, source, *global, with)?),
                _ => return None,
            }
        }
        "padStart" | "padEnd" => {
            let width = usize::try_from(index(0)?).ok().filter(|&width| width < 10_000)?;
            let fill = string(1).map_or(" ", |fill| fill);
            let missing: String =
                fill.chars().cycle().take(width.saturating_sub(own.chars().count())).collect();
            if name == "padStart" {
                text(&format!("{missing}{own}"))
            } else {
                text(&format!("{own}{missing}"))
            }
        }
        _ => return None,
    })
}

/// `slice`, `substring` and `substr`.
fn cut(own: &str, name: &str, start: i64, end: Option<Option<i64>>) -> Option<String> {
    let length = i64::try_from(own.chars().count()).ok()?;
    let end = match end {
        Some(known) => known?,
        None => length,
    };
    let from_end = |index: i64| if index < 0 { (length + index).max(0) } else { index.min(length) };
    let (start, end) = match name {
        "slice" => (from_end(start), from_end(end)),
        "substring" => {
            let (a, b) = (start.clamp(0, length), end.clamp(0, length));
            (a.min(b), a.max(b))
        }
        _ => {
            let start = from_end(start);
            (start, (start + end.max(0)).min(length))
        }
    };
    let count = usize::try_from(end - start).unwrap_or(0);
    Some(own.chars().skip(usize::try_from(start).ok()?).take(count).collect())
}

/// Replaces what a very simple pattern matches: plain characters, or one class of characters.
fn replace_pattern(own: &str, source: &str, global: bool, with: &str) -> Option<String> {
    if with.contains('$') {
        return None;
    }
    if source == "." || source == "[^]" || source.is_empty() {
        return None;
    }
    if let Some(class) =
        source.strip_prefix('[').and_then(|rest| rest.strip_suffix("]+").or(rest.strip_suffix(']')))
    {
        if class.starts_with('^') || class.contains(['\\', '-', '[']) {
            return None;
        }
        return global.then(|| {
            own.chars()
                .map(
                    |character| {
                        if class.contains(character) { with.to_owned() } else { character.to_string() }
                    },
                )
                .collect()
        });
    }
    let plain = source.replace("\\", "");
    let special = |character: char| ".*+?^${}()|[]".contains(character);
    if source.contains(special) && !source.contains('\\')
        || source.contains("\\s")
        || source.contains("\\d")
        || source.contains("\\w")
        || plain.is_empty()
    {
        return None;
    }
    Some(if global { own.replace(&plain, with) } else { own.replacen(&plain, with, 1) })
}

fn bytes_method(bytes: &[u8], name: &str, arguments: &[Value]) -> Option<Is> {
    match name {
        "toString" => {
            let encoding = arguments.first().and_then(Value::as_text).map_or("utf8", |encoding| encoding);
            Some(match encoding {
                "hex" => text(&bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
                "base64" | "base64url" => return None,
                "latin1" | "binary" | "ascii" => text(&latin1(bytes)),
                _ => text(&String::from_utf8_lossy(bytes)),
            })
        }
        "reverse" => Some(Is::Bytes(bytes.iter().rev().copied().collect())),
        "slice" | "subarray" => {
            let start = usize::try_from(arguments.first().and_then(whole).unwrap_or(0)).ok()?;
            let end = arguments
                .get(1)
                .and_then(whole)
                .and_then(|end| usize::try_from(end).ok())
                .unwrap_or(bytes.len());
            Some(Is::Bytes(bytes.get(start..end.min(bytes.len()))?.into()))
        }
        _ => None,
    }
}

fn list_method(list: &Rc<Vec<Value>>, name: &str, arguments: &[Value]) -> Option<Is> {
    Some(match name {
        "join" => {
            let between = match arguments.first() {
                None => ",",
                Some(value) => value.as_text()?,
            };
            match joined(list, between).is {
                Is::Unknown => return None,
                is => is,
            }
        }
        "reverse" => Is::List(Rc::new(list.iter().rev().cloned().collect())),
        "concat" => Is::List(Rc::new(list.iter().cloned().chain(spread(arguments)).collect())),
        "slice" => {
            let start = usize::try_from(arguments.first().and_then(whole).unwrap_or(0)).ok()?;
            let end =
                arguments.get(1).and_then(whole).map_or(Some(list.len()), |end| usize::try_from(end).ok())?;
            Is::List(Rc::new(list.get(start..end.min(list.len()))?.to_vec()))
        }
        "at" => {
            return list.get(usize::try_from(whole(arguments.first()?)?).ok()?).map(|value| value.is.clone());
        }
        "flat" => Is::List(Rc::new(spread(list))),
        "filter" if arguments.first().and_then(Value::as_name).is_some_and(|name| &**name == "Boolean") => {
            Is::List(Rc::clone(list))
        }
        _ => return None,
    })
}

fn in_radix(number: f64, radix: u32) -> Option<String> {
    if radix == 10 {
        return Some(super::value::number_text(number));
    }
    if !(2..=36).contains(&radix) || number.fract() != 0.0 || !(0.0..=9e15).contains(&number) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let mut rest = number as u64;
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(u32::try_from(rest % u64::from(radix)).ok()?, radix)?);
        rest /= u64::from(radix);
        if rest == 0 {
            return Some(digits.iter().rev().collect());
        }
    }
}

fn parse_number(value: &Value, radix: u32, name: &str) -> Option<f64> {
    match &value.is {
        Is::Number(number) => Some(*number),
        Is::Text(text) if name == "Number" || name == "parseFloat" => text.trim().parse().ok(),
        Is::Text(text) => {
            let trimmed = text.trim();
            let (digits, radix) = match trimmed.strip_prefix("0x") {
                Some(rest) => (rest, 16),
                None => (trimmed, radix),
            };
            if !(2..=36).contains(&radix) {
                return None;
            }
            let (negative, digits) = digits.strip_prefix('-').map_or((false, digits), |rest| (true, rest));
            let mut number = None;
            for digit in digits.chars().map_while(|character| character.to_digit(radix)) {
                number = Some(number.unwrap_or(0.0) * f64::from(radix) + f64::from(digit));
            }
            let number = number.unwrap_or(f64::NAN);
            Some(if negative { -number } else { number })
        }
        _ => None,
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let dense: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    decoding::base64(&dense)
}

fn encode(text: &str, encoding: &str) -> Option<Vec<u8>> {
    match encoding {
        "base64" | "base64url" => base64(text),
        "hex" => decoding::hexadecimal(text.as_bytes()),
        "latin1" | "binary" => {
            text.chars().map(|character| u8::try_from(u32::from(character) & 0xFF).ok()).collect()
        }
        "utf8" | "utf-8" | "ascii" => Some(text.as_bytes().to_vec()),
        _ => None,
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(decoding::hexadecimal);
        match (bytes[at], pair) {
            (b'%', Some(decoded)) => {
                out.extend(decoded);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
