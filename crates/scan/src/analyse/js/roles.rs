//! What the names of the outside do: where data comes from, what transforms it, and where it goes.

use super::value::{Origin, Origins};
use crate::analyse::dictionary;
use crate::analyse::signal::{PRIVATE, Signal, Signals};
use std::rc::Rc;

/// A module's name in the one form used here; look-alikes with the same functions count as the original.
pub(super) fn module(name: &str) -> Rc<str> {
    let bare = name.strip_prefix("node:").unwrap_or(name);
    match bare {
        "fs/promises" | "fs-extra" | "graceful-fs" | "original-fs" | "memfs" => "fs".into(),
        "dns/promises" => "dns".into(),
        "path/posix" | "path/win32" | "upath" => "path".into(),
        "child_process" | "child-process-promise" | "promisify-child-process" => "child_process".into(),
        "cross-spawn" => "child_process.spawn".into(),
        "node-fetch" | "cross-fetch" | "isomorphic-fetch" | "make-fetch-happen" | "node-fetch-native" => {
            "fetch".into()
        }
        "follow-redirects" => "".into(),
        "request-promise" | "request-promise-native" | "postman-request" => "request".into(),
        "ws" | "isomorphic-ws" => "WebSocket".into(),
        "process" => "process".into(),
        "buffer" => "".into(),
        "node-machine-id" => "machine-id".into(),
        other => other.into(),
    }
}

/// Objects whose members are the global names themselves.
pub(super) fn is_root(name: &str) -> bool {
    matches!(
        name,
        "globalThis" | "window" | "global" | "self" | "frames" | "top" | "parent" | "GLOBAL" | "root"
    )
}

/// Where the value of a name or of a call comes from; calls end in `()`.
pub(super) fn origin(name: &str) -> Origins {
    const FETCHED: Origins = Origins::of(&[Origin::Fetched]);
    const IDENTITY: Origins = Origins::of(&[Origin::Identity]);
    const CAPTURE: Origins = Origins::of(&[Origin::Capture]);
    const OUTPUT: Origins = Origins::of(&[Origin::Output]);
    match name {
        "process.env" | "Deno.env.toObject()" | "Bun.env" | "import.meta.env" => {
            Origins::of(&[Origin::Environment])
        }
        "os.hostname()"
        | "os.userInfo()"
        | "os.networkInterfaces()"
        | "Deno.hostname()"
        | "username()"
        | "machine-id.machineIdSync()"
        | "machine-id.machineId()"
        | "public-ip()" => IDENTITY,
        "clipboardy.read()"
        | "clipboardy.readSync()"
        | "navigator.clipboard.readText()"
        | "clipboardy.default.read()"
        | "electron.clipboard.readText()"
        | "clipboard.readText()"
        | "screenshot-desktop()"
        | "navigator.mediaDevices.getDisplayMedia()" => CAPTURE,
        "__filename" | "import.meta.url" | "import.meta.filename" => Origins::of(&[Origin::OwnFile]),
        _ if name.ends_with(')') && is_fetch(name) => FETCHED,
        _ if name.ends_with(')') && is_spawn(name.trim_end_matches("()")) => OUTPUT,
        _ => Origins::NONE,
    }
}

/// How much a variable of the environment matters.
pub(super) fn environment(name: &str) -> Origins {
    let upper = name.to_ascii_uppercase();
    let secret = [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PRIVATE_KEY",
        "MNEMONIC",
        "SEED",
        "API_KEY",
        "ACCESS_KEY",
        "CREDENTIAL",
    ]
    .iter()
    .any(|word| upper.contains(word));
    if secret {
        Origins::of(&[Origin::EnvironmentKey])
    } else if matches!(
        upper.as_str(),
        "USER" | "USERNAME" | "LOGNAME" | "HOSTNAME" | "COMPUTERNAME" | "USERDOMAIN"
    ) {
        Origins::of(&[Origin::Identity])
    } else {
        Origins::NONE
    }
}

/// True for key material by the name of the parameter that brings it.
pub(super) fn is_key_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "seed"
        || [
            "privatekey",
            "private_key",
            "mnemonic",
            "seedphrase",
            "secretkey",
            "secret_key",
            "walletseed",
            "passphrase",
        ]
        .iter()
        .any(|word| lower.contains(word))
}

/// Secrets that the programs they are for read and send.
const SHARED: Signals =
    Signals::of(&[Signal::SecretCloud, Signal::SecretRegistry, Signal::SecretDotenv, Signal::SecretAgent]);

