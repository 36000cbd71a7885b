//! What makes a program not quite itself: variables, options, tracers and foreign mapped code.

use super::script::{Interpreter, Invocation, is_harmless_to_java, is_harmless_to_node};
use super::{Identity, proc};
use doorward_protocol::Injection;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Variables that make any program load code.
const LOADER: &[&str] =
    &["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GCONV_PATH", "LD_PROFILE", "ELECTRON_RUN_AS_NODE"];
const NODE: &[&str] = &["NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE", "NODE_COMPILE_CACHE"];
const PYTHON: &[&str] = &[
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONUSERBASE",
    "PYTHONSTARTUP",
    "PYTHONPYCACHEPREFIX",
    "PYTHONBREAKPOINT",
    "PYTHONWARNINGS",
    "PYTHONPLATLIBDIR",
    "PYTHONINSPECT",
];
const RUBY: &[&str] = &["RUBYOPT", "RUBYLIB"];
const PERL: &[&str] = &["PERL5OPT", "PERL5LIB", "PERLLIB", "PERL5DB"];
const JAVA: &[&str] = &["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH"];
const SHELL: &[&str] = &["BASH_ENV", "ENV", "ZDOTDIR", "SHELLOPTS", "PS4"];
/// Functions that a shell takes over from its environment.
const SHELL_FUNCTION: &str = "BASH_FUNC_";
/// What says where Python looks for its user's packages.
const USER_SITE: &[&str] = &["HOME", "PYTHONNOUSERSITE"];

/// Libraries below these folders belong to the system; nobody else can write there.
const SYSTEM_FOLDERS: &[&str] = &["/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/bin", "/lib", "/lib64"];

pub(super) fn find(
    identity: &Identity,
    interpreter: Option<Interpreter>,
    invocation: &Invocation,
) -> Vec<Injection> {
    let mut found = variables(identity, interpreter, invocation.isolated);
    if interpreter == Some(Interpreter::Python) && !invocation.no_user_packages {
        found.extend(user_packages(identity));
    }
    found.extend(invocation.loads.iter().map(|option| injection("option", option)));
    if identity.tracer != 0 {
        found.push(injection("tracer", &format!("process {}", identity.tracer)));
    }
    found.extend(
        mapped(identity).into_iter().map(|path| injection("mapped code", &path.display().to_string())),
    );
    found
}

/// True where a variable of this name can bring foreign code into some program, or tells of such.
pub(super) fn may_inject(name: &str) -> bool {
    let names = [LOADER, NODE, PYTHON, RUBY, PERL, JAVA, SHELL, USER_SITE];
    names.iter().any(|names| names.contains(&name)) || name.starts_with(SHELL_FUNCTION)
}

fn variables(identity: &Identity, interpreter: Option<Interpreter>, isolated: bool) -> Vec<Injection> {
    let own: &[&str] = match interpreter {
        Some(Interpreter::Node) => NODE,
        Some(Interpreter::Python) if !isolated => PYTHON,
        Some(Interpreter::Ruby) => RUBY,
        Some(Interpreter::Perl) => PERL,
        Some(Interpreter::Java) => JAVA,
        Some(Interpreter::Shell) => SHELL,
        _ => &[],
    };
    let function = |name: &str| interpreter == Some(Interpreter::Shell) && name.starts_with(SHELL_FUNCTION);
    let foreign = identity.process.environ.iter().filter(|(name, value)| {
        (LOADER.contains(&name.as_str()) || own.contains(&name.as_str()) || function(name))
            && loads_code(name, value)
    });
    let mut foreign = foreign.peekable();
    // The loader takes nothing from whoever starts a setuid program.
    if foreign.peek().is_none() || proc::is_setuid(identity.pid) {
        return Vec::new();
    }
    foreign.map(|(name, value)| injection(name, value)).collect()
}

