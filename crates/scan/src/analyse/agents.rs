//! Files that steer coding agents and editors: instructions, hooks, tasks.

use super::evidence::is_aside;
use super::hidden;
use super::report::Report;
use super::text::contains;
use crate::{PackageFiles, SourceFile};
use doorward_protocol::Severity::{Critical, High, Medium};
use serde_json::Value;

/// Looks at every instruction file, agent setting and editor task of a package.
pub(super) fn inspect(package: &PackageFiles<'_>, report: &mut Report) {
    for file in &package.files {
        planted(file, report);
        match role(file.path) {
            Some(Role::Instructions) => instructions(file, report),
            Some(Role::AgentSettings) => agent_settings(file, report),
            Some(Role::ToolServers) => tool_servers(file, report),
            Some(Role::EditorTasks) => editor_tasks(file, report),
            None => tool_descriptions(file, report),
        }
    }
}

enum Role {
    Instructions,
    AgentSettings,
    EditorTasks,
    /// A list of servers that an agent starts.
    ToolServers,
}

fn role(path: &str) -> Option<Role> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let inside = |folder: &str| path.starts_with(folder) || contains(path.as_bytes(), &format!("/{folder}"));
    match name {
        "CLAUDE.md"
        | "CLAUDE.local.md"
        | "AGENTS.md"
        | "GEMINI.md"
        | "QWEN.md"
        | ".cursorrules"
        | ".windsurfrules"
        | ".clinerules"
        | ".roorules"
        | ".goosehints"
        | "copilot-instructions.md"
        | "llms.txt" => Some(Role::Instructions),
        "SKILL.md" => Some(Role::Instructions),
        "settings.json" | "settings.local.json" if inside(".claude/") => Some(Role::AgentSettings),
        "hooks.json" if inside(".cursor/") => Some(Role::AgentSettings),
        "tasks.json" if inside(".vscode/") => Some(Role::EditorTasks),
        ".mcp.json" | "claude_desktop_config.json" | "mcp_config.json" | "cline_mcp_settings.json" => {
            Some(Role::ToolServers)
        }
        "mcp.json" if inside(".cursor/") || inside(".vscode/") => Some(Role::ToolServers),
        _ if [
            ".cursor/rules/",
            ".windsurf/rules/",
            ".continue/rules/",
            ".github/instructions/",
            ".github/prompts/",
            ".claude/commands/",
            ".claude/agents/",
            ".claude/skills/",
        ]
        .iter()
        .any(|folder| inside(folder)) =>
        {
            Some(Role::Instructions)
        }
        _ => None,
    }
}

fn instructions(file: &SourceFile<'_>, report: &mut Report) {
    let content = String::from_utf8_lossy(file.bytes);
    let hidden = hidden::stray_invisibles(&content);
    let plain: String = content.chars().filter(|character| !is_carrier(*character)).collect();
    let lower = plain.to_lowercase();
    let commands =
        ["curl ", "wget ", "node ", "npx ", "python", "bash ", "http://", "https://", "run ", "execute"];
    let orders = commands.iter().any(|word| lower.contains(word));
    if let Some(&offset) = hidden.first() {
        // Offsets come from the text as it was read; replaced bytes can only shorten the line.
        report.add(
            "A-01",
            file,
            offset.min(file.bytes.len()),
            if orders || hidden.len() >= 8 { Critical } else { High },
        );
    }
    if let Some((offset, most)) = covert_order(&content) {
        report.add("A-50", file, offset.min(file.bytes.len()), most);
    }
    if let Some(offset) = hidden::long_run(file.bytes) {
        report.add("O-01", file, offset, Critical);
    }
}

