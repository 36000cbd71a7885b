//! What can be computed of a program without running it: text glued, cut, turned round and decoded.

use super::value::{HOLE, Is, Origin, Value};
use crate::analyse::decoding;
use ruff_python_ast::{CmpOp, Operator};
use std::rc::Rc;

/// Longest text that is kept; a longer one is a value nobody knows.
pub(super) const LONGEST: usize = 4 << 20;
const LONGEST_LIST: usize = 200_000;

/// `left op right`.
pub(super) fn binary<'t>(op: Operator, left: &Value<'t>, right: &Value<'t>) -> Value<'t> {
    let is = match (op, &left.is, &right.is) {
        (Operator::Add, Is::List(one), Is::List(two)) if one.len() + two.len() < LONGEST_LIST => {
            Is::List(one.iter().chain(two.iter()).cloned().collect::<Vec<_>>().into())
        }
        // A command line in its words, and more words after them.
        (Operator::Add, Is::Named(name), _) if &**name == "shlex.split()" => {
            let more = right.items().map_or_else(|| vec![right.blurred()], <[_]>::to_vec);
            Is::List(std::iter::once(left.clone()).chain(more).collect::<Vec<_>>().into())
        }
        (Operator::Add, ..) if left.as_text().is_some() || right.as_text().is_some() => {
            return glue([left, right].into_iter());
        }
        (Operator::Div, ..) if right.as_text().is_some() => {
            return glue([left, &Value::text(*b"/"), right].into_iter());
        }
        (Operator::Mult, Is::Number(times), _) => return repeated(right, *times).after(left),
        (Operator::Mult, _, Is::Number(times)) if left.number().is_none() => {
            return repeated(left, *times).after(right);
        }
        (Operator::Mod, Is::Text(format) | Is::Bytes(format), _) => {
            return percent(format, right).after(left).after(right);
        }
        (_, Is::Number(one), Is::Number(two)) => arithmetic(op, *one, *two).map_or(Is::Unknown, Is::Number),
        _ => Is::Unknown,
    };
    let mut value = Value::of(is);
    value.from = left.origins().and(right.origins());
    if op == Operator::BitXor && matches!(value.is, Is::Number(_)) {
        value.from.add(Origin::Decoded);
    }
    value.paths = left.all_paths() | right.all_paths();
    value
}

/// `left op right` for the comparisons whose outcome can be told.
pub(super) fn compared(op: CmpOp, left: &Value<'_>, right: &Value<'_>) -> Option<bool> {
    // A caller may hand in something else than the default.
    if left.origins().and(right.origins()).has(Origin::Parameter) {
        return None;
    }
    let texts = || Some((left.whole_text()?, right.whole_text()?));
    let numbers = || Some((left.number()?, right.number()?));
    Some(match op {
        CmpOp::In | CmpOp::NotIn => {
            let within = match elements(right) {
                _ if right.as_text().is_some() => {
                    let (part, whole) = texts()?;
                    memchr::memmem::find(whole, part).is_some()
                }
                Some(items) if left.number().is_some() || left.whole_text().is_some() => {
                    items.iter().any(|item| same(item, left))
                }
                _ => return None,
            };
            within == (op == CmpOp::In)
        }
        CmpOp::Eq | CmpOp::NotEq => {
            let equal = match numbers() {
                Some((one, two)) => one == two,
                None => {
                    let (one, two) = texts()?;
                    one == two
                }
            };
            equal == (op == CmpOp::Eq)
        }
        CmpOp::Lt => numbers().map(|(one, two)| one < two)?,
        CmpOp::LtE => numbers().map(|(one, two)| one <= two)?,
        CmpOp::Gt => numbers().map(|(one, two)| one > two)?,
        CmpOp::GtE => numbers().map(|(one, two)| one >= two)?,
        _ => return None,
    })
}

fn arithmetic(op: Operator, one: i64, two: i64) -> Option<i64> {
    match op {
        Operator::Add => one.checked_add(two),
        Operator::Sub => one.checked_sub(two),
        Operator::Mult => one.checked_mul(two),
        Operator::Div | Operator::FloorDiv => one.checked_div_euclid(two),
        Operator::Mod => one.checked_rem_euclid(two),
        Operator::BitXor => Some(one ^ two),
        Operator::BitAnd => Some(one & two),
        Operator::BitOr => Some(one | two),
        Operator::LShift => u32::try_from(two).ok().and_then(|two| one.checked_shl(two)),
        Operator::RShift => u32::try_from(two).ok().and_then(|two| one.checked_shr(two)),
        Operator::Pow => u32::try_from(two).ok().and_then(|two| one.checked_pow(two)),
        Operator::MatMult => None,
    }
}

