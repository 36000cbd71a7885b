use super::{Named, Shipped, broken, text};
use crate::package::{PypiKind, PypiManifest};
use crate::source::Entry;
use doorward_protocol::Unscanned;
use toml::{Table, Value};

pub(super) fn read(files: &[Entry], shipped: Shipped) -> Result<Option<Named<PypiManifest>>, Unscanned> {
    let at_root = |path: &str| files.iter().any(|file| file.path == path);
    let metadata = files.iter().map(|file| file.path.as_str()).find(|path| {
        path.split_once('/').is_some_and(|(folder, file)| {
            (folder.ends_with(".dist-info") && file == "METADATA")
                || (folder.ends_with(".egg-info") && file == "PKG-INFO" && shipped == Shipped::Environment)
        })
    });
    let path = match metadata {
        Some(path) => path,
        None => match ["PKG-INFO", "setup.py", "setup.cfg", "pyproject.toml"]
            .into_iter()
            .find(|path| at_root(path))
        {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    let project = pyproject(files)?;
    let (mut name, mut version, mut requires) = (None, None, Vec::new());
    if path.ends_with("METADATA") || path.ends_with("PKG-INFO") {
        let text = text(files, path)?.unwrap_or_default();
        name = header(text, "Name");
        version = header(text, "Version");
        requires = requirements(text);
    }
    let kind = match (shipped, metadata) {
        (Shipped::Environment, _) => PypiKind::Installed,
        (_, Some(_)) => PypiKind::Wheel,
        _ => PypiKind::Sdist,
    };
    let facts = PypiManifest {
        kind,
        build_backend: project.build_backend,
        backend_path: project.backend_path,
        top_level: top_level(files),
        requires,
    };
    Ok(Some(Named {
        name: name.or(project.name),
        version: version.or(project.version),
        path: path.into(),
        facts,
    }))
}

#[derive(Default)]
struct Project {
    name: Option<String>,
    version: Option<String>,
    build_backend: Option<String>,
    backend_path: Vec<String>,
}

fn pyproject(files: &[Entry]) -> Result<Project, Unscanned> {
    const PATH: &str = "pyproject.toml";
    let Some(text) = text(files, PATH)? else { return Ok(Project::default()) };
    let root: Table = text.parse().map_err(|error: toml::de::Error| broken(PATH, error.message()))?;
    let table = |key: &str| root.get(key).and_then(Value::as_table);
    let build = table("build-system");
    let project = table("project")
        .or_else(|| table("tool").and_then(|tool| tool.get("poetry")).and_then(Value::as_table));
    let string = |table: Option<&Table>, key: &str| {
        table.and_then(|table| table.get(key)).and_then(Value::as_str).map(str::to_owned)
    };
    Ok(Project {
        name: string(project, "name"),
        version: string(project, "version"),
        build_backend: string(build, "build-backend"),
        backend_path: build
            .and_then(|build| build.get("backend-path"))
            .and_then(Value::as_array)
            .map(|paths| paths.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default(),
    })
}

/// One field of the mail-like metadata; its body starts at the first empty line.
/// What the metadata requires whoever installs it, which extras do not count to.
fn requirements(text: &str) -> Vec<String> {
    let headers = text.lines().take_while(|line| !line.trim().is_empty());
    headers
        .filter_map(|line| line.strip_prefix("Requires-Dist:"))
        .filter(|line| !line.contains("extra ==") && !line.contains("extra=="))
        .map(|line| {
            let is_name = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
            canonical_name(line.trim().split(|character| !is_name(character)).next().unwrap_or_default())
        })
        .collect()
}

fn header(text: &str, key: &str) -> Option<String> {
    text.lines().take_while(|line| !line.trim().is_empty()).find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(key).then(|| value.trim().to_owned())
    })
}

fn top_level(files: &[Entry]) -> Vec<String> {
    files
        .iter()
        .find(|file| file.path.ends_with("-info/top_level.txt"))
        .map(|file| String::from_utf8_lossy(&file.bytes).lines().map(|line| line.trim().to_owned()).collect())
        .unwrap_or_default()
}

/// The paths that a `RECORD` lists, relative to the folder its own folder lies in.
pub(crate) fn record_paths(record: &str) -> impl Iterator<Item = String> + '_ {
    record.lines().filter_map(|line| {
        let path = match line.strip_prefix('"') {
            Some(quoted) => quoted.split("\",").next()?.replace("\"\"", "\""),
            None => line.rsplitn(3, ',').last()?.to_owned(),
        };
        (!path.is_empty()).then_some(path)
    })
}

/// A project's name in the one form in which names are compared.
pub(crate) fn canonical_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            other => out.push(other.to_ascii_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_with_and_without_quotes() {
        let record = "a/b.py,sha256=x,12\n\"a,b.py\",sha256=y,3\n../../bin/tool,,\n";
        assert_eq!(record_paths(record).collect::<Vec<_>>(), ["a/b.py", "a,b.py", "../../bin/tool"]);
    }

    #[test]
    fn names_have_one_canonical_form() {
        assert_eq!(canonical_name("Ruamel._-Yaml"), "ruamel-yaml");
        assert_eq!(canonical_name("odd_"), "odd-", "not the same name as \"odd\"");
    }
}
