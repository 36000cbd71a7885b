//! The list of known malware.

use doorward_protocol::PackageRef;

/// What the list says of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedHit {
    /// The advisory, such as `MAL-2025-1`.
    pub id: String,
    /// How sure the list is.
    pub kind: HitKind,
    /// The campaign, where it has a name.
    pub campaign: Option<&'static str>,
}

/// How sure the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitKind {
    /// This version, or every version of a name that was never anything else.
    Known,
    /// Every version of a name that many people use: more likely a wrong entry than a malicious package.
    Doubtful,
}

/// Looks a package up.
pub fn lookup(_package: &PackageRef) -> Option<FeedHit> {
    None
}

/// What changes when the list does.
pub(crate) fn digest() -> String {
    String::new()
}
