//! What package managers keep of the versions they fetched: by these a version can be compared with the one before it.
//! Apart from [`PackageCaches`] all of this runs in the worker.

mod bun;
mod cargo;
mod npm;
mod python;
mod yarn;

use crate::traits::order;
use crate::walk::Target;
use doorward_protocol::{Ecosystem, PackageRef};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders in which package managers keep what they fetched; `None` leaves one out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageCaches {
    /// npm's cache folder, the one that holds `_cacache`.
    pub npm: Option<PathBuf>,
    /// Yarn 1's cache folder, the one that holds `v6`.
    pub yarn_classic: Option<PathBuf>,
    /// The folder of archives that yarn 2 and later share between projects.
    pub yarn_berry: Option<PathBuf>,
    /// Bun's cache folder.
    pub bun: Option<PathBuf>,
    /// pip's cache folder.
    pub pip: Option<PathBuf>,
    /// uv's cache folder.
    pub uv: Option<PathBuf>,
    /// Cargo's home, which holds `registry`.
    pub cargo: Option<PathBuf>,
}

impl PackageCaches {
    /// Where this user's package managers keep them, by the environment and by custom.
    #[must_use]
    pub fn of_user() -> Self {
        let named =
            |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = named("HOME");
        let at_home = |folder: &str| home.as_ref().map(|home| home.join(folder));
        let caches = named("XDG_CACHE_HOME").or_else(|| at_home(".cache"));
        let cached = |folder: &str| caches.as_ref().map(|caches| caches.join(folder));
        Self {
            npm: named("npm_config_cache").or_else(|| at_home(".npm")),
            yarn_classic: named("YARN_CACHE_FOLDER").or_else(|| cached("yarn")),
            yarn_berry: named("YARN_GLOBAL_FOLDER")
                .or_else(|| at_home(".yarn/berry"))
                .map(|it| it.join("cache")),
            bun: named("BUN_INSTALL_CACHE_DIR").or_else(|| {
                let install = named("BUN_INSTALL").or_else(|| at_home(".bun"));
                install.map(|it| it.join("install/cache"))
            }),
            pip: named("PIP_CACHE_DIR").or_else(|| cached("pip")),
            uv: named("UV_CACHE_DIR").or_else(|| cached("uv")),
            cargo: named("CARGO_HOME").or_else(|| at_home(".cargo")),
        }
    }

    /// The same folders where they exist, without links.
    pub(crate) fn existing(&self) -> Self {
        let real = |folder: &Option<PathBuf>| folder.as_ref().and_then(|path| fs::canonicalize(path).ok());
        Self {
            npm: real(&self.npm),
            yarn_classic: real(&self.yarn_classic),
            yarn_berry: real(&self.yarn_berry),
            bun: real(&self.bun),
            pip: real(&self.pip),
            uv: real(&self.uv),
            cargo: real(&self.cargo),
        }
    }

    /// What must be readable of them.
    pub(crate) fn grants(&self) -> impl Iterator<Item = PathBuf> {
        let npm = self.npm.as_ref().map(|cache| cache.join("_cacache"));
        let cargo = self.cargo.as_ref().map(|home| home.join("registry"));
        let whole = [&self.yarn_classic, &self.yarn_berry, &self.bun, &self.pip, &self.uv].map(Option::clone);
        [npm, cargo].into_iter().chain(whole).flatten().filter(|path| path.exists())
    }

    /// Where cargo keeps unpacked crates, one folder a registry.
    pub(crate) fn cargo_sources(&self) -> Vec<PathBuf> {
        let sources = self.cargo.as_ref().map(|home| home.join("registry/src"));
        sources.into_iter().filter(|path| path.is_dir()).collect()
    }
}

/// What the caches hold; each is listed once, when it is first asked.
pub(crate) struct Fetched {
    caches: PackageCaches,
    npm: OnceCell<Versions>,
    python: OnceCell<Versions>,
    cargo: OnceCell<Versions>,
}

impl Fetched {
    pub(crate) fn of(caches: PackageCaches) -> Self {
        Self { caches, npm: OnceCell::new(), python: OnceCell::new(), cargo: OnceCell::new() }
    }

    /// The versions before this one, newest first. What they are called is only what the cache says.
    pub(crate) fn before(&self, package: &PackageRef) -> Vec<&Target> {
        let caches = &self.caches;
        let versions = match package.ecosystem {
            Ecosystem::Npm => self.npm.get_or_init(|| {
                let mut versions = listed(&caches.npm, npm::list);
                versions.join(listed(&caches.yarn_classic, yarn::list_classic));
                versions.join(listed(&caches.yarn_berry, yarn::list_berry));
                versions.join(listed(&caches.bun, bun::list));
                versions
            }),
            Ecosystem::Pypi => self.python.get_or_init(|| {
                let mut versions = listed(&caches.pip, python::list_pip);
                versions.join(listed(&caches.uv, python::list_uv));
                versions
            }),
            Ecosystem::Cargo => self.cargo.get_or_init(|| listed(&caches.cargo, cargo::list)),
        };
        versions.before(package)
    }
}

fn listed(cache: &Option<PathBuf>, list: impl FnOnce(&Path, &mut Versions)) -> Versions {
    let mut versions = Versions::default();
    if let Some(cache) = cache {
        list(cache, &mut versions);
    }
    versions
}

/// A scoped name as yarn writes it where a slash cannot stand.
fn flat(name: &str) -> String {
    name.replace('/', "-")
}

/// Where each version of each package lies.
#[derive(Default)]
struct Versions(HashMap<String, Vec<(String, Target)>>);

impl Versions {
    fn add(&mut self, name: String, version: String, target: Target) {
        self.0.entry(name).or_default().push((version, target));
    }

    fn join(&mut self, others: Self) {
        for (name, versions) in others.0 {
            self.0.entry(name).or_default().extend(versions);
        }
    }

    fn before(&self, package: &PackageRef) -> Vec<&Target> {
        let names = match package.ecosystem {
            Ecosystem::Pypi => vec![crate::manifest::canonical_name(&package.name)],
            Ecosystem::Npm if package.name.contains('/') => vec![package.name.clone(), flat(&package.name)],
            Ecosystem::Npm | Ecosystem::Cargo => vec![package.name.clone()],
        };
        let mut older: Vec<&(String, Target)> = names
            .iter()
            .filter_map(|name| self.0.get(name))
            .flatten()
            .filter(|(version, _)| order(version, &package.version).is_lt())
            .collect();
        older.sort_by(|(one, _), (other, _)| order(other, one));
        older.into_iter().map(|(_, target)| target).collect()
    }
}
