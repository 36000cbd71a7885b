//! The guard against real package managers, run by an ordinary user with a made-up home.

mod bypass;
mod drill;
mod everyday;
mod theft;
mod ways;
