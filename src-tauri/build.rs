//! Gives every command of the windows a permission of its own, so that nothing is allowed unless a
//! capability names it.

include!("src/command_names.rs");

macro_rules! names {
    ($($command:ident),* $(,)?) => { &[$(stringify!($command)),*] };
}

fn main() {
    println!("cargo:rerun-if-changed=src/command_names.rs");
    let manifest = tauri_build::AppManifest::new().commands(with_command_names!(names));
    if let Err(error) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest)) {
        println!("cargo:warning=could not prepare the app: {error:#}");
        std::process::exit(1);
    }
}
