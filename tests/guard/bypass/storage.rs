//! Rows 14 and 15: copies in snapshots, and the disk below; and what each kind of file system covers.

use super::{Arena, Attempt, BLOCK};
use doorward_protocol::{Action, Coverage, CoverageLevel, Importance};
use doorward_tests::{Daemon, Run, Sandbox, need, sandboxed};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn copies_in_snapshots_are_counted_shown_and_guarded() {
    sandboxed("guard", "bypass::storage::copies_in_snapshots_are_counted_shown_and_guarded", |sandbox| {
        let arena = Arena::new(sandbox);
        let _disk = Disk::below_home(sandbox, FileSystem::Btrfs);
        let home = sandbox.home();
        let secret = sandbox.write(".ssh/id_ed25519", "the key\n");
        sandbox.folder(".snapshots/1");
        let first = home.join(".snapshots/1/snapshot");
        snapshot(home, &first);
        let copy = first.join(".ssh/id_ed25519");
        assert_eq!(arena.reach("open", &[&copy]), Attempt::Got, "unguarded");

        let daemon = Daemon::start(sandbox, BLOCK);
        let line = wait_for_line(&daemon, &secret, |line| line.copies == 1);
        assert_eq!(line.note, "In snapshots: 1 copy, guarded too.");
        assert_eq!(arena.reach("open", &[&copy]), Attempt::Refused);
        daemon.wait_for("the copy's reader", |events| events.iter().any(|event| event.secret.path == copy));

        // One more, under a name of the user's own choice, while the guard runs.
        let second = home.join("before-the-upgrade");
        snapshot(home, &second);
        let copy = second.join(".ssh/id_ed25519");
        wait_for_line(&daemon, &secret, |line| line.copies == 2);
        assert_eq!(arena.reach("open", &[&copy]), Attempt::Refused);
        // A mark must not keep a snapshot alive.
        for path in [&first, &second] {
            root(Command::new("btrfs").args(["subvolume", "delete"]).arg(path));
        }
        assert!(!copy.exists());
    });
}

#[test]
fn reading_the_disk_is_told_and_shown_and_never_stopped() {
    sandboxed("guard", "bypass::storage::reading_the_disk_is_told_and_shown_and_never_stopped", |sandbox| {
        need("debugfs");
        let disk = Disk::below_home(sandbox, FileSystem::Ext4);
        let secret = sandbox.write(".ssh/id_ed25519", "the key below everything\n");
        root(&mut Command::new("sync"));
        let read = |disk: &Disk| {
            let mut debugfs = Command::new("debugfs");
            root(debugfs.args(["-R", "cat /.ssh/id_ed25519"]).arg(&disk.device)).stdout
        };
        assert_eq!(read(&disk), "the key below everything\n", "unguarded");
        let daemon = Daemon::start(sandbox, BLOCK);
        let events = daemon.wait_for("the disk's reader", |events| {
            // What the guard does not own it does not deny.
            assert_eq!(read(&disk), "the key below everything\n");
            events.iter().any(|event| event.secret.path == disk.device)
        });
        let event = events.iter().find(|event| event.secret.path == disk.device).expect("just found");
        assert_eq!((event.action, event.importance), (Action::Allowed, Importance::Attention), "{event:?}");
        assert!(event.reader.exe.ends_with("debugfs"), "{event:?}");
        assert!(secret.exists());
        assert!(!daemon.state().gaps.iter().any(|gap| gap.contains("directly")), "{:?}", daemon.state().gaps);
    });
}

#[test]
fn a_disk_that_everybody_can_read_is_said() {
    sandboxed("guard", "bypass::storage::a_disk_that_everybody_can_read_is_said", |sandbox| {
        let disk = Disk::below_home(sandbox, FileSystem::Ext4);
        sandbox.write(".ssh/id_ed25519", "the key\n");
        let _open = OpenNode::new(&disk.device);
        let daemon = Daemon::start(sandbox, BLOCK);
        let words = format!("Every program can read the disk {} directly", disk.device.display());
        let started = Instant::now();
        while !daemon.state().gaps.iter().any(|gap| gap.starts_with(&words)) {
            assert!(started.elapsed() < PATIENCE, "{:?}", daemon.state().gaps);
        }
        let status = sandbox.ok(&mut daemon.doorward(&["status"]));
        assert!(status.contains(&words), "{status}");
    });
}

