//! The vocabulary that Doorward's processes share: what the guard saw, what the scanner found,
//! what one process may ask of another, and how it is framed on a socket.
//!
//! Everything here is plain data with a stable JSON form; nothing here reads a file or decides anything.

mod decoy;
mod desk;
mod event;
mod frame;
mod guard;
mod package;
mod paths;
mod project;
mod quarantine;
mod request;
mod scan;
mod text;
mod time;

pub use decoy::{Decoy, DecoyKind, DecoyState};
pub use desk::{Desk, Excerpt, Feature, KnownBad, Mood, SealedEntry, Settings, Today};
pub use event::{
    Action, Ancestor, Attribution, Candidates, Event, EventKind, Importance, Injection, Reader, Secret, Stage,
};
pub use frame::{FrameError, Frames, MAX_FRAME, encode, read_frame, write_frame};
pub use guard::{
    Counters, Coverage, CoverageLevel, Expiry, GuardState, Holder, Kernel, Mode, Policy, Rule, RuleDraft,
    RuleVerdict, What, Who,
};
pub use package::{Ecosystem, PackageRef};
pub use paths::{DATA_DIR_VARIABLE, SOCKET_VARIABLE, data_dir, socket_path};
pub use project::{Project, ProjectPackage, ProjectState};
pub use quarantine::{SealReason, SealedItem, SealedState};
pub use request::{
    Asked, Control, ErrorCode, GateQuestion, Hello, Observe, PROTOCOL_VERSION, Reply, Request, RequestBody,
    ServerMessage, WireError,
};
pub use scan::{
    Finding, PackageReport, SCHEMA_VERSION, ScanProgress, ScanReport, Severity, Summary, Unscanned, Verdict,
};
pub use text::visible;
pub use time::{NotATime, Timestamp};
