//! The scanner's tests. One program: each that links the whole scanner takes 55 MB and a second of linking.

mod common;

mod automation;
mod bad_input;
mod binaries;
mod campaigns;
mod company;
mod detect;
mod first_looks;
mod hideouts;
mod idioms;
mod lockfiles;
mod memory;
mod names;
mod python;
mod remembering;
mod rust;
mod sandbox;
mod scanning;
mod techniques;
mod versions;
mod whereabouts;
mod withdrawn;
