//! Outside judges: what public collections of attacker behaviour do on Linux, in our own words and
//! against a made-up home. What only looks for names must be silent; what reads must be seen.
//!
//! T…: MITRE ATT&CK techniques as Atomic Red Team exercises them; F: the file actions of Falco's event
//! generator. What those only do with another machine, a download or a container is left out.

use doorward_protocol::{Event, EventKind};
use doorward_tests::{Daemon, Run, Sandbox, repository, sandboxed};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// One thing that a judge does.
struct Deed {
    id: &'static str,
    what: &'static str,
    line: &'static str,
    /// The secrets that it reads, below the home unless absolute; none: it only looks for names.
    reads: &'static [&'static str],
}

const KEY: &str = ".ssh/id_rsa";
const AWS: &str = ".aws/credentials";

/// As the user.
const DEEDS: &[Deed] = &[
    Deed {
        id: "T1552.001-a",
        what: "find credential files of clouds",
        reads: &[],
        line: "find \"$HOME\" -type f \\( -name credentials -o -name msal_token_cache.json -o -name credentials.db -o -path '*/.oci/*' \\)",
    },
    Deed {
        id: "T1552.001-b",
        what: "grep for passwords below the home",
        reads: &[AWS, ".npmrc", KEY],
        line: "grep -riE 'pass(word|wd)|secret|token' \"$HOME\" >/dev/null",
    },
    Deed {
        id: "T1552.001-c",
        what: "print git's credentials",
        reads: &[".git-credentials"],
        line: "find \"$HOME\" -name .git-credentials -exec cat {} +",
    },
    Deed {
        id: "T1552.003-a",
        what: "search the shell's history",
        reads: &[".bash_history"],
        line: "cat \"$HOME/.bash_history\" | grep -e pass -e token",
    },
    Deed {
        id: "T1552.003-b",
        what: "search every user's history",
        reads: &[".bash_history"],
        line: "for home in \"$HOME\"/../*; do test -f \"$home/.bash_history\" && tail -n 5 \"$home/.bash_history\"; done",
    },
    Deed {
        id: "T1552.004-a",
        what: "find private keys by name",
        reads: &[],
        line: "find \"$HOME\" -name '*.pem' -o -name 'id_*' -o -name '*.key'",
    },
    Deed {
        id: "T1552.004-b",
        what: "copy SSH keys with cp",
        reads: &[KEY],
        line: "find \"$HOME/.ssh\" -name id_rsa -exec cp --parents {} \"$OUT\" \\;",
    },
    Deed {
        id: "T1552.004-c",
        what: "copy SSH keys with rsync",
        reads: &[KEY],
        line: "find \"$HOME/.ssh\" -name id_rsa -exec rsync -R {} \"$OUT\" \\;",
    },
    Deed {
        id: "T1552.004-d",
        what: "copy the GnuPG folder",
        reads: &[".gnupg/private-keys-v1.d/made-up.key"],
        line: "find \"$HOME\" -maxdepth 1 -name .gnupg -exec cp -r {} \"$OUT\" \\;",
    },
    Deed {
        id: "T1555.003-a",
        what: "copy a browser's passwords",
        reads: &[".mozilla/firefox/x.default/logins.json", ".mozilla/firefox/x.default/key4.db"],
        line: "cp \"$HOME\"/.mozilla/firefox/*.default/logins.json \"$HOME\"/.mozilla/firefox/*.default/key4.db \"$OUT\"",
    },
    Deed {
        id: "T1003.007-a",
        what: "list the memory of one's own process",
        reads: &[],
        line: "head -n 3 /proc/self/maps",
    },
    Deed {
        id: "F-search-keys",
        what: "find keys by name",
        reads: &[],
        line: "find \"$HOME\" -name id_rsa -o -name id_dsa -o -name id_ed25519",
    },
    Deed {
        id: "F-grep-keys",
        what: "grep for private keys",
        reads: &[KEY],
        line: "grep -rl 'BEGIN OPENSSH PRIVATE' \"$HOME/.ssh\"",
    },
    Deed {
        id: "F-find-aws",
        what: "find AWS credentials by path",
        reads: &[],
        line: "find \"$HOME\" -path '*/.aws/credentials'",
    },
    Deed {
        id: "F-grep-aws",
        what: "grep for AWS keys",
        reads: &[AWS],
        line: "grep -r aws_secret_access_key \"$HOME/.aws\"",
    },
    Deed {
        id: "F-ssh-info",
        what: "make a file among the SSH keys",
        reads: &[],
        line: ": > \"$HOME/.ssh/known_hosts.made\"",
    },
    Deed {
        id: "F-hard-link",
        what: "read through a hard link",
        reads: &[KEY],
        line: "ln \"$HOME/.ssh/id_rsa\" \"$OUT/hard\"; cat \"$OUT/hard\"",
    },
    Deed {
        id: "F-soft-link",
        what: "read through a symbolic link",
        reads: &[AWS],
        line: "ln -s \"$HOME/.aws/credentials\" \"$OUT/soft\"; cat \"$OUT/soft\"",
    },
    Deed {
        id: "F-traversal",
        what: "read by way of other folders",
        reads: &[KEY],
        line: "cat \"$HOME/.aws/../.gnupg/../.ssh/./id_rsa\"",
    },
    Deed {
        id: "F-fileless",
        what: "a program that lies in memory only",
        reads: &[KEY],
        line: "\"$FILELESS\" \"$REACH\" open \"$HOME/.ssh/id_rsa\"",
    },
    Deed {
        id: "F-ptrace",
        what: "a reader under a tracer",
        reads: &[".ssh/id_ed25519"],
        line: "\"$TRACE\" /usr/bin/ssh-keygen -y -f \"$HOME/.ssh/id_ed25519\"",
    },
];