/// The folder of the user's own packages, where there are any: Python loads what lies there into every
/// program of the system's, before the program's own modules.
fn user_packages(identity: &Identity) -> Option<Injection> {
    let process = &identity.process;
    if identity.exe_uid != 0 || process.env("PYTHONNOUSERSITE").is_some_and(|value| !value.is_empty()) {
        return None;
    }
    let version = identity.exe.file_name()?.to_str()?;
    let folder = Path::new(process.env("HOME")?).join(".local/lib").join(version).join("site-packages");
    let mut packages = fs::read_dir(&folder).ok()?.flatten();
    let any = packages.any(|entry| entry.file_name() != "__pycache__");
    any.then(|| injection("user's own Python packages", &folder.display().to_string()))
}

/// `NODE_OPTIONS=--max-old-space-size=4096` is everyday; `--require x` is foreign code.
fn loads_code(name: &str, value: &str) -> bool {
    if name == "NODE_OPTIONS" {
        return !value.split_whitespace().all(is_harmless_to_node);
    }
    if name == "LD_LIBRARY_PATH" {
        let users =
            |folder: &str| fs::metadata(folder).is_ok_and(|meta| meta.uid() != 0 || meta.mode() & 0o022 != 0);
        return value.split([':', ';']).any(users);
    }
    if name == "JAVA_TOOL_OPTIONS" || name == "_JAVA_OPTIONS" || name == "JDK_JAVA_OPTIONS" {
        return !value.split_whitespace().all(is_harmless_to_java);
    }
    !value.trim().is_empty()
}

/// Executable mappings that neither the system nor the program's own installation put there. The
/// environment is memory that a loaded library can wipe; a mapping is not.
fn mapped(identity: &Identity) -> Vec<PathBuf> {
    let installation = installation(&identity.exe);
    let foreign = |path: &PathBuf| {
        if *path == identity.exe {
            return false;
        }
        // In a mount namespace of its own, a process decides what these names mean.
        if !identity.mnt_ns_foreign && SYSTEM_FOLDERS.iter().any(|folder| path.starts_with(folder)) {
            return false;
        }
        if identity.exe_uid != 0
            && let Some(own) = &installation
            && path.starts_with(own)
        {
            return false;
        }
        let seen = if identity.mnt_ns_foreign { inside(identity.pid, path) } else { path.clone() };
        !fs::metadata(seen).is_ok_and(|meta| meta.uid() == 0 && meta.mode() & 0o022 == 0)
    };
    proc::executable_maps(identity.pid).into_iter().filter(foreign).collect()
}

fn inside(pid: u32, path: &Path) -> PathBuf {
    proc::path(pid, "root").join(path.strip_prefix("/").unwrap_or(path))
}

/// The folder a program was installed into: the one above `bin`, or its own.
fn installation(exe: &Path) -> Option<PathBuf> {
    let folder = exe.parent()?;
    let above = (folder.file_name()? == "bin").then(|| folder.parent()).flatten();
    Some(above.unwrap_or(folder).to_owned())
}

fn injection(by: &str, value: &str) -> Injection {
    Injection { by: by.to_owned(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyday_node_options_are_no_injection() {
        assert!(!loads_code("NODE_OPTIONS", "--max-old-space-size=4096"));
        assert!(loads_code("NODE_OPTIONS", "--max-old-space-size=4096 --require /tmp/x.js"));
        assert!(loads_code("NODE_OPTIONS", "-r x"));
        assert!(
            loads_code("NODE_OPTIONS", "--openssl-config=/tmp/x"),
            "what is not known to be harmless is not"
        );
        assert!(!loads_code("JAVA_TOOL_OPTIONS", "-Xmx64m -XX:+UseG1GC"));
        assert!(loads_code("JAVA_TOOL_OPTIONS", "-Xmx64m -XX:OnOutOfMemoryError=/tmp/x"));
        assert!(!loads_code("LD_LIBRARY_PATH", "/usr/lib:/usr/local/lib:"));
        assert!(!loads_code("LD_PRELOAD", " "));
        assert!(loads_code("LD_PRELOAD", "/tmp/x.so"));
    }
}
