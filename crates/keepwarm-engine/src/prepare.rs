//! The files of a store: made, mended, mapped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::head::{self, Head, Read, Run, VERSION};
use crate::locked::{Lockable, Locked};
use crate::map::Map;
use crate::markers::{self, Markers};
use crate::members::Membership;
use crate::options::{Layout, Options, PAGE};
use crate::shard::Shard;
use crate::side;
use crate::state::millis;
use crate::sys::{allocate, boot, open, random, uptime};

const MARKERS: &str = "keepwarm.markers";

/// A file of the store, mapped.
pub(crate) struct Part<T> {
    inner: T,
    file: Arc<File>,
    path: PathBuf,
}

impl<T: Lockable> Part<T> {
    /// For use beside others, under its lock.
    pub(crate) fn shared(self, member: &Arc<Membership>) -> Locked<T> {
        Locked::new(self.inner, self.file, self.path, Arc::clone(member))
    }
}

/// The files of a store.
pub(crate) struct Files<'f> {
    pub(crate) directory: &'f Path,
    pub(crate) head: &'f Head,
}

impl Files<'_> {
    fn shard_path(&self, index: usize) -> PathBuf {
        self.directory.join(format!("keepwarm.{index:02}"))
    }

    fn markers_path(&self) -> PathBuf {
        self.directory.join(MARKERS)
    }

    fn map(&self, path: PathBuf, length: usize) -> Result<Option<(Arc<File>, PathBuf, Map)>> {
        let file = open(&path)?;
        // A file that is too short would end the process at the first access beyond its end.
        if file.metadata().map_err(Error::io("look at", &path))?.len() != length as u64 {
            return Ok(None);
        }
        let map = Map::new(&file, length).map_err(Error::io("map", &path))?;
        Ok(Some((Arc::new(file), path, map)))
    }

    pub(crate) fn shard(&self, index: usize) -> Result<Option<Part<Shard<Map>>>> {
        let layout = self.head.layout;
        let Some((file, path, map)) = self.map(self.shard_path(index), layout.shard_length())? else { return Ok(None) };
        let room = Arc::clone(&file);
        let inner = Shard::new(map, layout, Box::new(move |at, length| allocate(&room, at, length).is_ok()));
        Ok(Some(Part { inner, file, path }))
    }

    pub(crate) fn markers(&self) -> Result<Option<Part<Markers<Map>>>> {
        let buckets = self.head.layout.markers;
        let Some((file, path, map)) = self.map(self.markers_path(), markers::length(buckets))? else { return Ok(None) };
        Ok(Some(Part { inner: Markers::new(map, buckets), file, path }))
    }

    /// Makes a file of zeros of this length, alone with it.
    fn empty(&self, path: &Path, length: usize) -> Result<()> {
        let file = open(path)?;
        let emptied = file.set_len(0).and_then(|()| file.set_len(length as u64));
        emptied.map_err(Error::io("make", path))
    }

    fn make_shard(&self, index: usize) -> Result<()> {
        self.empty(&self.shard_path(index), self.head.layout.shard_length())?;
        match self.shard(index)? {
            Some(shard) if shard.inner.make(self.head.store ^ index as u64) => Ok(()),
            _ => Err(Error::io("make room for", self.shard_path(index))(std::io::ErrorKind::StorageFull.into())),
        }
    }

    fn make_markers(&self) -> Result<()> {
        let path = self.markers_path();
        self.empty(&path, markers::length(self.head.layout.markers))?;
        match self.markers()? {
            Some(markers) if allocate(&markers.file, 0, markers::FIRST).is_ok() => {
                markers.inner.make(self.head.store);
                Ok(())
            }
            _ => Err(Error::io("make room for", path)(std::io::ErrorKind::StorageFull.into())),
        }
    }

    /// Makes whatever is missing or damaged anew.
    fn mend(&self) -> Result<()> {
        if !self.markers()?.is_some_and(|markers| markers.inner.is_of(self.head.store)) {
            self.make_markers()?;
        }
        for index in 0..self.head.layout.shards {
            let owner = self.head.store ^ index as u64;
            if !self.shard(index)?.is_some_and(|shard| shard.inner.is_sound(owner)) {
                self.make_shard(index)?;
            }
        }
        Ok(())
    }

    fn make(&self) -> Result<()> {
        self.make_markers()?;
        (0..self.head.layout.shards).try_for_each(|index| self.make_shard(index))?;
        // Shards of a store that had more of them.
        for index in self.head.layout.shards.. {
            if std::fs::remove_file(self.shard_path(index)).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Makes the store ready, with its lock held alone: nobody else has it open.
///
/// What was written in this run of the machine is kept, however its writers ended: what they had written is in the
/// kernel's memory, whole. What was written before is kept only if it was closed in order: the disk may have an arbitrary
/// mixture of older and newer pages of it otherwise, each of them whole, and old values among them.
pub(crate) fn prepare(options: &Options, file: &File, path: &Path, number: u64) -> Result<()> {
    let failed = |what| Error::io(what, path);
    if file.metadata().map_err(failed("look at"))?.len() < PAGE as u64 {
        file.set_len(PAGE as u64).map_err(failed("make"))?;
    }
    allocate(file, 0, PAGE).map_err(failed("make room for"))?;
    let page = Map::new(file, PAGE).map_err(failed("map"))?;
    let wanted = Layout::of(options.max_bytes, options.max_entries);
    let found = match head::read(&page) {
        // A newer program's work is not ours to drop: it may be about to come back.
        Read::OtherVersion(found) if found > VERSION => {
            return Err(Error::Version { file: path.to_owned(), found, known: VERSION });
        }
        Read::Head(head) if head.layout == wanted => head::run(&page).map(|run| (head, run)),
        Read::Head(_) | Read::OtherVersion(_) | Read::Nothing => None,
    };
    let now = options.boot.or_else(boot);
    let uptime = millis(uptime());
    let kept = found.and_then(|(head, run)| {
        let same_run = now == Some(run.boot) && run.file == number;
        let base = if same_run {
            run.base
        } else {
            // Time goes on from where it was, whatever the wall clock was set to meanwhile.
            unix_millis().max(head::closed(&page)?).wrapping_sub(uptime)
        };
        // Not the next number: a disk that kept the order of nothing might have this run's records under the last one's.
        let session = (run.session + 1 + random() % u64::from(u16::MAX - 1)) % u64::from(u16::MAX);
        Some((head, base, session))
    });
    let begin = |base, session| {
        head::begin(&page, &Run { boot: now.unwrap_or_else(fresh), file: number, session, base });
        if options.durable { page.sync().map_err(failed("write")) } else { Ok(()) }
    };
    if let Some((head, base, session)) = kept {
        // On the disk before anything else changes there: after a power loss nothing of this is taken for closed.
        begin(base, session)?;
        return Files { directory: &options.directory, head: &head }.mend();
    }
    let head = Head { layout: wanted, seed: random(), store: random() };
    Files { directory: &options.directory, head: &head }.make()?;
    side::Folder::new(&options.directory, 0).remove_all();
    head::write(&page, &head);
    begin(unix_millis().wrapping_sub(uptime), 1)
}

fn unix_millis() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Where the kernel does not say which run it is, each opening is one of its own.
fn fresh() -> [u64; 2] {
    [random(), random()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Condition, Lookup, NEVER, Scope, Store, Stored, ValueRef, Write};

    fn options(place: &Path) -> Options {
        Options { max_bytes: 1 << 20, patience: std::time::Duration::from_millis(200), ..Options::new(place) }
    }

    fn set(store: &Store) {
        let value = ValueRef::Integer(7);
        let write = Write { value, deadline: NEVER, written: 1, marks: &[], condition: Condition::Always };
        assert_eq!(store.put(Scope::of(""), b"key", &write, 1).unwrap(), Stored::Stored);
    }

    /// A store with an entry, made to look like one of another version.
    fn of_version(version: u64) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(options(directory.path()));
        set(&store);
        store.close();
        head::tests::set_version(&map(directory.path()), version);
        directory
    }

    fn map(place: &Path) -> Map {
        Map::new(open(&place.join("keepwarm.store")).unwrap(), PAGE).unwrap()
    }

    fn refused(error: Error) {
        assert!(matches!(error, Error::Version { known: VERSION, .. }), "{error}");
        assert!(!error.is_transient() && error.to_string().contains("format version"), "{error}");
    }

    #[test]
    fn a_newer_versions_store_is_refused_and_left_as_it_is() {
        let directory = of_version(VERSION + 1);
        for _ in 0..2 {
            refused(Store::new(options(directory.path())).open().unwrap_err());
        }
        head::tests::set_version(&map(directory.path()), VERSION);
        let store = Store::new(options(directory.path()));
        assert!(matches!(store.get(Scope::of(""), b"key", 1).unwrap(), Lookup::Hit(_)), "nothing was touched");
    }

    #[test]
    fn an_older_versions_store_is_dropped_when_nobody_has_it_open() {
        let directory = of_version(VERSION - 1);
        // As a program of that version has it open: all versions share the lock of this file.
        let path = directory.path().join("keepwarm.store");
        let theirs = open(&path).unwrap();
        crate::sys::share(&theirs, &path, std::time::Duration::ZERO).unwrap();
        refused(Store::new(options(directory.path())).open().unwrap_err());
        drop(theirs);

        let store = Store::new(options(directory.path()));
        assert!(matches!(store.get(Scope::of(""), b"key", 1).unwrap(), Lookup::Miss(_)), "it is a store of its own");
        set(&store);
        assert!(matches!(store.get(Scope::of(""), b"key", 1).unwrap(), Lookup::Hit(_)));
    }
}
