//! Encodings that hide text: base64 and its relatives, hexadecimal, rotated letters, compressed bytes.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use flate2::read::{GzDecoder, ZlibDecoder};
use std::io::Read;

/// What compressed bytes may grow to.
const LONGEST: u64 = 8 << 20;

/// Undoes what a decoding function of Python's standard library undoes, by the last part of its name.
pub(super) fn by_function(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    match name {
        "b64decode" | "urlsafe_b64decode" | "standard_b64decode" | "decodebytes" | "decodestring"
        | "a2b_base64" => base64(&without_space(bytes)),
        "b32decode" => base32(&without_space(bytes)),
        "b85decode" => base85(bytes),
        "a85decode" => ascii85(bytes),
        "b16decode" | "unhexlify" | "fromhex" | "a2b_hex" => hexadecimal(&without_space(bytes)),
        "decompress" => inflate(bytes),
        _ => None,
    }
}

/// True for the codecs that turn one text into another.
pub(super) fn is_transform(codec: &[u8]) -> bool {
    let name = transform(codec);
    matches!(name.as_str(), "rot13" | "hex" | "base64" | "zlib" | "bz2" | "uu") || ebcdic(&name).is_some()
}

/// Undoes a codec such as `rot13` or `hex`.
pub(super) fn by_codec(codec: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    match transform(codec).as_str() {
        "rot13" => Some(bytes.iter().map(|&byte| rotated(byte)).collect()),
        "hex" => hexadecimal(&without_space(bytes)),
        "base64" => base64(&without_space(bytes)),
        "zlib" => inflate(bytes),
        "utf8" | "ascii" | "latin1" | "utf" => Some(bytes.to_vec()),
        name => ebcdic(name).map(|page| bytes.iter().map(|&byte| page.letter(byte)).collect()),
    }
}

/// A code page of IBM's mainframes. In none of them does a letter stand where ASCII has it, so that a text in one hides
/// its words from whoever looks for them, while every Python can read it.
struct CodePage {
    /// The bytes and letters in which it differs from page 037, as their national variants do in signs only.
    own: &'static [(u8, u8)],
}

fn ebcdic(name: &str) -> Option<CodePage> {
    let digits = name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let own: &[(u8, u8)] = match digits {
        "037" | "37" | "1140" | "039" | "424" => &[],
        "500" => &[(0x4F, b'!'), (0x4A, b'['), (0x5A, b']'), (0x5F, b'^'), (0xBB, b'|')],
        "273" => &[
            (0x4F, b'!'),
            (0xB5, b'@'),
            (0x63, b'['),
            (0xEC, b'\\'),
            (0xFC, b']'),
            (0x5F, b'^'),
            (0x43, b'{'),
            (0xBB, b'|'),
            (0xDC, b'}'),
            (0x59, b'~'),
        ],
        "1026" => &[
            (0x4F, b'!'),
            (0xFC, b'"'),
            (0xEC, b'#'),
            (0xAD, b'$'),
            (0xAE, b'@'),
            (0x68, b'['),
            (0xDC, b'\\'),
            (0xAC, b']'),
            (0x5F, b'^'),
            (0x8D, b'`'),
            (0x48, b'{'),
            (0xBB, b'|'),
            (0x8C, b'}'),
            (0xCC, b'~'),
        ],
        _ => return None,
    };
    let is_page = name.starts_with("cp") || name.starts_with("ibm") || name.starts_with("ebcdic");
    is_page.then_some(CodePage { own })
}

impl CodePage {
    /// The ASCII letter of a byte; a space for what ASCII has not.
    fn letter(&self, byte: u8) -> u8 {
        /// Page 037 from its byte 0x40 on.
        const PAGE: &[u8; 192] = b"           .<(+|&         !$*); -/         ,%_>?         `:#@'=\" abcdefghi       jklmnopqr       ~stuvwxyz      ^         []    {ABCDEFGHI      }JKLMNOPQR      \\ STUVWXYZ      0123456789      ";
        let own = self.own.iter().find(|(at, _)| *at == byte).map(|(_, letter)| *letter);
        let common = || match byte {
            0x05 => b'\t',
            0x15 | 0x25 => b'\n',
            0x0D => b'\r',
            _ => byte.checked_sub(0x40).and_then(|at| PAGE.get(usize::from(at))).copied().unwrap_or(b' '),
        };
        own.unwrap_or_else(common)
    }
}

