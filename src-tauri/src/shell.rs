//! The real desktop behind the controller: Tauri's windows, the tray, the notification service.

use crate::controller::{FeatureName, Input, Inputs, Page, Reply, Shell, Told};
use crate::notify::{About, FromService, Note, Notifier};
use crate::tray::{TrayAction, TrayIcon, TrayView};
use crate::windows;
use std::path::PathBuf;
use std::time::Duration;
use tauri::{AppHandle, Emitter, Manager};
use tauri_plugin_dialog::DialogExt;
use tokio::sync::watch;

/// How long to wait before looking for a session bus again, at most.
const BUS_RETRY: Duration = Duration::from_secs(60);
/// How long at first: when a session begins, what shows icons may be a moment later.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// The desktop.
pub(crate) struct Desktop {
    app: AppHandle,
    tray: watch::Sender<TrayView>,
    notifier: Notifier,
}

impl Desktop {
    pub(crate) fn start(app: AppHandle, inputs: &Inputs) -> Self {
        let (tray, views) = watch::channel(TrayView::default());
        tokio::spawn(keep_tray(views, inputs.clone()));
        let to = inputs.clone();
        let notifier = Notifier::start(move |message| {
            let _ = to.send(match message {
                FromService::Pressed(action) => Input::FromNotification(action),
                FromService::Works(Ok(())) => Input::Feature {
                    name: FeatureName::Notifications,
                    on: true,
                    note: "Alerts are shown on the desktop too.".to_owned(),
                },
                FromService::Works(Err(why)) => Input::Feature {
                    name: FeatureName::Notifications,
                    on: false,
                    note: format!("Alerts are shown in this window only: {why}."),
                },
            });
        });
        Self { app, tray, notifier }
    }

    /// Windows belong to the main thread.
    fn on_main_thread(&self, work: impl FnOnce(&AppHandle) + Send + 'static) {
        let app = self.app.clone();
        if let Err(error) = self.app.run_on_main_thread(move || work(&app)) {
            tracing::debug!(%error, "the event loop has ended");
        }
    }
}

impl Shell for Desktop {
    fn show_main(&self, page: Page) {
        self.on_main_thread(move |app| windows::show_main(app, page));
    }

    fn show_prompt(&self) {
        self.on_main_thread(windows::show_prompt);
    }

    fn close_prompt(&self) {
        self.on_main_thread(windows::close_prompt);
    }

    fn tell(&self, told: Told) {
        let for_prompt = told.for_prompt();
        for (label, wants) in [(windows::MAIN, true), (windows::PROMPT, for_prompt)] {
            if wants
                && self.app.get_webview_window(label).is_some()
                && let Err(error) = self.app.emit_to(label, told.kind(), &told)
            {
                tracing::warn!(%error, label, "a window was not told");
            }
        }
    }

    fn tray(&self, view: TrayView) {
        self.tray.send_replace(view);
    }

    fn notify(&self, note: Note) {
        self.notifier.show(note);
    }

    fn withdraw(&self, about: About) {
        self.notifier.withdraw(about);
    }

    fn choose_folder(&self, reply: Reply<Option<PathBuf>>) {
        let mut dialog = self.app.dialog().file().set_title("Choose a project folder");
        if let Some(window) = self.app.get_webview_window(windows::MAIN) {
            dialog = dialog.set_parent(&window);
        }
        dialog.pick_folder(move |chosen| {
            let _ = reply.send(Ok(chosen.and_then(|path| path.into_path().ok())));
        });
    }

    fn quit(&self) {
        self.app.exit(0);
    }
}

/// Keeps the icon in step with what it should show.
async fn keep_tray(mut views: watch::Receiver<TrayView>, inputs: Inputs) {
    let tell = move |action| {
        let _ = inputs.send(Input::FromTray(action));
    };
    let mut pause = FIRST_RETRY;
    loop {
        let view = views.borrow_and_update().clone();
        let icon = match TrayIcon::start(view, tell.clone()).await {
            Ok(icon) => icon,
            Err(why) => {
                tell(TrayAction::Host(Err(why)));
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(BUS_RETRY);
                continue;
            }
        };
        pause = FIRST_RETRY;
        if icon.is_hosted() {
            tell(TrayAction::Host(Ok(())));
        }
        loop {
            tokio::select! {
                changed = views.changed() => {
                    if changed.is_err() {
                        icon.remove().await;
                        return;
                    }
                    let view = views.borrow_and_update().clone();
                    icon.show(view).await;
                }
                () = icon.is_overlooked() => break,
            }
        }
        icon.remove().await;
    }
}
