//! Words that names are baited with.

/// Words by what they promise. A name with words of two kinds promises a victim with something to steal a tool
/// that is allowed to look.
const KINDS: [(&str, &[&str]); 5] = [
    (
        "money",
        &[
            "wallet",
            "wallets",
            "mnemonic",
            "seed",
            "keystore",
            "defi",
            "web3",
            "solana",
            "sol",
            "ethereum",
            "eth",
            "bitcoin",
            "btc",
            "airdrop",
            "metamask",
            "phantom",
            "sui",
            "aptos",
            "move",
            "polymarket",
            "sniper",
            "arbitrage",
            "mev",
            "trading",
            "crypto",
            "cryptowallet",
            "solidity",
            "token",
            "pumpfun",
            "raydium",
            "binance",
            "hardhat",
            "chain",
            "blockchain",
        ],
    ),
    (
        "checking",
        &[
            "auditor",
            "audit",
            "scanner",
            "checker",
            "check",
            "validator",
            "guard",
            "safety",
            "sentinel",
            "detector",
            "verifier",
            "secrets",
            "credential",
            "credentials",
            "deployer",
        ],
    ),
    (
        "assistants",
        &[
            "llm",
            "prompt",
            "mcp",
            "agent",
            "agents",
            "claude",
            "openai",
            "chatgpt",
            "gpt",
            "gpt4",
            "copilot",
            "cursor",
            "deepseek",
            "gemini",
            "anthropic",
            "model",
            "context",
        ],
    ),
    (
        "tooling",
        &[
            "build",
            "helper",
            "helpers",
            "utils",
            "util",
            "toolkit",
            "setup",
            "bootstrap",
            "bootstrapper",
            "config",
            "loader",
            "sync",
            "env",
            "init",
            "router",
            "compressor",
            "tracker",
            "compiler",
            "framework",
        ],
    ),
    (
        "cheating",
        &[
            "nitro",
            "robux",
            "roblox",
            "cheat",
            "generator",
            "free",
            "hack",
            "hacks",
            "cracker",
            "discord",
            "grabber",
            "spoofer",
            "bypass",
            "exploit",
            "bot",
            "booster",
        ],
    ),
];

/// The two kinds of bait that a name holds, where it holds two.
///
/// Honest packages are called so too; it only counts beside what the package does.
pub fn lures(name: &str) -> Option<[&'static str; 2]> {
    let words: Vec<String> = name
        .split(['-', '_', '.', '/', '@'])
        .map(str::to_lowercase)
        .filter(|word| !word.is_empty())
        .collect();
    let mut held = KINDS
        .iter()
        .filter(|(_, bait)| words.iter().any(|word| bait.contains(&word.as_str())))
        .map(|(kind, _)| *kind);
    Some([held.next()?, held.next()?])
}

#[cfg(test)]
mod tests {
    use super::lures;

    #[test]
    fn two_kinds_of_bait_are_needed() {
        for name in [
            "eth-security-auditor",
            "sui-move-build-helper",
            "prompt-engineering-toolkit",
            "discord-free-nitro",
        ] {
            assert_eq!(lures(name).is_some(), !name.starts_with("discord"), "{name}");
        }
        assert_eq!(lures("solidity-build-guard"), Some(["money", "checking"]));
        for name in ["ethers", "express", "helper", "wallet", "@scope/walletkit"] {
            assert_eq!(lures(name), None, "{name}");
        }
    }
}
