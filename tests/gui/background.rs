//! The app without a window: tray, notifications, and no web view.

use crate::app::{Places, on_a_desktop};
use doorward_tests::desktop::{Process, Watcher, wait_for};
use doorward_tests::{Daemon, Run, Sandbox, fixtures, need};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

#[test]
fn in_the_background_there_is_a_tray_icon_and_no_web_view() {
    on_a_desktop(
        "background::in_the_background_there_is_a_tray_icon_and_no_web_view",
        async |sandbox, desktop| {
            let bus = desktop.connect().await?;
            let host = Watcher::serve(&bus).await?;
            let app =
                Places::new(sandbox, sandbox.home().join("no-such.sock")).start(desktop, "--background")?;
            let icon = host.icon(&bus).await?;
            let menu = wait_for("the whole menu", async || {
                let menu = icon.menu().await.ok()?;
                menu.iter().any(|entry| entry.label.contains("guard is not running")).then_some(menu)
            })
            .await?;
            let labels: Vec<&str> = menu.iter().map(|entry| entry.label.as_str()).collect();
            for wanted in ["Scan a project", "Quarantine (0)…", "Open Doorward", "Quit"] {
                assert!(labels.contains(&wanted), "{wanted} is missing in {labels:?}");
            }
            assert!(!labels.contains(&"Pause for"), "there is no guard to pause: {labels:?}");
            assert!(icon.text("ToolTip").await?.contains("guard is not running"));
            assert_eq!(web_views(app.pid()), Vec::<String>::new());

            // A second start hands over to the first one and ends.
            let mut second =
                Places::new(sandbox, sandbox.home().join("no-such.sock")).start(desktop, "--show")?;
            assert_eq!(wait_for("the second start to end", async || second.ended()).await?, 0);
            wait_for("a web view", async || (!web_views(app.pid()).is_empty()).then_some(())).await?;
            Ok(())
        },
    );
}

#[test]
fn quitting_in_the_tray_ends_everything() {
    on_a_desktop("background::quitting_in_the_tray_ends_everything", async |sandbox, desktop| {
        let bus = desktop.connect().await?;
        let host = Watcher::serve(&bus).await?;
        let mut app =
            Places::new(sandbox, sandbox.home().join("no-such.sock")).start(desktop, "--background")?;
        host.icon(&bus).await?.choose("Quit").await?;
        assert_eq!(wait_for("the app to end", async || app.ended()).await?, 0);
        Ok(())
    });
}

#[test]
fn a_tray_host_that_comes_late_gets_the_icon() {
    on_a_desktop("background::a_tray_host_that_comes_late_gets_the_icon", async |sandbox, desktop| {
        let app = Places::new(sandbox, sandbox.home().join("no-such.sock")).start(desktop, "--background")?;
        let bus = desktop.connect().await?;
        wait_for("the app on the bus", async || {
            let names = zbus::fdo::DBusProxy::new(&bus).await.ok()?.list_names().await.ok()?;
            names.iter().any(|name| name.contains("StatusNotifierItem")).then_some(())
        })
        .await?;
        // It is not ready at first, and sends the icon away once.
        Watcher::serve_after(&bus, 1).await?.icon(&bus).await?;
        drop(app);
        Ok(())
    });
}

