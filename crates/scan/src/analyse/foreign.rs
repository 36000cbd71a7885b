//! Files in a language that the package's own code does not load: pages' scripts in a Python package, Python in an npm
//! package. They do something only where the package starts them.

use super::evidence::{Evidence, language_of};
use super::lexing::Language;
use super::signal::Signal;
use crate::{PackageFiles, SourceFile};
use doorward_protocol::Stage;

/// Marks the files that nothing in the package can load and no file that starts programs names.
pub(super) fn mark(package: &PackageFiles<'_>, gathered: &mut [Option<Evidence<'_>>]) {
    if package.manifest.project {
        return;
    }
    let starts = |(file, evidence): &(&SourceFile<'_>, &Option<Evidence<'_>>)| {
        let spawns = evidence.as_ref().is_some_and(|evidence| evidence.all().has(Signal::Spawn));
        let is_npm_manifest =
            package.manifest.npm.is_some() && file.path == package.manifest.path_of_manifest;
        match language_of(file) {
            Language::Shell => true,
            Language::Text => is_npm_manifest,
            _ => spawns && !is_foreign(package, file),
        }
    };
    let starters: Vec<&SourceFile<'_>> =
        package.files.iter().zip(gathered.iter()).filter(starts).map(|(file, _)| file).collect();
    for evidence in gathered.iter_mut().flatten() {
        let name = evidence.file.path.rsplit('/').next().unwrap_or(evidence.file.path);
        let is_named =
            || starters.iter().any(|file| memchr::memmem::find(file.bytes, name.as_bytes()).is_some());
        evidence.foreign =
            evidence.stage == Stage::Runtime && is_foreign(package, evidence.file) && !is_named();
    }
}

/// What a package is, is known by its manifest: of one without, any file may be what somebody loads.
fn is_foreign(package: &PackageFiles<'_>, file: &SourceFile<'_>) -> bool {
    let (pypi, npm) = (package.manifest.pypi.is_some(), package.manifest.npm.is_some());
    match language_of(file) {
        Language::Script => pypi && !npm,
        Language::Python => npm && !pypi,
        _ => false,
    }
}
