use super::*;
use std::fs;
use std::process::Command;
use std::time::Duration;

fn owner(owners: &Owners, path: &str) -> Option<String> {
    owners.owner_of(Path::new(path))
}

#[test]
fn programs_and_libraries_are_known_by_their_package() {
    let owners = Owners::default();
    for path in ["/usr/bin/ssh-keygen", "/usr/bin/cat", "/usr/bin/tar", "/usr/sbin/ldconfig"] {
        let dpkg = |path: &str| {
            let output = Command::new("dpkg").args(["-S", path]).output().expect("dpkg runs");
            let line = String::from_utf8_lossy(&output.stdout).into_owned();
            line.split_once(':').map(|(package, _)| package.to_owned())
        };
        let expected = dpkg(path).or_else(|| dpkg(path.strip_prefix("/usr")?));
        assert!(expected.is_some(), "dpkg knows {path}");
        assert_eq!(owner(&owners, path), expected, "{path}");
    }
    assert_eq!(owner(&owners, "/usr/bin/nobody-brought-this"), None);
    assert_eq!(owner(&owners, "/tmp/ssh-keygen"), None);
    let files = owners.index.lock().expect("no panic").files.len();
    assert!(files < 100_000, "{files} files take {} bytes", files * size_of::<u64>());
}

#[test]
fn what_dpkg_installs_later_is_known_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    let owners = Owners::of(vec![PackageDatabase::Dpkg(folder.path().to_owned())]);
    let list = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("write");
    list("one.list", "/.\n/bin/one\n/usr/share/doc/one\n");
    assert_eq!(owner(&owners, "/usr/bin/one").as_deref(), Some("one"));
    assert_eq!(owner(&owners, "/usr/lib/two/two"), None);
    std::thread::sleep(Duration::from_millis(20));
    list("two:amd64.list", "/usr/lib/two/two\n");
    assert_eq!(owner(&owners, "/usr/lib/two/two").as_deref(), Some("two"));
    fs::remove_file(folder.path().join("one.list")).expect("remove");
    assert_eq!(owner(&owners, "/usr/bin/one"), None);
}

#[test]
fn what_pacman_installs_is_known_while_it_is_there() {
    let folder = tempfile::tempdir().expect("folder");
    let owners = Owners::of(vec![PackageDatabase::Pacman(folder.path().to_owned())]);
    fs::write(folder.path().join("ALPM_DB_VERSION"), "9\n").expect("write");
    let install = |name: &str, files: &str| {
        let package = folder.path().join(name);
        fs::create_dir(&package).expect("folder");
        fs::write(package.join("desc"), "%NAME%\n").expect("write");
        fs::write(package.join("files"), files).expect("write");
    };
    install("openssh-10.0p1-4", "%FILES%\nusr/\nusr/bin/\nusr/bin/ssh\n\n%BACKUP%\nusr/bin/never\tabc\n");
    assert_eq!(owner(&owners, "/usr/bin/ssh").as_deref(), Some("openssh"));
    assert_eq!(owner(&owners, "/usr/bin/never\tabc"), None);
    std::thread::sleep(Duration::from_millis(20));
    install("gcc-libs-15.1.1+r7-1", "%FILES%\nusr/lib/libgcc_s.so.1\n");
    assert_eq!(owner(&owners, "/usr/lib/libgcc_s.so.1").as_deref(), Some("gcc-libs"));
    fs::remove_dir_all(folder.path().join("openssh-10.0p1-4")).expect("remove");
    assert_eq!(owner(&owners, "/usr/bin/ssh"), None);
}

/// With a package that rpm builds here and a data base of the test's own.
#[test]
fn what_rpm_installs_is_known_while_it_is_there() {
    let folder = tempfile::tempdir().expect("folder");
    let (spec, data) = (folder.path().join("two-words.spec"), folder.path().join("rpmdb"));
    let text = "Name: two-words\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\nBuildArch: noarch\n\
                %description\nd\n%install\nmkdir -p %{buildroot}/usr/bin\necho x > %{buildroot}/usr/bin/two-words\n\
                %files\n/usr/bin/two-words\n";
    fs::write(&spec, text).expect("write");
    let run = |command: &mut Command| {
        let output = command.output().expect("rpm runs: apt-get install rpm");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(Command::new("rpmbuild")
        .arg("--define")
        .arg(format!("_topdir {}", folder.path().display()))
        .arg("-bb")
        .arg(&spec));
    let package = folder.path().join("RPMS/noarch/two-words-1-1.noarch.rpm");
    let rpm = |arguments: &[&str]| {
        run(Command::new("rpm").arg("--dbpath").arg(&data).args(arguments));
    };
    let owners = Owners::of(vec![PackageDatabase::Rpm(data.clone())]);
    assert_eq!(owner(&owners, "/usr/bin/two-words"), None, "there is no data base yet");
    rpm(&["-i", "--justdb", "--nodeps", &package.to_string_lossy()]);
    assert_eq!(owner(&owners, "/usr/bin/two-words").as_deref(), Some("two-words"));
    assert_eq!(owner(&owners, "/usr/bin/two"), None);
    let read = owners.index.lock().expect("no panic").as_of.clone();
    owners.refresh();
    assert_eq!(owners.databases[0].changed(), read[0], "to ask rpm is no change");
    std::thread::sleep(Duration::from_millis(20));
    rpm(&["-e", "--justdb", "two-words"]);
    assert_eq!(owner(&owners, "/usr/bin/two-words"), None);
}