#[test]
fn a_malicious_script_never_starts_and_tray_and_a_real_notification_say_so() {
    on_a_desktop(
        "background::a_malicious_script_never_starts_and_tray_and_a_real_notification_say_so",
        async |sandbox, desktop| {
            need("dunst");
            need("dunstctl");
            sandbox.write(".ssh/id_ed25519", "a made-up key\n");
            let daemon = Daemon::start(sandbox, "mode = \"block\"");
            let bus = desktop.connect().await?;
            let host = Watcher::serve(&bus).await?;
            let dunst = Process::start(&mut desktop.command("dunst"), &desktop.folder().join("dunst.log"))?;
            wait_for("dunst on the bus", async || {
                let proxy = zbus::fdo::DBusProxy::new(&bus).await.ok()?;
                proxy
                    .name_has_owner("org.freedesktop.Notifications".try_into().ok()?)
                    .await
                    .ok()?
                    .then_some(())
            })
            .await?;
            let app = Places::with(sandbox, &daemon).start(desktop, "--background")?;
            let icon = host.icon(&bus).await?;
            wait_for("a calm tray", async || {
                icon.text("ToolTip").await.ok()?.contains("Guarding").then_some(())
            })
            .await?;
            let calm = icon.text("IconPixmap").await?;
            assert!(icon.menu().await?.iter().any(|entry| entry.label == "30 minutes"));

            let (install, stolen) = install_thief(sandbox);
            assert_ne!(install.code, 0, "the script was not let start: {install}");
            assert!(!stolen.exists(), "no line of the script ran");
            wait_for("an alarm in the tray", async || {
                icon.text("Status").await.ok()?.contains("NeedsAttention").then_some(())
            })
            .await?;
            wait_for("another picture", async || (icon.text("IconPixmap").await.ok()? != calm).then_some(()))
                .await?;
            wait_for("the alert in the menu", async || {
                let menu = icon.menu().await.ok()?;
                menu.iter().any(|entry| entry.enabled && entry.label.contains("evil-dep")).then_some(())
            })
            .await?;
            let shown = wait_for("dunst to show it", async || {
                let output = desktop.command("dunstctl").arg("history").output().ok()?;
                let history = String::from_utf8_lossy(&output.stdout).into_owned();
                let count = desktop.command("dunstctl").args(["count", "displayed"]).output().ok()?;
                let displayed = String::from_utf8_lossy(&count.stdout).trim().parse::<u32>().ok()?;
                (displayed > 0 || history.contains("evil-dep")).then_some(displayed)
            })
            .await?;
            assert!(shown <= 6, "{shown} notifications for one theft");
            assert_eq!(web_views(app.pid()), Vec::<String>::new(), "an alarm needs no web view");
            drop(dunst);
            Ok(())
        },
    );
}

#[test]
fn what_draws_windows_goes_with_the_last_window() {
    on_a_desktop("background::what_draws_windows_goes_with_the_last_window", async |sandbox, desktop| {
        let secret = sandbox.write(".ssh/id_ed25519", "a made-up key\n");
        let daemon = Daemon::start(sandbox, "mode = \"ask\"");
        let bus = desktop.connect().await?;
        let host = Watcher::serve(&bus).await?;
        let app = Places::with(sandbox, &daemon).start(desktop, "--background")?;
        let icon = host.icon(&bus).await?;
        wait_for("the guard", async || icon.text("ToolTip").await.ok()?.contains("Guarding").then_some(()))
            .await?;
        let mut reader = sandbox.command("/usr/bin/head");
        let mut reader = reader.arg(secret).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        wait_for("the prompt", async || (!web_views(app.pid()).is_empty()).then_some(())).await?;
        let asked = daemon.wait_for("the question", |events| !events.is_empty()).remove(0).id;
        sandbox.ok(&mut daemon.doorward(&["guard", "answer", &asked.to_string(), "deny"]));
        assert!(!reader.wait()?.success(), "the read was denied");
        wait_for("no web view", async || web_views(app.pid()).is_empty().then_some(())).await?;
        Ok(())
    });
}

/// Real `npm install` of a package whose postinstall reads six secrets; the file it would write.
pub(crate) fn install_thief(sandbox: &Sandbox) -> (Run, PathBuf) {
    let tarball = fixtures::npm_tarball(sandbox);
    let project = sandbox.folder("shop");
    sandbox.write("shop/package.json", "{\"name\":\"shop\",\"version\":\"0.1.0\"}\n");
    let results = sandbox.home().join("results");
    let mut install = sandbox.command("npm");
    install.args(["install", "--offline", "--no-audit", "--no-fund", "--no-update-notifier"]);
    install.arg(tarball).current_dir(&project).env(fixtures::RESULTS, &results);
    (sandbox.run(&mut install), results)
}

/// WebKit's processes below a process, by name.
fn web_views(app: u32) -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "pid=,ppid=,comm="]).output().expect("ps runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<(u32, u32, &str)> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?))
        })
        .collect();
    let below = |mut pid: u32| {
        while let Some((_, parent, _)) = rows.iter().find(|(own, ..)| *own == pid) {
            if *parent == app {
                return true;
            }
            pid = *parent;
        }
        false
    };
    assert!(fs::exists(format!("/proc/{app}")).unwrap_or(false), "the app is running");
    rows.iter()
        .filter(|(pid, _, name)| name.starts_with("WebKit") && below(*pid))
        .map(|(_, _, name)| (*name).to_owned())
        .collect()
}
