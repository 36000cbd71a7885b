//! Programs that read their own files are neither disturbed nor reported, even in block mode.

use doorward_protocol::{Action, EventKind, Importance};
use doorward_tests::{Daemon, Sandbox, fixtures, need, sandboxed};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn ssh_keygen_reads_its_key() {
    sandboxed("guard", "everyday::ssh_keygen_reads_its_key", |sandbox| {
        need("ssh-keygen");
        let public = make_key(sandbox);
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let mut command = sandbox.command("ssh-keygen");
        let derived = sandbox.ok(command.arg("-y").arg("-f").arg(sandbox.home().join(".ssh/id_ed25519")));
        assert_eq!(key_of(&derived), key_of(&public));
        undisturbed(&daemon);
    });
}

#[test]
fn git_clones_over_ssh() {
    sandboxed("guard", "everyday::git_clones_over_ssh", |sandbox| {
        need("git");
        need("sshd");
        let public = make_key(sandbox);
        let server = Sshd::start(sandbox, &public);
        let repository = sandbox.folder("origin");
        for args in [
            &["init", "--quiet"][..],
            &[
                "-c",
                "user.name=Ada",
                "-c",
                "user.email=ada@localhost",
                "commit",
                "--quiet",
                "--allow-empty",
                "-m",
                "one",
            ],
        ] {
            sandbox.ok(sandbox.command("git").args(args).current_dir(&repository));
        }
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let url = format!("ssh://{}@127.0.0.1:{}{}", sandbox.user(), server.port, repository.display());
        sandbox.ok(sandbox.command("git").args(["clone", "--quiet", &url, "copy"]));
        let log = sandbox.ok(sandbox.command("git").args(["-C", "copy", "log", "--format=%s"]));
        assert_eq!(log.trim(), "one");
        undisturbed(&daemon);
    });
}

#[test]
fn aws_reads_its_credentials() {
    sandboxed("guard", "everyday::aws_reads_its_credentials", |sandbox| {
        need("aws");
        fixtures::place_secrets(sandbox);
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let listed = sandbox.ok(sandbox.command("/usr/bin/aws").args(["configure", "list"]));
        assert!(listed.contains("0001") && listed.contains("shared-credentials-file"), "{listed}");
        // Nothing listens there: the call must fail at the connection, after the credentials were read.
        let mut call = sandbox.command("/usr/bin/aws");
        call.args([
            "sts",
            "get-caller-identity",
            "--region",
            "local",
            "--endpoint-url",
            "http://127.0.0.1:9",
        ]);
        let run = sandbox.run(call.args(["--cli-connect-timeout", "2"]).env("AWS_MAX_ATTEMPTS", "1"));
        assert_ne!(run.code, 0);
        assert!(run.stderr.contains("Could not connect to the endpoint"), "{run}");
        undisturbed(&daemon);
    });
}

#[test]
fn npm_reads_its_configuration() {
    sandboxed("guard", "everyday::npm_reads_its_configuration", |sandbox| {
        need("npm");
        fixtures::place_secrets(sandbox);
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let registry = sandbox.ok(sandbox.command("npm").args(["config", "get", "registry"]));
        assert_eq!(registry.trim(), "http://127.0.0.1:9/");
        undisturbed(&daemon);
    });
}

/// The guard saw the reads and let them be: nothing was denied, held or worth a notification.
fn undisturbed(daemon: &Daemon<'_>) {
    // Events are written down after the read was answered; give a wrong one the time to appear.
    std::thread::sleep(Duration::from_millis(500));
    let counters = daemon.state().counters;
    assert!(counters.answered > 0, "the guard never saw a read: {counters:?}");
    assert_eq!((counters.denied, counters.asked), (0, 0), "{counters:?}");
    for event in daemon.events().iter().filter(|event| event.kind == EventKind::Read) {
        assert_eq!((event.action, event.importance), (Action::Allowed, Importance::Quiet), "{event:?}");
    }
}

/// A real key of the made-up user; returns the public half.
pub(crate) fn make_key(sandbox: &Sandbox) -> String {
    let key = sandbox.folder(".ssh").join("id_ed25519");
    sandbox.ok(sandbox
        .command("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ada"])
        .arg("-f")
        .arg(&key));
    fs::read_to_string(key.with_extension("pub")).expect("the public key")
}

/// Type and key, without the comment.
fn key_of(line: &str) -> String {
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// A server of the test's own on 127.0.0.1.
pub(crate) struct Sshd {
    child: Child,
    pub(crate) port: u16,
}

impl Sshd {
    pub(crate) fn start(sandbox: &Sandbox, authorized: &str) -> Self {
        let folder = sandbox.root().join("sshd");
        fs::create_dir_all(&folder).expect("a folder");
        // Where sshd locks its unprivileged half up; a package's start script makes it otherwise.
        fs::create_dir_all("/run/sshd").expect("/run/sshd");
        let host_key = folder.join("host_key");
        run_as_root(
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", ""]).arg("-f").arg(&host_key),
        );
        fs::write(folder.join("authorized_keys"), authorized).expect("authorized keys");
        let port = free_port();
        let config = folder.join("sshd_config");
        let text = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {host}\nPidFile {folder}/pid\nUsePAM no\nStrictModes no\n\
             PasswordAuthentication no\nAuthorizedKeysFile {folder}/authorized_keys\n",
            host = host_key.display(),
            folder = folder.display(),
        );
        fs::write(&config, text).expect("a configuration");
        let log = fs::File::create(folder.join("log")).expect("a log");
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(&config)
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("sshd starts");
        let server = Self { child, port };
        server.wait(&folder);
        let host = fs::read_to_string(host_key.with_extension("pub")).expect("the host's key");
        sandbox.write(".ssh/known_hosts", &format!("[127.0.0.1]:{port} {}\n", key_of(&host)));
        server
    }

    fn wait(&self, folder: &Path) {
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(10), "sshd does not listen: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn run_as_root(command: &mut Command) {
    assert!(command.status().expect("the command runs").success(), "{command:?}");
}
