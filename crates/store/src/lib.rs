//! The user's database: projects, verdicts, the history of the guard's events, settings.
//!
//! One file, `doorward.db`, in the user's data folder. The app and the command line use it at the
//! same time. A database that cannot be used is set aside under another name, never deleted.

mod error;
mod migrations;
mod open;
mod reader;
mod tables;
mod writer;

pub use error::StoreError;
pub use open::{Opened, Store};
pub use reader::Reader;
pub use tables::{Flagged, Unseen};
pub use writer::Writer;
