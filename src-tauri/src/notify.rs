//! Desktop notifications with buttons, over the session bus. A notification only points at a
//! decision; the prompt and the main window hold it too.

use doorward_protocol::visible;
use std::collections::HashMap;
use std::path::PathBuf;
use tokio::sync::mpsc;
use zbus::export::ordered_stream::OrderedStreamExt as _;
use zbus::zvariant::Value;

/// Notifications that may wait to be shown.
const QUEUE: usize = 64;

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// What it is about; a newer note about the same thing takes its place.
    pub(crate) about: About,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) urgent: bool,
    /// Buttons, most careful first.
    pub(crate) actions: Vec<(&'static str, NoteAction)>,
}

/// What a notification is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum About {
    /// A read that waits for an answer.
    Asked(u64),
    /// Reads of one class of secret by one package or program.
    Reads(String),
    /// A package that was scanned.
    Package(PathBuf),
    /// The app itself.
    App,
}

/// A button a person pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoteAction {
    Deny(u64),
    AllowOnce(u64),
    ShowQuestion,
    ShowEvents,
    ShowProjects,
    ShowQuarantine,
    /// Lock the package away whose report names this path.
    LockAway(PathBuf),
}

/// Where notes go; cheap to clone. Never waits: what does not fit is dropped, the window has it all.
#[derive(Debug, Clone)]
pub(crate) struct Notifier {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
enum Order {
    Show(Note),
    Withdraw(About),
}

/// What the notification service tells.
#[derive(Debug)]
pub(crate) enum FromService {
    /// It works, or it does not and why.
    Works(Result<(), String>),
    Pressed(NoteAction),
}

impl Notifier {
    pub(crate) fn start(tell: impl Fn(FromService) + Send + Sync + 'static) -> Self {
        let (orders, queue) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            if let Err(error) = serve(queue, &tell).await {
                tell(FromService::Works(Err(format!("no notification service answers: {error}"))));
            }
        });
        Self { orders }
    }

    pub(crate) fn show(&self, note: Note) {
        let _ = self.orders.try_send(Order::Show(note));
    }

    pub(crate) fn withdraw(&self, about: About) {
        let _ = self.orders.try_send(Order::Withdraw(about));
    }
}

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    #[expect(clippy::too_many_arguments, reason = "the freedesktop interface has eight")]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, &Value<'_>>,
        expire_timeout: i32,
    ) -> zbus::Result<u32>;
    fn close_notification(&self, id: u32) -> zbus::Result<()>;
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;
    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action_key: String);
    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32);
}

async fn serve(mut queue: mpsc::Receiver<Order>, tell: &(impl Fn(FromService) + Sync)) -> zbus::Result<()> {
    let bus = zbus::Connection::session().await?;
    let service = NotificationsProxy::new(&bus).await?;
    let mut pressed = service.receive_action_invoked().await?;
    let mut closed = service.receive_notification_closed().await?;
    // Asking for the capabilities also starts a service that is started on demand.
    let mut style = style(&service, tell).await;
    let mut shown = Shown::default();
    loop {
        tokio::select! {
            order = queue.recv() => match order {
                Some(Order::Show(note)) => {
                    if style.is_none() {
                        style = self::style(&service, tell).await;
                    }
                    let Some(style) = &style else { continue };
                    let replaces = shown.id_of(&note.about).unwrap_or(0);
                    match show(&service, style, &note, replaces).await {
                        Ok(id) => shown.add(id, note),
                        Err(error) => {
                            tell(FromService::Works(Err(format!("a notification could not be shown: {error}"))));
                        }
                    }
                }
                Some(Order::Withdraw(about)) => {
                    if let Some(id) = shown.id_of(&about) {
                        shown.remove(id);
                        let _ = service.close_notification(id).await;
                    }
                }
                None => return Ok(()),
            },
            Some(signal) = pressed.next() => {
                let Ok(signal) = signal.args() else { continue };
                if let Some(action) = shown.action(signal.id, &signal.action_key) {
                    tell(FromService::Pressed(action));
                }
            }
            Some(signal) = closed.next() => {
                if let Ok(signal) = signal.args() {
                    shown.remove(signal.id);
                }
            }
        }
    }
}

/// What the service can draw.
struct Style {
    markup: bool,
    actions: bool,
}

async fn style(service: &NotificationsProxy<'_>, tell: &(impl Fn(FromService) + Sync)) -> Option<Style> {
    match service.get_capabilities().await {
        Ok(can) => {
            tell(FromService::Works(Ok(())));
            let can = |what: &str| can.iter().any(|name| name == what);
            Some(Style { markup: can("body-markup"), actions: can("actions") })
        }
        Err(error) => {
            tell(FromService::Works(Err(format!("no notification service answers: {error}"))));
            None
        }
    }
}

async fn show(
    service: &NotificationsProxy<'_>,
    style: &Style,
    note: &Note,
    replaces: u32,
) -> zbus::Result<u32> {
    let mut actions: Vec<String> = Vec::new();
    if style.actions {
        for (at, (label, _)) in note.actions.iter().enumerate() {
            actions.extend([at.to_string(), (*label).to_owned()]);
        }
        // A click on the body opens what the note is about; it never decides anything.
        actions.extend(["default".to_owned(), "Show".to_owned()]);
    }
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    let body = if style.markup { escaped(&note.body) } else { visible(&note.body).into_owned() };
    let urgency = Value::U8(if note.urgent { 2 } else { 1 });
    let entry = Value::from("org.doorward.app");
    let hints = HashMap::from([("urgency", &urgency), ("desktop-entry", &entry)]);
    let title = visible(&note.title);
    service.notify("Doorward", replaces, "org.doorward.app", &title, &body, &actions, hints, -1).await
}

fn escaped(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Notes on the screen.
#[derive(Default)]
struct Shown(HashMap<u32, Note>);

impl Shown {
    fn id_of(&self, about: &About) -> Option<u32> {
        self.0.iter().find(|(_, note)| note.about == *about).map(|(id, _)| *id)
    }

    fn add(&mut self, id: u32, note: Note) {
        self.0.insert(id, note);
    }

    fn remove(&mut self, id: u32) {
        self.0.remove(&id);
    }

    fn action(&self, id: u32, key: &str) -> Option<NoteAction> {
        let note = self.0.get(&id)?;
        if key == "default" {
            return Some(match note.about {
                About::Asked(_) => NoteAction::ShowQuestion,
                About::Reads(_) | About::App => NoteAction::ShowEvents,
                About::Package(_) => NoteAction::ShowProjects,
            });
        }
        let at: usize = key.parse().ok()?;
        note.actions.get(at).map(|(_, action)| action.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_buttons_that_were_offered_do_anything() {
        let mut shown = Shown::default();
        shown.add(
            7,
            Note {
                about: About::Asked(3),
                title: String::new(),
                body: String::new(),
                urgent: true,
                actions: vec![("Deny", NoteAction::Deny(3)), ("Allow once", NoteAction::AllowOnce(3))],
            },
        );
        assert_eq!(shown.action(7, "1"), Some(NoteAction::AllowOnce(3)));
        assert_eq!(shown.action(7, "default"), Some(NoteAction::ShowQuestion));
        assert_eq!(shown.action(7, "2"), None);
        assert_eq!(shown.action(8, "0"), None);
    }

    #[test]
    fn a_package_name_cannot_draw_markup() {
        assert_eq!(escaped("<b>x</b>\u{202E}"), "&lt;b&gt;x&lt;/b&gt;\\u{202E}");
    }
}
