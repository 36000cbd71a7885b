//! What an interpreter was told to run, and what it was told to load besides.

use std::path::Path;

/// An interpreter, by the name of its executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interpreter {
    Node,
    Python,
    Ruby,
    Perl,
    Java,
    Shell,
    Other,
}

/// What an interpreter's arguments say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Invocation {
    /// The script, as it was spelt.
    pub(super) script: Option<String>,
    /// The module that Python runs in isolated mode. Without `-I` the working directory comes first
    /// when it looks for modules, and the name says nothing.
    pub(super) module: Option<String>,
    /// True where the interpreter ignores its environment.
    pub(super) isolated: bool,
    /// True where it looks for modules neither in the working directory nor in the user's own folder.
    pub(super) isolated_paths: bool,
    /// True where Python leaves out the packages of its user.
    pub(super) no_user_packages: bool,
    /// Options that load other code, or that are not known to be harmless.
    pub(super) loads: Vec<String>,
}

impl Interpreter {
    pub(super) fn of(exe: &Path) -> Option<Self> {
        let name = exe.file_name()?.to_str()?.trim_end_matches(" (deleted)");
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
        Some(match stem {
            "node" | "nodejs" | "bun" | "deno" => Self::Node,
            "python" | "pypy" | "pythonw" => Self::Python,
            "ruby" => Self::Ruby,
            "perl" => Self::Perl,
            "java" | "javaw" => Self::Java,
            "sh" | "bash" | "dash" | "zsh" | "fish" | "ksh" | "mksh" | "yash" => Self::Shell,
            "php" | "lua" | "luajit" | "Rscript" | "R" | "guile" | "tclsh" | "wish" | "gjs" | "awk"
            | "gawk" | "mawk" | "busybox" | "env" | "dotnet" | "mono" | "mono-sgen" | "erl" | "beam.smp"
            | "elixir" | "julia" | "osascript" | "qjs" | "pwsh" => Self::Other,
            _ => return None,
        })
    }

    pub(super) fn read(self, cmdline: &[String]) -> Invocation {
        let mut invocation = Invocation::default();
        let mut words = cmdline.iter().skip(1).map(String::as_str);
        while let Some(word) = words.next() {
            if !word.starts_with('-') || word == "-" {
                invocation.script = (word != "-" && !word.is_empty()).then(|| word.to_owned());
                break;
            }
            match self {
                Self::Python => {
                    if !python_option(word, &mut words, &mut invocation) {
                        break;
                    }
                }
                Self::Node => {
                    if node_option(word, &mut words, &mut invocation) {
                        break;
                    }
                }
                Self::Java if word == "-jar" => {
                    invocation.script = words.next().map(str::to_owned);
                    break;
                }
                Self::Java
                    if ["-cp", "-classpath", "--class-path", "-p", "--module-path"].contains(&word) =>
                {
                    invocation.loads.push(format!("{word} {}", words.next().unwrap_or("")));
                }
                Self::Java if is_harmless_to_java(word) => {}
                Self::Shell if ["--login", "--norc", "--noprofile"].contains(&word) => {}
                Self::Shell if word.chars().skip(1).all(|c| "euxfnmil".contains(c)) => {}
                Self::Shell if !word.starts_with("--") && word.contains('c') => break,
                Self::Perl | Self::Ruby if ["-w", "-T", "-t", "-W"].contains(&word) => {}
                _ => invocation.loads.push(word.to_owned()),
            }
        }
        invocation
    }
}

/// Reads one cluster of Python's options; false where no script follows.
fn python_option<'a>(
    word: &str,
    words: &mut impl Iterator<Item = &'a str>,
    invocation: &mut Invocation,
) -> bool {
    if word.starts_with("--") {
        invocation.loads.push(word.to_owned());
        return true;
    }
    let letters: Vec<char> = word.chars().skip(1).collect();
    for (at, letter) in letters.iter().enumerate() {
        let rest: String = letters[at + 1..].iter().collect();
        let mut value = || if rest.is_empty() { words.next().unwrap_or("").to_owned() } else { rest.clone() };
        match letter {
            's' => invocation.no_user_packages = true,
            'S' | 'u' | 'B' | 'O' | 'P' | 'b' | 'd' | 'q' | 'v' | 'x' | 'R' => {}
            'E' => invocation.isolated = true,
            'I' => {
                (invocation.isolated, invocation.isolated_paths) = (true, true);
                invocation.no_user_packages = true;
            }
            'c' => return false,
            'm' => {
                let module = value();
                invocation.module = invocation.isolated_paths.then_some(module);
                return false;
            }
            // Both name modules that Python imports.
            'W' | 'X' => {
                let value = value();
                invocation.loads.push(format!("-{letter} {value}"));
                return true;
            }
            other => invocation.loads.push(format!("-{other}")),
        }
    }
    true
}

