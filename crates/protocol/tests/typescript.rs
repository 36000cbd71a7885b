//! Keeps `ui/src/backend/protocol.ts` equal to the Rust types. `DOORWARD_BLESS=1` rewrites it.

use doorward_protocol::*;
use std::path::Path;
use ts_rs::{Config, TS};

macro_rules! declarations {
    ($($type:ty),+ $(,)?) => {{
        let config = Config::default();
        let mut text = String::from(
            "// Made from crates/protocol by `DOORWARD_BLESS=1 cargo test -p doorward-protocol --features ts`.\n",
        );
        $(
            text.push_str("\nexport ");
            text.push_str(&<$type>::decl(&config));
            text.push('\n');
        )+
        text
    }};
}

#[test]
fn the_windows_see_the_types_that_rust_has() {
    let expected = declarations!(
        Timestamp,
        Ecosystem,
        PackageRef,
        Stage,
        Attribution,
        Candidates,
        EventKind,
        Action,
        Importance,
        Secret,
        Injection,
        Ancestor,
        Reader,
        Event,
        Asked,
        Mode,
        Policy,
        RuleVerdict,
        Who,
        What,
        Expiry,
        RuleDraft,
        Rule,
        CoverageLevel,
        Holder,
        Coverage,
        Kernel,
        Counters,
        DecoyKind,
        DecoyState,
        Decoy,
        GuardState,
        KnownBad,
        Verdict,
        Severity,
        Finding,
        Unscanned,
        PackageReport,
        Summary,
        ScanReport,
        ScanProgress,
        ProjectState,
        Project,
        ProjectPackage,
        SealReason,
        SealedState,
        SealedItem,
        ErrorCode,
        Mood,
        Feature,
        Today,
        Desk,
        Settings,
        Excerpt,
        SealedEntry,
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/backend/protocol.ts");
    if std::env::var_os("DOORWARD_BLESS").is_some() {
        std::fs::write(&file, &expected).expect("write protocol.ts");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "ui/src/backend/protocol.ts is out of date; run with DOORWARD_BLESS=1");
}
