//! The list of known malware.
