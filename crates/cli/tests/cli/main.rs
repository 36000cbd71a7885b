//! `doorward` as its users see it: arguments in; output, messages and exit codes out.

mod compare;
mod daemon;
mod explain;
mod feed;
mod guard;
mod home;
mod local;
mod usage;
