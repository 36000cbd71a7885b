//! Programs that only look like an allowed reader, or are one with something foreign in it, are
//! strangers; the same program left alone reads its key.

use super::everyday::make_key;
use doorward_protocol::{Action, Event};
use doorward_tests::{Daemon, Run, Sandbox, need, sandboxed};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is printed where the key could be read.
const PUBLIC: &str = "ssh-ed25519 ";

/// A library that does nothing but be loaded.
const LIBRARY: &str = "__attribute__((constructor)) static void loaded(void) {}\n\
                       unsigned la_version(unsigned v) { return v; }\n\
                       int gconv_init(void *step) { return 0; }\nint gconv(void) { return 0; }\n";

#[test]
fn only_the_program_itself_is_the_reader() {
    sandboxed("guard", "identity::only_the_program_itself_is_the_reader", |sandbox| {
        for program in ["ssh-keygen", "cc", "strace", "bwrap", "python3"] {
            need(program);
        }
        make_key(sandbox);
        let scene = Scene::new(sandbox);
        let daemon = Daemon::start(sandbox, "mode = \"block\"\ngate = false");
        let itself = sandbox.run(&mut scene.ssh_keygen());
        assert!(itself.stdout.starts_with(PUBLIC), "left alone it reads its key: {itself}");

        let masks = scene.masks();
        let mut wrong = Vec::new();
        for mask in &masks {
            let run = sandbox.run(&mut scene.shell(mask.command));
            if run.stdout.contains(PUBLIC) || run.stdout.contains("OPENSSH") {
                wrong.push(format!("{}: it was taken for the reader: {run}", mask.what));
            }
        }
        let events = daemon.wait_for("an event of each attempt", |events| {
            events.iter().filter(|event| event.action == Action::Denied).count() >= masks.len()
        });
        for mask in &masks {
            if !events.iter().any(|event| event.action == Action::Denied && (mask.told)(event)) {
                let told: Vec<_> = events.iter().map(|event| (&event.reader, &event.why)).collect();
                wrong.push(format!("{}: no event tells it: {told:?}", mask.what));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        println!("{} ways of looking like a reader, none taken for it", masks.len());
    });
}

/// One way of looking like ssh-keygen.
struct Mask {
    what: &'static str,
    /// A line of the shell; `$key`, `$lib` and `$dir` are set.
    command: &'static str,
    /// What one event must say.
    told: fn(&Event) -> bool,
}

struct Scene<'a> {
    sandbox: &'a Sandbox,
    key: PathBuf,
    folder: PathBuf,
}

impl<'a> Scene<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let folder = sandbox.folder("masks");
        let source = sandbox.write("masks/foreign.c", LIBRARY);
        let library = folder.join("foreign.so");
        compile(Command::new("cc").args(["-shared", "-fPIC", "-w", "-o"]).args([&library, &source]));
        sandbox.own(&library);
        let scene = Self { sandbox, key: sandbox.home().join(".ssh/id_ed25519"), folder };
        scene.put("ssh-keygen", "/usr/bin/ssh-keygen", 0o755);
        scene.put("cat", "/usr/bin/cat", 0o755);
        // Root's own copy that runs as root whoever starts it.
        let setuid = sandbox.root().join("print-as-root");
        fs::copy("/usr/bin/cat", &setuid).expect("copy");
        fs::set_permissions(&setuid, fs::Permissions::from_mode(0o4755)).expect("setuid");
        sandbox.write("masks/aws", "#!/usr/bin/python3\nimport os\nprint(open(os.environ['key']).read())\n");
        scene
    }

    fn put(&self, name: &str, from: &str, mode: u32) {
        let to = self.folder.join(name);
        fs::copy(from, &to).expect("copy");
        fs::set_permissions(&to, fs::Permissions::from_mode(mode)).expect("mode");
        self.sandbox.own(&to);
    }

    fn ssh_keygen(&self) -> Command {
        let mut command = self.sandbox.command("ssh-keygen");
        command.args(["-y", "-P", "", "-f"]).arg(&self.key);
        command
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = self.sandbox.command("/bin/bash");
        command.args(["-c", line]).env("key", &self.key).env("dir", &self.folder);
        command.env("lib", self.folder.join("foreign.so")).env("root", self.sandbox.root());
        command
    }

    fn masks(&self) -> Vec<Mask> {
        const fn mask(what: &'static str, command: &'static str, told: fn(&Event) -> bool) -> Mask {
            Mask { what, command, told }
        }
        vec![
            mask(
                "another program mounted over it in a user's own namespace",
                r#"unshare -Urm sh -c 'mount --bind "$dir/cat" /usr/bin/ssh-keygen; exec /usr/bin/ssh-keygen "$key"'"#,
                |event| event.reader.foreign_namespace && event.reader.exe.ends_with("ssh-keygen"),
            ),
            mask(
                "itself in another mount namespace",
                r#"unshare -Urm /usr/bin/ssh-keygen -y -P '' -f "$key""#,
                |event| event.reader.foreign_namespace,
            ),
            mask(
                "itself in another process namespace",
                r#"unshare -Urpf /usr/bin/ssh-keygen -y -P '' -f "$key""#,
                |event| event.reader.foreign_namespace,
            ),
            mask(
                "itself in a sandbox made by hand",
                r#"bwrap --dev-bind / / --unshare-pid /usr/bin/ssh-keygen -y -P '' -f "$key""#,
                |event| event.reader.foreign_namespace,
            ),
            mask("a copy of it", r#""$dir/ssh-keygen" -y -P '' -f "$key""#, |event| {
                event.reader.exe.ends_with("masks/ssh-keygen")
            }),
            mask(
                "a copy that deletes itself",
                r#"cp "$dir/ssh-keygen" "$dir/gone"; exec 3<"$dir/gone"; sh -c 'rm "$dir/gone"; exec /proc/self/fd/3 -y -P "" -f "$key"'"#,
                |event| event.reader.exe.to_string_lossy().ends_with("gone (deleted)"),
            ),
            mask(
                "a copy that was never on a disk",
                r#"python3 -c 'import os; fd = os.memfd_create("ssh-keygen"); os.write(fd, open("/usr/bin/ssh-keygen", "rb").read()); os.execve(fd, ["ssh-keygen", "-y", "-P", "", "-f", os.environ["key"]], os.environ)'"#,
                |event| event.reader.exe.to_string_lossy().starts_with("/memfd:"),
            ),
            mask("its name alone", r#"exec -a /usr/bin/ssh-keygen cat "$key""#, |event| {
                event.reader.exe.ends_with("cat") && event.reader.cmdline[0] == "/usr/bin/ssh-keygen"
            }),
            mask("LD_PRELOAD", r#"LD_PRELOAD="$lib" ssh-keygen -y -P '' -f "$key""#, |event| {
                injected(event, "LD_PRELOAD")
            }),
            mask("LD_AUDIT", r#"LD_AUDIT="$lib" ssh-keygen -y -P '' -f "$key""#, |event| {
                injected(event, "LD_AUDIT")
            }),
            mask("GCONV_PATH", r#"GCONV_PATH="$dir" ssh-keygen -y -P '' -f "$key""#, |event| {
                injected(event, "GCONV_PATH")
            }),
            mask(
                "LD_LIBRARY_PATH with a library of the user's",
                r#"cp /lib/x86_64-linux-gnu/libcrypto.so.3 "$dir/"; LD_LIBRARY_PATH="$dir" ssh-keygen -y -P '' -f "$key""#,
                |event| injected(event, "LD_LIBRARY_PATH") && injected(event, "mapped code"),
            ),
            mask(
                "the loader as the program",
                r#"/lib64/ld-linux-x86-64.so.2 --preload "$lib" /usr/bin/ssh-keygen -y -P '' -f "$key""#,
                |event| event.reader.exe.to_string_lossy().contains("ld-linux"),
            ),
            mask("a tracer", r#"strace -o /dev/null ssh-keygen -y -P '' -f "$key""#, |event| {
                injected(event, "tracer")
            }),
            mask("a setuid program", r#""$root/print-as-root" "$key""#, |event| {
                event.reader.exe.ends_with("print-as-root")
            }),
            mask("a script of the same name", r#"python3 "$dir/aws""#, |event| {
                event.reader.script.as_ref().is_some_and(|script| script.ends_with("masks/aws"))
            }),
            mask(
                "an interpreter with code in its arguments",
                r#"python3 -c 'print(open("'"$key"'").read())'"#,
                |event| {
                    event.reader.exe.to_string_lossy().contains("python3") && event.reader.script.is_none()
                },
            ),
        ]
    }
}

