use super::*;
#[test]
fn nothing() { let _ = attribute; }
