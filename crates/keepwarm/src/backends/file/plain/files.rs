//! The files: one for each entry, marker and lease, put in place by a rename.

use std::fs;
use std::io::{self, ErrorKind as IoErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use keepwarm_engine::{FileLock, random};
use sha2::{Digest, Sha256};

use super::super::values::failed;
use crate::entry::{Generation, Stamp};
use crate::error::{Error, ErrorKind, Result};

/// So many keys can be written at once.
const STRIPES: u8 = 64;

/// What nobody has touched for so long, though it is soon finished or given back, belongs to nobody.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// The folders of a store.
pub(super) struct Files {
    directory: PathBuf,
    patience: Duration,
}

/// What a lease says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) stamp: Stamp,
    /// Wall time in milliseconds.
    pub(super) until: u64,
    pub(super) scope: Generation,
}

/// A file's name, and the lock that it is written under.
#[derive(Debug, Clone)]
pub(super) struct Name {
    hex: String,
    stripe: u8,
}

impl Name {
    pub(super) fn of(text: &str) -> Self {
        let hash = Sha256::digest(text.as_bytes());
        let hex = hash.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
        Self { hex, stripe: hash[31] % STRIPES }
    }
}

fn broken(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let message = format!("cannot {what} {}", path.display());
    move |error| Error::new(ErrorKind::Backend, message).with_source(error)
}

impl Files {
    pub(super) fn open(location: &Path, patience: Duration) -> Result<Self> {
        let files = Self { directory: location.join("keepwarm.files"), patience };
        for folder in ["entries", "markers", "leases", "locks", "begun"] {
            files.make(&files.directory.join(folder)).map_err(broken("make", &files.directory))?;
        }
        Ok(files)
    }

