//! Notices new packages: follows the user's projects and the package caches and tells what arrived.
//!
//! Nothing is watched recursively. A project costs a few watches on its root and the upper level of
//! its install trees, whatever its size; what changed inside is found by comparing snapshots.

mod arrival;
mod caches;
mod discover;
mod install;
mod names;
mod snapshot;
mod target;
mod watcher;
mod watches;
mod worker;
mod young;

pub use arrival::Arrival;
pub use caches::caches;
pub use discover::discover;
pub use install::packages_of;
pub use watcher::{WatchConfig, WatchError, Watcher};
