//! A sweep: one process tree that goes through several kinds of secrets within seconds. Whoever does
//! that looks for whatever there is. Pure: the caller says what was touched, by whose tree and when.

use crate::attribution;
use crate::identity::{Identity, Process};
use doorward_protocol::Secret;
use std::collections::HashMap;
use std::time::Duration;

/// So many kinds of secrets make a sweep.
pub const KINDS: usize = 3;
/// Within this time.
pub const WINDOW: Duration = Duration::from_secs(10);
/// A sweep that paused for so long is told as a new one.
const OVER: Duration = Duration::from_secs(60);
/// Trees that are remembered.
const TREES: usize = 1_024;
/// Touches of one tree that are remembered.
const TOUCHES: usize = 64;
/// Programs that start everything a person runs, wherever it belongs.
const HOSTS: &[&str] = &[
    "systemd",
    "gnome-session-binary",
    "gnome-session-service",
    "gnome-shell",
    "plasmashell",
    "ksmserver",
    "kwin_wayland",
    "xfce4-session",
    "cinnamon",
    "mate-session",
    "sway",
    "Hyprland",
    "Xorg",
    "dbus-daemon",
    "dbus-broker",
    "gnome-terminal-server",
    "konsole",
    "xterm",
    "xfce4-terminal",
    "kitty",
    "alacritty",
    "foot",
    "ptyxis",
    "tmux",
    "tmux: server",
    "screen",
    "sshd",
    "sshd-session",
    "login",
    "cron",
    "atd",
];

/// The first process of a tree, by process id and start.
pub type Root = (u32, u64);

/// One read that nothing vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// What was read.
    pub secret: Secret,
    /// When, by any clock that only goes forward.
    pub at: Duration,
    /// The number of its event; 0 where it has none.
    pub event: u64,
}

/// What a read means for its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sweep {
    /// It is the read that makes it a sweep: everything touched, this read last.
    Found(Vec<Touch>),
    /// It goes on with a sweep that was told in this event.
    GoesOn(u64),
}

impl Sweep {
    /// Everything touched, where this read tells of it.
    pub fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Found(touches) => touches.iter().map(|touch| touch.secret.clone()).collect(),
            Self::GoesOn(_) => Vec::new(),
        }
    }
}

/// What each tree touched lately.
#[derive(Debug, Default)]
pub struct Sweeps(HashMap<Root, Tree>);

#[derive(Debug, Default)]
struct Tree {
    touches: Vec<Touch>,
    told: Option<u64>,
    last: Duration,
}

impl Sweeps {
    /// Takes note of a read; `None` while its tree is no sweep.
    pub fn touch(&mut self, root: Root, touch: Touch) -> Option<Sweep> {
        let now = touch.at;
        if self.0.len() >= TREES && !self.0.contains_key(&root) {
            self.make_room(now);
        }
        let tree = self.0.entry(root).or_default();
        let paused = now.saturating_sub(tree.last);
        tree.last = now;
        if let Some(event) = tree.told.filter(|_| paused < OVER) {
            return Some(Sweep::GoesOn(event));
        }
        tree.touches
            .retain(|old| now.saturating_sub(old.at) < WINDOW && old.secret.path != touch.secret.path);
        if tree.touches.len() >= TOUCHES {
            tree.touches.remove(0);
        }
        let event = touch.event;
        tree.touches.push(touch);
        let mut kinds: Vec<&str> = tree.touches.iter().map(|touch| touch.secret.class.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.len() < KINDS {
            return None;
        }
        tree.told = Some(event);
        Some(Sweep::Found(std::mem::take(&mut tree.touches)))
    }

    /// Forgets the trees that were quiet for a while, or else the quietest.
    fn make_room(&mut self, now: Duration) {
        self.0.retain(|_, tree| now.saturating_sub(tree.last) < WINDOW);
        let quietest = self.0.iter().min_by_key(|(_, tree)| tree.last).map(|(root, _)| *root);
        if let Some(root) = quietest.filter(|_| self.0.len() >= TREES) {
            self.0.remove(&root);
        }
    }
}

/// The kinds of secrets, each once: `SSH private key, AWS credentials and npm token`.
pub fn in_words(secrets: &[Secret]) -> String {
    let mut titles: Vec<&str> = Vec::new();
    for secret in secrets {
        if !titles.contains(&secret.title.as_str()) {
            titles.push(&secret.title);
        }
    }
    match titles.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => titles.concat(),
    }
}

