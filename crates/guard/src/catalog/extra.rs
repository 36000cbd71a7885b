//! Catalog files of the administrator, besides those that are compiled in.

use super::parse::FILES;
use super::{Catalog, CatalogError};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Nobody but root may decide who reads secrets.
const WRITABLE_BY_OTHERS: u32 = 0o022;

impl Catalog {
    /// The catalog that is compiled in, with the `*.toml` files of a folder; the folder may be missing.
    ///
    /// # Errors
    /// [`CatalogError`] with the file and the line; none of the files counts then.
    pub fn with_folder(folder: &Path) -> Result<Self, CatalogError> {
        let mut texts = Vec::new();
        for file in files_in(folder)? {
            let text = read(&file)?;
            texts.push((file.display().to_string(), text));
        }
        let extra = texts.iter().map(|(file, text)| (file.as_str(), text.as_str()));
        Self::parse(&FILES.iter().copied().chain(extra).collect::<Vec<_>>())
    }
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, CatalogError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(refused(
                folder,
                &error.to_string(),
                "the daemon must be able to list it; see catalog_dir",
            ));
        }
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<String, CatalogError> {
    let unreadable = |error: io::Error| refused(file, &error.to_string(), "make it a plain text file");
    let metadata = fs::symlink_metadata(file).map_err(unreadable)?;
    if !metadata.is_file() || metadata.uid() != 0 || metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        let hint = "make it a plain file that belongs to root and that nobody else may write";
        return Err(refused(file, "somebody other than root could change it", hint));
    }
    fs::read_to_string(file).map_err(unreadable)
}

fn refused(file: &Path, problem: &str, hint: &str) -> CatalogError {
    CatalogError { file: file.display().to_string(), line: 1, problem: problem.into(), hint: hint.into() }
}