/// Texts one after another; what is not known leaves a hole.
pub(super) fn glue<'v, 't: 'v>(parts: impl Iterator<Item = &'v Value<'t>>) -> Value<'t> {
    let mut out: Vec<u8> = Vec::new();
    let mut value = Value::UNKNOWN;
    let mut binary = false;
    let mut texts = 0;
    for part in parts {
        match (&part.is, part.as_text()) {
            (Is::Number(number), _) => out.extend(number.to_string().bytes()),
            (is, Some(text)) => {
                binary |= matches!(is, Is::Bytes(_));
                texts += 1;
                out.extend_from_slice(text);
            }
            _ => {
                out.push(HOLE);
                value.from.add(Origin::Hole);
            }
        }
        value.from = value.from.and(part.origins());
        value.paths |= part.all_paths();
    }
    if texts > 1 {
        value.from.add(Origin::Glued);
    }
    if out.len() <= LONGEST {
        value.is = if binary { Is::Bytes(out.into()) } else { Is::Text(out.into()) };
    }
    value
}

fn repeated<'t>(value: &Value<'t>, times: i64) -> Value<'t> {
    let times = usize::try_from(times).unwrap_or(0);
    let fits = |length: usize, most: usize| length.checked_mul(times).is_some_and(|whole| whole <= most);
    let is = match &value.is {
        Is::Text(text) if fits(text.len(), LONGEST) => Is::Text(text.repeat(times).into()),
        Is::Bytes(text) if fits(text.len(), LONGEST) => Is::Bytes(text.repeat(times).into()),
        Is::List(items) if fits(items.len(), LONGEST_LIST) => {
            Is::List(items.iter().cycle().take(items.len() * times).cloned().collect::<Vec<_>>().into())
        }
        _ => Is::Unknown,
    };
    Value { is, ..value.clone() }
}

fn percent<'t>(format: &[u8], arguments: &Value<'t>) -> Value<'t> {
    let mut given: Vec<Value<'t>> = match &arguments.is {
        Is::List(items) => items.to_vec(),
        _ => vec![arguments.clone()],
    };
    given.reverse();
    let mut parts = Vec::new();
    let mut rest = format;
    while let Some(at) = memchr::memchr(b'%', rest) {
        parts.push(Value::text(&rest[..at]));
        let kind = rest[at + 1..].iter().position(|byte| byte.is_ascii_alphabetic() || *byte == b'%');
        let Some(kind) = kind else { break };
        match rest[at + 1 + kind] {
            b'%' => parts.push(Value::text(*b"%")),
            b'c' => parts.push(given.pop().map_or(Value::UNKNOWN, |value| character(&value))),
            _ => parts.push(given.pop().unwrap_or(Value::UNKNOWN)),
        }
        rest = &rest[at + kind + 2..];
    }
    parts.push(Value::text(rest));
    glue(parts.iter())
}

/// `chr(value)`.
pub(super) fn character<'t>(value: &Value<'t>) -> Value<'t> {
    let letter = value.number().and_then(|number| char::from_u32(u32::try_from(number).ok()?));
    match letter {
        Some(letter) => Value::text(letter.to_string().into_bytes()).after(value),
        None => value.blurred(),
    }
}

/// The elements that a loop over the value sees, where all of them are known.
pub(super) fn elements<'t>(value: &Value<'t>) -> Option<Vec<Value<'t>>> {
    let each = |item: Value<'t>| Value { from: value.from, paths: value.paths, ..item };
    match &value.is {
        Is::List(items) => Some(items.to_vec()),
        Is::Dict(items) => Some(items.iter().map(|(key, _)| key.clone()).collect()),
        Is::Bytes(bytes) if bytes.len() <= LONGEST_LIST => {
            Some(bytes.iter().map(|&byte| each(Value::of(Is::Number(byte.into())))).collect())
        }
        Is::Text(_) => {
            let text = std::str::from_utf8(value.whole_text()?).ok()?;
            (text.len() <= LONGEST_LIST).then(|| {
                text.chars().map(|letter| each(Value::text(letter.to_string().into_bytes()))).collect()
            })
        }
        _ => None,
    }
}

/// A text as its elements are handed back: numbers for bytes.
fn of_kind<'t>(like: &Value<'t>, bytes: Vec<u8>) -> Value<'t> {
    let is = if matches!(like.is, Is::Bytes(_)) { Is::Bytes(bytes.into()) } else { Is::Text(bytes.into()) };
    Value { is, from: like.from, paths: like.paths }
}

