//! How a program may be used and still be the reader it is known as: ssh that opens the key it was
//! given logs in, ssh that is told to take the key for its configuration prints it.

use super::Pattern;
use super::pattern::shape_fits;

/// Arguments that are looked at, at most; a call with more cannot be judged.
const MAX_NAMES: usize = 512;
/// Letters of a cluster such as `-sSfT` that a file name may follow directly.
const CLUSTER: usize = 8;
/// What a file name may follow within an argument, as in `--file=NAME`, `@NAME` and `'NAME'`.
const BEFORE_NAMES: &[char] = &['=', '@', '<', ',', ';', '\'', '"', ' ', '\t', '(', '|'];
/// What may follow it.
const AFTER_NAMES: &[char] = &[',', ';', '\'', '"', ' ', '\t', ')', '|', '>'];

/// One way of using a program; the first one that is about a call decides.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// The programs it is about, by file name; all of the reader's where empty.
    pub programs: Vec<Word>,
    /// The kinds of secrets it is about; all where empty.
    pub secrets: Vec<String>,
    /// The calls it is about: those with all words of one of these; all where empty.
    pub calls: Vec<Words>,
    /// What the secret's name may follow, such as `-i`; `*` stands for any place.
    pub named_by: Vec<Word>,
    /// True where a folder's name hands over everything in it.
    pub folders: bool,
    /// Calls that would print the secret or send it elsewhere.
    pub refuse: Vec<Words>,
    /// Calls that use the secret; any where empty.
    pub needs: Vec<Words>,
    /// Programs of which one must be a parent; anybody may be where empty.
    pub below: Vec<Pattern>,
    /// True: counts only once it talks to somebody. False: only before.
    pub connected: Option<bool>,
    /// True where it counts only while a terminal gives it its commands.
    pub terminal: bool,
}

/// A shape that an argument may have: `*`, `?` and `[a-z]` as in paths. Capitals matter in `-x` only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(Box<[char]>);

/// Words that all have to occur, in any order.
pub type Words = Vec<Word>;

/// What an argument stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// The secret itself.
    Secret,
    /// A folder that holds it.
    Folder,
}

/// One call of a program, as far as its use is concerned.
pub(super) struct Call<'a> {
    /// The program's file name.
    pub program: &'a str,
    /// The kind of secret it reads.
    pub secret: &'a str,
    /// The arguments, without the program's own name.
    pub args: &'a [&'a str],
    /// Whether a name leads to the secret.
    pub names: &'a dyn Fn(&str) -> Option<Named>,
    /// Whether a parent's executable is one of these.
    pub below: &'a dyn Fn(&[Pattern]) -> bool,
    /// Whether it talks to somebody.
    pub connected: &'a dyn Fn() -> bool,
    /// Whether a terminal gives it its commands.
    pub terminal: &'a dyn Fn() -> bool,
}

/// Why a call is not the use that a reader is known for: half a sentence. `None` where it is.
///
/// A reader without usages may be used in any way but to be handed the secret by name: it knows by
/// itself where that lies.
pub(super) fn misuse(usages: &[Usage], call: &Call<'_>) -> Option<String> {
    let about = usages.iter().find(|usage| usage.is_about(call));
    let none = Usage::default();
    about.unwrap_or(&none).misuse(call)
}

impl Usage {
    fn is_about(&self, call: &Call<'_>) -> bool {
        let any = |words: &[Word], own: &str| words.is_empty() || words.iter().any(|word| word.fits(own));
        any(&self.programs, call.program)
            && (self.secrets.is_empty() || self.secrets.iter().any(|own| own == call.secret))
            && (self.calls.is_empty() || self.calls.iter().any(|words| occur(words, call.args)))
    }

