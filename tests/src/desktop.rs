//! A desktop for one test: an X server, a session bus, a tray host, and a driver for web views. All of
//! it belongs to the sandbox's user and ends with the test.

use crate::needs::need;
use crate::sandbox::Sandbox;
use anyhow::{Context as _, Result, bail};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use zbus::message::Header;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, interface};

/// How long something on a desktop may take; machines that run the tests are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` finds something.
///
/// # Errors
/// When it never does; the sentence says what was waited for.
pub async fn wait_for<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return Ok(found);
        }
        if started.elapsed() > PATIENCE {
            bail!("waited {PATIENCE:?} for {what}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A program that ends with the value, politely at first.
pub struct Process(Child);

impl Process {
    /// Starts it with its output in a file, so that nobody waits for a pipe.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let log = std::fs::File::create(log)?;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        Ok(Self(child.with_context(|| format!("could not start {command:?}"))?))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Its exit code once it has ended by itself.
    pub fn ended(&mut self) -> Option<i32> {
        self.0.try_wait().ok().flatten().map(|status| status.code().unwrap_or(-1))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).stderr(Stdio::null()).status();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(5) {
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The X server and the session bus.
pub struct Desktop<'a> {
    sandbox: &'a Sandbox,
    display: String,
    address: String,
    folder: PathBuf,
    _bus: Process,
    _screen: Process,
}

impl<'a> Desktop<'a> {
    /// Starts both as the sandbox's user.
    ///
    /// # Errors
    /// When one of them does not start.
    pub fn start(sandbox: &'a Sandbox) -> Result<Self> {
        for program in ["Xvfb", "dbus-daemon"] {
            need(program);
        }
        let folder = sandbox.folder("desktop");
        let run = sandbox.folder("desktop/run");
        let mut xvfb = sandbox.command("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]);
        let (screen, number) = first_line(&mut xvfb)?;
        let display = format!(":{number}");
        // Like a session's bus, but the test, which is root, may speak on it, and nothing is started
        // because somebody asked for it.
        let config = sandbox.write(
            "desktop/bus.conf",
            &format!(
                "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
                 <policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>\
                 <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/></policy></busconfig>",
                run.join("bus").display()
            ),
        );
        let mut daemon = sandbox.command("dbus-daemon");
        daemon
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address=1"])
            .env("XDG_RUNTIME_DIR", &run)
            .env("DISPLAY", &display);
        let (bus, address) = first_line(&mut daemon)?;
        Ok(Self { sandbox, display, address, folder, _bus: bus, _screen: screen })
    }

    /// A command of the user's on this desktop.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.sandbox.command(program);
        self.show_on_it(&mut command);
        command
    }

    /// Lets a command of anybody's find this desktop.
    pub fn show_on_it<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("XDG_RUNTIME_DIR", self.folder.join("run"))
            .env("NO_AT_BRIDGE", "1")
            .env("GTK_A11Y", "none")
            .env("GIO_USE_VFS", "local")
            .env("GSETTINGS_BACKEND", "memory")
    }

    /// Where logs may be kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A connection to the session bus.
    ///
    /// # Errors
    /// When the bus refuses.
    pub async fn connect(&self) -> Result<Connection> {
        Ok(zbus::connection::Builder::address(self.address.as_str())?.build().await?)
    }
}

/// Starts a program and reads the one line it says when it is ready.
fn first_line(command: &mut Command) -> Result<(Process, String)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("could not start {command:?}"))?;
    let mut out = BufReader::new(child.stdout.take().context("a pipe")?);
    let mut line = String::new();
    let process = Process(child);
    out.read_line(&mut line)?;
    // The pipe stays open: a program that writes again must not die of it.
    std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    if line.trim().is_empty() {
        bail!("{command:?} ended without saying that it is ready");
    }
    Ok((process, line.trim().to_owned()))
}

