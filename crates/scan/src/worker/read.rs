//! One target, from its files to its report.

use crate::analyse::Before;
use crate::feed::{self, HitKind};
use crate::manifest::{Hint, Shipped, identify, split_version, strip_wrapper};
use crate::package::{Manifest, PackageFiles, SourceFile};
use crate::source::{
    Contents, FolderEntry, Limits, list_folder, read_archive, read_entries, read_regular, stat_entry,
};
use crate::traits::Traits;
use crate::walk::{
    Distribution, Place, Target, claimed_files, file_name, is_leftover, is_other_package, is_own_file,
};
use crate::{analyse, verdict};
use doorward_protocol::{
    Ecosystem, Finding, PackageRef, PackageReport, Severity, Unscanned, Verdict, visible,
};
use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What belongs to a target, before anything of it is read.
pub(super) struct Listing<'a> {
    target: &'a Target,
    hint: Hint,
    entries: Vec<FolderEntry>,
    contents: Contents,
    /// Where the report says the package lies.
    pub(super) shown: PathBuf,
}

impl<'a> Listing<'a> {
    pub(super) fn of(target: &'a Target, limits: &Limits) -> Self {
        let mut contents = Contents { unscanned: target.notes.clone(), ..Contents::default() };
        let path = &target.path;
        let mut shown = path.clone();
        let entries = match &target.place {
            Place::Archive => {
                let parent = path.parent().unwrap_or(path);
                stat_entry(parent, file_name(path), path.clone(), &mut contents).into_iter().collect()
            }
            Place::Folder(_) => {
                list_folder(path, limits, &mut contents, |inside| inside == "node_modules", |_| true)
            }
            Place::Project => list_project(path, limits, &mut contents),
            Place::Distribution => match Distribution::open(path) {
                Some(distribution) => {
                    shown = distribution.shown();
                    distribution.list(limits, &mut contents)
                }
                None => Vec::new(),
            },
            Place::Leftovers(Ecosystem::Npm) => list_beside_packages(path, limits, &mut contents),
            Place::Leftovers(_) => {
                let claimed = claimed_files(path);
                list_folder(path, limits, &mut contents, |_| false, |file| !claimed.contains(file))
            }
            Place::Locked { .. } => Vec::new(),
        };
        Self { target, hint: hint(target), entries, contents, shown }
    }

    /// True where there is nothing to report on after all.
    pub(super) fn is_nothing(&self) -> bool {
        let optional = matches!(self.target.place, Place::Leftovers(_));
        optional && self.entries.is_empty() && self.contents.unscanned.is_empty()
    }

    pub(super) fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for entry in &self.entries {
            entry.fingerprint(&mut hasher);
        }
        hash_notes(&mut hasher, &self.contents.unscanned);
        hasher.finalize().to_hex().to_string()
    }

    pub(super) fn read(self, limits: &Limits) -> Package {
        let Self { target, hint, entries, mut contents, shown } = self;
        if target.place == Place::Archive {
            match read_archive(&target.path, limits) {
                Ok(read) => {
                    let notes = std::mem::replace(&mut contents, read).unscanned;
                    contents.unscanned.extend(notes);
                }
                Err(error) => contents.not_read("", format!("the archive cannot be read: {error}")),
            }
            strip_wrapper(&mut contents, hint.ecosystem);
        } else {
            read_entries(&entries, limits, &mut contents);
            if contents.files.is_empty() && contents.unscanned.is_empty() {
                contents.not_read("", "the folder holds no files");
            }
        }
        Package { hint, contents, shown, manifest: None }
    }
}

fn list_project(root: &Path, limits: &Limits, contents: &mut Contents) -> Vec<FolderEntry> {
    let named = files_of_hooks(root);
    let is_foreign = |inside: &str| is_other_package(root, inside);
    let is_wanted = |path: &str| is_own_file(path) || named.iter().any(|named| named == path);
    let mut entries = list_folder(root, limits, contents, is_foreign, is_wanted);
    let manifests: HashSet<String> =
        entries.iter().filter_map(|entry| entry.path.strip_suffix("Cargo.toml").map(str::to_owned)).collect();
    // Any module may be called `build`; the one beside a manifest is run by cargo.
    let is_module =
        |path: &str| path.strip_suffix("build.rs").is_some_and(|folder| !manifests.contains(folder));
    entries.retain(|entry| !is_module(&entry.path) || named.contains(&entry.path));
    entries
}

