//! Python: what runs on installation and on import, and what only waits in functions.

mod address;
mod builtins;
mod call;
mod commands;
mod express;
mod fold;
mod given;
mod interpreter;
mod roles;
mod sinks;
mod statements;
mod tree;
mod value;

use super::evidence::{Evidence, language_of};
use super::hollow::is_wrapping;
use super::lexing::{Language, Lexed, lex};
use super::signal::Signal::*;
use super::signal::Signals;
use super::text;
use crate::{PackageFiles, PypiKind, SourceFile};
use aho_corasick::AhoCorasick;
use doorward_protocol::Stage;
use interpreter::Interpreter;
use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::OnceLock;

pub(super) use interpreter::Seen;

/// What walking the package's Python files showed, by file.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) seen: HashMap<usize, Seen>,
    /// The files that installing the package runs.
    pub(super) install: Vec<usize>,
    /// Files in folders of tests or examples that the package runs all the same.
    pub(super) used: HashSet<usize>,
}

/// How much text is held parsed at once: its tree takes some twenty times its size. Files that are walked together
/// know each other's values. A package that is itself a burden on the memory leaves less to its trees.
fn held_at_once(package: &PackageFiles<'_>) -> usize {
    const BURDEN: usize = 64 << 20;
    let all: usize = package.files.iter().map(|file| file.bytes.len()).sum();
    if all > BURDEN { 1 << 20 } else { 3 << 20 }
}

/// Walks the files that may do something, those first that run on installation.
pub(super) fn follow(package: &PackageFiles<'_>) -> Followed {
    let roots = install_files(package);
    let mut others: Vec<usize> = package
        .files
        .iter()
        .enumerate()
        .filter(|(index, file)| !roots.contains(index) && is_walked(file))
        .map(|(index, _)| index)
        .collect();
    others.sort_by_key(|&index| {
        let file = &package.files[index];
        (file.path.contains("test"), !file.path.ends_with("__init__.py"), file.bytes.len())
    });
    let most = held_at_once(package);
    tree::with_deep_stack(|| {
        let mut followed = Followed::default();
        let (mut past, mut steps, mut others) = (HashSet::new(), 0, VecDeque::from(others));
        let mut roots = Some(roots);
        loop {
            let trees = interpreter::Trees::default();
            let mut interpreter = Interpreter::new(&trees, &package.files, &past, steps, most);
            if let Some(roots) = roots.take() {
                for &root in &roots {
                    let is_script = package.files[root].path.ends_with("setup.py");
                    interpreter.walk_with(root, is_script, hook_of(package.files[root].path));
                }
                followed.install = roots;
                followed.install.extend(interpreter.walked());
                followed.install.sort_unstable();
                followed.install.dedup();
            }
            while interpreter.held() < most
                && let Some(file) = others.pop_front()
            {
                interpreter.walk(file, false);
            }
            // What these imported is in memory already: its turn is now.
            loop {
                let (loaded, rest): (VecDeque<usize>, VecDeque<usize>) =
                    others.into_iter().partition(|&file| interpreter.has_loaded(file));
                others = rest;
                if loaded.is_empty() {
                    break;
                }
                for file in loaded {
                    interpreter.walk(file, false);
                }
            }
            let walked: Vec<usize> = interpreter.walked().collect();
            steps = interpreter.steps;
            followed.used.extend(interpreter.used);
            followed.seen.extend(interpreter.seen);
            past.extend(walked);
            if others.is_empty() {
                if is_all_aside(package) {
                    followed.used.extend(0..package.files.len());
                }
                return followed;
            }
        }
    })
}

/// True where all there is lies in folders of tests or examples: then it is what the package is.
fn is_all_aside(package: &PackageFiles<'_>) -> bool {
    let is_beside = |file: &SourceFile<'_>| file.bytes.trim_ascii().is_empty() || is_wrapping(file.path);
    package.manifest.pypi.is_some() && package.files.iter().all(is_beside)
}

