use crate::identity::Process;
use doorward_protocol::Ecosystem;
use std::path::Path;

/// A program that installs or builds packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
    Pip,
    Uv,
    /// Another front end that builds Python packages.
    Python(&'static str),
    Cargo,
}

impl Manager {
    /// The package manager a process is. The words it shows are enough here: whoever pretends to be
    /// one only brings suspicion on what it starts.
    pub(super) fn of(process: &Process) -> Option<Self> {
        let exe = process.exe.file_name()?.to_str()?.trim_end_matches(" (deleted)").trim_end_matches(".exe");
        match exe {
            "cargo" => return Some(Self::Cargo),
            "uv" | "uvx" => return Some(Self::Uv),
            "pnpm" => return Some(Self::Pnpm),
            "micromamba" | "mamba" | "conda" => return Some(Self::Python("conda")),
            "bun" => {
                let word = process.cmdline.iter().skip(1).find(|word| !word.starts_with('-'));
                let installs =
                    ["install", "i", "add", "a", "update", "ci", "link", "pm", "remove", "rm", "create"];
                return word.is_some_and(|word| installs.contains(&word.as_str())).then_some(Self::Bun);
            }
            _ => {}
        }
        if exe == "node" || exe == "nodejs" {
            return Self::on_node(&process.cmdline);
        }
        if exe.starts_with("python") || exe.starts_with("pypy") {
            return Self::on_python(&process.cmdline);
        }
        None
    }

    fn on_node(cmdline: &[String]) -> Option<Self> {
        let title = cmdline.first()?.split(' ').next()?;
        let script = cmdline.iter().skip(1).find(|word| !word.starts_with('-'));
        // npm overwrites its arguments with a title; the others show their script.
        let named = [Some(title), script.map(String::as_str)].into_iter().flatten();
        named.filter_map(file_name).find_map(|name| {
            let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
            match stem {
                "npm" | "npx" | "npm-cli" | "npx-cli" => Some(Self::Npm),
                "pnpm" | "pnpx" => Some(Self::Pnpm),
                "yarn" | "yarnpkg" => Some(Self::Yarn),
                _ if name.starts_with("yarn-") && !name.ends_with(".lock") => Some(Self::Yarn),
                _ => None,
            }
        })
    }

    fn on_python(cmdline: &[String]) -> Option<Self> {
        let mut words = cmdline.iter().skip(1).map(String::as_str);
        while let Some(word) = words.next() {
            if word.starts_with("--") || !word.starts_with('-') || word == "-" {
                if word.starts_with("--") {
                    continue;
                }
                let path = Path::new(word);
                let name = match file_name(word)? {
                    "__main__.py" => path.parent()?.file_name()?.to_str()?,
                    "__pip-runner__.py" => "pip",
                    name => name,
                };
                return Self::python_tool(name);
            }
            if word.ends_with('m') {
                return Self::python_tool(words.next()?);
            }
            if word.ends_with('c') {
                return None;
            }
            if word == "-W" || word == "-X" {
                words.next();
            }
        }
        None
    }

    fn python_tool(name: &str) -> Option<Self> {
        let stem = name.trim_end_matches(".py").trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        match stem {
            "pip" => Some(Self::Pip),
            "poetry" => Some(Self::Python("poetry")),
            "pdm" => Some(Self::Python("pdm")),
            "hatch" | "hatchling" => Some(Self::Python("hatch")),
            "pipx" => Some(Self::Python("pipx")),
            "flit" => Some(Self::Python("flit")),
            "build" | "pyproject-build" => Some(Self::Python("build")),
            "conda" | "mamba" => Some(Self::Python("conda")),
            "twine" => Some(Self::Python("twine")),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Bun => "bun",
            Self::Pip => "pip",
            Self::Uv => "uv",
            Self::Python(name) => name,
            Self::Cargo => "cargo",
        }
    }

    pub(super) fn ecosystem(self) -> Ecosystem {
        match self {
            Self::Npm | Self::Pnpm | Self::Yarn | Self::Bun => Ecosystem::Npm,
            Self::Pip | Self::Uv | Self::Python(_) => Ecosystem::Pypi,
            Self::Cargo => Ecosystem::Cargo,
        }
    }

    /// True where what this manager started there belongs to an installation or a build.
    pub(super) fn is_building(self, parent: &Process, child: &Process) -> bool {
        match self.ecosystem() {
            Ecosystem::Npm => super::npm::is_installing(parent, child),
            Ecosystem::Pypi => super::python::is_building(self, parent, child),
            Ecosystem::Cargo => super::cargo::is_building(child),
        }
    }
}

fn file_name(word: &str) -> Option<&str> {
    Path::new(word).file_name()?.to_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(exe: &str, cmdline: &[&str]) -> Option<Manager> {
        let cmdline = cmdline.iter().map(|word| (*word).to_owned()).collect();
        Manager::of(&Process { exe: exe.into(), cmdline, ..Process::default() })
    }

    #[test]
    fn managers_are_known_by_their_programs() {
        assert_eq!(of("/usr/bin/node", &["npm install"]), Some(Manager::Npm));
        assert_eq!(
            of("/usr/bin/node", &["node", "/usr/lib/node_modules/npm/bin/npm-cli.js", "i"]),
            Some(Manager::Npm)
        );
        assert_eq!(of("/usr/bin/node", &["node", "/x/pnpm.cjs", "i"]), Some(Manager::Pnpm));
        assert_eq!(of("/usr/bin/node", &["node", "/p/.yarn/releases/yarn-4.1.0.cjs"]), Some(Manager::Yarn));
        assert_eq!(of("/usr/bin/python3.11", &["python3", "-m", "pip", "install", "x"]), Some(Manager::Pip));
        assert_eq!(
            of("/usr/bin/python3.11", &["python3", "/usr/bin/pip3.11", "install"]),
            Some(Manager::Pip)
        );
        assert_eq!(
            of("/usr/bin/python3.11", &["python3", "-I", "/v/pip/__pip-runner__.py"]),
            Some(Manager::Pip)
        );
        assert_eq!(of("/home/u/.cargo/bin/cargo", &["cargo", "build"]), Some(Manager::Cargo));
        assert_eq!(of("/usr/bin/bun", &["bun", "install"]), Some(Manager::Bun));
    }

    #[test]
    fn other_programs_on_the_same_interpreters_are_none() {
        assert_eq!(of("/usr/bin/node", &["node", "server.js", "npm"]), None);
        assert_eq!(of("/usr/bin/python3.11", &["python3", "-c", "x", "pip"]), None);
        assert_eq!(of("/usr/bin/python3.11", &["python3", "app.py", "-m", "pip"]), None);
        assert_eq!(of("/usr/bin/bun", &["bun", "run", "dev"]), None);
        assert_eq!(of("/usr/bin/git", &["npm"]), None);
    }
}
