//! Row 9: another file under the same name.

use super::{Row, all_blocked};
use doorward_tests::sandboxed;

pub(super) const ROWS: &[Row] = &[
    Row::new(9, "written anew beside it, renamed over it, read at once", |arena, secret| {
        arena.reach("replace", &[secret, &secret.with_file_name("key.new")])
    }),
    Row::new(9, "written anew elsewhere, renamed over it, read at once", |arena, secret| {
        arena.reach("replace", &[secret, &arena.outside(secret, "key.new")])
    }),
];

#[test]
fn no_newer_file_under_a_secrets_name_gets_by() {
    sandboxed("guard", "bypass::replaced::no_newer_file_under_a_secrets_name_gets_by", |sandbox| {
        all_blocked(sandbox, ROWS)
    });
}
