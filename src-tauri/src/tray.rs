//! The tray icon. Without a tray host it waits for one; everything it offers is in the window too.

use doorward_protocol::{Mood, visible};
use ksni::menu::{StandardItem, SubMenu};
use ksni::{Category, Icon, MenuItem, OfflineReason, Status, ToolTip, TrayMethods};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::watch;
use zbus::fdo::DBusProxy;

/// The name that a tray host has on the bus.
const HOST: &str = "org.kde.StatusNotifierWatcher";
/// How long a tray host may take to be ready for icons.
const SETTLED: Duration = Duration::from_secs(2);

/// What the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrayView {
    pub(crate) mood: Mood,
    pub(crate) headline: String,
    /// Recent alerts, newest first, in a few words each.
    pub(crate) alerts: Vec<String>,
    /// Projects that can be scanned, by id and name.
    pub(crate) projects: Vec<(i64, String)>,
    /// Packages locked away.
    pub(crate) sealed: usize,
    /// Whether a guard is connected, so that there is something to pause.
    pub(crate) guarded: bool,
    pub(crate) paused: bool,
}

impl Default for TrayView {
    fn default() -> Self {
        Self {
            mood: Mood::Degraded,
            headline: "Starting.".to_owned(),
            alerts: Vec::new(),
            projects: Vec::new(),
            sealed: 0,
            guarded: false,
            paused: false,
        }
    }
}

/// What a person chose in the tray.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrayAction {
    Open,
    ShowEvents,
    ShowQuarantine,
    Scan(i64),
    Pause {
        seconds: u32,
    },
    Resume,
    Quit,
    /// A tray host appeared, or went away and why.
    Host(Result<(), String>),
}

/// The icon on the session bus.
pub(crate) struct TrayIcon {
    handle: ksni::Handle<Door>,
    hosted: watch::Receiver<bool>,
}

impl TrayIcon {
    /// Registers now if there is a tray host, and otherwise as soon as one appears.
    ///
    /// # Errors
    /// When there is no session bus at all.
    pub(crate) async fn start(
        view: TrayView,
        tell: impl Fn(TrayAction) + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let (now_hosted, hosted) = watch::channel(true);
        let door = Door { view, tell: Box::new(tell), hosted: now_hosted };
        let handle = door
            .assume_sni_available(true)
            .spawn()
            .await
            .map_err(|error| format!("there is no session bus to register with: {error}"))?;
        Ok(Self { handle, hosted })
    }

    pub(crate) fn is_hosted(&self) -> bool {
        *self.hosted.borrow()
    }

    /// Ends when a tray host is there that the icon is not with, so that it must start anew. `ksni` looks for a host
    /// first and asks to be told of hosts afterwards: one that comes in between, as a panel may that starts with the
    /// same session, it never sees; and one that is not ready for icons it never asks again.
    pub(crate) async fn is_overlooked(&self) {
        let mut hosted = self.hosted.clone();
        while hosted.wait_for(|hosted| !hosted).await.is_ok() {
            tokio::time::sleep(SETTLED).await;
            if *hosted.borrow_and_update() {
                continue;
            }
            if host_is_there().await {
                return;
            }
            if hosted.changed().await.is_err() {
                break;
            }
        }
        std::future::pending().await
    }

    pub(crate) async fn show(&self, view: TrayView) {
        self.handle.update(|door| door.view = view).await;
    }

    pub(crate) async fn remove(&self) {
        self.handle.shutdown().await;
    }
}

async fn host_is_there() -> bool {
    let ask = async {
        let bus = zbus::Connection::session().await?;
        let answer = DBusProxy::new(&bus).await?.name_has_owner(HOST.try_into()?).await?;
        zbus::Result::Ok(answer)
    };
    ask.await.unwrap_or(false)
}

struct Door {
    view: TrayView,
    tell: Box<dyn Fn(TrayAction) + Send + Sync>,
    hosted: watch::Sender<bool>,
}

impl ksni::Tray for Door {
    fn id(&self) -> String {
        "org.doorward.app".to_owned()
    }

    fn category(&self) -> Category {
        Category::SystemServices
    }

    fn title(&self) -> String {
        "Doorward".to_owned()
    }

    fn status(&self) -> Status {
        match self.view.mood {
            Mood::Attention | Mood::Alarm => Status::NeedsAttention,
            Mood::Calm | Mood::Paused | Mood::Degraded => Status::Active,
        }
    }