/// Words without which a file neither runs, fetches, decodes nor hides anything.
const STIRRING: &[&str] = &[
    "exec",
    "eval",
    "compile(",
    "__import__",
    "import_module",
    "getattr(",
    "globals()",
    "subprocess",
    "os.system",
    "popen",
    "spawn",
    "startfile",
    "socket",
    "requests",
    "urllib",
    "http",
    "b64",
    "base64",
    "marshal",
    "zlib",
    "fromhex",
    "Fernet",
    "decrypt",
    "ctypes",
    "pyperclip",
    "ImageGrab",
    "pynput",
    "environ",
    "telebot",
    "webhook",
    "pip",
    "b85",
    "__builtins__",
    "dns.",
    "discord",
    "webbrowser",
    "chr(",
];

/// A longer file keeps the words that were found in it.
const LONGEST_WALKED: usize = 2 << 20;

fn is_walked(file: &SourceFile<'_>) -> bool {
    static WORDS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let words = WORDS.get_or_init(|| AhoCorasick::new(STIRRING).ok());
    language_of(file) == Language::Python
        && file.bytes.len() <= LONGEST_WALKED
        && (words.as_ref().is_none_or(|words| words.is_match(file.bytes)) || is_packed(file.bytes))
}

/// True where one line is most of a file: what loads it may have any name.
fn is_packed(bytes: &[u8]) -> bool {
    const LONG: usize = 2000;
    let longest = bytes.split(|&byte| byte == b'\n').map(<[u8]>::len).max().unwrap_or(0);
    longest > LONG && longest * 3 > bytes.len() * 2
}

/// Files beside `setup.py`, and functions in them, that say themselves that they run on installation.
const AFTER_SETUP: [&str; 3] = ["post_install", "postinstall", "pre_install"];

/// The function of a file that runs on installation, by what both are called.
fn hook_of(path: &str) -> Option<&'static str> {
    AFTER_SETUP.into_iter().find(|name| path.strip_suffix(".py") == Some(name))
}

/// The files that run while the package is installed: `setup.py`, a build back end in the tree, and
/// the modules of the package that they import.
fn install_files(package: &PackageFiles<'_>) -> Vec<usize> {
    let Some(pypi) = &package.manifest.pypi else { return Vec::new() };
    if pypi.kind != PypiKind::Sdist {
        return Vec::new();
    }
    let mut files = Vec::new();
    files.extend(position(package, "setup.py"));
    files.extend(AFTER_SETUP.iter().filter_map(|name| position(package, &format!("{name}.py"))));
    if let Some(backend) = &pypi.build_backend {
        let module = backend.split(':').next().unwrap_or(backend).replace('.', "/");
        for folder in &pypi.backend_path {
            let folder = folder.trim_start_matches("./").trim_end_matches('/');
            let base = if folder.is_empty() || folder == "." {
                module.clone()
            } else {
                format!("{folder}/{module}")
            };
            files.extend(module_file(package, &base));
        }
    }
    let mut imported: Vec<usize> = files.iter().flat_map(|&file| imports(package, file)).collect();
    files.append(&mut imported);
    files.sort_unstable();
    files.dedup();
    files
}

/// True for the files that Python runs without anybody importing the package. In a source distribution they may lie
/// in a folder that is packed as its root; what is installed already lies where it is found.
pub(super) fn runs_at_start(path: &str, is_source: bool) -> bool {
    let (folders, name) =
        path.rsplit_once('/').map_or((0, path), |(folder, name)| (1 + folder.matches('/').count(), name));
    let is_root = folders <= usize::from(is_source);
    path.ends_with(".pth") || matches!(name, "sitecustomize.py" | "usercustomize.py") && is_root
}

/// True for the files that `import` finds; other Python is a program, which runs when somebody starts it.
pub(super) fn is_imported(file: &SourceFile<'_>) -> bool {
    let is_installed_elsewhere = file.path.split_once('/').is_some_and(|(folder, rest)| {
        folder.ends_with(".data") && (rest.starts_with("scripts/") || rest.starts_with("data/"))
    });
    let is_module = [".py", ".pyw", ".pyx", ".pth"].iter().any(|ending| file.path.ends_with(ending));
    language_of(file) == Language::Python && is_module && !is_installed_elsewhere
}

