//! An interpreter is the program that its script is, unless it was told to load something besides.

use doorward_protocol::Action;
use doorward_tests::{Daemon, Run, Sandbox, need, sandboxed};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SECRET: &str = "made-up-and-secret";

/// An interpreter with a script of root's that reads the secret, which the catalog of this test allows it.
struct Reader {
    /// The interpreter's file name.
    name: &'static str,
    /// The script: its name and text.
    script: (&'static str, &'static str),
    /// What stands before the script.
    option: &'static str,
    /// Variables that change nothing.
    harmless: &'static [(&'static str, &'static str)],
    /// Variables that bring foreign code in; `SPY` stands for a file of the user's.
    foreign: &'static [(&'static str, &'static str)],
}

const READERS: &[Reader] = &[
    Reader {
        name: "perl",
        script: ("show.pl", "open(my $f, '<', $ENV{key}) or die; print <$f>;\n"),
        option: "",
        harmless: &[("PERL_UNICODE", "0")],
        foreign: &[("PERL5OPT", "-MSpy"), ("PERL5LIB", "SPY"), ("PERLLIB", "SPY"), ("PERL5DB", "SPY")],
    },
    Reader {
        name: "bash",
        script: ("show.bash", "read -r line < \"$key\"; echo \"$line\"\n"),
        option: "",
        harmless: &[("BASH_COMPAT", "5.0")],
        foreign: &[("BASH_ENV", "SPY"), ("ENV", "SPY"), ("BASH_FUNC_read%%", "() { builtin read \"$@\"; }")],
    },
    Reader {
        name: "dash",
        script: ("show.sh", "read -r line < \"$key\"; echo \"$line\"\n"),
        option: "",
        harmless: &[("BASHOPTS", "x")],
        foreign: &[("ENV", "SPY")],
    },
    // Stand-ins of these names: what they would load, they would load before their script.
    Reader {
        name: "ruby",
        script: ("show.rb", ""),
        option: "",
        harmless: &[("RUBY_GC_HEAP_GROWTH_FACTOR", "1.1")],
        foreign: &[("RUBYOPT", "-rspy"), ("RUBYLIB", "SPY")],
    },
    Reader {
        name: "java",
        script: ("show.jar", ""),
        option: "-jar",
        harmless: &[("JAVA_TOOL_OPTIONS", "-Xmx64m -Dfile.encoding=UTF-8")],
        foreign: &[
            ("JAVA_TOOL_OPTIONS", "-javaagent:SPY"),
            ("JDK_JAVA_OPTIONS", "@SPY"),
            ("_JAVA_OPTIONS", "-XX:OnError=SPY"),
            ("CLASSPATH", "SPY"),
        ],
    },
];

/// Prints the file that a variable names.
const STAND_IN: &str = "#include <stdio.h>\n#include <stdlib.h>\nint main(void) { char text[64];\n\
    FILE *file = fopen(getenv(\"key\"), \"r\"); return !file || !fgets(text, 64, file) || puts(text) < 0; }\n";

#[test]
fn what_an_interpreter_is_told_to_load_makes_it_a_stranger() {
    let name = "interpreters::what_an_interpreter_is_told_to_load_makes_it_a_stranger";
    sandboxed("guard", name, |sandbox| {
        let key = sandbox.write(".test/key", &format!("{SECRET}\n"));
        let spy = sandbox.write("spy/spy", "");
        sandbox.write("Spy.pm", "1;\n");
        let tools = sandbox.root().join("show");
        fs::create_dir(&tools).expect("a folder of root's");
        let catalog = catalog(sandbox, &tools);
        let settings = format!("mode = \"block\"\ngate = false\ncatalog_dir = {catalog:?}");
        let daemon = Daemon::start(sandbox, &settings);
        let stranger = sandbox.run(sandbox.command("/usr/bin/cat").arg(&key));
        assert_ne!(stranger.code, 0, "{stranger}");
        let mut wrong = Vec::new();
        for reader in READERS {
            let run = |variable: &str, value: &str| {
                let mut command = sandbox.command(reader.program(&tools));
                command.env("PERL_USE_UNSAFE_INC", "1").env("key", &key);
                command.env(variable, value.replace("SPY", &spy.to_string_lossy()));
                command.args(Some(reader.option).filter(|option| !option.is_empty()));
                let run = sandbox.run(command.arg(tools.join(reader.script.0)));
                run.stdout.contains(SECRET)
            };
            for (variable, value) in reader.harmless {
                if !run(variable, value) {
                    wrong.push(format!("{} with {variable}={value} reads its own secret", reader.name));
                }
            }
            for (variable, value) in reader.foreign {
                if run(variable, value) {
                    wrong.push(format!("{} with {variable}={value} was taken for itself", reader.name));
                    continue;
                }
                let by = variable.trim_end_matches("%%");
                daemon.wait_for("a denial that names the variable", |events| {
                    events.iter().any(|event| {
                        event.action == Action::Denied
                            && event.reader.exe.ends_with(reader.name)
                            && event.reader.injected.iter().any(|told| told.by.starts_with(by))
                    })
                });
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

impl Reader {
    /// The interpreter, or the stand-in of its name.
    fn program(&self, tools: &Path) -> PathBuf {
        match self.script.1.is_empty() {
            true => tools.join(self.name),
            false => Path::new("/usr/bin").join(self.name),
        }
    }
}

/// Writes scripts, stand-ins and an administrator's catalog that allows them the secret.
fn catalog(sandbox: &Sandbox, tools: &Path) -> PathBuf {
    let source = tools.join("show.c");
    fs::write(&source, STAND_IN).expect("write");
    let (mut readers, mut ids) = (String::new(), Vec::new());
    for reader in READERS {
        let (program, script) = (reader.program(tools), tools.join(reader.script.0));
        fs::write(&script, reader.script.1).expect("write");
        if reader.script.1.is_empty() {
            let built = Command::new("cc").arg("-o").args([&program, &source]).output().expect("cc");
            let built = Run::from(built);
            assert_eq!(built.code, 0, "{built}");
        } else {
            need(reader.name);
        }
        let id = format!("show-{}", reader.name);
        readers.push_str(&format!(
            "[[reader]]\nid = \"{id}\"\ntitle = \"{id}\"\nexe = [{program:?}]\nscript = [{script:?}]\n"
        ));
        ids.push(id);
    }
    let secret = "[[secret]]\nid = \"test-key\"\ntitle = \"test key\"\ntier = 1\npaths = [\".test/key\"]\n";
    let folder = sandbox.root().join("catalog.d");
    fs::create_dir(&folder).expect("a folder of root's");
    fs::write(folder.join("test.toml"), format!("{secret}readers = {ids:?}\n{readers}")).expect("write");
    folder
}
