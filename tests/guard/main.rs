//! The guard against real package managers, run by an ordinary user with a made-up home.

mod everyday;
mod theft;