    fn misuse(&self, call: &Call<'_>) -> Option<String> {
        if let Some(words) = self.refuse.iter().find(|words| occur(words, call.args)) {
            return Some(format!("`{}` would give it away", in_words(words)));
        }
        if !self.needs.is_empty() && !self.needs.iter().any(|words| occur(words, call.args)) {
            return Some("nothing in its arguments asks for it".into());
        }
        if let Some(why) = self.handed(call) {
            return Some(why);
        }
        if !self.below.is_empty() && !(call.below)(&self.below) {
            return Some("it was not started by the program it works for".into());
        }
        match self.connected {
            Some(true) if !(call.connected)() => {
                return Some("it has not called anybody to log in to".into());
            }
            Some(false) if (call.connected)() => return Some("it is already logged in".into()),
            _ => {}
        }
        (self.terminal && !(call.terminal)()).then(|| "its commands do not come from a terminal".into())
    }

    /// Why the arguments hand the secret over, if they do.
    fn handed(&self, call: &Call<'_>) -> Option<String> {
        if self.named_by.iter().any(Word::is_anything) {
            return None;
        }
        let mut looked_at = 0;
        for (at, arg) in call.args.iter().enumerate() {
            for (start, name) in names_in(arg) {
                looked_at += 1;
                if looked_at > MAX_NAMES {
                    return Some("it has more arguments than can be looked at".into());
                }
                let before = at.checked_sub(1).map(|before| call.args[before]);
                match (call.names)(name) {
                    Some(Named::Secret) if !self.may_name(before, &arg[..start]) => {
                        return Some("its arguments name the file".into());
                    }
                    Some(Named::Folder) if self.folders && !self.may_name(before, &arg[..start]) => {
                        return Some("its arguments name the folder".into());
                    }
                    _ => {}
                }
            }
        }
        None
    }

    fn may_name(&self, before: Option<&str>, prefix: &str) -> bool {
        let option = if prefix.is_empty() { before.unwrap_or("") } else { prefix };
        let option = option.trim_end_matches(['=', ' ', '\t', '"', '\'']);
        self.named_by.iter().any(|word| word.fits(option))
    }
}

impl Word {
    /// Understands a shape.
    pub fn new(text: &str) -> Self {
        let exact = is_letter_option(text);
        Self(if exact { text.chars().collect() } else { text.to_lowercase().chars().collect() })
    }

    /// True where the argument has this shape.
    pub fn fits(&self, arg: &str) -> bool {
        let exact = self.0.first() == Some(&'-') && self.0.get(1).is_some_and(|c| *c != '-');
        let arg: Vec<char> = if exact { arg.chars().collect() } else { arg.to_lowercase().chars().collect() };
        shape_fits(&self.0, &arg)
    }

    fn is_anything(&self) -> bool {
        *self.0 == ['*']
    }
}

/// `-x`, and clusters of such: capitals tell them apart.
fn is_letter_option(text: &str) -> bool {
    text.starts_with('-') && !text.starts_with("--")
}

fn occur(words: &[Word], args: &[&str]) -> bool {
    words.iter().all(|word| args.iter().any(|arg| word.fits(arg)))
}

fn in_words(words: &[Word]) -> String {
    let texts: Vec<String> = words.iter().map(|word| word.0.iter().collect()).collect();
    texts.join(" ")
}

