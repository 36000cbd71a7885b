use super::pattern::PatternError;
use super::{Catalog, CatalogError, Pattern, ReaderClass, SecretClass, Unguardable, Usage, Word};
use serde::Deserialize;
use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

macro_rules! catalog_files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/catalog/", $name)))),*]
    };
}

pub(super) const FILES: &[(&str, &str)] = catalog_files![
    "ssh.toml",
    "cloud.toml",
    "registries.toml",
    "forge.toml",
    "browsers.toml",
    "ai.toml",
    "wallets.toml",
    "passwords.toml",
    "system.toml",
    "decoys.toml",
    "readers.toml",
];

impl Catalog {
    /// The catalog that is compiled in.
    pub fn builtin() -> Result<Self, CatalogError> {
        Self::parse(FILES)
    }

    /// Understands a catalog of several files, given as names (for messages) and texts.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, CatalogError> {
        let mut catalog = Self { secrets: Vec::new(), readers: Vec::new(), unguardable: Vec::new() };
        let mut sources = Vec::new();
        for &(file, text) in files {
            let source = Source { file, text };
            let raw: RawFile = toml::from_str(text).map_err(|error| {
                source.error(
                    error.span(),
                    error.message().to_owned(),
                    "the keys are listed at the top of assets/catalog/readers.toml",
                )
            })?;
            sources.push((source, raw));
        }
        let mut ids = HashSet::new();
        for (source, raw) in &sources {
            for reader in &raw.reader {
                source.fresh(&mut ids, "reader", &reader.id)?;
                catalog.readers.push(reader.understand(source)?);
            }
        }
        for (source, raw) in &sources {
            for secret in &raw.secret {
                source.fresh(&mut ids, "secret", &secret.id)?;
                catalog.secrets.push(secret.understand(source, &catalog.readers)?);
            }
            for entry in &raw.unguardable {
                source.fresh(&mut ids, "secret", &entry.id)?;
                catalog.unguardable.push(Unguardable {
                    id: entry.id.get_ref().clone(),
                    title: entry.title.clone(),
                    reason: entry.reason.clone(),
                });
            }
        }
        for (source, raw) in &sources {
            for class in raw.reader.iter().flat_map(|reader| &reader.usage).flat_map(|usage| &usage.secrets) {
                if catalog.class(class.get_ref()).is_none() {
                    let problem = format!("there is no secret `{}`", class.get_ref());
                    return Err(source.error(Some(class.span()), problem, "name the id of a [[secret]]"));
                }
            }
        }
        Ok(catalog)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    secret: Vec<RawSecret>,
    #[serde(default)]
    reader: Vec<RawReader>,
    #[serde(default)]
    unguardable: Vec<RawUnguardable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSecret {
    id: Spanned<String>,
    title: String,
    tier: Spanned<u8>,
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    #[serde(default)]
    except: Vec<Spanned<String>>,
    #[serde(default)]
    project: Vec<Spanned<String>>,
    #[serde(default)]
    readers: Vec<Spanned<String>>,
    #[serde(default)]
    owned_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReader {
    id: Spanned<String>,
    title: String,
    #[serde(default)]
    exe: Vec<Spanned<String>>,
    #[serde(default)]
    script: Vec<Spanned<String>>,
    #[serde(default)]
    modules: Vec<String>,
    #[serde(default)]
    titles: Vec<String>,
    #[serde(default)]
    flatpak: Vec<String>,
    #[serde(default)]
    snap: Vec<String>,
    #[serde(default)]
    root: bool,
    #[serde(default)]
    any_secret: bool,
    #[serde(default)]
    whole_folders: bool,
    #[serde(default)]
    for_others: bool,
    #[serde(default)]
    fetches_sources: bool,
    #[serde(default)]
    usage: Vec<RawUsage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUsage {
    #[serde(default)]
    programs: Vec<String>,
    #[serde(default)]
    secrets: Vec<Spanned<String>>,
    #[serde(default)]
    calls: Vec<String>,
    #[serde(default)]
    named_by: Vec<String>,
    #[serde(default)]
    folders: bool,
    #[serde(default)]
    refuse: Vec<String>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    below: Vec<Spanned<String>>,
    connected: Option<bool>,
    #[serde(default)]
    terminal: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUnguardable {
    id: Spanned<String>,
    title: String,
    reason: String,
}

impl RawSecret {
    fn understand(&self, source: &Source, readers: &[ReaderClass]) -> Result<SecretClass, CatalogError> {
        let tier = *self.tier.get_ref();
        if !(1..=3).contains(&tier) {
            let problem = format!("there is no tier {tier}");
            return Err(source.error(Some(self.tier.span()), problem, "tiers are 1, 2 and 3"));
        }
        if self.paths.is_empty() && self.project.is_empty() {
            let problem = format!("`{}` names no file", self.id.get_ref());
            return Err(source.error(Some(self.id.span()), problem, "give it `paths` or `project`"));
        }
        for reader in &self.readers {
            if !readers.iter().any(|known| known.id == *reader.get_ref()) {
                let problem = format!("there is no reader `{}`", reader.get_ref());
                return Err(source.error(Some(reader.span()), problem, "add a [[reader]] with this id"));
            }
        }
        Ok(SecretClass {
            id: self.id.get_ref().clone(),
            title: self.title.clone(),
            tier,
            paths: source.patterns(&self.paths)?,
            except: source.patterns(&self.except)?,
            project: source.patterns(&self.project)?,
            readers: self.readers.iter().map(|reader| reader.get_ref().clone()).collect(),
            owned_by: self.owned_by.clone(),
        })
    }
}

impl RawReader {
    fn understand(&self, source: &Source) -> Result<ReaderClass, CatalogError> {
        if self.exe.is_empty() && self.flatpak.is_empty() && self.snap.is_empty() {
            let problem = format!("`{}` names no program", self.id.get_ref());
            return Err(source.error(Some(self.id.span()), problem, "give it `exe`, `flatpak` or `snap`"));
        }
        let scripted = !(self.script.is_empty() && self.modules.is_empty() && self.titles.is_empty());
        let interpreter =
            self.exe.iter().find(|exe| crate::identity::is_interpreter(Path::new(exe.get_ref())));
        if let (Some(exe), false) = (interpreter, scripted) {
            let problem = format!("`{}` runs scripts, so every script would be this reader", exe.get_ref());
            return Err(source.error(Some(exe.span()), problem, "say which script it is with `script`"));
        }
        for path in self.exe.iter().chain(&self.script) {
            if !path.get_ref().starts_with('/') && !path.get_ref().starts_with("~/") {
                let problem = format!("`{}` could be anywhere", path.get_ref());
                return Err(source.error(Some(path.span()), problem, "start it with `/` or `~/`"));
            }
        }
        Ok(ReaderClass {
            id: self.id.get_ref().clone(),
            title: self.title.clone(),
            exe: source.patterns(&self.exe)?,
            script: source.patterns(&self.script)?,
            modules: self.modules.clone(),
            titles: self.titles.clone(),
            flatpak: self.flatpak.clone(),
            snap: self.snap.clone(),
            root: self.root,
            any_secret: self.any_secret,
            whole_folders: self.whole_folders,
            for_others: self.for_others,
            fetches_sources: self.fetches_sources,
            usages: self.usage.iter().map(|usage| usage.understand(source)).collect::<Result<_, _>>()?,
        })
    }
}

impl RawUsage {
    fn understand(&self, source: &Source) -> Result<Usage, CatalogError> {
        let words = |texts: &[String]| texts.iter().map(|text| Word::new(text)).collect();
        let calls = |texts: &[String]| {
            texts.iter().map(|text| text.split_whitespace().map(Word::new).collect()).collect()
        };
        Ok(Usage {
            programs: words(&self.programs),
            secrets: self.secrets.iter().map(|class| class.get_ref().clone()).collect(),
            calls: calls(&self.calls),
            named_by: words(&self.named_by),
            folders: self.folders,
            refuse: calls(&self.refuse),
            needs: calls(&self.needs),
            below: source.patterns(&self.below)?,
            connected: self.connected,
            terminal: self.terminal,
        })
    }
}

/// One file of the catalog, for messages that name its lines.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn patterns(&self, texts: &[Spanned<String>]) -> Result<Vec<Pattern>, CatalogError> {
        let understand = |text: &Spanned<String>| {
            Pattern::new(text.get_ref()).map_err(|error| {
                let hint = match error {
                    PatternError::Empty => "remove it",
                    PatternError::Unclosed(_) => "close it",
                    PatternError::OddSegment(_) => "write names between single slashes",
                    PatternError::TooMany => "write it as several patterns",
                };
                self.error(Some(text.span()), format!("`{}`: {error}", text.get_ref()), hint)
            })
        };
        texts.iter().map(understand).collect()
    }

    fn fresh(
        &self,
        ids: &mut HashSet<(&'static str, String)>,
        kind: &'static str,
        id: &Spanned<String>,
    ) -> Result<(), CatalogError> {
        if ids.insert((kind, id.get_ref().clone())) {
            return Ok(());
        }
        let problem = format!("there are two {kind}s `{}`", id.get_ref());
        Err(self.error(Some(id.span()), problem, "give one of them another id"))
    }

    fn error(&self, span: Option<Range<usize>>, problem: String, hint: &str) -> CatalogError {
        let before = span.and_then(|span| self.text.get(..span.start)).unwrap_or("");
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        CatalogError { file: self.file.to_owned(), line, problem, hint: hint.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> CatalogError {
        Catalog::parse(&[("made-up.toml", text)]).expect_err("the catalog is wrong")
    }

    #[test]
    fn the_builtin_catalog_is_sound() {
        let catalog = Catalog::builtin().expect("builtin");
        assert!(catalog.secrets.len() > 80, "{} classes", catalog.secrets.len());
        assert!(catalog.unguardable.iter().any(|entry| entry.id == "proc"));
        let used: HashSet<&String> = catalog.secrets.iter().flat_map(|secret| &secret.readers).collect();
        for reader in &catalog.readers {
            assert!(
                reader.any_secret || reader.whole_folders || reader.for_others || used.contains(&reader.id),
                "nothing may be read by `{}`",
                reader.id
            );
        }
    }

    #[test]
    fn mistakes_are_told_with_file_line_and_hint() {
        let secret = "[[secret]]\nid = \"a\"\ntitle = \"A\"\ntier = 1\npaths = [\".a\"]\n";
        let error = refused(&format!("{secret}readers = [\"nobody\"]\n"));
        assert_eq!((error.file.as_str(), error.line), ("made-up.toml", 6));
        assert!(error.problem.contains("nobody") && !error.hint.is_empty());

        assert_eq!(refused(&format!("{secret}\n{secret}")).line, 8);
        assert_eq!(refused(&secret.replace("tier = 1", "tier = 4")).line, 4);
        assert_eq!(refused(&secret.replace("\".a\"", "\".a\", \"x/../y\"")).line, 5);
        assert_eq!(refused(&format!("{secret}pahts = []\n")).line, 6);
        assert_eq!(refused(&secret.replace("paths = [\".a\"]", "")).line, 2);
        assert_eq!(refused("[[reader]]\nid = \"r\"\ntitle = \"R\"\nexe = [\"bin/r\"]\n").line, 4);
        assert_eq!(refused("[[secret]\n").line, 1);
        let python = refused("[[reader]]\nid = \"r\"\ntitle = \"R\"\nexe = [\"/usr/bin/python3\"]\n");
        assert!(python.line == 4 && python.problem.contains("every script"), "{python}");
        let reader = "[[reader]]\nid = \"r\"\ntitle = \"R\"\nexe = [\"/bin/r\"]\n";
        assert_eq!(refused(&format!("{reader}[[reader.usage]]\nnamedby = []\n")).line, 6);
        assert_eq!(refused(&format!("{reader}[[reader.usage]]\nsecrets = [\"x\"]\n")).line, 6);
    }
}
