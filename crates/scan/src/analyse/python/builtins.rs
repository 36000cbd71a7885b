//! Functions of Python itself that build text or reach things by name.

use super::address::is_bare;
use super::express::{canonical, environment_variable};
use super::fold;
use super::given::Given;
use super::interpreter::Interpreter;
use super::value::{Is, Origin, Value};
use crate::analyse::signal::Signal;

impl<'t> Interpreter<'t> {
    pub(super) fn converted(&mut self, name: &str, value: &Value<'t>) -> Value<'t> {
        let is = match (name, &value.is) {
            ("bytes" | "bytearray", Is::List(items)) => {
                let bytes: Option<Vec<u8>> = items
                    .iter()
                    .map(|item| item.number().and_then(|number| u8::try_from(number).ok()))
                    .collect();
                bytes.map_or(Is::Unknown, |bytes| Is::Bytes(bytes.into()))
            }
            ("bytes" | "bytearray", Is::Text(text)) => Is::Bytes(text.clone()),
            ("str", Is::Bytes(text)) => Is::Text(text.clone()),
            ("str", Is::Number(number)) => Is::Text(number.to_string().into_bytes().into()),
            ("list" | "tuple", _) => match fold::elements(value) {
                Some(items) => Is::List(items.into()),
                None => value.is.clone(),
            },
            (_, is) => is.clone(),
        };
        let origins = value.origins();
        Value { is, from: origins, paths: value.all_paths() }
    }

    /// Functions of Python itself that build text or reach things by name.
    pub(super) fn builtin(&mut self, name: &str, given: &Given<'t>) -> Option<Value<'t>> {
        let first = given.values.first();
        Some(match name {
            "chr" | "unichr" => fold::character(first?),
            "ord" => {
                let text = std::str::from_utf8(first?.whole_text()?).ok()?;
                let mut letters = text.chars();
                match (letters.next(), letters.next()) {
                    (Some(letter), None) => Value::of(Is::Number(u32::from(letter).into())).after(first?),
                    _ => first?.blurred(),
                }
            }
            "int" => {
                let value = first?;
                let radix = given.values.get(1).and_then(Value::number).unwrap_or(10);
                let number = match &value.is {
                    Is::Number(number) => Some(*number),
                    _ => std::str::from_utf8(value.whole_text().unwrap_or_default()).ok().and_then(|text| {
                        let text = text.trim().trim_start_matches("0x").trim_start_matches("0b");
                        i64::from_str_radix(
                            text,
                            u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix))?,
                        )
                        .ok()
                    }),
                };
                match number {
                    Some(number) => Value::of(Is::Number(number)).after(value),
                    None => value.blurred(),
                }
            }
            "len" => match &first?.is {
                Is::List(items) => Value::of(Is::Number(i64::try_from(items.len()).ok()?)),
                Is::Text(text) => {
                    let letters = std::str::from_utf8(text).map_or(text.len(), |text| text.chars().count());
                    Value::of(Is::Number(i64::try_from(letters).ok()?))
                }
                Is::Bytes(text) => Value::of(Is::Number(i64::try_from(text.len()).ok()?)),
                _ => Value::UNKNOWN,
            },
            "range" | "xrange" => {
                let bounds: Vec<i64> = given.values.iter().map(Value::number).collect::<Option<_>>()?;
                let (from, to, step) = match bounds.as_slice() {
                    [to] => (0, *to, 1),
                    [from, to] => (*from, *to, 1),
                    [from, to, step] => (*from, *to, *step),
                    _ => return None,
                };
                if step == 0 || (to - from) / step > 100_000 {
                    return None;
                }
                let numbers = std::iter::successors(Some(from), |at| at.checked_add(step))
                    .take_while(|&at| if step > 0 { at < to } else { at > to });
                fold::list(numbers.map(|number| Value::of(Is::Number(number))).collect())
            }
            "map" => {
                let (function, over) = (given.values.first()?, fold::elements(given.values.get(1)?)?);
                if over.len() > 100_000 {
                    return None;
                }
                let function = function.clone();
                let mut out = Vec::with_capacity(over.len());
                for item in over {
                    if !self.step() {
                        break;
                    }
                    out.push(self.apply(&function, vec![item], given.at));
                }
                fold::list(out)
            }
            "reversed" => {
                let mut items = fold::elements(first?)?;
                items.reverse();
                fold::list(items)
            }
            "enumerate" => {
                let items = fold::elements(first?)?.into_iter().enumerate();
                fold::list(
                    items
                        .map(|(index, item)| {
                            fold::list(vec![Value::of(Is::Number(i64::try_from(index).unwrap_or(0))), item])
                        })
                        .collect(),
                )
            }
            "zip" | "itertools.cycle" => {
                if name == "itertools.cycle" {
                    return Some(first?.clone());
                }
                let mut lists = given.values.iter().map(fold::elements).collect::<Option<Vec<_>>>()?;
                let most = lists.iter().map(Vec::len).max()?.min(100_000);
                let cycles = lists.iter().any(|list| list.len() < most);
                let length = if cycles { most } else { lists.iter().map(Vec::len).min()? };
                lists.retain(|list| !list.is_empty());
                fold::list(
                    (0..length)
                        .map(|row| {
                            fold::list(lists.iter().map(|list| list[row % list.len()].clone()).collect())
                        })
                        .collect(),
                )
            }
            "str.maketrans" => match (first, given.values.get(1)) {
                (Some(table), None) => table.clone(),
                (Some(from), Some(to)) => {
                    let pairs = fold::elements(from)?.into_iter().zip(fold::elements(to)?);
                    Value::of(Is::Dict(pairs.collect::<Vec<_>>().into()))
                }
                (None, _) => return None,
            },
            "getattr" => {
                let attribute =
                    given.values.get(1)?.whole_text().and_then(|text| std::str::from_utf8(text).ok());
                let Some(attribute) = attribute else { return Some(given.blurred()) };
                // The name must outlive the text it was folded from.
                let name: &'t str = self.keep(attribute);
                let value = self.attribute(first?, name);
                let in_pieces = given.values.get(1)?.from.has(Origin::Glued);
                self.hidden(value, in_pieces, given.at)
            }
            "globals" | "locals" | "vars" if given.values.is_empty() => Value::named(format!("{name}()")),
            "vars" => Value::named(format!("{}.__dict__", first?.name()?)),
            "os.getenv" | "os.environ.get" | "environ.get" => {
                let variable = match first?.whole_text().and_then(|text| std::str::from_utf8(text).ok()) {
                    Some(name) => environment_variable(name),
                    None => Value::named("os.environ[]"),
                };
                // Where nobody sets the variable, the default is the address; one that is spelt in code is meant.
                let is_meant = |default: &Value<'t>| {
                    default.as_text().is_some_and(is_bare)
                        || default.as_text().is_some() && default.origins().has(Origin::Decoded)
                };
                match given.values.get(1) {
                    Some(default) if is_meant(default) => default.clone().after(&variable),
                    _ => variable,
                }
            }
            // What a program loads by its path may be anybody's; what a set-up script does runs.
            "importlib.util.spec_from_file_location"
            | "importlib.machinery.SourceFileLoader"
            | "imp.load_source"
                if self.live && self.is_main =>
            {
                let path = given.values.get(1).or_else(|| given.named("location"))?.as_text()?;
                let file = self.own_file(path)?;
                Value::of(Is::Module(self.module_in(file)?))
            }
            "importlib.util.module_from_spec" if matches!(first?.is, Is::Module(_)) => first?.clone(),
            "zipimport.zipimporter().load_module" | "zipimport.zipimporter().exec_module" => {
                self.note(Signal::OpaqueCode, given.at);
                Value::UNKNOWN
            }
            "setuptools.setup" | "distutils.core.setup" | "setup" => {
                self.callbacks(given);
                Value::UNKNOWN
            }
            // What goes to another program of the same machine stays on it.
            "socket.socket" if first.and_then(Value::name) == Some("socket.AF_UNIX") => {
                Value::named("socket.unix()")
            }
            "socket.socket" | "socket.create_connection" => {
                let mut value = Value::named(format!("{name}()"));
                value.from.add(Origin::Socket);
                if name.ends_with("connection") {
                    self.contact(given);
                }
                value
            }
            "socket.socket().connect" | "socket.socket().connect_ex" => {
                self.contact(given);
                self.note(Signal::Send, given.at);
                Value::UNKNOWN
            }
            "ssl.wrap_socket"
            | "ssl.create_default_context().wrap_socket"
            | "ssl.SSLContext().wrap_socket" => {
                let mut value = Value::named("socket.socket()");
                value.from.add(Origin::Socket);
                value
            }
            _ => return None,
        })
    }

    pub(super) fn apply(&mut self, function: &Value<'t>, values: Vec<Value<'t>>, at: usize) -> Value<'t> {
        match &function.is {
            Is::Function(callable) => self.call_function(*callable, &values, &[]),
            Is::Named(name) => {
                let name = canonical(name).to_owned();
                let given = Given { at, values, named: Vec::new() };
                self.outside(&name, function, None, &given)
            }
            _ => Given { at, values, named: Vec::new() }.blurred(),
        }
    }
}
