//! What the app costs while nothing happens, and how soon it says what it thinks of an install.

use crate::guard::memory;
use crate::table::{Rows, Section, Times, progress};
use anyhow::{Context, Result, bail};
use doorward_store::Store;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

const PROJECTS: usize = 20;
const IDLE: Duration = Duration::from_secs(30);
const PACKAGES: usize = 1_000;
const FILES_PER_PACKAGE: usize = 1_000;
/// How long the app may take to come to rest after its start.
const SETTLING: Duration = Duration::from_secs(10);
/// Between two looks at the verdicts.
const LOOK: Duration = Duration::from_millis(100);
/// No further verdict for this long: all are there.
const SILENCE: Duration = Duration::from_secs(20);

/// What the app costs, and how soon it tells.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        name: "idle.app",
        rows: &[
            ("app resident with no window open", "< 60 MB"),
            ("CPU while idle with 20 projects watched", "< 0.2 % of one core"),
        ],
        measure: app,
    },
    Section {
        name: "idle.watches",
        rows: &[("watches used by a project with 1,000,000 files", "< 200")],
        measure: watches,
    },
    Section {
        name: "idle.verdicts",
        rows: &[("last file of an install written → verdict shown, 1,000 packages", "p95 < 1 s")],
        measure: verdicts,
    },
];

fn app(bin: &Path, rows: &mut Rows) -> Result<()> {
    let mut session = Session::start(bin)?;
    for number in 0..PROJECTS {
        session.write_project(&format!("project-{number}"), 10, 3)?;
    }
    let pid = session.start_app()?;
    sleep(SETTLING);
    let resident = memory(pid)?.resident;
    rows.next(&format!("{resident:.0} MB"), resident < 60.0);
    progress(format_args!("the app idles for {} s", IDLE.as_secs()));
    let before = cpu_seconds(pid)?;
    sleep(IDLE);
    let percent = (cpu_seconds(pid)? - before) / IDLE.as_secs_f64() * 100.0;
    rows.next(&format!("{percent:.2} % over {} s", IDLE.as_secs()), percent < 0.2);
    Ok(())
}

fn watches(bin: &Path, rows: &mut Rows) -> Result<()> {
    let mut session = Session::start(bin)?;
    session.start_app()?;
    sleep(SETTLING);
    let without = session.watches()?;
    session.end_app();
    progress(format_args!("writing {PACKAGES} packages of {FILES_PER_PACKAGE} files"));
    session.write_project("huge", PACKAGES, FILES_PER_PACKAGE)?;
    session.start_app()?;
    sleep(SETTLING);
    let used = session.watches()?.saturating_sub(without);
    rows.next(&format!("{used} ({without} more for the package caches)"), (1..200).contains(&used));
    Ok(())
}

/// A real npm installs a real tree in a project that the app watches.
fn verdicts(bin: &Path, rows: &mut Rows) -> Result<()> {
    let tree = crate::scan::tree()?;
    let mut session = Session::start(bin)?;
    let project = session.dir.path().join("shop");
    fs::create_dir(&project)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(tree.join(file), project.join(file))?;
    }
    session.add_project(&project)?;
    session.start_app()?;
    sleep(SETTLING);
    let reader = Store::open(&session.data)?.store.reader;
    let id = reader.projects()?.first().context("the project")?.id;

    progress("npm installs the tree while the app watches");
    let mut npm = Command::new("npm")
        // Not `--prefer-offline`: a list of versions that was kept may be older than the lockfile.
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
        .current_dir(&project)
        .stdout(Stdio::null())
        .spawn()
        .context("npm")?;
    let mut seen: BTreeMap<PathBuf, SystemTime> = BTreeMap::new();
    let mut installed = None;
    let mut newest = Instant::now();
    while installed.is_none() || newest.elapsed() < SILENCE {
        if installed.is_none()
            && let Some(status) = npm.try_wait()?
        {
            if !status.success() {
                bail!("npm ended with {status}");
            }
            installed = Some(fs::metadata(project.join("node_modules/.package-lock.json"))?.modified()?);
        }
        let now = SystemTime::now();
        for package in reader.packages(Some(id))? {
            seen.entry(package.report.path).or_insert_with(|| {
                newest = Instant::now();
                now
            });
        }
        sleep(LOOK);
    }
    let written = installed.context("npm ended")?;
    let delays = seen.values().map(|at| at.duration_since(written).map_or(0.0, |late| late.as_secs_f64()));
    let delays = Times::new(delays.collect());
    let (p95, last) = (delays.at(95.0), delays.at(100.0));
    rows.next(&format!("p95 {p95:.1} s, last {last:.1} s, over {} packages", seen.len()), p95 < 1.0);
    Ok(())
}

