//! What decoys say: well formed, made fresh of random bytes each time, and the key to nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use doorward_protocol::DecoyKind;
use serde_json::json;
use ssh_key::{Algorithm, LineEnding, PrivateKey, private::Ed25519Keypair, rand_core::OsRng};
use std::io;

const UPPER_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE64_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn of(kind: DecoyKind) -> io::Result<String> {
    match kind {
        DecoyKind::Ssh => ssh(),
        DecoyKind::Aws => Ok(format!(
            "[default]\naws_access_key_id = AKIA{}\naws_secret_access_key = {}\nregion = us-east-1\n",
            letters(UPPER_AND_DIGITS, 16)?,
            letters(BASE64_LETTERS, 40)?,
        )),
        // The seed and the public key, 64 numbers.
        DecoyKind::Solana => Ok(serde_json::to_string(&Ed25519Keypair::random(&mut OsRng).to_bytes()[..])?),
        DecoyKind::Sui => {
            // A scheme flag (0: Ed25519) before each 32-byte key.
            let key = || Ok::<_, io::Error>(BASE64.encode([&[0][..], &random::<32>()?].concat()));
            Ok(serde_json::to_string_pretty(&[key()?, key()?])?)
        }
        DecoyKind::Ethereum => ethereum(),
        DecoyKind::Npm => {
            Ok(format!("//localhost:4873/:_authToken=npm_{}\nalways-auth=true\n", letters(BASE62, 36)?))
        }
    }
}

/// As many random bytes as are asked for.
pub(super) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

fn ssh() -> io::Result<String> {
    let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(io::Error::other)?;
    key.set_comment("backup");
    let text = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
    Ok(text.to_string())
}

/// Version 3 of the key store that Ethereum's wallets share.
fn ethereum() -> io::Result<String> {
    let id = hex(&random::<16>()?);
    Ok(json!({
        "address": hex(&random::<20>()?),
        "crypto": {
            "cipher": "aes-128-ctr",
            "ciphertext": hex(&random::<32>()?),
            "cipherparams": { "iv": hex(&random::<16>()?) },
            "kdf": "scrypt",
            "kdfparams": { "dklen": 32, "n": 262_144, "p": 1, "r": 8, "salt": hex(&random::<32>()?) },
            "mac": hex(&random::<32>()?),
        },
        "id": format!("{}-{}-4{}-a{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..]),
        "version": 3,
    })
    .to_string())
}

fn letters(alphabet: &[u8], count: usize) -> io::Result<String> {
    let mut text = String::with_capacity(count);
    while text.len() < count {
        // What does not divide evenly is thrown away, so that every letter is as likely as another.
        let fair = 256 - 256 % alphabet.len();
        let drawn = random::<64>()?;
        let chosen = drawn.iter().map(|byte| usize::from(*byte)).filter(|number| *number < fair);
        text.extend(
            chosen.map(|number| char::from(alphabet[number % alphabet.len()])).take(count - text.len()),
        );
    }
    Ok(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decoy_is_well_formed_and_new() {
        for kind in DecoyKind::ALL {
            assert_ne!(of(kind).expect("made"), of(kind).expect("made"), "{kind:?} repeats itself");
        }
        let key = PrivateKey::from_openssh(of(DecoyKind::Ssh).expect("made")).expect("an OpenSSH key");
        assert_eq!(key.algorithm(), Algorithm::Ed25519);

        let solana: Vec<u8> = serde_json::from_str(&of(DecoyKind::Solana).expect("made")).expect("JSON");
        let pair = Ed25519Keypair::from_bytes(solana.as_slice().try_into().expect("64 bytes"));
        assert!(pair.is_ok(), "the public key belongs to the seed");

        let sui: Vec<String> = serde_json::from_str(&of(DecoyKind::Sui).expect("made")).expect("JSON");
        assert!(sui.iter().all(|key| BASE64.decode(key).is_ok_and(|bytes| bytes.len() == 33)));

        let wallet: serde_json::Value =
            serde_json::from_str(&of(DecoyKind::Ethereum).expect("made")).expect("JSON");
        assert_eq!(wallet["address"].as_str().map(str::len), Some(40));
        assert_eq!(wallet["id"].as_str().map(str::len), Some(36));

        let aws = of(DecoyKind::Aws).expect("made");
        let value = |name: &str| aws.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
        assert_eq!(value("aws_access_key_id").map(str::len), Some(20));
        assert_eq!(value("aws_secret_access_key").map(str::len), Some(40));
    }
}