/// Reads one of Node's options; true where no script follows.
fn node_option<'a>(
    word: &str,
    words: &mut impl Iterator<Item = &'a str>,
    invocation: &mut Invocation,
) -> bool {
    let (name, inline) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    match name {
        "-e" | "--eval" | "-p" | "--print" | "-pe" | "-i" | "--interactive" => return true,
        "-r"
        | "--require"
        | "--import"
        | "--loader"
        | "--experimental-loader"
        | "-C"
        | "--conditions"
        | "--env-file"
        | "--input-type" => {
            let value = inline.or_else(|| words.next()).unwrap_or("");
            invocation.loads.push(format!("{name} {value}"));
        }
        _ if is_harmless_to_node(word) => {}
        _ => invocation.loads.push(word.to_owned()),
    }
    false
}

/// True for options of Java that load nothing and start nothing.
pub(super) fn is_harmless_to_java(word: &str) -> bool {
    const HARMLESS: &[&str] = &[
        "-Xms",
        "-Xmx",
        "-Xss",
        "-XX:+Use",
        "-XX:-Use",
        "-XX:MaxRAM",
        "-Dfile.encoding=",
        "-Djava.awt.headless=",
        "-Djava.net.preferIPv4Stack=",
        "-Duser.language=",
        "-Duser.timezone=",
    ];
    HARMLESS.iter().any(|start| word.starts_with(start))
}

/// True for options of Node.js that load nothing.
pub(super) fn is_harmless_to_node(word: &str) -> bool {
    const HARMLESS: &[&str] = &[
        "--no-warnings",
        "--enable-source-maps",
        "--max-old-space-size",
        "--max_old_space_size",
        "--max-semi-space-size",
        "--max-http-header-size",
        "--stack-size",
        "--expose-gc",
        "--disable-warning",
        "--trace-warnings",
        "--trace-deprecation",
        "--no-deprecation",
        "--unhandled-rejections",
        "--dns-result-order",
        "--use-openssl-ca",
        "--use-system-ca",
        "--no-network-family-autoselection",
    ];
    HARMLESS.contains(&word.split_once('=').map_or(word, |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(interpreter: Interpreter, cmdline: &str) -> Invocation {
        interpreter.read(&cmdline.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn interpreters_are_known_by_name_whatever_their_version() {
        let of = |path: &str| Interpreter::of(Path::new(path));
        assert_eq!(of("/usr/bin/python3.11"), Some(Interpreter::Python));
        assert_eq!(of("/usr/bin/node"), Some(Interpreter::Node));
        assert_eq!(of("/bin/dash"), Some(Interpreter::Shell));
        assert_eq!(of("/usr/bin/ssh"), None);
    }

    #[test]
    fn the_script_is_the_first_word_that_is_no_option() {
        let script = |i, line: &str| read(i, line).script;
        assert_eq!(script(Interpreter::Python, "python3 -Es /usr/bin/aws s3"), Some("/usr/bin/aws".into()));
        assert_eq!(
            script(Interpreter::Node, "node --no-warnings /x/npm-cli.js i"),
            Some("/x/npm-cli.js".into())
        );
        assert_eq!(script(Interpreter::Python, "python3 -c pass /usr/bin/aws"), None);
        assert_eq!(script(Interpreter::Node, "node -e 1 /x/npm-cli.js"), None);
        assert_eq!(script(Interpreter::Shell, "sh -ec x /usr/bin/pass"), None);
        assert_eq!(script(Interpreter::Shell, "bash /usr/bin/pass show"), Some("/usr/bin/pass".into()));
    }

    #[test]
    fn options_that_load_other_code_are_told() {
        assert_eq!(read(Interpreter::Node, "node -r /tmp/evil.js /x/npm-cli.js").loads, ["-r /tmp/evil.js"]);
        assert_eq!(
            read(Interpreter::Node, "node --import=/tmp/e.mjs /x/npm-cli.js").loads,
            ["--import /tmp/e.mjs"]
        );
        assert_eq!(read(Interpreter::Python, "python3 -Wd::e.X /usr/bin/aws").loads, ["-W d::e.X"]);
        assert!(read(Interpreter::Python, "python3 -Es /usr/bin/aws").loads.is_empty());
        assert!(!read(Interpreter::Shell, "bash --rcfile /tmp/x").loads.is_empty());
    }

    #[test]
    fn a_module_counts_only_in_isolated_mode() {
        let module = |line: &str| read(Interpreter::Python, line).module;
        assert_eq!(module("python3 -Im azure.cli login"), Some("azure.cli".into()));
        assert_eq!(module("python3 -I -m azure.cli"), Some("azure.cli".into()));
        assert_eq!(module("python3 -m azure.cli"), None);
    }
}
