//! What the user has set: modes, pause, rules and project folders, kept across restarts.

use crate::decoy::{self, Planted};
use crate::sys;
use doorward_protocol::{Expiry, Policy, Rule, RuleDraft, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

/// Rules one user may have.
pub const MAX_RULES: usize = 512;

/// What is in force. The locks are never held while anything is read or written.
#[derive(Debug)]
pub struct Settings {
    folder: PathBuf,
    boot: String,
    current: RwLock<Current>,
    saving: Mutex<()>,
    version: AtomicU64,
    /// Sentences about files that had to be set aside at the start.
    pub notes: Vec<String>,
}

/// A copy of what is in force.
#[derive(Debug, Clone)]
pub struct Current {
    /// The modes.
    pub policy: Policy,
    /// Until when everything is observed.
    pub paused_until: Option<Timestamp>,
    /// Everybody's rules.
    pub rules: BTreeMap<u32, Vec<Rule>>,
    /// Project folders by user.
    pub projects: BTreeMap<u32, Vec<PathBuf>>,
    /// Decoys by user.
    pub decoys: BTreeMap<u32, Vec<Planted>>,
    next_rule: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct PolicyFile {
    policy: Option<Policy>,
    paused_until: Option<Timestamp>,
    #[serde(default)]
    projects: BTreeMap<u32, Vec<PathBuf>>,
    #[serde(default)]
    decoys: BTreeMap<u32, Vec<Planted>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct RulesFile {
    /// The boot in which rules "until restart" were made.
    boot: String,
    next: u64,
    rules: Vec<Rule>,
}

/// Why something could not be kept.
#[derive(Debug, thiserror::Error)]
#[error(
    "writing {path} failed: {source}; it counts until the daemon ends\nhint: check the disk's free space"
)]
pub struct SaveError {
    path: PathBuf,
    source: io::Error,
}

impl Settings {
    /// Reads what was set before; files that make no sense are set aside and the previous copy used.
    pub fn load(folder: &Path, configured: Policy) -> Self {
        let mut notes = Vec::new();
        let policy: PolicyFile = load_or_previous(&folder.join("policy.json"), &mut notes);
        let mut rules: RulesFile = load_or_previous(&folder.join("rules.json"), &mut notes);
        let boot =
            fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
        if rules.boot != boot {
            rules.rules.retain(|rule| !matches!(rule.draft.expiry, Expiry::Restart | Expiry::Process));
        }
        let highest = rules.rules.iter().map(|rule| rule.id).max().unwrap_or(0);
        let mut by_owner: BTreeMap<u32, Vec<Rule>> = BTreeMap::new();
        for rule in rules.rules {
            by_owner.entry(rule.owner).or_default().push(rule);
        }
        let current = Current {
            policy: policy.policy.unwrap_or(configured),
            paused_until: policy.paused_until,
            rules: by_owner,
            projects: policy.projects,
            decoys: policy.decoys,
            next_rule: rules.next.max(highest + 1),
        };
        Self {
            folder: folder.into(),
            boot,
            current: RwLock::new(current),
            saving: Mutex::new(()),
            version: AtomicU64::new(0),
            notes,
        }
    }

    /// Looks at what is in force.
    pub fn with<T>(&self, look: impl FnOnce(&Current) -> T) -> T {
        look(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number that changes whenever something is set.
    pub fn version(&self) -> u64 {
        self.version.load(Acquire)
    }

    /// Sets the modes.
    ///
    /// # Errors
    /// [`SaveError`]; the modes count nevertheless.
    pub fn set_policy(&self, policy: Policy) -> Result<(), SaveError> {
        self.change(|current| current.policy = policy);
        self.save_policy()
    }

    /// Observes everything until then; `None` ends a pause.
    ///
    /// # Errors
    /// As [`Settings::set_policy`].
    pub fn set_pause(&self, until: Option<Timestamp>) -> Result<(), SaveError> {
        self.change(|current| current.paused_until = until);
        self.save_policy()
    }

    /// Sets a user's project folders.
    ///
    /// # Errors
    /// As [`Settings::set_policy`].
    pub fn set_projects(&self, owner: u32, projects: Vec<PathBuf>) -> Result<(), SaveError> {
        self.change(|current| current.projects.insert(owner, projects));
        self.save_policy()
    }

    /// Remembers a decoy; false where the user has too many.
    ///
    /// # Errors
    /// As [`Settings::set_policy`].
    pub fn add_decoy(&self, owner: u32, planted: Planted) -> Result<bool, SaveError> {
        let added = self.change(|current| {
            let decoys = current.decoys.entry(owner).or_default();
            decoys.retain(|known| known.path != planted.path);
            let room = decoys.len() < decoy::MOST;
            decoys.extend(room.then_some(planted));
            room
        });
        self.save_policy().map(|()| added)
    }

    /// Forgets a decoy of this user.
    ///
    /// # Errors
    /// As [`Settings::set_policy`].
    pub fn remove_decoy(&self, owner: u32, path: &Path) -> Result<(), SaveError> {
        self.change(|current| {
            if let Some(decoys) = current.decoys.get_mut(&owner) {
                decoys.retain(|known| known.path != path);
            }
        });
        self.save_policy()
    }

    /// Adds a rule; `None` where the user has too many.
    ///
    /// # Errors
    /// [`SaveError`]; the rule counts nevertheless.
    pub fn add_rule(&self, owner: u32, draft: RuleDraft) -> Result<Option<u64>, SaveError> {
        let id = self.change(|current| {
            let now = Timestamp::now();
            let id = current.next_rule;
            let rules = current.rules.entry(owner).or_default();
            rules.retain(|rule| rule.expires_at.is_none_or(|end| now < end));
            if rules.len() >= MAX_RULES {
                return None;
            }
            let day = Duration::from_secs(24 * 60 * 60);
            let expires_at = (draft.expiry == Expiry::Day).then(|| now.plus(day));
            rules.push(Rule { id, created: now, owner, draft, expires_at });
            current.next_rule += 1;
            Some(id)
        });
        self.save_rules().map(|()| id)
    }

    /// Removes a rule of this user; false where there is none.
    ///
    /// # Errors
    /// [`SaveError`]; the rule is gone nevertheless.
    pub fn remove_rule(&self, owner: u32, id: u64) -> Result<bool, SaveError> {
        let removed = self.change(|current| {
            let Some(rules) = current.rules.get_mut(&owner) else { return false };
            let before = rules.len();
            rules.retain(|rule| rule.id != id);
            rules.len() < before
        });
        if removed { self.save_rules().map(|()| true) } else { Ok(false) }
    }

    fn change<T>(&self, edit: impl FnOnce(&mut Current) -> T) -> T {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        self.version.fetch_add(1, Release);
        edit(&mut current)
    }

    fn save_policy(&self) -> Result<(), SaveError> {
        let _one_at_a_time = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.with(|current| PolicyFile {
            policy: Some(current.policy),
            paused_until: current.paused_until,
            projects: current.projects.clone(),
            decoys: current.decoys.clone(),
        });
        save(&self.folder.join("policy.json"), &file)
    }

    fn save_rules(&self) -> Result<(), SaveError> {
        let _one_at_a_time = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.with(|current| RulesFile {
            boot: self.boot.clone(),
            next: current.next_rule,
            rules: current.rules.values().flatten().cloned().collect(),
        });
        save(&self.folder.join("rules.json"), &file)
    }
}

impl Current {
    /// True while a pause counts.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }

    /// The rules of one user.
    pub fn rules_of(&self, owner: u32) -> &[Rule] {
        self.rules.get(&owner).map_or(&[], Vec::as_slice)
    }
}

/// What this kernel offers, as front ends show it.
pub fn kernel(features: sys::GroupFeatures, target_fid: bool) -> doorward_protocol::Kernel {
    doorward_protocol::Kernel {
        release: sys::kernel_release(),
        pre_content: features.pre_content,
        pidfd: features.pidfd,
        fd_error: features.fd_error,
        target_fid,
    }
}

/// Writes beside, syncs, keeps the old file as `.previous`, renames over.
fn save<T: Serialize>(path: &Path, value: &T) -> Result<(), SaveError> {
    let failed = |source| SaveError { path: path.to_path_buf(), source };
    let fresh = path.with_extension("json.new");
    let write = || {
        let bytes = serde_json::to_vec_pretty(value)?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        if path.exists() {
            let previous = path.with_extension("json.previous");
            let _ = fs::remove_file(&previous);
            fs::hard_link(path, &previous)?;
        }
        fs::rename(&fresh, path)
    };
    write().map_err(failed)
}

fn load_or_previous<T: DeserializeOwned + Default>(path: &Path, notes: &mut Vec<String>) -> T {
    for (attempt, candidate) in [path.to_path_buf(), path.with_extension("json.previous")].iter().enumerate()
    {
        let text = match fs::read_to_string(candidate) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                notes.push(format!("{} could not be read ({error}).", candidate.display()));
                continue;
            }
        };
        match serde_json::from_str(&text) {
            Ok(value) => return value,
            Err(error) => {
                let aside = path.with_extension(format!("json.refused-{}", Timestamp::now().millis()));
                let kept = fs::rename(candidate, &aside).is_ok();
                let hint = if kept { "it was set aside as" } else { "it could not be set aside as" };
                let used = if attempt == 0 { "; the previous copy is used" } else { "" };
                notes.push(format!(
                    "{}, line {}: {error}; {hint} {}{used}.",
                    candidate.display(),
                    error.line(),
                    aside.display(),
                ));
            }
        }
    }
    T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_protocol::{RuleVerdict, What, Who};

    fn draft(expiry: Expiry) -> RuleDraft {
        RuleDraft {
            verdict: RuleVerdict::Deny,
            who: Who { exe: Some("/usr/bin/cat".into()), ..Who::default() },
            what: What::Class("ssh-key".into()),
            expiry,
        }
    }

    #[test]
    fn rules_modes_and_ids_survive_a_restart() {
        let folder = tempfile::tempdir().expect("folder");
        let settings = Settings::load(folder.path(), Policy::default());
        let first = settings.add_rule(1000, draft(Expiry::Always)).expect("saved").expect("room");
        settings.add_rule(1000, draft(Expiry::Day)).expect("saved");
        assert!(settings.remove_rule(1000, first).expect("saved"));
        assert!(!settings.remove_rule(1001, first + 1).expect("not that user's"));
        let policy = Policy { mode: doorward_protocol::Mode::Block, ..Policy::default() };
        settings.set_policy(policy).expect("saved");

        let again = Settings::load(folder.path(), Policy::default());
        assert_eq!(again.with(|current| current.policy), policy);
        assert_eq!(again.with(|current| current.rules_of(1000).len()), 1);
        assert!(again.add_rule(1000, draft(Expiry::Always)).expect("saved") > Some(first + 1));
    }

    #[test]
    fn a_broken_rules_file_is_set_aside_and_the_previous_one_used() {
        let folder = tempfile::tempdir().expect("folder");
        let settings = Settings::load(folder.path(), Policy::default());
        settings.add_rule(1, draft(Expiry::Always)).expect("saved");
        settings.add_rule(1, draft(Expiry::Always)).expect("saved");
        fs::write(folder.path().join("rules.json"), "{\n\"rules\": 7").expect("break it");

        let again = Settings::load(folder.path(), Policy::default());
        assert_eq!(again.with(|current| current.rules_of(1).len()), 1);
        assert!(again.notes[0].contains("line 2"), "{:?}", again.notes);
        let aside = fs::read_dir(folder.path()).expect("list").flatten();
        assert!(aside.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("refused")));
    }
}
