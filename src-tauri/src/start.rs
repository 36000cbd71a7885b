//! Puts the parts together.

use crate::commands;
use crate::controller::{Controller, FeatureName, Input, Inputs, Tools};
use crate::keyring;
use crate::link::{FromDaemon, Link};
use crate::scans::{Engine, Scans, Workers};
use crate::settings::Autostart;
use crate::shell::Desktop;
use crate::windows;
use anyhow::Context;
use doorward_scan::ScanOptions;
use doorward_store::{Opened, Store};
use doorward_watch::{Arrival, WatchConfig, Watcher};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tauri::{AppHandle, RunEvent, WindowEvent};
use tokio::sync::mpsc;

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
Doorward's tray app: it watches your projects, scans what arrives, and asks before secrets are read.

Usage: doorward-app [--show | --background]

  --show         open the window (the default); a running Doorward opens its own
  --background   start in the tray, with no window
  --help         print this
  --version      print the version

DOORWARD_SOCKET names the guard's socket, DOORWARD_DATA_DIR the folder with your data,
DOORWARD_LOG what is written to the standard error: error, warn (the default), info, debug.";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    Run { background: bool },
    Help,
    Version,
}

impl Invocation {
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut background = false;
        for argument in arguments {
            match argument.to_str() {
                Some("--show") => background = false,
                Some("--background") => background = true,
                Some("--help" | "-h") => return Ok(Self::Help),
                Some("--version" | "-V") => return Ok(Self::Version),
                _ => return Err(format!("unknown argument {argument:?}")),
            }
        }
        Ok(Self::Run { background })
    }
}

/// Replaces this process by one in which windows are drawn without OpenGL, unless somebody chose.
///
/// GTK loads a driver when it starts, on many machines one in software: 50 MB for an app that has no
/// window most of the time, and whose windows hold nothing but text.
pub(crate) fn again_without_gl() {
    const CHOICE: &str = "GDK_GL";
    if std::env::var_os(CHOICE).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    // Returns only where it failed; then everything works, with more memory.
    let _ = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(CHOICE, "disable")
        .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
        .exec();
}

/// Runs until somebody quits.
pub(crate) fn run(background: bool) -> anyhow::Result<()> {
    log_to_stderr();
    if is_root() {
        tracing::warn!("running as root: projects, caches and keys are looked for in root's own home");
    }
    let home = std::env::home_dir().context("could not find your home folder: HOME is not set")?;
    let data = doorward_protocol::data_dir()
        .context("could not find a folder for your data: neither DOORWARD_DATA_DIR nor HOME is set")?;
    let (inputs, received) = mpsc::unbounded_channel();
    let second = inputs.clone();
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(move |_, arguments, _| {
            if !arguments.iter().any(|argument| argument == "--background") {
                let _ = second.send(Input::SecondInstance);
            }
        }))
        .plugin(tauri_plugin_dialog::init())
        .manage(inputs.clone())
        .manage(windows::PromptWindow::default())
        .invoke_handler(commands::handler())
        .build(tauri::generate_context!())
        .context("could not start the desktop part (is there a display?)")?;
    let handle = app.handle().clone();
    tauri::async_runtime::block_on(async {
        let controller = assemble(handle, &inputs, &home, &data)?;
        tokio::spawn(controller.run(received));
        tokio::spawn(quit_on_signal(inputs.clone()));
        anyhow::Ok(())
    })?;
    if !background {
        let _ = inputs.send(Input::SecondInstance);
    }
    app.run(|app, event| match event {
        // The tray stays when the last window closes; only an explicit exit ends the app.
        RunEvent::ExitRequested { api, code: None, .. } => api.prevent_exit(),
        RunEvent::WindowEvent { label, event: WindowEvent::Destroyed, .. } => windows::closed(app, &label),
        _ => {}
    });
    Ok(())
}