/// What no start hook needs.
pub(super) const RISKY_AT_START: Signals = Signals::of(&[
    Spawn,
    Fetch,
    Send,
    Decode,
    EvalDecoded,
    EvalFetched,
    Downloader,
    PipeToShell,
    DropHost,
    SecretSsh,
    SecretCloud,
]);

/// Offset of the first line of a start hook that is code: in `.pth` files only those that begin with `import`.
pub(super) fn start_line(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b"import ") || line.starts_with(b"import\t") {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Marks the hits inside functions that nothing calls while the module is loaded. A script that is
/// run, such as `setup.py`, is its own main module; an imported one is not.
///
/// Many a method is called by the name of another: of what is imported, and of a long module, only functions count that
/// were seen to run, where that is known. In a package with `much` code those of which it is not known do not count, and
/// many a text is a script for another machine: texts of several lines count only where they were followed.
pub(super) fn mark_live(evidence: &mut Evidence<'_>, seen: Option<&Seen>, much: bool) {
    const LONG: usize = 40_000;
    let much = much && evidence.stage == Stage::Import;
    let bytes = evidence.file.bytes;
    let lexed = lex(Language::Python, bytes);
    let mut units = units(bytes, &lexed);
    if evidence.stage == Stage::Import {
        units.extend(main_block(bytes));
        units.sort_by_key(|unit| unit.start);
    }
    let mut live = live_units(&without_prose(bytes, &lexed), &units);
    if evidence.stage == Stage::Install {
        let hook = hook_of(evidence.file.path);
        live.extend(
            (0..units.len()).filter(|&unit| hook.is_some_and(|hook| units[unit].name == hook.as_bytes())),
        );
    }
    let known = seen
        .and_then(|seen| seen.ran.as_deref())
        .filter(|_| evidence.stage == Stage::Import || bytes.len() > LONG);
    // What nobody could follow to its end was not seen to run, either.
    let known = known.or(much.then_some(&[]));
    let scripts: Vec<&Range<usize>> = lexed
        .strings()
        .map(|text| &text.inner)
        .filter(|text| memchr::memchr(b'\n', &bytes[text.start..text.end]).is_some())
        .collect();
    let is_script = |offset| {
        let before = scripts.partition_point(|text| text.start <= offset);
        before.checked_sub(1).is_some_and(|last| scripts[last].contains(&offset))
    };
    let ran = |offset| known.is_none_or(|ran| ran.iter().any(|function| function.contains(&offset)));
    for hit in evidence.hits.iter_mut() {
        hit.live = enclosing(&units, hit.offset).is_none_or(|unit| live.contains(&unit) && ran(hit.offset))
            && !(much && is_script(hit.offset));
    }
}

/// The code with comments and strings blanked out, so that only real calls are seen.
fn without_prose(bytes: &[u8], lexed: &Lexed) -> Vec<u8> {
    let mut code = bytes.to_vec();
    for span in lexed.spans() {
        code[span.inner.clone()].fill(b' ');
    }
    code
}

/// The block under `if __name__ == "__main__":`, as a function that nobody calls.
fn main_block(bytes: &[u8]) -> Option<Unit<'_>> {
    let found =
        memchr::memmem::find_iter(bytes, b"if __name__ ").find(|&at| at == 0 || bytes[at - 1] == b'\n')?;
    let start = found + text::line_at(bytes, found).len();
    let mut end = start;
    for line in bytes[start..].split_inclusive(|&byte| byte == b'\n') {
        let first = line.first().copied().unwrap_or(b'\n');
        if end > start && !matches!(first, b' ' | b'\t' | b'\n' | b'\r' | b'#') {
            break;
        }
        end += line.len();
    }
    Some(Unit { name: b"", class: None, start, end })
}

/// One function, with the class that holds it.
struct Unit<'a> {
    name: &'a [u8],
    class: Option<&'a [u8]>,
    start: usize,
    end: usize,
}

