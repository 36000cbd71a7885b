//! A reader that was allowed once is looked at again as soon as it is another one.

mod support;

use doorward_protocol::Control;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use support::{ADA, Daemon, allow, make_home, program, soon};

/// The program `reader.c`; ended when dropped.
struct Reader {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Reader {
    fn start(exe: &Path, file: &Path) -> Self {
        let mut command = Command::new(exe);
        command.arg(file).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("reader");
        let stdout = BufReader::new(child.stdout.take().expect("stdout"));
        Self { child, stdout }
    }

    fn tell(&mut self, order: &str) -> String {
        let stdin = self.child.stdin.as_mut().expect("stdin");
        writeln!(stdin, "{order}").expect("write");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("read");
        line.trim().to_owned()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn allowed_reader() -> (Daemon, Reader, u64) {
    // The secret is root's, and so is the rule.
    let folder = tempfile::Builder::new().prefix("doorward-guard-").tempdir().expect("folder");
    make_home(&folder.path().join("ada"), 0);
    let daemon = Daemon::start_in(folder, "mode = \"block\"");
    let exe = program("reader", daemon.root());
    let mut reader = Reader::start(&exe, &daemon.key());
    assert_eq!(reader.tell("read"), "denied", "nobody knows it");
    let rule = allow(&daemon, &exe);
    assert_eq!(reader.tell("read"), "got", "the rule counts at once");
    for _ in 0..100 {
        assert_eq!(reader.tell("read"), "got");
    }
    (daemon, reader, rule)
}

#[test]
fn a_rule_that_is_gone_allows_nothing_more() {
    let (daemon, mut reader, rule) = allowed_reader();
    daemon.connect().control(Control::RemoveRule(rule)).expect("removed");
    assert_eq!(reader.tell("read"), "denied");
}

#[test]
fn a_tracer_counts_from_its_first_moment() {
    let (_daemon, mut reader, _) = allowed_reader();
    let seize = "import ctypes, sys\nprint(ctypes.CDLL(None).ptrace(0x4206, int(sys.argv[1]), 0, 0), flush=True)\nsys.stdin.read()";
    let mut tracer = Command::new("/usr/bin/python3");
    tracer.args(["-c", seize, &reader.child.id().to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut tracer = tracer.spawn().expect("tracer");
    let mut line = String::new();
    BufReader::new(tracer.stdout.take().expect("stdout")).read_line(&mut line).expect("read");
    assert_eq!(line.trim(), "0", "ptrace works");
    assert_eq!(reader.tell("read"), "denied");
    drop(tracer.stdin.take());
    tracer.wait().expect("wait");
    soon("it is itself again", || (reader.tell("read") == "got").then_some(()));
}

#[test]
fn a_library_of_its_own_that_it_loads_later_counts_within_a_moment() {
    let (daemon, mut reader, _) = allowed_reader();
    let source = daemon.root().join("extra.c");
    std::fs::write(&source, "int extra;\n").expect("write");
    let library = daemon.home().join("extra.so");
    let made = Command::new("cc").args(["-shared", "-o"]).arg(&library).arg(&source).status().expect("cc");
    assert!(made.success());
    chown(&library, Some(ADA), Some(ADA)).expect("chown");
    assert_eq!(reader.tell(&format!("load {}", library.display())), "loaded");
    // What is said of this window in `watch::recent` and in SECURITY.md.
    sleep(Duration::from_millis(150));
    assert_eq!(reader.tell("read"), "denied");
}

#[test]
fn the_next_program_inherits_nothing() {
    let (_daemon, mut reader, _) = allowed_reader();
    assert_eq!(reader.tell("become /usr/bin/cat"), "", "cat reads nothing and writes nothing");
    assert!(!reader.child.wait().expect("wait").success());
}

#[test]
fn a_reader_that_reads_again_and_again_is_told_once_and_counted() {
    let daemon = Daemon::start("mode = \"block\"");
    let exe = program("reader", daemon.root());
    let mut reader = Reader::start(&exe, &daemon.key());
    for _ in 0..200 {
        assert_eq!(reader.tell("read"), "denied");
    }
    let mut connection = daemon.connect();
    let events = soon("the sum", || {
        let events = connection.events();
        let mut about_key: Vec<_> =
            events.into_iter().filter(|event| event.secret.path == daemon.key()).collect();
        about_key.sort_by_key(|event| event.id);
        about_key.iter().any(|event| event.why.contains(" more times within a second")).then_some(about_key)
    });
    assert!(events.len() < 20, "{}", events.len());
    assert!(events[0].why.ends_with("blocked."), "{}", events[0].why);
}
