//! Rows 20–23: programs that pose as a reader, and readers that were taken over.

use super::{Arena, Attempt, Row, all_blocked};
use doorward_tests::{need, sandboxed};
use std::path::Path;

/// A program that the catalog lets read keys.
const READER: &str = "/usr/bin/ssh-keygen";

const ROWS: &[Row] = &[
    Row::new(20, "a reader's path, bound over in namespaces of one's own", |arena, secret| {
        let line = "exec unshare --user --map-root-user --mount \
                    sh -ec 'mount --bind \"$reach\" \"$1\"; exec \"$1\" open \"$2\"' sh \"$1\" \"$2\"";
        arena.shell(line, &[Path::new(READER), secret])
    }),
    Row::new(21, "a reader's name as the first argument", |arena, secret| {
        let mut bash = arena.sandbox.command("/bin/bash");
        bash.args(["-c", "exec -a \"$1\" \"$reach\" open \"$2\"", "bash", READER]).arg(secret);
        arena.attempt(bash.env("reach", arena.program("reach")))
    }),
    Row::new(21, "a copy of a reader's file name elsewhere", |arena, secret| {
        let copy = arena.outside(secret, "ssh-keygen");
        std::fs::copy(arena.program("reach"), &copy).expect("a copy");
        arena.attempt(arena.sandbox.command(copy).arg("open").arg(secret))
    }),
    Row::new(22, "LD_PRELOAD into a reader", |arena, secret| loaded(arena, "LD_PRELOAD", secret)),
    Row::new(22, "LD_AUDIT into a reader", |arena, secret| loaded(arena, "LD_AUDIT", secret)),
    Row::new(23, "a reader under a tracer", |arena, secret| {
        let mut trace = arena.sandbox.command(arena.program("trace"));
        arena.attempt(trace.arg(READER).args(["-y", "-P", "", "-f"]).arg(secret))
    })
    .prepared(|arena, secret| {
        std::fs::remove_file(secret).expect("removed");
        let mut make = arena.sandbox.command(READER);
        arena.sandbox.ok(make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(secret));
    }),
];

#[test]
fn nobody_passes_for_a_known_reader() {
    sandboxed("guard", "bypass::posing::nobody_passes_for_a_known_reader", |sandbox| {
        need("ssh-keygen");
        all_blocked(sandbox, ROWS);
    });
}

fn loaded(arena: &Arena<'_>, variable: &str, secret: &Path) -> Attempt {
    let library = arena.compile("preload", "preload.so", &["-shared", "-fPIC"]);
    let mut reader = arena.sandbox.command(READER);
    arena.attempt(reader.args(["-l", "-f"]).arg(secret).env(variable, library).env("SECRET", secret))
}