/// An order to run something fetched, or to keep something from the user.
fn covert_order(content: &str) -> Option<(usize, doorward_protocol::Severity)> {
    const SECRECY: &[&str] = &[
        "do not tell the user",
        "don't tell the user",
        "do not mention this to the user",
        "do not inform the user",
        "without telling the user",
        "without informing the user",
        "without asking the user",
        "do not reveal",
        "do not show this to the user",
        "silently run",
    ];
    const PRETEXT: &[&str] = &[
        "security scan",
        "integrity",
        "compliance",
        "security audit",
        "validate credentials",
        "credential check",
        "before any",
        "before every",
        "always run",
        "must run",
        "mandatory",
    ];
    const HARVEST: &[&str] = &[
        ".ssh",
        ".aws",
        "id_rsa",
        "private key",
        "seed phrase",
        "mnemonic",
        ".env",
        "credentials",
        "wallet",
        "keystore",
    ];
    let lower = content.to_ascii_lowercase();
    let mut pretext = false;
    let mut fetches = None;
    let mut secrecy = None;
    let mut harvest = false;
    let mut hidden_start = None;
    let mut applies = false;
    let mut at = 0;
    for line in lower.split_inclusive('\n') {
        let mentions = |words: &[&str]| words.iter().any(|word| line.contains(word));
        pretext |= mentions(PRETEXT);
        harvest |= mentions(HARVEST);
        if secrecy.is_none() && mentions(SECRECY) {
            secrecy = Some(at);
        }
        let remote = line.contains("http://") || line.contains("https://") || line.contains("github:");
        let fetcher = mentions(&["curl ", "wget ", "npx "]);
        let runs = mentions(&[
            "| sh",
            "|sh",
            "| bash",
            "|bash",
            "| node",
            "node -e",
            "eval",
            "npx -y",
            "&& node",
            "&& bash",
            "&& python",
        ]);
        // A program that stands in the line itself reads what was fetched as data.
        let reads = mentions(&["| python -c", "| python3 -c", "| python -m json", "| python3 -m json"]);
        let runs = runs || line.contains("| python") && !reads;
        if fetches.is_none() && fetcher && remote && runs {
            fetches = Some(at);
        }
        hidden_start = hidden_start.or(starts_hidden(line).then_some(at));
        applies |= line.contains("alwaysapply: true");
        at += line.len();
    }
    match (fetches, secrecy) {
        (Some(at), Some(_)) => Some((at, Critical)),
        (Some(at), None) if pretext => Some((at, Critical)),
        (None, Some(at)) if harvest => Some((at, Critical)),
        (None, Some(at)) => Some((at, High)),
        (Some(at), None) => Some((at, Medium)),
        (None, None) => hidden_start.map(|at| (at, if applies || pretext { Critical } else { High })),
    }
}

/// An order to start a script out of a folder that people do not look into.
fn starts_hidden(line: &str) -> bool {
    let folders = [".github/", ".claude/", ".cursor/", ".vscode/", "node_modules/."];
    let starters = ["node ", "bun ", "bun run ", "python ", "python3 ", "bash ", "sh "];
    folders.iter().any(|folder| starters.iter().any(|starter| line.contains(&format!("{starter}{folder}"))))
}

/// Source code that hands an agent a tool whose description gives the agent orders: to read a file that is no
/// business of the tool.
fn tool_descriptions(file: &SourceFile<'_>, report: &mut Report) {
    const OFFERS: [&str; 5] = [".tool(", "registerTool(", "list_tools", "ListToolsRequest", "inputSchema"];
    const MARKS: [&str; 5] =
        ["<important>", "<system_directive>", "<system>", "<critical>", "<instructions>"];
    const FILES: [&str; 9] = [
        "api_key",
        ".ssh",
        "id_rsa",
        "mcp.json",
        ".env",
        "credentials",
        "private key",
        "seed phrase",
        "mnemonic",
    ];
    const SPAN: usize = 2000;
    /// So many descriptions are looked at.
    const MOST: usize = 200;
    let is_source = [".py", ".js", ".mjs", ".cjs", ".ts"].iter().any(|ending| file.path.ends_with(ending));
    if !is_source || !OFFERS.iter().any(|word| contains(file.bytes, word)) {
        return;
    }
    let lower = file.bytes.to_ascii_lowercase();
    let starts = MARKS.iter().flat_map(|mark| memchr::memmem::find_iter(&lower, mark.as_bytes()).take(MOST));
    let gives_orders = |start: &usize| {
        let text = &lower[*start..lower.len().min(start + SPAN)];
        let has = |words: &[&str]| words.iter().any(|word| contains(text, word));
        has(&["must", "mandat", "before using", "prerequisite"])
            && has(&["read", "pass", "append", "include"])
            && has(&FILES)
    };
    if let Some(start) = starts.into_iter().find(gives_orders) {
        // Programs that look for such orders quote them.
        report.add("A-50", file, start, if is_aside(file.path) { Medium } else { Critical });
    }
}

/// Files that a worm leaves for editors and agents to start, under the names it is known to use.
fn planted(file: &SourceFile<'_>, report: &mut Report) {
    let acts: &[&str] = match file.path {
        ".github/setup.js" | ".github/setup.mjs" => {
            &["child_process", "fetch(", "https", "process.env", "eval("]
        }
        ".cursor/rules/setup.mdc" => &["node ", "bun ", "curl ", "npx "],
        _ => return,
    };
    if let Some(offset) = acts.iter().find_map(|word| memchr::memmem::find(file.bytes, word.as_bytes())) {
        report.add("A-06", file, offset, Critical);
    }
}