/// A tray host of the test's own.
#[derive(Default, Clone)]
pub struct Watcher {
    icons: Arc<Mutex<Vec<String>>>,
    /// How many icons it still sends away.
    refusals: Arc<AtomicUsize>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    async fn register_status_notifier_item(
        &mut self,
        service: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
    ) -> zbus::fdo::Result<()> {
        let one_less = |left: usize| left.checked_sub(1);
        if self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            return Err(zbus::fdo::Error::Failed("not ready yet".to_owned()));
        }
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let owner = if service.starts_with('/') { sender } else { service.to_owned() };
        self.icons.lock().expect("lock").push(owner.clone());
        let (path, interface) = ("/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher");
        let _ = bus.emit_signal(None::<&str>, path, interface, "StatusNotifierItemRegistered", &owner).await;
        Ok(())
    }
    fn register_status_notifier_host(&self, _service: &str) {}
    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.icons.lock().expect("lock").clone()
    }
    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

impl Watcher {
    /// Becomes the bus's tray host.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn serve(bus: &Connection) -> Result<Self> {
        Self::serve_after(bus, 0).await
    }

    /// Becomes the bus's tray host, and sends so many icons away before it takes one.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn serve_after(bus: &Connection, refusals: usize) -> Result<Self> {
        let watcher = Self { refusals: Arc::new(AtomicUsize::new(refusals)), ..Self::default() };
        bus.object_server().at("/StatusNotifierWatcher", watcher.clone()).await?;
        bus.request_name("org.kde.StatusNotifierWatcher").await?;
        Ok(watcher)
    }

    /// The icon that registered.
    ///
    /// # Errors
    /// When none ever does.
    pub async fn icon(&self, bus: &Connection) -> Result<TrayIcon> {
        let owner =
            wait_for("a tray icon", async || self.icons.lock().expect("lock").last().cloned()).await?;
        Ok(TrayIcon { bus: bus.clone(), owner })
    }
}

/// An icon in the tray, as a host sees it.
pub struct TrayIcon {
    bus: Connection,
    owner: String,
}

/// One entry of a menu.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number on the bus.
    pub id: i32,
    /// Its words.
    pub label: String,
    /// Whether it can be chosen.
    pub enabled: bool,
}

