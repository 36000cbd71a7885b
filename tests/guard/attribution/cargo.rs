//! Build scripts, as `cargo build` and as rust-analyzer run them, and procedural macros.

use super::{SECRET, denied, guarded, named};
use doorward_protocol::{Ecosystem, Stage};
use doorward_tests::fixtures::{NAME, VERSION};
use doorward_tests::{Sandbox, need, sandboxed};
use std::process::Command;

#[test]
fn a_build_script_run_as_an_editor_runs_it() {
    sandboxed("guard", "attribution::cargo::a_build_script_run_as_an_editor_runs_it", |sandbox| {
        need("cc");
        let read = format!("let _ = std::fs::read(std::env::var(\"HOME\").unwrap() + \"/{SECRET}\");");
        sandbox.write("shop/evil/build.rs", &format!("fn main() {{ {read} }}"));
        sandbox.write("shop/evil/src/lib.rs", "");
        sandbox.write("shop/evil/Cargo.toml", &manifest(NAME, "build = \"build.rs\"", ""));
        sandbox.write("shop/src/lib.rs", "");
        sandbox.write("shop/Cargo.toml", &shop());
        let daemon = guarded(sandbox);
        // What rust-analyzer starts to learn of build scripts and macros.
        let args =
            ["check", "--quiet", "--workspace", "--message-format=json", "--all-targets", "--keep-going"];
        sandbox.ok(cargo(sandbox).args(args).args(["--offline", "--manifest-path", "Cargo.toml"]));
        named(&daemon, sandbox, Ecosystem::Cargo, Stage::Build);
    });
}

#[test]
fn a_macro_is_among_the_candidates_and_the_victim_is_not_blamed() {
    let name = "attribution::cargo::a_macro_is_among_the_candidates_and_the_victim_is_not_blamed";
    sandboxed("guard", name, |sandbox| {
        need("cc");
        // Vendored under the folder that Cargo keeps sources in, whose name bears the version.
        let source = format!(".cargo/registry/src/local/{NAME}-{VERSION}");
        let lib = format!(
            "use proc_macro::TokenStream;\n#[proc_macro]\npub fn answer(_: TokenStream) -> TokenStream {{\n    let _ = std::fs::read(std::env::var(\"HOME\").unwrap() + \"/{SECRET}\");\n    \"42\".parse().unwrap()\n}}\n"
        );
        sandbox.write(&format!("{source}/src/lib.rs"), &lib);
        sandbox.write(&format!("{source}/Cargo.toml"), &manifest(NAME, "", "[lib]\nproc-macro = true\n"));
        sandbox.write("shop/src/lib.rs", "pub const ANSWER: u32 = evil_dep::answer!();\n");
        let path = sandbox.home().join(source);
        sandbox.write("shop/Cargo.toml", &shop().replace("\"evil\"", &format!("{path:?}")));
        let daemon = guarded(sandbox);
        sandbox.ok(cargo(sandbox).args(["build", "--quiet", "--offline"]));
        let event = denied(&daemon, sandbox, |event| event.reader.exe.ends_with("rustc"));
        assert_eq!(event.package, None, "{event:?}");
        let among = event.candidates.as_ref().expect("candidates");
        let names: Vec<String> = among.packages.iter().map(ToString::to_string).collect();
        assert_eq!((among.stage, names), (Stage::Build, vec![format!("{NAME} {VERSION}")]), "{event:?}");
        assert_eq!(among.project, Some(sandbox.home().join("shop")));
        assert!(
            event.why.ends_with(&format!("one of these procedural macros: {NAME} {VERSION}.")),
            "{}",
            event.why
        );
        let shown = sandbox.ok(&mut daemon.doorward(&["events"]));
        assert!(shown.contains("one of these procedural macros"), "{shown}");
    });
}

fn shop() -> String {
    let package = manifest("shop", "", "");
    format!("{package}\n[dependencies]\n{NAME} = {{ path = \"evil\" }}\n\n[workspace]\n")
}

fn manifest(name: &str, more: &str, sections: &str) -> String {
    format!("[package]\nname = {name:?}\nversion = {VERSION:?}\nedition = \"2021\"\n{more}\n{sections}")
}

fn cargo(sandbox: &Sandbox) -> Command {
    let bin = sandbox.toolchain();
    let mut cargo = sandbox.command(bin.join("cargo"));
    cargo.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).current_dir(sandbox.home().join("shop"));
    cargo
}
