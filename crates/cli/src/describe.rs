//! Events and states as sentences for a terminal.

use crate::terminal::Paint;
use doorward_protocol::{Action, Event, EventKind, Importance, Mode, Rule, RuleVerdict, What, visible};
use std::path::Path;

/// One event in two lines: what happened, and why it was answered so.
pub(crate) fn event(event: &Event, paint: Paint) -> String {
    let answer = match (event.kind, event.action) {
        (EventKind::Guard, _) => paint.dim("guard  "),
        (_, Action::Allowed) => paint.teal("allowed"),
        (_, Action::Denied) => paint.red("denied "),
        (_, Action::Asked) => paint.amber("asked  "),
    };
    let mut text = format!("{:>6}  {}  {answer}  ", event.id, paint.dim(&event.time.to_string()));
    if event.kind != EventKind::Guard {
        let who = match &event.package {
            Some(package) if package.script.is_empty() => {
                format!("{} ({})", package.package, package.package.ecosystem)
            }
            Some(package) => {
                format!("{} ({}, {})", package.package, package.package.ecosystem, visible(&package.script))
            }
            None => file_name(&event.reader.exe),
        };
        let who = if event.importance == Importance::Alarm { paint.bold(&who) } else { who };
        let object = shown(&event.secret.path);
        text.push_str(&format!("{who} → {object}\n{:>8}", ""));
    }
    text.push_str(&visible(&event.why));
    if event.kind != EventKind::Guard {
        let by = format!("  [{} pid {}]", shown(&event.reader.exe), event.reader.pid);
        text.push_str(&paint.dim(&by));
    }
    text
}

/// A path, safe to print, with the home folder as `~`.
pub(crate) fn shown(path: &Path) -> String {
    let home = std::env::var_os("HOME").filter(|home| home.len() > 1);
    match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(rest) if !rest.as_os_str().is_empty() => format!("~/{}", visible(&rest.to_string_lossy())),
        _ => visible(&path.to_string_lossy()).into_owned(),
    }
}

/// One rule in a line.
pub(crate) fn rule(rule: &Rule, paint: Paint) -> String {
    let verdict = match rule.draft.verdict {
        RuleVerdict::Allow => paint.teal("allow"),
        RuleVerdict::Deny => paint.red("deny "),
    };
    let who = &rule.draft.who;
    let mut parts = Vec::new();
    parts.extend(who.exe.as_deref().map(shown));
    parts.extend(who.script.as_deref().map(|script| format!("running {}", shown(script))));
    parts.extend(who.package.as_ref().map(|package| format!("for {package} ({})", package.ecosystem)));
    parts.extend(who.process.as_deref().map(|process| format!("as process {}", visible(process))));
    let what = match &rule.draft.what {
        What::Path(path) => shown(path),
        What::Class(class) => format!("every {}", visible(class)),
    };
    let until = match rule.expires_at {
        Some(time) => format!("until {time}"),
        None => format!("for: {}", json_name(&rule.draft.expiry)),
    };
    format!("{:>4}  {verdict}  {} → {what}  {}", rule.id, parts.join(" "), paint.dim(&until))
}

/// What a mode does, in a few words.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "observe (allow and tell)",
        Mode::Ask => "ask (hold and ask)",
        Mode::Block => "block (deny and tell)",
    }
}

fn file_name(path: &Path) -> String {
    visible(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()).into_owned()
}

/// The name a unit variant has in JSON.
pub(crate) fn json_name(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().trim_matches('"').to_owned()
}
