//! `doorward guard`.

use crate::args::{Answer, Duration, GuardCommand, RuleArgs};
use crate::daemon::Daemon;
use crate::decoy;
use crate::describe;
use crate::failure::Failure;
use crate::status;
use crate::terminal::{Paint, put, put_json, put_line};
use doorward_protocol::{Control, Mode, Policy, Reply, RuleDraft, RuleVerdict, What, Who};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) async fn run(command: GuardCommand) -> Result<ExitCode, Failure> {
    // Mistakes in the arguments are told even where no daemon runs.
    let draft = match &command {
        GuardCommand::Allow(args) => Some(draft(args, RuleVerdict::Allow)?),
        GuardCommand::Deny(args) => Some(draft(args, RuleVerdict::Deny)?),
        _ => None,
    };
    let (mut daemon, hello) = Daemon::connect().await?;
    let state = hello.state;
    let paint = Paint::stdout();
    match command {
        GuardCommand::Status { json: true } => put_json(&state)?,
        GuardCommand::Status { json: false } => {
            put(&status::modes(&state.policy, paint))?;
            if let Some(until) = state.paused_until {
                put_line(&paint.amber(&format!("Paused until {until}.")))?;
            }
        }
        GuardCommand::Mode { mode, tier, packages } => {
            let policy = changed(state.policy, mode.into(), tier, packages);
            daemon.control(Control::SetPolicy(policy)).await?;
            put(&status::modes(&policy, paint))?;
        }
        GuardCommand::Allow(_) | GuardCommand::Deny(_) => {
            let Some(draft) = draft else { return Ok(ExitCode::SUCCESS) };
            let added = match daemon.control(Control::AddRule(draft)).await? {
                Reply::Rule(id) => format!("Rule {id} is in force."),
                _ => "The rule is in force.".to_owned(),
            };
            put_line(&added)?;
        }
        GuardCommand::Rules { json } => {
            for rule in &state.rules {
                if json { put_json(rule)? } else { put_line(&describe::rule(rule, paint))? }
            }
            if state.rules.is_empty() && !json {
                put_line("No rules; the catalog and the modes decide.")?;
            }
        }
        GuardCommand::Remove { id } => {
            daemon.control(Control::RemoveRule(id)).await?;
            put_line(&format!("Rule {id} is removed."))?;
        }
        GuardCommand::Answer { event, answer, duration } => {
            let allow = answer == Answer::Allow;
            daemon.control(Control::Answer { event, allow, expiry: duration.into() }).await?;
            put_line(if allow { "The read went ahead." } else { "The read was denied." })?;
        }
        GuardCommand::Pause { minutes } => {
            daemon.control(Control::Pause { seconds: minutes * 60 }).await?;
            put_line(&format!("Paused for {minutes} min: everything is observed, nothing is denied."))?;
        }
        GuardCommand::Decoy(command) => decoy::run(command, &mut daemon, &state.decoys).await?,
        GuardCommand::Resume => {
            daemon.control(Control::Resume).await?;
            put_line("The guard's modes are in force again.")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The policy with one mode changed. The overall mode sets the tiers free again.
fn changed(policy: Policy, mode: Mode, tier: Option<u8>, packages: bool) -> Policy {
    match (tier, packages) {
        (Some(1), _) => Policy { tier1: Some(mode), ..policy },
        (Some(2), _) => Policy { tier2: Some(mode), ..policy },
        (Some(_), _) => Policy { tier3: Some(mode), ..policy },
        (None, true) => Policy { packages: Some(mode), ..policy },
        (None, false) => Policy { mode, ..Policy::default() },
    }
}

fn draft(args: &RuleArgs, verdict: RuleVerdict) -> Result<RuleDraft, Failure> {
    if args.duration == Duration::Once {
        return Err(Failure::new("making a rule: `--for once` is an answer to one held read, not a rule")
            .hint("use `doorward guard answer EVENT allow|deny`, or a longer time"));
    }
    let what = match (&args.secret, &args.class) {
        (Some(path), _) => What::Path(existing(path)?),
        (None, Some(class)) => What::Class(class.clone()),
        (None, None) => return Err(Failure::new("making a rule: neither --secret nor --class is given")),
    };
    let who = Who {
        exe: Some(existing(&args.exe)?),
        script: args.script.as_deref().map(existing).transpose()?,
        process: args.pid.map(process).transpose()?,
        ..Who::default()
    };
    Ok(RuleDraft { verdict, who, what, expiry: args.duration.into() })
}

fn existing(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize()
        .map_err(|error| Failure::caused(format_args!("making a rule: {}", path.display()), &error))
        .map_err(|failure| failure.hint("give the full path of an existing file"))
}

/// `pid@starttime`, so that a recycled process id never inherits a rule.
fn process(pid: u32) -> Result<String, Failure> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path)
        .map_err(|error| Failure::caused(format_args!("finding process {pid}: {path}"), &error))?;
    // The name in parentheses may hold spaces and parentheses itself; the start time is the 20th field after it.
    let start = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(19));
    start
        .map(|start| format!("{pid}@{start}"))
        .ok_or_else(|| Failure::new(format!("finding process {pid}: {path}: it has no start time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_for_one_tier_leaves_the_others_alone() {
        let policy = changed(Policy::default(), Mode::Block, Some(2), false);
        assert_eq!((policy.mode, policy.tier1, policy.tier2), (Mode::Ask, None, Some(Mode::Block)));
        let policy = changed(policy, Mode::Observe, None, true);
        assert_eq!((policy.packages, policy.tier2), (Some(Mode::Observe), Some(Mode::Block)));
    }

    #[test]
    fn the_overall_mode_sets_the_tiers_free_again() {
        let policy = Policy { tier1: Some(Mode::Observe), ..Policy::default() };
        assert_eq!(
            changed(policy, Mode::Block, None, false),
            Policy { mode: Mode::Block, ..Policy::default() }
        );
    }

    #[test]
    fn a_process_is_named_with_its_start_time() {
        let own = process(std::process::id()).expect("this process exists");
        assert!(own.starts_with(&format!("{}@", std::process::id())), "{own}");
        assert!(process(u32::MAX).is_err());
    }
}
