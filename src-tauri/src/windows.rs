//! The windows. They exist only while somebody looks at them, so that no web view is in memory otherwise.

use crate::controller::Page;
use rustix::process::{Pid, Signal, kill_process};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

pub(crate) const MAIN: &str = "main";
pub(crate) const PROMPT: &str = "prompt";

/// Shows the main window at a page; must run on the main thread.
pub(crate) fn show_main(app: &AppHandle, page: Page) {
    if let Some(window) = app.get_webview_window(MAIN) {
        if page != Page::Any {
            // A fragment of ours, not text from anywhere else.
            let go = format!("location.hash = '#{}'", page.fragment());
            if let Err(error) = window.eval(&go) {
                tracing::warn!(%error, "the window did not turn to its page");
            }
        }
        raise(&window);
        return;
    }
    let address = match page {
        Page::Any => "index.html".to_owned(),
        page => format!("index.html#{}", page.fragment()),
    };
    let built = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App(address.into()))
        .title("Doorward")
        .inner_size(1100.0, 720.0)
        .min_inner_size(800.0, 560.0)
        .build();
    if let Err(error) = built {
        tracing::error!(%error, "the main window could not be opened");
    }
}

/// What is to become of the prompt. To close it takes a turn of the event loop, in which the old window can still be
/// found: a question that comes then must not be shown in it.
#[derive(Debug, Default)]
pub(crate) struct PromptWindow {
    closing: AtomicBool,
    /// It is to open again once it is closed.
    wanted: AtomicBool,
}

/// Shows the prompt; must run on the main thread.
pub(crate) fn show_prompt(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(PROMPT) {
        let prompt = app.state::<PromptWindow>();
        if prompt.closing.load(Relaxed) {
            prompt.wanted.store(true, Relaxed);
        } else {
            raise(&window);
        }
        return;
    }
    let built = WebviewWindowBuilder::new(app, PROMPT, WebviewUrl::App("prompt.html".into()))
        .title("Doorward asks")
        .inner_size(480.0, 520.0)
        .min_inner_size(400.0, 400.0)
        .always_on_top(true)
        .center()
        .build();
    if let Err(error) = built {
        tracing::error!(%error, "the prompt could not be opened");
    }
}

/// Closes the prompt if it is open; must run on the main thread.
pub(crate) fn close_prompt(app: &AppHandle) {
    let prompt = app.state::<PromptWindow>();
    prompt.wanted.store(false, Relaxed);
    let Some(window) = app.get_webview_window(PROMPT) else { return };
    match window.destroy() {
        Ok(()) => prompt.closing.store(true, Relaxed),
        Err(error) => tracing::warn!(%error, "the prompt could not be closed"),
    }
}

/// Opens the prompt again where a question came while it closed, and ends what WebKit keeps running when the last
/// window is gone; it starts a new one for the next window.
pub(crate) fn closed(app: &AppHandle, label: &str) {
    if label == PROMPT {
        let prompt = app.state::<PromptWindow>();
        prompt.closing.store(false, Relaxed);
        if prompt.wanted.swap(false, Relaxed) {
            show_prompt(app);
        }
    }
    if !app.webview_windows().is_empty() {
        return;
    }
    for process in children().filter(|process| is_web_kits(*process)) {
        if let Err(error) = kill_process(process, Signal::TERM) {
            tracing::debug!(%error, "WebKit's process had ended by itself");
        }
    }
}

fn children() -> impl Iterator<Item = Pid> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let ids: Vec<_> =
        lists.flat_map(|list| list.split_whitespace().map(str::parse).collect::<Vec<_>>()).collect();
    ids.into_iter().flatten().filter_map(Pid::from_raw)
}

fn is_web_kits(process: Pid) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{}/comm", process.as_raw_nonzero()));
    name.is_ok_and(|name| name.starts_with("WebKit"))
}

fn raise(window: &WebviewWindow) {
    let raised = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = raised {
        tracing::debug!(%error, "the window could not be raised");
    }
}
