//! Made-up events and reports.
#![allow(dead_code, reason = "each test binary uses its own part")]

use doorward_protocol::*;

pub(crate) fn event(id: u64, at: u64, importance: Importance, action: Action) -> Event {
    Event {
        schema: 1,
        id,
        time: Timestamp::from_millis(at),
        kind: EventKind::Read,
        action,
        importance,
        owner: 1000,
        secret: Secret {
            path: "/home/u/.ssh/id".into(),
            class: "ssh-key".into(),
            title: "SSH private key".into(),
            tier: 1,
        },
        reader: Reader {
            pid: 7,
            exe: "/usr/bin/node".into(),
            inode: "1:2".into(),
            sha256: String::new(),
            cmdline: vec!["node".into()],
            uid: 1000,
            script: None,
            cwd: None,
            injected: Vec::new(),
            foreign_namespace: false,
            app: None,
            system_package: None,
            ancestry: Vec::new(),
        },
        package: None,
        candidates: None,
        sweep: Vec::new(),
        why: "a test".into(),
    }
}

pub(crate) fn package(name: &str, version: &str, path: &str, verdict: Verdict, score: u32) -> PackageReport {
    let package = PackageRef { ecosystem: Ecosystem::Npm, name: name.into(), version: version.into() };
    PackageReport {
        purl: package.purl(),
        ecosystem: package.ecosystem,
        name: package.name,
        version: package.version,
        path: path.into(),
        verdict,
        score,
        findings: Vec::new(),
        unscanned: Vec::new(),
    }
}

pub(crate) fn scan(packages: Vec<PackageReport>) -> ScanReport {
    let mut summary = Summary::default();
    packages.iter().for_each(|package| summary.add(package));
    ScanReport { schema: SCHEMA_VERSION, summary, packages }
}
