mod packages;

use super::*;
use crate::failure::Failure;
use crate::link::Link;
use crate::notify::About;
use crate::scans::Engine;
use doorward_protocol::{
    Action, Attribution, Control, Counters, Ecosystem, EventKind, Excerpt, Expiry, Finding, GateQuestion,
    Hello, Importance, Kernel, KnownBad, Mood, Observe, PROTOCOL_VERSION, PackageReport, Policy, Reader,
    Reply as Answered, Request, RequestBody, SCHEMA_VERSION, ScanProgress, ScanReport, SealReason, Secret,
    ServerMessage, Severity, Stage, Summary, encode, read_frame,
};
use doorward_scan::{Cancel, ScanError};
use doorward_vault::KeySource;
use doorward_watch::Arrival;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Instant;
use tokio::sync::oneshot;

/// Remembers what it was told to do.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Shown>>>);

#[derive(Debug, Clone, PartialEq)]
enum Shown {
    Main(Page),
    Prompt,
    PromptClosed,
    Told(Told),
    Tray(TrayView),
    Note(Note),
    Withdrawn(About),
    Quit,
}

impl Recorder {
    fn add(&self, shown: Shown) {
        self.0.lock().expect("lock").push(shown);
    }
}

impl Shell for Recorder {
    fn show_main(&self, page: Page) {
        self.add(Shown::Main(page));
    }
    fn show_prompt(&self) {
        self.add(Shown::Prompt);
    }
    fn close_prompt(&self) {
        self.add(Shown::PromptClosed);
    }
    fn tell(&self, told: Told) {
        self.add(Shown::Told(told));
    }
    fn tray(&self, view: TrayView) {
        self.add(Shown::Tray(view));
    }
    fn notify(&self, note: Note) {
        self.add(Shown::Note(note));
    }
    fn withdraw(&self, about: About) {
        self.add(Shown::Withdrawn(about));
    }
    fn choose_folder(&self, reply: Reply<Option<PathBuf>>) {
        let _ = reply.send(Ok(None));
    }
    fn quit(&self) {
        self.add(Shown::Quit);
    }
}

/// Calls every package whose path holds "evil" malicious; waits in projects named "slow".
struct Judge;