/// Every part of an argument that may be a file's name, with where it starts.
fn names_in(arg: &str) -> Vec<(usize, &str)> {
    let mut starts = vec![0];
    starts.extend(arg.match_indices(BEFORE_NAMES).map(|(at, text)| at + text.len()));
    starts.extend(arg.match_indices("//").map(|(at, text)| at + text.len()));
    if arg.starts_with('-') && !arg.starts_with("--") {
        starts.extend(arg.char_indices().map(|(at, _)| at).skip(2).take(CLUSTER));
    }
    starts.sort_unstable();
    starts.dedup();
    let mut names = Vec::new();
    for start in starts {
        let rest = &arg[start..];
        let end = rest.find(AFTER_NAMES).unwrap_or(rest.len());
        for name in [rest, &rest[..end]] {
            if !name.is_empty() && names.last() != Some(&(start, name)) {
                names.push((start, name));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "/home/u/.netrc";

    fn words(text: &str) -> Words {
        text.split_whitespace().map(Word::new).collect()
    }

    fn judged(usage: &Usage, args: &str) -> Option<String> {
        let args: Vec<&str> = args.split(' ').filter(|arg| !arg.is_empty()).collect();
        let call = Call {
            program: "curl",
            secret: "gitcred",
            args: &args,
            names: &|name| match name {
                SECRET | ".netrc" => Some(Named::Secret),
                "/home/u" => Some(Named::Folder),
                _ => None,
            },
            below: &|_| false,
            connected: &|| true,
            terminal: &|| false,
        };
        misuse(std::slice::from_ref(usage), &call)
    }

    #[test]
    fn nobody_needs_to_be_told_where_their_secret_lies() {
        let usage = Usage::default();
        for args in [
            "/home/u/.netrc",
            "-T /home/u/.netrc",
            "-sT/home/u/.netrc",
            "-d @/home/u/.netrc",
            "--data=@.netrc",
            "-F x=@/home/u/.netrc;type=text/plain",
            "file:///home/u/.netrc",
            "-c put('/home/u/.netrc')",
        ] {
            assert_eq!(judged(&usage, args).as_deref(), Some("its arguments name the file"), "{args}");
        }
        for args in ["", "-n https://localhost/", "-o /home/u/x", "/home/u/.netrc.bak", "-x /home/u"] {
            assert_eq!(judged(&usage, args), None, "{args}");
        }
    }

    #[test]
    fn some_options_may_name_it() {
        let usage = Usage { named_by: words("--netrc-file -i identityfile"), ..Usage::default() };
        for args in [
            "--netrc-file /home/u/.netrc",
            "--netrc-file=/home/u/.netrc",
            "-i/home/u/.netrc",
            "IdentityFile=.netrc",
        ] {
            assert_eq!(judged(&usage, args), None, "{args}");
        }
        assert!(judged(&usage, "-F .netrc").is_some());
        assert!(judged(&usage, "-I .netrc").is_some(), "capitals matter in -i");
        let any = Usage { named_by: words("*"), ..Usage::default() };
        assert_eq!(judged(&any, "-F .netrc"), None);
    }

    #[test]
    fn words_refuse_and_are_needed_in_any_order() {
        let usage = Usage { refuse: vec![words("auth token"), words("*proxycommand*")], ..Usage::default() };
        assert!(judged(&usage, "auth token").is_some() && judged(&usage, "token -h x auth").is_some());
        assert!(judged(&usage, "-oProxyCommand=x").is_some());
        assert_eq!(judged(&usage, "auth status"), None);
        let usage = Usage { needs: vec![words("--netrc*"), words("-[!-]*n*")], ..Usage::default() };
        assert!(judged(&usage, "http://localhost").is_some());
        assert_eq!(judged(&usage, "-fsSn http://localhost").as_deref(), None);
    }

    #[test]
    fn folders_parents_connections_and_terminals_count_where_the_catalog_says_so() {
        let folders = Usage { folders: true, ..Usage::default() };
        assert!(judged(&folders, "cp -r /home/u there").is_some());
        let below = vec![Pattern::new("/usr/bin/git").expect("pattern")];
        assert!(judged(&Usage { below, ..Usage::default() }, "get").is_some());
        assert_eq!(judged(&Usage { connected: Some(true), ..Usage::default() }, ""), None);
        assert!(judged(&Usage { connected: Some(false), ..Usage::default() }, "").is_some());
        assert!(judged(&Usage { terminal: true, ..Usage::default() }, "").is_some());
    }

    #[test]
    fn the_first_usage_that_is_about_a_call_decides() {
        let usages = [
            Usage { calls: vec![words("git-credential")], named_by: words("*"), ..Usage::default() },
            Usage { programs: words("gh"), named_by: words("*"), ..Usage::default() },
            Usage { secrets: vec!["gitcred".into()], refuse: vec![words("x")], ..Usage::default() },
        ];
        let is = |args: &[&str]| {
            let call = Call {
                program: "curl",
                secret: "gitcred",
                args,
                names: &|_| None,
                below: &|_| false,
                connected: &|| false,
                terminal: &|| false,
            };
            misuse(&usages, &call).is_some()
        };
        assert!(is(&["x"]) && !is(&["x", "git-credential"]));
    }

    #[test]
    fn endless_arguments_are_not_believed() {
        let args = "x ".repeat(2 * MAX_NAMES);
        assert!(judged(&Usage::default(), &args).is_some());
    }
}
