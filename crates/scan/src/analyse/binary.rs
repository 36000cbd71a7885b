//! Compiled programs: ordinary where they belong, a finding where they hide or are started unasked.

use super::evidence::Evidence;
use super::report::{Report, Words};
use super::signal::{PRIVATE, Signal, Signals};
use super::{dictionary, text};
use crate::{PackageFiles, PypiKind, SourceFile};
use doorward_protocol::{Severity, Stage};
use goblin::Object;
use std::panic::catch_unwind;

/// Tells of programs under other names, of packed ones, and of those that something starts on installation.
pub(super) fn inspect(package: &PackageFiles<'_>, gathered: &[Option<Evidence<'_>>], report: &mut Report) {
    alone(package, report);
    let programs: Vec<&SourceFile<'_>> = package.files.iter().filter(|file| is_program(file.bytes)).collect();
    for file in programs {
        let starter = gathered.iter().flatten().find(|evidence| starts(evidence, file));
        let unasked = starter.filter(|evidence| matches!(evidence.stage, Stage::Install | Stage::Build));
        let disguised = is_disguised(file.path);
        if !disguised && unasked.is_none() && !is_packed_quickly(file.bytes) {
            continue;
        }
        let facts = Facts::of(file.bytes);
        if disguised {
            let most = if starter.is_some() || facts.steals { Severity::Critical } else { Severity::High };
            let started =
                starter.map(|evidence| format!(", and {} starts it", evidence.file.path)).unwrap_or_default();
            let why =
                format!("{} is a compiled program under the name of something harmless{started}.", file.path);
            report.say(
                "O-07",
                file,
                0,
                most,
                Words { title: Some("Program under another name".into()), why },
            );
        }
        if let Some(evidence) = unasked {
            let most = if facts.steals || facts.packed { Severity::Critical } else { Severity::Medium };
            let offset =
                memchr::memmem::find(evidence.file.bytes, base_name(file.path).as_bytes()).unwrap_or(0);
            report.add("I-05", evidence.file, offset, most);
        }
        if facts.packed && !disguised {
            report.add("O-12", file, 0, Severity::Medium);
        }
    }
}

/// A package of Python that is next to nothing but compiled code, where its kind promises sources.
fn alone(package: &PackageFiles<'_>, report: &mut Report) {
    let Some(file) = nothing_but_native(package) else { return };
    // People do pack a tool of theirs as a wheel without saying for which machine; sources are another promise.
    let is_sdist = package.manifest.pypi.as_ref().is_some_and(|pypi| pypi.kind == PypiKind::Sdist);
    let most = if is_sdist { Severity::High } else { Severity::Medium };
    let why = format!(
        "Nearly all of the package is the compiled {}, in an archive that promises sources or works everywhere.",
        file.path
    );
    report.say("O-14", file, 0, most, Words { title: None, why });
}

/// The compiled file of a package that holds hardly anything else, in an sdist or in a wheel for any machine.
fn nothing_but_native<'p, 'a>(package: &'p PackageFiles<'a>) -> Option<&'p SourceFile<'a>> {
    const HARDLY: usize = 2_000;
    let pypi = package.manifest.pypi.as_ref()?;
    // The tag says which machines a wheel is for; where it unpacks to says nothing of that.
    let is_for_any = |tag: &[u8]| tag.starts_with(b"Tag:") && tag.trim_ascii_end().ends_with(b"-any");
    let is_pure = package.files.iter().any(|file| {
        file.path.ends_with(".dist-info/WHEEL")
            && text::contains(file.bytes, "Root-Is-Purelib: true")
            && file.bytes.split(|&byte| byte == b'\n').any(is_for_any)
    });
    let sources = |file: &&SourceFile<'_>| {
        let endings = [".py", ".pyx", ".c", ".cc", ".cpp", ".rs", ".go", ".pyi"];
        !file.path.ends_with("setup.py") && endings.iter().any(|ending| file.path.ends_with(ending))
    };
    let written: usize = package.files.iter().filter(sources).map(|file| file.bytes.len()).sum();
    if !is_pure && pypi.kind != PypiKind::Sdist || written > HARDLY {
        return None;
    }
    package.files.iter().find(|file| is_program(file.bytes))
}

