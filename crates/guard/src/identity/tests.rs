use super::held::Trap;
use super::*;
use std::process::Command;

#[test]
fn a_reader_is_known_by_its_inode_and_its_parents() {
    let trap = Trap::new();
    let held = trap.hold(
        Command::new("sh").arg("-c").arg("cat \"$0\"; :").arg(&trap.secret).current_dir(trap.home.path()),
    );
    let reader = held.reader(&trap.secret);
    let cat = fs::metadata("/bin/cat").expect("cat");
    assert_eq!((reader.dev, reader.ino), (cat.dev(), cat.ino()));
    assert!(
        reader.exe_proven
            && !reader.deleted
            && !reader.memfd
            && !reader.mnt_ns_foreign
            && !reader.interpreter
    );
    assert_eq!(reader.cwd, fs::canonicalize(trap.home.path()).ok());
    assert_eq!(reader.cmdline[0], "cat");
    let parents: Vec<u32> = reader.ancestry.iter().map(|process| process.pid).collect();
    assert_eq!(parents[..2], [held.itself().pid, std::process::id()]);
    assert!(reader.injected.is_empty(), "{:?}", reader.injected);
}

#[test]
fn a_deleted_executable_is_seen() {
    let trap = Trap::new();
    let copy = trap.home.path().join("cat");
    fs::copy("/bin/cat", &copy).expect("copy");
    let held = trap.hold(Command::new(&copy).arg(&trap.secret));
    assert!(!held.itself().deleted);
    fs::remove_file(&copy).expect("remove");
    let reader = held.itself();
    assert!(reader.deleted && !reader.exe_proven);
}

#[test]
fn a_script_is_found_through_its_first_line_and_through_the_arguments() {
    let trap = Trap::new();
    let script = trap.home.path().join("tool");
    fs::write(&script, "#!/usr/bin/python3\nimport sys; open(sys.argv[-1]).read()\n").expect("write");
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
    let script = fs::canonicalize(script).expect("canonical");
    let started = trap.hold(Command::new(&script).arg(&trap.secret)).itself();
    assert!(started.interpreter);
    assert_eq!(started.script.as_ref(), Some(&script));

    let trap = Trap::new();
    let held = trap.hold(Command::new("/usr/bin/python3").arg("-s").arg(&script).arg(&trap.secret));
    assert_eq!(held.itself().script, Some(script));
}

#[test]
fn foreign_code_is_told() {
    let trap = Trap::new();
    let held = trap.hold(Command::new("/bin/cat").arg(&trap.secret).env("LD_PRELOAD", "/tmp/none-such.so"));
    assert_eq!(held.itself().injected[0].by, "LD_PRELOAD");

    let trap = Trap::new();
    let module = trap.home.path().join("extra.js");
    fs::write(&module, "").expect("write");
    let read = format!("require('fs').readFileSync({:?})", trap.secret);
    let script = trap.home.path().join("main.js");
    fs::write(&script, read).expect("write");
    let held = trap.hold(Command::new("node").arg("--require").arg(&module).arg(&script));
    let reader = held.itself();
    assert_eq!(reader.injected[0].by, "option", "{:?}", reader.injected);
}

#[test]
fn a_mapped_library_of_a_users_own_is_told_after_the_environment_was_wiped() {
    let trap = Trap::new();
    let library = trap.home.path().join("extra.so");
    let libc = proc::executable_maps(std::process::id())
        .into_iter()
        .find(|path| path.to_string_lossy().contains("libm"));
    let libc = libc.or_else(|| {
        proc::executable_maps(std::process::id())
            .into_iter()
            .find(|path| path.to_string_lossy().contains("libc.so"))
    });
    fs::copy(libc.expect("a library"), &library).expect("copy");
    fs::set_permissions(&library, std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("chmod");
    let code = "import ctypes,sys; ctypes.CDLL(sys.argv[1]); open(sys.argv[2]).read()";
    let held = trap.hold(Command::new("/usr/bin/python3").args(["-c", code]).arg(&library).arg(&trap.secret));
    let told = held.itself().injected;
    assert!(
        told.iter().any(|found| found.by == "mapped code" && found.value.ends_with("extra.so")),
        "{told:?}"
    );
}

#[test]
fn a_virtual_environment_is_not_the_systems_python() {
    let trap = Trap::new();
    let python = trap.folder("venv/bin").join("python");
    std::os::unix::fs::symlink("/usr/bin/python3", &python).expect("symlink");
    // Ownership tells: the test makes the link another user's where it can.
    let _ = std::os::unix::fs::lchown(&python, Some(12345), Some(12345));
    let held = trap
        .hold(Command::new(&python).args(["-c", "import sys; open(sys.argv[1]).read()"]).arg(&trap.secret));
    let told = held.itself().injected;
    assert!(told.iter().any(|found| found.by == "started through"), "{told:?}");
}

#[test]
fn a_process_that_is_gone_is_told() {
    let mut child = Command::new("true").spawn().expect("spawn");
    let pid = child.id();
    child.wait().expect("wait");
    let error = identify(pid).expect_err("gone");
    assert!(matches!(error, IdentityError::Gone { .. }));
    assert!(error.to_string().contains(&pid.to_string()));
}
