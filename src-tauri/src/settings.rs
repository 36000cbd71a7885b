//! Starting with the session, as the desktop's own settings do it.

use crate::failure::Failure;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The desktop file in both autostart folders.
const NAME: &str = "org.doorward.app.desktop";

/// The user's and the machine's autostart folders.
#[derive(Debug, Clone)]
pub(crate) struct Autostart {
    /// `~/.config/autostart`
    pub(crate) own: PathBuf,
    /// `/etc/xdg/autostart`
    pub(crate) shared: PathBuf,
    /// The program to start where the machine has no entry.
    pub(crate) program: PathBuf,
}

impl Autostart {
    pub(crate) fn of_session(home: &Path, program: PathBuf) -> Self {
        let config = std::env::var_os("XDG_CONFIG_HOME")
            .filter(|path| !path.is_empty())
            .map_or_else(|| home.join(".config"), PathBuf::from);
        Self { own: config.join("autostart"), shared: PathBuf::from("/etc/xdg/autostart"), program }
    }

    /// Turns the start with the session on or off for this user.
    ///
    /// # Errors
    /// When the user's entry cannot be written or removed.
    pub(crate) fn set(&self, on: bool) -> Result<(), Failure> {
        let own = self.own.join(NAME);
        let outcome = if !on {
            self.write(&own, "[Desktop Entry]\nType=Application\nName=Doorward\nHidden=true\n")
        } else if self.shared.join(NAME).exists() {
            match fs::remove_file(&own) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        } else {
            let program = quoted(&self.program.to_string_lossy());
            self.write(
                &own,
                &format!("[Desktop Entry]\nType=Application\nName=Doorward\nExec={program} --background\n"),
            )
        };
        outcome.map_err(|error| {
            Failure::new(
                format!("could not change {}: {error}", own.display()),
                "Check the folder's owner and permissions.",
            )
        })
    }

    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        fs::create_dir_all(&self.own)?;
        fs::write(path, text)
    }
}

/// A program's path as the Exec key of a desktop entry wants it.
fn quoted(path: &str) -> String {
    let mut out = String::from("\"");
    for character in path.chars() {
        match character {
            '"' | '`' | '$' => out.extend(['\\', '\\', character]),
            '\\' => out.push_str("\\\\\\\\"),
            '%' => out.push_str("%%"),
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_hides_the_entry_and_on_brings_it_back() {
        let folder = tempfile::tempdir().expect("folder");
        let autostart = Autostart {
            own: folder.path().join("own"),
            shared: folder.path().join("shared"),
            program: "/opt/my door/doorward-app".into(),
        };
        let own = autostart.own.join(NAME);
        autostart.set(false).expect("off");
        assert!(fs::read_to_string(&own).expect("entry").contains("Hidden=true"));
        autostart.set(true).expect("on");
        let entry = fs::read_to_string(&own).expect("entry");
        assert!(entry.contains("Exec=\"/opt/my door/doorward-app\" --background"), "{entry}");

        fs::create_dir(&autostart.shared).expect("folder");
        fs::write(autostart.shared.join(NAME), "").expect("entry");
        autostart.set(true).expect("on");
        assert!(!own.exists(), "the machine's own entry counts again");
        autostart.set(true).expect("on twice");
    }
}
