//! What a scan costs: cold against GuardDog, warm against ripgrep; the feed's size and look-up.

use crate::table::{Rows, Section, Times, progress};
use anyhow::{Context, Result, bail};
use doorward_protocol::{Ecosystem, PackageRef, ScanReport};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Popular packages whose trees come to some nine hundred packages.
const TREE: &[&str] = &[
    "@angular/cli",
    "@aws-sdk/client-s3",
    "cypress",
    "ethers",
    "gulp",
    "knex",
    "parcel",
    "rollup",
    "serverless-http",
    "svelte",
    "typeorm",
    "vue",
];
const GUARDDOG: &str = "guarddog==3.2.0";
const GUARDDOG_SAMPLE: usize = 30;
const WARM_ROUNDS: usize = 5;
/// Runs GuardDog's rules for source code, its only ones that read files, in its own process; prints CPU
/// seconds and bytes.
const GUARDDOG_RUN: &str = r"
import os, sys, time
from guarddog.analyzer.analyzer import Analyzer
from guarddog.ecosystems import ECOSYSTEM
analyzer = Analyzer(ECOSYSTEM.NPM)
size = 0
start = os.times()
for path in sys.argv[1:]:
    size += sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(path) for f in fs)
    analyzer.analyze_sourcecode(path, None)
end = os.times()
print(sum(end[:4]) - sum(start[:4]), size)
";

/// What a scan costs.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        name: "scan.cold",
        rows: &[("cold scan of a 900-package npm tree", "≥ 40 MB/s per core and ≥ 15 × GuardDog's")],
        measure: cold,
    },
    Section {
        name: "scan.warm",
        rows: &[("warm re-scan ÷ rg reading the tree once", "≤ 0.5")],
        measure: warm,
    },
    Section { name: "scan.feed", rows: &[("feed: size, look-up", "< 4 MB, < 1 µs")], measure: feed },
];

fn workspace(name: &str) -> Result<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench").join(name);
    fs::create_dir_all(&dir)?;
    Ok(dir.canonicalize()?)
}

/// Installs the tree once, install scripts off; later runs use it again.
pub(crate) fn tree() -> Result<PathBuf> {
    let dir = workspace("npm")?;
    let (done, wanted) = (dir.join("tree.txt"), TREE.join("\n"));
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(dir);
    }
    progress("installing the tree with npm; this happens once");
    fs::remove_dir_all(&dir)?;
    fs::create_dir(&dir)?;
    fs::write(dir.join("package.json"), r#"{"name":"bench","version":"1.0.0","private":true}"#)?;
    let installed = Command::new("npm")
        .args(["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
        .args(TREE)
        .current_dir(&dir)
        .stdout(Stdio::null())
        .status()
        .context("npm")?;
    if !installed.success() {
        bail!("npm could not install the tree");
    }
    fs::write(done, wanted)?;
    Ok(dir)
}

fn cold(bin: &Path, rows: &mut Rows) -> Result<()> {
    let tree = tree()?;
    progress("cold scan of the tree");
    let before = children_cpu_seconds();
    let (report, wall) = doorward_scan_of(bin, &tree, true)?;
    let seconds = children_cpu_seconds() - before;
    let megabytes = report.summary.bytes as f64 / 1e6;
    let ours = megabytes / seconds;
    let base = format!(
        "{ours:.0} MB/s per core ({} packages, {megabytes:.0} MB, {wall:.1} s, {seconds:.1} s of CPU)",
        report.summary.packages
    );
    match guarddog(&report, &tree) {
        Ok(theirs) => rows.next(
            &format!(
                "{base}; {:.0} × GuardDog 3.2.0 ({theirs:.2} MB/s over {GUARDDOG_SAMPLE} of them)",
                ours / theirs
            ),
            ours >= 40.0 && ours >= 15.0 * theirs,
        ),
        Err(error) => rows.next(&format!("{base}; GuardDog not measured: {error:#}"), false),
    }
    Ok(())
}

/// GuardDog's MB per CPU second over every n-th package of the same tree, one after the other, as it takes them.
fn guarddog(report: &ScanReport, tree: &Path) -> Result<f64> {
    let venv = workspace("guarddog")?;
    let python = venv.join("bin/python");
    if !venv.join("bin/guarddog").exists() {
        progress(format_args!("installing {GUARDDOG}"));
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&venv)
            .status()
            .context("python3 -m venv")?
            .success()
            && Command::new(&python).args(["-m", "pip", "install", "--quiet", GUARDDOG]).status()?.success();
        if !made {
            bail!("pip could not install {GUARDDOG}");
        }
    }
    // The tree itself is in the report too, as the project and as what lies beside the packages.
    let is_package = |path: &Path| path.is_dir() && path != tree && !path.ends_with("node_modules");
    let folders: Vec<_> = report.packages.iter().filter(|package| is_package(&package.path)).collect();
    progress(format_args!("GuardDog scans {GUARDDOG_SAMPLE} packages of the tree"));
    let step = (folders.len() / GUARDDOG_SAMPLE).max(1);
    let output = Command::new(&python)
        .args(["-c", GUARDDOG_RUN])
        .args(folders.iter().step_by(step).take(GUARDDOG_SAMPLE).map(|package| &package.path))
        .stderr(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.lines().last().unwrap_or_default().split_whitespace().map(str::parse::<f64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(seconds)), Some(Ok(bytes))) => Ok(bytes / 1e6 / seconds),
        _ => bail!("GuardDog did not finish"),
    }
}

