//! A developer's working day: what is asked, how often, and that nothing else disturbs.

use super::everyday::{Sshd, make_key};
use doorward_protocol::{Action, Event, EventKind};
use doorward_tests::{Daemon, Sandbox, fixtures, need, repository, sandboxed};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

/// Questions that a day may cost.
const PATIENCE: usize = 2;

#[test]
fn a_working_day_asks_little() {
    sandboxed("guard", "day::a_working_day_asks_little", |sandbox| {
        for program in ["git", "sshd", "npm", "aws", "gpg", "vim", "rg", "borg", "script"] {
            need(program);
        }
        let (server, tools) = (furnish(sandbox), sandbox.toolchain());
        let daemon = Daemon::start(sandbox, "");

        let mut day = sandbox.command("bash");
        day.arg(repository().join("tests/guard/day.sh"));
        day.env("SSH_PORT", server.port.to_string()).env("ORIGIN", sandbox.home().join("origin"));
        day.env("TOOLS", tools).env("TERM", "dumb");
        let (run, asked) = while_answering(&daemon, || sandbox.run(&mut day));
        let steps: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("step ")).collect();
        let events = daemon.journal();
        println!("{} steps: {}", steps.len(), steps.join(", "));
        println!("{} questions: {asked:?}", asked.len());
        assert_eq!(run.code, 0, "{run}\n{}", told(&events));

        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        asked.iter().for_each(|question| *times.entry(question).or_default() += 1);
        assert!(times.values().all(|times| *times == 1), "asked twice: {asked:?}");
        assert!(asked.len() <= PATIENCE, "too many questions: {asked:?}\n{}", told(&events));
        let denied: Vec<&Event> = events.iter().filter(|event| event.action == Action::Denied).collect();
        assert!(denied.is_empty(), "{denied:?}");
        assert_eq!(daemon.state().counters.asked, asked.len() as u64);
    });
}

/// A home with everything the day needs.
fn furnish(sandbox: &Sandbox) -> Sshd {
    fixtures::place_secrets(sandbox);
    std::fs::remove_file(sandbox.home().join(".ssh/id_ed25519")).expect("the made-up key");
    let server = Sshd::start(sandbox, &make_key(sandbox));
    sandbox.folder(".gnupg");
    for (name, content) in [
        (".bash_history", "git status\nls\n"),
        (".docker/config.json", "{\"auths\":{\"127.0.0.1:5000\":{\"auth\":\"bWFkZTp1cA==\"}}}\n"),
        (
            ".kube/config",
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- {name: c, context: {cluster: c, user: u}}\n\
             clusters:\n- {name: c, cluster: {server: 'http://127.0.0.1:9'}}\nusers:\n- {name: u, user: {token: made-up}}\n",
        ),
        (".cargo/credentials.toml", "[registries.local]\ntoken = \"made-up\"\n"),
        (".config/solana/cli/config.yml", "json_rpc_url: http://127.0.0.1:9\n"),
        ("notes.txt", "Nothing of interest.\n"),
    ] {
        sandbox.write(name, content);
    }
    let index = bare_index(sandbox);
    sandbox.write(".cargo/config.toml", &format!("[registries.local]\nindex = \"file://{index}\"\n"));
    sandbox.ok(sandbox.command("git").args(["init", "-q", "--bare", "origin"]));
    server
}

/// A package index in a folder: nothing is fetched from anywhere.
fn bare_index(sandbox: &Sandbox) -> String {
    let index = sandbox.folder("index");
    sandbox.write(
        "index/config.json",
        "{\"dl\":\"http://127.0.0.1:9/{crate}\",\"api\":\"http://127.0.0.1:9\"}\n",
    );
    for args in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["-c", "user.name=Ada", "-c", "user.email=ada@localhost", "commit", "-q", "-m", "index"],
    ] {
        sandbox.ok(sandbox.command("git").args(args).current_dir(&index));
    }
    index.to_str().expect("a plain path").to_owned()
}

fn told(events: &[Event]) -> String {
    let reads = events.iter().filter(|event| event.kind == EventKind::Read);
    let lines = reads.map(|event| {
        format!(
            "{:?} {:?} {} {:?} {}",
            event.action,
            event.importance,
            event.why,
            event.reader.cmdline,
            event.secret.path.display()
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Does some work while somebody allows whatever is asked; returns the programs that were asked about.
fn while_answering<T>(daemon: &Daemon<'_>, work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let mut listen = daemon.doorward(&["events", "--follow", "--json", "--limit", "0"]);
    let mut listening = listen.stdout(Stdio::piped()).spawn().expect("doorward runs");
    let lines = BufReader::new(listening.stdout.take().expect("a pipe")).lines();
    std::thread::scope(|scope| {
        let answering = scope.spawn(move || {
            let events =
                lines.map_while(Result::ok).map(|line| serde_json::from_str(&line).expect("an event"));
            let asked = events.filter(|event: &Event| event.action == Action::Asked);
            asked.map(|event| answer(daemon, &event)).collect::<Vec<_>>()
        });
        // Until it listens, nobody would be there to be asked.
        std::thread::sleep(Duration::from_secs(1));
        let done = work();
        listening.kill().expect("doorward is running");
        let _ = listening.wait();
        (done, answering.join().expect("every question was answered"))
    })
}

fn answer(daemon: &Daemon<'_>, event: &Event) -> String {
    let id = event.id.to_string();
    let output = daemon.doorward(&["guard", "answer", &id, "allow"]).output().expect("doorward runs");
    println!("asked: {}", event.why);
    let program = event.reader.script.as_ref().unwrap_or(&event.reader.exe);
    assert!(output.status.success(), "{}: {output:?}", event.why);
    program.display().to_string()
}
