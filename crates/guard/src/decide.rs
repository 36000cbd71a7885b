//! The decision: facts × catalog × rules × modes. Pure; the order is
//! own process → decoy → explicit rule → package lineage → catalog reader → mode of the tier; what
//! belongs to a sweep is weighed once more by [`swept`].

use crate::rules::{self, Subject};
use crate::sweep::{self, Sweep};
use doorward_protocol::{
    Attribution, Importance, Mode, Policy, Rule, RuleVerdict, Secret, Stage, Timestamp, visible,
};

/// What is known about one read.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The guarded file.
    pub secret: &'a Secret,
    /// The reader, as rules see it.
    pub subject: &'a Subject,
    /// The package whose script is behind the read.
    pub package: Option<&'a Attribution>,
    /// The package manager above the reader, where there is one.
    pub manager: Option<&'a str>,
    /// The catalog's name for the reader, where it may have this class of secret.
    pub known_reader: Option<&'a str>,
    /// Where it is such a program but not used as one: the catalog's name for it, and half a sentence why.
    pub misused: Option<(&'a str, &'a str)>,
    /// Where it reads whole folders, and is asked about once for each run: what was answered for this one.
    pub run: Option<RunSoFar>,
    /// The catalog's name for the reader, where it reads what other programs ask it for.
    pub for_others: Option<&'a str>,
    /// True where the known reader is there to fetch sources for the package manager.
    pub fetches_sources: bool,
    /// True where the secret is the package manager's own file.
    pub managers_own: bool,
    /// True where the secret is there to be stolen.
    pub decoy: bool,
    /// True where the reader has a terminal.
    pub terminal: bool,
    /// True where the file has nothing in it yet.
    pub empty: bool,
    /// True where the reader could not be looked at.
    pub unseen: bool,
}

/// What was answered for a run of a program that reads whole folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunSoFar {
    /// Nobody has answered yet.
    Unanswered,
    /// It was allowed.
    Allowed,
    /// It was denied.
    Denied,
}

/// What is in force for the owner of the secret.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The modes.
    pub policy: &'a Policy,
    /// True while everything is observed.
    pub paused: bool,
    /// The owner's rules.
    pub rules: &'a [Rule],
    /// True while somebody is there to answer.
    pub someone_to_ask: bool,
    /// The time.
    pub now: Timestamp,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Let the read go ahead.
    Allow,
    /// Fail it.
    Deny,
    /// Hold it and ask; after the deadline give this answer.
    Ask {
        /// The answer after the deadline.
        default_allow: bool,
        /// True where the answer counts for everything that the process reads.
        whole_run: bool,
    },
}

/// The step of the decision that settled it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A file that is there to be stolen.
    Decoy,
    /// A rule of the user.
    Rule,
    /// A package's script or its descendant.
    Lineage,
    /// A program the catalog knows.
    Reader,
    /// The mode of the tier.
    Mode,
}

/// A decision and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to do.
    pub outcome: Outcome,
    /// Which step said so.
    pub step: Step,
    /// How loud it is; `None`: it raises no event.
    pub importance: Option<Importance>,
    /// One sentence.
    pub why: String,
    /// True where nothing vouches for the reader: the read counts towards a sweep.
    pub counts: bool,
}

/// Decides one read.
pub fn decide(facts: &Facts<'_>, standing: &Standing<'_>) -> Decision {
    let mut decision = decoy(facts, standing)
        .or_else(|| explicit_rule(facts, standing))
        .or_else(|| package_lineage(facts, standing))
        .or_else(|| catalog_reader(facts))
        .unwrap_or_else(|| tier_mode(facts, standing));
    let vouched = facts.known_reader.is_some() && decision.outcome == Outcome::Allow;
    decision.counts = decision.importance.is_some() && !vouched;
    decision
}

/// What a decision becomes where its read belongs to a sweep. The read that makes it one tells of all
/// that was touched; `blocked` denies it and the rest.
pub fn swept(mut decision: Decision, sweep: &Sweep, blocked: bool) -> Decision {
    let (sentence, ending) = decision.why.rsplit_once("; ").unwrap_or((&decision.why, ""));
    decision.why = match sweep {
        Sweep::Found(touches) => {
            let reader = sentence.split(" wanted to read").next().unwrap_or(sentence);
            let secrets: Vec<Secret> = touches.iter().map(|touch| touch.secret.clone()).collect();
            let ending = if blocked { "it may read no more, so it was blocked." } else { ending };
            format!("{reader} went through your {} within seconds; {ending}", sweep::in_words(&secrets))
        }
        Sweep::GoesOn(event) => {
            let ending = if blocked { "so it was blocked." } else { ending };
            format!("{sentence}; it belongs to the sweep of event {event}, {ending}")
        }
    };
    let loud = matches!(sweep, Sweep::Found(_)) || decision.step == Step::Decoy;
    decision.importance = Some(if loud { Importance::Alarm } else { Importance::Quiet });
    if blocked {
        decision.outcome = Outcome::Deny;
    }
    decision
}

