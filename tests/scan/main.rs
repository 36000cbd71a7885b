//! `doorward scan` on whole packages, as people and scripts call it.

mod contract;
mod everyday;
mod trapdoor;