/// Files that the project's own lifecycle scripts run.
fn files_of_hooks(root: &Path) -> Vec<String> {
    let Ok(bytes) = read_regular(&root.join("package.json"), &Limits::default()) else { return Vec::new() };
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(&bytes) else { return Vec::new() };
    ["preinstall", "install", "postinstall", "prepare", "prepublish"]
        .iter()
        .filter_map(|hook| json.get("scripts")?.get(*hook)?.as_str())
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_start_matches("./").to_owned())
        .collect()
}

fn list_beside_packages(tree: &Path, limits: &Limits, contents: &mut Contents) -> Vec<FolderEntry> {
    let mut entries = Vec::new();
    for child in fs::read_dir(tree).into_iter().flatten().flatten() {
        let (name, path) = (file_name(&child.path()), child.path());
        if !is_leftover(&name, path.is_dir()) {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            for mut entry in list_folder(&path, limits, contents, |_| false, |_| true) {
                entry.path = format!("{name}/{}", entry.path);
                entries.push(entry);
            }
        } else {
            entries.extend(stat_entry(tree, name, path, contents));
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

fn hint(target: &Target) -> Hint {
    let file = file_name(&target.path);
    let lower = file.to_lowercase();
    let (ecosystem, shipped, stem) = match &target.place {
        Place::Archive => {
            let ending =
                [".tar.gz", ".tgz", ".crate", ".whl", ".zip"].into_iter().find(|end| lower.ends_with(end));
            let stem = &file[..file.len() - ending.map_or(0, str::len)];
            let ecosystem = match ending {
                Some(".whl") => Some(Ecosystem::Pypi),
                Some(".crate") => Some(Ecosystem::Cargo),
                _ => None,
            };
            (ecosystem, Shipped::Archive, stem)
        }
        Place::Folder(Some(Ecosystem::Npm)) => {
            let scope = target.path.parent().map(file_name).filter(|scope| scope.starts_with('@'));
            let name = scope.map_or_else(|| file.clone(), |scope| format!("{scope}/{file}"));
            let ecosystem = Some(Ecosystem::Npm);
            return Hint { ecosystem, name, version: String::new(), shipped: Shipped::Folder };
        }
        Place::Folder(ecosystem) => (*ecosystem, Shipped::Folder, file.as_str()),
        Place::Project => {
            return Hint { ecosystem: None, name: file, version: String::new(), shipped: Shipped::Project };
        }
        Place::Distribution => {
            let stem = file.trim_end_matches(".dist-info").trim_end_matches(".egg-info");
            (Some(Ecosystem::Pypi), Shipped::Environment, stem)
        }
        Place::Leftovers(ecosystem) => {
            let ecosystem = Some(*ecosystem);
            return Hint { ecosystem, name: file, version: String::new(), shipped: Shipped::Environment };
        }
        Place::Locked { package, .. } => {
            return Hint {
                ecosystem: Some(package.ecosystem),
                name: package.name.clone(),
                version: package.version.clone(),
                shipped: Shipped::Folder,
            };
        }
    };
    let (name, version) = split_version(stem);
    // Wheels go on with tags: name-version-python-abi-platform.
    let version = if lower.ends_with(".whl") {
        version.split('-').next().unwrap_or_default().to_owned()
    } else {
        version
    };
    Hint { ecosystem, name, version, shipped }
}

fn hash_notes(hasher: &mut blake3::Hasher, notes: &[Unscanned]) {
    for note in notes {
        hasher.update(note.path.as_bytes());
        hasher.update(&[0]);
        hasher.update(note.reason.as_bytes());
        hasher.update(&[0]);
    }
}

/// A package in memory.
pub(super) struct Package {
    hint: Hint,
    contents: Contents,
    shown: PathBuf,
    /// Known once the name was asked for.
    manifest: Option<Manifest>,
}

impl Package {
    pub(super) fn bytes(&self) -> u64 {
        self.contents.bytes
    }

    pub(super) fn content_hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let hint = &self.hint;
        hasher.update(
            format!("{:?}\0{}\0{}\0{:?}\0", hint.ecosystem, hint.name, hint.version, hint.shipped).as_bytes(),
        );
        for file in &self.contents.files {
            hasher.update(&(file.path.len() as u64).to_le_bytes());
            hasher.update(file.path.as_bytes());
            hasher.update(&[u8::from(file.executable)]);
            hasher.update(&(file.bytes.len() as u64).to_le_bytes());
            hasher.update(&file.bytes);
        }
        hash_notes(&mut hasher, &self.contents.unscanned);
        hasher.finalize().to_hex().to_string()
    }

    /// Which package it is, by its manifest.
    pub(super) fn name(&mut self) -> PackageRef {
        let identified = catch_unwind(AssertUnwindSafe(|| self.identify()));
        identified.map_or_else(|_| self.bare_manifest().package, |manifest| manifest.package)
    }

    /// The report, beside the version before where that is known or found, and the traits of this one.
    pub(super) fn report(mut self, feed: bool, before: Before<'_>) -> (PackageReport, Option<Traits>) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.examine(before)));
        let (manifest, mut findings, traits) = outcome.unwrap_or_else(|_| {
            self.contents.not_read("", "the scanner failed on this package; please report it");
            (self.bare_manifest(), Vec::new(), None)
        });
        findings.append(&mut self.contents.findings);
        if feed {
            findings.extend(self.known(&manifest));
        }
        (finish(manifest, findings, self.contents.unscanned, self.shown), traits)
    }

    /// Which package it is and what it is like, without judging it; `None` where it has no manifest.
    pub(super) fn traits(mut self) -> Option<(PackageRef, Traits)> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let manifest = self.identify();
            let traits = analyse::traits(&PackageFiles { manifest: &manifest, files: self.files() });
            (!manifest.path_of_manifest.is_empty()).then_some((manifest.package, traits))
        }));
        outcome.ok().flatten()
    }

    /// The facts of each group of files that run together.
    pub(super) fn facts(&mut self) -> Vec<Vec<String>> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let manifest = self.identify();
            analyse::facts(&PackageFiles { manifest: &manifest, files: self.files() })
        }));
        let names = |facts: analyse::Facts| facts.names.into_keys().collect();
        outcome.unwrap_or_default().into_iter().map(names).collect()
    }

    fn identify(&mut self) -> Manifest {
        let Contents { files, unscanned, .. } = &mut self.contents;
        self.manifest.get_or_insert_with(|| identify(&self.hint, files, unscanned)).clone()
    }

    fn examine(&mut self, before: Before<'_>) -> (Manifest, Vec<Finding>, Option<Traits>) {
        let manifest = self.identify();
        let package = PackageFiles { manifest: &manifest, files: self.files() };
        let (findings, traits) = analyse::examine(&package, before);
        // What nobody named has no earlier version.
        let named = !manifest.project && !manifest.path_of_manifest.is_empty();
        (manifest, findings, named.then_some(traits))
    }

    fn files(&self) -> Vec<SourceFile<'_>> {
        let files = self.contents.files.iter();
        files
            .map(|file| SourceFile { path: &file.path, bytes: &file.bytes, executable: file.executable })
            .collect()
    }

    fn bare_manifest(&self) -> Manifest {
        let Hint { ecosystem, name, version, shipped } = self.hint.clone();
        Manifest {
            package: PackageRef { ecosystem: ecosystem.unwrap_or(Ecosystem::Npm), name, version },
            path_of_manifest: String::new(),
            npm: None,
            pypi: None,
            cargo: None,
            project: shipped == Shipped::Project,
        }
    }

    /// A hit of the list of known malware, by the name in the manifest and by the one it was installed under.
    fn known(&self, manifest: &Manifest) -> Option<Finding> {
        if manifest.project
            || self.hint.shipped == Shipped::Environment && manifest.path_of_manifest.is_empty()
        {
            return None;
        }
        let installed = PackageRef { name: self.hint.name.clone(), ..manifest.package.clone() };
        let hit = feed::lookup(&manifest.package).or_else(|| feed::lookup(&installed))?;
        let file = self.contents.files.iter().find(|file| file.path == manifest.path_of_manifest);
        let text = file.map(|file| String::from_utf8_lossy(&file.bytes)).unwrap_or_default();
        let named = |line: &&str| {
            let line = line.to_ascii_lowercase();
            line.contains("name") && line.contains(&manifest.package.name.to_ascii_lowercase())
        };
        let at = text.lines().position(|line| named(&line));
        let snippet = at.and_then(|at| text.lines().nth(at)).unwrap_or_default();
        Some(Finding {
            path: manifest.path_of_manifest.clone(),
            line: at.map_or(0, |at| u32::try_from(at + 1).unwrap_or(0)),
            snippet: visible(snippet.trim().get(..200).unwrap_or(snippet.trim())).into(),
            ..feed_finding(&hit)
        })
    }
}