/// Calls whose outcome still holds what they were given; anything else may have made a signature of it.
pub(super) fn carries(name: &str) -> bool {
    let method = name.rsplit('.').next().unwrap_or(name);
    matches!(
        method,
        "stringify"
            | "from"
            | "toString"
            | "encode"
            | "btoa"
            | "encodeURIComponent"
            | "escape"
            | "String"
            | "concat"
            | "join"
            | "slice"
            | "trim"
            | "substring"
            | "substr"
            | "split"
            | "map"
            | "reverse"
            | "Buffer"
            | "append"
            | "set"
            | "push"
            | "assign"
            | "encodeBase58"
            | "bs58"
            | "hexlify"
            | "toHex"
            | "replace"
            | "then"
            | "format"
            | "FormData"
            | "URLSearchParams"
            | "Blob"
            | "values"
            | "entries"
            | "all"
            | "resolve"
            | "readFileSync"
    )
}

/// What a text names, by the words in it.
pub(super) fn of_text(text: &str) -> Origins {
    let mut from = Origins::NONE;
    if text.len() < 4 || text.len() > 4096 {
        return from;
    }
    for word in dictionary::search(text.as_bytes()) {
        let signal = word.decoded_signal();
        let one = Signals::of(&[signal]);
        if one.meets(SHARED) {
            from = from.and(Origins::of(&[Origin::TokenPath]));
        } else if one.meets(PRIVATE) {
            from = from.and(Origins::of(&[Origin::SecretPath]));
        }
        if signal == Signal::DropHost {
            from = from.and(Origins::of(&[Origin::DropHost]));
        }
        if signal == Signal::TemporaryFile {
            from = from.and(Origins::of(&[Origin::Temporary]));
        }
    }
    if bare_address(text) {
        from = from.and(Origins::of(&[Origin::BareAddress]));
    }
    from
}

/// True for `http://203.0.113.7/…` and its like: an address that nobody gave a name.
fn bare_address(text: &str) -> bool {
    let rest = match text.split_once("://") {
        Some(("http" | "https" | "ws" | "wss" | "tcp" | "ftp", rest)) => rest,
        None => text,
        Some(_) => return false,
    };
    let host: &str = rest.split(['/', ':', '?']).next().unwrap_or(rest);
    let parts: Vec<&str> = host.split('.').collect();
    let [a, b, ..] = parts.as_slice() else { return false };
    parts.len() == 4
        && parts.iter().all(|part| !part.is_empty() && part.len() <= 3 && part.parse::<u8>().is_ok())
        && !matches!(
            (*a, *b),
            ("127" | "10" | "0" | "255" | "224" | "239" | "1", _) | ("192", "168") | ("169", "254")
        )
        && !(*a == "172" && b.parse::<u8>().is_ok_and(|b| (16..32).contains(&b)))
        && !matches!(host, "8.8.8.8" | "8.8.4.4" | "9.9.9.9" | "4.4.4.4" | "1.1.1.1")
        || rest.starts_with("8.8.8.8/")
}

/// Calls that run text as code, and which argument holds it.
pub(super) fn runs_text(name: &str, arguments: usize) -> Option<usize> {
    match name {
        "eval"
        | "vm.runInThisContext"
        | "vm.runInNewContext"
        | "vm.runInContext"
        | "vm.Script"
        | "vm.compileFunction"
        | "vm.Script().runInThisContext" => Some(0),
        "Function" | "AsyncFunction" | "GeneratorFunction" => arguments.checked_sub(1),
        _ if name.ends_with("._compile") => Some(0),
        _ => None,
    }
}

/// Calls that start programs.
pub(super) fn is_spawn(name: &str) -> bool {
    matches!(
        name,
        "child_process.exec"
            | "child_process.execSync"
            | "child_process.spawn"
            | "child_process.spawnSync"
            | "child_process.execFile"
            | "child_process.execFileSync"
            | "child_process.fork"
            | "execa"
            | "execa.command"
            | "execa.sync"
            | "execa.execa"
            | "execa.execaSync"
            | "execa.commandSync"
            | "shelljs.exec"
            | "Bun.spawn"
            | "Bun.spawnSync"
            | "Bun.$"
            | "Deno.Command"
            | "Deno.run"
            | "zx.$"
            | "spawn_sync.spawn"
            | "process.binding(spawn_sync).spawn"
    )
}

/// Calls that bring something from the network, by their name with `()`.
fn is_fetch(name: &str) -> bool {
    let first = name.split("()").next().unwrap_or(name);
    matches!(network(first), Some(Network { .. })) && !matches!(first, "navigator.sendBeacon")
}

/// What a network call takes where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    /// The argument that holds the address or the options.
    pub(super) address: Option<usize>,
    /// The first argument that may hold data.
    pub(super) data: usize,
}

