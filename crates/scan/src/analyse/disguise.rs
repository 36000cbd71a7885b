//! Files whose content is not what their names promise: text under the name of a picture, an archive or scrambled
//! bytes under the name of a module, a marker or a certificate. Compiled programs are told apart in `binary.rs`.

use super::evidence::is_aside;
use super::report::{Report, Words};
use super::text::contains;
use crate::{PackageFiles, SourceFile};
use doorward_protocol::Severity::{self, Critical, High, Medium};

/// Looks at every file whose name promises something that its first bytes can show.
pub(super) fn inspect(package: &PackageFiles<'_>, report: &mut Report) {
    for file in &package.files {
        match promise(file.path) {
            Some(Promise::Media) => text_as_media(file, report),
            // Tests and examples are made of what is not as it should be.
            _ if is_aside(file.path) => {}
            Some(Promise::Module) => other_than_module(file, report),
            Some(Promise::Compiled) => other_than_compiled(file, report),
            Some(Promise::Certificate) => archived(file, Critical, report),
            Some(Promise::Text) => archived(file, High, report),
            None => {}
        }
    }
}

/// What a file's name promises.
enum Promise {
    /// A font, a picture or a sound.
    Media,
    /// Python source, or the empty file that says a package has types.
    Module,
    /// A module that Python compiled.
    Compiled,
    /// A certificate, which may be text or not.
    Certificate,
    /// Any other text.
    Text,
}

fn promise(path: &str) -> Option<Promise> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "woff" | "woff2" | "ttf" | "otf" | "eot" | "png" | "jpg" | "jpeg" | "gif" | "ico" | "wav" | "mp3" => {
            Promise::Media
        }
        "py" | "pyi" | "pyw" | "typed" => Promise::Module,
        "pyc" => Promise::Compiled,
        "crt" | "pem" | "cer" => Promise::Certificate,
        "md" | "rst" | "toml" | "cfg" | "ini" | "yml" | "yaml" | "js" | "mjs" | "cjs" | "ts" | "rs"
        | "sh" | "css" => Promise::Text,
        _ => return None,
    })
}

fn text_as_media(file: &SourceFile<'_>, report: &mut Report) {
    let head = &file.bytes[..file.bytes.len().min(4096)];
    let printable = head.iter().filter(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()).count();
    // An image that carries its source as text is an image all the same.
    let image = head.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR") || head.starts_with(b"\xff\xd8\xff");
    let text = head.len() >= 64 && !image && printable * 100 >= head.len() * 95;
    let markup = head.trim_ascii_start().starts_with(b"<")
        || head.starts_with(b"version https://git-lfs")
        || head.starts_with(b"data:");
    if text && !markup {
        let code = ["require(", "function", "eval(", "import ", "=>", "exec("]
            .iter()
            .any(|word| contains(file.bytes, word));
        report.add("O-07", file, 0, if code { Critical } else { Medium });
    }
}

fn other_than_module(file: &SourceFile<'_>, report: &mut Report) {
    if is_a_macs_own(file) {
        return;
    }
    if let Some(kind) = archive(file.bytes) {
        tell(file, kind, Critical, report);
    } else if is_scrambled(file.bytes) {
        tell(file, "bytes that are no text", Critical, report);
    }
}

/// True for what a Mac keeps of a file beside it, in the format AppleDouble (RFC 1740): no interpreter reads it.
fn is_a_macs_own(file: &SourceFile<'_>) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    name.starts_with("._") && file.bytes.starts_with(&[0, 5, 0x16, 7])
}

/// Every version of Python ends the first four bytes of what it compiles with a line break.
fn other_than_compiled(file: &SourceFile<'_>, report: &mut Report) {
    if let Some(kind) = archive(file.bytes) {
        tell(file, kind, Critical, report);
    } else if file.bytes.len() >= LEAST && file.bytes.get(2..4) != Some(b"\r\n") {
        tell(file, "bytes that Python did not compile", Critical, report);
    }
}

fn archived(file: &SourceFile<'_>, most: Severity, report: &mut Report) {
    if let Some(kind) = archive(file.bytes) {
        tell(file, kind, most, report);
    }
}

fn tell(file: &SourceFile<'_>, kind: &str, most: Severity, report: &mut Report) {
    let why = format!("{} holds {kind}, which something else in the package may unpack and run.", file.path);
    report.say("O-07", file, 0, most, Words { title: Some("Payload under another name".into()), why });
}

/// So little may be a placeholder, or an accident.
const LEAST: usize = 1024;

/// The kind of archive that these bytes begin.
fn archive(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 5] = [
        (b"PK\x03\x04", "a zip archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07", "a rar archive"),
        (b"\xfd7zXZ\0", "an xz archive"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    ];
    MAGIC.iter().find(|(magic, _)| bytes.len() >= LEAST && bytes.starts_with(magic)).map(|&(_, kind)| kind)
}

/// True for bytes that no encoding of text has: any makes letters of some bytes, but none of what controls a terminal.
fn is_scrambled(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 8192;
    let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let head = &bytes[..bytes.len().min(LOOKED_AT)];
    let controls = |byte: &&u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | b'\x0c');
    // One in nine among evenly mixed bytes.
    bytes.len() >= LEAST && !is_utf16 && head.iter().filter(controls).count() * 50 > head.len()
}
