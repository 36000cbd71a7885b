//! The app as a person sees it: real windows under an X server of the test's own, a real daemon, a
//! real session bus, real packages.

mod app;
mod background;
mod window;
