//! A stand-in for the daemon that speaks the real protocol and remembers what it was asked.

use doorward_protocol::{
    Action, Ancestor, Asked, Attribution, Coverage, CoverageLevel, Ecosystem, Event, EventKind, GuardState,
    Hello, Importance, Observe, PROTOCOL_VERSION, PackageRef, Policy, Reader, Reply, Request, RequestBody,
    Secret, ServerMessage, Stage, Timestamp, WireError, read_frame, write_frame,
};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

/// What the stand-in answers.
#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) events: Vec<Event>,
    pub(crate) asked: Vec<Asked>,
    /// Sent after a subscription.
    pub(crate) told: Vec<ServerMessage>,
    /// Refuses every `Control` with this.
    pub(crate) refusal: Option<WireError>,
    pub(crate) protocol: Option<u32>,
}

/// Listens on a socket; every request it gets can be read from the channel.
pub(crate) fn listen(socket: &Path, script: Script) -> Receiver<RequestBody> {
    let listener = UnixListener::bind(socket).expect("bind the socket");
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), script, sender) = (stream, script.clone(), sender.clone()) else { return };
            std::thread::spawn(move || {
                greet(&mut stream, &script);
                while let Ok(Some(request)) = read_frame::<Request>(&mut stream) {
                    let _ = sender.send(request.body.clone());
                    answer(&mut stream, &script, &request);
                }
            });
        }
    });
    receiver
}

fn greet(stream: &mut UnixStream, script: &Script) {
    let hello = Hello {
        protocol: script.protocol.unwrap_or(PROTOCOL_VERSION),
        version: "0.1.0".into(),
        pid: 4711,
        state: state(),
        asked: script.asked.clone(),
        recent: script.events.clone(),
    };
    write_frame(stream, &ServerMessage::Hello(Box::new(hello))).expect("greet");
}

fn answer(stream: &mut UnixStream, script: &Script, request: &Request) {
    let result = match &request.body {
        RequestBody::Observe(Observe::State) => Ok(Reply::State(Box::new(state()))),
        RequestBody::Observe(Observe::Events { limit, .. }) => {
            let skip = script.events.len().saturating_sub(*limit as usize);
            Ok(Reply::Events(script.events[skip..].to_vec()))
        }
        RequestBody::Observe(Observe::Subscribe) => Ok(Reply::Done),
        RequestBody::Control(_) => match &script.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(Reply::Rule(7)),
        },
    };
    let _ = write_frame(stream, &ServerMessage::Reply { id: request.id, result });
    if request.body == RequestBody::Observe(Observe::Subscribe) {
        for message in &script.told {
            let _ = write_frame(stream, message);
        }
    }
}

pub(crate) fn state() -> GuardState {
    GuardState {
        policy: Policy::default(),
        paused_until: None,
        rules: Vec::new(),
        coverage: vec![Coverage {
            path: "/home/ada/.ssh/id_ed25519".into(),
            class: "ssh-key".into(),
            title: "SSH private key".into(),
            tier: 1,
            level: CoverageLevel::Full,
            note: String::new(),
            holders: Vec::new(),
            copies: 0,
        }],
        decoys: Vec::new(),
        kernel: Default::default(),
        counters: Default::default(),
        gaps: Vec::new(),
    }
}

/// A denied read by an install script whose arguments try to paint the terminal.
pub(crate) fn event(id: u64) -> Event {
    Event {
        schema: 1,
        id,
        time: Timestamp::from_millis(1_779_621_540_000),
        kind: EventKind::Read,
        action: Action::Denied,
        importance: Importance::Alarm,
        owner: 1000,
        secret: Secret {
            path: "/home/ada/.ssh/id_ed25519".into(),
            class: "ssh-key".into(),
            title: "SSH private key".into(),
            tier: 1,
        },
        reader: Reader {
            pid: 99,
            exe: "/usr/bin/no\u{1b}[31mde".into(),
            inode: "fe00:1".into(),
            sha256: String::new(),
            cmdline: vec!["node".into()],
            uid: 1000,
            script: None,
            cwd: None,
            injected: Vec::new(),
            foreign_namespace: false,
            app: None,
            system_package: None,
            ancestry: vec![Ancestor { pid: 98, exe: "/bin/sh".into(), cmdline: vec!["sh".into()] }],
        },
        package: Some(Attribution {
            package: PackageRef {
                ecosystem: Ecosystem::Npm,
                name: "evil-dep".into(),
                version: "1.2.3".into(),
            },
            stage: Stage::Install,
            script: "postinstall".into(),
            path: None,
            project: None,
        }),
        candidates: None,
        sweep: Vec::new(),
        why: "The postinstall script of evil-dep 1.2.3 wanted your SSH private key.".into(),
    }
}
