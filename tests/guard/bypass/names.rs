//! Rows 3–6 and 8: other names of the same file.

use super::{Row, all_blocked};
use doorward_tests::sandboxed;
use std::fs;

const OVERLAY: &str = "mkdir -p \"$2/up\" \"$2/work\" \"$2/all\"; \
    mount -t overlay overlay -o \"lowerdir=$1,upperdir=$2/up,workdir=$2/work$flags\" \"$2/all\"; \
    exec $reach open \"$2/all/key\"";

const ROWS: &[Row] = &[
    Row::new(3, "a hard link made before the guard started", |arena, secret| {
        arena.reach("open", &[&arena.outside(secret, "link")])
    })
    .prepared(|arena, secret| fs::hard_link(secret, arena.outside(secret, "link")).expect("a link")),
    Row::new(3, "a hard link made a moment ago", |arena, secret| {
        arena.reach("alias", &[secret, &arena.outside(secret, "link")])
    }),
    Row::new(4, "a bind mount in a mount namespace, by root", |arena, secret| {
        let place = arena.outside(secret, "bound");
        fs::create_dir_all(&place).expect("a folder");
        let line = "exec unshare --mount sh -ec 'mount --bind \"$1\" \"$2\"; exec $reach open \"$2/key\"' sh \"$1\" \"$2\"";
        arena.root_shell(line, &[secret.parent().expect("a folder"), &place])
    }),
    Row::new(4, "a bind mount in a user's own namespaces", |arena, secret| {
        let place = arena.sandbox.folder("bound");
        let line = "exec unshare --user --map-root-user --mount \
                    sh -ec 'mount --bind \"$1\" \"$2\"; exec $reach open \"$2/key\"' sh \"$1\" \"$2\"";
        arena.shell(line, &[secret.parent().expect("a folder"), &place])
    }),
    Row::new(5, "an overlay over the folder, by root", |arena, secret| {
        let place = arena.outside(secret, "overlay");
        let line = format!("flags=; export flags; exec unshare --mount sh -ec '{OVERLAY}' sh \"$1\" \"$2\"");
        arena.root_shell(&line, &[secret.parent().expect("a folder"), &place])
    }),
    Row::new(5, "an overlay in a user's own namespaces", |arena, secret| {
        let place = arena.outside(secret, "overlay");
        let line = format!(
            "flags=,userxattr; export flags; exec unshare --user --map-root-user --mount sh -ec '{OVERLAY}' sh \"$1\" \"$2\""
        );
        arena.shell(&line, &[secret.parent().expect("a folder"), &place])
    }),
    Row::new(6, "open_by_handle_at, by root", |arena, secret| {
        arena.root_shell("exec $reach handle \"$1\"", &[secret])
    }),
    Row::new(8, "the folder renamed", |arena, secret| {
        let folder = secret.parent().expect("a folder");
        let moved = arena.outside(secret, "folder");
        fs::rename(folder, &moved).expect("renamed");
        let attempt = arena.reach("open", &[&moved.join("key")]);
        fs::rename(&moved, folder).expect("renamed back");
        attempt
    }),
    Row::new(8, "the file moved out", |arena, secret| {
        arena.reach("move", &[secret, &arena.outside(secret, "moved")])
    }),
];

#[test]
fn no_other_name_of_a_secret_gets_by() {
    sandboxed("guard", "bypass::names::no_other_name_of_a_secret_gets_by", |sandbox| {
        all_blocked(sandbox, ROWS)
    });
}