fn decoy(facts: &Facts<'_>, standing: &Standing<'_>) -> Option<Decision> {
    facts.decoy.then(|| {
        let observed = standing.paused || standing.policy.mode == Mode::Observe;
        let (outcome, ending) = match facts.known_reader {
            // What it copies is worth nothing, and a backup must not break.
            Some(known) if facts.package.is_none() => {
                (Outcome::Allow, format!("{} reads every file, so it was let through.", visible(known)))
            }
            _ if observed => {
                (Outcome::Allow, "nothing has a reason to read it; the guard only observes now.".to_owned())
            }
            _ => (Outcome::Deny, "nothing has a reason to read it, so it was blocked.".to_owned()),
        };
        decision(outcome, Step::Decoy, Importance::Alarm, format!("{} a decoy; {ending}", wanted(facts)))
    })
}

fn explicit_rule(facts: &Facts<'_>, standing: &Standing<'_>) -> Option<Decision> {
    let lineage = lineage_counts(facts);
    let rule =
        rules::matching(standing.rules, facts.subject, facts.secret, facts.package, lineage, standing.now)?;
    Some(match rule.draft.verdict {
        RuleVerdict::Allow => Decision {
            outcome: Outcome::Allow,
            step: Step::Rule,
            importance: None,
            why: format!("{}; your rule {} allows it.", wanted_secret(facts), rule.id),
            counts: false,
        },
        RuleVerdict::Deny if standing.paused => decision(
            Outcome::Allow,
            Step::Rule,
            loudness(facts),
            format!(
                "{}; your rule {} would block it, but the guard is paused.",
                wanted_secret(facts),
                rule.id
            ),
        ),
        RuleVerdict::Deny => decision(
            Outcome::Deny,
            Step::Rule,
            loudness(facts),
            format!("{}; your rule {} blocks it.", wanted_secret(facts), rule.id),
        ),
    })
}

fn package_lineage(facts: &Facts<'_>, standing: &Standing<'_>) -> Option<Decision> {
    if !lineage_counts(facts) {
        return None;
    }
    if facts.managers_own && facts.known_reader.is_some() {
        let why = format!("{}; it is the package manager's own file.", wanted_secret(facts));
        let importance = facts.package.is_some().then_some(Importance::Quiet);
        return Some(Decision {
            outcome: Outcome::Allow,
            step: Step::Lineage,
            importance,
            why,
            counts: false,
        });
    }
    if facts.fetches_sources && facts.package.is_none() {
        let manager = facts.manager.unwrap_or("a package manager");
        let why = format!(
            "{}; {} may do so to fetch sources for {}.",
            wanted_secret(facts),
            facts.known_reader.unwrap_or("the program"),
            visible(manager)
        );
        return Some(decision(Outcome::Allow, Step::Lineage, Importance::Attention, why));
    }
    let mode = if standing.paused { Mode::Observe } else { standing.policy.for_packages() };
    Some(by_mode(facts, standing, mode, Step::Lineage, Importance::Alarm, "package scripts are"))
}

fn catalog_reader(facts: &Facts<'_>) -> Option<Decision> {
    let known = facts.known_reader?;
    Some(Decision {
        outcome: Outcome::Allow,
        step: Step::Reader,
        importance: facts.for_others.map(|_| Importance::Quiet),
        why: format!("{}; {} is known to need it.", wanted_secret(facts), visible(known)),
        counts: false,
    })
}

fn tier_mode(facts: &Facts<'_>, standing: &Standing<'_>) -> Decision {
    // Making a secret is no theft. What it costs: a stranger (never a package) who makes the file first
    // and keeps it open can read what comes into it, because the kernel fixes at the open whether
    // later reads are reported.
    if facts.empty {
        let why = format!("{}; there is nothing in it yet.", wanted_secret(facts));
        return Decision { outcome: Outcome::Allow, step: Step::Mode, importance: None, why, counts: false };
    }
    let mode = if standing.paused { Mode::Observe } else { standing.policy.for_tier(facts.secret.tier) };
    by_mode(facts, standing, mode, Step::Mode, loudness(facts), "programs without a rule are")
}