#[test]
fn each_secrets_line_says_what_its_file_system_lacks() {
    sandboxed("guard", "bypass::storage::each_secrets_line_says_what_its_file_system_lacks", |sandbox| {
        let arena = Arena::new(sandbox);
        let aws = sandbox.folder(".aws");
        root(Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&aws));
        let in_memory = sandbox.write(".aws/credentials", "[default]\n");
        let ssh = sandbox.folder(".ssh");
        let lower = sandbox.folder("layers/lower");
        let below = sandbox.write("layers/lower/id_ed25519", "the key\n");
        let (upper, work) = (sandbox.folder("layers/upper"), sandbox.folder("layers/work"));
        let layers =
            format!("lowerdir={},upperdir={},workdir={}", lower.display(), upper.display(), work.display());
        root(Command::new("mount").args(["-t", "overlay", "overlay", "-o", &layers]).arg(&ssh));
        let layered = ssh.join("id_ed25519");
        let plain = sandbox.write(".npmrc", "//127.0.0.1:9/:_authToken=made-up\n");

        let daemon = Daemon::start(sandbox, BLOCK);
        let coverage = daemon.state().coverage;
        let line = |path: &Path| coverage.iter().find(|line| line.path == path).expect("a line");
        assert_eq!((line(&plain).level, line(&plain).note.as_str()), (CoverageLevel::Full, ""));
        assert_eq!(line(&in_memory).level, CoverageLevel::Opens);
        assert!(
            line(&in_memory).note.contains("(tmpfs) has no pre-content events"),
            "{:?}",
            line(&in_memory)
        );
        assert_eq!(line(&layered).level, CoverageLevel::Opens);
        assert!(line(&layered).note.contains("overlay"), "{:?}", line(&layered));
        assert!(line(&layered).note.contains("below the overlay"), "{:?}", line(&layered));
        // What the lines say is so.
        for secret in [&in_memory, &layered, &plain] {
            assert_eq!(arena.reach("open", &[secret]), Attempt::Refused, "{}", secret.display());
        }
        assert_eq!(arena.reach("open", &[&below]), Attempt::Got);
        drop(daemon);
        for folder in [&aws, &ssh] {
            root(Command::new("umount").arg(folder));
        }
    });
}

#[test]
fn what_is_mounted_later_is_guarded() {
    sandboxed("guard", "bypass::storage::what_is_mounted_later_is_guarded", |sandbox| {
        let arena = Arena::new(sandbox);
        sandbox.write(".aws/credentials", "[default]\n");
        let daemon = Daemon::start(sandbox, BLOCK);
        let over = sandbox.folder(".aws");
        let elsewhere = sandbox.root().join("elsewhere");
        fs::create_dir_all(&elsewhere).expect("a folder");
        root(Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&elsewhere));
        fs::write(elsewhere.join("credentials"), "[default]\nmade up = yes\n").expect("a file");
        sandbox.own(&elsewhere.join("credentials"));
        root(Command::new("mount").arg("--bind").arg(&elsewhere).arg(&over));
        let secret = over.join("credentials");
        wait_for_line(&daemon, &secret, |line| line.note.contains("tmpfs"));
        assert_eq!(arena.reach("open", &[&secret]), Attempt::Refused);
        drop(daemon);
        for folder in [&over, &elsewhere] {
            root(Command::new("umount").arg(folder));
        }
    });
}

#[test]
fn a_home_that_comes_later_is_guarded() {
    sandboxed("guard", "bypass::storage::a_home_that_comes_later_is_guarded", |sandbox| {
        let arena = Arena::new(sandbox);
        let later = sandbox.home().with_file_name("later");
        let homes = format!("homes = {:?}", [sandbox.home(), &later]);
        let daemon = Daemon::start(sandbox, &format!("{BLOCK}\n{homes}"));
        fs::create_dir(&later).expect("a home");
        fs::create_dir(later.join(".ssh")).expect("a folder");
        let key = later.join(".ssh/id_ed25519");
        fs::write(&key, "the key\n").expect("a key");
        [&later, &later.join(".ssh"), &key].into_iter().for_each(|path| sandbox.own(path));
        wait_for_line(&daemon, &key, |line| line.level == CoverageLevel::Full);
        assert_eq!(arena.reach("open", &[&key]), Attempt::Refused);
    });
}