    fn icon_name(&self) -> String {
        // An empty name makes every host use the pixmaps.
        String::new()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        icons(self.view.mood).to_vec()
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        self.icon_pixmap()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: "Doorward".to_owned(),
            description: markup(&self.view.headline),
            icon_pixmap: self.icon_pixmap(),
            ..ToolTip::default()
        }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.tell)(TrayAction::Open);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let view = &self.view;
        let mut menu = vec![fact(&view.headline)];
        if !view.alerts.is_empty() {
            menu.push(MenuItem::Separator);
            menu.extend(view.alerts.iter().map(|alert| item(alert, TrayAction::ShowEvents)));
        }
        menu.push(MenuItem::Separator);
        menu.push(submenu(
            "Scan a project",
            view.projects.iter().map(|(id, name)| item(name, TrayAction::Scan(*id))).collect(),
        ));
        menu.push(item(&format!("Quarantine ({})…", view.sealed), TrayAction::ShowQuarantine));
        if view.paused {
            menu.push(item("Resume now", TrayAction::Resume));
        } else if view.guarded {
            let pause = |label: &str, minutes: u32| item(label, TrayAction::Pause { seconds: minutes * 60 });
            menu.push(submenu(
                "Pause for",
                vec![pause("5 minutes", 5), pause("30 minutes", 30), pause("1 hour", 60)],
            ));
        }
        menu.push(MenuItem::Separator);
        menu.push(item("Open Doorward", TrayAction::Open));
        menu.push(item("Quit", TrayAction::Quit));
        menu
    }

    fn watcher_online(&self) {
        self.hosted.send_replace(true);
        (self.tell)(TrayAction::Host(Ok(())));
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        self.hosted.send_replace(false);
        let why = match reason {
            OfflineReason::Error(error) => format!("the tray host failed: {error}"),
            _ => "this desktop shows no tray icons".to_owned(),
        };
        (self.tell)(TrayAction::Host(Err(why)));
        true
    }
}

fn item(label: &str, action: TrayAction) -> MenuItem<Door> {
    StandardItem {
        label: menu_text(label),
        activate: Box::new(move |door: &mut Door| (door.tell)(action.clone())),
        ..StandardItem::default()
    }
    .into()
}

fn fact(label: &str) -> MenuItem<Door> {
    StandardItem { label: menu_text(label), enabled: false, ..StandardItem::default() }.into()
}

fn submenu(label: &str, items: Vec<MenuItem<Door>>) -> MenuItem<Door> {
    let enabled = !items.is_empty();
    SubMenu { label: menu_text(label), submenu: items, enabled, ..SubMenu::default() }.into()
}

/// Text for a menu: hidden characters visible, short, and no underscore taken for a mnemonic.
fn menu_text(text: &str) -> String {
    const LONGEST: usize = 90;
    let text = visible(text);
    let cut: String = if text.chars().count() > LONGEST {
        text.chars().take(LONGEST - 1).chain(['…']).collect()
    } else {
        text.into_owned()
    };
    cut.replace('_', "__")
}

/// Text for a tool tip, where hosts read markup.
fn markup(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

struct Icons {
    calm: Vec<Icon>,
    attention: Vec<Icon>,
    alarm: Vec<Icon>,
    outline: Vec<Icon>,
}

static ICONS: LazyLock<Icons> = LazyLock::new(|| Icons {
    calm: vec![
        drawn(&tauri::include_image!("../assets/icons/tray/calm-22.png")),
        drawn(&tauri::include_image!("../assets/icons/tray/calm.png")),
    ],
    attention: vec![
        drawn(&tauri::include_image!("../assets/icons/tray/attention-22.png")),
        drawn(&tauri::include_image!("../assets/icons/tray/attention.png")),
    ],
    alarm: vec![
        drawn(&tauri::include_image!("../assets/icons/tray/alarm-22.png")),
        drawn(&tauri::include_image!("../assets/icons/tray/alarm.png")),
    ],
    outline: vec![
        drawn(&tauri::include_image!("../assets/icons/tray/outline-22.png")),
        drawn(&tauri::include_image!("../assets/icons/tray/outline.png")),
    ],
});

fn icons(mood: Mood) -> &'static [Icon] {
    match mood {
        Mood::Calm => &ICONS.calm,
        Mood::Attention => &ICONS.attention,
        Mood::Alarm => &ICONS.alarm,
        Mood::Paused | Mood::Degraded => &ICONS.outline,
    }
}

/// A picture as the bus wants it: ARGB, most significant byte first.
fn drawn(image: &tauri::image::Image<'_>) -> Icon {
    let mut data = image.rgba().to_vec();
    for pixel in data.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    let size = |pixels: u32| i32::try_from(pixels).unwrap_or(0);
    Icon { width: size(image.width()), height: size(image.height()), data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mood_has_a_picture_of_its_own_shape() {
        let moods = [Mood::Calm, Mood::Attention, Mood::Alarm, Mood::Degraded];
        for (at, mood) in moods.iter().enumerate() {
            for icon in icons(*mood) {
                assert_eq!(icon.data.len(), (icon.width * icon.height * 4) as usize);
            }
            for other in &moods[at + 1..] {
                assert_ne!(icons(*mood)[0].data, icons(*other)[0].data, "{mood:?} and {other:?} look alike");
            }
        }
    }

    #[test]
    fn menu_text_cannot_hide_anything() {
        assert_eq!(menu_text("my_dep\u{202E}x"), "my__dep\\u{202E}x");
        assert_eq!(menu_text(&"x".repeat(500)).chars().count(), 90);
    }
}
