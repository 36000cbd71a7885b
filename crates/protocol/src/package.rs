use serde::{Deserialize, Serialize};
use std::fmt;

/// A package registry family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// JavaScript packages, whichever of npm, pnpm, yarn or bun installed them.
    Npm,
    /// Python distributions.
    Pypi,
    /// Rust crates.
    Cargo,
}

impl Ecosystem {
    /// The name used in JSON and in package URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Cargo => "cargo",
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One package at one version. The version is empty where a manifest does not state it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PackageRef {
    /// Which registry family the name belongs to.
    pub ecosystem: Ecosystem,
    /// The name as the manifest spells it.
    pub name: String,
    /// The exact version.
    pub version: String,
}

impl PackageRef {
    /// The package URL, as <https://github.com/package-url/purl-spec> defines it.
    pub fn purl(&self) -> String {
        let encode = |text: &str, keep_slash: bool| {
            let mut out = String::with_capacity(text.len());
            for byte in text.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => {
                        out.push(byte as char);
                    }
                    b'/' if keep_slash => out.push('/'),
                    _ => out.push_str(&format!("%{byte:02X}")),
                }
            }
            out
        };
        let name = match self.ecosystem {
            Ecosystem::Pypi => self.name.to_lowercase().replace('_', "-"),
            Ecosystem::Npm | Ecosystem::Cargo => self.name.clone(),
        };
        let mut purl = format!("pkg:{}/{}", self.ecosystem, encode(&name, true));
        if !self.version.is_empty() {
            purl.push('@');
            purl.push_str(&encode(&self.version, false));
        }
        purl
    }
}

impl fmt::Display for PackageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::visible(&self.name))?;
        if !self.version.is_empty() {
            write!(f, " {}", crate::visible(&self.version))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purl_escapes_scopes_and_canonicalises_python_names() {
        let purl = |ecosystem, name: &str, version: &str| {
            PackageRef { ecosystem, name: name.into(), version: version.into() }.purl()
        };
        assert_eq!(purl(Ecosystem::Npm, "@scope/pkg", "1.0.0"), "pkg:npm/%40scope/pkg@1.0.0");
        assert_eq!(purl(Ecosystem::Pypi, "Ruamel_Yaml", "0.1"), "pkg:pypi/ruamel-yaml@0.1");
        assert_eq!(purl(Ecosystem::Cargo, "serde", ""), "pkg:cargo/serde");
    }
}
