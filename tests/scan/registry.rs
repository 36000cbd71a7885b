//! A registry of the test's own on 127.0.0.1: answers to fixed addresses that may be kept for ever.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// Serves until the test's process ends.
pub(crate) struct Registry {
    port: u16,
    answers: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let answers = Arc::new(Mutex::new(BTreeMap::new()));
        let shared = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { port, answers }
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub(crate) fn offer(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.answers.lock().expect("no thread failed").insert(format!("/{path}"), content.into());
    }
}

fn serve(mut stream: &TcpStream, answers: &Mutex<BTreeMap<String, Vec<u8>>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(asked) = lines.next() {
        for _ in lines.by_ref().take_while(|line| !line.is_empty()) {}
        let path = asked.split(' ').nth(1).unwrap_or_default().to_owned();
        let found = answers.lock().expect("no thread failed").get(&path).cloned();
        let (status, body) = found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
        let kind = if path.ends_with('/') { "text/html" } else { "application/octet-stream" };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nETag: \"{}\"\r\n\
             Cache-Control: max-age=86400, public\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n",
            body.len(),
            path.len(),
        );
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}

/// The gzipped tar archive of one folder of `parent`.
pub(crate) fn packed(parent: &Path, folder: &str) -> Vec<u8> {
    let done = Command::new("tar").arg("-czC").arg(parent).arg(folder).output().expect("tar runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}