/// The outermost functions of a module and the methods of its classes.
fn units<'a>(bytes: &'a [u8], lexed: &Lexed) -> Vec<Unit<'a>> {
    let mut units: Vec<Unit<'a>> = Vec::new();
    let mut function: Option<usize> = None;
    let mut class: Option<(usize, &[u8])> = None;
    let mut at = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let start = at;
        at += line.len();
        let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let code = &line[indent..];
        let blank = matches!(code.first(), None | Some(b'\n' | b'\r' | b'#' | b')' | b']' | b'}'));
        // The last line of a long string, `"""`, does not end the function that it stands in.
        if blank || lexed.is_inside(start + indent) {
            continue;
        }
        if function.is_some_and(|depth| indent <= depth) {
            function = None;
            if let Some(unit) = units.last_mut() {
                unit.end = start;
            }
        }
        if class.is_some_and(|(depth, _)| indent <= depth) {
            class = None;
        }
        if function.is_some() {
            continue;
        }
        let keyword = code.strip_prefix(b"async ").unwrap_or(code);
        if let Some(rest) = keyword.strip_prefix(b"def ") {
            let name = identifier(rest);
            units.push(Unit {
                name,
                class: class.map(|(_, name)| name),
                start: start + line.len(),
                end: bytes.len(),
            });
            function = Some(indent);
        } else if let Some(rest) = keyword.strip_prefix(b"class ") {
            class = Some((indent, identifier(rest)));
        }
    }
    units
}

/// Units that module-level code calls or names, directly or through one another.
fn live_units(code: &[u8], units: &[Unit<'_>]) -> HashSet<usize> {
    let mut live = HashSet::new();
    let mut reached = Mentions::default();
    let mut from = 0;
    for unit in units {
        reached.read(code.get(from..unit.start).unwrap_or_default());
        from = unit.end;
    }
    reached.read(code.get(from..).unwrap_or_default());
    loop {
        let before = live.len();
        for (index, unit) in units.iter().enumerate() {
            let called = match unit.class {
                Some(class) => {
                    let starts = STARTING_METHODS.contains(&unit.name) || reached.methods.contains(unit.name);
                    starts && reached.uses(class)
                }
                None => reached.uses(unit.name),
            };
            if called && live.insert(index) {
                reached.read(code.get(unit.start..unit.end).unwrap_or_default());
            }
        }
        if live.len() == before {
            return live;
        }
    }
}

/// Methods that creating an object or running a set-up command calls by itself.
const STARTING_METHODS: &[&[u8]] =
    &[b"__init__", b"__new__", b"__call__", b"__enter__", b"run", b"initialize_options", b"finalize_options"];

/// The names that some code calls or hands on.
#[derive(Default)]
struct Mentions<'a> {
    /// Called by their bare name.
    functions: HashSet<&'a [u8]>,
    /// Called on an object.
    methods: HashSet<&'a [u8]>,
    /// Handed to a thread, a hook or a table: `target=f`, `{'install': Class}`.
    values: HashSet<&'a [u8]>,
    /// Given a second name, which comes first: `download = fetch`.
    renamed: HashSet<(&'a [u8], &'a [u8])>,
}

impl<'a> Mentions<'a> {
    /// True for a name that is called or handed on, under its own or its second name.
    fn uses(&self, name: &[u8]) -> bool {
        let itself = |name: &[u8]| self.functions.contains(name) || self.values.contains(name);
        itself(name) || self.renamed.iter().any(|(second, first)| *first == name && itself(second))
    }