fn warm(bin: &Path, rows: &mut Rows) -> Result<()> {
    let tree = &tree()?;
    progress("first scan of the tree, which the later ones remember");
    doorward_scan_of(bin, tree, false)?;
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for round in 1..=WARM_ROUNDS {
        progress(format_args!("round {round} of {WARM_ROUNDS}: rg, then a warm scan"));
        let start = Instant::now();
        let read = Command::new("rg")
            .args(["-uuu", "--count", "doorward-never-in-any-package"])
            .arg(tree)
            .stdout(Stdio::null())
            .status()
            .context("rg (Debian package ripgrep)")?;
        if read.code() != Some(1) {
            bail!("rg ended with {read}");
        }
        let rg = start.elapsed().as_secs_f64();
        let (_, ours) = doorward_scan_of(bin, tree, false)?;
        ratios.push(ours / rg);
        times.push(ours);
    }
    let (ratio, ours) = (Times::new(ratios).at(50.0), Times::new(times).at(50.0));
    rows.next(&format!("{ratio:.2} (median of {WARM_ROUNDS} pairs; {ours:.2} s a scan)"), ratio <= 0.5);
    Ok(())
}

fn doorward_scan_of(bin: &Path, tree: &Path, cold: bool) -> Result<(ScanReport, f64)> {
    let start = Instant::now();
    let mut command = Command::new(bin.join("doorward"));
    command.args(["scan", "--format", "json"]).arg(tree).env("DOORWARD_DATA_DIR", workspace("data")?);
    if cold {
        command.arg("--no-cache");
    }
    let output = command.stderr(Stdio::null()).output().context("doorward scan")?;
    let seconds = start.elapsed().as_secs_f64();
    Ok((serde_json::from_slice(&output.stdout).context("doorward scan printed no report")?, seconds))
}

/// CPU seconds of all children that were waited for.
fn children_cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 16 and 17 of proc(5), counted after the command in brackets; the kernel's clock is 100 Hz there.
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    (fields.get(13).copied().unwrap_or(0.0) + fields.get(14).copied().unwrap_or(0.0)) / 100.0
}

fn feed(_: &Path, rows: &mut Rows) -> Result<()> {
    const LOOKUPS: u32 = 200_000;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/lists/feed.bin");
    let size = fs::metadata(&file).with_context(|| format!("{}", file.display()))?.len() as f64 / 1e6;
    let package = |name: &str, version: &str| PackageRef {
        ecosystem: Ecosystem::Npm,
        name: name.into(),
        version: version.into(),
    };
    let (known, unknown) = (package("async-pipeline-builder", "1.5.0"), package("left-pad", "1.3.0"));
    let start = Instant::now();
    let mut hits = 0;
    for turn in 0..LOOKUPS {
        let package = if turn % 2 == 0 { &known } else { &unknown };
        hits += u32::from(std::hint::black_box(doorward_scan::feed::lookup(package)).is_some());
    }
    let micros = start.elapsed().as_micros() as f64 / f64::from(LOOKUPS);
    rows.next(
        &format!("{size:.2} MB, {micros:.2} µs ({hits} hits in {LOOKUPS})"),
        size < 4.0 && micros < 1.0,
    );
    Ok(())
}
