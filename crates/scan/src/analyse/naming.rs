//! What the package's own name adds to everything it does.

use super::npm;
use super::report::{Report, Words};
use super::signal::{Signal, Signals};
use crate::names::{look_alike, lures, poses_as_internal};
use crate::{PackageFiles, SourceFile};
use doorward_protocol::Severity;

/// Tells what the name gives away, and returns what it lends to the rest of the package.
pub(super) fn inspect(package: &PackageFiles<'_>, report: &mut Report) -> Signals {
    let manifest = &package.manifest;
    let named = &manifest.package;
    let mut lent = Signals::NONE;
    if manifest.project || manifest.path_of_manifest.is_empty() {
        return lent;
    }
    let Some(file) = package.files.iter().find(|file| file.path == manifest.path_of_manifest) else {
        return lent;
    };
    let hooked = manifest.npm.as_ref().is_some_and(|npm| npm::lifecycle(npm).next().is_some());
    if let Some(found) = look_alike(named.ecosystem, &named.name) {
        lent.add(Signal::LookAlike);
        if found.is_close() {
            lent.add(Signal::CloseLookAlike);
            let most = if hooked { Severity::High } else { Severity::Medium };
            let why = format!(
                "Its name is nearly that of {}, which many use: {}. Make sure that this is the package you meant.",
                found.imitates,
                found.how.words()
            );
            report.say("I-14", file, offset_of_name(file), most, Words { title: None, why });
        }
    }
    if lures(&named.name).is_some() {
        lent.add(Signal::Baited);
    }
    if poses_as_internal(named) {
        lent.add(Signal::PosesInternal);
        let most = if hooked { Severity::High } else { Severity::Medium };
        let title = "Version is high enough to replace an internal package".to_owned();
        let why = format!(
            "Version {} wins against every private package of that name, which is how strangers get into builds.",
            named.version
        );
        report.say("I-13", file, offset_of_name(file), most, Words { title: Some(title), why });
    }
    if let Some(at) = hunters_address(file) {
        let title = "Published from a bug hunter's address".to_owned();
        let why = "Its author writes from an address that sites for bug hunters give to their members: such packages show that a name could be taken, and report who installs them.".to_owned();
        report.say("I-13", file, at, Severity::High, Words { title: Some(title), why });
    }
    lent
}

/// Where a manifest says that its author is a member of a site for bug hunters.
fn hunters_address(manifest: &SourceFile<'_>) -> Option<usize> {
    const SITES: [&[u8]; 5] = [
        b"@wearehackerone.com",
        b"@bugcrowdninja.com",
        b"@intigriti.me",
        b"@yeswehack.ninja",
        b"@submit.hackerone.com",
    ];
    let mut at = 0;
    for line in manifest.bytes.split_inclusive(|&byte| byte == b'\n') {
        let lower = line.to_ascii_lowercase();
        let is_authors = [&b"author"[..], b"maintainer", b"email"]
            .iter()
            .any(|word| memchr::memmem::find(&lower, word).is_some());
        if is_authors && SITES.iter().any(|site| memchr::memmem::find(&lower, site).is_some()) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Where the manifest says the name.
fn offset_of_name(file: &SourceFile<'_>) -> usize {
    let lower = file.bytes.to_ascii_lowercase();
    memchr::memmem::find(&lower, b"name").unwrap_or(0)
}
