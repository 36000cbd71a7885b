//! `doorward guard decoy`.

use crate::args::DecoyCommand;
use crate::daemon::Daemon;
use crate::describe;
use crate::failure::Failure;
use crate::terminal::{Paint, put_json, put_line};
use doorward_decoy::{DecoyError, plant, usual_place};
use doorward_protocol::{Control, Decoy, DecoyKind, DecoyState};
use std::fs;
use std::path::{Path, PathBuf};

/// Carries out one command; `decoys` are those that are there.
pub(crate) async fn run(command: DecoyCommand, daemon: &mut Daemon, decoys: &[Decoy]) -> Result<(), Failure> {
    match command {
        DecoyCommand::Add { kind: Some(kind), path } => {
            let place =
                path.map_or_else(|| Ok(home()?.join(usual_place(kind.into()))), |path| absolute(&path))?;
            add(daemon, kind.into(), &place).await
        }
        DecoyCommand::Add { kind: None, .. } => add_each(daemon).await,
        DecoyCommand::List { json } => {
            for decoy in decoys {
                if json { put_json(decoy)? } else { put_line(&line(decoy, Paint::stdout()))? }
            }
            if decoys.is_empty() && !json {
                put_line("No decoys; `doorward guard decoy add` plants some.")?;
            }
            Ok(())
        }
        DecoyCommand::Remove { path } => remove(daemon, decoys, &absolute(&path)?).await,
    }
}

/// The user's home, by its real path.
pub(crate) fn home() -> Result<PathBuf, Failure> {
    std::env::var_os("HOME")
        .map(PathBuf::from)
        .and_then(|home| home.canonicalize().ok())
        .ok_or_else(|| Failure::new("finding your home folder: HOME names no folder"))
}

/// One of each kind, where the usual place is free.
async fn add_each(daemon: &mut Daemon) -> Result<(), Failure> {
    let home = home()?;
    for kind in DecoyKind::ALL {
        let place = home.join(usual_place(kind));
        if place.symlink_metadata().is_ok() {
            put_line(&format!("{} is there already and was left alone.", describe::shown(&place)))?;
        } else {
            add(daemon, kind, &place).await?;
        }
    }
    Ok(())
}

async fn add(daemon: &mut Daemon, kind: DecoyKind, place: &Path) -> Result<(), Failure> {
    plant(kind, &home()?, place)?;
    let path = place.to_path_buf();
    if let Err(failure) = daemon.control(Control::AddDecoy { path, kind }).await {
        // A decoy that nobody watches is only in the way.
        let _ = fs::remove_file(place);
        return Err(failure);
    }
    put_line(&format!("Planted {}: every read of it is an alarm.", describe::shown(place)))
}

async fn remove(daemon: &mut Daemon, decoys: &[Decoy], path: &Path) -> Result<(), Failure> {
    let state = decoys.iter().find(|decoy| decoy.path == path).map(|decoy| decoy.state);
    daemon.control(Control::RemoveDecoy(path.to_path_buf())).await?;
    let shown = describe::shown(path);
    match state {
        Some(DecoyState::Intact) => {
            fs::remove_file(path)
                .map_err(|error| Failure::caused(format_args!("deleting the decoy {shown}"), &error))?;
            put_line(&format!("{shown} is deleted."))
        }
        Some(DecoyState::Gone) => put_line(&format!("{shown} was gone already; it is forgotten.")),
        _ => put_line(&format!(
            "{shown} is no decoy any more. It was changed since it was planted, so it stays."
        )),
    }
}

fn line(decoy: &Decoy, paint: Paint) -> String {
    let state = match decoy.state {
        DecoyState::Intact => paint.teal("intact "),
        DecoyState::Changed => paint.amber("changed"),
        DecoyState::Gone => paint.red("gone   "),
    };
    let planted = paint.dim(&format!("{}, planted {}", describe::json_name(&decoy.kind), decoy.planted));
    format!("{state}  {}  {planted}", describe::shown(&decoy.path))
}

/// By its real folder, as the daemon knows it; the file itself need not be there.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::caused(format_args!("finding {}", describe::shown(path)), &error);
    let full = std::path::absolute(path).map_err(failed)?;
    let (Some(folder), Some(name)) = (full.parent(), full.file_name()) else {
        return Err(Failure::new(format!("finding {}: it names no file", describe::shown(path))));
    };
    // What is missing is made when the decoy is planted, so its spelling counts.
    Ok(folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf()).join(name))
}

impl From<DecoyError> for Failure {
    fn from(error: DecoyError) -> Self {
        Self::new(error.to_string()).hint(error.hint)
    }
}
