/// How much of a package is read before it is called unreadable.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Bytes of one file. Payloads of known worms reach 10 MB.
    pub(crate) file: u64,
    /// Bytes of one package, unpacked.
    pub(crate) total: u64,
    /// Bytes of a packed archive.
    pub(crate) archive: u64,
    /// Entries of one package.
    pub(crate) entries: usize,
    /// Folders above one entry.
    pub(crate) depth: usize,
    /// Bytes of a name.
    pub(crate) name: usize,
    /// Unpacked bytes per packed byte, counted once `ratio_from` bytes are unpacked.
    pub(crate) ratio: u64,
    /// Below this many unpacked bytes no archive is called a bomb.
    pub(crate) ratio_from: u64,
    /// Bytes that may be decompressed altogether, read or skipped.
    pub(crate) unpacked: u64,
}

const MIB: u64 = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: 16 * MIB,
            total: 384 * MIB,
            archive: 1024 * MIB,
            entries: 100_000,
            depth: 64,
            name: 4096,
            ratio: 200,
            ratio_from: 32 * MIB,
            unpacked: 4096 * MIB,
        }
    }
}

impl Limits {
    pub(crate) fn file_too_large(&self) -> String {
        format!("larger than the {} that are read of one file", size(self.file))
    }

    pub(crate) fn package_too_large(&self) -> String {
        format!("the package is larger than the {} that are read of one package", size(self.total))
    }

    pub(crate) fn archive_too_large(&self, actual: u64) -> String {
        format!("the archive is {}, more than the {} that are read", size(actual), size(self.archive))
    }

    /// Why reading must stop after so many bytes in and out, if it must.
    pub(crate) fn bomb(&self, packed: u64, unpacked: u64) -> Option<String> {
        if unpacked > self.unpacked {
            return Some(format!("unpacks to more than {}; the rest was not read", size(self.unpacked)));
        }
        (unpacked > self.ratio_from && unpacked / packed.max(1) > self.ratio)
            .then(|| format!("unpacks to more than {} times its size; the rest was not read", self.ratio))
    }
}

fn size(bytes: u64) -> String {
    if bytes >= MIB { format!("{} MiB", bytes / MIB) } else { format!("{bytes} bytes") }
}
