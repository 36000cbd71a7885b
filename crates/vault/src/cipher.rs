//! XChaCha20-Poly1305 in chunks of 64 KiB, the STREAM construction: chunks cannot be reordered,
//! dropped or cut off without being noticed.

use chacha20poly1305::aead::generic_array::GenericArray;
use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use zeroize::Zeroizing;

const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// The nonce less the stream's own counter and end mark.
const NONCE: usize = 19;
const MAGIC: &[u8; 16] = b"doorward-seal-1\n";

/// 32 secret bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    pub(crate) fn random() -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        fill_random(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Names the key without telling it.
    pub(crate) fn id(&self) -> String {
        let digest = Sha256::new().chain_update(b"doorward key id").chain_update(self.bytes()).finalize();
        to_hex(&digest[..8])
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(GenericArray::from_slice(self.bytes()))
    }

    /// Encrypts an item's own key, bound to the item.
    pub(crate) fn wrap(&self, key: &Key, item: &str) -> io::Result<Wrapped> {
        let mut nonce = [0; 24];
        fill_random(&mut nonce)?;
        let sealed = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: key.bytes(), aad: item.as_bytes() })
            .map_err(|_| bad("a key could not be encrypted"))?;
        Ok(Wrapped { by: self.id(), nonce: to_hex(&nonce), sealed: to_hex(&sealed) })
    }

    /// The item's own key; `None` where this is not the key it was wrapped with.
    pub(crate) fn unwrap(&self, wrapped: &Wrapped, item: &str) -> Option<Key> {
        let nonce = from_hex(&wrapped.nonce).filter(|nonce| nonce.len() == 24)?;
        let sealed = from_hex(&wrapped.sealed)?;
        let payload = Payload { msg: &sealed, aad: item.as_bytes() };
        let plain = Zeroizing::new(self.cipher().decrypt(XNonce::from_slice(&nonce), payload).ok()?);
        Key::from_bytes(&plain)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id())
    }
}

/// An item's own key, encrypted with the vault's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wrapped {
    /// The vault key's id.
    pub(crate) by: String,
    nonce: String,
    sealed: String,
}

/// Encrypts what is written to it. Unfinished output does not decrypt.
pub(crate) struct Encrypt<W: Write> {
    out: W,
    stream: EncryptorBE32<XChaCha20Poly1305>,
    chunk: Vec<u8>,
}

impl<W: Write> Encrypt<W> {
    pub(crate) fn new(key: &Key, mut out: W) -> io::Result<Self> {
        let mut nonce = [0; NONCE];
        fill_random(&mut nonce)?;
        out.write_all(MAGIC)?;
        out.write_all(&nonce)?;
        let stream = EncryptorBE32::from_aead(key.cipher(), GenericArray::from_slice(&nonce));
        Ok(Self { out, stream, chunk: Vec::with_capacity(CHUNK) })
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        let sealed = self.stream.encrypt_last(self.chunk.as_slice()).map_err(|_| bad("too much data"))?;
        self.out.write_all(&sealed)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Encrypt<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for more: it may turn out to be the last.
        if self.chunk.len() == CHUNK {
            let sealed = self.stream.encrypt_next(self.chunk.as_slice()).map_err(|_| bad("too much data"))?;
            self.out.write_all(&sealed)?;
            self.chunk.clear();
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Decrypts and proves what is read from it.
pub(crate) struct Decrypt<R: Read> {
    input: BufReader<R>,
    stream: Option<DecryptorBE32<XChaCha20Poly1305>>,
    chunk: Zeroizing<Vec<u8>>,
    at: usize,
}

impl<R: Read> Decrypt<R> {
    pub(crate) fn new(key: &Key, input: R) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(CHUNK + TAG, input);
        let mut head = [0; MAGIC.len() + NONCE];
        input.read_exact(&mut head)?;
        let (magic, nonce) = head.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(bad("not a sealed file"));
        }
        let stream = DecryptorBE32::from_aead(key.cipher(), GenericArray::from_slice(nonce));
        Ok(Self { input, stream: Some(stream), chunk: Zeroizing::default(), at: 0 })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let mut sealed = Vec::with_capacity(CHUNK + TAG);
        self.input.by_ref().take((CHUNK + TAG) as u64).read_to_end(&mut sealed)?;
        self.at = 0;
        if self.input.fill_buf()?.is_empty() {
            self.chunk = Zeroizing::new(stream.decrypt_last(sealed.as_slice()).map_err(|_| tampered())?);
        } else {
            self.chunk = Zeroizing::new(stream.decrypt_next(sealed.as_slice()).map_err(|_| tampered())?);
            self.stream = Some(stream);
        }
        Ok(())
    }
}

impl<R: Read> Read for Decrypt<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() {
            self.next_chunk()?;
        }
        let rest = &self.chunk[self.at.min(self.chunk.len())..];
        let taken = rest.len().min(out.len());
        out[..taken].copy_from_slice(&rest[..taken]);
        self.at += taken;
        Ok(taken)
    }
}

fn bad(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn tampered() -> io::Error {
    bad("the sealed bytes were changed, or the key is another one")
}

pub(crate) fn fill_random(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(key: &Key, plain: &[u8]) -> Vec<u8> {
        let mut encrypt = Encrypt::new(key, Vec::new()).expect("a stream");
        encrypt.write_all(plain).expect("written");
        encrypt.finish().expect("finished")
    }

    fn opened(key: &Key, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Decrypt::new(key, sealed)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn every_length_around_a_chunk_survives() {
        let key = Key::random().expect("a key");
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7] {
            let plain: Vec<u8> = (0..length).map(|n| n as u8).collect();
            assert_eq!(opened(&key, &sealed(&key, &plain)).expect("opened"), plain, "{length} bytes");
        }
    }

    #[test]
    fn a_changed_cut_reordered_or_foreign_stream_does_not_open() {
        let key = Key::random().expect("a key");
        let good = sealed(&key, &vec![7; 3 * CHUNK]);
        let head = MAGIC.len() + NONCE;
        let mut flipped = good.clone();
        flipped[head + 5] ^= 1;
        let mut swapped = good.clone();
        swapped[head..head + 2 * (CHUNK + TAG)].rotate_left(CHUNK + TAG);
        for bad in [
            flipped.as_slice(),
            swapped.as_slice(),
            &good[..good.len() - 1],
            &good[..head + CHUNK + TAG],
            &good[..head],
            &good[..3],
        ] {
            assert!(opened(&key, bad).is_err());
        }
        assert!(opened(&Key::random().expect("another"), &good).is_err());
        assert!(opened(&key, &good).is_ok());
    }

    #[test]
    fn a_wrapped_key_opens_only_for_its_item_and_with_its_key() {
        let vault = Key::random().expect("a key");
        let item = Key::random().expect("a key");
        let wrapped = vault.wrap(&item, "one").expect("wrapped");
        assert_eq!(vault.unwrap(&wrapped, "one"), Some(item));
        assert_eq!(vault.unwrap(&wrapped, "two"), None);
        assert_eq!(Key::random().expect("another").unwrap(&wrapped, "one"), None);
        assert!(!format!("{vault:?}").contains(&to_hex(vault.bytes())));
    }
}
