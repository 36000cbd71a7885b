//! The kernel's interfaces that no library wraps: the only `unsafe` of the daemon.
#![allow(unsafe_code, reason = "fanotify, SO_PEERPIDFD, fork and signals have no safe wrapper")]

mod btrfs;
mod connector;
mod fanotify;
mod handle;
mod memory;
mod onlooker;
mod peer;
mod process;
mod storage;
mod topology;

pub use btrfs::subvolumes;
pub use connector::{Connector, ProcessEvent};
pub use fanotify::{
    Answer, EventBuffer, FanotifyError, Group, GroupFeatures, MarkKind, PermissionEvent, kernel_release,
};
pub use handle::file_handle;
pub use memory::{give_back_code, give_back_heap, keep_heap_small};
pub use onlooker::Onlooker;
pub use peer::{PeerIdentity, peer_identity};
pub use process::{
    Forked, Signal, Waker, alarm_in, block_signals, boot_time_offset, collect_child, die_with_parent,
    end_child, fork_before_threads, is_remote_controlled, kill_child, notify_systemd, poll_readable,
    raise_file_limit, raise_priority, reload_child, wait_for_signal,
};
pub use storage::{FileSystem, device_numbers, file_system, identity_of, wait_for_mounts};
pub use topology::{DirectoryEvent, Topology};