fn injected(event: &Event, by: &str) -> bool {
    event.reader.injected.iter().any(|injection| injection.by == by)
}

fn compile(command: &mut Command) {
    let run = Run::from(command.output().expect("cc runs"));
    assert_eq!(run.code, 0, "{run}");
}

/// Python and Node.js load code from many places besides the script that they are known by.
#[test]
fn interpreters_with_foreign_code_are_strangers() {
    sandboxed("guard", "identity::interpreters_with_foreign_code_are_strangers", |sandbox| {
        need("aws");
        need("npm");
        let secret = "made-up-and-secret";
        sandbox.write(
            ".aws/credentials",
            &format!("[default]\naws_access_key_id = MADEUPKEYID\naws_secret_access_key = {secret}\n"),
        );
        sandbox.write(".npmrc", "registry=http://127.0.0.1:9/\n");
        let spy = sandbox.write("spy/spy.py", "pass\n");
        let node_spy = sandbox.write("spy/spy.js", "0;\n");
        let user_site = python_user_site(sandbox);
        let daemon = Daemon::start(sandbox, "mode = \"block\"\ngate = false");

        let list = |sandbox: &Sandbox, name: &str, value: &Path| {
            let mut command = sandbox.command("/usr/bin/aws");
            command.args(["configure", "list"]).env(name, value);
            sandbox.run(&mut command).stdout.contains("shared-credentials-file")
        };
        assert!(list(sandbox, "NOTHING", Path::new("x")), "left alone it reads its credentials");
        let folder = spy.parent().expect("a folder");
        for name in ["PYTHONPATH", "PYTHONPYCACHEPREFIX", "PYTHONUSERBASE", "PYTHONSTARTUP"] {
            assert!(!list(sandbox, name, folder), "{name} is foreign code");
            told(&daemon, name);
        }
        sandbox.write(&format!("{user_site}/usercustomize.py"), "pass\n");
        assert!(!list(sandbox, "NOTHING", Path::new("x")), "usercustomize is foreign code");
        told(&daemon, "user's own Python packages");
        fs::remove_file(sandbox.home().join(&user_site).join("usercustomize.py")).expect("remove");
        sandbox.write(&format!("{user_site}/spy.pth"), "import os\n");
        assert!(!list(sandbox, "NOTHING", Path::new("x")), "a .pth file is foreign code");

        let registry = |options: &str| {
            let mut command = sandbox.command("npm");
            command.args(["config", "get", "registry"]).env("NODE_OPTIONS", options);
            sandbox.run(&mut command).stdout.contains("127.0.0.1:9")
        };
        assert!(registry("--max-old-space-size=4096"), "left alone npm reads its settings");
        for options in [
            format!("--require {}", node_spy.display()),
            format!("--import={}", node_spy.display()),
            "--inspect=0".into(),
        ] {
            assert!(!registry(&options), "{options} is foreign code");
        }
        told(&daemon, "NODE_OPTIONS");
    });
}

fn python_user_site(sandbox: &Sandbox) -> String {
    let code = "import site; print(site.getusersitepackages())";
    let path = sandbox.ok(sandbox.command("/usr/bin/python3").args(["-c", code]));
    let home = format!("{}/", sandbox.home().display());
    path.trim().strip_prefix(&home).expect("below the home").to_owned()
}

fn told(daemon: &Daemon<'_>, by: &str) {
    daemon.wait_for("an event that names what is foreign", |events| {
        events.iter().any(|event| event.action == Action::Denied && injected(event, by))
    });
}
