//! Values that are too large for a log: each in a file of its own, under a name that was never there before.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::hash::checksum;
use crate::record::Side;
use crate::sys::random;

/// A file this young may belong to a writer that is under way.
const YOUNG: Duration = Duration::from_secs(60);
const BEGUN: &str = "begun-";

/// The folder of a store's large values, and how many bytes they may take together.
pub(crate) struct Folder {
    path: PathBuf,
    most: u64,
}

/// A file in the folder.
struct Item {
    path: PathBuf,
    /// Whose value it is; `None` for one that was begun and not finished.
    owner: Option<(u64, u64)>,
    length: u64,
    age: Duration,
}

impl Folder {
    pub(crate) fn new(directory: &Path, most: u64) -> Self {
        Self { path: directory.join("keepwarm.side"), most }
    }

    fn file(&self, hash: u64, id: u64) -> PathBuf {
        self.path.join(format!("{hash:016x}-{id:016x}"))
    }

    fn items(&self) -> Vec<Item> {
        let Ok(entries) = fs::read_dir(&self.path) else { return Vec::new() };
        let now = SystemTime::now();
        let item = |entry: fs::DirEntry| {
            let found = entry.metadata().ok()?;
            let name = entry.file_name().into_string().ok()?;
            let owner = parse(&name);
            let known = owner.is_some() || name.starts_with(BEGUN);
            let age = now.duration_since(found.modified().ok()?).unwrap_or_default();
            known.then_some(Item { path: entry.path(), owner, length: found.len(), age })
        };
        entries.flatten().filter_map(item).collect()
    }

    /// Writes a value. `evict` makes an older one's entry go. `None` when there is no room.
    pub(crate) fn write(&self, hash: u64, bytes: &[u8], evict: impl Fn(u64, u64)) -> io::Result<Option<Side>> {
        let length = bytes.len() as u64;
        if length > self.most {
            return Ok(None);
        }
        fs::DirBuilder::new().recursive(true).create(&self.path)?;
        self.make_room(length, evict);
        let id = random();
        let begun = self.path.join(format!("{BEGUN}{id:016x}"));
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&begun)?;
        // A name is there only when the file is whole.
        let written = file.write_all(bytes).and_then(|()| fs::rename(&begun, self.file(hash, id)));
        if let Err(error) = written {
            let _ = fs::remove_file(&begun);
            return match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Ok(None),
                _ => Err(error),
            };
        }
        Ok(Some(Side { id, length, checksum: checksum(id, bytes) }))
    }

    fn make_room(&self, length: u64, evict: impl Fn(u64, u64)) {
        let mut items = self.items();
        let mut total: u64 = items.iter().map(|item| item.length).sum();
        // The oldest first.
        items.sort_by_key(|item| std::cmp::Reverse(item.age));
        for item in items {
            if total + length <= self.most {
                return;
            }
            let Some((hash, id)) = item.owner else { continue };
            evict(hash, id);
            let _ = fs::remove_file(item.path);
            total -= item.length;
        }
    }

    /// The value of a file; `None` when it is gone or torn.
    pub(crate) fn read(&self, hash: u64, side: Side) -> Option<Vec<u8>> {
        let mut file = File::open(self.file(hash, side.id)).ok()?;
        if file.metadata().ok()?.len() != side.length {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(side.length).ok()?);
        file.read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 == side.length && checksum(side.id, &bytes) == side.checksum).then_some(bytes)
    }

    pub(crate) fn remove(&self, hash: u64, id: u64) {
        let _ = fs::remove_file(self.file(hash, id));
    }

    /// Removes every file.
    pub(crate) fn remove_all(&self) {
        for item in self.items() {
            let _ = fs::remove_file(item.path);
        }
    }

    /// Removes the files that no entry has; young ones only for somebody who is alone with the store.
    pub(crate) fn sweep(&self, alone: bool, has: impl Fn(u64, u64) -> bool) {
        for item in self.items() {
            let kept = item.owner.is_some_and(|(hash, id)| has(hash, id));
            if !kept && (alone || item.age > YOUNG) {
                let _ = fs::remove_file(item.path);
            }
        }
    }

    /// How many bytes the files take.
    pub(crate) fn bytes(&self) -> u64 {
        self.items().iter().map(|item| item.length).sum()
    }
}

fn parse(name: &str) -> Option<(u64, u64)> {
    let (hash, id) = name.split_once('-')?;
    let number = |text: &str| u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16);
    Some((number(hash)?, number(id)?))
}
