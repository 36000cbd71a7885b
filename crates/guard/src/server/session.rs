use super::{Client, Office, authority, control, state_for};
use crate::journal::KEPT;
use crate::sys::{PeerIdentity, give_back_heap, peer_identity};
use doorward_protocol::{
    ErrorCode, GuardState, Hello, Observe, PROTOCOL_VERSION, Reply, Request, RequestBody, ServerMessage,
    WireError, encode,
};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Messages a client may be behind.
const BEHIND: usize = 1_024;
/// The largest request.
const REQUEST_BYTES: usize = 256 * 1024;
/// How long a request may take to arrive once it began.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// How long a message may take to leave.
const SEND_TIME: Duration = Duration::from_secs(5);
const STACK_BYTES: usize = 512 * 1024;
const RECENT_IN_HELLO: usize = 200;

/// One connection, with its peer.
pub(super) struct Session {
    pub(super) office: Arc<Office>,
    pub(super) client: Arc<Client>,
    pub(super) peer: PeerIdentity,
}

/// Starts the two threads of a connection.
pub(super) fn open(office: &Arc<Office>, stream: UnixStream) {
    if let Err(error) = start(office, stream) {
        tracing::debug!(%error, "a connection ended before it began");
    }
}

fn start(office: &Arc<Office>, stream: UnixStream) -> io::Result<()> {
    let peer = peer_identity(&stream)?;
    stream.set_write_timeout(Some(SEND_TIME))?;
    let (outgoing, queue) = sync_channel(BEHIND);
    let client = Arc::new(Client {
        uid: peer.uid,
        outgoing,
        stream: stream.try_clone()?,
        subscribed: AtomicBool::new(false),
        trusted: AtomicBool::new(false),
        serves_gate: AtomicBool::new(false),
        sees_decoys: authority::belongs_to_the_user(&peer, &office.guard),
    });
    if !office.guard.audience.join(&client) {
        let busy = WireError {
            code: ErrorCode::Busy,
            message: "Too many connections are open.".into(),
            hint: "Close some, then try again.".into(),
        };
        if let Ok(bytes) = encode(&ServerMessage::Reply { id: 0, result: Err(busy) }) {
            stream.set_nonblocking(true)?;
            let _ = (&stream).write_all(&bytes);
        }
        return Ok(());
    }
    let writing = stream.try_clone()?;
    let session = Session { office: Arc::clone(office), client: Arc::clone(&client), peer };
    let begun = thread::Builder::new()
        .name("session-out".into())
        .stack_size(STACK_BYTES)
        .spawn(move || write_messages(writing, &queue))
        .and_then(|_| {
            let builder = thread::Builder::new().name("session".into()).stack_size(STACK_BYTES);
            builder.spawn(move || session.run(stream))
        });
    if begun.is_err() {
        office.guard.audience.leave(&client);
    }
    begun.map(|_| ())
}

impl Session {
    fn run(self, mut stream: UnixStream) {
        self.client.send(&ServerMessage::Hello(Box::new(self.hello())));
        loop {
            match read_request(&mut stream) {
                Ok(Some(request)) => {
                    let result = self.handle(request.body);
                    self.client.send(&ServerMessage::Reply { id: request.id, result });
                }
                Ok(None) => break,
                Err(reason) => {
                    let malformed = WireError {
                        code: ErrorCode::Malformed,
                        message: format!("The message was not understood: {reason}."),
                        hint: format!("Speak protocol version {PROTOCOL_VERSION}."),
                    };
                    self.client.send(&ServerMessage::Reply { id: 0, result: Err(malformed) });
                    break;
                }
            }
        }
        self.office.guard.audience.leave(&self.client);
        // The writer ends, and closes the connection, once the last sender is gone.
        let _ = stream.shutdown(Shutdown::Read);
        give_back();
    }

    fn hello(&self) -> Hello {
        let asked = self.office.guard.pending().questions(self.sees());
        Hello {
            protocol: PROTOCOL_VERSION,
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            state: self.state(),
            asked,
            recent: self.events(0, RECENT_IN_HELLO),
        }
    }

    fn handle(&self, body: RequestBody) -> Result<Reply, WireError> {
        match body {
            RequestBody::Observe(Observe::State) => Ok(Reply::State(Box::new(self.state()))),
            RequestBody::Observe(Observe::Events { after, limit }) => {
                Ok(Reply::Events(self.events(after, (limit as usize).min(KEPT))))
            }
            RequestBody::Observe(Observe::Subscribe) => {
                self.client.trusted.store(
                    self.office.clients.check(&self.peer, &self.office.guard.lineage).is_ok(),
                    Relaxed,
                );
                self.client.subscribed.store(true, Relaxed);
                Ok(Reply::Done)
            }
            RequestBody::Control(control) => control::handle(self, control),
        }
    }

    /// Whose data the peer sees; `None`: everybody's.
    pub(super) fn sees(&self) -> Option<u32> {
        (self.peer.uid != 0).then_some(self.peer.uid)
    }

    fn state(&self) -> GuardState {
        state_for(&self.office.guard, &self.client)
    }

    fn events(&self, after: u64, limit: usize) -> Vec<doorward_protocol::Event> {
        let journal = self.office.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.newest(self.sees(), after, limit)
    }
}

/// What a thousand events took to be sent; one thread at a time, because others that allocate may wait a moment.
fn give_back() {
    static ONE: Mutex<()> = Mutex::new(());
    if let Ok(_one) = ONE.try_lock() {
        give_back_heap();
    }
}

fn write_messages(mut stream: UnixStream, queue: &Receiver<Arc<[u8]>>) {
    while let Ok(bytes) = queue.recv() {
        if stream.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// Waits for a request as long as it takes to begin, and no longer than [`REQUEST_TIME`] for its end.
fn read_request(stream: &mut UnixStream) -> Result<Option<Request>, String> {
    stream.set_read_timeout(None).map_err(|error| error.to_string())?;
    let mut header = [0; 4];
    match stream.read(&mut header[..1]) {
        Ok(0) => return Ok(None),
        Ok(_) => {}
        Err(_) => return Ok(None),
    }
    let deadline = Instant::now() + REQUEST_TIME;
    read_until(stream, &mut header[1..], deadline)?;
    let length = u32::from_le_bytes(header) as usize;
    if length > REQUEST_BYTES {
        return Err(format!("{length} bytes are more than the {REQUEST_BYTES} allowed"));
    }
    let mut body = vec![0; length];
    read_until(stream, &mut body, deadline)?;
    serde_json::from_slice(&body).map(Some).map_err(|error| error.to_string())
}

fn read_until(stream: &mut UnixStream, mut room: &mut [u8], deadline: Instant) -> Result<(), String> {
    while !room.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("it did not arrive in time".into());
        }
        stream.set_read_timeout(Some(left)).map_err(|error| error.to_string())?;
        match stream.read(room) {
            Ok(0) => return Err("it was cut short".into()),
            Ok(count) => room = &mut room[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}
