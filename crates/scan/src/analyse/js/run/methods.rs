//! The methods of texts and lists that decoders use.

use super::super::builtins;
use super::super::value::{Origin, Value};
use super::items::{count, each, item_of, item_of_value, text_of, truth};
use super::{Item, LONGEST, Outcome, Runner, Stop};
use std::cell::RefCell;
use std::rc::Rc;

impl Runner<'_> {
    pub(super) fn method_of(&mut self, object: &Item, name: &str, mut given: Vec<Item>) -> Outcome<Item> {
        self.count_through(object)?;
        match object {
            Item::List(list) => self.list_method(list, name, &given),
            Item::Function(function) => match name {
                "call" => {
                    given.drain(..1.min(given.len()));
                    self.function(*function, &given)
                }
                "apply" => {
                    let all = given.get(1).map_or(Ok(Vec::new()), |list| each(list, false))?;
                    self.function(*function, &all)
                }
                other => match self.members.get(&(*function, other.into())).cloned() {
                    Some(Item::Function(member)) => self.function(member, &given),
                    _ => Err(Stop::GivenUp),
                },
            },
            Item::Object(inner) => {
                let member = inner.borrow().get(name).cloned();
                match member {
                    Some(Item::Function(member)) => self.function(member, &given),
                    _ => Err(Stop::GivenUp),
                }
            }
            Item::Text(text) => {
                if let ("replace" | "replaceAll", [Item::Pattern(source, true), Item::Function(function)]) =
                    (name, given.as_slice())
                {
                    return self.replace(text, source, *function);
                }
                let given: Vec<Value> = given.iter().map(item_of_value).collect();
                let own = Value::text(Rc::clone(text));
                builtins::method(&own, name, &given).map(|value| item_of(&value)).ok_or(Stop::GivenUp)
            }
            Item::Number(_) => {
                let given: Vec<Value> = given.iter().map(item_of_value).collect();
                let own = item_of_value(object);
                builtins::method(&own, name, &given).map(|value| item_of(&value)).ok_or(Stop::GivenUp)
            }
            Item::Named(path) => self.named(&format!("{path}.{name}"), &given),
            Item::Undefined => Err(Stop::Thrown),
            _ => Err(Stop::GivenUp),
        }
    }

    /// Replaces single characters of a class by what a function makes of them.
    pub(super) fn replace(&mut self, text: &str, source: &str, function: u32) -> Outcome<Item> {
        let class = source.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or(Stop::GivenUp)?;
        if class.contains(['\\', '^', '[']) {
            return Err(Stop::GivenUp);
        }
        let characters: Vec<char> = class.chars().collect();
        let matches = |character: char| {
            let mut at = 0;
            while at < characters.len() {
                if let (Some('-'), Some(&last)) = (characters.get(at + 1), characters.get(at + 2)) {
                    if (characters[at]..=last).contains(&character) {
                        return true;
                    }
                    at += 3;
                } else {
                    if characters[at] == character {
                        return true;
                    }
                    at += 1;
                }
            }
            false
        };
        let mut all = String::new();
        for character in text.chars() {
            if matches(character) {
                let item = self.function(function, &[Item::Text(character.to_string().into())])?;
                all.push_str(&text_of(&item)?);
            } else {
                all.push(character);
            }
        }
        Ok(Item::Text(all.into()))
    }

    pub(super) fn named(&mut self, name: &str, given: &[Item]) -> Outcome<Item> {
        let name = name.strip_prefix("window.").or(name.strip_prefix("globalThis.")).unwrap_or(name);
        let given: Vec<Value> = given.iter().map(item_of_value).collect();
        let value = builtins::function(name, &given).ok_or(Stop::GivenUp)?;
        self.decoded |= value.from.has(Origin::Decoded);
        Ok(item_of(&value))
    }

    pub(super) fn list_method(
        &mut self,
        list: &Rc<RefCell<Vec<Item>>>,
        name: &str,
        given: &[Item],
    ) -> Outcome<Item> {
        let fresh = |items: Vec<Item>| Item::List(Rc::new(RefCell::new(items)));
        Ok(match (name, given) {
            ("push", _) => {
                let mut list = list.borrow_mut();
                list.extend(given.iter().cloned());
                if list.len() > LONGEST {
                    return Err(Stop::GivenUp);
                }
                Item::Number(count(list.len()))
            }
            ("shift", _) => {
                let mut list = list.borrow_mut();
                if list.is_empty() { Item::Undefined } else { list.remove(0) }
            }
            ("unshift", _) => {
                list.borrow_mut().splice(0..0, given.iter().cloned());
                Item::Undefined
            }
            ("pop", _) => list.borrow_mut().pop().unwrap_or(Item::Undefined),
            ("reverse", _) => {
                list.borrow_mut().reverse();
                Item::List(Rc::clone(list))
            }
            ("map" | "forEach" | "filter", [Item::Function(function), ..]) => {
                let items = list.borrow().clone();
                let mut all = Vec::new();
                for (index, item) in items.into_iter().enumerate() {
                    let made = self.function(*function, &[item.clone(), Item::Number(count(index))])?;
                    match name {
                        "filter" if truth(&made) => all.push(item),
                        "map" => all.push(made),
                        _ => {}
                    }
                }
                fresh(all)
            }
            ("map", [Item::Named(function), ..]) => {
                let items = list.borrow().clone();
                fresh(
                    items
                        .iter()
                        .map(|item| self.named(function, std::slice::from_ref(item)))
                        .collect::<Outcome<_>>()?,
                )
            }
            ("reduce", [Item::Function(function), start]) => {
                let items = list.borrow().clone();
                let mut sum = start.clone();
                for (index, item) in items.into_iter().enumerate() {
                    sum = self.function(*function, &[sum, item, Item::Number(count(index))])?;
                }
                sum
            }
            _ => {
                let own = item_of_value(&Item::List(Rc::clone(list)));
                let given: Vec<Value> = given.iter().map(item_of_value).collect();
                item_of(&builtins::method(&own, name, &given).ok_or(Stop::GivenUp)?)
            }
        })
    }
}
