//! What a call is given.

use super::value::{Is, Origins, Value};

pub(super) type Named<'t> = (Option<&'t str>, Value<'t>);

/// What a call is given.
pub(super) struct Given<'t> {
    pub(super) at: usize,
    pub(super) values: Vec<Value<'t>>,
    pub(super) named: Vec<Named<'t>>,
}

impl<'t> Given<'t> {
    pub(super) fn all(&self) -> impl Iterator<Item = &Value<'t>> {
        self.values.iter().chain(self.named.iter().map(|(_, value)| value))
    }

    /// What leaves with the call; what only opens the door is meant for its keeper.
    pub(super) fn sent(&self) -> impl Iterator<Item = &Value<'t>> {
        let opens =
            |key: &Option<&'t str>| matches!(key, Some("auth" | "cert" | "verify" | "timeout" | "proxies"));
        self.values
            .iter()
            .chain(self.named.iter().filter(move |(key, _)| !opens(key)).map(|(_, value)| value))
    }

    /// True for one of the values that are what a request says, not where it goes.
    pub(super) fn is_body(&self, value: &Value<'t>) -> bool {
        let says =
            |key: &Option<&'t str>| matches!(key, Some("json" | "data" | "headers" | "content" | "files"));
        self.named.iter().any(|(key, named)| says(key) && std::ptr::eq(named, value))
    }

    pub(super) fn first(&self) -> Option<&Value<'t>> {
        self.all().next()
    }

    pub(super) fn named(&self, name: &str) -> Option<&Value<'t>> {
        self.named.iter().find(|(key, _)| *key == Some(name)).map(|(_, value)| value)
    }

    pub(super) fn origins(&self) -> Origins {
        self.all().fold(Origins::NONE, |all, value| all.and(value.origins()))
    }

    pub(super) fn paths(&self) -> u64 {
        self.all().fold(0, |all, value| all | value.all_paths())
    }

    /// What the call's result may be made of.
    pub(super) fn blurred(&self) -> Value<'t> {
        Value { is: Is::Unknown, from: self.origins(), paths: self.paths() }
    }
}
