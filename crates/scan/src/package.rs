//! What the analysers are given: one package, its manifest and its files.

use doorward_protocol::PackageRef;

/// One file of a package.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// The path inside the package, with `/` between folders.
    pub path: &'a str,
    /// The whole content.
    pub bytes: &'a [u8],
    /// True where the file may be executed.
    pub executable: bool,
}

/// One package ready to be analysed.
#[derive(Debug)]
pub struct PackageFiles<'a> {
    /// Which package it is and what its manifest says will run.
    pub manifest: &'a Manifest,
    /// Every file that was read, in the order of their paths.
    pub files: Vec<SourceFile<'a>>,
}

/// What a package says of itself. A package may carry manifests of several ecosystems; `package` names
/// it in the one it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Which package this is.
    pub package: PackageRef,
    /// The manifest that named it, inside the package; empty where there is none.
    pub path_of_manifest: String,
    /// What `package.json` says.
    pub npm: Option<NpmManifest>,
    /// What the Python metadata says.
    pub pypi: Option<PypiManifest>,
    /// What `Cargo.toml` says.
    pub cargo: Option<CargoManifest>,
    /// True for the user's own project: only its manifests, hooks, editor and agent files are here.
    pub project: bool,
}

/// What matters of a `package.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NpmManifest {
    /// Every script, lifecycle or not.
    pub scripts: Vec<NpmScript>,
    /// The entry point, as written.
    pub main: Option<String>,
    /// Programs the package puts on the path: files inside the package.
    pub bin: Vec<String>,
    /// Everything it depends on.
    pub dependencies: Vec<NpmDependency>,
    /// True where a `binding.gyp` makes npm run node-gyp without any script being named.
    pub has_gyp: bool,
}

/// One script of a `package.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmScript {
    /// Such as `postinstall`.
    pub name: String,
    /// The shell command.
    pub command: String,
    /// Line in `package.json`, from 1; 0 where it could not be told.
    pub line: u32,
}

/// One dependency of a `package.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmDependency {
    /// The name it is imported by.
    pub name: String,
    /// A version range, an URL, a path…
    pub spec: String,
    /// The section: `dependencies`, `devDependencies`, `optionalDependencies`, `peerDependencies`.
    pub kind: &'static str,
    /// Line in `package.json`, from 1; 0 where it could not be told.
    pub line: u32,
}

/// How a Python package is shipped, which decides what runs when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PypiKind {
    /// Source: `setup.py` or the build back end runs on installation.
    Sdist,
    /// A built archive: nothing runs on installation.
    Wheel,
    /// A folder of an environment.
    Installed,
}

/// What matters of a Python package's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PypiManifest {
    /// How it is shipped.
    pub kind: PypiKind,
    /// `build-system.build-backend` of `pyproject.toml`.
    pub build_backend: Option<String>,
    /// `build-system.backend-path`: folders of the package itself that hold the back end.
    pub backend_path: Vec<String>,
    /// Top-level module names, where the metadata lists them.
    pub top_level: Vec<String>,
    /// Canonical names of what it requires, extras left out.
    pub requires: Vec<String>,
}

/// What matters of a `Cargo.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CargoManifest {
    /// The build script's file, given or found by convention.
    pub build_script: Option<String>,
    /// True for a procedural-macro crate, which runs inside the compiler.
    pub proc_macro: bool,
    /// Names of what the library itself always depends on.
    pub dependencies: Vec<String>,
    /// Names of the build dependencies.
    pub build_dependencies: Vec<String>,
    /// The library's root file.
    pub lib_path: Option<String>,
}