#[test]
fn a_home_that_gets_its_owner_after_the_start_is_guarded() {
    sandboxed("guard", "bypass::storage::a_home_that_gets_its_owner_after_the_start_is_guarded", |sandbox| {
        let arena = Arena::new(sandbox);
        let later = sandbox.home().with_file_name("later");
        fs::create_dir(&later).expect("a home of root's");
        let homes = format!("homes = {:?}", [sandbox.home(), &later]);
        let daemon = Daemon::start(sandbox, &format!("{BLOCK}\n{homes}"));
        // The guard's first look is over by then.
        std::thread::sleep(Duration::from_secs(1));
        let made = sandbox.root().join("made");
        fs::create_dir(&made).expect("a folder");
        fs::write(made.join("id_ed25519"), "the key\n").expect("a key");
        [&made, &made.join("id_ed25519"), &later].into_iter().for_each(|path| sandbox.own(path));
        fs::rename(&made, later.join(".ssh")).expect("a move");
        let key = later.join(".ssh/id_ed25519");
        wait_for_line(&daemon, &key, |line| line.level == CoverageLevel::Full);
        assert_eq!(arena.reach("open", &[&key]), Attempt::Refused);
    });
}

/// The status line of a path, once it is as wanted.
fn wait_for_line(daemon: &Daemon<'_>, path: &Path, wanted: impl Fn(&Coverage) -> bool) -> Coverage {
    let started = Instant::now();
    loop {
        let coverage = daemon.state().coverage;
        let line = coverage.iter().find(|line| line.path == path);
        if let Some(line) = line.filter(|line| wanted(line)) {
            return line.clone();
        }
        assert!(
            started.elapsed() < Duration::from_secs(15),
            "{}: {line:?}\n{}",
            path.display(),
            daemon.log()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn snapshot(of: &Path, to: &Path) {
    root(Command::new("btrfs").args(["subvolume", "snapshot", "-r"]).arg(of).arg(to));
}

fn root(command: &mut Command) -> Run {
    let run = Run::from(command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")));
    assert_eq!(run.code, 0, "{command:?}: {run}");
    run
}

/// What to make on a disk.
#[derive(Clone, Copy)]
pub(super) enum FileSystem {
    Btrfs,
    Ext3,
    Ext4,
}

/// A disk of the test's own with the sandbox's home on it; goes with the value.
pub(super) struct Disk {
    pub(super) device: PathBuf,
    home: PathBuf,
}

impl Disk {
    pub(super) fn below_home(sandbox: &Sandbox, kind: FileSystem) -> Self {
        let (make, megabytes) = match kind {
            FileSystem::Btrfs => ("mkfs.btrfs", 128),
            FileSystem::Ext3 => ("mkfs.ext3", 16),
            FileSystem::Ext4 => ("mkfs.ext4", 16),
        };
        need(make);
        let image = sandbox.root().join("disk");
        fs::File::create(&image).and_then(|file| file.set_len(megabytes << 20)).expect("an image");
        root(Command::new(make).arg("-q").arg(&image));
        let device = root(Command::new("losetup").args(["--find", "--show"]).arg(&image)).stdout;
        let disk = Self { device: device.trim().into(), home: sandbox.home().to_owned() };
        root(Command::new("mount").arg(&disk.device).arg(&disk.home));
        sandbox.own(&disk.home);
        disk
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let home = Command::new("umount").arg("--lazy").arg(&self.home).status();
        let device = Command::new("losetup").arg("--detach").arg(&self.device).status();
        assert!(home.is_ok_and(|done| done.success()) && device.is_ok_and(|done| done.success()));
    }
}

/// A device node that everybody may read, while the value lives.
struct OpenNode {
    node: PathBuf,
    before: u32,
}

impl OpenNode {
    fn new(node: &Path) -> Self {
        let before = fs::metadata(node).expect("a device").permissions().mode();
        fs::set_permissions(node, fs::Permissions::from_mode(0o604)).expect("opened");
        Self { node: node.to_owned(), before }
    }
}

impl Drop for OpenNode {
    fn drop(&mut self) {
        let _ = fs::set_permissions(&self.node, fs::Permissions::from_mode(self.before));
    }
}
