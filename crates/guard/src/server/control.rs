use super::authority::consent;
use super::decoys;
use super::session::Session;
use crate::identity::Identity;
use crate::rules;
use crate::state::{MAX_RULES, SaveError};
use crate::watch::{Held, ObjectKey, Place, PlaceKind, Record, SettledBy, guard_event};
use doorward_protocol::{
    Control, ErrorCode, Expiry, Importance, Mode, Policy, Reply, RuleDraft, RuleVerdict, Timestamp, Verdict,
    What, Who, WireError,
};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const LONGEST_PAUSE: u32 = 86_400;
const PROJECTS_PER_USER: usize = 200;

/// Carries out one request that changes something.
pub(super) fn handle(session: &Session, control: Control) -> Result<Reply, WireError> {
    let reply = match control {
        Control::Answer { event, allow, expiry } => answer(session, event, allow, expiry),
        Control::AddRule(draft) => add_rule(session, draft),
        Control::RemoveRule(id) => remove_rule(session, id),
        Control::SetPolicy(policy) => set_policy(session, policy),
        Control::Pause { seconds } => pause(session, seconds),
        Control::Resume => saved(session.office.guard.settings.set_pause(None)),
        Control::SetProjects(projects) => set_projects(session, projects),
        Control::AddDecoy { path, kind } => decoys::add(session, path, kind),
        Control::RemoveDecoy(path) => decoys::remove(session, &path),
        Control::GateVerdict { question: _, path, verdict, why } => {
            gate_verdict(session, &path, verdict, &why)
        }
        Control::ServeGate => {
            trusted(session)?;
            session.client.serves_gate.store(true, Relaxed);
            Ok(Reply::Done)
        }
    };
    if reply.is_ok() {
        session.office.guard.audience.state_changed();
    }
    reply
}

fn answer(session: &Session, event: u64, allow: bool, expiry: Expiry) -> Result<Reply, WireError> {
    let identity = trusted(session)?;
    let guard = &session.office.guard;
    let gone = || {
        error(
            ErrorCode::NotFound,
            "That question is not open any more.",
            "It was answered, or its time was over.",
        )
    };
    if expiry != Expiry::Once {
        let asked = guard.pending().questions(session.sees());
        let asked = asked.into_iter().find(|asked| asked.event.id == event).ok_or_else(gone)?;
        let process = guard.pending().process_of(event).ok_or_else(gone)?;
        let draft = draft_from(&asked.event, &process, allow, expiry);
        add_checked(session, Some(&identity), asked.event.owner, draft)?;
    }
    let held: Held = guard.pending().take(event, session.sees()).ok_or_else(gone)?;
    guard.settle(held, allow, SettledBy::User);
    Ok(Reply::Done)
}

/// The narrowest rule that would have answered this read.
fn draft_from(event: &doorward_protocol::Event, process: &str, allow: bool, expiry: Expiry) -> RuleDraft {
    let reader = &event.reader;
    let process_only = expiry == Expiry::Process;
    RuleDraft {
        verdict: if allow { RuleVerdict::Allow } else { RuleVerdict::Deny },
        who: Who {
            exe: (!process_only).then(|| reader.exe.clone()),
            inode: (!process_only).then(|| reader.inode.clone()),
            sha256: None,
            script: reader.script.clone().filter(|_| !process_only),
            package: event.package.as_ref().map(|found| found.package.clone()).filter(|_| !process_only),
            process: process_only.then(|| process.to_owned()),
        },
        what: What::Path(event.secret.path.clone()),
        expiry,
    }
}

fn add_rule(session: &Session, draft: RuleDraft) -> Result<Reply, WireError> {
    let identity = match draft.verdict {
        RuleVerdict::Allow => Some(trusted(session)?),
        RuleVerdict::Deny => None,
    };
    let owner = rule_owner(session, &draft);
    add_checked(session, identity.as_ref(), owner, draft).map(Reply::Rule)
}

/// Root makes rules for the user whose home the secret lies in.
fn rule_owner(session: &Session, draft: &RuleDraft) -> u32 {
    match &draft.what {
        What::Path(path) if session.peer.uid == 0 => {
            session.office.guard.enrolment.table().owner_of(path).unwrap_or(session.peer.uid)
        }
        _ => session.peer.uid,
    }
}

