//! The daemon's configuration: a TOML file in which every key has a default.

use doorward_protocol::{Mode, Policy};
use serde::Deserialize;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The longest a read may be held, in seconds.
pub const LONGEST_QUESTION: u64 = 30;

/// What an administrator can set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the journal, the rules and the modes are kept.
    pub state_dir: PathBuf,
    /// Where clients connect.
    pub socket: PathBuf,
    /// Homes to guard besides those of login users.
    pub homes: Vec<PathBuf>,
    /// Whether the homes of all login users are guarded.
    pub login_users: bool,
    /// Whether the system's own secrets are guarded; as `login_users` unless set.
    pub system: Option<bool>,
    /// Project folders whose `.env` and key files are guarded, besides those that clients name.
    pub projects: Vec<PathBuf>,
    /// Where further catalog files are.
    pub catalog_dir: PathBuf,
    /// The overall mode.
    pub mode: Mode,
    /// A mode of its own for tier 1.
    pub tier1: Option<Mode>,
    /// A mode of its own for tier 2.
    pub tier2: Option<Mode>,
    /// A mode of its own for tier 3.
    pub tier3: Option<Mode>,
    /// A mode of its own for packages' scripts.
    pub packages: Option<Mode>,
    /// The program files that may answer questions and weaken protection.
    pub clients: Vec<PathBuf>,
    /// `pkcheck`, which asks for an administrator's consent; `off`: only root may weaken.
    pub polkit: PathBuf,
    /// Whether the starts of packages' scripts are gated.
    pub gate: bool,
    /// The programs whose starts the gate looks at.
    pub gate_interpreters: Vec<PathBuf>,
    /// How long a read is held for an answer.
    pub ask_seconds: u64,
    /// The largest size of one journal file in bytes; four are kept.
    pub journal_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state_dir: "/var/lib/doorward".into(),
            socket: "/run/doorward/doorwardd.sock".into(),
            homes: Vec::new(),
            login_users: true,
            system: None,
            projects: Vec::new(),
            catalog_dir: "/etc/doorward/catalog.d".into(),
            mode: Mode::Ask,
            tier1: None,
            tier2: None,
            tier3: None,
            packages: None,
            clients: vec!["/usr/bin/doorward-app".into(), "/usr/bin/doorward".into()],
            polkit: "/usr/bin/pkcheck".into(),
            gate: true,
            gate_interpreters: default_interpreters(),
            ask_seconds: LONGEST_QUESTION,
            journal_bytes: 8 * 1024 * 1024,
        }
    }
}