/// A made-up home with a display and a session bus.
struct Session {
    bin: PathBuf,
    dir: tempfile::TempDir,
    data: PathBuf,
    display: String,
    bus: String,
    app: Option<Child>,
    /// Ended by their own ids.
    servers: Vec<Child>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end_app();
        for child in self.servers.iter_mut().rev() {
            end(child);
        }
    }
}

impl Session {
    fn start(bin: &Path) -> Result<Self> {
        // A million files are quickly written, and deleted, in memory.
        let place = Some(PathBuf::from("/dev/shm")).filter(|place| place.is_dir());
        let dir = tempfile::tempdir_in(place.unwrap_or_else(std::env::temp_dir))?;
        let mut servers = Vec::new();
        let screen = ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"];
        let display = spoken(&mut servers, Command::new("Xvfb").args(screen))?;
        let bus = spoken(
            &mut servers,
            Command::new("dbus-daemon").args(["--session", "--nofork", "--print-address=1"]),
        )?;
        let data = dir.path().join("data");
        Ok(Self { bin: bin.to_owned(), data, dir, display, bus, app: None, servers })
    }

    fn start_app(&mut self) -> Result<u32> {
        let app = Command::new(self.bin.join("doorward-app"))
            .arg("--background")
            .env("DISPLAY", format!(":{}", self.display))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("HOME", self.dir.path())
            .env("XDG_RUNTIME_DIR", self.dir.path())
            .env("DOORWARD_DATA_DIR", &self.data)
            .env("DOORWARD_SOCKET", self.dir.path().join("nobody-listens"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("doorward-app")?;
        Ok(self.app.insert(app).id())
    }

    fn end_app(&mut self) {
        self.app.take().iter_mut().for_each(end);
    }

    /// Watches of the running app.
    fn watches(&self) -> Result<usize> {
        let pid = self.app.as_ref().context("the app")?.id();
        let mut count = 0;
        for entry in fs::read_dir(format!("/proc/{pid}/fdinfo"))? {
            let text = fs::read_to_string(entry?.path()).unwrap_or_default();
            count += text.lines().filter(|line| line.starts_with("inotify ")).count();
        }
        Ok(count)
    }

    fn write_project(&self, name: &str, packages: usize, files: usize) -> Result<()> {
        let project = self.dir.path().join(name);
        for package in 0..packages {
            let folder = project.join(format!("node_modules/package-{package}"));
            fs::create_dir_all(&folder)?;
            fs::write(
                folder.join("package.json"),
                format!(r#"{{"name":"package-{package}","version":"1.0.0"}}"#),
            )?;
            for file in 1..files {
                fs::write(folder.join(format!("{file}.js")), "")?;
            }
        }
        fs::write(project.join("package.json"), r#"{"name":"idle","version":"1.0.0"}"#)?;
        self.add_project(&project)
    }

    fn add_project(&self, project: &Path) -> Result<()> {
        let added = Command::new(self.bin.join("doorward"))
            .args(["projects", "add"])
            .arg(project)
            .env("HOME", self.dir.path())
            .env("DOORWARD_DATA_DIR", &self.data)
            .stdout(Stdio::null())
            .status()?;
        if !added.success() {
            bail!("doorward projects add ended with {added}");
        }
        Ok(())
    }
}

/// Starts a server that says one line about where it can be reached.
fn spoken(servers: &mut Vec<Child>, command: &mut Command) -> Result<String> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{command:?}"))?;
    let stdout = child.stdout.take().context("stdout")?;
    servers.push(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) / 100.0)
}