/// `value[index]`.
pub(super) fn index<'t>(value: &Value<'t>, index: &Value<'t>) -> Value<'t> {
    let place = |length: usize| {
        let number = index.number()?;
        let at = if number < 0 { number + i64::try_from(length).ok()? } else { number };
        usize::try_from(at).ok().filter(|&at| at < length)
    };
    let found = match &value.is {
        Is::List(items) => place(items.len()).map(|at| items[at].clone()),
        Is::Bytes(bytes) => place(bytes.len()).map(|at| Value::of(Is::Number(bytes[at].into())).after(value)),
        Is::Text(text) if text.is_ascii() => place(text.len()).map(|at| of_kind(value, vec![text[at]])),
        Is::Text(text) => std::str::from_utf8(text).ok().and_then(|text| {
            let letter = text.chars().nth(place(text.chars().count())?)?;
            Some(of_kind(value, letter.to_string().into_bytes()))
        }),
        Is::Dict(items) => {
            items.iter().rev().find(|(key, _)| same(key, index)).map(|(_, found)| found.clone())
        }
        _ => None,
    };
    found.unwrap_or_else(|| value.blurred())
}

pub(super) fn same(one: &Value<'_>, two: &Value<'_>) -> bool {
    match (&one.is, &two.is) {
        (Is::Number(one), Is::Number(two)) => one == two,
        _ => one.as_text().is_some_and(|text| two.as_text() == Some(text)),
    }
}

/// `value[from:to:step]`.
pub(super) fn slice<'t>(value: &Value<'t>, from: Option<i64>, to: Option<i64>, step: i64) -> Value<'t> {
    fn cut<T: Clone>(items: &[T], from: Option<i64>, to: Option<i64>, step: i64) -> Vec<T> {
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let clamp = |at: i64| (if at < 0 { at + length } else { at }).clamp(0, length);
        let (start, end) = (clamp(from.unwrap_or(0)), clamp(to.unwrap_or(length)));
        let plain = |start: i64, end: i64| {
            let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end.max(start)).unwrap_or(0);
            items.get(range).unwrap_or_default()
        };
        let stride = usize::try_from(step.unsigned_abs()).unwrap_or(1).max(1);
        if step > 0 {
            plain(start, end).iter().step_by(stride).cloned().collect()
        } else {
            let high = from.map_or(length, |from| (clamp(from) + 1).min(length));
            let low = to.map_or(0, |to| (clamp(to) + 1).min(length));
            plain(low, high).iter().rev().step_by(stride).cloned().collect()
        }
    }
    match &value.is {
        Is::List(items) => {
            Value { is: Is::List(cut(items, from, to, step).into()), from: value.from, paths: value.paths }
        }
        Is::Text(text) if !text.is_ascii() => match std::str::from_utf8(text) {
            Ok(text) => {
                let letters: Vec<char> = text.chars().collect();
                of_kind(value, cut(&letters, from, to, step).into_iter().collect::<String>().into_bytes())
            }
            Err(_) => value.blurred(),
        },
        Is::Text(bytes) | Is::Bytes(bytes) => of_kind(value, cut(bytes, from, to, step)),
        _ => value.blurred(),
    }
}