fn transform(codec: &[u8]) -> String {
    let name: String = String::from_utf8_lossy(codec).to_ascii_lowercase().replace(['-', '_'], "");
    name.trim_end_matches("codec").to_owned()
}

fn rotated(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => (byte - b'a' + 13) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + 13) % 26 + b'A',
        _ => byte,
    }
}

fn without_space(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

/// Base64 with either alphabet, padded or not.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
    const URL: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
    STANDARD.decode(text).or_else(|_| URL.decode(text)).ok()
}

/// Pairs of hexadecimal digits.
pub(super) fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 5 / 8);
    let (mut buffer, mut bits) = (0u32, 0);
    for &byte in text.iter().take_while(|&&byte| byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        buffer = buffer << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(buffer >> bits & 0xFF).ok()?);
            buffer &= (1 << bits) - 1;
        }
    }
    Some(out)
}

fn base85(text: &[u8]) -> Option<Vec<u8>> {
    const DIGITS: &[u8; 85] =
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let digit = |byte: u8| DIGITS.iter().position(|&known| known == byte);
    fives(text.iter().map(|&byte| digit(byte)).collect::<Option<Vec<usize>>>()?)
}

fn ascii85(text: &[u8]) -> Option<Vec<u8>> {
    let inner = text.strip_prefix(b"<~").unwrap_or(text);
    let inner = inner.strip_suffix(b"~>").unwrap_or(inner);
    let mut digits = Vec::with_capacity(inner.len());
    for &byte in inner.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'z' => digits.extend([0; 5]),
            b'!'..=b'u' => digits.push(usize::from(byte - b'!')),
            _ => return None,
        }
    }
    fives(digits)
}

/// Groups of five digits of base 85; a shorter last group is padded and cut.
fn fives(mut digits: Vec<usize>) -> Option<Vec<u8>> {
    let missing = (5 - digits.len() % 5) % 5;
    digits.extend(std::iter::repeat_n(84, missing));
    let mut out = Vec::with_capacity(digits.len() / 5 * 4);
    for group in digits.chunks_exact(5) {
        let number =
            group.iter().try_fold(0u64, |number, &digit| Some(number * 85 + u64::try_from(digit).ok()?))?;
        out.extend(u32::try_from(number).ok()?.to_be_bytes());
    }
    out.truncate(out.len() - missing);
    Some(out)
}

/// Zlib, gzip or raw deflate, whichever it is.
fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    fn all(reader: impl Read) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        reader.take(LONGEST).read_to_end(&mut out).ok()?;
        (!out.is_empty()).then_some(out)
    }
    if bytes.starts_with(&[0x1F, 0x8B]) {
        return all(GzDecoder::new(bytes));
    }
    all(ZlibDecoder::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_is_undone() {
        assert_eq!(by_function("b64decode", b"aGV sbG8=").as_deref(), Some(&b"hello"[..]));
        assert_eq!(by_function("b32decode", b"NBSWY3DP").as_deref(), Some(&b"hello"[..]));
        assert_eq!(by_function("b85decode", b"Xk~0{Zv").as_deref(), Some(&b"hello"[..]));
        assert_eq!(by_function("a85decode", b"BOu!rDZ").as_deref(), Some(&b"hello"[..]));
        assert_eq!(by_function("fromhex", b"68 656c6c6f").as_deref(), Some(&b"hello"[..]));
        assert_eq!(by_codec(b"rot_13", b"uryyb").as_deref(), Some(&b"hello"[..]));
        assert_eq!(
            by_codec(b"cp037", b"\x88\x85\x93\x93\x96\xBA\xF0\xBB").as_deref(),
            Some(&b"hello[0]"[..])
        );
        assert_eq!(
            by_codec(b"cp1026", b"\x88\x85\x93\x93\x96\x68\xF0\xAC").as_deref(),
            Some(&b"hello[0]"[..])
        );
        assert_eq!(by_codec(b"cp1252", b"hello"), None);
        assert_eq!(by_function("b64decode", b"???"), None);
        assert_eq!(by_function("decompress", b"not compressed"), None);
    }
}