/// Calls that reach the network.
pub(super) fn network(name: &str) -> Option<Network> {
    let (path, method) = name.rsplit_once('.').unwrap_or(("", name));
    let base = path.split("()").next().unwrap_or(path);
    let whole = Network { address: Some(0), data: 0 };
    let data = Network { address: None, data: 0 };
    Some(match (base, method) {
        ("" | "undici", "fetch" | "request" | "stream")
        | ("", "axios" | "got" | "needle" | "phin" | "bent" | "ky") => whole,
        (
            "axios" | "axios.default" | "got" | "needle" | "request" | "superagent" | "ky" | "phin"
            | "axios.create" | "axiod",
            _,
        ) if matches!(
            method,
            "get"
                | "post"
                | "put"
                | "patch"
                | "request"
                | "delete"
                | "default"
                | "send"
                | "query"
                | "stream"
                | "head"
        ) =>
        {
            if path.contains("()") && matches!(method, "send" | "query") {
                data
            } else {
                whole
            }
        }
        ("http" | "https" | "http2", "request" | "get" | "connect") => whole,
        (
            "http.request" | "https.request" | "http.get" | "https.get" | "request" | "request.post"
            | "http2.connect",
            "write" | "end",
        ) => data,
        ("XMLHttpRequest", "open") => Network { address: Some(1), data: 9 },
        ("XMLHttpRequest", "send") => data,
        ("navigator", "sendBeacon") => whole,
        ("", "WebSocket" | "EventSource") => whole,
        ("WebSocket" | "socket.io-client" | "socket.io-client.io" | "io", "send" | "emit") => data,
        // Connecting hands nothing over yet.
        ("net" | "tls", "connect" | "createConnection")
        | ("net.Socket" | "net.connect" | "net.createConnection" | "tls.connect", "connect") => {
            Network { address: Some(0), data: 9 }
        }
        ("net.Socket" | "net.connect" | "net.createConnection" | "tls.connect", "write" | "end") => data,
        ("dgram.createSocket", "send") => data,
        (
            "dns" | "dns.promises" | "dns.Resolver",
            "lookup" | "resolve" | "resolve4" | "resolve6" | "resolveTxt",
        ) => whole,
        ("nodemailer.createTransport", "sendMail") => data,
        ("node-telegram-bot-api" | "telegraf.Telegraf", "sendMessage" | "sendDocument") => data,
        _ => return None,
    })
}

/// True for name look-ups, which can carry data in the name itself.
pub(super) fn is_lookup(name: &str) -> bool {
    name.starts_with("dns.")
}

/// Calls that read a file, by their first argument.
pub(super) fn is_read(name: &str) -> bool {
    matches!(
        name,
        "fs.readFileSync"
            | "fs.readFile"
            | "fs.promises.readFile"
            | "fs.createReadStream"
            | "fs.openSync"
            | "Bun.file"
            | "Deno.readTextFile"
            | "Deno.readTextFileSync"
            | "fs.readJsonSync"
            | "fs.readJson"
            | "fs.copyFileSync"
            | "fs.copySync"
    )
}

/// Calls that write a file: first the path, then the content.
pub(super) fn is_write(name: &str) -> bool {
    matches!(
        name,
        "fs.writeFileSync"
            | "fs.writeFile"
            | "fs.promises.writeFile"
            | "fs.appendFileSync"
            | "fs.appendFile"
            | "fs.promises.appendFile"
            | "fs.createWriteStream"
            | "fs.outputFileSync"
            | "fs.outputFile"
            | "Bun.write"
            | "Deno.writeTextFile"
            | "Deno.writeTextFileSync"
    )
}

/// Calls that give a file another name, by its second argument.
pub(super) fn is_rename(name: &str) -> bool {
    matches!(name, "fs.renameSync" | "fs.rename" | "fs.promises.rename" | "fs.copyFileSync")
}

/// Calls that remove a file.
pub(super) fn is_remove(name: &str) -> bool {
    matches!(
        name,
        "fs.unlinkSync" | "fs.unlink" | "fs.promises.unlink" | "fs.rmSync" | "fs.rm" | "fs.promises.rm"
    )
}

/// Transforms whose outcome was hidden before.
pub(super) fn transform(name: &str) -> Origins {
    const DECODED: Origins = Origins::of(&[Origin::Decoded]);
    match name {
        "atob"
        | "unescape"
        | "String.fromCharCode"
        | "zlib.inflateSync"
        | "zlib.gunzipSync"
        | "zlib.unzipSync"
        | "zlib.inflateRawSync"
        | "zlib.brotliDecompressSync"
        | "zlib.gunzip"
        | "zlib.inflate"
        | "lz-string.decompress"
        | "lz-string.decompressFromBase64"
        | "pako.inflate" => DECODED,
        _ if name.contains("createDecipher")
            || name.contains("crypto-js.AES.decrypt")
            || name.contains("fernet") =>
        {
            Origins::of(&[Origin::Decrypted])
        }
        _ => Origins::NONE,
    }
}
