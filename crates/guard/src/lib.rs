//! The guard: names every program that reads a secret and decides whether it may.
//!
//! [`daemon::run`] wires the parts; [`decide`] holds the decision, free of any I/O; everything that
//! needs `unsafe` is in [`sys`].

pub mod attribution;
pub mod catalog;
pub mod identity;

pub mod config;
pub mod daemon;
pub mod decide;
pub mod decoy;
pub mod gate;
pub mod journal;
pub mod lineage;
pub mod looks;
pub mod rules;
pub mod server;
pub mod state;
pub mod supervise;
pub mod sweep;
pub mod sys;
pub mod watch;