/// A report on a package that only a lockfile names.
pub(super) fn report_locked(
    target: &Target,
    package: &PackageRef,
    lockfile: &str,
    line: u32,
) -> Option<PackageReport> {
    let hit = feed::lookup(package)?;
    let finding = Finding { path: lockfile.into(), line, snippet: package.to_string(), ..feed_finding(&hit) };
    let manifest = Manifest {
        package: package.clone(),
        path_of_manifest: lockfile.into(),
        npm: None,
        pypi: None,
        cargo: None,
        project: false,
    };
    let reason = "named by the lockfile but not installed, so only its name was judged".to_owned();
    let unscanned = vec![Unscanned { path: String::new(), reason }];
    Some(finish(manifest, vec![finding], unscanned, target.path.clone()))
}

fn feed_finding(hit: &feed::FeedHit) -> Finding {
    let campaign = hit.campaign.map(|name| format!(" of the {name} campaign")).unwrap_or_default();
    let (title, severity, why) = match hit.kind {
        HitKind::Known => (
            format!("Known malicious package{campaign}"),
            Severity::Critical,
            format!("{} lists this package as malware; do not run it.", hit.id),
        ),
        HitKind::Doubtful => (
            "Listed as malicious although widely used".to_owned(),
            Severity::High,
            format!(
                "{} lists every version of this widely used package; such entries have been wrong before, so look before you decide.",
                hit.id
            ),
        ),
    };
    Finding {
        rule: "FEED".into(),
        title,
        severity,
        path: String::new(),
        line: 0,
        column: 0,
        snippet: String::new(),
        why,
    }
}

fn finish(
    manifest: Manifest,
    mut findings: Vec<Finding>,
    unscanned: Vec<Unscanned>,
    path: PathBuf,
) -> PackageReport {
    const MOST: usize = 300;
    findings
        .sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| (&a.path, a.line).cmp(&(&b.path, b.line))));
    let judged = catch_unwind(AssertUnwindSafe(|| verdict::judge(&findings)));
    let (mut verdict, mut score) = judged.unwrap_or((Verdict::Suspicious, 50));
    // The list of known malware is not outvoted by content.
    for finding in findings.iter().filter(|finding| finding.rule == "FEED") {
        let (least, points) = if finding.severity == Severity::Critical {
            (Verdict::Malicious, 100)
        } else {
            (Verdict::Suspicious, 50)
        };
        verdict = verdict.max(least);
        score = score.max(points);
    }
    findings.truncate(MOST);
    let package = manifest.package;
    PackageReport {
        purl: package.purl(),
        ecosystem: package.ecosystem,
        name: package.name,
        version: package.version,
        path,
        verdict,
        score,
        findings,
        unscanned,
    }
}
