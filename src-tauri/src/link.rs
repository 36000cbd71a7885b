//! The connection to the guard daemon: it reconnects by itself, and every request gets one answer.

use crate::failure::{Answer, Failure};
use doorward_protocol::{
    Frames, Hello, PROTOCOL_VERSION, Reply, Request, RequestBody, ServerMessage, encode,
};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

/// How long the daemon may take to greet, and to take a request off the socket.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a request may take: an administrator may be typing a password.
const REQUEST_PATIENCE: Duration = Duration::from_secs(120);
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(10);
/// Requests that may wait for the socket.
const QUEUE: usize = 256;

/// What the connection tells the controller.
#[derive(Debug)]
pub(crate) enum FromDaemon {
    /// A connection stands; this is everything there is to know.
    Connected(Box<Hello>),
    /// The daemon said something.
    Said(ServerMessage),
    /// There is no connection, and why.
    Gone(String),
}

/// A handle to the connection; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    outgoing: mpsc::Sender<Outgoing>,
}

#[derive(Debug)]
struct Outgoing {
    body: RequestBody,
    reply: oneshot::Sender<Answer<Reply>>,
}

impl Link {
    /// Starts to connect, and keeps connecting, until every handle is dropped.
    pub(crate) fn open(socket: PathBuf, tell: impl Fn(FromDaemon) + Send + Sync + 'static) -> Self {
        let (outgoing, queue) = mpsc::channel(QUEUE);
        tokio::spawn(keep_connected(socket, queue, tell));
        Self { outgoing }
    }

    /// Sends one request and waits for its reply.
    pub(crate) async fn request(&self, body: RequestBody) -> Answer<Reply> {
        let (reply, answer) = oneshot::channel();
        self.outgoing
            .try_send(Outgoing { body, reply })
            .map_err(|_| Failure::new("the guard is not answering", "Try again in a moment."))?;
        match timeout(REQUEST_PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(not_running()),
            Err(_) => Err(Failure::new("the guard did not answer in time", "Try again in a moment.")),
        }
    }
}

fn not_running() -> Failure {
    Failure::new(
        "the guard is not running",
        "Start it with `sudo systemctl start doorwardd`, or with `make run`.",
    )
}

async fn keep_connected(
    socket: PathBuf,
    mut queue: mpsc::Receiver<Outgoing>,
    tell: impl Fn(FromDaemon) + Send + Sync + 'static,
) {
    let mut retry = FIRST_RETRY;
    loop {
        let end = match connect(&socket).await {
            Ok((stream, frames, hello)) => {
                retry = FIRST_RETRY;
                tell(FromDaemon::Connected(hello));
                converse(stream, frames, &mut queue, &tell).await
            }
            Err(why) => End::Lost(why),
        };
        let End::Lost(why) = end else { return };
        tell(FromDaemon::Gone(why));
        if refuse_while_away(&mut queue, retry).await.is_err() {
            return;
        }
        retry = (retry * 2).min(LAST_RETRY);
    }
}

/// Why a conversation ended.
enum End {
    /// Nobody holds a [`Link`] any more.
    Closed,
    /// The connection is gone.
    Lost(String),
}

type Incoming = Frames<ServerMessage>;

async fn connect(socket: &Path) -> Result<(UnixStream, Incoming, Box<Hello>), String> {
    let mut stream = UnixStream::connect(socket).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            format!("no daemon listens on {}", socket.display())
        }
        io::ErrorKind::PermissionDenied => {
            format!("this user may not use the daemon's socket {}", socket.display())
        }
        _ => format!("connecting to {} failed: {error}", socket.display()),
    })?;
    let mut frames = Incoming::default();
    let greeting = async {
        loop {
            match frames.next_message().map_err(|error| error.to_string())? {
                Some(ServerMessage::Hello(hello)) => return Ok(hello),
                // A refusal is the only other thing a daemon may say first.
                Some(ServerMessage::Reply { result: Err(error), .. }) => return Err(error.message),
                Some(_) => return Err("the daemon did not greet first".to_owned()),
                None => receive(&mut stream, &mut frames).await?,
            }
        }
    };
    let hello = timeout(PATIENCE, greeting).await.map_err(|_| "the daemon did not greet in time")??;
    if hello.protocol != PROTOCOL_VERSION {
        return Err(format!(
            "the daemon (version {}) speaks protocol {}, this app speaks {PROTOCOL_VERSION}; update the older one",
            doorward_protocol::visible(&hello.version),
            hello.protocol
        ));
    }
    Ok((stream, frames, hello))
}

async fn receive(stream: &mut (impl AsyncReadExt + Unpin), frames: &mut Incoming) -> Result<(), String> {
    let mut bytes = [0; 16 * 1024];
    match stream.read(&mut bytes).await {
        Ok(0) => Err("the daemon closed the connection".to_owned()),
        Ok(count) => {
            frames.push(&bytes[..count]);
            Ok(())
        }
        Err(error) => Err(format!("reading from the daemon failed: {error}")),
    }
}

async fn converse(
    mut stream: UnixStream,
    mut frames: Incoming,
    queue: &mut mpsc::Receiver<Outgoing>,
    tell: &impl Fn(FromDaemon),
) -> End {
    let (mut reader, mut writer) = stream.split();
    let mut waiting: HashMap<u64, oneshot::Sender<Answer<Reply>>> = HashMap::new();
    let mut last_id = 0;
    loop {
        loop {
            match frames.next_message() {
                Ok(Some(ServerMessage::Reply { id, result })) => {
                    if let Some(reply) = waiting.remove(&id) {
                        let _ = reply.send(result.map_err(Failure::from));
                    }
                }
                Ok(Some(message)) => tell(FromDaemon::Said(message)),
                Ok(None) => break,
                Err(error) => return End::Lost(error.to_string()),
            }
        }
        tokio::select! {
            received = receive(&mut reader, &mut frames) => {
                if let Err(why) = received {
                    return End::Lost(why);
                }
            }
            outgoing = queue.recv() => {
                let Some(Outgoing { body, reply }) = outgoing else { return End::Closed };
                last_id += 1;
                let bytes = match encode(&Request { id: last_id, body }) {
                    Ok(bytes) => bytes,
                    Err(error) => {
                        let _ = reply.send(Err(Failure::of(&error)));
                        continue;
                    }
                };
                waiting.retain(|_, reply| !reply.is_closed());
                waiting.insert(last_id, reply);
                match timeout(PATIENCE, writer.write_all(&bytes)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return End::Lost(format!("writing to the daemon failed: {error}")),
                    Err(_) => return End::Lost("the daemon stopped reading".to_owned()),
                }
            }
        }
    }
}

/// Waits before the next try and refuses what is asked meanwhile; an error when nobody is left to ask.
async fn refuse_while_away(queue: &mut mpsc::Receiver<Outgoing>, wait: Duration) -> Result<(), ()> {
    let pause = sleep(wait);
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return Ok(()),
            outgoing = queue.recv() => match outgoing {
                Some(Outgoing { reply, .. }) => { let _ = reply.send(Err(not_running())); }
                None => return Err(()),
            }
        }
    }
}