fn add_checked(
    session: &Session,
    identity: Option<&Identity>,
    owner: u32,
    mut draft: RuleDraft,
) -> Result<u64, WireError> {
    let guard = &session.office.guard;
    let invalid = |message: &str, hint: &str| error(ErrorCode::Invalid, message, hint);
    if let What::Class(class) = &draft.what
        && guard.enrolment.catalog().class(class).is_none()
    {
        return Err(invalid(
            &format!("There is no kind of secret called {class}."),
            "Use a class that the guard's state shows.",
        ));
    }
    let interpreter = draft.who.exe.as_ref().is_some_and(|exe| looks_like_interpreter(exe));
    rules::check(&draft, interpreter).map_err(|(problem, hint)| {
        invalid(&format!("{}.", sentence(problem)), &format!("{}.", sentence(hint)))
    })?;
    if let Some(exe) = &draft.who.exe {
        let pinned = pin(session, exe);
        match (pinned, draft.verdict) {
            (Ok((inode, sha256)), _) => {
                if draft.who.inode.as_ref().is_some_and(|seen| *seen != inode) {
                    return Err(invalid(
                        "The program was replaced meanwhile.",
                        "Answer for this one read only.",
                    ));
                }
                draft.who.inode = Some(inode);
                draft.who.sha256 = Some(sha256);
            }
            (Err(_), RuleVerdict::Deny) => {}
            (Err(why), RuleVerdict::Allow) => {
                return Err(invalid(
                    &format!("The program {} cannot be pinned: {why}.", exe.display()),
                    "Name a file that exists.",
                ));
            }
        }
    }
    let lasting = !matches!(draft.expiry, Expiry::Process | Expiry::Once);
    if draft.verdict == RuleVerdict::Allow
        && lasting
        && let Some(identity) = identity
    {
        consent(&guard.config.polkit, &session.peer, identity)?;
    }
    let full =
        || error(ErrorCode::Busy, &format!("There are {MAX_RULES} rules already."), "Remove some first.");
    guard.settings.add_rule(owner, draft).map_err(|why| not_saved(&why))?.ok_or_else(full)
}

fn remove_rule(session: &Session, id: u64) -> Result<Reply, WireError> {
    let guard = &session.office.guard;
    let found = guard.settings.with(|current| {
        let mut mine = current
            .rules
            .values()
            .flatten()
            .filter(|rule| session.sees().is_none_or(|uid| uid == rule.owner));
        mine.find(|rule| rule.id == id).map(|rule| (rule.owner, rule.draft.verdict))
    });
    let missing = || error(ErrorCode::NotFound, "There is no such rule of yours.", "List the rules again.");
    let (owner, verdict) = found.ok_or_else(missing)?;
    if verdict == RuleVerdict::Deny {
        weaken(session)?;
    }
    match guard.settings.remove_rule(owner, id) {
        Ok(true) => Ok(Reply::Done),
        Ok(false) => Err(missing()),
        Err(why) => Err(not_saved(&why)),
    }
}

fn set_policy(session: &Session, policy: Policy) -> Result<Reply, WireError> {
    let guard = &session.office.guard;
    let before = guard.settings.with(|current| current.policy);
    if is_weaker(&policy, &before) {
        weaken(session)?;
    }
    let reply = saved(guard.settings.set_policy(policy));
    let mut event = guard_event(
        guard.next_event_id(),
        session.peer.uid,
        &format!("The mode is {} now.", mode_in_words(policy.mode)),
    );
    event.importance = if is_weaker(&policy, &before) { Importance::Attention } else { Importance::Quiet };
    guard.recorder.send(Record::plain(event));
    reply
}

fn pause(session: &Session, seconds: u32) -> Result<Reply, WireError> {
    if seconds == 0 || seconds > LONGEST_PAUSE {
        return Err(error(
            ErrorCode::Invalid,
            "A pause lasts from one second to one day.",
            "Choose a time in between.",
        ));
    }
    weaken(session)?;
    let guard = &session.office.guard;
    let until = Timestamp::now().plus(Duration::from_secs(seconds.into()));
    let mut event =
        guard_event(guard.next_event_id(), session.peer.uid, &format!("The guard is paused until {until}."));
    event.importance = Importance::Attention;
    guard.recorder.send(Record::plain(event));
    saved(guard.settings.set_pause(Some(until)))
}

