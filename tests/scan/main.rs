//! `doorward scan` on whole packages, as people and scripts call it.

mod contract;
mod earlier;
mod everyday;
mod registry;
mod trapdoor;
