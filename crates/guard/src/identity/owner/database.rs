use crate::sys::poll_readable;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// How long rpm may take to list what is installed.
const RPM_TIME: Duration = Duration::from_secs(20);

/// Where a package manager wrote down which files it installed.
#[derive(Debug)]
pub(super) enum PackageDatabase {
    /// The folder with a `.list` for each package.
    Dpkg(PathBuf),
    /// The folder with a folder for each package.
    Pacman(PathBuf),
    /// The folder with the data base, in one of rpm's formats, which rpm itself is asked to read.
    Rpm(PathBuf),
}

/// Takes the name of a package and a file of it.
type Found<'a> = &'a mut dyn FnMut(&str, &str);

/// The data bases that there can be on this system.
pub(super) fn installed() -> Vec<PackageDatabase> {
    vec![
        PackageDatabase::Dpkg("/var/lib/dpkg/info".into()),
        PackageDatabase::Pacman("/var/lib/pacman/local".into()),
        PackageDatabase::Rpm("/var/lib/rpm".into()),
        PackageDatabase::Rpm("/usr/lib/sysimage/rpm".into()),
    ]
}

impl PackageDatabase {
    const RPM: &str = "/usr/bin/rpm";

    /// When it last changed; `None` where there is none.
    pub(super) fn changed(&self) -> Option<SystemTime> {
        let modified = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
        match self {
            Self::Dpkg(folder) | Self::Pacman(folder) => modified(folder),
            // Asking rpm may touch the folder, not what is in these.
            Self::Rpm(folder) => ["rpmdb.sqlite", "Packages.db", "Packages"]
                .iter()
                .filter_map(|name| modified(&folder.join(name)))
                .max()
                .filter(|_| !folder.is_symlink() && is_roots_own(Path::new(Self::RPM))),
        }
    }

    /// Tells every file of every package, packages one after the other.
    pub(super) fn each_file(&self, found: Found<'_>) -> io::Result<()> {
        match self {
            Self::Dpkg(folder) => each_dpkg(folder, found),
            Self::Pacman(folder) => each_pacman(folder, found),
            Self::Rpm(folder) => each_rpm(folder, found),
        }
    }
}

fn each_dpkg(folder: &Path, found: Found<'_>) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        let list = path.extension().is_some_and(|end| end == "list");
        let Some(name) = path.file_stem().and_then(|name| name.to_str()).filter(|_| list) else { continue };
        let package = name.split_once(':').map_or(name, |(name, _)| name);
        each_line(File::open(&path)?, |line| found(package, line))?;
    }
    Ok(())
}

fn each_pacman(folder: &Path, found: Found<'_>) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        let name = path.file_name().and_then(|name| name.to_str());
        // NAME-VERSION-RELEASE; the first may have hyphens, the others have none.
        let Some(package) = name.and_then(|name| name.rsplitn(3, '-').nth(2)) else { continue };
        let Ok(list) = File::open(path.join("files")) else { continue };
        let mut files = false;
        each_line(list, |line| match line.starts_with('%') {
            true => files = line == "%FILES%",
            false if files && !line.is_empty() => found(package, &format!("/{line}")),
            false => {}
        })?;
    }
    Ok(())
}

fn each_rpm(folder: &Path, found: Found<'_>) -> io::Result<()> {
    let mut rpm = Command::new(PackageDatabase::RPM);
    rpm.arg("--dbpath").arg(folder).args(["-qa", "--queryformat", "%{NAME}\\n[ %{FILENAMES}\\n]"]);
    rpm.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut listing = Listing::of(rpm.spawn()?)?;
    let mut package = String::new();
    each_line(&mut listing, |line| match line.strip_prefix(' ') {
        Some(file) => found(&package, file),
        None => line.clone_into(&mut package),
    })?;
    match listing.rpm.wait()? {
        ended if ended.success() => Ok(()),
        ended => Err(io::Error::other(format!("rpm: {ended}"))),
    }
}

/// What rpm prints, for as long as it may take; it is ended with the value.
struct Listing {
    rpm: Child,
    printed: ChildStdout,
    until: Instant,
}

impl Listing {
    fn of(mut rpm: Child) -> io::Result<Self> {
        let printed = rpm.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { rpm, printed, until: Instant::now() + RPM_TIME })
    }
}

impl Read for Listing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        let [ready] = poll_readable([self.printed.as_raw_fd()], Some(left));
        if ready { self.printed.read(buffer) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        let _ = self.rpm.kill();
        let _ = self.rpm.wait();
    }
}

/// Lines that are no text are left out: no program that matters here has such a name.
fn each_line(file: impl Read, mut told: impl FnMut(&str)) -> io::Result<()> {
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 {
        if let Ok(text) = std::str::from_utf8(line.trim_ascii_end()) {
            told(text);
        }
        line.clear();
    }
    Ok(())
}

fn is_roots_own(program: &Path) -> bool {
    fs::metadata(program).is_ok_and(|meta| meta.is_file() && meta.uid() == 0 && meta.mode() & 0o022 == 0)
}
