//! The walls around a worker: it can read what it was granted, and nothing else.

use super::protocol::Confinement;
use super::sys;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::io;
use std::path::PathBuf;

/// Confines this process for good. Landlock is best effort; without the system call filter this fails.
pub(super) fn confine(grants: &[PathBuf]) -> io::Result<Confinement> {
    sys::die_with_parent()?;
    limit_resources()?;
    // Landlock first: setting it up needs calls that the filter denies.
    let landlock = restrict_files(grants).unwrap_or("none");
    filter_calls().map_err(|error| io::Error::other(format!("system calls cannot be filtered: {error}")))?;
    Ok(Confinement { landlock: landlock.into(), seccomp: true })
}

fn limit_resources() -> io::Result<()> {
    const GIB: u64 = 1024 * 1024 * 1024;
    for (resource, value) in [
        (libc::RLIMIT_AS, GIB + GIB / 2),
        // A backstop: the parent times every package.
        (libc::RLIMIT_CPU, 3600),
        (libc::RLIMIT_NOFILE, 64),
        (libc::RLIMIT_FSIZE, 0),
        (libc::RLIMIT_CORE, 0),
        (libc::RLIMIT_NPROC, 0),
    ] {
        sys::limit(resource, value)?;
    }
    Ok(())
}

fn restrict_files(grants: &[PathBuf]) -> Result<&'static str, landlock::RulesetError> {
    let newest = ABI::V6;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .create()?
        .add_rules(path_beneath_rules(grants, AccessFs::ReadFile | AccessFs::ReadDir))?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => "full",
        RulesetStatus::PartiallyEnforced => "partial",
        RulesetStatus::NotEnforced => "none",
    })
}

/// Only the calls that reading, thinking and answering need; every other one fails with EPERM. In particular
/// there is no socket, no process, no program, no signal, no file opened for writing, no executable memory.
fn filter_calls() -> Result<(), seccompiler::Error> {
    let always = [
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_pread64,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_lseek,
        libc::SYS_fstat,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_getdents64,
        libc::SYS_readlinkat,
        libc::SYS_getcwd,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_getrandom,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_restart_syscall,
        libc::SYS_ppoll,
        libc::SYS_exit,
        libc::SYS_exit_group,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_stat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_lstat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_readlink,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll,
    ];
    let writing = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND;
    let executable = libc::PROT_EXEC;
    let mut rules: std::collections::BTreeMap<i64, Vec<SeccompRule>> =
        always.into_iter().map(|call| (call, Vec::new())).collect();
    for (call, argument, forbidden) in
        [(libc::SYS_openat, 2, writing), (libc::SYS_mmap, 2, executable), (libc::SYS_mprotect, 2, executable)]
    {
        rules.insert(call, vec![without_bits(argument, forbidden)?]);
    }
    let equals = |argument: u8, value: i32| {
        SeccompCondition::new(
            argument,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Eq,
            u64::from(value.cast_unsigned()),
        )
    };
    rules.insert(
        libc::SYS_fcntl,
        [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_DUPFD_CLOEXEC]
            .into_iter()
            .map(|command| SeccompRule::new(vec![equals(1, command)?]))
            .collect::<Result<_, _>>()?,
    );
    let denied = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let architecture = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, denied, SeccompAction::Allow, architecture)?;
    let program: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter_all_threads(&program)
}

/// Matches where none of these bits is set in an argument.
fn without_bits(argument: u8, bits: i32) -> Result<SeccompRule, seccompiler::BackendError> {
    let mask = u64::from(bits.cast_unsigned());
    SeccompRule::new(vec![SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(mask),
        0,
    )?])
}