    fn read(&mut self, code: &'a [u8]) {
        let mut at = 0;
        let mut previous = b'\n';
        let mut defines = false;
        while at < code.len() {
            let byte = code[at];
            if !is_name(byte) {
                if !byte.is_ascii_whitespace() || byte == b'\n' {
                    previous = byte;
                    defines = false;
                }
                at += 1;
                continue;
            }
            let name = identifier(&code[at..]);
            at += name.len();
            let after = code.get(at).copied().unwrap_or(b'\n');
            if after == b'(' && !defines {
                if previous == b'.' {
                    self.methods.insert(name)
                } else {
                    self.functions.insert(name)
                };
            } else if previous == b'='
                && after == b'\n'
                && let Some(second) = renames(code, at - name.len())
            {
                self.renamed.insert((second, name));
            } else if matches!(previous, b'=' | b':') && matches!(after, b',' | b')' | b'}' | b'\n' | b' ') {
                self.values.insert(name);
            }
            defines = matches!(name, b"def" | b"class");
            previous = b'a';
        }
    }
}

/// The new name where a line gives what stands at `at` one: `new = old`. Python itself calls names such as `__getattr__`.
fn renames(code: &[u8], at: usize) -> Option<&[u8]> {
    let line = code.get(text::line_start(code, at)..at)?;
    let name = identifier(line);
    let is_given = line[name.len()..].trim_ascii() == b"=";
    (is_given && !name.is_empty() && !name.starts_with(b"__")).then_some(name)
}

fn enclosing(units: &[Unit<'_>], offset: usize) -> Option<usize> {
    units.iter().position(|unit| unit.start <= offset && offset < unit.end)
}

fn identifier(text: &[u8]) -> &[u8] {
    &text[..text.iter().take_while(|&&byte| is_name(byte)).count()]
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The package's own modules that a file imports by name.
fn imports(package: &PackageFiles<'_>, file: usize) -> Vec<usize> {
    let Some(source) = package.files.get(file) else { return Vec::new() };
    let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    String::from_utf8_lossy(source.bytes)
        .lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let module = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "))?;
            let module = module.split([' ', ',', ';']).next()?.replace('.', "/");
            let base = if folder.is_empty() { module } else { format!("{folder}/{module}") };
            module_file(package, &base)
        })
        .collect()
}

fn module_file(package: &PackageFiles<'_>, base: &str) -> Option<usize> {
    position(package, &format!("{base}.py")).or_else(|| position(package, &format!("{base}/__init__.py")))
}

fn position(package: &PackageFiles<'_>, path: &str) -> Option<usize> {
    package.files.iter().position(|file| file.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(source: &str, word: &str) -> bool {
        let bytes = source.as_bytes();
        let units = units(bytes, &lex(Language::Python, bytes));
        let live = live_units(&without_prose(bytes, &lex(Language::Python, bytes)), &units);
        let offset = source.find(word).expect("the word is there");
        enclosing(&units, offset).is_none_or(|unit| live.contains(&unit))
    }

    #[test]
    fn module_level_code_is_live_and_functions_wait() {
        assert!(live("import os\nif True:\n    HERE\n", "HERE"));
        assert!(!live("def f():\n    HERE\n\nx = 1\n", "HERE"));
        assert!(!live("def f():\n    x = '''\nab\n'''\n    HERE\n\nx = 1\n", "HERE"));
        assert!(live("def f():\n    pass\n'''\nab\n'''\nHERE\n", "HERE"));
        assert!(live("def f():\n    HERE\n\nf()\n", "HERE"));
        assert!(live("def g():\n    HERE\ndef f():\n    g()\nThread(target=f).start()\n", "HERE"));
    }

    #[test]
    fn a_second_name_calls_nothing() {
        assert!(!live("def f():\n    HERE\ng = f\n", "HERE"));
        assert!(live("def f():\n    HERE\ng = f\ng()\n", "HERE"));
        assert!(live("def f():\n    HERE\n__getattr__ = f\n", "HERE"));
        assert!(live("import sys\ndef f():\n    HERE\nsys.excepthook = f\n", "HERE"));
    }

    #[test]
    fn setup_commands_are_live() {
        let source = "class I(install):\n    def run(self):\n        HERE\nsetup(cmdclass={'install': I})\n";
        assert!(live(source, "HERE"));
        assert!(!live("class I(install):\n    def run(self):\n        HERE\nsetup(name='x')\n", "HERE"));
    }
}
