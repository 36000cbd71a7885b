//! The user's rules: what they match, which are refused, and how they are kept.

use crate::identity::Identity;
use doorward_protocol::{Attribution, Expiry, Rule, RuleDraft, RuleVerdict, Secret, Timestamp, What};
use std::path::PathBuf;

/// A reader as rules see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its executable, for display.
    pub exe: PathBuf,
    /// Device and inode of the executable, in hexadecimal.
    pub inode: String,
    /// SHA-256 of the executable, where it is known.
    pub sha256: Option<String>,
    /// True where the executable runs scripts.
    pub interpreter: bool,
    /// The script it runs.
    pub script: Option<PathBuf>,
    /// `pid@starttime`.
    pub process: String,
    /// True where foreign code or a tracer sits in it.
    pub injected: bool,
}

impl Subject {
    /// The reader as it was identified.
    pub fn new(identity: &Identity, sha256: Option<String>) -> Self {
        Self {
            exe: identity.exe.clone(),
            inode: format!("{:x}:{:x}", identity.dev, identity.ino),
            sha256,
            interpreter: identity.interpreter,
            script: identity.script.clone(),
            process: format!("{}@{}", identity.pid, identity.start_time),
            injected: !identity.injected.is_empty(),
        }
    }
}

/// The rule that counts for a read: a denying one before an allowing one, the newest of each.
///
/// An allowing rule does not count for a program with foreign code in it, nor, unless it names the
/// package or the process, for anything below a package manager (`lineage`): a script that runs an
/// allowed program must not inherit its right.
pub fn matching<'a>(
    rules: &'a [Rule],
    subject: &Subject,
    secret: &Secret,
    package: Option<&Attribution>,
    lineage: bool,
    now: Timestamp,
) -> Option<&'a Rule> {
    let fits = |rule: &&Rule| {
        let allow = rule.draft.verdict == RuleVerdict::Allow;
        let specific = rule.draft.who.package.is_some() || rule.draft.who.process.is_some();
        rule.expires_at.is_none_or(|end| now < end)
            && what_fits(&rule.draft.what, secret)
            && who_fits(rule, subject, package)
            && !(allow && subject.injected)
            && !(allow && lineage && !specific)
    };
    let newest = |verdict| rules.iter().rev().filter(|rule| rule.draft.verdict == verdict).find(fits);
    newest(RuleVerdict::Deny).or_else(|| newest(RuleVerdict::Allow))
}

/// Why a rule makes no sense or would be dangerous, with a hint; `Ok` where it is fine.
///
/// # Errors
/// The problem and the hint.
pub fn check(draft: &RuleDraft, interpreter: bool) -> Result<(), (&'static str, &'static str)> {
    let who = &draft.who;
    if who.exe.is_none() && who.package.is_none() && who.process.is_none() {
        return Err(("the rule names no reader", "name a program, a package or a process"));
    }
    if draft.expiry == Expiry::Process && who.process.is_none() {
        return Err(("the rule is for one process but names none", "name the process as pid@starttime"));
    }
    if draft.expiry == Expiry::Once {
        return Err(("a rule cannot count once", "answer the question instead, or choose a duration"));
    }
    if draft.verdict == RuleVerdict::Allow {
        if interpreter && who.script.is_none() && who.process.is_none() {
            return Err((
                "the program runs scripts, so the rule would allow every script",
                "name the script too",
            ));
        }
        if who.exe.is_none()
            && who.process.is_none()
            && who.package.as_ref().is_some_and(|p| p.version.is_empty())
        {
            return Err(("the rule would allow every version of the package", "name the version"));
        }
    }
    let absolute = |path: &Option<PathBuf>| path.as_ref().is_none_or(|path| path.is_absolute());
    let secret_absolute = !matches!(&draft.what, What::Path(path) if !path.is_absolute());
    if !absolute(&who.exe) || !absolute(&who.script) || !secret_absolute {
        return Err(("the rule has a path that does not start at the root", "write the whole path"));
    }
    Ok(())
}

fn what_fits(what: &What, secret: &Secret) -> bool {
    match what {
        What::Path(path) => *path == secret.path,
        What::Class(class) => *class == secret.class,
    }
}

fn who_fits(rule: &Rule, subject: &Subject, package: Option<&Attribution>) -> bool {
    let who = &rule.draft.who;
    let deny = rule.draft.verdict == RuleVerdict::Deny;
    // A program that was replaced is another program to an allowing rule; a denying rule by path
    // still counts for the new file.
    let exe = match (&who.inode, &who.exe) {
        (None, None) => true,
        (Some(inode), path) => {
            let same_file = *inode == subject.inode;
            let same_bytes = who.sha256.is_none() || who.sha256 == subject.sha256;
            same_file && same_bytes || deny && path.as_ref() == Some(&subject.exe)
        }
        (None, Some(path)) => deny && *path == subject.exe,
    };
    exe && who.script.as_ref().is_none_or(|script| subject.script.as_ref() == Some(script))
        && who.process.as_ref().is_none_or(|process| *process == subject.process)
        && who.package.as_ref().is_none_or(|wanted| {
            package.is_some_and(|found| {
                found.package.ecosystem == wanted.ecosystem
                    && found.package.name == wanted.name
                    && (wanted.version.is_empty() || found.package.version == wanted.version)
            })
        })
}