fn assemble(
    app: AppHandle,
    inputs: &Inputs,
    home: &Path,
    data: &Path,
) -> anyhow::Result<Controller<Desktop>> {
    let store = open_store(data, inputs)?;
    let cache = Some(data.join("verdicts"));
    let engine: Arc<dyn Engine> =
        Arc::new(Workers(ScanOptions { cache, lists: Some(data.join("feed")), ..ScanOptions::default() }));
    let to = inputs.clone();
    let link = Link::open(doorward_protocol::socket_path(), move |message: FromDaemon| {
        let _ = to.send(Input::FromDaemon(message));
    });
    tokio::spawn(keyring::open_vault(data.join("vault"), inputs.clone()));
    let program = std::env::current_exe().context("could not find this program's own file")?;
    let tools = Tools {
        inputs: inputs.clone(),
        scans: Scans::start(Arc::clone(&engine), store.clone(), inputs.clone()),
        watch_projects: Box::new(start_watching(&store, home, inputs.clone())),
        store,
        link,
        engine,
        home: home.to_path_buf(),
        autostart: Autostart::of_session(home, program),
    };
    Ok(Controller::new(Desktop::start(app, inputs), tools))
}

/// Opens the database; where that fails, one that lasts until the app ends, and says so.
fn open_store(data: &Path, inputs: &Inputs) -> anyhow::Result<Store> {
    let told = |on, note| {
        let _ = inputs.send(Input::Feature { name: FeatureName::Database, on, note });
    };
    match Store::open(data) {
        Ok(Opened { store, set_aside: None }) => Ok(store),
        Ok(Opened { store, set_aside: Some(old) }) => {
            let old = doorward_protocol::visible(&old.display().to_string()).into_owned();
            told(
                false,
                format!(
                    "The database could not be used and a new one was begun. The old one is kept as {old}."
                ),
            );
            Ok(store)
        }
        Err(error) => {
            told(false, format!("{error}. {} Until then nothing is remembered after a restart.", error.hint));
            let folder = std::env::temp_dir().join(format!("doorward-{}", std::process::id()));
            Ok(Store::open(&folder).context("could not keep a database anywhere")?.store)
        }
    }
}

/// Starts watching on a thread of its own and returns what changes the list of projects.
fn start_watching(store: &Store, home: &Path, inputs: Inputs) -> impl Fn(Vec<PathBuf>) + Send + use<> {
    let (changes, changed) = std::sync::mpsc::channel::<Vec<PathBuf>>();
    let projects =
        store.reader.projects().unwrap_or_default().into_iter().map(|project| project.path).collect();
    let config = WatchConfig { projects, home: home.to_path_buf(), caches: true };
    std::thread::spawn(move || {
        let arrivals = inputs.clone();
        let watcher = Watcher::start(config, move |batch: Vec<Arrival>| {
            let _ = arrivals.send(Input::FromWatch(batch));
        });
        let (on, note) = match &watcher {
            Ok(_) => (true, "New packages in projects and caches are noticed.".to_owned()),
            Err(error) => (false, format!("{error}. {}", error.hint)),
        };
        let _ = inputs.send(Input::Feature { name: FeatureName::Watching, on, note });
        let Ok(mut watcher) = watcher else { return };
        while let Ok(projects) = changed.recv() {
            watcher.set_projects(projects);
        }
    });
    move |projects| {
        let _ = changes.send(projects);
    }
}

async fn quit_on_signal(inputs: Inputs) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut ended), Ok(mut interrupted), Ok(mut hung_up)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    else {
        return;
    };
    tokio::select! {
        _ = ended.recv() => {}
        _ = interrupted.recv() => {}
        _ = hung_up.recv() => {}
    }
    let _ = inputs.send(Input::Quit);
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn log_to_stderr() {
    let level = std::env::var("DOORWARD_LOG").ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .with_max_level(level.unwrap_or(tracing::Level::WARN))
        .with_writer(std::io::stderr)
        // It would tell of a failed write on the same closed terminal, and panic where that fails, too.
        .log_internal_errors(false)
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Invocation, String> {
        Invocation::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn the_command_line_means_what_the_help_says() {
        assert_eq!(parse(&[]), Ok(Invocation::Run { background: false }));
        assert_eq!(parse(&["--background"]), Ok(Invocation::Run { background: true }));
        assert_eq!(parse(&["--show"]), Ok(Invocation::Run { background: false }));
        assert_eq!(parse(&["--help"]), Ok(Invocation::Help));
        assert!(parse(&["--frob"]).expect_err("unknown").contains("--frob"));
    }
}
