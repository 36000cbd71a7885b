//! What a package is like as a whole: how much of it there is, and what it says of itself.

use crate::{PackageFiles, SourceFile};
use std::collections::BTreeSet;

/// Bytes of code below which a package is small.
const SMALL: usize = 40_000;

/// True for a Python package with little code.
pub(super) fn is_small(package: &PackageFiles<'_>) -> bool {
    is_python(package) && length_of_code(package) < SMALL
}

/// True for a Python package with so much code that some of what thieves do is in it by chance.
pub(super) fn has_much_code(package: &PackageFiles<'_>) -> bool {
    is_python(package) && length_of_code(package) >= SMALL
}

fn is_python(package: &PackageFiles<'_>) -> bool {
    package.manifest.pypi.is_some() && !package.manifest.project
}

fn length_of_code(package: &PackageFiles<'_>) -> usize {
    code(package).map(|file| file.bytes.len()).sum()
}

/// The Python files that somebody who uses the package runs. Of a package that is called `bench` those lie in `bench`.
fn code<'p>(package: &'p PackageFiles<'_>) -> impl Iterator<Item = &'p SourceFile<'p>> {
    let is_code = |file: &&SourceFile<'_>| file.path.ends_with(".py") && !file.path.ends_with("setup.py");
    let is_beside = |file: &SourceFile<'_>| super::evidence::is_aside(file.path);
    let is_all_beside = package.files.iter().filter(is_code).all(is_beside);
    package.files.iter().filter(is_code).filter(move |file| is_all_beside || !is_beside(file))
}

/// Bytes of description that a package which is meant to be used has.
const A_PAGE: usize = 300;

/// What kind of package it is: how much of it there is and what it says of itself.
pub(super) fn shape(package: &PackageFiles<'_>) -> BTreeSet<String> {
    let code: Vec<_> = code(package).collect();
    let bytes: usize = code.iter().map(|file| file.bytes.len()).sum();
    let told = Told::of(package);
    let has = |name: &str| told.has(name);
    let version = &package.manifest.package.version;
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    [
        (super::hollow::is_hollow(package), "package.hollow"),
        (bytes < 4_000, "package.tiny"),
        (bytes < SMALL, "package.small"),
        (code.len() <= 3, "package.few-files"),
        (!told.is_described(A_PAGE), "package.undescribed"),
        (!told.has_home(), "package.no-home"),
        (
            !has("Author") && !has("Author-email") && !has("Maintainer") && !has("Maintainer-email"),
            "package.no-author",
        ),
        (!has("Classifier"), "package.unclassified"),
        (told.count("Classifier") == 3, "package.three-classifiers"),
        (!has("License") && !has("License-Expression") && !has("License-File"), "package.no-license"),
        (!has("Summary"), "package.no-summary"),
        (!has("Requires-Python"), "package.any-python"),
        (told.is_filled_in_form(), "package.filled-in-form"),
        (told.is_free_mail(), "package.free-mail"),
        ((30..1900).contains(&major), "package.high-version"),
        (major == 0 && version.matches('.').count() <= 2, "package.early-version"),
    ]
    .into_iter()
    .filter(|&(is, _)| is)
    .map(|(_, name)| name.to_owned())
    .collect()
}

/// What a package's metadata say.
pub(super) struct Told<'p> {
    metadata: std::borrow::Cow<'p, str>,
}

impl<'p> Told<'p> {
    /// Reads the first metadata file of a package.
    pub(super) fn of(package: &PackageFiles<'p>) -> Self {
        let metadata = package.files.iter().find(|file| {
            let name = file.path.rsplit('/').next().unwrap_or(file.path);
            matches!(name, "PKG-INFO" | "METADATA")
        });
        let bytes: &'p [u8] = metadata.map_or(&[], |file| file.bytes);
        Self { metadata: String::from_utf8_lossy(bytes) }
    }

    fn fields(&self) -> impl Iterator<Item = &str> {
        self.metadata.lines().take_while(|line| !line.trim().is_empty())
    }

    /// True where a field says something.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields().any(|line| {
            line.split_once(':').is_some_and(|(key, value)| {
                key.eq_ignore_ascii_case(name) && !matches!(value.trim(), "" | "UNKNOWN" | "None")
            })
        })
    }

    /// What a field says, the first time it stands there.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.fields().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// How often a field stands there.
    fn count(&self, name: &str) -> usize {
        let is_field =
            |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        self.fields().filter(is_field).count()
    }

    /// True where words of a tutorial's form were left in.
    fn is_filled_in_form(&self) -> bool {
        const LEFT_IN: [&str; 8] = [
            "your name",
            "your.email",
            "your_email",
            "youremail",
            "your@email",
            "yourusername",
            "github.com/username/",
            "@example.com",
        ];
        self.fields().any(|line| LEFT_IN.iter().any(|words| line.to_ascii_lowercase().contains(words)))
    }

    /// True where the author's address is one that anybody gets without a name.
    fn is_free_mail(&self) -> bool {
        const FREE: [&str; 10] = [
            "@gmail.",
            "@proton",
            "@pm.me",
            "@outlook.",
            "@hotmail.",
            "@yahoo.",
            "@mail.ru",
            "@yandex.",
            "@qq.com",
            "@163.com",
        ];
        let is_author =
            |line: &&str| line.starts_with("Author-email") || line.starts_with("Maintainer-email");
        self.fields().filter(is_author).any(|line| FREE.iter().any(|host| line.contains(host)))
    }

    /// True where a home page or another address is named.
    pub(super) fn has_home(&self) -> bool {
        self.has("Home-page") || self.has("Project-URL")
    }

    /// True where more than so many bytes describe the package.
    pub(super) fn is_described(&self, least: usize) -> bool {
        self.metadata.len() > self.fields().map(|line| line.len() + 1).sum::<usize>() + least
    }
}
