use super::*;
use crate::identity::held::Trap;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Follows processes for as long as a test runs, as the daemon does.
struct Following<'a>(&'a Lineage, Arc<AtomicBool>);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.1.store(true, Relaxed);
        self.0.wake();
    }
}

fn following(test: impl FnOnce(&Lineage)) {
    let lineage = Lineage::open().expect("lineage");
    assert_eq!(lineage.refusal(), None);
    let over = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let following = Following(&lineage, Arc::clone(&over));
        for _ in 0..FOLLOWERS {
            scope.spawn(|| lineage.follow(|| over.load(Relaxed), || false));
        }
        test(&lineage);
        drop(following);
    });
}

/// A package manager as the kernel sees one: Node runs a script called npm, which starts a package's
/// script in its folder and does not wait for it.
const NPM: &str = "
  const [script, folder] = process.argv.slice(3);
  process.title = 'npm install';
  require('child_process').spawn('sh', ['-c', script], { cwd: folder, detached: true, stdio: 'ignore',
    env: { ...process.env, npm_package_name: 'evil', npm_package_version: '1.2.3',
      npm_lifecycle_event: 'postinstall', npm_package_json: folder + '/package.json' } });
  if (!process.env.STAY) setTimeout(() => process.exit(), 100);
";

/// The package manager and the package behind the process that reads the secret in the end.
fn behind(script: &str) -> (Option<String>, Option<String>) {
    let mut found = (None, None);
    following(|lineage| {
        let trap = Trap::new();
        let npm = trap.home.path().join("npm");
        std::fs::write(&npm, NPM).expect("write");
        let folder = trap.folder("app/node_modules/evil");
        let mut command = Command::new("node");
        command.arg(&npm).arg("install").arg(script).arg(folder).env("SECRET", &trap.secret);
        let held = trap.hold(&mut command);
        let pid = held.reader(&trap.secret).pid;
        let identity = lineage.identify(pid).expect("identify");
        let package = lineage.attribute(&identity).map(|found| found.package.purl());
        found = (attribution::manager_of(&identity), package);
    });
    found
}

#[test]
fn no_way_out_of_a_packages_descent() {
    let npm = Some("npm".to_owned());
    let evil = Some("pkg:npm/evil@1.2.3".to_owned());
    let read = "exec cat \"$SECRET\"";
    let flee = format!("cd /; sleep 0.5; {read}");
    let wiped = format!("env -i SECRET=\"$SECRET\" setsid sh -c '{flee}' &");
    let forks =
        format!("cd /; env -i SECRET=\"$SECRET\" setsid sh -c '((((({flee}) & ) & ) & ) & ) & exit' &");
    for (way, script) in [
        ("the folder is left", format!("cd / && {read}")),
        ("a session of its own", format!("setsid sh -c '{flee}' & exit")),
        ("two forks", format!("(sh -c '{flee}' &) & exit")),
        ("nohup", format!("nohup sh -c '{flee}' >/dev/null 2>&1 & exit")),
        ("nothing left in the environment", format!("{wiped} sleep 0.2")),
        ("all of it and many forks", format!("{forks} sleep 0.2")),
    ] {
        assert_eq!(behind(&script), (npm.clone(), evil.clone()), "{way}");
    }
    // A script that is gone within a moment may be too quick to be read: then only its package's name
    // is lost, not that it is one.
    assert_eq!(behind(&format!("{forks} exit")).0, npm, "all of it, in a hurry");
}

#[test]
fn a_deep_descent_keeps_its_beginning() {
    let dive = "cd /; d() { if [ $1 -gt 0 ]; then (d $(($1-1)); :); else cat \"$SECRET\"; fi; }; d 60; :";
    assert_eq!(behind(dive), (Some("npm".into()), Some("pkg:npm/evil@1.2.3".into())));
}

#[test]
fn a_program_that_renames_itself_is_what_it_was_started_as() {
    following(|lineage| {
        let trap = Trap::new();
        let script = trap.home.path().join("thief.js");
        let code = "process.title = 'npm'; require('fs').readFileSync(process.env.SECRET);";
        std::fs::write(&script, code).expect("write");
        let held = trap.hold(Command::new("node").arg(&script).env("SECRET", &trap.secret));
        let told = lineage.identify(held.itself().pid).expect("identify");
        assert_eq!(held.itself().cmdline.len(), 1, "the title took the place of the arguments");
        assert!(told.process.at_start, "{told:?}");
        assert_eq!(told.cmdline, ["node".to_owned(), script.display().to_string()]);
        assert_eq!(told.script, std::fs::canonicalize(script).ok());
    });
}

#[test]
fn a_generation_ends_with_the_program_with_a_tracer_and_with_the_process() {
    let lineage = Lineage::open().expect("lineage");
    let generation = |pid| {
        lineage.catch_up();
        lineage.generation(pid)
    };
    let another = |pid, than: Option<u64>, why: &str| {
        let end = Instant::now() + Duration::from_secs(20);
        while generation(pid) == than {
            assert!(Instant::now() < end, "{why}");
            thread::sleep(Duration::from_millis(5));
        }
        generation(pid)
    };
    let trap = Trap::new();
    let script = format!("read x < {}; exec sleep 60", trap.secret.display());
    let held = trap.hold(Command::new("bash").args(["-c", &script]));
    let pid = held.itself().pid;
    let bash = generation(pid);
    assert_eq!(generation(pid), bash, "nothing happened");

    let seize =
        "import ctypes, sys, time\nctypes.CDLL(None).ptrace(0x4206, int(sys.argv[1]), 0, 0)\ntime.sleep(60)";
    let mut tracer =
        Command::new("/usr/bin/python3").args(["-c", seize, &pid.to_string()]).spawn().expect("tracer");
    let traced = another(pid, bash, "a tracer is another generation");
    tracer.kill().expect("kill");
    tracer.wait().expect("wait");
    let child = held.let_go();
    let sleep = another(pid, traced, "so is another program");
    drop(child);
    another(pid, sleep, "so is the end");
}