/// True for Linux, Windows and macOS programs and libraries.
fn is_program(bytes: &[u8]) -> bool {
    const MAGIC: [&[u8]; 4] =
        [b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe\x00\x00\x00"];
    MAGIC.iter().any(|magic| bytes.starts_with(magic)) || is_windows_program(bytes)
}

/// `MZ` alone starts many a text.
fn is_windows_program(bytes: &[u8]) -> bool {
    let header = bytes.get(0x3c..0x40).and_then(|offset| offset.try_into().ok()).map(u32::from_le_bytes);
    let signature = header
        .and_then(|offset| bytes.get(usize::try_from(offset).ok()?..))
        .map(|rest| &rest[..rest.len().min(4)]);
    bytes.starts_with(b"MZ") && signature == Some(b"PE\0\0")
}

/// True for names that promise a picture, font, sound or text. Test data may be anything.
fn is_disguised(path: &str) -> bool {
    const HARMLESS: [&str; 26] = [
        "png", "jpg", "jpeg", "gif", "ico", "webp", "bmp", "svg", "ttf", "otf", "woff", "woff2", "eot",
        "wav", "mp3", "mp4", "ogg", "pdf", "txt", "md", "rst", "css", "html", "json", "xml", "csv",
    ];
    let ending = base_name(path).rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let tests = path.split('/').any(|part| part.starts_with("test") || part == "fixtures");
    !tests && ending.is_some_and(|ending| HARMLESS.contains(&ending.as_str()))
}

/// True where a script names a program and starts something.
fn starts(evidence: &Evidence<'_>, program: &SourceFile<'_>) -> bool {
    let name = base_name(program.path);
    name.len() >= 3
        && !evidence.aside
        && evidence.all().meets(Signals::of(&[Signal::Spawn, Signal::MakeExecutable]))
        && text::contains(evidence.file.bytes, name)
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The packer's own mark stands near either end.
fn is_packed_quickly(bytes: &[u8]) -> bool {
    const NEAR: usize = 4096;
    let start = &bytes[..bytes.len().min(NEAR)];
    let end = &bytes[bytes.len().saturating_sub(NEAR)..];
    [start, end].iter().any(|part| text::contains(part, "UPX!"))
}

/// What a program's own bytes give away.
struct Facts {
    /// Its code is only unpacked when it runs.
    packed: bool,
    /// It names secrets together with a way out, or several kinds of secrets.
    steals: bool,
}

impl Facts {
    fn of(bytes: &[u8]) -> Self {
        // A reader of hostile headers that fails says nothing about the rest of the package.
        let sections = catch_unwind(|| section_names(bytes)).unwrap_or_default();
        let packed = is_packed_quickly(bytes)
            || sections.iter().any(|name| name.starts_with("UPX") || name == ".vmp0");
        let mut signals = Signals::NONE;
        for word in dictionary::search(bytes) {
            signals.add(word.decoded_signal());
        }
        let leaves = Signals::of(&[Signal::DropHost, Signal::Gist, Signal::Imds]);
        let secrets = signals.shared(PRIVATE);
        Self { packed, steals: secrets >= 3 || secrets >= 1 && signals.meets(leaves) }
    }
}

fn section_names(bytes: &[u8]) -> Vec<String> {
    const MOST: usize = 200;
    match Object::parse(bytes) {
        Ok(Object::Elf(elf)) => elf
            .section_headers
            .iter()
            .take(MOST)
            .filter_map(|section| elf.shdr_strtab.get_at(section.sh_name))
            .map(str::to_owned)
            .collect(),
        Ok(Object::PE(pe)) => pe
            .sections
            .iter()
            .take(MOST)
            .filter_map(|section| section.name().ok())
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}
