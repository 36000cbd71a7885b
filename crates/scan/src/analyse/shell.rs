//! Shell scripts: what they load and then run.

/// Words that end one command and start another.
const ENDS: [char; 4] = [';', '&', '|', '\n'];

/// Byte offset of a command that loads a file which the script runs, if there is one.
pub(super) fn fetches_program(bytes: &[u8]) -> Option<usize> {
    let script = std::str::from_utf8(bytes).ok()?;
    let mut at = 0;
    let mut loaded: Vec<(String, usize)> = Vec::new();
    for command in script.split_inclusive(ENDS) {
        let words: Vec<&str> = command
            .trim_end_matches(ENDS)
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'', '(', ')', '{', '}']))
            .collect();
        let loader = words.iter().position(|word| matches!(name_of(word), "curl" | "wget"));
        if let Some(loader) = loader {
            loaded.extend(target(&words[loader..]).map(|name| (name, at)));
        } else if let Some((_, place)) = loaded.iter().find(|(name, _)| runs(&words, name)) {
            return Some(*place);
        }
        at += command.len();
    }
    None
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The file that curl or wget writes.
fn target(words: &[&str]) -> Option<String> {
    let mut next_is = false;
    let mut address = None;
    for word in words.iter().skip(1) {
        if next_is {
            return Some(name_of(word).to_owned());
        }
        match *word {
            "-o" | "--output" | ">" => next_is = true,
            "-O" if words[0].ends_with("wget") => next_is = true,
            word if word.contains("://") => address = Some(name_of(word).to_owned()),
            _ => {}
        }
    }
    address.filter(|name| words[0].ends_with("wget") || words.contains(&"-O") && !name.is_empty())
}

/// True for `./name`, `/tmp/name`, `sh name` and their like.
fn runs(words: &[&str], name: &str) -> bool {
    let starters = ["sh", "bash", "sudo", "nohup", "exec", "python", "python3", "node", "source", "."];
    match words {
        [first, ..] if name_of(first) == name && first.contains('/') => true,
        [first, second, ..] => starters.contains(&name_of(first)) && name_of(second) == name,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loading_and_running_belong_together() {
        for script in [
            "curl -s http://x/y -o tool || wget http://x/tool\nchmod +x tool && ./tool -k",
            "wget -q https://x/run.sh\nbash run.sh",
            "curl -o /tmp/.a https://x/a; sudo /tmp/.a",
        ] {
            assert!(fetches_program(script.as_bytes()).is_some(), "{script}");
        }
        for script in [
            "curl -s http://x/y -o tool.tgz\ntar xf tool.tgz",
            "curl -fsSL https://x/status | grep ok\n./configure && make",
            "./tool --version",
        ] {
            assert!(fetches_program(script.as_bytes()).is_none(), "{script}");
        }
    }
}