/// A home and the user it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The folder.
    pub path: PathBuf,
    /// Its owner.
    pub uid: u32,
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading the configuration {path} failed: {source}\nhint: name the file with --config")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("the configuration {path}, line {line}: {problem}\nhint: {hint}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`], with the line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_path_buf(), source })?;
        Self::parse(&text, path)
    }

    /// Understands a configuration; `path` is for errors.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let invalid = |line, problem: &str, hint: &str| ConfigError::Invalid {
            path: path.to_path_buf(),
            line,
            problem: problem.to_owned(),
            hint: hint.to_owned(),
        };
        let config: Self = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let hint = if error.message().contains("unknown field") {
                "check the spelling; `doorwardd --help` lists every key"
            } else {
                "correct the value, or remove the line to use the default"
            };
            invalid(line, error.message(), hint)
        })?;
        let line_of = |key: &str| {
            text.lines().position(|line| line.trim_start().starts_with(key)).map_or(1, |index| index + 1)
        };
        if !(1..=LONGEST_QUESTION).contains(&config.ask_seconds) {
            let problem = format!("`ask_seconds` is {}, not 1 to {LONGEST_QUESTION}", config.ask_seconds);
            return Err(invalid(line_of("ask_seconds"), &problem, "a read cannot be held longer"));
        }
        let paths = [
            ("state_dir", &config.state_dir),
            ("socket", &config.socket),
            ("catalog_dir", &config.catalog_dir),
        ];
        let lists = [("homes", &config.homes), ("projects", &config.projects), ("clients", &config.clients)];
        let named = lists.iter().flat_map(|(key, list)| list.iter().map(move |path| (*key, path)));
        for (key, value) in paths.into_iter().chain(named) {
            if !value.is_absolute() {
                let problem = format!("`{key}` names {}, which is not an absolute path", value.display());
                return Err(invalid(
                    line_of(key),
                    &problem,
                    "write the path from the root on, with a leading /",
                ));
            }
        }
        Ok(config)
    }

    /// The modes as configured.
    pub fn policy(&self) -> Policy {
        Policy {
            mode: self.mode,
            packages: self.packages,
            tier1: self.tier1,
            tier2: self.tier2,
            tier3: self.tier3,
        }
    }

    /// True where the system's own secrets are guarded.
    pub fn guards_system(&self) -> bool {
        self.system.unwrap_or(self.login_users)
    }

    /// Every home to guard, with its owner; homes that do not exist now are left out.
    pub fn all_homes(&self) -> Vec<Home> {
        let login = self.login_homes();
        let mut homes: Vec<Home> = Vec::new();
        for path in self.homes.iter().cloned().chain(login) {
            let Ok(path) = path.canonicalize() else { continue };
            let Ok(metadata) = path.metadata() else { continue };
            if metadata.is_dir() && !homes.iter().any(|home| home.path == path) {
                homes.push(Home { path, uid: metadata.uid() });
            }
        }
        homes
    }

    /// The folders in which a home can appear, and the one in which a user can.
    pub fn places_of_homes(&self) -> Vec<PathBuf> {
        let homes = self.homes.iter().cloned().chain(self.login_homes());
        let above = homes
            .filter_map(|home| home.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_owned));
        let users = self.login_users.then(|| Path::new(USERS).parent().map(Path::to_owned)).flatten();
        let places = above.chain(users).filter(|folder| folder.parent().is_some());
        let mut places: Vec<PathBuf> = places.collect();
        places.sort();
        places.dedup();
        places
    }

    fn login_homes(&self) -> Vec<PathBuf> {
        let users = std::fs::read_to_string(USERS).unwrap_or_default();
        users.lines().filter(|_| self.login_users).filter_map(login_home).collect()
    }
}

/// The file that names the users.
const USERS: &str = "/etc/passwd";

/// The keys with their meaning, for `--help`.
pub const KEYS: &str = "\
  state_dir          where the journal, the rules and the modes are kept
  socket             where clients connect
  homes              homes to guard besides those of login users
  login_users        guard the homes of all login users (true)
  system             guard the system's own secrets (as login_users)
  projects           project folders whose .env and key files are guarded
  catalog_dir        further catalog files (*.toml); read again on SIGUSR1
  mode               observe, ask or block (ask)
  tier1 tier2 tier3  a mode of its own for a tier
  packages           a mode of its own for packages' scripts
  clients            program files that may answer and weaken protection
  polkit             the pkcheck program, or \"off\": only root may weaken
  gate               gate the starts of packages' scripts (true)
  gate_interpreters  the programs whose starts the gate looks at
  ask_seconds        how long a read is held for an answer, 1 to 30 (30)
  journal_bytes      largest size of one of four journal files";

fn login_home(line: &str) -> Option<PathBuf> {
    let fields: Vec<&str> = line.split(':').collect();
    let [_, _, uid, _, _, home, shell] = fields[..] else { return None };
    let uid: u32 = uid.parse().ok()?;
    let person = uid == 0 || (1000..65_534).contains(&uid);
    let login = !shell.is_empty() && !shell.ends_with("/nologin") && !shell.ends_with("/false");
    (person && login && home.len() > 1).then(|| home.into())
}

fn default_interpreters() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["sh", "bash", "dash", "node", "nodejs"]
        .iter()
        .map(|name| Path::new("/usr/bin").join(name))
        .filter(|path| path.exists())
        .collect();
    let python = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("python3");
    if let Ok(entries) = std::fs::read_dir("/usr/bin") {
        found.extend(entries.flatten().filter(python).map(|entry| entry.path()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("test.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_has_a_default() {
        let config = parse("").expect("an empty file is a configuration");
        assert_eq!(config.policy(), Policy::default());
        assert_eq!(config.ask_seconds, 30);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_a_hint() {
        let error = parse("mode = \"block\"\n\nmod = 1\n").expect_err("unknown key");
        assert!(error.contains("line 3") && error.contains("`mod`") && error.contains("hint:"), "{error}");
    }

    #[test]
    fn wrong_values_are_refused_with_their_line() {
        for (text, needle) in [
            ("\nmode = \"strict\"", "line 2"),
            ("ask_seconds = 31", "1 to 30"),
            ("socket = \"here\"", "absolute"),
            ("gate = true\nhomes = [\"x\"]", "line 2"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(needle), "{text}: {error}");
        }
    }

    #[test]
    fn only_people_who_can_log_in_have_their_homes_guarded() {
        let home = |line| login_home(line).map(|path| path.display().to_string());
        assert_eq!(home("ada:x:1000:1000::/home/ada:/bin/bash").as_deref(), Some("/home/ada"));
        assert_eq!(home("root:x:0:0:root:/root:/bin/bash").as_deref(), Some("/root"));
        assert_eq!(home("www:x:33:33::/var/www:/usr/sbin/nologin"), None);
        assert_eq!(home("nobody:x:65534:65534::/nonexistent:/bin/sh"), None);
        assert_eq!(home("nonsense"), None);
    }
}
