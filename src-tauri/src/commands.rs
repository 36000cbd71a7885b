//! The windows' door to the controller: every command sends one request and waits for the answer.

use crate::controller::{Call, Input, Inputs, Reply, closing};
use crate::failure::Answer;
use doorward_protocol::{
    DecoyKind, Desk, Ecosystem, Event, Excerpt, Expiry, KnownBad, PackageRef, Policy, Project,
    ProjectPackage, RuleDraft, SealReason, SealedEntry, SealedItem, Settings, Verdict,
};
use std::path::PathBuf;
use tauri::State;
use tokio::sync::oneshot;

include!("command_names.rs");

macro_rules! handler {
    ($($command:ident),* $(,)?) => { tauri::generate_handler![$($command),*] };
}

/// Dispatches the windows' calls.
pub(crate) fn handler<R: tauri::Runtime>() -> impl Fn(tauri::ipc::Invoke<R>) -> bool + Send + Sync + 'static {
    with_command_names!(handler)
}

async fn ask<T>(inputs: &Inputs, call: impl FnOnce(Reply<T>) -> Call) -> Answer<T> {
    let (reply, answer) = oneshot::channel();
    inputs.send(Input::FromWindow(call(reply))).map_err(|_| closing())?;
    answer.await.map_err(|_| closing())?
}

type Desktop<'a> = State<'a, Inputs>;

#[tauri::command]
async fn desk(to: Desktop<'_>) -> Answer<Desk> {
    ask(&to, Call::Desk).await
}

#[tauri::command]
async fn events(to: Desktop<'_>, before: u64, limit: u32) -> Answer<Vec<Event>> {
    ask(&to, |reply| Call::Events { before, limit, reply }).await
}

#[tauri::command]
async fn acknowledge(to: Desktop<'_>, up_to: u64) -> Answer<()> {
    ask(&to, |reply| Call::Acknowledge { up_to, reply }).await
}

#[tauri::command]
async fn answer(to: Desktop<'_>, event: u64, allow: bool, expiry: Expiry) -> Answer<()> {
    ask(&to, |reply| Call::Answer { event, allow, expiry, reply }).await
}

#[tauri::command]
async fn set_policy(to: Desktop<'_>, policy: Policy) -> Answer<()> {
    ask(&to, |reply| Call::SetPolicy { policy, reply }).await
}

#[tauri::command]
async fn pause(to: Desktop<'_>, seconds: u32) -> Answer<()> {
    ask(&to, |reply| Call::Pause { seconds, reply }).await
}

#[tauri::command]
async fn resume(to: Desktop<'_>) -> Answer<()> {
    ask(&to, Call::Resume).await
}

#[tauri::command]
async fn add_rule(to: Desktop<'_>, draft: RuleDraft) -> Answer<()> {
    ask(&to, |reply| Call::AddRule { draft, reply }).await
}

#[tauri::command]
async fn remove_rule(to: Desktop<'_>, id: u64) -> Answer<()> {
    ask(&to, |reply| Call::RemoveRule { id, reply }).await
}

#[tauri::command]
async fn plant_decoy(to: Desktop<'_>, kind: DecoyKind) -> Answer<()> {
    ask(&to, |reply| Call::PlantDecoy { kind, reply }).await
}

#[tauri::command]
async fn remove_decoy(to: Desktop<'_>, path: PathBuf) -> Answer<()> {
    ask(&to, |reply| Call::RemoveDecoy { path, reply }).await
}

#[tauri::command]
async fn projects(to: Desktop<'_>) -> Answer<Vec<Project>> {
    ask(&to, Call::Projects).await
}

#[tauri::command]
async fn choose_folder(to: Desktop<'_>) -> Answer<Option<PathBuf>> {
    ask(&to, Call::ChooseFolder).await
}

#[tauri::command]
async fn add_project(to: Desktop<'_>, path: PathBuf) -> Answer<Project> {
    ask(&to, |reply| Call::AddProject { path, reply }).await
}

#[tauri::command]
async fn remove_project(to: Desktop<'_>, id: i64) -> Answer<()> {
    ask(&to, |reply| Call::RemoveProject { id, reply }).await
}

#[tauri::command]
async fn discover_projects(to: Desktop<'_>) -> Answer<Vec<PathBuf>> {
    ask(&to, Call::DiscoverProjects).await
}

#[tauri::command]
async fn packages(to: Desktop<'_>, project: Option<i64>) -> Answer<Vec<ProjectPackage>> {
    ask(&to, |reply| Call::Packages { project, reply }).await
}

#[tauri::command]
async fn start_scan(to: Desktop<'_>, project: i64) -> Answer<()> {
    ask(&to, |reply| Call::StartScan { project, reply }).await
}

