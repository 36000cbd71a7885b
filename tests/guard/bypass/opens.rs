//! Rows 1, 2 and 7: opens of every kind, and other paths to the same name.

use super::{Row, all_blocked};
use doorward_tests::sandboxed;
use std::path::Path;

const ROWS: &[Row] = &[
    Row::new(1, "a plain open", |arena, secret| arena.reach("open", &[secret])),
    Row::new(1, "an open for reading and writing", |arena, secret| arena.reach("read-write", &[secret])),
    Row::new(1, "O_PATH, then opened through /proc/self/fd", |arena, secret| {
        arena.reach("reopen", &[secret])
    }),
    Row::new(1, "mapped instead of read", |arena, secret| arena.reach("map", &[secret])),
    Row::new(1, "sendfile into memory", |arena, secret| arena.reach("sendfile", &[secret])),
    Row::new(2, "a symbolic link", |arena, secret| {
        let link = arena.outside(secret, "link");
        std::os::unix::fs::symlink(secret, &link).expect("a link");
        arena.reach("open", &[&link])
    }),
    Row::new(2, "below /proc/self/root", |arena, secret| {
        let path = Path::new("/proc/self/root").join(secret.strip_prefix("/").expect("an absolute path"));
        arena.reach("open", &[&path])
    }),
    Row::new(2, "in a user namespace", |arena, secret| {
        arena.shell("exec unshare --user --map-root-user $reach open \"$1\"", &[secret])
    }),
    Row::new(2, "after chroot in a user namespace", |arena, secret| {
        arena.shell("exec unshare --user --map-root-user /usr/sbin/chroot / $reach open \"$1\"", &[secret])
    }),
    Row::new(7, "io_uring, at once", |arena, secret| arena.reach("uring", &[secret])),
    Row::new(7, "io_uring, by a worker of the kernel", |arena, secret| arena.reach("uring-async", &[secret])),
];

#[test]
fn no_kind_of_open_gets_by() {
    sandboxed("guard", "bypass::opens::no_kind_of_open_gets_by", |sandbox| all_blocked(sandbox, ROWS));
}