fn by_mode(
    facts: &Facts<'_>,
    standing: &Standing<'_>,
    mode: Mode,
    step: Step,
    importance: Importance,
    whom: &str,
) -> Decision {
    let wanted = wanted_secret(facts);
    let (outcome, ending) = match mode {
        Mode::Observe if standing.paused => {
            (Outcome::Allow, "the guard is paused, so it was allowed.".to_owned())
        }
        Mode::Observe => (Outcome::Allow, format!("{whom} observed, so it was allowed.")),
        Mode::Block => (Outcome::Deny, format!("{whom} blocked.")),
        Mode::Ask
            if step == Step::Mode && matches!(facts.run, Some(RunSoFar::Allowed | RunSoFar::Denied)) =>
        {
            let allowed = facts.run == Some(RunSoFar::Allowed);
            let (outcome, done) =
                if allowed { (Outcome::Allow, "allowed") } else { (Outcome::Deny, "denied") };
            return decision(
                outcome,
                step,
                Importance::Quiet,
                format!("{wanted}; this run of it was {done}."),
            );
        }
        Mode::Ask if standing.someone_to_ask => {
            let default_allow = facts.secret.tier > 1 && step == Step::Mode;
            let whole_run = facts.run.is_some() && step == Step::Mode;
            let ending = match whole_run {
                true => "it waits for your answer, which counts for everything it reads in this run.",
                false => "it waits for your answer.",
            };
            (Outcome::Ask { default_allow, whole_run }, ending.to_owned())
        }
        // Whoever keeps the guard from looking must win nothing by it.
        Mode::Ask if facts.unseen => (
            Outcome::Deny,
            "it could not be looked at, and nobody was there to be asked, so it was blocked.".to_owned(),
        ),
        Mode::Ask => (Outcome::Allow, "nobody was there to be asked, so it was allowed.".to_owned()),
    };
    decision(outcome, step, importance, format!("{wanted}; {ending}"))
}

/// Tier 1 is closed to everything below a package manager; tier 2 to what a named package runs, so
/// that a project's own tools keep their `.env`; tier 3 only counts. What lies in the package's own
/// folder is its own.
fn lineage_counts(facts: &Facts<'_>) -> bool {
    let owned = facts.package.and_then(|package| package.path.as_ref());
    if owned.is_some_and(|folder| facts.secret.path.starts_with(folder)) {
        return false;
    }
    // What the user runs is theirs to run, whoever wrote it.
    let package = facts.package.is_some_and(|package| package.stage != Stage::Runtime);
    match facts.secret.tier {
        1 => package || facts.manager.is_some(),
        2 => package,
        _ => false,
    }
}

fn loudness(facts: &Facts<'_>) -> Importance {
    match facts.secret.tier {
        _ if lineage_counts(facts) => Importance::Alarm,
        1 => Importance::Attention,
        2 if !facts.terminal => Importance::Attention,
        _ => Importance::Quiet,
    }
}

fn decision(outcome: Outcome, step: Step, importance: Importance, why: String) -> Decision {
    Decision { outcome, step, importance: Some(importance), why, counts: false }
}

fn wanted_secret(facts: &Facts<'_>) -> String {
    let plain = format!("{} your {}", wanted(facts), facts.secret.title);
    match facts.misused {
        Some((title, why)) => {
            format!("{plain}, but not as {} does: {}", visible(title), visible(why))
        }
        None => plain,
    }
}

fn wanted(facts: &Facts<'_>) -> String {
    let reader = reader_in_words(facts.subject, facts.package, facts.manager);
    match facts.for_others.filter(|_| facts.package.is_none() && facts.manager.is_none()) {
        Some(title) => {
            format!("{reader}, a {} that reads for other programs, wanted to read", visible(title))
        }
        None => format!("{reader} wanted to read"),
    }
}

/// The reader as the subject of a sentence.
pub fn reader_in_words(subject: &Subject, package: Option<&Attribution>, manager: Option<&str>) -> String {
    let program = subject.exe.file_name().unwrap_or(subject.exe.as_os_str()).to_string_lossy();
    let program = match subject.script.as_ref().and_then(|script| script.file_name()) {
        Some(script) => format!("{} ({})", visible(&script.to_string_lossy()), visible(&program)),
        None => visible(&program).into_owned(),
    };
    match (package, manager) {
        (Some(found), _) => {
            let script = match (found.script.as_str(), found.stage) {
                ("", Stage::Install) => "install script".to_owned(),
                ("", Stage::Build) => "build script".to_owned(),
                ("", _) => "code".to_owned(),
                (name, _) if name.contains('.') => visible(name).into_owned(),
                (name, _) => format!("{} script", visible(name)),
            };
            format!("The {script} of {}", found.package)
        }
        (None, Some(manager)) => format!("{program}, started by {},", visible(manager)),
        (None, None) => program,
    }
}

#[cfg(test)]
mod tests;
