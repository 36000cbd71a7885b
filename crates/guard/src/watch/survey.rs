//! What lies around guarded files and changes without an event of theirs: mounts, homes, programs that
//! hold a secret open, copies in snapshots, the disks below.

use super::disks::{self, Disks};
use super::holders::{Holding, holders};
use super::mounts::{Mount, MountTable};
use super::{Guard, Guarded, ObjectKey, PlaceKind, Record, copies};
use crate::attribution;
use crate::catalog::{Claim, Sought};
use crate::decide::reader_in_words;
use crate::identity::Identity;
use crate::rules::Subject;
use crate::sys;
use doorward_protocol::{Action, Event, EventKind, Holder, Importance, Secret, Timestamp};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long whoever makes a file may take to close it again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a new home or mount may take to be filled.
const SETTLING: Duration = Duration::from_millis(500);
/// When it looks once more after something came: a home may have got its owner.
const SETTLED: Duration = Duration::from_secs(3);
/// How often it looks although nothing was noticed.
const ROUND: Duration = Duration::from_secs(60);
/// How long an empty file that a stranger holds open is followed.
const FOLLOWED: Duration = Duration::from_secs(600);
/// Holders told of and remembered, so that they are not told of again.
const TOLD: usize = 4_096;

/// The survey's thread: looks at once, whenever something changes, and every minute. Never returns.
pub fn survey(guard: &Guard) {
    let (mut mounts, disks) = match (MountTable::open(), Disks::open()) {
        (Ok(mounts), Ok(disks)) => (mounts, disks),
        (mounts, disks) => {
            let error =
                mounts.err().map(|error| error.to_string()).or(disks.err().map(|error| error.to_string()));
            tracing::error!(error, "mounts, homes, copies and holders that come later are not noticed");
            return;
        }
    };
    let mut survey = Survey {
        disks,
        due: HashMap::new(),
        told: HashSet::new(),
        next_round: Instant::now(),
        settling: false,
    };
    let mut known = relevant(guard, mounts.read());
    survey.look_around(guard, &mounts.read(), true);
    survey.expect(guard.enrolment.table().keys(), Duration::ZERO);
    survey.look_for_holders(guard);
    // What only the start needed.
    sys::give_back_heap();
    sys::give_back_code();
    // A home that was being made when the guard started has no owner yet, and nothing tells when it gets one.
    (survey.next_round, survey.settling) = (Instant::now() + SETTLED, true);
    loop {
        survey.look_for_holders(guard);
        let others = [guard.enrolment.news().fd(), survey.disks.fd()];
        let moved = sys::wait_for_mounts(mounts.fd(), &others, survey.pause());
        survey.tell_of_disks(guard);
        let news = guard.enrolment.news().take();
        survey.expect(news.fresh, PATIENCE);
        if news.everything {
            survey.expect(guard.enrolment.table().keys(), PATIENCE);
        }
        // Containers and the like mount and unmount all day long.
        let now = moved.then(|| relevant(guard, mounts.read()));
        let moved = now.as_ref().is_some_and(|now| *now != known);
        known = now.unwrap_or(known);
        if moved || news.around {
            std::thread::sleep(SETTLING);
            guard.enrolment.rescan(&guard.group);
            survey.look_around(guard, &mounts.read(), true);
            (survey.next_round, survey.settling) = (Instant::now() + SETTLED, true);
        } else if survey.round_is_over() {
            let homes_too = std::mem::take(&mut survey.settling);
            survey.look_around(guard, &mounts.read(), homes_too);
        }
    }
}

/// The mounts that guarded files lie on or may be covered by.
fn relevant(guard: &Guard, mounts: Vec<Mount>) -> Vec<Mount> {
    let places = guard.enrolment.places();
    let homes = places.into_iter().filter(|place| place.kind != PlaceKind::System).map(|place| place.root);
    let folders: Vec<PathBuf> = homes.chain(guard.config.places_of_homes()).collect();
    mounts.into_iter().filter(|mount| mount.concerns(&folders)).collect()
}

#[derive(Debug)]
struct Survey {
    disks: Disks,
    /// Files whose holders are looked for, when, and until when.
    due: HashMap<ObjectKey, (Instant, Instant)>,
    told: HashSet<(PathBuf, u32, u64)>,
    next_round: Instant,
    /// True where something came a moment ago.
    settling: bool,
}

