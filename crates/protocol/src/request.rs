use crate::{DecoyKind, Event, GuardState, Policy, RuleDraft, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Version of the messages below; a peer with another one is told so and turned away.
pub const PROTOCOL_VERSION: u32 = 1;

/// What a client sends to the daemon. Every request gets exactly one [`ServerMessage::Reply`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the client, echoed in the reply.
    pub id: u64,
    /// What is asked.
    pub body: RequestBody,
}

/// The two tiers of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestBody {
    /// Looks at data of the peer's own user.
    Observe(Observe),
    /// Changes what the guard does.
    Control(Control),
}

/// Requests that change nothing; any process may send them and sees its own user's data only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observe {
    /// The current state, as in [`Hello`].
    State,
    /// Events with an id above `after`, oldest first, at most `limit` (1,000 at most, and no more than half a frame).
    Events {
        /// Only events with a higher id; 0 for all.
        after: u64,
        /// How many at the most; the newest are kept.
        limit: u32,
    },
    /// From now on send every new event, question and change of state.
    Subscribe,
}

/// Requests that change what the guard does.
///
/// Answers and rules that weaken protection are accepted only from the program files named in the
/// daemon's configuration, and lasting ones need an administrator's consent (polkit).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Answers a held read.
    Answer {
        /// The event's id.
        event: u64,
        /// True lets the read go ahead.
        allow: bool,
        /// How long the answer counts; `Once` makes no rule.
        expiry: crate::Expiry,
    },
    /// Adds a rule.
    AddRule(RuleDraft),
    /// Removes one of the user's own rules.
    RemoveRule(u64),
    /// Changes the modes.
    SetPolicy(Policy),
    /// Observes everything and denies nothing for so many seconds (at most 86,400).
    Pause {
        /// Seconds from now.
        seconds: u32,
    },
    /// Ends a pause early.
    Resume,
    /// Sets the project folders of the peer's user whose `.env` and key files are guarded too.
    SetProjects(Vec<PathBuf>),
    /// From now on every read of this file is an alarm. It must be a fresh file of the peer's user
    /// below that user's home.
    AddDecoy {
        /// The file that was just planted.
        path: PathBuf,
        /// What it looks like.
        kind: DecoyKind,
    },
    /// The file is no decoy any more; the file itself stays. Needs consent.
    RemoveDecoy(PathBuf),
    /// Answers the exec gate with the verdict of a scan.
    GateVerdict {
        /// The question's id; 0 to tell a verdict nobody asked for.
        question: u64,
        /// The package's folder.
        path: PathBuf,
        /// What the scan said.
        verdict: Verdict,
        /// Its main reason, in a sentence.
        why: String,
    },
    /// Offers to answer the exec gate: scripts of packages without a verdict are then held.
    ServeGate,
}

/// What the daemon sends. The first message on every connection is [`ServerMessage::Hello`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerMessage {
    /// Who is speaking and everything there is to know.
    Hello(Box<Hello>),
    /// The answer to one request.
    Reply {
        /// The request's id.
        id: u64,
        /// What came of it.
        result: Result<Reply, WireError>,
    },
    /// Something happened.
    Event(Box<Event>),
    /// A read is held and waits for an answer.
    Asked(Box<Asked>),
    /// A held read was answered, by whomever; the event carries the final action.
    Settled(Box<Event>),
    /// The state changed.
    State(Box<GuardState>),
    /// The exec gate holds a script and asks for a verdict.
    Gate(GateQuestion),
}

/// The first message on a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`] of the daemon.
    pub protocol: u32,
    /// The daemon's version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// The state, for the peer's user.
    pub state: GuardState,
    /// Reads that wait for an answer.
    pub asked: Vec<Asked>,
    /// The newest events, oldest first, at most 200.
    pub recent: Vec<Event>,
}

/// A read that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Asked {
    /// The event; its action is `asked`.
    pub event: Event,
    /// When the default answer is given.
    pub deadline: Timestamp,
    /// True where the default answer allows.
    pub default_allow: bool,
}

/// The exec gate asks for a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateQuestion {
    /// Names the question in the answer.
    pub id: u64,
    /// The package's folder.
    pub path: PathBuf,
    /// When the script is let go without a verdict.
    pub deadline: Timestamp,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done.
    Done,
    /// Done; the rule got this id.
    Rule(u64),
    /// The state.
    State(Box<GuardState>),
    /// Events, oldest first.
    Events(Vec<Event>),
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what failed and why.
    pub message: String,
    /// For people: what to do; may be empty.
    pub hint: String,
}

/// Refusals that a program may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The message was not understood; the connection is closed after it.
    Malformed,
    /// The peer speaks another version.
    Version,
    /// The peer may not do that.
    Forbidden,
    /// The administrator did not consent.
    NotAuthorised,
    /// There is no such event, rule or question (any more).
    NotFound,
    /// The rule or mode makes no sense or would be dangerous.
    Invalid,
    /// Too many connections or requests.
    Busy,
    /// The daemon failed.
    Internal,
}
