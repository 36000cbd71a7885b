use super::*;
use crate::identity::Identity;
use crate::identity::held::Trap;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

fn catalog() -> Catalog {
    Catalog::builtin().expect("builtin")
}

fn home_with(files: &[&str]) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("tempdir");
    for file in files {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().expect("parent")).expect("create folder");
        fs::write(path, "made up").expect("write");
    }
    home
}

#[test]
fn paths_are_classified_by_the_most_exact_pattern() {
    let catalog = catalog();
    let home = Path::new("/home/u");
    let class =
        |path: &str| catalog.classify(home, Path::new(path)).map(|class| (class.id.as_str(), class.tier));
    assert_eq!(class("/home/u/.ssh/id_ed25519"), Some(("ssh-key", 1)));
    assert_eq!(class("/home/u/.ssh/work"), Some(("ssh-key", 1)));
    assert_eq!(class("/home/u/.ssh/id_ed25519.pub"), None);
    assert_eq!(class("/home/u/.ssh/config"), Some(("ssh-meta", 3)));
    assert_eq!(class("/home/u/.ssh/known_hosts.old"), Some(("ssh-meta", 3)));
    assert_eq!(class("/home/u/.sui/sui_config/sui.keystore"), Some(("sui", 1)));
    assert_eq!(class("/home/u/.config/solana/id.json"), Some(("solana", 1)));
    assert_eq!(class("/home/u/.aptos/config.yaml"), Some(("aptos", 1)));
    assert_eq!(class("/home/u/.npmrc"), Some(("npm", 1)));
    assert_eq!(class("/home/u/.aws/credentials"), Some(("aws", 1)));
    assert_eq!(class("/home/u/.config/google-chrome/Profile 1/Login Data"), Some(("cr-pw", 1)));
    assert_eq!(
        class("/home/u/.config/BraveSoftware/Brave-Browser/Default/Local Extension Settings/abc/000003.log"),
        Some(("cr-ext", 1))
    );
    assert_eq!(class("/home/u/.mozilla/firefox/x.default/logins.json"), Some(("ff", 1)));
    assert_eq!(class("/home/u/.osmosisd/keyring-test/a.info"), Some(("cosmos", 1)));
    assert_eq!(class("/home/u/.bash_history"), Some(("hist", 2)));
    assert_eq!(class("/home/u/.env"), Some(("env-home", 1)));
    assert_eq!(class("/home/u/notes.txt"), None);
    assert_eq!(class("/home/other/.npmrc"), None);
    assert_eq!(class("/etc/shadow"), Some(("sys", 1)));
}

#[test]
fn a_projects_own_secrets_are_classified() {
    let catalog = catalog();
    let project = Path::new("/w/app");
    let class =
        |path: &str| catalog.classify_project(project, Path::new(path)).map(|class| class.id.as_str());
    assert_eq!(class("/w/app/.env"), Some("env"));
    assert_eq!(class("/w/app/api/.env.production"), Some("env"));
    assert_eq!(class("/w/app/.env.example"), None);
    assert_eq!(class("/w/app/.npmrc"), Some("npm"));
    assert_eq!(class("/w/app/target/deploy/x-keypair.json"), Some("solana"));
    assert_eq!(class("/w/app/src/main.rs"), None);
    assert_eq!(class("/w/other/.env"), None);
}

#[test]
fn a_home_is_expanded_to_its_secrets_and_the_folders_to_watch() {
    let home = home_with(&[
        ".ssh/id_ed25519",
        ".ssh/id_ed25519.pub",
        ".ssh/config",
        ".npmrc",
        ".gnupg/private-keys-v1.d/a/b.key",
        ".config/solana/id.json",
        ".config/other/x",
        "notes.txt",
    ]);
    let catalog = catalog();
    let found: BTreeMap<_, _> = catalog
        .expand(home.path())
        .into_iter()
        .map(|guarded| {
            (guarded.path.strip_prefix(home.path()).expect("below").display().to_string(), guarded.class)
        })
        .collect();
    let expected = [
        (".config/solana/id.json", "solana"),
        (".gnupg/private-keys-v1.d/a/b.key", "gpg"),
        (".npmrc", "npm"),
        (".ssh/config", "ssh-meta"),
        (".ssh/id_ed25519", "ssh-key"),
    ];
    assert_eq!(found, expected.map(|(path, class)| (path.to_owned(), class.to_owned())).into());

    let folders = catalog.watch_dirs(home.path());
    let watched = |name: &str| folders.contains(&home.path().join(name));
    assert!(folders.contains(&home.path().to_owned()), "~/.aws may appear in it");
    assert!(watched(".ssh") && watched(".config") && watched(".config/solana"));
    assert!(watched(".gnupg/private-keys-v1.d/a"));
    assert!(!watched(".config/other") && !watched(".aws"));
}