impl Survey {
    fn expect(&mut self, keys: Vec<ObjectKey>, patience: Duration) {
        let now = Instant::now();
        for key in keys {
            self.due.entry(key).or_insert((now + patience, now + patience + FOLLOWED));
        }
    }

    fn pause(&self) -> Duration {
        let next = self.due.values().map(|(when, _)| *when).min().unwrap_or(self.next_round);
        next.min(self.next_round).saturating_duration_since(Instant::now())
    }

    fn round_is_over(&self) -> bool {
        Instant::now() >= self.next_round
    }

    /// Homes (all of them, or those in which nothing is guarded), disks and copies.
    fn look_around(&mut self, guard: &Guard, mounts: &[Mount], all_homes: bool) {
        self.next_round = Instant::now() + ROUND;
        // Listen first, look then: what comes in between is not missed.
        for folder in guard.config.places_of_homes() {
            guard.enrolment.watch_around(&folder);
        }
        let guarded = if all_homes { Vec::new() } else { guard.enrolment.table().originals() };
        let mut homes = guard.config.all_homes();
        // What had nothing in it may have been unlocked since.
        homes.retain(|home| !guarded.iter().any(|(_, path)| path.starts_with(&home.path)));
        guard.enrolment.add_homes(&guard.group, homes);
        let places = guard.enrolment.places();
        let mut gaps = attachable().into_iter().map(|gap| (None, gap)).collect::<Vec<_>>();
        gaps.extend(guard.lineage.refusal().map(|gap| (None, gap)));
        for place in places.iter().filter(|place| place.kind != PlaceKind::System) {
            let user = disks::User::of(place.owner);
            for node in disks::below(&place.root, mounts) {
                self.disks.watch(&node, place.owner);
                gaps.extend(disks::open_to(&node, &user).map(|gap| (Some(place.owner), gap)));
            }
            for folder in copies::places_of_snapshots(&place.root) {
                guard.enrolment.watch_around(&folder);
            }
        }
        gaps.sort();
        gaps.dedup();
        let changed = guard.enrolment.set_gaps(gaps) | look_for_copies(guard, mounts);
        if changed {
            guard.audience.state_changed();
        }
        self.expect(guard.enrolment.table().held(), Duration::ZERO);
    }

    fn look_for_holders(&mut self, guard: &Guard) {
        let now = Instant::now();
        let wanted: HashSet<ObjectKey> =
            self.due.iter().filter(|(_, (when, _))| *when <= now).map(|(key, _)| *key).collect();
        if wanted.is_empty() {
            return;
        }
        let mut found: HashMap<ObjectKey, Vec<Holding>> = HashMap::new();
        for holding in holders(&guard.looks, wanted.clone()) {
            found.entry(holding.key).or_default().push(holding);
        }
        let mut changed = false;
        for key in wanted {
            let Some((_, until)) = self.due.remove(&key) else { continue };
            let Some(guarded) = guard.enrolment.table().get(key, None).cloned() else { continue };
            let holdings = found.remove(&key).unwrap_or_default();
            let empty = guarded.secret.path.metadata().is_ok_and(|about| about.len() == 0);
            if empty && !holdings.is_empty() && now < until {
                // Nothing can be read yet.
                self.due.insert(key, (now + PATIENCE, until));
                continue;
            }
            let held = holdings.into_iter().filter_map(|holding| self.tell(guard, &guarded, holding));
            let held = held.collect();
            changed |= guard.enrolment.table().set_holders(key, held);
        }
        if changed {
            guard.audience.state_changed();
        }
    }

    /// Who holds the file; a stranger is told of once.
    fn tell(&mut self, guard: &Guard, guarded: &Guarded, holding: Holding) -> Option<Holder> {
        let file = (holding.key.dev, holding.key.ino);
        let seen = Seen::at(guard, holding.pid, &guarded.secret, file, &guarded.root)?;
        let holder = Holder { pid: holding.pid, exe: seen.identity.exe.clone(), known: seen.known };
        if !seen.known && self.is_news(&guarded.secret.path, &seen.identity) {
            let doing = format!(
                "has had your {} open since before it was guarded or filled, and is not stopped from reading it; end \
                 it to close the file.",
                guarded.secret.title
            );
            report(guard, guarded.owner, guarded.secret.clone(), &seen.identity, &doing);
        }
        Some(holder)
    }

