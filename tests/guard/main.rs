//! The guard against real package managers, run by an ordinary user with a made-up home.
#![allow(clippy::print_stdout, reason = "the table of attacks is what one reads of a failed run")]

mod attribution;
mod bypass;
mod day;
mod decoys;
mod drill;
mod everyday;
mod identity;
mod interpreters;
mod judges;
mod sweep;
mod theft;
mod ways;
