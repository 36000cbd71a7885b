//! `doorward drill`: a harmless simulated theft.

use crate::args::DrillArgs;
use crate::daemon::Daemon;
use crate::decoy;
use crate::describe;
use crate::failure::Failure;
use crate::terminal::{Paint, put_json, put_line};
use doorward_decoy::plant;
use doorward_protocol::{Action, CoverageLevel, DecoyKind, Event, Observe, ServerMessage};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// Long enough for the daemon to see a new file in a folder it watches.
const SETTLE: Duration = Duration::from_millis(300);

#[derive(Serialize)]
struct Outcome<'a> {
    schema: u32,
    alerted: bool,
    delay_ms: Option<u128>,
    event: Option<&'a Event>,
}

pub(crate) async fn run(args: DrillArgs) -> Result<ExitCode, Failure> {
    let (mut daemon, hello) = Daemon::connect().await?;
    let decoy = Decoy::create()?;
    daemon.observe(Observe::Subscribe).await?;
    tokio::time::sleep(SETTLE).await;

    let started = Instant::now();
    let thief = start_thief(&decoy)?;
    let alert = tokio::time::timeout(Duration::from_secs(args.wait), alert(&mut daemon, &decoy.file)).await;
    let delay = started.elapsed().as_millis();
    drop(thief);
    let event = alert.ok().transpose()?;

    if args.json {
        put_json(&Outcome {
            schema: 1,
            alerted: event.is_some(),
            delay_ms: event.is_some().then_some(delay),
            event: event.as_deref(),
        })?;
    } else if let Some(event) = &event {
        let paint = Paint::stdout();
        put_line(&paint.teal(&format!("The alert came after {delay} ms.")))?;
        put_line(&describe::event(event, paint))?;
        put_line(match event.action {
            Action::Denied => "The read was denied: a real thief would have left with nothing.",
            Action::Allowed => {
                "The read was only observed: `doorward guard mode block` would have denied it."
            }
            Action::Asked => "The read is held and waits for an answer.",
        })?;
    } else {
        put_line(&Paint::stdout().red(&format!("No alert came within {} s.", args.wait)))?;
        let covered = hello
            .state
            .coverage
            .iter()
            .any(|line| line.level != CoverageLevel::None && line.path.parent() == decoy.file.parent());
        put_line(if covered {
            "The folder is guarded according to the daemon, so this is a fault; please report it."
        } else {
            "The daemon does not guard this home's SSH keys; `doorward status` says what it covers."
        })?;
    }
    Ok(if event.is_some() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What the helper does: it reads one file and says nothing of it.
pub(crate) fn steal(file: &Path) -> Result<ExitCode, Failure> {
    match fs::read(file) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(_) => Ok(ExitCode::from(1)),
    }
}

/// The first event about the decoy by somebody other than this process.
async fn alert(daemon: &mut Daemon, file: &Path) -> Result<Box<Event>, Failure> {
    loop {
        let event = match daemon.next().await? {
            ServerMessage::Event(event) | ServerMessage::Settled(event) => event,
            ServerMessage::Asked(asked) => Box::new(asked.event),
            _ => continue,
        };
        if event.secret.path == file && event.reader.pid != std::process::id() {
            return Ok(event);
        }
    }
}

/// A child that looks like an install script: it works in a package's folder below `node_modules`.
fn start_thief(decoy: &Decoy) -> Result<tokio::process::Child, Failure> {
    let doing = || "starting the helper of the drill";
    let program = std::env::current_exe().map_err(|error| Failure::caused(doing(), &error))?;
    Command::new(program)
        .arg("__thief")
        .arg(&decoy.file)
        .current_dir(&decoy.package)
        .env("npm_package_name", "doorward-drill")
        .env("npm_package_version", "1.0.0")
        .env("npm_lifecycle_event", "postinstall")
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::caused(doing(), &error))
}

/// The decoy and the folder of the pretended package; both go when the drill ends, however it ends.
struct Decoy {
    file: PathBuf,
    root: PathBuf,
    package: PathBuf,
}

impl Decoy {
    fn create() -> Result<Self, Failure> {
        let home = decoy::home()?;
        let file = home.join(".ssh/id_doorward_drill");
        if !file.parent().is_some_and(Path::is_dir) {
            return Err(Failure::new("placing the decoy: ~/.ssh: there is no such folder")
                .hint("create it with `mkdir -m 700 ~/.ssh` and run the drill again"));
        }
        let root = std::env::temp_dir().join(format!("doorward-drill-{}", std::process::id()));
        let decoy = Self { file, package: root.join("node_modules/doorward-drill"), root };
        fs::create_dir_all(&decoy.package).map_err(|error| {
            Failure::caused(format_args!("making a folder for the drill: {}", decoy.root.display()), &error)
        })?;
        plant(DecoyKind::Ssh, &home, &decoy.file)?;
        Ok(decoy)
    }
}

impl Drop for Decoy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_dir_all(&self.root);
    }
}
