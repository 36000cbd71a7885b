use crate::home::Home;
use doorward_protocol::Timestamp;
use doorward_scan::feed::FeedStatus;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// A signed list with `extra` in it, issued after the built-in one, beside its signature; and the key.
fn publish(folder: &Path, extra: &str) -> (PathBuf, PathBuf) {
    let data = folder.join("lists");
    fs::create_dir_all(&data).expect("a folder");
    let write = |name: &str, text: &str| fs::write(data.join(name), text).expect("a list");
    for name in ["popular-npm.tsv", "popular-pypi.tsv", "popular-crates.tsv"] {
        write(name, "name\n");
    }
    write("rustsec-malicious.tsv", "crate\tunaffected\tid\tdate\twithdrawn\n");
    write("trapdoor.tsv", "ecosystem\tname\n");
    let mut rows = format!("ecosystem\tname\tversion\tsource\nnpm\t{extra}\t1.0.0\tmade-up\n");
    for n in 0..160_000 {
        rows.push_str(&format!("npm\tmade-up-{n}\t1.0.0\tmade-up\n"));
    }
    write("campaign-iocs.tsv", &rows);

    fs::write(data.join("osv-malicious.tsv.gz"), EMPTY_GZIP).expect("a list");
    let later = FeedStatus::built_in().issued.millis() + 1_000;
    let list = doorward_scan::feed::build::compile(&data, Timestamp::from_millis(later)).expect("a feed");
    let pair = minisign::KeyPair::generate_unencrypted_keypair().expect("keys");
    let signature = minisign::sign(None, &pair.sk, list.as_slice(), None, None).expect("a signature");
    let (file, key) = (folder.join("known-bad.feed"), folder.join("minisign.pub"));
    fs::write(&file, list).expect("a feed");
    fs::write(folder.join("known-bad.feed.minisig"), signature.into_string()).expect("a signature");
    fs::write(&key, pair.pk.to_box().expect("a key").to_string()).expect("a key");
    (file, key)
}

/// What `gzip < /dev/null` writes.
const EMPTY_GZIP: [u8; 20] = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Serves a folder's files on this machine for so many requests.
fn serve(folder: PathBuf, requests: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().take(requests).map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let path =
                lines.next().and_then(|line| line.split(' ').nth(1).map(str::to_owned)).unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let body = fs::read(folder.join(path.trim_start_matches('/')));
            let (status, body) = body.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = (&stream).write_all(head.as_bytes()).and_then(|()| (&stream).write_all(&body));
        }
    });
    format!("http://{address}")
}

#[test]
fn a_signed_list_is_fetched_taken_used_and_given_up_again() {
    let home = Home::new();
    let (_, key) = publish(home.path(), "fresh-thief");
    home.write("app/package.json", r#"{"name":"app","version":"1.0.0","private":true}"#);
    home.write("app/node_modules/fresh-thief/package.json", r#"{"name":"fresh-thief","version":"1.0.0"}"#);
    assert_eq!(home.run(&["scan", "app"]).code, 0, "nobody knows it yet");

    let address = format!("{}/known-bad.feed", serve(home.path().to_owned(), 4));
    let untrusted = home.run(&["feed", "update", &address]);
    assert_eq!(untrusted.code, 2);
    assert!(untrusted.stderr.contains("doorward feed trust"), "{}", untrusted.stderr);

    home.ok(&["feed", "trust", key.to_str().expect("text")]);
    assert!(home.ok(&["feed", "update", &address]).contains("is in use now"));
    assert!(home.ok(&["feed", "status"]).contains("installed in"));
    let found = home.run(&["scan", "app"]);
    assert_eq!(found.code, 1, "{}{}", found.stdout, found.stderr);
    assert!(found.stdout.contains("fresh-thief"), "{}", found.stdout);

    assert!(home.ok(&["feed", "reset"]).contains("in use again"));
    assert_eq!(home.run(&["scan", "app"]).code, 0, "the remembered verdict went with the list");
}

#[test]
fn a_list_without_its_signature_or_from_an_open_address_is_refused() {
    let home = Home::new();
    let (file, key) = publish(home.path(), "fresh-thief");
    home.ok(&["feed", "trust", key.to_str().expect("text")]);
    fs::remove_file(home.path().join("known-bad.feed.minisig")).expect("removed");
    let unsigned = home.run(&["feed", "update", file.to_str().expect("text")]);
    assert_eq!(unsigned.code, 2);
    assert!(unsigned.stderr.contains(".minisig"), "{}", unsigned.stderr);
    let open = home.run(&["feed", "update", "http://example.org/known-bad.feed"]);
    assert!(open.stderr.contains("only https"), "{}", open.stderr);
    assert!(home.ok(&["feed", "status"]).contains("built in"));
}

#[test]
fn a_list_that_was_changed_on_disk_is_not_used_and_the_scan_says_so() {
    let home = Home::new();
    let (file, key) = publish(home.path(), "fresh-thief");
    home.ok(&["feed", "trust", key.to_str().expect("text")]);
    home.ok(&["feed", "update", file.to_str().expect("text")]);
    let installed = home.path().join("data/feed/known-bad.signed");
    let mut bytes = fs::read(&installed).expect("the list");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&installed, bytes).expect("tampered");
    home.write("app/package.json", r#"{"name":"app","version":"1.0.0"}"#);
    let scan = home.run(&["scan", "app"]);
    assert_eq!(scan.code, 0);
    assert!(scan.stderr.contains("is not in use"), "{}", scan.stderr);
}