type Layout = (i32, std::collections::HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl TrayIcon {
    /// A property of the icon, as text.
    ///
    /// # Errors
    /// When the icon is gone.
    pub async fn text(&self, name: &str) -> Result<String> {
        let reply = self
            .bus
            .call_method(
                Some(self.owner.as_str()),
                "/StatusNotifierItem",
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &("org.kde.StatusNotifierItem", name),
            )
            .await?;
        let value: OwnedValue = reply.body().deserialize()?;
        Ok(format!("{:?}", Value::from(value)))
    }

    /// The whole menu, submenus included, in order.
    ///
    /// # Errors
    /// When the icon is gone.
    pub async fn menu(&self) -> Result<Vec<Entry>> {
        let reply = self
            .bus
            .call_method(
                Some(self.owner.as_str()),
                "/MenuBar",
                Some("com.canonical.dbusmenu"),
                "GetLayout",
                &(0_i32, -1_i32, Vec::<String>::new()),
            )
            .await?;
        let (_, root): (u32, Layout) = reply.body().deserialize()?;
        let mut entries = Vec::new();
        flatten(root, &mut entries);
        Ok(entries)
    }

    /// Chooses the entry with these words.
    ///
    /// # Errors
    /// When there is no such entry.
    pub async fn choose(&self, label: &str) -> Result<()> {
        let entry = wait_for(&format!("the entry {label}"), async || {
            self.menu().await.ok()?.into_iter().find(|entry| entry.label == label)
        })
        .await?;
        self.bus
            .call_method(
                Some(self.owner.as_str()),
                "/MenuBar",
                Some("com.canonical.dbusmenu"),
                "Event",
                &(entry.id, "clicked", Value::I32(0), 0_u32),
            )
            .await?;
        Ok(())
    }

    /// Clicks the icon itself.
    ///
    /// # Errors
    /// When the icon is gone.
    pub async fn click(&self) -> Result<()> {
        self.bus
            .call_method(
                Some(self.owner.as_str()),
                "/StatusNotifierItem",
                Some("org.kde.StatusNotifierItem"),
                "Activate",
                &(0_i32, 0_i32),
            )
            .await?;
        Ok(())
    }
}

fn flatten((id, properties, children): Layout, into: &mut Vec<Entry>) {
    let text = |name: &str| match properties.get(name).map(|value| Value::from(value.clone())) {
        Some(Value::Str(text)) => text.to_string(),
        _ => String::new(),
    };
    let enabled = !matches!(
        properties.get("enabled").map(|value| Value::from(value.clone())),
        Some(Value::Bool(false))
    );
    let label = text("label").replace("__", "_");
    if !label.is_empty() {
        into.push(Entry { id, label, enabled });
    }
    for child in children {
        if let Ok(layout) = Layout::try_from(child) {
            flatten(layout, into);
        }
    }
}

/// The app in a web driver's hands.
pub struct Driver {
    /// The session.
    pub client: Client,
    _program: Process,
}

impl Driver {
    /// Starts the app with its window open.
    ///
    /// # Errors
    /// When the driver or the app does not start.
    pub async fn start(desktop: &Desktop<'_>, app: &Path, environment: &[(&str, &Path)]) -> Result<Self> {
        need("WebKitWebDriver");
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = desktop.command("WebKitWebDriver");
        command
            .args([format!("--port={port}"), "--host=127.0.0.1".to_owned()])
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(environment.iter().copied());
        let program = Process::start(&mut command, &desktop.folder().join("driver.log"))?;
        wait_for("the web driver", async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok())
            .await?;
        let capabilities = serde_json::json!({
            "webkitgtk:browserOptions": { "binary": app, "args": ["--show"] }
        });
        let serde_json::Value::Object(capabilities) = capabilities else { bail!("an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("the web driver could not start the app")?;
        Ok(Self { client, _program: program })
    }

    /// Clicks what carries a test id, as soon as it is there.
    ///
    /// # Errors
    /// When it never is.
    pub async fn click(&self, id: &str) -> Result<()> {
        wait_for(&format!("something to click at {id}"), async || {
            self.client.find(Locator::Css(&css(id))).await.ok()?.click().await.ok()
        })
        .await
    }

    /// Types into what carries a test id.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn write(&self, id: &str, text: &str) -> Result<()> {
        wait_for(&format!("something to write to at {id}"), async || {
            self.client.find(Locator::Css(&css(id))).await.ok()?.send_keys(text).await.ok()
        })
        .await
    }

    /// Waits until what carries a test id says something, and returns all of it.
    ///
    /// # Errors
    /// When it never does.
    pub async fn says(&self, id: &str, words: &str) -> Result<String> {
        let mut last = String::new();
        let found = wait_for(&format!("{id} to say {words:?}"), async || {
            for element in self.client.find_all(Locator::Css(&css(id))).await.ok()? {
                last = element.text().await.ok()?;
                if last.contains(words) {
                    return Some(last.clone());
                }
            }
            None
        })
        .await;
        found.with_context(|| format!("it said {last:?}"))
    }

    /// True where what carries a test id says something now.
    pub async fn says_now(&self, id: &str, words: &str) -> bool {
        for element in self.client.find_all(Locator::Css(&css(id))).await.unwrap_or_default() {
            if element.text().await.is_ok_and(|text| text.contains(words)) {
                return true;
            }
        }
        false
    }

    /// Turns to one of the app's windows.
    ///
    /// # Errors
    /// When it never opens.
    pub async fn turn_to(&self, page: Page) -> Result<()> {
        wait_for(&format!("the window {page:?}"), async || {
            for window in self.client.windows().await.ok()? {
                self.client.switch_to_window(window).await.ok()?;
                let is_prompt = self.client.current_url().await.ok()?.path().contains("prompt");
                if is_prompt == (page == Page::Prompt) {
                    return Some(());
                }
            }
            None
        })
        .await
    }

    /// How many windows are open.
    ///
    /// # Errors
    /// When the app is gone.
    pub async fn windows(&self) -> Result<usize> {
        Ok(self.client.windows().await?.len())
    }
}

/// A window of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The main window.
    Main,
    /// The window that asks one question.
    Prompt,
}

/// A test id, with or without a state: `event-row` or `event-row[data-action=denied]`.
fn css(id: &str) -> String {
    match id.split_once('[') {
        Some((id, rest)) => format!("[data-testid='{id}'][{rest}"),
        None => format!("[data-testid='{id}']"),
    }
}
