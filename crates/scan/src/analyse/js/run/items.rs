//! Values of a run as the language converts, compares and calculates with them.

use super::super::value::{Is, Origins, Value};
use super::{Item, LONGEST, Outcome, Stop};
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use std::cell::RefCell;
use std::rc::Rc;

pub(super) fn each(item: &Item, keys: bool) -> Outcome<Vec<Item>> {
    match item {
        Item::List(list) if keys => {
            Ok((0..list.borrow().len()).map(|index| Item::Text(index.to_string().into())).collect())
        }
        Item::List(list) => Ok(list.borrow().clone()),
        Item::Text(text) if !keys => {
            Ok(text.chars().map(|character| Item::Text(character.to_string().into())).collect())
        }
        _ => Err(Stop::GivenUp),
    }
}

pub(super) fn item_of(value: &Value) -> Item {
    match &value.is {
        Is::Text(text) => Item::Text(Rc::clone(text)),
        Is::Number(number) => Item::Number(*number),
        Is::Flag(flag) => Item::Flag(*flag),
        Is::Pattern(source, global) => Item::Pattern(Rc::clone(source), *global),
        Is::List(list) => Item::List(Rc::new(RefCell::new(list.iter().map(item_of).collect()))),
        Is::Bytes(bytes) => Item::List(Rc::new(RefCell::new(
            bytes.iter().map(|&byte| Item::Number(f64::from(byte))).collect(),
        ))),
        Is::Function(function) => Item::Function(*function),
        Is::Named(name) => Item::Named(Rc::clone(name)),
        Is::Record(record) => {
            let all = record.iter().map(|(key, value)| (Rc::clone(key), item_of(value))).collect();
            Item::Object(Rc::new(RefCell::new(all)))
        }
        Is::Unknown | Is::Nothing | Is::Instance(_) | Is::Module(_) => Item::Undefined,
    }
}

pub(super) fn item_of_value(item: &Item) -> Value {
    value_of(item, 0).unwrap_or_default()
}

pub(super) fn value_of(item: &Item, depth: usize) -> Option<Value> {
    if depth > 8 {
        return None;
    }
    let is = match item {
        Item::Undefined => Is::Nothing,
        Item::Flag(flag) => Is::Flag(*flag),
        Item::Number(number) => Is::Number(*number),
        Item::Text(text) => Is::Text(Rc::clone(text)),
        Item::Pattern(source, global) => Is::Pattern(Rc::clone(source), *global),
        Item::List(list) => Is::List(Rc::new(
            list.borrow().iter().map(|item| value_of(item, depth + 1)).collect::<Option<_>>()?,
        )),
        Item::Object(object) => {
            let object = object.borrow();
            let all: Option<Vec<_>> =
                object.iter().map(|(key, item)| Some((Rc::clone(key), value_of(item, depth + 1)?))).collect();
            Is::Record(Rc::new(all?))
        }
        Item::Function(function) => Is::Function(*function),
        Item::Named(name) => Is::Named(Rc::clone(name)),
    };
    Some(Value { is, from: Origins::NONE })
}

pub(super) fn truth(item: &Item) -> bool {
    match item {
        Item::Undefined => false,
        Item::Flag(flag) => *flag,
        Item::Number(number) => *number != 0.0 && !number.is_nan(),
        Item::Text(text) => !text.is_empty(),
        _ => true,
    }
}

pub(super) fn same(left: &Item, right: &Item) -> bool {
    match (left, right) {
        (Item::Text(a), Item::Text(b)) => a == b,
        (Item::Undefined, Item::Undefined) => true,
        (Item::Undefined, _) | (_, Item::Undefined) => false,
        (Item::Function(a), Item::Function(b)) => a == b,
        (Item::List(a), Item::List(b)) => Rc::ptr_eq(a, b),
        _ => number_of(left) == number_of(right),
    }
}

pub(super) fn number_of(item: &Item) -> f64 {
    match item {
        Item::Number(number) => *number,
        Item::Flag(flag) => f64::from(u8::from(*flag)),
        Item::Text(text) if text.trim().is_empty() => 0.0,
        Item::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
        Item::List(list) if list.borrow().is_empty() => 0.0,
        _ => f64::NAN,
    }
}

pub(super) fn text_of(item: &Item) -> Outcome<String> {
    match item {
        Item::Function(_) | Item::Named(_) => Err(Stop::GivenUp),
        other => item_of_value(other).shown().ok_or(Stop::GivenUp),
    }
}

pub(super) fn binary(operator: BinaryOperator, left: &Item, right: &Item) -> Outcome<Item> {
    use BinaryOperator as B;
    Ok(match operator {
        B::Addition => match (left, right) {
            (
                Item::Number(_) | Item::Flag(_) | Item::Undefined,
                Item::Number(_) | Item::Flag(_) | Item::Undefined,
            ) => Item::Number(number_of(left) + number_of(right)),
            _ => {
                let mut all = text_of(left)?;
                all.push_str(&text_of(right)?);
                if all.len() > LONGEST {
                    return Err(Stop::GivenUp);
                }
                Item::Text(all.into())
            }
        },
        B::Equality | B::StrictEquality => Item::Flag(same(left, right)),
        B::Inequality | B::StrictInequality => Item::Flag(!same(left, right)),
        B::LessThan | B::LessEqualThan | B::GreaterThan | B::GreaterEqualThan => {
            if let (Item::Text(a), Item::Text(b)) = (left, right) {
                return Ok(Item::Flag(match operator {
                    B::LessThan => a < b,
                    B::LessEqualThan => a <= b,
                    B::GreaterThan => a > b,
                    _ => a >= b,
                }));
            }
            let (a, b) = (number_of(left), number_of(right));
            Item::Flag(match operator {
                B::LessThan => a < b,
                B::LessEqualThan => a <= b,
                B::GreaterThan => a > b,
                _ => a >= b,
            })
        }
        B::In | B::Instanceof => return Err(Stop::GivenUp),
        other => match crate::analyse::js::evaluate::arithmetic(other, number_of(left), number_of(right)) {
            Is::Number(number) => Item::Number(number),
            _ => return Err(Stop::GivenUp),
        },
    })
}

pub(super) fn unary(operator: UnaryOperator, item: &Item) -> Outcome<Item> {
    #[expect(clippy::cast_possible_truncation, reason = "JavaScript cuts numbers off in the same way")]
    let inverted = |number: f64| f64::from(!(number as i64 as i32));
    Ok(match operator {
        UnaryOperator::LogicalNot => Item::Flag(!truth(item)),
        UnaryOperator::UnaryNegation => Item::Number(-number_of(item)),
        UnaryOperator::UnaryPlus => Item::Number(number_of(item)),
        UnaryOperator::BitwiseNot => {
            let number = number_of(item);
            Item::Number(if number.is_nan() { -1.0 } else { inverted(number) })
        }
        UnaryOperator::Typeof => Item::Text(
            match item {
                Item::Undefined => "undefined",
                Item::Flag(_) => "boolean",
                Item::Number(_) => "number",
                Item::Text(_) => "string",
                Item::Function(_) | Item::Named(_) => "function",
                _ => "object",
            }
            .into(),
        ),
        UnaryOperator::Void => Item::Undefined,
        UnaryOperator::Delete => return Err(Stop::GivenUp),
    })
}

pub(super) fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
