use super::{CONNECTIONS, CONNECTIONS_PER_USER};
use doorward_protocol::{ServerMessage, encode};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// One connection.
#[derive(Debug)]
pub struct Client {
    /// The user at the other end.
    pub uid: u32,
    /// Messages on their way out; bounded.
    pub outgoing: SyncSender<Arc<[u8]>>,
    /// The connection, to be ended.
    pub stream: UnixStream,
    /// True once it wants to hear of everything.
    pub subscribed: AtomicBool,
    /// True where it may answer questions.
    pub trusted: AtomicBool,
    /// True once it offered to answer the exec gate.
    pub serves_gate: AtomicBool,
    /// False where a package's script started it.
    pub sees_decoys: bool,
}

/// Everybody who is connected.
#[derive(Debug, Default)]
pub struct Audience {
    clients: Mutex<Vec<Arc<Client>>>,
    changed: Mutex<bool>,
    change: Condvar,
}

impl Client {
    /// Queues a message; a client that does not keep up is cut off rather than waited for.
    pub fn send(&self, message: &ServerMessage) {
        match encode(message) {
            Ok(bytes) => self.send_bytes(&bytes.into()),
            Err(error) => {
                tracing::warn!(%error, "a message could not be sent");
                self.cut_off();
            }
        }
    }

    fn send_bytes(&self, bytes: &Arc<[u8]>) {
        if self.outgoing.try_send(Arc::clone(bytes)).is_err() {
            self.cut_off();
        }
    }

    fn cut_off(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn sees(&self, owner: u32) -> bool {
        self.uid == owner || self.uid == 0
    }
}

impl Audience {
    /// Adds a connection; false where there are too many.
    pub fn join(&self, client: &Arc<Client>) -> bool {
        let mut clients = self.clients();
        let mine = clients.iter().filter(|other| other.uid == client.uid).count();
        let room = clients.len() < CONNECTIONS && (client.uid == 0 || mine < CONNECTIONS_PER_USER);
        if room {
            clients.push(Arc::clone(client));
        }
        room
    }

    /// Forgets a connection.
    pub fn leave(&self, client: &Arc<Client>) {
        self.clients().retain(|other| !Arc::ptr_eq(other, client));
    }

    /// True while somebody is connected who may answer for this user.
    pub fn can_answer(&self, owner: u32) -> bool {
        self.clients().iter().any(|client| {
            client.sees(owner) && client.subscribed.load(Relaxed) && client.trusted.load(Relaxed)
        })
    }

    /// True while somebody answers the exec gate for this user.
    pub fn gate_served(&self, owner: u32) -> bool {
        self.clients().iter().any(|client| client.sees(owner) && client.serves_gate.load(Relaxed))
    }

    /// Sends to everybody who listens and may see what is this user's.
    pub fn tell(&self, owner: u32, message: &ServerMessage) {
        self.tell_those(message, |client| client.sees(owner) && client.subscribed.load(Relaxed));
    }

    /// Sends to everybody who answers the exec gate for this user.
    pub fn tell_gate(&self, owner: u32, message: &ServerMessage) {
        self.tell_those(message, |client| client.sees(owner) && client.serves_gate.load(Relaxed));
    }

    /// Sends to everybody who listens a message made for them.
    pub fn tell_each(&self, message: impl Fn(&Client) -> ServerMessage) {
        let listening: Vec<Arc<Client>> =
            self.clients().iter().filter(|client| client.subscribed.load(Relaxed)).cloned().collect();
        for client in listening {
            client.send(&message(&client));
        }
    }

    /// Notes that the state is another now.
    pub fn state_changed(&self) {
        *lock(&self.changed) = true;
        self.change.notify_one();
    }

    /// Waits for [`Audience::state_changed`].
    pub fn wait_for_change(&self) {
        let mut changed = lock(&self.changed);
        while !*changed {
            changed = self.change.wait(changed).unwrap_or_else(PoisonError::into_inner);
        }
        *changed = false;
    }

    fn tell_those(&self, message: &ServerMessage, chosen: impl Fn(&Client) -> bool) {
        let bytes: Arc<[u8]> = match encode(message) {
            Ok(bytes) => bytes.into(),
            Err(error) => {
                tracing::warn!(%error, "a message could not be sent");
                return;
            }
        };
        self.clients().iter().filter(|client| chosen(client)).for_each(|client| client.send_bytes(&bytes));
    }

    fn clients(&self) -> MutexGuard<'_, Vec<Arc<Client>>> {
        lock(&self.clients)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
