/// The points between which a crash may fall; a test stops at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The manifest says what is going to be sealed.
    Planned,
    /// The encrypted copy is written.
    Written,
    /// The copy is proven and the manifest says so.
    Proven,
    /// The original has its hidden name.
    MovedAway,
    /// One entry of the original is gone; comes many times.
    EntryRemoved,
    /// The original is gone, the manifest does not say so yet.
    Removed,
    /// The manifest says that the item is being put back.
    RestorePlanned,
    /// The tree is written under its hidden name.
    Unpacked,
    /// The manifest names the tree that is about to be put in place.
    Identified,
    /// The tree is in place, the manifest does not say so yet.
    PutInPlace,
    /// The item's key is gone, its content is not.
    KeyErased,
}