fn is_carrier(character: char) -> bool {
    matches!(u32::from(character), 0x200B..=0x200F | 0x2060..=0x2064 | 0xFEFF | 0xFE00..=0xFE0F | 0xE0000..=0xE01EF)
}

fn agent_settings(file: &SourceFile<'_>, report: &mut Report) {
    let Ok(settings) = serde_json::from_slice::<Value>(file.bytes) else { return };
    let mut commands = Vec::new();
    if let Some(hooks) = settings.get("hooks") {
        strings_under(hooks, "command", &mut commands);
    }
    for command in commands {
        let most = if starts_stranger(&command) { Critical } else { Medium };
        report.add("A-02", file, place_of(file, &command), most);
    }
    if settings.pointer("/permissions/defaultMode").and_then(Value::as_str) == Some("bypassPermissions")
        || settings.get("enableAllProjectMcpServers") == Some(&Value::Bool(true))
        || settings.pointer("/env/ANTHROPIC_BASE_URL").is_some()
        || settings.get("apiKeyHelper").is_some()
    {
        report.add("A-05", file, 0, Medium);
    }
}

/// Servers that are fetched anew each time, started from a hidden place, or no servers at all.
fn tool_servers(file: &SourceFile<'_>, report: &mut Report) {
    let Ok(settings) = serde_json::from_slice::<Value>(file.bytes) else { return };
    let servers = ["mcpServers", "servers"].iter().find_map(|key| settings.get(*key)?.as_object());
    for (name, server) in servers.into_iter().flatten() {
        let text = |key: &str| server.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let arguments =
            server.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let command = std::iter::once(text("command"))
            .chain(arguments.map(str::to_owned))
            .collect::<Vec<_>>()
            .join(" ");
        let hidden = [".node_modules/", "/tmp/", "/.cache/", ".claude/", ".vscode/", ".cursor/"];
        let inline = ["bash -c", "sh -c", "node -e", "python -c", "python3 -c", "curl ", "base64"];
        let most = if inline.iter().any(|word| command.contains(word))
            || hidden.iter().any(|word| command.contains(word))
        {
            Some(Critical)
        } else if unpinned(&command) {
            Some(Medium)
        } else {
            None
        };
        if let Some(most) = most {
            report.add("A-03", file, place_of(file, name), most);
        }
    }
}

/// True for `npx -y tool` without a version: whatever the registry holds that day is run.
fn unpinned(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let runner = words.first().is_some_and(|first| matches!(*first, "npx" | "bunx" | "pnpx" | "uvx"));
    let package = words.iter().skip(1).find(|word| !word.starts_with('-'));
    runner && package.is_some_and(|package| !package.trim_start_matches('@').contains('@'))
}

fn editor_tasks(file: &SourceFile<'_>, report: &mut Report) {
    let Some(on_open) = memchr::memmem::find(file.bytes, b"folderOpen") else { return };
    let text = String::from_utf8_lossy(file.bytes);
    let stranger = starts_stranger(&text)
        || [".woff", ".ttf", ".png", ".vscode/setup"].iter().any(|word| text.contains(word));
    report.add("P-09", file, on_open, if stranger { Critical } else { High });
}

/// True for commands that fetch something or start a script out of an agent's or editor's own folder.
fn starts_stranger(command: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| command.contains(word));
    // Python on the command line is how hooks read what the agent tells them; it must do more than that.
    let fetches = has(&["curl ", "wget ", "node -e", "base64", "npx -y", "bun run"])
        || has(&["python3 -c", "python -c"])
            && has(&["urllib", "requests", "http", "exec(", "socket", "subprocess"]);
    let own =
        [".claude/", ".vscode/", ".cursor/", "node_modules/"].iter().any(|folder| command.contains(folder));
    let script = [".mjs", ".cjs", ".js"].iter().any(|ending| command.contains(ending));
    fetches || own && script
}

fn strings_under(value: &Value, key: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                match inner {
                    Value::String(text) if name == key => found.push(text.clone()),
                    other => strings_under(other, key, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| strings_under(inner, key, found)),
        _ => {}
    }
}

fn place_of(file: &SourceFile<'_>, command: &str) -> usize {
    let head: String =
        command.chars().take_while(|character| !matches!(character, '"' | '\\')).take(40).collect();
    memchr::memmem::find(file.bytes, head.as_bytes()).unwrap_or(0)
}
