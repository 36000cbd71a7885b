//! What the tests at the level of the whole product share: a made-up user in a mount namespace of
//! the test's own, the daemon running beside any other, and hostile but inert packages.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests use this library"
)]

mod daemon;
pub mod desktop;
pub mod fixtures;
mod needs;
mod sandbox;

pub use daemon::Daemon;
pub use needs::{binary, need, repository, skipped};
pub use sandbox::{Run, Sandbox, sandboxed};