/// A method of a text or a list, where its result can be told.
pub(super) fn method<'t>(on: &Value<'t>, name: &str, given: &[Value<'t>]) -> Option<Value<'t>> {
    let text = on.as_text();
    let first = given.first();
    let argument = |index: usize| given.get(index).and_then(Value::as_text);
    let same_text = |bytes: Vec<u8>| Some(of_kind(on, bytes));
    match (name, text) {
        ("join", Some(separator)) => {
            let items = first.and_then(elements)?;
            let separator = of_kind(on, separator.to_vec());
            let mut parts = Vec::with_capacity(items.len() * 2);
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    parts.push(&separator);
                }
                parts.push(item);
            }
            let glued = glue(parts.into_iter()).after(first?);
            Some(if matches!(on.is, Is::Bytes(_)) {
                Value { is: Is::Bytes(glued.as_text()?.into()), ..glued }
            } else {
                glued
            })
        }
        ("encode", Some(bytes)) => {
            if let Some(codec) = argument(0)
                && decoding::is_transform(codec)
            {
                return Some(on.blurred());
            }
            Some(Value { is: Is::Bytes(bytes.into()), ..on.clone() })
        }
        ("decode", Some(bytes)) => match argument(0) {
            Some(codec) if decoding::is_transform(codec) => decoded_with(on, codec),
            _ => Some(Value { is: Is::Text(bytes.into()), ..on.clone() }),
        },
        ("hex", Some(bytes)) if matches!(on.is, Is::Bytes(_)) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(Value { is: Is::Text(hex.into_bytes().into()), ..on.clone() })
        }
        ("replace", Some(bytes)) => {
            let (old, new) = (argument(0)?, argument(1)?);
            if old.is_empty() {
                return None;
            }
            let mut out = Vec::with_capacity(bytes.len());
            let mut from = 0;
            for at in memchr::memmem::find_iter(bytes, old) {
                out.extend_from_slice(&bytes[from..at]);
                out.extend_from_slice(new);
                from = at + old.len();
            }
            out.extend_from_slice(&bytes[from..]);
            (out.len() <= LONGEST).then(|| of_kind(on, out))
        }
        ("strip" | "lstrip" | "rstrip", Some(bytes)) if given.is_empty() => {
            same_text(bytes.trim_ascii().to_vec())
        }
        ("lower" | "casefold", Some(bytes)) => same_text(bytes.to_ascii_lowercase()),
        ("upper", Some(bytes)) => same_text(bytes.to_ascii_uppercase()),
        ("split", Some(bytes)) => {
            let text = std::str::from_utf8(bytes).ok()?;
            let part = |part: &str| of_kind(on, part.as_bytes().to_vec());
            let parts: Vec<_> = match argument(0).map(std::str::from_utf8) {
                Some(Ok(separator)) if !separator.is_empty() => text.split(separator).map(part).collect(),
                _ => text.split_whitespace().map(part).collect(),
            };
            Some(Value { is: Is::List(parts.into()), from: on.from, paths: on.paths })
        }
        ("index" | "find", Some(bytes)) => {
            let (text, part) = (std::str::from_utf8(bytes).ok()?, std::str::from_utf8(argument(0)?).ok()?);
            let place = text[..text.find(part)?].chars().count();
            Some(Value::of(Is::Number(i64::try_from(place).ok()?)).after(on).after(first?))
        }
        ("index", None) => {
            let place = on.items()?.iter().position(|item| first.is_some_and(|first| same(item, first)))?;
            Some(Value::of(Is::Number(i64::try_from(place).ok()?)).after(on))
        }
        ("translate", Some(bytes)) => {
            let Some(Is::Dict(table)) = first.map(|table| &table.is) else { return None };
            let text = std::str::from_utf8(bytes).ok()?;
            let letters: Vec<Value<'t>> =
                text.chars().map(|letter| Value::text(letter.to_string().into_bytes())).collect();
            let turned = letters.iter().map(|letter| {
                table.iter().find(|(key, _)| same(key, letter)).map_or(letter, |(_, turned)| turned)
            });
            Some(glue(turned).after(on).with(Origin::Decoded))
        }
        ("format", Some(format)) => Some(formatted(format, given).after(on)),
        (
            "zfill" | "ljust" | "rjust" | "center" | "strip" | "lstrip" | "rstrip" | "expandtabs" | "title",
            Some(_),
        ) => Some(on.clone()),
        ("from_bytes" | "to_bytes", _) => None,
        ("copy", None) => Some(on.clone()),
        ("values", None) => match &on.is {
            Is::Dict(items) => Some(list(items.iter().map(|(_, value)| value.clone()).collect())),
            _ => None,
        },
        ("get", None) => match &on.is {
            Is::Dict(_) => Some(index(on, first?)),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn list<'t>(items: Vec<Value<'t>>) -> Value<'t> {
    Value::of(Is::List(items.into()))
}

fn formatted<'t>(format: &[u8], given: &[Value<'t>]) -> Value<'t> {
    let mut parts = Vec::new();
    let mut rest = format;
    let mut next = 0;
    while let Some(open) = memchr::memchr(b'{', rest) {
        parts.push(Value::text(&rest[..open]));
        let Some(close) = memchr::memchr(b'}', &rest[open..]) else { break };
        let field = &rest[open + 1..open + close];
        let number = std::str::from_utf8(field).ok().and_then(|field| field.parse::<usize>().ok());
        let at = number.unwrap_or(next);
        next += usize::from(number.is_none());
        parts.push(given.get(at).cloned().unwrap_or(Value::UNKNOWN));
        rest = &rest[open + close + 1..];
    }
    parts.push(Value::text(rest));
    glue(parts.iter())
}

/// What a decoding function makes of a text, by the function's name.
pub(super) fn decoded<'t>(name: &str, given: &[Value<'t>]) -> Option<Value<'t>> {
    let on = given.first()?;
    let short = name.rsplit('.').next().unwrap_or(name);
    if short == "decode" {
        return decoded_with(on, given.get(1)?.as_text()?);
    }
    let bytes = decoding::by_function(short, on.whole_text()?)?;
    Some(plain(on, bytes, true))
}

fn decoded_with<'t>(on: &Value<'t>, codec: &[u8]) -> Option<Value<'t>> {
    let bytes = decoding::by_codec(codec, on.whole_text()?)?;
    Some(plain(on, bytes, matches!(on.is, Is::Bytes(_))))
}

fn plain<'t>(on: &Value<'t>, bytes: Vec<u8>, binary: bool) -> Value<'t> {
    let bytes: Rc<[u8]> = bytes.into();
    let is = if binary { Is::Bytes(bytes) } else { Is::Text(bytes) };
    Value { is, from: on.from, paths: on.paths }
}