impl Engine for Judge {
    fn scan(
        &self,
        paths: &[PathBuf],
        cancel: &Cancel,
        on_progress: &mut dyn FnMut(ScanProgress),
    ) -> Result<ScanReport, ScanError> {
        let mut report =
            ScanReport { schema: SCHEMA_VERSION, summary: Summary::default(), packages: Vec::new() };
        for path in paths {
            while path.ends_with("slow") {
                if cancel.is_cancelled() {
                    return Err(ScanError::Cancelled);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            let package = judged(path);
            on_progress(ScanProgress::Done { done: 1, total: 1, report: Box::new(package.clone()) });
            report.summary.add(&package);
            report.packages.push(package);
        }
        Ok(report)
    }

    fn excerpt(&self, package: &Path, file: &str, _line: u32) -> Result<Excerpt, ScanError> {
        Err(ScanError::NoExcerpt { package: package.into(), file: file.into(), reason: "not here".into() })
    }

    fn known_bad(&self) -> KnownBad {
        KnownBad { issued: Timestamp::now(), entries: 1, built_in: true, problem: None }
    }
}

fn judged(path: &Path) -> PackageReport {
    let evil = path.to_string_lossy().contains("evil");
    let finding = Finding {
        rule: "T-01".into(),
        title: "Reads a key".into(),
        severity: Severity::Critical,
        path: "index.js".into(),
        line: 3,
        column: 1,
        snippet: "read(key)".into(),
        why: "It reads your SSH private key while it is installed".into(),
    };
    PackageReport {
        purl: "pkg:npm/dep@1.2.3".into(),
        ecosystem: Ecosystem::Npm,
        name: "dep".into(),
        version: "1.2.3".into(),
        path: path.into(),
        verdict: if evil { Verdict::Malicious } else { Verdict::Clean },
        score: if evil { 100 } else { 0 },
        findings: if evil { vec![finding] } else { Vec::new() },
        unscanned: Vec::new(),
    }
}

/// A controller on a made-up desktop, beside a made-up daemon.
struct Bench {
    shell: Recorder,
    inputs: Inputs,
    store: Store,
    folder: tempfile::TempDir,
}

impl Bench {
    fn start() -> Self {
        Self::in_folder(tempfile::tempdir().expect("folder"))
    }

    /// The same user starts the app again.
    fn restart(self) -> Self {
        let Self { folder, .. } = self;
        Self::in_folder(folder)
    }

    fn in_folder(folder: tempfile::TempDir) -> Self {
        let store = Store::open(&folder.path().join("data")).expect("store").store;
        let (inputs, received) = mpsc::unbounded_channel();
        let to = inputs.clone();
        let link = Link::open(folder.path().join("sock"), move |message| {
            let _ = to.send(Input::FromDaemon(message));
        });
        let engine: Arc<dyn Engine> = Arc::new(Judge);
        let tools = Tools {
            inputs: inputs.clone(),
            scans: Scans::start(Arc::clone(&engine), store.clone(), inputs.clone()),
            store: store.clone(),
            link,
            engine,
            watch_projects: Box::new(|_| {}),
            home: folder.path().to_path_buf(),
            autostart: crate::settings::Autostart {
                own: folder.path().join("autostart"),
                shared: folder.path().join("shared"),
                program: "/usr/bin/doorward-app".into(),
            },
        };
        let vault = Vault::open(folder.path().join("vault"), KeySource::File);
        inputs.send(Input::VaultOpened(vault)).expect("send");
        let shell = Recorder::default();
        tokio::spawn(Controller::new(shell.clone(), tools).run(received));
        Self { shell, inputs, store, folder }
    }

    fn listen(&self) -> UnixListener {
        UnixListener::bind(self.folder.path().join("sock")).expect("bind")
    }

    fn send(&self, input: Input) {
        self.inputs.send(input).expect("the controller runs");
    }

    async fn ask<T>(&self, call: impl FnOnce(Reply<T>) -> Call) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.send(Input::FromWindow(call(reply)));
        answer.await.expect("every call is answered")
    }

    /// Waits until something shown passes, and returns it.
    async fn shown<T>(&self, what: &str, mut pick: impl FnMut(&Shown) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = self.shell.0.lock().expect("lock").iter().find_map(&mut pick) {
                return found;
            }
            if start.elapsed() > Duration::from_secs(20) {
                let shown = self.shell.0.lock().expect("lock").clone();
                panic!("waited for {what}; shown: {shown:#?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn desk(&self, what: &str, test: impl Fn(&Desk) -> bool) -> Desk {
        self.shown(what, |shown| match shown {
            Shown::Told(Told::Desk(desk)) if test(desk) => Some(Desk::clone(desk)),
            _ => None,
        })
        .await
    }

    async fn note(&self, what: &str, test: impl Fn(&Note) -> bool) -> Note {
        self.shown(what, |shown| match shown {
            Shown::Note(note) if test(note) => Some(note.clone()),
            _ => None,
        })
        .await
    }

    fn count(&self, test: impl Fn(&Shown) -> bool) -> usize {
        self.shell.0.lock().expect("lock").iter().filter(|shown| test(shown)).count()
    }

    fn forget(&self) {
        self.shell.0.lock().expect("lock").clear();
    }

    fn project(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).expect("folder");
        path
    }
}

/// The daemon's end of one connection, on a thread of the test's choosing.
struct Daemon(UnixStream);

impl Daemon {
    /// Accepts, greets, and answers everything with "done" until the requests at the start are through.
    async fn greet(listener: UnixListener, asked: Vec<Asked>, recent: Vec<Event>) -> (UnixListener, Self) {
        tokio::task::spawn_blocking(move || {
            let (stream, _) = listener.accept().expect("accept");
            let mut daemon = Self(stream);
            let hello = Hello {
                protocol: PROTOCOL_VERSION,
                version: "0".into(),
                pid: 1,
                state: state(),
                asked,
                recent,
            };
            daemon.say(&ServerMessage::Hello(Box::new(hello)));
            (listener, daemon)
        })
        .await
        .expect("greeted")
    }

    fn say(&mut self, message: &ServerMessage) {
        use std::io::Write;
        self.0.write_all(&encode(message).expect("encode")).expect("send");
    }

    /// Answers every request until one passes, and returns what passed.
    async fn serve_until<T: Send + 'static>(
        mut self,
        mut pick: impl FnMut(&RequestBody) -> Option<T> + Send + 'static,
    ) -> (Self, T) {
        tokio::task::spawn_blocking(move || {
            loop {
                let request: Request = read_frame(&mut self.0).expect("frame").expect("a request");
                let result = Ok(match &request.body {
                    RequestBody::Observe(Observe::Events { .. }) => Answered::Events(Vec::new()),
                    _ => Answered::Done,
                });
                let found = pick(&request.body);
                self.say(&ServerMessage::Reply { id: request.id, result });
                if let Some(found) = found {
                    return (self, found);
                }
            }
        })
        .await
        .expect("the app keeps asking")
    }
}

fn state() -> GuardState {
    GuardState {
        policy: Policy::default(),
        paused_until: None,
        rules: Vec::new(),
        coverage: Vec::new(),
        decoys: Vec::new(),
        kernel: Kernel::default(),
        counters: Counters { secrets: 6, ..Counters::default() },
        gaps: Vec::new(),
    }
}

fn event(id: u64, action: Action, importance: Importance) -> Event {
    let package = PackageRef { ecosystem: Ecosystem::Npm, name: "evil-dep".into(), version: "1.2.3".into() };
    Event {
        schema: 1,
        id,
        time: Timestamp::now(),
        kind: EventKind::Read,
        action,
        importance,
        owner: 1000,
        secret: Secret {
            path: "/home/u/.ssh/id_ed25519".into(),
            class: "ssh-key".into(),
            title: "SSH private key".into(),
            tier: 1,
        },
        reader: Reader {
            pid: 4242,
            exe: "/usr/bin/node".into(),
            inode: "1:2".into(),
            sha256: String::new(),
            cmdline: vec!["node".into()],
            uid: 1000,
            script: None,
            cwd: None,
            injected: Vec::new(),
            foreign_namespace: false,
            app: None,
            system_package: None,
            ancestry: Vec::new(),
        },
        package: Some(Attribution {
            package,
            stage: Stage::Install,
            script: "postinstall".into(),
            path: None,
            project: None,
        }),
        candidates: None,
        sweep: Vec::new(),
        why: "The install script of evil-dep 1.2.3 wanted to read your SSH private key; it was denied".into(),
    }
}

fn question(id: u64) -> Asked {
    let deadline = Timestamp::now().plus(Duration::from_secs(30));
    Asked { event: event(id, Action::Asked, Importance::Attention), deadline, default_allow: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_daemon_the_desk_says_what_is_left() {
    let bench = Bench::start();
    let desk = bench.desk("a reason", |desk| desk.features[0].note.contains("no daemon listens")).await;
    assert_eq!(desk.mood, Mood::Degraded);
    assert_eq!(desk.headline, "Watching and scanning only: the guard is not running.");
    let failure = bench.ask(|reply| Call::Pause { seconds: 60, reply }).await.expect_err("no guard");
    assert_eq!(failure.message, "the guard is not running");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_calms_the_desk_and_a_lost_daemon_degrades_it() {
    let bench = Bench::start();
    let (listener, daemon) = Daemon::greet(bench.listen(), Vec::new(), Vec::new()).await;
    bench.desk("a calm desk", |desk| desk.mood == Mood::Calm && desk.headline == "Guarding 6 secrets.").await;
    let (daemon, ()) = daemon
        .serve_until(|body| matches!(body, RequestBody::Control(Control::ServeGate)).then_some(()))
        .await;
    bench.forget();
    drop(daemon);
    bench.desk("degraded", |desk| desk.mood == Mood::Degraded && desk.guard.is_none()).await;
    bench.forget();
    let (_listener, _daemon) = Daemon::greet(listener, Vec::new(), Vec::new()).await;
    bench.desk("calm again", |desk| desk.mood == Mood::Calm).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_is_told_once_stays_until_it_is_seen_and_a_flood_is_one_notification() {
    let bench = Bench::start();
    let (_listener, mut daemon) = Daemon::greet(bench.listen(), Vec::new(), Vec::new()).await;
    for id in 1..=200 {
        daemon.say(&ServerMessage::Event(Box::new(event(id, Action::Denied, Importance::Alarm))));
    }
    let desk = bench.desk("200 alarms", |desk| desk.unseen == 200).await;
    assert_eq!((desk.mood, desk.today.denied), (Mood::Alarm, 200));
    let note = bench.note("the alarm", |_| true).await;
    assert!(note.urgent && note.body.contains("evil-dep 1.2.3"), "{note:?}");
    assert_eq!(bench.count(|shown| matches!(shown, Shown::Note(_))), 1);
    let tray = bench.shown("the tray", |shown| match shown {
        Shown::Tray(view) if view.mood == Mood::Alarm && !view.alerts.is_empty() => Some(view.clone()),
        _ => None,
    });
    assert!(tray.await.alerts[0].contains("evil-dep"));

    let page = bench.ask(|reply| Call::Events { before: 0, limit: 3, reply }).await.expect("events");
    assert_eq!(page.iter().map(|event| event.id).collect::<Vec<_>>(), [200, 199, 198]);
    bench.forget();
    bench.ask(|reply| Call::Acknowledge { up_to: 200, reply }).await.expect("acknowledged");
    bench.desk("calm", |desk| desk.mood == Mood::Calm && desk.unseen == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_opens_the_prompt_and_its_answer_reaches_the_guard() {
    let bench = Bench::start();
    let (_listener, daemon) = Daemon::greet(bench.listen(), vec![question(7)], Vec::new()).await;
    bench.shown("the prompt", |shown| (*shown == Shown::Prompt).then_some(())).await;
    let note = bench.note("the question", |note| note.about == About::Asked(7)).await;
    assert_eq!(note.actions[0], ("Deny", NoteAction::Deny(7)));
    let desk = bench.desk("attention", |desk| desk.asked.len() == 1).await;
    assert_eq!(desk.mood, Mood::Attention);

    let answer = bench.ask(|reply| Call::Answer { event: 7, allow: true, expiry: Expiry::Once, reply });
    let served = daemon.serve_until(|body| match body {
        RequestBody::Control(Control::Answer { event, allow, expiry }) => Some((*event, *allow, *expiry)),
        _ => None,
    });
    let (answered, (mut daemon, sent)) = tokio::join!(answer, served);
    answered.expect("answered");
    assert_eq!(sent, (7, true, Expiry::Once));
    daemon.say(&ServerMessage::Settled(Box::new(event(7, Action::Allowed, Importance::Attention))));
    bench.shown("a closed prompt", |shown| (*shown == Shown::PromptClosed).then_some(())).await;
    assert!(bench.count(|shown| *shown == Shown::Withdrawn(About::Asked(7))) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notification_answers_too_and_the_oldest_question_comes_first() {
    let bench = Bench::start();
    let asked = vec![question(9), question(8)];
    let (_listener, daemon) = Daemon::greet(bench.listen(), asked, Vec::new()).await;
    bench
        .shown("the oldest", |shown| match shown {
            Shown::Told(Told::Asked(Some(asked))) if asked.event.id == 8 => Some(()),
            _ => None,
        })
        .await;
    bench.desk("both", |desk| desk.asked.len() == 2).await;
    bench.send(Input::FromNotification(NoteAction::Deny(8)));
    let (mut daemon, sent) = daemon
        .serve_until(|body| match body {
            RequestBody::Control(Control::Answer { event, allow, .. }) => Some((*event, *allow)),
            _ => None,
        })
        .await;
    assert_eq!(sent, (8, false));
    bench.forget();
    daemon.say(&ServerMessage::Settled(Box::new(event(8, Action::Denied, Importance::Attention))));
    bench
        .shown("the next", |shown| match shown {
            Shown::Told(Told::Asked(Some(asked))) if asked.event.id == 9 => Some(()),
            _ => None,
        })
        .await;
    assert_eq!(bench.count(|shown| *shown == Shown::PromptClosed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_goes_from_the_tray_to_the_guard_and_shows() {
    let bench = Bench::start();
    let (_listener, daemon) = Daemon::greet(bench.listen(), Vec::new(), Vec::new()).await;
    bench.send(Input::FromTray(TrayAction::Pause { seconds: 300 }));
    let (mut daemon, seconds) = daemon
        .serve_until(|body| match body {
            RequestBody::Control(Control::Pause { seconds }) => Some(*seconds),
            _ => None,
        })
        .await;
    assert_eq!(seconds, 300);
    let paused =
        GuardState { paused_until: Some(Timestamp::now().plus(Duration::from_secs(300))), ..state() };
    daemon.say(&ServerMessage::State(Box::new(paused)));
    bench.desk("paused", |desk| desk.mood == Mood::Paused).await;
    bench.shown("the tray", |shown| matches!(shown, Shown::Tray(view) if view.paused).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_gets_the_verdict_it_asked_for() {
    let bench = Bench::start();
    let (_listener, mut daemon) = Daemon::greet(bench.listen(), Vec::new(), Vec::new()).await;
    let path = bench.project("evil");
    let deadline = Timestamp::now().plus(Duration::from_secs(10));
    daemon.say(&ServerMessage::Gate(GateQuestion { id: 5, path, deadline }));
    let (_daemon, (verdict, why)) = daemon
        .serve_until(|body| match body {
            RequestBody::Control(Control::GateVerdict { question: 5, verdict, why, .. }) => {
                Some((*verdict, why.clone()))
            }
            _ => None,
        })
        .await;
    assert_eq!(verdict, Verdict::Malicious);
    assert!(why.contains("SSH private key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_scan_can_be_cancelled_and_the_next_one_still_runs() {
    let bench = Bench::start();
    let slow = bench.project("slow");
    let slow = bench.ask(|reply| Call::AddProject { path: slow, reply }).await.expect("added");
    let quick = bench.project("quick");
    let quick = bench.ask(|reply| Call::AddProject { path: quick, reply }).await.expect("added");
    bench.ask(|reply| Call::CancelScan { project: slow.id, reply }).await.expect("cancelled");
    bench
        .shown("the verdict", |shown| match shown {
            Shown::Told(Told::Project(project)) if project.id == quick.id => project.last_scan,
            _ => None,
        })
        .await;
    let projects = bench.ask(Call::Projects).await.expect("projects");
    let slow = projects.iter().find(|project| project.id == slow.id).expect("still there");
    assert_eq!((slow.last_scan, &slow.state), (None, &doorward_protocol::ProjectState::Watching));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_locks_a_package_away_and_the_window_puts_it_back() {
    let bench = Bench::start();
    let path = bench.project("evil-dep");
    std::fs::write(path.join("index.js"), "1").expect("file");
    let arrival = Arrival::Package { path: path.clone(), project: None, ecosystem: Ecosystem::Npm };
    bench.send(Input::FromWatch(vec![arrival]));
    bench.note("the package", |note| note.about == About::Package(path.clone())).await;
    bench.send(Input::FromNotification(NoteAction::LockAway(path.clone())));
    let tray =
        |count| move |shown: &Shown| matches!(shown, Shown::Tray(view) if view.sealed == count).then_some(());
    bench.shown("a sealed package", tray(1)).await;
    assert!(!path.exists());
    let items = bench.ask(Call::Quarantine).await.expect("items");
    let id = items[0].id.clone();
    bench.forget();
    bench.ask(|reply| Call::RestoreSealed { id, reply }).await.expect("restored");
    bench.shown("nothing sealed", tray(0)).await;
    assert_eq!(std::fs::read_to_string(path.join("index.js")).expect("back"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_shows_the_window_and_quit_ends() {
    let bench = Bench::start();
    bench.send(Input::SecondInstance);
    bench.shown("the window", |shown| (*shown == Shown::Main(Page::Any)).then_some(())).await;
    bench.send(Input::FromTray(TrayAction::Quit));
    bench.shown("the end", |shown| (*shown == Shown::Quit).then_some(())).await;
}
