//! Compiles lists of malicious packages: `doorward-feed-build DATA_DIR ISSUED OUT`.

use doorward_protocol::Timestamp;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: doorward-feed-build DATA_DIR ISSUED OUT\n\
                     ISSUED is when the lists were gathered, such as 2026-11-22T00:00:00Z";

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [data, issued, out] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let Ok(issued) = issued.to_string_lossy().parse() else {
        eprintln!("{} is no moment in UTC\n{USAGE}", issued.display());
        return ExitCode::from(2);
    };
    match build(data, issued, out) {
        Ok(size) => {
            eprintln!("{}: {size} bytes", out.display());
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn build(data: &Path, issued: Timestamp, out: &Path) -> Result<usize, String> {
    let bytes = doorward_scan::feed::build::compile(data, issued).map_err(|error| error.to_string())?;
    std::fs::write(out, &bytes).map_err(|error| format!("{} cannot be written: {error}", out.display()))?;
    Ok(bytes.len())
}
