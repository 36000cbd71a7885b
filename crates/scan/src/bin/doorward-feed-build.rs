//! Compiles lists of malicious packages: `doorward-feed-build DATA_DIR OUT`.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [data, out] = arguments.as_slice() else {
        eprintln!("usage: doorward-feed-build DATA_DIR OUT");
        return ExitCode::from(2);
    };
    let bytes = match doorward_scan::feed::build::compile(data) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = std::fs::write(out, &bytes) {
        eprintln!("{} cannot be written: {error}", out.display());
        return ExitCode::FAILURE;
    }
    eprintln!("{}: {} bytes", out.display(), bytes.len());
    ExitCode::SUCCESS
}