#[tauri::command]
async fn cancel_scan(to: Desktop<'_>, project: i64) -> Answer<()> {
    ask(&to, |reply| Call::CancelScan { project, reply }).await
}

#[tauri::command]
async fn excerpt(to: Desktop<'_>, package_path: PathBuf, file: String, line: u32) -> Answer<Excerpt> {
    ask(&to, |reply| Call::Excerpt { package_path, file, line, reply }).await
}

#[tauri::command]
async fn quarantine(to: Desktop<'_>) -> Answer<Vec<SealedItem>> {
    ask(&to, Call::Quarantine).await
}

#[tauri::command]
async fn seal(
    to: Desktop<'_>,
    path: PathBuf,
    ecosystem: Ecosystem,
    name: String,
    version: String,
    verdict: Option<Verdict>,
    text: String,
) -> Answer<SealedItem> {
    let package = PackageRef { ecosystem, name, version };
    let reason = SealReason { verdict, text, events: Vec::new() };
    ask(&to, |reply| Call::Seal { path, package, reason, reply }).await
}

#[tauri::command]
async fn review_sealed(to: Desktop<'_>, id: String) -> Answer<Vec<SealedEntry>> {
    ask(&to, |reply| Call::ReviewSealed { id, reply }).await
}

#[tauri::command]
async fn read_sealed(to: Desktop<'_>, id: String, file: String) -> Answer<Excerpt> {
    ask(&to, |reply| Call::ReadSealed { id, file, reply }).await
}

#[tauri::command]
async fn restore_sealed(to: Desktop<'_>, id: String) -> Answer<()> {
    ask(&to, |reply| Call::RestoreSealed { id, reply }).await
}

#[tauri::command]
async fn delete_sealed(to: Desktop<'_>, id: String) -> Answer<()> {
    ask(&to, |reply| Call::DeleteSealed { id, reply }).await
}

#[tauri::command]
async fn known_bad(to: Desktop<'_>) -> Answer<KnownBad> {
    ask(&to, Call::KnownBad).await
}

#[tauri::command]
async fn settings(to: Desktop<'_>) -> Answer<Settings> {
    ask(&to, Call::Settings).await
}

#[tauri::command]
async fn save_settings(to: Desktop<'_>, settings: Settings) -> Answer<()> {
    ask(&to, |reply| Call::SaveSettings { settings, reply }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tauri::test::{INVOKE_KEY, get_ipc_response, mock_builder};

    macro_rules! names {
        ($($command:ident),* $(,)?) => { &[$(stringify!($command)),*] };
    }

    const COMMANDS: &[&str] = with_command_names!(names);
    /// What the prompt may call.
    const PROMPT: &[&str] = &["desk", "answer"];

    /// Whether the access control lets a window call a command; no controller is there to answer.
    fn is_allowed<R: tauri::Runtime>(window: &tauri::WebviewWindow<R>, command: &str) -> bool
    where
        tauri::WebviewWindow<R>: AsRef<tauri::Webview<tauri::test::MockRuntime>>,
    {
        let request = tauri::webview::InvokeRequest {
            cmd: command.to_owned(),
            callback: tauri::ipc::CallbackFn(0),
            error: tauri::ipc::CallbackFn(1),
            url: "tauri://localhost".parse().expect("address"),
            body: tauri::ipc::InvokeBody::default(),
            headers: tauri::http::HeaderMap::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        let refusal = get_ipc_response(window, request).expect_err("nobody is there to answer").to_string();
        !refusal.contains("not allowed")
    }

    #[test]
    fn every_window_may_call_exactly_what_it_needs() {
        let app = mock_builder().invoke_handler(handler()).build(tauri::generate_context!()).expect("app");
        let open = |label: &str| {
            tauri::WebviewWindowBuilder::new(&app, label, tauri::WebviewUrl::default())
                .build()
                .expect("window")
        };
        let (main, prompt, other) = (open("main"), open("prompt"), open("other"));
        for command in COMMANDS {
            assert!(is_allowed(&main, command), "the main window may not call {command}");
            assert_eq!(is_allowed(&prompt, command), PROMPT.contains(command), "the prompt and {command}");
            assert!(!is_allowed(&other, command), "a window nobody knows may call {command}");
        }
        for command in [
            "plugin:dialog|open",
            "plugin:event|emit",
            "plugin:window|create",
            "plugin:webview|create_webview_window",
        ] {
            for window in [&main, &prompt, &other] {
                assert!(!is_allowed(window, command), "{} may call {command}", window.label());
            }
        }
    }
}