/// As root, on a made-up /etc/shadow.
const ROOTS_DEEDS: &[Deed] = &[
    Deed { id: "T1003.008-a", what: "print the accounts", reads: &[], line: "cat /etc/passwd >/dev/null" },
    Deed {
        id: "T1003.008-b",
        // The catalog lets root's own system programs read what is root's.
        what: "print the password hashes with root's own cat",
        reads: &[],
        line: "cat /etc/shadow",
    },
    Deed {
        id: "T1003.008-c",
        what: "the same with a shell's own means",
        reads: &["/etc/shadow"],
        line: "while read -r line; do echo \"$line\"; done < /etc/shadow",
    },
    Deed {
        id: "F-sensitive",
        what: "a program nobody knows opens the hashes",
        reads: &["/etc/shadow"],
        line: "\"$REACH\" open /etc/shadow",
    },
];

#[test]
fn what_looks_is_silent_and_what_reads_is_seen() {
    sandboxed("guard", "judges::what_looks_is_silent_and_what_reads_is_seen", |sandbox| {
        furnish(sandbox);
        let daemon = Daemon::start(sandbox, "mode = \"observe\"\ngate = false");
        for deed in DEEDS {
            carry_out(sandbox, deed, sandbox.command("/bin/sh"));
        }
        judge(&daemon, DEEDS, sandbox.home(), || daemon.events());
    });
}

#[test]
fn what_reads_the_systems_secrets_is_seen() {
    sandboxed("guard", "judges::what_reads_the_systems_secrets_is_seen", |sandbox| {
        let made_up = sandbox.root().join("shadow");
        fs::write(&made_up, "root:*:19000:0:99999:7:::\nada:$y$made$up:19000:0:99999:7:::\n")
            .expect("a file");
        let mounted = Command::new("mount").arg("--bind").arg(&made_up).arg("/etc/shadow").output();
        assert_eq!(Run::from(mounted.expect("mount runs")).code, 0);
        let daemon = Daemon::start(sandbox, "mode = \"observe\"\ngate = false\nsystem = true");
        for deed in ROOTS_DEEDS {
            carry_out(sandbox, deed, Command::new("/bin/sh"));
        }
        let events = || {
            let mut doorward = Command::new(sandbox.program("doorward"));
            let text = sandbox.ok(doorward
                .args(["events", "--json", "--limit", "1000"])
                .env("DOORWARD_SOCKET", daemon.socket()));
            text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
        };
        judge(&daemon, ROOTS_DEEDS, Path::new("/"), events);
    });
}

