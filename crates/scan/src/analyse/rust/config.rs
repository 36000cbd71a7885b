//! Settings that make cargo itself start something else: they act for everybody who builds in their folder.

use crate::analyse::report::Report;
use crate::analyse::text;
use crate::{PackageFiles, SourceFile};
use doorward_protocol::Severity;
use toml::{Table, Value};

/// Tells which settings of cargo and rustup start programs that the project brings along.
pub(in crate::analyse) fn inspect(package: &PackageFiles<'_>, report: &mut Report) {
    for file in &package.files {
        let read = || std::str::from_utf8(file.bytes).ok().and_then(|text| text.parse::<Table>().ok());
        let name = file.path.rsplit('/').next().unwrap_or(file.path);
        let in_cargo = file.path.starts_with(".cargo/") || file.path.contains("/.cargo/");
        if in_cargo && matches!(name, "config.toml" | "config") {
            for program in read().iter().flat_map(programs) {
                tell(package, file, &program, report);
            }
        } else if matches!(name, "rust-toolchain.toml" | "rust-toolchain") {
            let table = read();
            let path = table.as_ref().and_then(|table| table.get("toolchain")?.get("path")?.as_str());
            if let Some(path) = path {
                tell(package, file, path, report);
            }
        }
    }
}

/// Everything the settings start in place of what cargo would start by itself.
fn programs(table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |value: Option<&Value>| match value {
        Some(Value::String(text)) => found.push(text.clone()),
        Some(Value::Array(words)) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            found.push(words.join(" "));
        }
        _ => {}
    };
    if let Some(build) = table.get("build") {
        for key in ["rustc", "rustc-wrapper", "rustc-workspace-wrapper", "rustdoc"] {
            add(build.get(key));
        }
    }
    for target in table.get("target").and_then(Value::as_table).into_iter().flatten() {
        add(target.1.get("linker"));
        add(target.1.get("runner"));
    }
    for registry in table.get("registries").and_then(Value::as_table).into_iter().flatten() {
        add(registry.1.get("credential-provider"));
    }
    add(table.get("registry").and_then(|registry| registry.get("credential-provider")));
    for (name, value) in table.get("env").and_then(Value::as_table).into_iter().flatten() {
        if matches!(
            name.as_str(),
            "LD_PRELOAD" | "RUSTC_WRAPPER" | "RUSTC" | "CC" | "CXX" | "DYLD_INSERT_LIBRARIES"
        ) {
            add(Some(value.get("value").unwrap_or(value)));
        }
    }
    found
}

/// A well-known tool is named by its bare name; a path of the project, or a command line that fetches, is not one.
fn tell(package: &PackageFiles<'_>, file: &SourceFile<'_>, program: &str, report: &mut Report) {
    let first = program.split_whitespace().next().unwrap_or_default();
    let brought = package.files.iter().any(|file| file.path == first.trim_start_matches("./"));
    let relative = first.contains('/') && !first.starts_with('/') || first.starts_with("/tmp/") || brought;
    let fetches =
        ["curl ", "wget ", "http://", "https://"].iter().any(|word| text::contains(program.as_bytes(), word));
    if !relative && !fetches {
        return;
    }
    let offset = memchr::memmem::find(file.bytes, first.as_bytes()).unwrap_or(0);
    // Of a dependency cargo does not obey these settings.
    let most = if package.manifest.project { Severity::High } else { Severity::Medium };
    report.add("B-08", file, offset, most);
}