fn set_projects(session: &Session, projects: Vec<PathBuf>) -> Result<Reply, WireError> {
    if projects.len() > PROJECTS_PER_USER {
        let message = format!("More than {PROJECTS_PER_USER} project folders cannot be guarded.");
        return Err(error(ErrorCode::Invalid, &message, "Name fewer."));
    }
    let guard = &session.office.guard;
    let uid = session.peer.uid;
    let mut accepted = Vec::new();
    for path in projects {
        let found = path.canonicalize().ok().filter(|_| path.is_absolute());
        let folder = found.and_then(|real| real.metadata().ok().map(|metadata| (real, metadata)));
        match folder {
            Some((real, metadata)) if metadata.is_dir() && (metadata.uid() == uid || uid == 0) => {
                accepted.push((real, metadata.uid()))
            }
            _ => {
                let message = format!("{} is not a folder of yours.", path.display());
                return Err(error(
                    ErrorCode::Invalid,
                    &message,
                    "Name folders that belong to you, from the root on.",
                ));
            }
        }
    }
    let reply =
        saved(guard.settings.set_projects(uid, accepted.iter().map(|(path, _)| path.clone()).collect()));
    for (root, owner) in accepted {
        guard.enrolment.add_place(&guard.group, Place { kind: PlaceKind::Project, root, owner });
    }
    reply
}

fn gate_verdict(session: &Session, path: &Path, verdict: Verdict, why: &str) -> Result<Reply, WireError> {
    trusted(session)?;
    let Some(gate) = &session.office.gate else {
        return Err(error(
            ErrorCode::NotFound,
            "The exec gate is off.",
            "Set `gate = true` in the daemon's configuration.",
        ));
    };
    let metadata = path.metadata().ok().filter(|found| found.is_dir());
    let uid = session.peer.uid;
    match metadata {
        Some(metadata) if metadata.uid() == uid || uid == 0 => {
            gate.learn(&session.office.guard, path, ObjectKey::of(&metadata), verdict, why);
            Ok(Reply::Done)
        }
        _ => Err(error(
            ErrorCode::Invalid,
            "That is not a package folder of yours.",
            "Name the package's own folder.",
        )),
    }
}

/// True where any mode is lower than before.
fn is_weaker(after: &Policy, before: &Policy) -> bool {
    after.for_packages() < before.for_packages()
        || (1..=3).any(|tier| after.for_tier(tier) < before.for_tier(tier))
        || after.mode < before.mode
}

fn trusted(session: &Session) -> Result<Identity, WireError> {
    session.office.clients.check(&session.peer, &session.office.guard.lineage)
}

pub(super) fn weaken(session: &Session) -> Result<(), WireError> {
    let identity = trusted(session)?;
    consent(&session.office.guard.config.polkit, &session.peer, &identity)
}

fn pin(session: &Session, exe: &Path) -> std::io::Result<(String, String)> {
    let file = File::open(exe)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let sha256 = session.office.guard.hashes.compute_file(file)?;
    Ok((format!("{:x}:{:x}", metadata.dev(), metadata.ino()), sha256))
}

fn looks_like_interpreter(exe: &Path) -> bool {
    let real = exe.canonicalize().unwrap_or_else(|_| exe.to_path_buf());
    crate::identity::is_interpreter(&real)
}

fn saved(result: Result<(), SaveError>) -> Result<Reply, WireError> {
    result.map(|()| Reply::Done).map_err(|why| not_saved(&why))
}

pub(super) fn not_saved(why: &SaveError) -> WireError {
    error(
        ErrorCode::Internal,
        &format!("It counts, but it could not be kept: {why}"),
        "It is forgotten when the guard restarts.",
    )
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn mode_in_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "observe",
        Mode::Ask => "ask",
        Mode::Block => "block",
    }
}

pub(super) fn error(code: ErrorCode, message: &str, hint: &str) -> WireError {
    WireError { code, message: message.into(), hint: hint.into() }
}
