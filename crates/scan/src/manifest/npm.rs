use super::{Named, broken, text};
use crate::package::{NpmDependency, NpmManifest, NpmScript};
use crate::source::Entry;
use doorward_protocol::Unscanned;
use serde_json::{Map, Value};

const SECTIONS: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

pub(super) fn read(files: &[Entry]) -> Result<Option<Named<NpmManifest>>, Unscanned> {
    const PATH: &str = "package.json";
    let Some(text) = text(files, PATH)? else { return Ok(None) };
    let json: Value = serde_json::from_str(text).map_err(|error| broken(PATH, &error.to_string()))?;
    let Some(root) = json.as_object() else { return Err(broken(PATH, "not an object")) };
    let string = |key: &str| root.get(key).and_then(Value::as_str).map(str::to_owned);
    let lines = Lines::of(text);
    let facts = NpmManifest {
        scripts: entries(root, "scripts")
            .map(|(name, command)| NpmScript {
                line: lines.of_member("scripts", name, command),
                name: name.clone(),
                command: command.to_owned(),
            })
            .collect(),
        main: string("main"),
        bin: programs(root),
        dependencies: SECTIONS
            .into_iter()
            .flat_map(|kind| {
                let lines = &lines;
                let installed =
                    entries(root, kind).filter(move |(name, _)| !is_optional_peer(root, kind, name));
                installed.map(move |(name, spec)| NpmDependency {
                    line: lines.of_member(kind, name, spec),
                    name: name.clone(),
                    spec: spec.to_owned(),
                    kind,
                })
            })
            .collect(),
        has_gyp: files.iter().any(|file| file.path == "binding.gyp"),
    };
    let version = string("version").map(|version| version.trim().trim_start_matches(['v', '=']).to_owned());
    Ok(Some(Named { name: string("name"), version, path: PATH.into(), facts }))
}

fn entries<'a>(
    root: &'a Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = (&'a String, &'a str)> + use<'a> {
    root.get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| value.as_str().map(|value| (name, value)))
}

/// True for what the package only works together with: no package manager installs it for the package's sake.
fn is_optional_peer(root: &Map<String, Value>, section: &str, name: &str) -> bool {
    let meta = || root.get("peerDependenciesMeta")?.get(name)?.get("optional")?.as_bool();
    section == "peerDependencies" && meta() == Some(true)
}

fn programs(root: &Map<String, Value>) -> Vec<String> {
    match root.get("bin") {
        Some(Value::String(path)) => vec![path.clone()],
        Some(Value::Object(paths)) => paths.values().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Finds lines again: the parser does not keep them.
struct Lines<'a> {
    lines: Vec<&'a str>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self { lines: text.lines().collect() }
    }

    /// The first line that has the member's key and the start of its value, at or after its section's.
    fn of_member(&self, section: &str, key: &str, value: &str) -> u32 {
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let (section, key, value) = (quoted(section), quoted(key), quoted(value));
        let from = self.lines.iter().position(|line| line.contains(&section)).unwrap_or(0);
        let holds = |line: &&str, value: &str| line.contains(&key) && line.contains(value);
        self.lines[from..]
            .iter()
            .position(|line| holds(line, &value))
            .or_else(|| self.lines[from..].iter().position(|line| holds(line, "")))
            .map_or(0, |line| u32::try_from(from + line + 1).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(json: &str) -> Result<Option<Named<NpmManifest>>, Unscanned> {
        read(&[Entry { path: "package.json".into(), bytes: json.as_bytes().to_vec(), executable: false }])
    }

    #[test]
    fn scripts_and_dependencies_come_with_their_lines() {
        let json = "\u{feff}{\n \"name\": \"@a/b\", \"version\": \"v1.0.0\",\n \"scripts\": {\n  \"test\": \"jest\",\n  \
                    \"postinstall\": \"node \\\"x.js\\\"\"\n },\n \"dependencies\": {\"jest\": \"^1\"}\n}";
        let found = manifest(json).expect("well formed").expect("present");
        assert_eq!(found.name.as_deref(), Some("@a/b"));
        assert_eq!(found.version.as_deref(), Some("1.0.0"));
        let postinstall =
            &found.facts.scripts.iter().find(|script| script.name == "postinstall").expect("hook");
        assert_eq!((postinstall.command.as_str(), postinstall.line), ("node \"x.js\"", 5));
        assert_eq!(found.facts.dependencies[0].line, 7);
    }

    #[test]
    fn nonsense_is_said_to_be_nonsense() {
        for json in ["{\"name\": ", "[]", "null"] {
            let reason = manifest(json).err().expect("refused").reason;
            assert!(reason.contains("cannot be understood"), "{reason}");
        }
    }
}