    /// Who opened a disk; programs that look after disks are left out.
    fn tell_of_disks(&mut self, guard: &Guard) {
        let catalog = guard.enrolment.catalog();
        let Some(class) = catalog.class(disks::CLASS) else { return };
        for (node, owner, pid) in self.disks.opened() {
            let path = node.clone();
            let disk = Secret { path, class: class.id.clone(), title: class.title.clone(), tier: class.tier };
            let Some(seen) = Seen::at(guard, pid, &disk, (0, 0), Path::new("/")) else {
                tracing::debug!(pid, path = %node.display(), "a disk's reader ended before it could be named");
                continue;
            };
            if !seen.known && self.is_news(&node, &seen.identity) {
                let doing =
                    "opened the disk below your files and can read past the guard; disks are only observed.";
                report(guard, owner, disk, &seen.identity, doing);
            }
        }
    }

    fn is_news(&mut self, path: &Path, identity: &Identity) -> bool {
        if self.told.len() >= TOLD {
            self.told.clear();
        }
        self.told.insert((path.to_owned(), identity.pid, identity.start_time))
    }
}

/// A process, and whether the catalog knows it as a reader of what it has open.
struct Seen {
    identity: Identity,
    known: bool,
}

impl Seen {
    /// `None` where the process is gone. One that cannot be looked at is a stranger, with what is remembered.
    fn at(guard: &Guard, pid: u32, secret: &Secret, file: (u64, u64), home: &Path) -> Option<Self> {
        let (lineage, catalog) = (Arc::clone(&guard.lineage), guard.enrolment.catalog());
        let (secret, home) = (secret.clone(), home.to_owned());
        let seen = guard.looks.at(pid, move |pid| {
            let identity = lineage.identify(pid).ok()?;
            let known = catalog.class(&secret.class).is_some_and(|class| {
                let sought = Sought { class, path: &secret.path, file, home: &home };
                matches!(catalog.judge(&sought, &identity), Claim::Reader(_))
            });
            Some(Self { identity, known })
        });
        seen.unwrap_or_else(|| guard.lineage.recall(pid).map(|identity| Self { identity, known: false }))
    }
}

/// An event about what was done without the guard being asked.
fn report(guard: &Guard, owner: u32, secret: Secret, identity: &Identity, doing: &str) {
    let package = guard.lineage.attribute(identity);
    let manager = attribution::manager_of(identity);
    let sha256 = guard.hashes.get(identity);
    let subject = Subject::new(identity, sha256.clone());
    let who = reader_in_words(&subject, package.as_ref(), manager.as_deref());
    guard.recorder.send(Record::plain(Event {
        schema: 1,
        id: guard.next_event_id(),
        time: Timestamp::now(),
        kind: EventKind::Read,
        action: Action::Allowed,
        importance: if package.is_some() { Importance::Alarm } else { Importance::Attention },
        owner,
        secret,
        reader: identity.reader(sha256),
        package,
        candidates: None,
        sweep: Vec::new(),
        why: format!("{who} {doing}"),
    }));
}

/// Marks the copies of guarded files; true where there are others than before.
fn look_for_copies(guard: &Guard, mounts: &[Mount]) -> bool {
    let gone: Vec<ObjectKey> = guard
        .enrolment
        .table()
        .copies()
        .into_iter()
        .filter(|(key, path)| !path.metadata().is_ok_and(|about| ObjectKey::of(&about) == *key))
        .map(|(key, _)| key)
        .collect();
    let mut by_folder: HashMap<PathBuf, Vec<copies::Snapshot>> = HashMap::new();
    let (mut open, mut added) = (HashMap::new(), false);
    let originals = guard.enrolment.table().originals();
    for (key, path) in originals {
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let snapshots =
            by_folder.entry(folder).or_insert_with_key(|folder| copies::snapshots(folder, mounts));
        for copy in snapshots.iter().filter_map(|snapshot| snapshot.copy_of(&path)) {
            match guard.enrolment.add_copy(&guard.group, key, &copy) {
                Some(true) => added = true,
                Some(false) => *open.entry(key).or_insert(0) += 1,
                None => {}
            }
        }
    }
    added |= !gone.is_empty();
    guard.enrolment.table().set_copies(&gone, open);
    added
}

/// Whether any program of a user may take over another of the same user.
fn attachable() -> Option<String> {
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    (scope.trim().is_empty() || scope.trim() == "0").then(|| {
        "Any of your programs may look into another one's memory, also of one that may read a secret; setting \
         kernel.yama.ptrace_scope to 1 ends that."
            .to_owned()
    })
}