/// The first process of the tree a reader belongs to: the package manager that installs or builds above
/// it, else the program that its user started from a shell or from the desktop.
pub fn root(identity: &Identity) -> Root {
    let line: Vec<&Process> = identity.line().collect();
    let manager =
        line.windows(2).rev().find(|pair| attribution::builds(pair[1], pair[0])).map(|pair| pair[1]);
    let own = |process: &&&Process| {
        let same_user = process.uid == identity.process.uid;
        same_user && !attribution::is_a_persons_shell(process) && !is_host(process)
    };
    let first = manager.or_else(|| line.iter().take_while(own).last().copied());
    first.map_or((identity.pid, identity.start_time), |process| (process.pid, process.start_time))
}

/// True for a program of the system's that only starts others: a name alone is nobody's word.
fn is_host(process: &Process) -> bool {
    let system = ["/usr/", "/bin/", "/sbin/", "/lib/"].iter().any(|root| process.exe.starts_with(root));
    let name = process.exe.file_name().and_then(|name| name.to_str());
    system && name.is_some_and(|name| HOSTS.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(class: &str, file: &str, seconds: u64, event: u64) -> Touch {
        let secret = Secret { path: file.into(), class: class.into(), title: class.into(), tier: 1 };
        Touch { secret, at: Duration::from_secs(seconds), event }
    }

    #[test]
    fn three_kinds_within_ten_seconds_are_one_sweep() {
        let mut sweeps = Sweeps::default();
        let tree = (7, 1);
        assert_eq!(sweeps.touch(tree, touch("ssh-key", "/h/a", 100, 1)), None);
        assert_eq!(sweeps.touch(tree, touch("ssh-key", "/h/b", 101, 2)), None, "two files of one kind");
        assert_eq!(sweeps.touch((8, 1), touch("wallet", "/h/w", 101, 3)), None, "another tree");
        assert_eq!(sweeps.touch(tree, touch("aws", "/h/c", 105, 4)), None);
        let Some(Sweep::Found(all)) = sweeps.touch(tree, touch("wallet", "/h/w", 109, 5)) else {
            panic!("it is a sweep")
        };
        assert_eq!(all.iter().map(|touch| touch.event).collect::<Vec<_>>(), [1, 2, 4, 5]);
        assert_eq!(sweeps.touch(tree, touch("npm", "/h/n", 130, 6)), Some(Sweep::GoesOn(5)), "one event");
        assert_eq!(sweeps.touch(tree, touch("npm", "/h/n", 300, 7)), None, "it was over");
    }

    #[test]
    fn three_kinds_over_a_longer_time_are_none() {
        let mut sweeps = Sweeps::default();
        for (at, class) in ["a", "b", "c", "d"].iter().enumerate() {
            let seconds = 100 + 6 * u64::try_from(at).expect("small");
            assert_eq!(sweeps.touch((7, 1), touch(class, class, seconds, 1)), None, "{class}");
        }
        assert_eq!(sweeps.touch((7, 2), touch("e", "e", 118, 1)), None, "the number was given away again");
    }

    #[test]
    fn a_flood_of_trees_forgets_the_quietest() {
        let mut sweeps = Sweeps::default();
        for pid in 0..3_000 {
            sweeps.touch((pid, 1), touch("a", "/a", 100, 1));
        }
        assert!(sweeps.0.len() <= TREES);
        sweeps.touch((2_999, 1), touch("b", "/b", 101, 2));
        assert!(matches!(sweeps.touch((2_999, 1), touch("c", "/c", 102, 3)), Some(Sweep::Found(_))));
    }
}
