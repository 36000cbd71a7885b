use super::{Named, broken, text};
use crate::package::CargoManifest;
use crate::source::Entry;
use doorward_protocol::Unscanned;
use toml::{Table, Value};

pub(super) fn read(files: &[Entry]) -> Result<Option<Named<CargoManifest>>, Unscanned> {
    const PATH: &str = "Cargo.toml";
    let Some(text) = text(files, PATH)? else { return Ok(None) };
    let root: Table = text.parse().map_err(|error: toml::de::Error| broken(PATH, error.message()))?;
    let has = |path: &str| files.iter().any(|file| file.path == path);
    let package = root.get("package").and_then(Value::as_table);
    let string =
        |key: &str| package.and_then(|table| table.get(key)).and_then(Value::as_str).map(str::to_owned);
    let build_script = match package.and_then(|table| table.get("build")) {
        Some(Value::String(path)) => Some(path.clone()),
        Some(Value::Boolean(false)) => None,
        _ => has("build.rs").then(|| "build.rs".to_owned()),
    };
    let lib = root.get("lib").and_then(Value::as_table);
    let flag = |key: &str| lib.and_then(|lib| lib.get(key)).and_then(Value::as_bool).unwrap_or(false);
    let lib_path = lib
        .and_then(|lib| lib.get("path"))
        .and_then(Value::as_str)
        .map(str::to_owned)
        .or_else(|| has("src/lib.rs").then(|| "src/lib.rs".to_owned()));
    let dependencies = root.get("dependencies").and_then(Value::as_table).into_iter();
    let is_optional = |entry: &Value| entry.get("optional").and_then(Value::as_bool).unwrap_or(false);
    let always = dependencies.flatten().filter(|(_, entry)| !is_optional(entry));
    let dependencies = always.map(|(name, _)| name.clone()).collect();
    let build_dependencies = ["build-dependencies", "build_dependencies"]
        .iter()
        .filter_map(|key| root.get(*key).and_then(Value::as_table))
        .flat_map(|table| table.keys().cloned())
        .collect();
    let facts = CargoManifest {
        build_script: build_script.map(|path| path.trim_start_matches("./").to_owned()),
        proc_macro: flag("proc-macro") || flag("proc_macro"),
        dependencies,
        build_dependencies,
        lib_path,
    };
    Ok(Some(Named { name: string("name"), version: string("version"), path: PATH.into(), facts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Entry {
        Entry { path: path.into(), bytes: text.as_bytes().to_vec(), executable: false }
    }

    #[test]
    fn a_build_script_is_found_named_or_by_convention_and_can_be_switched_off() {
        let build = |manifest: &str| {
            let files = [file("Cargo.toml", manifest), file("build.rs", "")];
            read(&files).expect("well formed").expect("present").facts.build_script
        };
        assert_eq!(build("[package]\nname='a'").as_deref(), Some("build.rs"));
        assert_eq!(build("[package]\nname='a'\nbuild='./b.rs'").as_deref(), Some("b.rs"));
        assert_eq!(build("[package]\nname='a'\nbuild=false"), None);
    }
}
