//! Packages that arrive, wait to be looked at, and are locked away.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_is_scanned_stored_told_and_kept_from_starting() {
    let bench = Bench::start();
    let (_listener, daemon) = Daemon::greet(bench.listen(), Vec::new(), Vec::new()).await;
    let root = bench.project("work");
    let project = bench.ask(|reply| Call::AddProject { path: root.clone(), reply }).await.expect("added");
    let path = bench.project("work/node_modules/evil-dep");
    bench.send(Input::FromWatch(vec![Arrival::Package {
        path: path.clone(),
        project: Some(project.path.clone()),
        ecosystem: Ecosystem::Npm,
    }]));
    let note = bench.note("the package", |note| note.about == About::Package(path.clone())).await;
    assert_eq!(note.actions[0], ("Lock away", NoteAction::LockAway(path.clone())));
    bench.desk("an alarm", |desk| desk.mood == Mood::Alarm && desk.today.flagged > 0).await;
    let told = path.clone();
    let (_daemon, verdict) = daemon
        .serve_until(move |body| match body {
            RequestBody::Control(Control::GateVerdict { path, verdict, .. }) if *path == told => {
                Some(*verdict)
            }
            _ => None,
        })
        .await;
    assert_eq!(verdict, Verdict::Malicious);
    let stored = bench.store.reader.packages(Some(project.id)).expect("packages");
    assert!(stored.iter().any(|package| package.report.path == path));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flagged_package_waits_over_restarts_until_somebody_looked() {
    let bench = Bench::start();
    let path = bench.project("cache/evil-dep");
    bench.send(Input::FromWatch(vec![Arrival::Package { path, project: None, ecosystem: Ecosystem::Npm }]));
    bench.desk("an alarm", |desk| desk.mood == Mood::Alarm).await;

    let bench = bench.restart();
    let desk = bench.desk("the alarm again", |_| true).await;
    assert_eq!((desk.mood, desk.unseen), (Mood::Alarm, 1));
    let packages = bench.ask(|reply| Call::Packages { project: None, reply }).await.expect("packages");
    assert_eq!(packages.len(), 1);
    bench.desk("no alarm", |desk| desk.unseen == 0).await;

    let bench = bench.restart();
    let desk = bench.desk("still no alarm", |_| true).await;
    assert_eq!(desk.unseen, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_reads_and_locks_away_only_packages_it_was_told_of() {
    let bench = Bench::start();
    let path = bench.project("documents");
    let excerpt = bench.ask(|reply| Call::Excerpt {
        package_path: path.clone(),
        file: "diary.txt".into(),
        line: 1,
        reply,
    });
    let refused = excerpt.await.expect_err("nobody told of it");
    assert!(refused.message.contains("no scan and no event"), "{refused:?}");
    let package = PackageRef { ecosystem: Ecosystem::Npm, name: "dep".into(), version: "1.2.3".into() };
    let reason = SealReason { verdict: None, text: "because".into(), events: Vec::new() };
    let seal = |path: PathBuf| {
        let (package, reason) = (package.clone(), reason.clone());
        bench.ask(|reply| Call::Seal { path, package, reason, reply })
    };
    let refused = seal(path.clone()).await.expect_err("nobody told of it");
    assert!(refused.message.contains("no scan and no event"), "{refused:?}");
    assert!(path.exists());

    let told = bench.project("evil-dep");
    bench.send(Input::FromWatch(vec![Arrival::Package {
        path: told.clone(),
        project: None,
        ecosystem: Ecosystem::Npm,
    }]));
    bench.desk("an alarm", |desk| desk.mood == Mood::Alarm).await;
    seal(told.clone()).await.expect("locked away");
    assert!(!told.exists());
}
