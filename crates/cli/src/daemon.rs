//! The connection to the daemon.

use crate::failure::Failure;
use doorward_protocol::{
    Control, Frames, Hello, Observe, PROTOCOL_VERSION, Reply, Request, RequestBody, ServerMessage, encode,
    socket_path,
};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// How long the daemon may take to greet or to answer. Consent of an administrator takes a person's time.
const PATIENCE: Duration = Duration::from_secs(120);
const GREETING: Duration = Duration::from_secs(5);

/// A greeted connection.
#[derive(Debug)]
pub(crate) struct Daemon {
    stream: UnixStream,
    frames: Frames<ServerMessage>,
    /// What arrived while a reply was awaited.
    told: VecDeque<ServerMessage>,
    last_request: u64,
}

impl Daemon {
    /// Connects and reads the greeting.
    pub(crate) async fn connect() -> Result<(Self, Hello), Failure> {
        let path = socket_path();
        let stream = UnixStream::connect(&path).await.map_err(|error| unreachable(&path, &error))?;
        let mut daemon = Self { stream, frames: Frames::default(), told: VecDeque::new(), last_request: 0 };
        let greeting = tokio::time::timeout(GREETING, daemon.receive()).await.map_err(|_| {
            Failure::new(format!("talking to the daemon: {}: it did not greet within 5 s", path.display()))
                .hint("another program may own that socket; check DOORWARD_SOCKET")
        })??;
        let ServerMessage::Hello(hello) = greeting else {
            return Err(Failure::new(format!(
                "talking to the daemon: {}: it did not begin with a greeting",
                path.display()
            ))
            .hint("another program may own that socket; check DOORWARD_SOCKET"));
        };
        if hello.protocol != PROTOCOL_VERSION {
            return Err(Failure::new(format!(
                "talking to the daemon: it speaks version {} of the protocol, this program version {PROTOCOL_VERSION}",
                hello.protocol
            ))
            .hint("install doorward and doorwardd of the same version and restart the daemon"));
        }
        Ok((daemon, *hello))
    }

    /// Looks at something.
    pub(crate) async fn observe(&mut self, request: Observe) -> Result<Reply, Failure> {
        self.ask(RequestBody::Observe(request)).await
    }

    /// Changes something.
    pub(crate) async fn control(&mut self, request: Control) -> Result<Reply, Failure> {
        self.ask(RequestBody::Control(request)).await
    }

    /// The next thing the daemon tells by itself, after [`Observe::Subscribe`].
    pub(crate) async fn next(&mut self) -> Result<ServerMessage, Failure> {
        match self.told.pop_front() {
            Some(message) => Ok(message),
            None => self.receive().await,
        }
    }

    async fn ask(&mut self, body: RequestBody) -> Result<Reply, Failure> {
        self.last_request += 1;
        let id = self.last_request;
        let bytes = encode(&Request { id, body })
            .map_err(|error| Failure::caused("sending a request to the daemon", &error))?;
        self.stream
            .write_all(&bytes)
            .await
            .map_err(|error| Failure::caused("sending a request to the daemon", &error))?;
        let answer = async {
            loop {
                match self.receive().await? {
                    ServerMessage::Reply { id: of, result } if of == id => return Ok(result?),
                    ServerMessage::Reply { .. } => {}
                    other => self.told.push_back(other),
                }
            }
        };
        tokio::time::timeout(PATIENCE, answer)
            .await
            .map_err(|_| Failure::new("waiting for the daemon: no answer within two minutes"))?
    }

    async fn receive(&mut self) -> Result<ServerMessage, Failure> {
        loop {
            let message = self
                .frames
                .next_message()
                .map_err(|error| Failure::caused("reading from the daemon", &error))?;
            if let Some(message) = message {
                return Ok(message);
            }
            let mut buffer = [0; 16 * 1024];
            let count = self
                .stream
                .read(&mut buffer)
                .await
                .map_err(|error| Failure::caused("reading from the daemon", &error))?;
            if count == 0 {
                return Err(Failure::new("reading from the daemon: it closed the connection")
                    .hint("`systemctl status doorwardd` says whether it stopped"));
            }
            self.frames.push(&buffer[..count]);
        }
    }
}

fn unreachable(path: &Path, error: &std::io::Error) -> Failure {
    let why = match error.kind() {
        ErrorKind::NotFound => "the daemon is not running".to_owned(),
        ErrorKind::ConnectionRefused => "the daemon has stopped".to_owned(),
        _ => error.to_string(),
    };
    Failure::new(format!("connecting to doorwardd: {}: {why}", path.display()))
        .hint("start it with `sudo systemctl start doorwardd`; scanning works without it")
}
