//! Packages made for a service that thieves use as well: whoever installs `transfersh-cli` means to send there.
//! Thieves name their packages so, too; what else they do is not excused.

use super::evidence::Evidence;
use super::shape::Told;
use super::signal::{Signal, Signals};
use crate::PackageFiles;
use doorward_protocol::Stage;

/// Takes back that a package contacts drop hosts where each of them is the service that the package is named for.
/// What runs while it is installed has no business there all the same.
pub(super) fn excuse(package: &PackageFiles<'_>, gathered: &mut [Option<Evidence<'_>>]) {
    if gathered.iter().flatten().flat_map(|evidence| &evidence.hits).any(|hit| GRAVE.has(hit.signal)) {
        return;
    }
    let names = Names::of(package);
    let mut hosts = gathered.iter().flatten().filter(|evidence| !evidence.aside).flat_map(|evidence| {
        let drops = evidence.hits.iter().filter(|hit| hit.signal == Signal::DropHost);
        drops.map(|hit| (evidence.file.path, host_at(evidence.file.bytes, hit.offset)))
    });
    let Some((path, host)) = hosts.next() else { return };
    if !names.mean(path, &host) || hosts.any(|(path, host)| !names.mean(path, &host)) {
        return;
    }
    for evidence in gathered.iter_mut().flatten() {
        if !matches!(evidence.stage, Stage::Install | Stage::Build) {
            evidence.hits.retain(|hit| !matches!(hit.signal, Signal::DropHost | Signal::ContactsDrop));
        }
    }
}

/// Beside these a name excuses nothing.
const GRAVE: Signals = Signals::of(&[
    Signal::EvalFetched,
    Signal::EvalDecoded,
    Signal::RunsFetched,
    Signal::RunsDecoded,
    Signal::RemoteOrders,
    Signal::SendsIdentity,
    Signal::SendsEnvironment,
    Signal::SendsSecret,
    Signal::SendsKey,
    Signal::SendsCapture,
]);

/// What a package calls itself, in small letters and digits only.
struct Names {
    said: String,
}

impl Names {
    fn of(package: &PackageFiles<'_>) -> Self {
        let told = Told::of(package);
        let said = format!("{} {}", package.manifest.package.name, told.value("Summary").unwrap_or_default());
        Self { said: plain(&said) }
    }

    /// True for a host whose owner's name the package, or a folder or module of it, bears.
    fn mean(&self, path: &str, host: &str) -> bool {
        /// A word so long is a name; a shorter one may be any word.
        const A_NAME: usize = 6;
        // A webhook or a bot belongs to somebody, and what catches requests is made for nothing else.
        const SOMEBODYS: [&str; 3] = ["discord.com", "discordapp.com", "api.telegram.org"];
        const CATCHERS: [&str; 9] =
            ["hook", "request", "oast", "interact", "burp", "canary", "beeceptor", "pipedream", "log"];
        // What was spelt in code stands nowhere as a host.
        if !host.contains('.') || plain(host).is_empty() {
            return false;
        }
        if SOMEBODYS.contains(&host) || CATCHERS.iter().any(|word| host.contains(word)) {
            return false;
        }
        let owner = host.rsplit('.').nth(1).unwrap_or(host);
        let owner = owner.strip_suffix('s').unwrap_or(owner);
        let bears = |part: &str| !owner.is_empty() && plain(part.trim_end_matches(".py")) == plain(owner);
        self.said.contains(&plain(host))
            || owner.len() >= A_NAME && self.said.contains(&plain(owner))
            || path.split('/').any(bears)
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The host whose name begins at an offset.
fn host_at(bytes: &[u8], offset: usize) -> String {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let host: Vec<u8> = bytes.get(offset..).unwrap_or_default().iter().take_while(is_part).copied().collect();
    String::from_utf8_lossy(&host).trim_matches('.').to_ascii_lowercase()
}