/// Everything that the judges look for, made up.
fn furnish(sandbox: &Sandbox) {
    let secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nmade up, a token of sorts\n";
    for name in [
        KEY,
        ".npmrc",
        ".git-credentials",
        ".bash_history",
        ".gnupg/private-keys-v1.d/made-up.key",
        ".azure/msal_token_cache.json",
        ".config/gcloud/credentials.db",
        ".oci/sessions/made-up",
        ".mozilla/firefox/x.default/logins.json",
        ".mozilla/firefox/x.default/key4.db",
    ] {
        sandbox.write(name, secret);
    }
    sandbox.write(AWS, "[default]\naws_secret_access_key = made/up\n");
    let mut make = sandbox.command("ssh-keygen");
    sandbox
        .ok(make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(sandbox.home().join(".ssh/id_ed25519")));
}

/// Runs one deed. The shell stays its parent and carries its name, so that events can be told apart.
fn carry_out(sandbox: &Sandbox, deed: &Deed, mut shell: Command) {
    let programs = sandbox.root().join("programs");
    fs::create_dir_all(&programs).expect("a folder");
    for (variable, name) in [("REACH", "reach"), ("TRACE", "trace"), ("FILELESS", "fileless")] {
        let built = programs.join(name);
        if !built.is_file() {
            let source = repository().join("tests/guard/attacks").join(name).with_extension("c");
            let cc = Command::new("cc").args(["-O2", "-o"]).arg(&built).arg(source).output();
            assert_eq!(Run::from(cc.expect("cc runs")).code, 0);
        }
        shell.env(variable, built);
    }
    let out = sandbox.folder("out").join(deed.id);
    fs::create_dir_all(&out).expect("a folder");
    sandbox.own(&out);
    shell.args(["-c", &format!("({}); : {}", deed.line, deed.id)]).env("OUT", &out);
    let run = sandbox.run(&mut shell);
    assert_eq!(run.code, 0, "{}: {run}", deed.id);
}

fn judge(daemon: &Daemon<'_>, deeds: &[Deed], home: &Path, events: impl Fn() -> Vec<Event>) {
    let of = |events: &[Event], deed: &Deed| -> Vec<Event> {
        let name = format!(": {}", deed.id);
        let below = |event: &&Event| {
            let shells =
                event.reader.ancestry.iter().map(|parent| &parent.cmdline).chain([&event.reader.cmdline]);
            shells.flatten().any(|word| word.ends_with(&name))
        };
        events.iter().filter(|event| event.kind == EventKind::Read).filter(below).cloned().collect()
    };
    let seen = |events: &[Event], deed: &Deed| {
        let told = of(events, deed);
        deed.reads.iter().all(|path| told.iter().any(|event| event.secret.path == home.join(path)))
    };
    // Events are written down after the reads were answered.
    let started = Instant::now();
    let mut found = events();
    while !deeds.iter().all(|deed| seen(&found, deed)) && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(200));
        found = events();
    }
    println!("judge          deed                                         should be  events");
    let mut wrong = Vec::new();
    for deed in deeds {
        let told = of(&found, deed);
        let should = if deed.reads.is_empty() { "silent" } else { "seen" };
        println!("{:<14} {:<44} {should:<10} {}", deed.id, deed.what, told.len());
        if (deed.reads.is_empty() && !told.is_empty()) || !seen(&found, deed) {
            wrong.push(format!("{} should be {should}: {told:?}", deed.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{}", daemon.log());
}
