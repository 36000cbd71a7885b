//! What the functions of the standard library and of well-known packages do, by their dotted names.

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    /// Asks the network for something; what is handed to it leaves.
    Fetch,
    /// Hands something to the network.
    Send,
    /// Fetches the first argument into the file named by the second.
    Download,
    /// Looks a name up, which hands the name to a server.
    Lookup,
    /// Starts a program.
    Spawn,
    /// Runs text or code as Python.
    Eval,
    /// Turns text into code.
    Compile,
    /// Turns marshalled bytes into code.
    Marshal,
    /// Decodes or decompresses.
    Decode,
    /// Decrypts.
    Decrypt,
    /// Names this machine or its user.
    Identity,
    /// The whole environment.
    Environment,
    /// Clipboard, screen, keyboard, camera.
    Capture,
    /// Reads what a browser or a key ring keeps.
    Secret,
    /// Opens a file.
    Open,
    /// Copies or moves the first path to the second, or unpacks it there.
    Copy,
    /// Builds a path.
    Path,
    /// Names a temporary place.
    Temporary,
    /// Imports a module by name.
    Import,
    /// Gives a socket's place to the standard streams.
    Duplicate,
    /// Works on raw memory of a process.
    Memory,
    /// Installs packages.
    Installer,
    /// Hands its arguments through: text, containers, encodings.
    Pass,
    /// Asks the user.
    Ask,
}

const TABLE: &str = include_str!("../../../../../assets/rules/python.toml");

/// The role of a function by its full dotted name, calls written as `()`.
pub(super) fn role(name: &str) -> Option<Role> {
    table().whole.get(name).copied()
}

/// The role of a method of an object nobody knows.
pub(super) fn method_role(name: &str) -> Option<Role> {
    table().methods.get(name).copied()
}

/// Parameters that hold what opens a wallet, or what only ever signs.
pub(super) fn names_a_key(name: &str) -> bool {
    let name: String = name.to_ascii_lowercase().replace('_', "");
    [
        "privatekey",
        "privkey",
        "mnemonic",
        "seedphrase",
        "recoveryphrase",
        "secretphrase",
        "walletkey",
        "keypair",
        "accesskeysecret",
        "secretaccesskey",
    ]
    .iter()
    .any(|word| name.contains(word))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    calls: HashMap<Role, Vec<String>>,
    methods: HashMap<Role, Vec<String>>,
}

struct Table {
    whole: HashMap<String, Role>,
    methods: HashMap<String, Role>,
}

fn table() -> &'static Table {
    static TABLE_READ: OnceLock<Table> = OnceLock::new();
    TABLE_READ.get_or_init(|| {
        // The file is compiled in; a unit test reads it.
        let file = toml::from_str(TABLE).unwrap_or(File { calls: HashMap::new(), methods: HashMap::new() });
        let turned = |map: HashMap<Role, Vec<String>>| {
            map.into_iter()
                .flat_map(|(role, names)| names.into_iter().map(move |name| (name, role)))
                .collect()
        };
        Table { whole: turned(file.calls), methods: turned(file.methods) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        let file = toml::from_str::<File>(TABLE);
        assert!(file.is_ok(), "{:?}", file.err());
        assert_eq!(role("subprocess.run"), Some(Role::Spawn));
    }
}
