//! What Doorward costs while nothing happens: the app's memory, CPU and watches.

use crate::guard::resident_megabytes;
use crate::table::{Rows, Section, progress};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const PROJECTS: usize = 20;
const IDLE: Duration = Duration::from_secs(30);
const PACKAGES: usize = 1_000;
const FILES_PER_PACKAGE: usize = 1_000;

/// Children that are ended, by their own ids, in reverse order.
#[derive(Default)]
struct Session(Vec<Child>);

impl Drop for Session {
    fn drop(&mut self) {
        for child in self.0.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What the app costs.
pub(crate) const SECTIONS: &[Section] = &[Section {
    name: "idle.app",
    rows: &[
        ("app resident with no window open", "< 60 MB"),
        ("CPU while idle with 20 projects watched", "< 0.2 % of one core"),
        ("watches used by a project with 1,000,000 files", "< 200"),
    ],
    measure,
}];

fn measure(bin: &Path, rows: &mut Rows) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let mut session = Session::default();
    let display = spoken(
        &mut session,
        Command::new("Xvfb").args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1280x800x24",
            "-nolisten",
            "tcp",
            "-noreset",
        ]),
    )?;
    let bus = spoken(
        &mut session,
        Command::new("dbus-daemon").args(["--session", "--nofork", "--print-address=1"]),
    )?;

    for number in 0..PROJECTS {
        add_project(bin, &data, &dir.path().join(format!("project-{number}")), 10, 3)?;
    }
    let start = |session: &mut Session| -> Result<u32> {
        let app = Command::new(bin.join("doorward-app"))
            .arg("--background")
            .env("DISPLAY", format!(":{display}"))
            .env("DBUS_SESSION_BUS_ADDRESS", &bus)
            .env("HOME", dir.path())
            .env("XDG_RUNTIME_DIR", dir.path())
            .env("DOORWARD_DATA_DIR", &data)
            .env("DOORWARD_SOCKET", dir.path().join("nobody-listens"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("doorward-app")?;
        let pid = app.id();
        session.0.push(app);
        sleep(Duration::from_secs(10));
        Ok(pid)
    };
    let pid = start(&mut session)?;
    let resident = resident_megabytes(pid)?;
    rows.next(&format!("{resident:.0} MB"), resident < 60.0);
    progress(format_args!("the app idles for {} s", IDLE.as_secs()));
    let before = cpu_seconds(pid)?;
    sleep(IDLE);
    let percent = (cpu_seconds(pid)? - before) / IDLE.as_secs_f64() * 100.0;
    rows.next(&format!("{percent:.2} % over {} s", IDLE.as_secs()), percent < 0.2);
    let few = watches(pid)?;

    end_last(&mut session);
    progress(format_args!("writing {PACKAGES} packages of {FILES_PER_PACKAGE} files"));
    add_project(bin, &data, &dir.path().join("huge"), PACKAGES, FILES_PER_PACKAGE)?;
    let pid = start(&mut session)?;
    let used = watches(pid)?.saturating_sub(few);
    rows.next(&format!("{used}"), used < 200);
    Ok(())
}

/// Starts a server that says one line about where it can be reached.
fn spoken(session: &mut Session, command: &mut Command) -> Result<String> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{command:?}"))?;
    let stdout = child.stdout.take().context("stdout")?;
    session.0.push(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn end_last(session: &mut Session) {
    if let Some(mut child) = session.0.pop() {
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn add_project(bin: &Path, data: &Path, project: &Path, packages: usize, files: usize) -> Result<()> {
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
    let added = Command::new(bin.join("doorward"))
        .args(["projects", "add"])
        .arg(project)
        .env("DOORWARD_DATA_DIR", data)
        .stdout(Stdio::null())
        .status()?;
    if !added.success() {
        bail!("doorward projects add ended with {added}");
    }
    Ok(())
}

fn watches(pid: u32) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(format!("/proc/{pid}/fdinfo"))? {
        let text = fs::read_to_string(entry?.path()).unwrap_or_default();
        count += text.lines().filter(|line| line.starts_with("inotify ")).count();
    }
    Ok(count)
}

fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) / 100.0)
}