#[test]
fn links_are_followed_only_to_the_owners_own_files() {
    let home = home_with(&["dotfiles/credentials", "dotfiles/ssh/id_rsa"]);
    let link = |to: &Path, name: &str| {
        let at = home.path().join(name);
        fs::create_dir_all(at.parent().expect("parent")).expect("create folder");
        std::os::unix::fs::symlink(to, at).expect("symlink");
    };
    link(&home.path().join("dotfiles/credentials"), ".aws/credentials");
    link(&home.path().join("dotfiles/ssh"), ".ssh");
    link(Path::new("/"), ".gnupg/private-keys-v1.d/root");
    link(home.path(), ".sigstore/loop");
    let found: Vec<_> = catalog().expand(home.path()).into_iter().map(|guarded| guarded.path).collect();
    assert!(found.contains(&fs::canonicalize(home.path().join("dotfiles/credentials")).expect("canonical")));
    assert!(found.contains(&home.path().join(".ssh/id_rsa")));
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_project_is_expanded_without_its_dependencies() {
    let project = home_with(&[
        ".env",
        "api/.env",
        "node_modules/x/.env",
        "target/debug/.env",
        ".git/config",
        ".git/objects/aa/x.key",
        "src/a.rs",
    ]);
    let catalog = catalog();
    let mut found: Vec<_> = catalog
        .expand_project(project.path())
        .into_iter()
        .map(|guarded| guarded.path.strip_prefix(project.path()).expect("below").display().to_string())
        .collect();
    found.sort();
    assert_eq!(found, [".env", ".git/config", "api/.env"]);
    assert!(catalog.watch_dirs_project(project.path()).contains(&project.path().join("api")));
}

/// Who `class` may be read by, for a program that is held in the middle of reading.
fn allowed(trap: &Trap, class: &str, identity: &Identity) -> Option<String> {
    judged(trap, class, identity).ok()
}

/// The reader a held program is, or why it is none.
fn judged(trap: &Trap, class: &str, identity: &Identity) -> Result<String, String> {
    use std::os::unix::fs::MetadataExt;
    let catalog = catalog();
    let class = catalog.class(class).expect("class");
    let meta = fs::metadata(&trap.secret).expect("metadata");
    let path = fs::canonicalize(&trap.secret).expect("canonical");
    let sought = Sought { class, path: &path, file: (meta.dev(), meta.ino()), home: trap.home.path() };
    match catalog.judge(&sought, identity) {
        Claim::Reader(reader) => Ok(reader.id.clone()),
        Claim::Misused(_, why) => Err(why),
        Claim::WholeFolders(reader) => Err(reader.title.clone()),
        Claim::Stranger => Err("a stranger".into()),
    }
}

#[test]
fn ssh_keygen_reads_keys_and_a_copy_of_it_does_not() {
    let trap = Trap::new();
    let held = trap.hold(Command::new("ssh-keygen").args(["-y", "-P", "", "-f"]).arg(&trap.secret));
    assert_eq!(allowed(&trap, "ssh-key", &held.itself()), Some("openssh".into()));
    assert_eq!(allowed(&trap, "aws", &held.itself()), None);
    drop(held);

    let copy = trap.home.path().join("ssh-keygen");
    fs::copy("/usr/bin/ssh-keygen", &copy).expect("copy");
    let held = trap.hold(Command::new(&copy).args(["-y", "-P", "", "-f"]).arg(&trap.secret));
    assert_eq!(allowed(&trap, "ssh-key", &held.itself()), None);
}

#[test]
fn a_secret_under_another_name_is_still_named() {
    let trap = Trap::new();
    let link = trap.home.path().join("config");
    std::os::unix::fs::symlink(&trap.secret, &link).expect("symlink");
    let held = trap.hold(Command::new("ssh").arg("-F").arg(&link).arg("localhost"));
    assert_eq!(judged(&trap, "ssh-key", &held.itself()), Err("its arguments name the file".into()));
    drop(held);

    let mut relative = Command::new("ssh");
    relative.args(["-vFsecret", "localhost"]).current_dir(trap.home.path());
    let held = trap.hold(&mut relative);
    assert_eq!(judged(&trap, "ssh-key", &held.itself()), Err("its arguments name the file".into()));
    drop(held);

    let config = trap.home.path().join("include");
    fs::write(&config, format!("Include {}\n", trap.secret.display())).expect("write");
    let held = trap.hold(Command::new("ssh").arg("-F").arg(&config).arg("localhost"));
    let why = judged(&trap, "ssh-key", &held.itself());
    assert_eq!(
        why,
        Err("it has not called anybody to log in to".into()),
        "it would print what it cannot understand"
    );
}

#[test]
fn a_reader_with_foreign_code_in_it_is_a_stranger() {
    let trap = Trap::new();
    let held = trap.hold(
        Command::new("ssh-keygen")
            .args(["-y", "-P", "", "-f"])
            .arg(&trap.secret)
            .env("LD_PRELOAD", "/tmp/none.so"),
    );
    assert_eq!(allowed(&trap, "ssh-key", &held.itself()), None);
}

#[test]
fn npm_reads_its_own_settings_and_other_node_programs_do_not() {
    let trap = Trap::new();
    let held = trap.hold(
        Command::new("npm")
            .args(["config", "get", "registry"])
            .env("NPM_CONFIG_USERCONFIG", &trap.secret)
            .env_remove("NODE_OPTIONS")
            .current_dir(trap.home.path()),
    );
    let npm = held.itself();
    assert_eq!(allowed(&trap, "npm", &npm), Some("npm".into()), "{npm:?}");
    assert_eq!(allowed(&trap, "aws", &npm), None);
    drop(held);

    let script = trap.home.path().join("main.js");
    fs::write(&script, format!("require('fs').readFileSync({:?})", trap.secret)).expect("write");
    let held = trap.hold(Command::new("node").arg(&script));
    assert_eq!(allowed(&trap, "npm", &held.itself()), None);
}

#[test]
fn the_packaged_aws_is_known_and_other_python_programs_are_not() {
    let trap = Trap::new();
    let held = trap.hold(
        Command::new("/usr/bin/aws")
            // aws opens no pipe as its credentials, but it opens any file as its input.
            .args([
                "sts",
                "get-caller-identity",
                "--no-sign-request",
                "--region",
                "none-1",
                "--cli-input-json",
            ])
            .arg(format!("file://{}", trap.secret.display()))
            .env("HOME", trap.home.path())
            .env_remove("PYTHONPATH"),
    );
    let aws = held.itself();
    assert_eq!(judged(&trap, "aws", &aws), Err("its arguments name the file".into()), "{aws:?}");
    assert_eq!(judged(&trap, "npm", &aws), Err("a stranger".into()));
    drop(held);

    let held = trap.hold(
        Command::new("/usr/bin/python3")
            .args(["-c", "import sys; open(sys.argv[1]).read()"])
            .arg(&trap.secret),
    );
    assert_eq!(judged(&trap, "aws", &held.itself()), Err("a stranger".into()));
}

#[test]
fn gits_credential_helper_reads_its_store_for_git_only() {
    let trap = Trap::new();
    let store = Command::new("git").arg("--exec-path").output().expect("git");
    let helper = Path::new(String::from_utf8_lossy(&store.stdout).trim()).join("git-credential-store");
    let script = format!(
        "printf 'protocol=https\\nhost=localhost\\n\\n' | \"{}\" --file=\"$0\" get",
        helper.display()
    );
    let held = trap.hold(Command::new("sh").args(["-c", &script]).arg(&trap.secret));
    let why = judged(&trap, "gitcred", &held.reader(&trap.secret));
    assert_eq!(why, Err("it was not started by the program it works for".into()));
}

#[test]
fn a_users_own_program_must_be_the_users_own() {
    let trap = Trap::new();
    let sui = trap.folder(".local/bin").join("sui");
    fs::copy("/bin/cat", &sui).expect("copy");
    let held = trap.hold(Command::new(&sui).arg(&trap.secret));
    assert_eq!(allowed(&trap, "sui", &held.itself()), Some("sui".into()));
    fs::set_permissions(&sui, std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("chmod");
    assert_eq!(allowed(&trap, "sui", &held.itself()), None, "anybody could have changed it");
}
