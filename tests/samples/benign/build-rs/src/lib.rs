//! Wraps a C library.