    fn make(&self, folder: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    fn entry(&self, name: &Name) -> PathBuf {
        self.directory.join("entries").join(&name.hex[..2]).join(&name.hex)
    }

    fn lease(&self, name: &Name) -> PathBuf {
        self.directory.join("leases").join(&name.hex)
    }

    fn marker(&self, name: &str) -> PathBuf {
        self.directory.join("markers").join(Name::of(name).hex)
    }

    fn locked(&self, lock: &str) -> Result<FileLock> {
        let folder = self.directory.join("locks");
        // Somebody may have removed the directory.
        self.make(&folder).map_err(broken("make", &folder))?;
        FileLock::new(&folder.join(lock), self.patience).map_err(failed)
    }

    /// The right to write a key.
    pub(super) fn lock(&self, name: &Name) -> Result<FileLock> {
        self.locked(&format!("{:02}", name.stripe))
    }

    /// The right to write everything.
    pub(super) fn lock_all(&self) -> Result<Vec<FileLock>> {
        (0..STRIPES).map(|stripe| self.locked(&format!("{stripe:02}"))).collect()
    }

    /// The right to write markers; always taken last.
    pub(super) fn lock_markers(&self) -> Result<FileLock> {
        self.locked("markers")
    }

    fn read(&self, path: &Path) -> Result<Option<Bytes>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == IoErrorKind::NotFound => Ok(None),
            Err(error) => Err(broken("read", path)(error)),
        }
    }

    /// Puts a whole file in place of what is there, if anything. False when the disk is full.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<bool> {
        let begun = self.directory.join("begun").join(format!("{:016x}", random()));
        let attempt = || {
            let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&begun)?;
            file.write_all(bytes)?;
            fs::rename(&begun, path)
        };
        let written = attempt().or_else(|error| {
            if error.kind() != IoErrorKind::NotFound {
                return Err(error);
            }
            for folder in [begun.parent(), path.parent()].into_iter().flatten() {
                self.make(folder)?;
            }
            attempt()
        });
        let Err(error) = written else { return Ok(true) };
        let _ = fs::remove_file(&begun);
        match error.kind() {
            IoErrorKind::StorageFull | IoErrorKind::QuotaExceeded => Ok(false),
            _ => Err(broken("write", path)(error)),
        }
    }

    fn erase(&self, path: &Path) -> Result<bool> {
        match fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == IoErrorKind::NotFound => Ok(false),
            Err(error) => Err(broken("remove", path)(error)),
        }
    }

    /// The bytes under a key: its name and then its envelope.
    pub(super) fn load(&self, name: &Name) -> Result<Option<(String, Bytes)>> {
        Ok(self.read(&self.entry(name))?.map(split))
    }

    pub(super) fn save(&self, name: &Name, key: &str, envelope: &[u8]) -> Result<bool> {
        let mut bytes = (key.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(envelope);
        self.write(&self.entry(name), &bytes)
    }

    pub(super) fn remove(&self, name: &Name) -> Result<bool> {
        self.erase(&self.entry(name))
    }

    pub(super) fn load_marker(&self, name: &str) -> Result<Option<Bytes>> {
        self.read(&self.marker(name))
    }

    pub(super) fn save_marker(&self, name: &str, envelope: &[u8]) -> Result<bool> {
        self.write(&self.marker(name), envelope)
    }

    pub(super) fn held(&self, name: &Name) -> Result<Option<Held>> {
        let Some(bytes) = self.read(&self.lease(name))? else { return Ok(None) };
        let Ok(bytes) = <[u8; 24]>::try_from(&bytes[..]) else { return Ok(None) };
        let word = |index: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[index * 8 + byte]));
        Ok(Some(Held { stamp: Stamp(word(0)), until: word(1), scope: Generation(word(2)) }))
    }

    pub(super) fn grant(&self, name: &Name, held: Held) -> Result<bool> {
        let words = [held.stamp.0, held.until, held.scope.0];
        self.write(&self.lease(name), &words.map(u64::to_le_bytes).concat())
    }

    pub(super) fn end_lease(&self, name: &Name) -> Result<()> {
        self.erase(&self.lease(name)).map(drop)
    }

    /// Every entry's file.
    pub(super) fn entries(&self) -> Vec<fs::DirEntry> {
        let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        list(&self.directory.join("entries")).flat_map(|folder| list(&folder.path()).collect::<Vec<_>>()).collect()
    }

    /// The key and envelope in a file of the list.
    pub(super) fn look(&self, entry: &fs::DirEntry) -> Option<(String, Bytes)> {
        self.read(&entry.path()).ok().flatten().map(split)
    }

    /// Removes the oldest files until so many bytes and entries are left; how many.
    pub(super) fn cull(&self, bytes: u64, entries: u64) -> u64 {
        let mut found: Vec<_> = self
            .entries()
            .into_iter()
            .filter_map(|entry| {
                let found = entry.metadata().ok()?;
                Some((found.modified().unwrap_or(SystemTime::UNIX_EPOCH), found.len(), entry.path()))
            })
            .collect();
        found.sort();
        let (mut count, mut total) = (found.len() as u64, found.iter().map(|(_, length, _)| length).sum::<u64>());
        let mut removed = 0;
        for (_, length, path) in found {
            if total <= bytes && count <= entries {
                break;
            }
            removed += u64::from(fs::remove_file(path).is_ok());
            (total, count) = (total - length, count - 1);
        }
        removed
    }

    /// Removes files that were begun and never finished, and leases of long ago: their holders died. A fill under such a
    /// lease is refused, which is always allowed.
    pub(super) fn sweep(&self) {
        for folder in ["begun", "leases"] {
            for entry in fs::read_dir(self.directory.join(folder)).into_iter().flatten().flatten() {
                let modified = entry.metadata().and_then(|found| found.modified());
                let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
                if age.is_some_and(|age| age > LEFT_BEHIND) {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    pub(super) fn clear(&self) -> Result<()> {
        for folder in ["entries", "leases"] {
            let path = self.directory.join(folder);
            if let Err(error) = fs::remove_dir_all(&path)
                && error.kind() != IoErrorKind::NotFound
            {
                return Err(broken("remove", &path)(error));
            }
        }
        Ok(())
    }
}

/// What is not of the form has the empty key, and bytes that are no envelope.
fn split(bytes: Bytes) -> (String, Bytes) {
    let cut = || {
        let length = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
        let end = length.checked_add(8)?;
        let key = std::str::from_utf8(bytes.get(8..end)?).ok()?;
        Some((key.to_owned(), bytes.slice(end..)))
    };
    cut().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_bytes_are_a_file_has_a_key_or_none() {
        let whole = [3_u64.to_le_bytes().as_slice(), b"key", b"envelope"].concat();
        assert_eq!(split(whole.clone().into()), ("key".to_owned(), Bytes::from_static(b"envelope")));
        for length in 0..11 {
            assert_eq!(split(whole[..length].to_vec().into()), Default::default(), "cut to {length}");
        }
        for length in [9_u64, 20, 1 << 32, u64::MAX - 7, u64::MAX] {
            let mut torn = whole.clone();
            torn[..8].copy_from_slice(&length.to_le_bytes());
            let (key, rest) = split(torn.into());
            assert!(key.len() + rest.len() <= 11, "{length}");
        }
        let mut no_text = whole;
        no_text[9] = 0xff;
        assert_eq!(split(no_text.into()), Default::default());
    }

    #[test]
    fn whatever_the_bytes_are_a_lease_is_one_or_none() {
        let place = tempfile::tempdir().unwrap();
        let files = Files::open(place.path(), Duration::from_secs(1)).unwrap();
        let name = Name::of("key");
        let given = Held { stamp: Stamp(1), until: 2, scope: Generation(3) };
        assert!(files.grant(&name, given).unwrap());
        let found = files.held(&name).unwrap().unwrap();
        assert_eq!((found.stamp, found.until, found.scope), (given.stamp, given.until, given.scope));
        for length in [0, 1, 23, 25, 5000] {
            fs::write(files.lease(&name), vec![1; length]).unwrap();
            assert!(files.held(&name).unwrap().is_none(), "{length} bytes");
        }
    }
}
