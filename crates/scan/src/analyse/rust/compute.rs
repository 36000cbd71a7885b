//! Values out of literals, operators, ranges and places in other values.

use super::value::{LONGEST_TEXT, MOST_PARTS, Thing, Value};
use syn::{BinOp, Lit};

pub(super) fn literal_value<'p>(literal: &Lit) -> Value<'p> {
    match literal {
        Lit::Str(text) => Value::of_text(text.value()),
        Lit::ByteStr(text) => Value::of_text(text.value()),
        Lit::CStr(text) => Value::of_text(text.value().to_bytes()),
        Lit::Byte(byte) => Value::of_number(byte.value().into()),
        Lit::Char(character) => Value::of_number(u32::from(character.value()).into()),
        Lit::Int(number) => number.base10_parse().map(Value::of_number).unwrap_or_default(),
        _ => Value::default(),
    }
}

pub(super) fn element<'p>(base: &Value<'p>, at: &Value<'p>) -> Value<'p> {
    let tainted = Value::of_taint(base.taint);
    if let Some(text) = &base.text {
        return byte_or_piece(text, at).map_or(tainted, |piece| piece.tainted(base.taint));
    }
    let Some(elements) = base.elements() else { return tainted };
    if let Some(index) = at.number {
        let found = usize::try_from(index).ok().and_then(|index| elements.get(index));
        return found.cloned().unwrap_or(tainted);
    }
    // A range of numbers cuts a piece out.
    let Some(range) = &at.parts else { return tainted };
    let numbers: Vec<usize> =
        range.iter().filter_map(|part| part.number.and_then(|number| usize::try_from(number).ok())).collect();
    let cut: Vec<Value<'p>> = numbers.iter().filter_map(|&index| elements.get(index).cloned()).collect();
    Value::of_parts(cut).tainted(base.taint)
}

/// One byte of a text, or the piece that a range of numbers cuts out of it.
fn byte_or_piece<'p>(text: &[u8], at: &Value<'p>) -> Option<Value<'p>> {
    let index = |number: i128| usize::try_from(number).ok();
    if let Some(number) = at.number {
        return text.get(index(number)?).map(|&byte| Value::of_number(byte.into()));
    }
    let range = at.parts.as_ref()?;
    let first = index(range.first()?.number?)?;
    let piece = text.get(first..)?;
    Some(Value::of_text(&piece[..piece.len().min(range.len())]))
}

pub(super) fn span_of<'p>(start: Option<Value<'p>>, end: Option<Value<'p>>, closed: bool) -> Value<'p> {
    let start = start.map_or(Some(0), |start| start.number);
    let end = end.map_or(Some(MOST_PARTS as i128), |end| end.number);
    let (Some(start), Some(end)) = (start, end) else { return Value::default() };
    let most = start.saturating_add(MOST_PARTS as i128);
    let end = end.saturating_add(i128::from(closed)).min(most);
    Value::of_parts((start..end).map(Value::of_number).collect())
}

pub(super) fn is_assigning(operator: &BinOp) -> bool {
    use BinOp::*;
    matches!(
        operator,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

/// Numbers are computed and texts joined; anything else is only as tainted as its parts.
pub(super) fn compute<'p>(operator: &BinOp, left: &Value<'p>, right: &Value<'p>) -> Value<'p> {
    use BinOp::*;
    let taint = left.taint.and(right.taint);
    if let (Some(one), Some(two)) = (left.number, right.number) {
        let shift = u32::try_from(two).ok().filter(|bits| *bits < 64);
        let number = match operator {
            Add(_) | AddAssign(_) => one.checked_add(two),
            Sub(_) | SubAssign(_) => one.checked_sub(two),
            Mul(_) | MulAssign(_) => one.checked_mul(two),
            Div(_) | DivAssign(_) => one.checked_div(two),
            Rem(_) | RemAssign(_) => one.checked_rem(two),
            BitXor(_) | BitXorAssign(_) => Some(one ^ two),
            BitAnd(_) | BitAndAssign(_) => Some(one & two),
            BitOr(_) | BitOrAssign(_) => Some(one | two),
            Shl(_) | ShlAssign(_) => shift.and_then(|bits| one.checked_shl(bits)),
            Shr(_) | ShrAssign(_) => shift.and_then(|bits| one.checked_shr(bits)),
            _ => None,
        };
        return Value { number, ..Value::of_taint(taint) };
    }
    let joins = matches!(operator, Add(_) | AddAssign(_));
    if let (true, Some(one)) = (joins, &left.text) {
        let two = right.bytes().unwrap_or_default();
        if one.len() + two.len() <= LONGEST_TEXT {
            return Value::of_text([one, two.as_slice()].concat()).tainted(taint).with_thing(Thing::Plain);
        }
    }
    Value::of_taint(taint)
}
